"""The feed of one object: finds changed records by their times and by comparing ids.

A walk reads the stamps of records (id, times, foreign keys), many in a page, either of those written since the last
walk or of all; new and different records are then read by their ids. Only a walk over all finds destroyed records,
records written with a time of long ago, and changes by the database itself without a new time, such as a foreign key to
a destroyed record.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Generic, Literal, TypeAlias, TypeVar
from uuid import UUID

from pydantic_core import to_json

from aiotwenty.bulk.feed.ahead import ahead
from aiotwenty.bulk.feed.known import IN_STATE, KnownEntry, KnownIds, KnownInMemory, digest_of
from aiotwenty.bulk.feed.readers import FeedReader, Looks, Read
from aiotwenty.bulk.feed.state import FeedProgress
from aiotwenty.bulk.raw_walk import RawWalk
from aiotwenty.bulk.target import Target
from aiotwenty.errors import InvalidArgument, UnexpectedResponse
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.filters import DELETED_TOO, Filter
from aiotwenty.graphql.models import Record
from aiotwenty.records.paging import PAGE_SIZE

T = TypeVar("T")

Kind: TypeAlias = Literal["upserted", "deleted", "destroyed"]

OVERLAP = timedelta(minutes=5)
"""The time before the last walk at which the next one begins. A record has the time at which its transaction began, and
is visible when that commits: Twenty gives up a statement after 10 s, but its database goes on with it for as long as
a lock holds it (Twenty, July 2026). The clocks of the server and of its database may differ, too.
"""
COMPARE_EVERY = timedelta(days=1)
"""The longest time between two comparisons of all records, if nothing shows that one is needed."""
SMALL = 1000
"""Objects with at most this many records are compared each time: that is one request, like reading the changed ones."""
STAMPS = 10_000
"""The stamps in a page."""
_AHEAD = 3
"""Pages of records that are read ahead."""
_SIGNED = re.compile(rb"token=[^&\"\\]+")


@dataclass(frozen=True, slots=True)
class Stamp:
    """The fields that tell whether a record has changed."""

    id: UUID
    moment: datetime
    digest: bytes


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A change: the present record; None for a destroyed one."""

    kind: Kind
    id: UUID
    record: T | None


@dataclass(slots=True)
class FeedBatch(Generic[T]):
    """Changes that are returned together. They count as reported after `commit`."""

    found: list[Found[T]] = field(default_factory=list)
    entries: dict[bytes, KnownEntry] = field(default_factory=dict)
    gone: list[bytes] = field(default_factory=list)
    commit: Callable[[], None] = lambda: None


class Feed(Generic[T]):
    """The changes of one object."""

    def __init__(
        self,
        target: Target,
        reader: FeedReader[T],
        known: KnownIds,
        progress: FeedProgress,
        *,
        overlap: timedelta,
        compare_every: timedelta,
        in_state: bool,
    ) -> None:
        names = target.names
        self.name = names.singular
        self.progress = progress
        self.known = known
        self.on_destroyed: Callable[[], object] = lambda: None
        """Called when destroyed records were found."""
        progress.due = progress.due or known.due
        self._target = target
        self._asked = 0
        self._looks = Looks(target, reader)
        self._overlap = overlap
        self._compare_every = compare_every
        self._in_state = in_state
        self.foreign_keys = foreign_keys(target)
        self._count = compose(
            f"Count{names.type_name}",
            "query",
            names.plural,
            {"filter": f"{names.type_name}FilterInput"},
            "{totalCount}",
        )
        self._newest = compose(
            f"Newest{names.type_name}",
            "query",
            names.plural,
            {"filter": f"{names.type_name}FilterInput", "orderBy": f"[{names.type_name}OrderByInput]", "first": "Int"},
            "{edges{node{id updatedAt}}}",
        )

    @property
    def requests(self) -> int:
        """The number of requests that were sent."""
        return self._asked + self._looks.requests

    async def batches(self) -> AsyncGenerator[FeedBatch[T]]:
        """Batches of changes, until there are none left. The caller commits each batch before it takes the next one."""
        progress = self.progress
        while True:
            total = None
            if progress.began is None:
                total, moment = await self._look()
                progress.begin(moment, self._is_whole(total, moment))
            elif progress.due:
                progress.begin(progress.began, whole=True)
            async with aclosing(self._walk()) as walk:
                async for batch in walk:
                    yield batch
            whole = progress.whole
            progress.finish()
            if whole or not self.known.compares:
                return
            expected = len(self.known) + progress.hidden
            if expected == total or expected == (await self._look())[0]:
                return
            # A record was destroyed, or exists with an old time: only a walk over all ids can tell which.
            progress.due = True

    def _is_whole(self, total: int, moment: datetime) -> bool:
        progress = self.progress
        if self._in_state and total > IN_STATE:
            raise _too_many(self._target.names.plural, total)
        if progress.since is None or (not self.known.compares):
            return progress.since is None
        if progress.due or progress.compared is None or moment - progress.compared >= self._compare_every:
            return True
        return total <= SMALL and len(self.known) <= SMALL

    async def _look(self) -> tuple[int, datetime]:
        """The number of records, and the server's time."""
        self._asked += 1
        page, moment = await self._target.endpoint.run_dated(self._count, Counted, {"filter": DELETED_TOO})
        if moment is None:
            # A proxy removes the header: take the time of the last write, which is not later than now.
            moment = await self._last_write()
        return page.total_count, moment.astimezone(UTC)

    async def _last_write(self) -> datetime:
        order = [{"updatedAt": "DescNullsLast"}]
        variables = {"filter": DELETED_TOO, "orderBy": order, "first": 1}
        page: LastWrite = await self._target.endpoint.run(self._newest, LastWrite, variables)
        moments = [edge.node.updated_at for edge in page.edges]
        return min(moments[0], datetime.now(UTC)) if moments else datetime.fromtimestamp(0, UTC)

    async def _walk(self) -> AsyncGenerator[FeedBatch[T]]:
        progress = self.progress
        began = progress.began
        if began is None:
            raise UnexpectedResponse("the iteration has no start.")
        only: list[Filter] = [DELETED_TOO if progress.whole else self._written_since(progress.since or began)]
        if progress.after is not None:
            only.append({"id": {"gt": str(progress.after)}})
        resumed, last = progress.after is not None, progress.after.bytes if progress.after is not None else b""
        paths = ["id", "updatedAt", "deletedAt", *self.foreign_keys]
        walk = RawWalk(self._target, paths, {"and": only} if len(only) > 1 else only[0], STAMPS)
        async with aclosing(walk.pages()) as pages:
            async for page in pages:
                stamps = [_stamp(record) for record in page]
                ids = [stamp.id.bytes for stamp in stamps]
                if ids[0] > last:
                    known = self.known.span(last, ids[-1]) if progress.whole else self.known.entries(ids)
                    gone = known.keys() - set(ids)
                    last = ids[-1]
                else:
                    # Stamps after the end of the cursors have no order.
                    known, gone = self.known.entries(ids), set()
                # Destroyed records first: after the others are reported, the walk continues behind them.
                async for batch in self._gone(gone):
                    yield batch
                async with aclosing(self._changes(self._to_read(stamps, known), known, began)) as batches:
                    async for batch in batches:
                        yield batch
                yield self._committing(FeedBatch(), UUID(bytes=last))
        self._asked += walk.requests
        if progress.whole:
            async for batch in self._gone(self.known.span(last, None)):
                yield batch
            if not resumed:
                progress.hidden = walk.hidden

    def _written_since(self, since: datetime) -> Filter:
        start = {"gte": (since - self._overlap).isoformat()}
        return {"or": [{"updatedAt": start}, {"deletedAt": start}]}

    def _to_read(self, stamps: list[Stamp], known: Mapping[bytes, KnownEntry]) -> list[Stamp]:
        """The stamps whose records are new or different, or may be."""
        since = self.progress.since
        start = since - self._overlap if since is not None else None
        wanted = []
        for stamp in stamps:
            entry = known.get(stamp.id.bytes)
            if entry is None or not entry.settled:
                wanted.append(stamp)
            elif entry.digest is None:
                # For an id from the caller, only the time tells.
                if start is None or stamp.moment >= start:
                    wanted.append(stamp)
            elif entry.digest != stamp.digest:
                wanted.append(stamp)
        return wanted

    async def _changes(
        self, stamps: list[Stamp], known: Mapping[bytes, KnownEntry], began: datetime
    ) -> AsyncGenerator[FeedBatch[T]]:
        size = self._looks.size
        chunks = [stamps[start : start + size] for start in range(0, len(stamps), size)]

        left = iter(chunks)
        calls = (partial(self._looks.look, [stamp.id for stamp in chunk]) for chunk in chunks)
        async with aclosing(ahead(calls, _AHEAD)) as looks:
            async for reads, nowhere in looks:
                chunk = next(left)
                batch: FeedBatch[T] = FeedBatch()
                for stamp in chunk:
                    entry = known.get(stamp.id.bytes)
                    if (read := reads.get(stamp.id)) is not None:
                        self._add(batch, stamp, read, entry, began)
                    elif entry is not None and stamp.id in nowhere:
                        _add_gone(batch, stamp.id)
                yield self._committing(batch, chunk[-1].id)

    def _add(self, batch: FeedBatch[T], stamp: Stamp, read: Read[T], entry: KnownEntry | None, began: datetime) -> None:
        fresh = stamp.moment >= began - self._overlap
        digest = None
        if fresh or (entry is not None and not entry.settled and entry.digest is not None):
            digest = digest_of(_SIGNED.sub(b"", read.content()) + (b"-" if read.deleted else b"+"))
        batch.entries[stamp.id.bytes] = KnownEntry(digest, False) if fresh else KnownEntry(stamp.digest, True)
        if entry is None or entry.settled or entry.digest is None or entry.digest != digest:
            batch.found.append(Found("deleted" if read.deleted else "upserted", read.id, read.record))

    async def _gone(self, keys: Iterable[bytes]) -> AsyncGenerator[FeedBatch[T]]:
        """Batches of changes for the ids whose records certainly no longer exist."""
        ids = [UUID(bytes=key) for key in sorted(keys)]
        for start in range(0, len(ids), PAGE_SIZE):
            some = ids[start : start + PAGE_SIZE]
            there = await self._looks.there(some)
            batch: FeedBatch[T] = FeedBatch()
            for identity in some:
                if identity not in there:
                    _add_gone(batch, identity)
            yield self._committing(batch, None)

    def _committing(self, batch: FeedBatch[T], upto: UUID | None) -> FeedBatch[T]:
        """The batch with its `commit`, after which everything up to this id is reported."""

        def commit() -> None:
            if batch.entries or batch.gone:
                self.progress.batch += 1
                self.known.write(batch.entries, batch.gone, self.progress.batch)
                if batch.gone:
                    self.on_destroyed()
            if upto is not None and (self.progress.after is None or upto.bytes > self.progress.after.bytes):
                self.progress.after = upto

        batch.commit = commit
        return batch

    def saved(self) -> FeedProgress:
        """The progress, with the ids if the state holds them."""
        if self._in_state and isinstance(self.known, KnownInMemory):
            if len(self.known) > IN_STATE:
                raise _too_many(self._target.names.plural, len(self.known))
            self.progress.known = self.known.packed()
        return self.progress


class Counted(Record):
    """A list whose length alone is read."""

    total_count: int


class _Time(Record):
    id: UUID
    updated_at: datetime


class _TimeEdge(Record):
    node: _Time


class LastWrite(Record):
    """The time of the last write of a record."""

    edges: list[_TimeEdge]


def foreign_keys(target: Target) -> list[str]:
    """The foreign keys of an object, by name."""
    columns = {column.path for column in target.catalogue.columns(target.type_name)}
    return sorted(path for path in columns if path.endswith("Id") and "." not in path)


def _stamp(record: dict[str, Any]) -> Stamp:
    identity, updated, deleted, *keys = record.values()
    moment = max(datetime.fromisoformat(text) for text in (updated, deleted) if text)
    return Stamp(UUID(identity), moment, stamp_digest(updated, deleted, keys))


def stamp_digest(updated: str | None, deleted: str | None, keys: Iterable[str | None]) -> bytes:
    """A digest of the times as the server writes them, and of the foreign keys in the order of their names."""
    return digest_of(to_json([updated, deleted, *keys]))


def _add_gone(batch: FeedBatch[Any], identity: UUID) -> None:
    batch.found.append(Found("destroyed", identity, None))
    batch.gone.append(identity.bytes)


def _too_many(plural: str, total: int) -> InvalidArgument:
    return InvalidArgument(
        f"of {total:,} {plural}, a state can't hold the ids, by which destroyed ones are found ({IN_STATE:,} at most): "
        'give a file for them (store="changes.db"), or the ids that you have (known_ids=...), or go without '
        "(destroyed=False)."
    )
