"""Rows from memory: models or mappings, a generator or an async generator."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json

from aiotwenty.bulk.source.base import RAW_TEXT, Check, InputError, Row, Source


class IterableSource(Source):
    """Models or mappings from memory, a generator or an async generator."""

    def __init__(self, items: Iterable[Any] | AsyncIterable[Any], name: str) -> None:
        self.name = name
        self._items = items

    async def rows(self) -> AsyncIterator[Row]:
        if isinstance(self._items, AsyncIterable):
            number = 0
            async for item in self._items:
                number += 1
                yield _row(number, item)
        else:
            for number, item in enumerate(self._items, 1):
                yield _row(number, item)

    def again(self) -> Iterator[Row] | None:
        if not isinstance(self._items, Sequence):
            return None
        return (_row(number, item) for number, item in enumerate(self._items, 1))

    def check(self) -> Check | None:
        if not isinstance(self._items, Sequence):
            return None
        check = Check()
        for number, item in enumerate(self._items, 1):
            check.add(_row(number, item))
        return check

    def fingerprint(self) -> str | None:
        if not isinstance(self._items, Sequence):
            return None
        digest = hashlib.blake2b(digest_size=16)
        for item in self._items:
            item = _mapping_of(item)
            try:
                digest.update(to_json(item, serialize_unknown=True) + b"\n")
            except PydanticSerializationError:
                digest.update(repr(item).encode("utf-8", "backslashreplace"))
        return digest.hexdigest()


def _row(number: int, item: Any) -> Row:
    if hasattr(item, "__arrow_c_stream__"):
        kind = type(item).__name__
        raise InputError(f"rows: item {number} is a {kind}, not a row: load frames one by one, or joined to one")
    if type(item) is dict or isinstance(item, Mapping):
        return Row(number, item)
    if isinstance(item, BaseModel):
        return Row(number, item.model_dump(mode="json", by_alias=True, exclude_unset=True))
    if (mapping := _mapping_of(item)) is not item:
        return Row(number, mapping)
    return Row(number, {RAW_TEXT: repr(item)}, None, f"is neither a model nor a mapping but {type(item).__name__}")


def _mapping_of(item: Any) -> Any:
    """A row of a database or a named tuple as a mapping; other items unchanged."""
    if isinstance(item, Mapping | BaseModel | str):
        return item
    if isinstance(mapping := getattr(item, "_mapping", None), Mapping):  # of SQLAlchemy
        return mapping
    keys: Any = getattr(item, "keys", None)
    if keys is not None:  # of sqlite3 and asyncpg
        return {str(name): item[name] for name in keys()}
    if isinstance(item, tuple) and callable(asdict := getattr(item, "_asdict", None)):
        return asdict()
    return item
