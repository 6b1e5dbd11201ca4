"""Rows of a query: cursors of DB-API, results of SQLAlchemy, synchronous or asynchronous."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Protocol

from aiotwenty.bulk.source.base import InputError, Row, Source
from aiotwenty.bulk.source.table import Header

_ROWS = 1000
"""Rows fetched at a time."""


class Fetches(Protocol):
    """A cursor of DB-API, or a result of SQLAlchemy."""

    def fetchmany(self, size: int = ...) -> Any: ...


class QuerySource(Source):
    """The rows of a query, fetched once, a thousand at a time. NULL is a gap, texts are read by their field.

    They are fetched in the thread of the load, because most drivers allow no other: only an asynchronous cursor lets
    other tasks run meanwhile.
    """

    is_text = True
    nulls_are_gaps = True

    def __init__(self, result: Fetches, name: str) -> None:
        header = Header.of(_columns(result, name))
        self.name = name
        self.columns, self.unnamed, self.doubled = header.columns, header.unnamed, header.doubled
        self._result = result
        self._used: Collection[str] = header.columns

    def use(self, columns: Collection[str]) -> None:
        self._used = frozenset(columns)

    async def rows(self) -> AsyncIterator[Row]:
        number, columns = 0, self.columns or ()
        while rows := await self._fetch():
            for row in rows:
                number += 1
                cells = list(row.values()) if isinstance(row, Mapping) else row
                if len(cells) != len(columns):
                    raise InputError(
                        f"{self.name}: row {number} has {len(cells)} values for {len(columns)} columns; give each "
                        "column a name of its own"
                    )
                values = dict(zip(columns, cells, strict=True))
                yield Row(number, {name: _plain(value) for name, value in values.items() if name in self._used})

    async def _fetch(self) -> Sequence[Any]:
        fetched = self._result.fetchmany(_ROWS)
        rows: Sequence[Any] = await fetched if inspect.isawaitable(fetched) else fetched
        return rows


def query_source(rows: Any, name: str) -> QuerySource | None:
    """The source of a cursor or a result; None for anything else. Raises `InputError` for one without rows."""
    return QuerySource(rows, name) if hasattr(rows, "fetchmany") else None


def _columns(result: Any, name: str) -> list[str]:
    keys: Any = getattr(result, "keys", None)
    if keys is not None:  # SQLAlchemy's; it raises its own error for a statement without rows
        return [str(key) for key in keys()]
    if hasattr(result, "one_or_none"):  # SQLAlchemy's, with a single value for each row
        raise InputError(f"{name}: scalars() are values without a name for their field: give the result itself")
    if getattr(result, "description", None) is None:
        raise InputError(f"{name}: the cursor has no rows: execute a query with it first")
    return [str(column[0]) for column in result.description]


def _plain(value: Any) -> Any:
    """The value, with some drivers' forms of bytes as bytes."""
    return bytes(value) if isinstance(value, memoryview) else value
