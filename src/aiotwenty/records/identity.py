"""Identifies rows and inputs: by ids made on the client, and by unique values in the form that the server compares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from pydantic import BaseModel

from aiotwenty.graphql.annotations import model_in, named_fields, plain_types
from aiotwenty.graphql.filters import Filter

R = TypeVar("R")

Key = tuple[str, ...]

_URL = re.compile(r"([a-z][a-z0-9+.-]*://)?([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""The variant digit of a UUID: its two upper bits are fixed."""
NAMESPACE = uuid5(NAMESPACE_URL, "urn:aiotwenty:record")


def id_from_key(object_name: str, values: Iterable[object]) -> str:
    """The id of the record with these key values: the same in every run and on every machine."""
    return _uuid5(NAMESPACE, "\x1f".join([object_name, *map(str, values)]))


def id_from_row(namespace: UUID, number: int) -> str:
    """The id of row `number` of the source with this `namespace`."""
    return _uuid5(namespace, str(number))


def _uuid5(namespace: UUID, name: str) -> str:
    """`str(uuid.uuid5(namespace, name))` in a quarter of its time, because it runs for every row."""
    text = sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def source_namespace(object_name: str, fingerprint: str | None) -> UUID:
    """The namespace of a source by its content. Rows that can't be read twice get a random one."""
    if fingerprint is None:
        return uuid4()
    return uuid5(NAMESPACE, "\x1f".join(["source", object_name, fingerprint]))


def canonical(path: str, value: object) -> str:
    """The value in the form in which the server compares it.

    A link is stored with its host in lower case and without a final slash; http:// and https:// stay different. Case
    does not matter in e-mail addresses. Times have milliseconds and are in UTC (Twenty, July 2026).
    """
    text = value if type(value) is str else _as_text(value)
    if path.endswith("primaryLinkUrl"):
        return canonical_url(text)
    if path.endswith("primaryEmail") or path == "userEmail":
        return text.strip().lower()
    return text


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return str(value)


def canonical_url(url: str) -> str:
    url = url.strip()
    if url.islower() and not url.endswith("/"):
        return url
    match = _URL.fullmatch(url)
    assert match is not None, "it matches any text"
    scheme, host, rest = match.groups("")
    return f"{scheme.lower()}{host.lower()}{rest}".rstrip("/")


def unique_key(value: BaseModel, where_unique: type[BaseModel] | None) -> Key | None:
    """The id, or else the values of all unique fields; None if one is missing.

    All are needed, because the schema does not say which fields are unique only together.
    """
    if identity := getattr(value, "id", None):
        return (str(identity),)
    paths = _paths(where_unique) if where_unique is not None else ()
    values = [_at(value, path) for path in paths]
    return tuple(values) if values and all(values) else None


def in_order_of(inputs: Sequence[BaseModel], records: list[R], where_unique: type[BaseModel] | None) -> list[R]:
    """The upserted records in the order of the inputs, as far as unique values tell.

    Newer servers keep the order, older ones do not (Twenty, November 2025). If the server changed the form of a value,
    the order of the response is kept.
    """
    by_key: dict[Key | None, R] = {}
    for record in records:
        by_key[(str(getattr(record, "id", "")),)] = record
        by_key[tuple(_at(record, path) for path in _paths(where_unique)) if where_unique else None] = record
    ordered = [by_key.get(unique_key(model, where_unique)) for model in inputs]
    known = [record for record in ordered if record is not None]
    return known if len({id(record) for record in known}) == len(records) else records


def filter_of_same(data: Sequence[Mapping[str, Any]], where_unique: type[BaseModel] | None) -> Filter | None:
    """A filter for records that upserts of `data` (by GraphQL names) would update; None without unique values."""
    wanted: list[Filter] = []
    for path in (("id",), *_wire_paths(where_unique)):
        # Links without a scheme are stored as sent (Twenty, July 2026).
        sent = [value for record in data if (value := _within(record, path))]
        values = {text: None for value in sent for text in (canonical(path[-1], value), str(value))}
        condition: Filter = {"in": list(values)}
        for name in reversed(path):
            condition = {name: condition}
        wanted += [condition] if values else []
    return {"or": wanted} if wanted else None


class SameRecords:
    """Stored records by their unique values, with GraphQL names."""

    def __init__(self, stored: Sequence[Mapping[str, Any]], where_unique: type[BaseModel] | None) -> None:
        self._paths = (("id",), *_wire_paths(where_unique))
        self._by_value = {
            (path, canonical(path[-1], value)): record
            for record in stored
            for path in self._paths
            if (value := _within(record, path))
        }

    def of(self, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The stored record with the id, or else a unique value, of `data`."""
        for path in self._paths:
            value = _within(data, path)
            if value and (record := self._by_value.get((path, canonical(path[-1], value)))):
                return record
        return None


def repeat_each_other(data: Sequence[Mapping[str, Any]], where_unique: type[BaseModel] | None) -> bool:
    """Whether two of the new records have the same id or unique value."""
    for path in (("id",), *_wire_paths(where_unique)):
        values = [canonical(path[-1], value) for record in data if (value := _within(record, path))]
        if len(set(values)) < len(values):
            return True
    return False


@lru_cache(maxsize=1024)
def _wire_paths(where_unique: type[BaseModel] | None) -> tuple[tuple[str, ...], ...]:
    """The paths of unique values by GraphQL names, without ids and foreign keys."""
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
def _paths(where_unique: type[BaseModel]) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The paths of unique values in an input or a record, without ids; each step as Python and GraphQL name."""
    paths: list[tuple[tuple[str, str], ...]] = []
    for alias, name, annotation in named_fields(where_unique):
        if (inner := model_in(annotation)) is not None:
            paths += [((name, alias), *path) for path in _paths(inner)]
        elif alias != "id":
            paths.append(((name, alias),))
    return tuple(paths)


def _at(value: Any, path: tuple[tuple[str, str], ...]) -> str:
    """The value at the path in the form in which the server compares it."""
    for name, _ in path:
        value = getattr(value, name, None)
    return "" if value is None or isinstance(value, BaseModel) else canonical(path[-1][1], value)
