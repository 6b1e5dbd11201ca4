"""The identity of rows and inputs: ids made on the client, and unique values as the server compares them."""

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
"""The digit of a UUID that says which kind it is has two bits of its own."""
NAMESPACE = uuid5(NAMESPACE_URL, "urn:aiotwenty:record")


def id_from_key(object_name: str, values: Iterable[object]) -> str:
    """The id of the record that has these key values: the same in every run and on every machine."""
    return _uuid5(NAMESPACE, "\x1f".join([object_name, *map(str, values)]))


def id_from_row(namespace: UUID, number: int) -> str:
    """The id of row `number` of the source with this `namespace`."""
    return _uuid5(namespace, str(number))


def _uuid5(namespace: UUID, name: str) -> str:
    """`str(uuid.uuid5(namespace, name))` in a quarter of the time: it is made for every row."""
    text = sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def source_namespace(object_name: str, fingerprint: str | None) -> UUID:
    """The namespace of a content. Rows that can't be read twice get a random one."""
    if fingerprint is None:
        return uuid4()
    return uuid5(NAMESPACE, "\x1f".join(["source", object_name, fingerprint]))


def canonical(path: str, value: object) -> str:
    """The value as the server compares it.

    A link is stored with its host in lower case and without the slash at its end, and http:// and https:// stay
    different values; an e-mail address is the same in upper and lower case; times have milliseconds and are in UTC
    (Twenty, July 2026).
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
    ordered = [by_key.get(unique_key(model, where_unique)) for model in inputs]
    known = [record for record in ordered if record is not None]
    return known if len({id(record) for record in known}) == len(records) else records


def filter_of_same(data: Sequence[Mapping[str, Any]], where_unique: type[BaseModel] | None) -> Filter | None:
    """A filter for the records that upserts of `data`, by the names of the wire, may find; None if they find none."""
    wanted: list[Filter] = []
    for path in (("id",), *_wire_paths(where_unique)):
        # Without a scheme, links are stored as they were sent (Twenty, July 2026).
        sent = [value for record in data if (value := _within(record, path))]
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
    """Whether two of the new records have the same id or unique value."""
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
def _paths(where_unique: type[BaseModel]) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Where the unique values lie in an input or a record, the id left out; each step by both of its names: that of the
    attribute, and that of the wire.
    """
    paths: list[tuple[tuple[str, str], ...]] = []
    for alias, name, annotation in named_fields(where_unique):
        if (inner := model_in(annotation)) is not None:
            paths += [((name, alias), *path) for path in _paths(inner)]
        elif alias != "id":
            paths.append(((name, alias),))
    return tuple(paths)


def _at(value: Any, path: tuple[tuple[str, str], ...]) -> str:
    """Spelt as the server compares it."""
    for name, _ in path:
        value = getattr(value, name, None)
    return "" if value is None or isinstance(value, BaseModel) else canonical(path[-1][1], value)
