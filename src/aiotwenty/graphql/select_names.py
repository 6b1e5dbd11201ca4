"""Makes selection models from names such as `name`, `company.name`, `domainName`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from pydantic import Field, create_model

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.aggregate import package_of
from aiotwenty.graphql.annotations import item_in, model_in, named_fields
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.names import escape, snake_case
from aiotwenty.graphql.object_facts import About
from aiotwenty.graphql.select import Select

_Path = tuple[str, ...]


def selecting_names(record: type[Record], names: Iterable[str]) -> tuple[type[Record], list[str]]:
    """A model with these dotted names, in their order, and the names of the single values in it.

    Names are GraphQL or Python names in any case; through a relation they go on with the other record's names. Raises
    `InvalidArgument` for an unknown name.
    """
    paths = [tuple(name.split(".")) for name in names]
    try:
        model, columns = _model(record, paths, "")
    except _UnknownNameError as unknown:
        raise InvalidArgument(f"{record.__name__} has no field {unknown}.") from None
    return model, [".".join(path) for path in columns]


class _UnknownNameError(Exception):
    """There is no field with the name that is the text of this, followed by similar names."""


def plain_name(name: str) -> str:
    """A name without case and punctuation: the same for `domain_name` and `domainName`."""
    return re.sub(r"[\W_]", "", name).lower()


def _model(record: type[Record], paths: list[_Path], where: str) -> tuple[type[Record], list[_Path]]:
    parts: dict[str, list[_Path]] = {}
    known = {plain_name(name): name for name in _names(record)}
    for head, *rest in paths:
        wire = known.get(plain_name(head))
        if wire is None:
            likely = did_you_mean(f"{where}{head}", (f"{where}{name}" for name in known.values()))
            raise _UnknownNameError(f"'{where}{head}'{likely}")
        parts.setdefault(wire, []).append(tuple(rest))
    fields: dict[str, Any] = {}
    columns: list[_Path] = []
    for wire, inner in parts.items():
        annotation, below = _annotation(record, wire, inner, f"{where}{wire}.")
        # pydantic may use the Python name, so output goes by the alias.
        fields[escape(snake_case(wire), dir(Record))] = (annotation, Field(alias=wire))
        columns += [(wire, *path) for path in below]
    create: Any = create_model
    base: Any = Select[record]  # type: ignore[valid-type]
    model: type[Record] = create(f"Chosen{record.__name__}", __base__=base, **fields)
    return model, columns


def _annotation(record: type[Record], wire: str, inner: list[_Path], where: str) -> tuple[Any, list[_Path]]:
    served = {alias: annotation for alias, _, annotation in named_fields(record)}
    about: About | None = getattr(record, "_object", None)
    if about is not None and wire in about.asked_for:
        return str | None, [()]
    if about is not None and wire not in served:
        return _related(record, about, wire, inner, where)
    annotation = served[wire]
    composite = model_in(annotation)
    if composite is None or item_in(annotation) is not None:
        if any(inner):
            raise InvalidArgument(f"{where.rstrip('.')} has no parts.")
        return annotation, [()]
    if not all(inner):
        return annotation, [(alias,) for alias, _, _ in named_fields(composite)]
    part, columns = _model(composite, inner, where)  # type: ignore[arg-type]
    return part | None, columns


def _related(record: type[Record], about: About, wire: str, inner: list[_Path], where: str) -> tuple[Any, list[_Path]]:
    many = wire in about.to_many
    target = about.to_many[wire][0] if many else about.to_one[wire]
    related: type[Record] = getattr(import_module(package_of(record)), target)
    # For a related record without further names, the fields that identify it.
    wanted = [path or (name,) for path in inner for name in (("id", _label(related)) if not path else ("",))]
    model, columns = _model(related, list(dict.fromkeys(wanted)), where)
    return (list[model], [()]) if many else (model | None, columns)  # type: ignore[valid-type]


def _label(record: type[Record]) -> str:
    fields = [alias for alias, _, _ in named_fields(record)]
    return next((name for name in ("name", "title", "label") if name in fields), "id")


def _names(record: type[Record]) -> Iterator[str]:
    yield from (alias for alias, _, _ in named_fields(record))
    about: About | None = getattr(record, "_object", None)
    if about is not None:
        yield from about.asked_for
        yield from about.to_one
        yield from about.to_many
