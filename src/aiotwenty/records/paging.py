"""Walks over all records of an object, each once; if that can't be proved, they raise an error.

Twenty's cursors are exact in the order of ids only. With other orders they skip records, repeat them or never end
(Twenty, July 2026; older servers in other cases). An ordered walk therefore reads first the ids in order, all in one
response, and then the records by id.

The server counts records that the key may not see, and removes them from a page after reading it: the page is short, or
empty and without a cursor, although more follow (Twenty, July 2026). To tell them from lost records, the walk asks for
all records other than those received.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from aiotwenty.errors import AnswerTooLarge, HiddenRecords, PaginationError
from aiotwenty.graphql.answer_schemas import id_of
from aiotwenty.graphql.models import UUID, Record
from aiotwenty.graphql.page import Page
from aiotwenty.transport.event_loop import running_loop

R = TypeVar("R", bound=Record)

PAGE_SIZE = 1000
PAGE_BYTES = 4_000_000
"""Larger responses, in bytes, make later pages smaller, unless the caller chose the size."""
SNAPSHOT_SIZE = 50_000
"""The ids in one response."""

Hidden: TypeAlias = Literal["raise", "skip"]
"""What a walk does about records that the key may not see."""


class Batch(NamedTuple, Generic[R]):
    """Records, and the call for the next ones; None at the end."""

    records: list[R]
    following: Callable[[], Awaitable[Batch[R]]] | None


class Walk(AsyncIterator[R], Generic[R]):
    """Yields records while the next batch is fetched. At most two batches are in memory.

    If it is dropped early, by `break` or an exception, the running request is cancelled.
    """

    def __init__(self, start: Callable[[], Awaitable[Batch[R]]], limit: int | None) -> None:
        self._next: Callable[[], Awaitable[Batch[R]]] | None = start
        self._task: asyncio.Task[Batch[R]] | None = None
        self._left = limit
        self._batch: list[R] = []
        self._position = 0

    def __aiter__(self) -> Walk[R]:
        return self

    async def __anext__(self) -> R:
        while self._left == 0 or self._position >= len(self._batch):
            if self._left == 0:
                await self.aclose()
                raise StopAsyncIteration
            await self._advance()
        record = self._batch[self._position]
        self._position += 1
        if self._left is not None:
            self._left -= 1
        return record

    async def _advance(self) -> None:
        if self._next is None:
            raise StopAsyncIteration
        if self._task is None:
            running_loop()
            self._task = asyncio.ensure_future(self._next())
        task = self._task
        try:
            batch = await task
        except BaseException:
            self._next = None
            await self.aclose()
            raise
        if self._task is not task:
            # Another task that shares this walk has taken the batch.
            return
        self._batch, self._next, self._position, self._task = batch.records, batch.following, 0, None
        wanted = self._left is None or self._left > len(self._batch)
        if self._next is not None and wanted:
            self._task = asyncio.ensure_future(self._next())
            self._task.add_done_callback(_look_at_failure)

    async def aclose(self) -> None:
        """Ends the walk, and cancels a running request."""
        self._next, self._batch, self._position = None, [], 0
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])

    def __del__(self) -> None:
        task = self._task
        if task is not None and not task.done() and not task.get_loop().is_closed():
            task.cancel()


def _look_at_failure(task: asyncio.Task[Any]) -> None:
    """Retrieves the task's error, which asyncio would log if the walk ends before this batch is needed."""
    if not task.cancelled():
        task.exception()


class CursorWalk(Generic[R]):
    """Batches in the order of ids.

    Ids must increase from record to record, which proves that none comes twice. Records created meanwhile appear if
    their id lies ahead, deleted ones don't. If the server's count didn't change and differs from the number received,
    either as many records were created as deleted, or the server lost some: `again` then reads the missing ones.
    Without it, that is an error.
    """

    def __init__(
        self,
        fetch: Callable[[int, str | None], Awaitable[tuple[Page[R], int]]],
        page_size: int | None,
        limit: int | None,
        what: str,
        again: OrderedWalk[R] | None = None,
        *,
        first_page: int | None = None,
    ) -> None:
        self._fetch = fetch
        self._again = again
        self._met = bytearray()
        self._size = page_size or first_page or PAGE_SIZE
        self._fixed = page_size is not None
        self._limit = limit
        self._what = what
        self._cursor: str | None = None
        self._last_id = -1
        self._seen = 0
        self._totals: set[int] = set()

    @property
    def position(self) -> tuple[str | None, int, int]:
        """The state of the walk: the cursor, the last id as a number, and the number of records received."""
        return self._cursor, self._last_id, self._seen

    def resume(self, cursor: str | None, last_id: int, seen: int) -> None:
        """Continues from the `position` of another walk."""
        self._cursor, self._last_id, self._seen = cursor, last_id, seen

    async def batch(self) -> Batch[R]:
        while True:
            size = self._size if self._limit is None else max(1, min(self._size, self._limit - self._seen))
            try:
                page, size_in_bytes = await self._fetch(size, self._cursor)
                break
            except AnswerTooLarge:
                if size == 1:
                    raise
                self._size = max(1, size // 4)
        if not self._fixed and size_in_bytes > PAGE_BYTES:
            self._size = max(10, self._size // 2)
        records = page.records
        for record in records:
            self._check(record)
        self._seen += len(records)
        if page.total_count is not None:
            self._totals.add(page.total_count)
        if self._limit is not None and self._seen >= self._limit:
            return Batch(records, None)
        if not page.has_next_page:
            if len(self._totals) != 1 or self._seen in self._totals:
                return Batch(records, None)
            if self._again is None:
                raise self._error(f"{self._seen} records came, but the server counts {next(iter(self._totals))}")
            return Batch(records, self._others)
        cursor = page.page_info.end_cursor if page.page_info else None
        if not records and cursor is None and self._again is not None:
            # Either no record of this page may be seen, or the server's paging is wrong: all ids tell which.
            return await self._others()
        if not records or cursor is None or cursor == self._cursor:
            raise self._error("the server announces more records, but with the same cursor or none")
        self._cursor = cursor
        return Batch(records, self.batch)

    async def _others(self) -> Batch[R]:
        met = {bytes(self._met[start : start + 16]) for start in range(0, len(self._met), 16)}
        assert self._again is not None
        return await self._again.start(met)

    def _check(self, record: R) -> None:
        identity = id_of(record)
        if identity is None:
            raise self._error("the records have no id for the check")
        number = identity.int
        if number <= self._last_id:
            raise self._error(f"record {identity} is out of order or repeated")
        self._last_id = number
        if self._again is not None:
            self._met += number.to_bytes(16, "big")

    def _error(self, reason: str) -> PaginationError:
        expected = next(iter(self._totals)) if len(self._totals) == 1 else None
        return PaginationError(
            f"reading {self._what} failed: {reason}. The records so far may be incomplete.",
            seen=self._seen,
            expected=expected,
        )


class OrderedWalk(Generic[R]):
    """Batches in any order: that of one snapshot of ids.

    Every record of the snapshot comes once and in its place, in the state in which its batch is fetched. Records that
    were deleted or left the filter meanwhile don't come, nor do created ones. Records that the key may not see raise
    `HiddenRecords`, unless they are to be skipped.
    """

    def __init__(
        self,
        fetch_ids: Callable[[int, int], Awaitable[tuple[list[UUID], int | None]]],
        fetch: Callable[[list[UUID]], Awaitable[tuple[list[R], int]]],
        others: Callable[[list[UUID], int], Awaitable[tuple[list[UUID], int | None]]],
        page_size: int | None,
        limit: int | None,
        what: str,
        hidden: Hidden = "raise",
        *,
        first_page: int | None = None,
    ) -> None:
        self._fetch_ids = fetch_ids
        self._fetch = fetch
        self._fetch_others = others
        self._size = page_size or first_page or PAGE_SIZE
        self._fixed = page_size is not None
        self._limit = limit
        self._what = what
        self._hidden = hidden
        self._ids: list[UUID] = []
        self._position = 0

    async def start(self, but: Collection[bytes] = ()) -> Batch[R]:
        """The first batch. `but` has the ids, as bytes, of records to leave out."""
        self._ids = [one for one in await self._snapshot() if one.bytes not in but]
        return await self.batch()

    async def _snapshot(self) -> list[UUID]:
        """All ids. If they need several responses, the server's count must not change between them."""
        ids: list[UUID] = []
        totals: set[int | None] = set()
        read = 0
        while True:
            missing = None if self._limit is None else self._limit - len(ids)
            wanted = SNAPSHOT_SIZE if missing is None else min(SNAPSHOT_SIZE, max(missing, self._size))
            page, total = await self._fetch_ids(wanted, read)
            ids += page
            read += wanted
            totals.add(total)
            enough = self._limit is not None and len(ids) >= self._limit
            if enough or read >= (total or 0):
                break
        if len(set(ids)) != len(ids) or len(totals) > 1 or (not enough and totals != {len(ids)}):
            await self._explain(ids, totals)
        return ids[: self._limit]

    async def _explain(self, ids: list[UUID], totals: set[int | None]) -> None:
        """Raises an error for ids that don't match the counts, unless hidden records explain it and are skipped."""
        different, (total, *more) = len(set(ids)), totals
        if total is not None and not more and different == len(ids) < total:
            missing, counted = await self._fetch_others(ids, total - different)
            if not missing and counted == total - different:
                if self._hidden == "skip":
                    return
                raise HiddenRecords(
                    f"of the {self._what}, {counted} are counted that this key may not see, beside {different} that it "
                    'may: `iterate(hidden="skip")` goes over those.',
                    seen=different,
                    expected=total,
                )
        raise PaginationError(
            f"the walk over {self._what} can't be trusted: {different} different ids came, the server counts "
            f"{' or '.join(str(total) for total in totals)}. Read again without order_by, or when less is being "
            "written.",
            seen=different,
            expected=total,
        )

    async def batch(self) -> Batch[R]:
        while True:
            ids = self._ids[self._position : self._position + self._size]
            if not ids:
                return Batch([], None)
            try:
                records, size_in_bytes = await self._fetch(ids)
                break
            except AnswerTooLarge:
                if len(ids) == 1:
                    raise
                self._size = max(1, len(ids) // 4)
        self._position += len(ids)
        if not self._fixed and size_in_bytes > PAGE_BYTES:
            self._size = max(10, self._size // 2)
        by_id = {id_of(record): record for record in records}
        if len(by_id) != len(records) or not by_id.keys() <= set(ids):
            raise PaginationError(f"reading {self._what} failed: the server returned other records than requested.")
        more = self._position < len(self._ids)
        return Batch([by_id[identity] for identity in ids if identity in by_id], self.batch if more else None)
