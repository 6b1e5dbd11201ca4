"""Records with their related records, as REST returns them for `depth=1`."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any, Union

from pydantic import create_model
from pydantic.alias_generators import to_snake

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.aggregate import package_of
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.object_facts import About


def at_depth(record: type[Record], depth: int) -> type[Record] | None:
    """The model of a record with its relations; None without relations. Raises `InvalidArgument` for more depth."""
    if depth not in (0, 1):
        raise InvalidArgument(
            f"depth is 0 (a record's own fields) or 1 (its relations, too), not {depth!r}: declare relations of "
            "relations in a Select model, and give that in place of the record."
        )
    return with_relations(record) if depth else None


@lru_cache(maxsize=1024)
def with_relations(record: type[Record]) -> Any:
    """A subclass of a generated record with all its relations, and complete lists."""
    about: About = record._object  # type: ignore[attr-defined]
    package = import_module(package_of(record))
    of_morph = {part for parts in about.morph.values() for part in parts}
    fields: dict[str, Any] = {}
    union: Any = Union
    for name, type_ in about.to_one.items():
        if name not in of_morph:
            fields[to_snake(name)] = (getattr(package, type_) | None, ...)
    for name, (type_, *_) in about.to_many.items():
        if name not in of_morph:
            fields[to_snake(name)] = (list.__class_getitem__(getattr(package, type_)), ...)
    for name, parts in about.morph.items():
        types = union[tuple(getattr(package, type_) for type_ in parts.values())]
        many = next(iter(parts)) in about.to_many
        fields[to_snake(name)] = (list.__class_getitem__(types) if many else types | None, ...)
    return create_model(record.__name__, __base__=record, __module__=record.__module__, **fields)
