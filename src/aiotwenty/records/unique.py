"""By which values, beside its id, the server tells a record from all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel

from aiotwenty.graphql.annotations import model_in, named_fields, plain_types
from aiotwenty.graphql.filters import Filter
from aiotwenty.records.identity import canonical

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
    by_key: dict[Key | None, R] = {}
    for record in records:
        by_key[(str(getattr(record, "id", "")),)] = record
        by_key[tuple(_at(record, path) for path in _paths(where_unique)) if where_unique else None] = record
    ordered = [by_key.get(unique_key(item, where_unique)) for item in inputs]
    known = [record for record in ordered if record is not None]
    return known if len({id(record) for record in known}) == len(records) else records


def filter_of_same(data: Sequence[Mapping[str, Any]], where_unique: type[BaseModel] | None) -> Filter | None:
    """A filter for the records that upserts of `data`, by the names of the wire, may find; None if they find none."""
    wanted: list[Filter] = []
    for path in (("id",), *_wire_paths(where_unique)):
        # Without a scheme, links are stored as they were sent (Twenty, July 2026).
        sent = [value for item in data if (value := _within(item, path))]
        values = {text: None for value in sent for text in (canonical(path[-1], value), str(value))}
        condition: Filter = {"in": list(values)}
        for name in reversed(path):
            condition = {name: condition}
        wanted += [condition] if values else []
    return {"or": wanted} if wanted else None


class SameRecords:
    """Stored records, by what an upsert finds them by; both by the names of the wire."""

    def __init__(self, stored: Sequence[Mapping[str, Any]], where_unique: type[BaseModel] | None) -> None:
        self._paths = (("id",), *_wire_paths(where_unique))
        self._by_value = {
            (path, canonical(path[-1], value)): record
            for record in stored
            for path in self._paths
            if (value := _within(record, path))
        }

    def of(self, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The record that has the id of `data`, or else a unique value of it."""
        for path in self._paths:
            value = _within(data, path)
            if value and (record := self._by_value.get((path, canonical(path[-1], value)))):
                return record
        return None


def repeat_each_other(data: Sequence[Mapping[str, Any]], where_unique: type[BaseModel] | None) -> bool:
    """Whether two of the records that are to be made have the same id or unique value."""
    for path in (("id",), *_wire_paths(where_unique)):
        values = [canonical(path[-1], value) for record in data if (value := _within(record, path))]
        if len(set(values)) < len(values):
            return True
    return False


@lru_cache(maxsize=1024)
def _wire_paths(where_unique: type[BaseModel] | None) -> tuple[tuple[str, ...], ...]:
    """Where the unique values lie by the names of the wire; ids and keys of other records left out."""
    paths: list[tuple[str, ...]] = []
    for name, _, annotation in named_fields(where_unique) if where_unique else ():
        if (inner := model_in(annotation)) is not None:
            paths += [(name, *path) for path in _wire_paths(inner)]
        elif str in plain_types(annotation):
            paths.append((name,))
    return tuple(paths)


def _within(data: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = data
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


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
