"""`Changes`: the changes to the records of one or several objects since a state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Generic, Protocol, TypeAlias, TypedDict, TypeVar
from uuid import UUID

from typing_extensions import Doc

from aiotwenty.bulk.feed.engine import COMPARE_EVERY, OVERLAP, Feed, FeedBatch, Kind
from aiotwenty.bulk.feed.known import KnownIds, KnownInMemory, NoneKnown
from aiotwenty.bulk.feed.readers import FeedReader, ModelReader
from aiotwenty.bulk.feed.state import FeedProgress, Position, State
from aiotwenty.bulk.feed.store import ChangeStore, KnownInStore
from aiotwenty.bulk.target import Target
from aiotwenty.errors import ApiError, ConfigurationError, InvalidArgument
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.models import Record
from aiotwenty.records.namespace import Namespace
from aiotwenty.transport.terms import CallOptions

T = TypeVar("T")

EVERY = 60.0
"""Seconds after which a feed with a wake-up looks anyway, because webhooks don't report everything."""
_WORKSPACE = compose("WorkspaceOfChanges", "query", "currentWorkspace", None, "{id}")
"""The workspace's id, which stays the same when its address changes. /metadata is not limited."""
_ROUNDS = 5
"""The most times in one run that destroyed records cause another look for destroyed records."""

Since: TypeAlias = Mapping[str, Any] | str | bytes | None
"""A state, as an object or as JSON; None for the first run."""
Ids: TypeAlias = Iterable[UUID | str] | KnownInMemory


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """The change of one record.

    "upserted": it is new or changed; `record` is its present state. "deleted": it is soft-deleted; `record` is its
    present state. "destroyed": it no longer exists (or this key may no longer see it); `record` is None.
    """

    kind: Kind
    id: UUID
    record: T | None
    object: str
    """The singular name of the object: "company"."""


class Wakes(Protocol):
    """A source of events: a `WebhookReceiver`."""

    @property
    def on(self) -> Callable[..., Any]: ...


class FeedOptions(TypedDict, total=False):
    """Options for all objects of a feed."""

    store: Annotated[
        str | Path | ChangeStore | None,
        Doc("A file for the known ids, by which destroyed records are found; without one they are in the state."),
    ]
    destroyed: Annotated[bool, Doc("Whether destroyed records are looked for (True).")]
    overlap: Annotated[timedelta, Doc("How far before the last run this one looks: 5 minutes.")]
    compare_every: Annotated[timedelta, Doc("How often all records are compared, whatever tells of a need: 1 day.")]
    wake: Annotated[
        asyncio.Event | Wakes | None,
        Doc("Go on for ever: look again when this event is set, or when this `WebhookReceiver` gets one."),
    ]
    every: Annotated[float, Doc("With `wake`: seconds after which it looks all the same (60).")]


class ChangesOptions(FeedOptions, CallOptions, total=False):
    """Options for `changes` of one object."""

    known_ids: Annotated[
        Iterable[UUID | str] | None, Doc("The ids of all records that you have, in place of those in a state or store.")
    ]


class Changes(AsyncIterator[Change[T]], Generic[T]):
    """An async iterator of `Change`s, each state of a record at least once.

    `state` is where the next run continues: it covers the changes returned so far, up to the last whole batch. Store it
    when you have stored the changes. Use `contextlib.aclosing` if you may leave early.
    """

    def __init__(
        self,
        sources: Sequence[tuple[Target, FeedReader[T]]],
        since: Since,
        options: FeedOptions,
        known_ids: Mapping[str, Ids] | None = None,
    ) -> None:
        self._options = _checked(options)
        self._sources = sources
        self._destroyed = options.get("destroyed", True)
        self._position = Position.of(since)
        store = options.get("store")
        self._own_store = not isinstance(store, ChangeStore)
        if not self._destroyed and (store is not None or known_ids is not None):
            raise InvalidArgument("destroyed=False needs no store and no known_ids.")
        self._store = store if store is None or isinstance(store, ChangeStore) else ChangeStore(store)
        try:
            self._check_store(since is not None, known_ids is not None)
            self._feeds = [self._feed(target, reader, known_ids) for target, reader in sources]
            for feed in self._feeds:
                feed.on_destroyed = partial(self._look_at_others, feed)
        except BaseException:
            self._close_store()
            raise
        self._batches = self._all_batches()
        self._taken: list[Change[T]] = []
        self._uncommitted: FeedBatch[T] | None = None

    def _check_store(self, resumed: bool, given_ids: bool) -> None:
        store_id, store = self._position.store, self._store
        if store is not None and given_ids:
            raise InvalidArgument("pass known_ids or store, not both.")
        if resumed and store is None and store_id is not None and not given_ids and self._destroyed:
            raise InvalidArgument("the ids of this state are in a store: pass store=... or known_ids=...")
        if resumed and store is not None and store_id != store.id:
            raise InvalidArgument(
                f"{store.path}: is not the store of this state, and would miss what was destroyed: give the right one, "
                "or begin anew, without the state."
            )
        self._position.store = store.id if store is not None else None

    def _feed(self, target: Target, reader: FeedReader[T], known_ids: Mapping[str, Ids] | None) -> Feed[T]:
        name = target.names.singular
        progress = self._position.objects.get(name)
        known, in_state = self._known(name, progress, known_ids)
        if progress is None:
            progress = self._position.objects[name] = FeedProgress()
        if not in_state:
            progress.known = None
        overlap = self._options.get("overlap", OVERLAP)
        compare_every = self._options.get("compare_every", COMPARE_EVERY)
        return Feed(target, reader, known, progress, overlap=overlap, compare_every=compare_every, in_state=in_state)

    def _known(
        self, name: str, progress: FeedProgress | None, known_ids: Mapping[str, Ids] | None
    ) -> tuple[KnownIds, bool]:
        if not self._destroyed:
            return NoneKnown(), False
        if known_ids is not None:
            if name not in known_ids:
                raise InvalidArgument(f"known_ids has no entry for {name}: pass an empty list if there are none.")
            ids = known_ids[name]
            return ids if isinstance(ids, KnownInMemory) else KnownInMemory.of_ids(ids), False
        if self._store is not None:
            return KnownInStore(self._store, name, progress), False
        if progress is None:
            return KnownInMemory(), True
        if progress.known is None:
            raise InvalidArgument(
                f"this state knows no ids of {name}, by which destroyed ones are found: give them (known_ids=...), go "
                "on without (destroyed=False), or begin anew."
            )
        return KnownInMemory.of_bytes(progress.known), True

    @property
    def requests(self) -> int:
        """The number of requests that the feed has sent."""
        return sum(feed.requests for feed in self._feeds)

    @property
    def state(self) -> State:
        """The state for `since` of the next run: a small JSON object. Store it with the changes, or after them.

        It contains the known ids if neither a store nor the caller has them.
        """
        position = replace(self._position, objects=dict(self._position.objects))
        for feed in self._feeds:
            position.objects[feed.name] = feed.saved()
        return position.as_json()

    def __aiter__(self) -> Changes[T]:
        return self

    async def __anext__(self) -> Change[T]:
        while not self._taken:
            try:
                batch = await anext(self._batches)
            except BaseException:
                self._close_store()
                raise
            self._uncommitted, self._taken = batch[1], batch[0][::-1]
        change = self._taken.pop()
        if not self._taken and self._uncommitted is not None:
            self._uncommitted.commit()
            self._uncommitted = None
        return change

    async def batches(self) -> AsyncGenerator[list[Change[T]]]:
        """The changes in lists of up to 1,000; `state` covers the list returned last."""
        try:
            async with aclosing(self._batches) as batches:
                async for changes, batch in batches:
                    batch.commit()
                    yield changes
        finally:
            self._close_store()

    async def aclose(self) -> None:
        """Ends the feed: cancels running requests, and closes the store if the feed opened it."""
        self._taken, self._uncommitted = [], None
        await self._batches.aclose()
        self._close_store()

    def _close_store(self) -> None:
        if self._own_store and self._store is not None:
            self._store.close()

    async def _check_workspace(self) -> None:
        """Raises `ConfigurationError` for a state of another workspace, in which no record would exist."""
        endpoint = self._sources[0][0].endpoint.beside("metadata")
        try:
            here = (await endpoint.run(_WORKSPACE, dict[str, Any], {}))["id"]
        except ApiError:
            # A key that may not read records gets that error from the first read.
            return
        known = self._position.workspace
        if known is not None and known != here:
            raise ConfigurationError(
                f"this state is of the workspace {known}, and the key is of {here}, which would look as if everything "
                "had been destroyed: give the key of that one, or begin anew, without the state."
            )
        self._position.workspace = here

    async def _all_batches(self) -> AsyncGenerator[tuple[list[Change[T]], FeedBatch[T]]]:
        await self._check_workspace()
        wake = self._event()
        while True:
            if wake is not None:
                wake.clear()
            async with aclosing(self._run()) as run:
                async for feed, batch in run:
                    if batch.found:
                        yield _changes(batch, feed.name), batch
                    else:
                        batch.commit()
            if wake is None:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(self._options.get("every", EVERY)):
                    await wake.wait()

    async def _run(self) -> AsyncGenerator[tuple[Feed[T], FeedBatch[T]]]:
        """The batches of all objects, until there are no more changes."""
        feeds = list(self._feeds)
        for _ in range(_ROUNDS):
            for feed in feeds:
                async with aclosing(feed.batches()) as batches:
                    async for batch in batches:
                        yield feed, batch
            feeds = [feed for feed in self._feeds if feed.progress.due]

    def _look_at_others(self, destroying: Feed[T]) -> None:
        """Schedules comparisons: the database clears foreign keys to destroyed records without a new time."""
        for name, progress in self._position.objects.items():
            if name != destroying.name:
                progress.due = True

    def _event(self) -> asyncio.Event | None:
        wake = self._options.get("wake")
        if wake is None or isinstance(wake, asyncio.Event):
            return wake
        event = asyncio.Event()

        def woken(_: object) -> None:
            event.set()

        wake.on(*(f"{feed.name}.*" for feed in self._feeds))(woken)
        return event


def changes_of(
    objects: Sequence[tuple[Namespace[Any], type[Record] | None]],
    since: Since,
    known_ids: Mapping[str, Ids | None] | None,
    options: FeedOptions,
) -> Changes[Any]:
    """The changes of namespaces, each with the model of its records. Raises `InvalidArgument`."""
    sources = [(Target.of(records), ModelReader(records, select)) for records, select in objects]
    given = {name: ids for name, ids in (known_ids or {}).items() if ids is not None}
    return Changes(sources, since, options, given or None)


def _changes(batch: FeedBatch[T], name: str) -> list[Change[T]]:
    return [Change(found.kind, found.id, found.record, name) for found in batch.found]


def _checked(options: FeedOptions) -> FeedOptions:
    for name, value in options.items():
        if name not in ChangesOptions.__annotations__:
            raise InvalidArgument(
                f"changes has no option {name!r}{did_you_mean(name, ChangesOptions.__annotations__)}."
            )
        if name in ("overlap", "compare_every") and not (isinstance(value, timedelta) and value >= timedelta(0)):
            raise InvalidArgument(f"{name} is a timedelta that is not negative, not {value!r}.")
    wake = options.get("wake")
    if not (wake is None or isinstance(wake, asyncio.Event) or callable(getattr(wake, "on", None))):
        raise InvalidArgument(f"wake is an asyncio.Event or a WebhookReceiver, not {wake!r}.")
    every = options.get("every", EVERY)
    if not every > 0:
        raise InvalidArgument(f"every must be a positive number of seconds, not {every!r}.")
    return options
