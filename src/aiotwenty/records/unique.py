"""By which values, beside its id, the server tells a record from all others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel

from aiotwenty.graphql.annotations import model_in

R = TypeVar("R")

Key = tuple[str, ...]


def unique_key(value: BaseModel, where_unique: type[BaseModel] | None) -> Key | None:
    """The id; else the values of all unique fields, None if one is missing.

    All of them, because the schema does not say which of them are unique only together.
    """
    if identity := getattr(value, "id", None):
        return (str(identity),)
    paths = _paths(where_unique) if where_unique is not None else ()
    values = [_at(value, path) for path in paths]
    return tuple(values) if values and all(values) else None


def in_order_of(inputs: Sequence[BaseModel], records: list[R], where_unique: type[BaseModel] | None) -> list[R]:
    """The upserted records in the order of the inputs, as far as what makes them unique tells.

    Newer servers keep the order themselves, older ones do not (Twenty, November 2025). The server may have spelt a
    value in another way; then the order is left as it came.
    """
    found: dict[Key | None, R] = {}
    for record in records:
        found[(str(getattr(record, "id", "")),)] = record
        found[tuple(_at(record, path) for path in _paths(where_unique)) if where_unique else None] = record
    ordered = [found.get(unique_key(given, where_unique)) for given in inputs]
    known = [record for record in ordered if record is not None]
    return known if len({id(record) for record in known}) == len(records) else records


@lru_cache(maxsize=1024)
def _paths(where_unique: type[BaseModel]) -> tuple[tuple[str, ...], ...]:
    """Where the unique values lie in an input or a record, the id left out."""
    where_unique.model_rebuild()
    paths: list[tuple[str, ...]] = []
    for name, info in where_unique.model_fields.items():
        if (inner := model_in(info.annotation)) is not None:
            paths += [(name, *path) for path in _paths(inner)]
        elif name != "id":
            paths.append((name,))
    return tuple(paths)


def _at(value: Any, path: tuple[str, ...]) -> str:
    """Spelt as the server stores it: it lowers the case of hosts and e-mail addresses and drops a trailing slash."""
    for name in path:
        value = getattr(value, name, None)
    return "" if value is None or isinstance(value, BaseModel) else str(value).casefold().rstrip("/")
