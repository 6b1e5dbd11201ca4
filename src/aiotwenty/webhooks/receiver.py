"""`WebhookReceiver`: verifies Twenty's deliveries, drops repeated ones, and calls the handlers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, overload

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.models import Record
from aiotwenty.webhooks.answering import status_of
from aiotwenty.webhooks.errors import ReplayStoreFailed, WebhookHandlerFailed, WebhookReplayed
from aiotwenty.webhooks.event import WebhookEvent, event_of
from aiotwenty.webhooks.reconcile import OVERLAP, Reconciled, missed
from aiotwenty.webhooks.signature import MAX_AGE, Body, Headers, Secrets, Signed, age_of, check, keys_of
from aiotwenty.webhooks.store import MemoryStore, ReplayStore
from aiotwenty.workspace.webhook_operations import check_operation, operations_of

if TYPE_CHECKING:
    from aiohttp import web

    from aiotwenty.client import Client
    from aiotwenty.webhooks.asgi import Message, Receive, Send
    from aiotwenty.webhooks.reconcile import AnyRecords

R = TypeVar("R", bound=Record)
T = TypeVar("T")

MAX_BYTES = 5_000_000
"""The most bytes: more than a record has; long notes are the largest."""
HANDLER_SECONDS = 30.0
"""The time limit of a handler: Twenty stops waiting long before, so a handler that takes longer is stuck."""

logger = logging.getLogger("aiotwenty.webhooks")


@dataclass(frozen=True, slots=True)
class _Handler:
    operations: frozenset[str]
    call: Callable[..., object]
    record: type[Record] | None

    async def __call__(self, event: WebhookEvent) -> None:
        done = self.call(event) if self.record is None else self.call(event, event.record_as(self.record))
        if inspect.isawaitable(done):
            await done


class WebhookReceiver:
    """Receives deliveries, and calls the handlers of each event:

        receiver = WebhookReceiver(secret)

        @receiver.on("company.created", record=Company)
        async def welcome(event: WebhookEvent, company: Company) -> None: ...

    It is an ASGI application (`Route("/hook", receiver)`), and `receiver.aiohttp` a handler for aiohttp; other
    frameworks call `answer`. The response is sent after the handlers ran: 204; 401 if the delivery can't be trusted,
    400 if it isn't understood, 409 if it was received before, 413 if it is larger than `max_bytes`, 500 if a handler
    failed, 503 if the store failed. Twenty waits 5 seconds, and doesn't retry (Twenty, July 2026); a proxy may, and
    then a failed delivery is handled again.

    Pass several secrets while one is being replaced. `store` remembers deliveries for `max_age` seconds: by default a
    `MemoryStore`; several processes behind one address need a shared store. An async handler that takes longer than
    `handler_timeout` seconds is cancelled, and has failed; None sets no limit.
    """

    def __init__(
        self,
        secret: Secrets,
        *,
        store: ReplayStore | None = None,
        max_age: float = MAX_AGE,
        max_bytes: int = MAX_BYTES,
        handler_timeout: float | None = HANDLER_SECONDS,
    ) -> None:
        age = age_of(max_age)
        if age is None:
            raise InvalidArgument("a receiver needs a max_age, for which it stores deliveries.")
        if max_bytes < 1:
            raise InvalidArgument("max_bytes must be at least 1.")
        if handler_timeout is not None and not handler_timeout > 0:
            raise InvalidArgument("handler_timeout must be a number of seconds above 0, or None for no limit.")
        self._keys = keys_of(secret)
        self._max_age = age
        self._store: ReplayStore = MemoryStore() if store is None else store
        self._handlers: list[_Handler] = []
        self._handler_timeout = handler_timeout
        self.max_bytes = max_bytes

    def __repr__(self) -> str:
        return f"WebhookReceiver({len(self._keys)} secrets, {len(self._handlers)} handlers)"

    def set_secrets(self, secret: Secrets) -> None:
        """Accepts only deliveries with this secret, or these, from now on."""
        self._keys = keys_of(secret)

    @overload
    def on(
        self, *operations: str, record: None = None
    ) -> Callable[[Callable[[WebhookEvent], T]], Callable[[WebhookEvent], T]]: ...

    @overload
    def on(
        self, *operations: str, record: type[R]
    ) -> Callable[[Callable[[WebhookEvent, R], T]], Callable[[WebhookEvent, R], T]]: ...

    def on(self, *operations: str, record: type[Any] | None = None) -> Callable[[Any], Any]:
        """A decorator for handlers of these events, async or not: `company.created`, `company.*`, `*.*`.

        A handler takes the event, and with `record=Company` also the record as that model. All handlers of an event are
        called in the order in which they were added, even if one of them fails.
        """
        if not operations:
            raise InvalidArgument("on() needs at least one operation: company.created, company.*, *.*.")
        names = frozenset(map(check_operation, operations))

        def add(handler: Callable[..., object]) -> Callable[..., object]:
            self._handlers.append(_Handler(names, handler, record))
            return handler

        return add

    async def handle(self, body: Body, headers: Headers) -> WebhookEvent:
        """Handles one delivery: verifies it, checks that it is new, and calls the handlers.

        Raises `WebhookRejected`, `WebhookHandlerFailed` or `ReplayStoreFailed`; `answer` turns them into HTTP.
        """
        signed = check(body, headers, self._keys, self._max_age)
        event = event_of(body, signed)
        key = await self._claim(signed)
        try:
            await self.dispatch(event)
        except BaseException:
            await self._release(key)
            raise
        return event

    async def dispatch(self, event: WebhookEvent) -> None:
        """Calls the handlers of an event. Raises `WebhookHandlerFailed` if any of them failed."""
        names = operations_of(event.object_name, event.action)
        waiting = [handler for handler in self._handlers if not handler.operations.isdisjoint(names)]
        failures: list[Exception] = []
        for handler in waiting:
            try:
                await self._call(handler, event)
            except Exception as error:
                logger.exception("%s: a handler failed", event.event_name)
                failures.append(error)
        if failures:
            raise WebhookHandlerFailed(
                f"{len(failures)} of {len(waiting)} handlers failed on {event.event_name}: "
                f"{type(failures[0]).__name__}."
            ) from failures[0]

    async def _call(self, handler: _Handler, event: WebhookEvent) -> None:
        limit = asyncio.timeout(self._handler_timeout)
        try:
            async with limit:
                await handler(event)
        except TimeoutError as error:
            if limit.expired():
                raise TimeoutError(f"the handler took longer than {self._handler_timeout:g} s.") from error
            raise

    async def reconcile(
        self, twenty: Client, objects: Iterable[AnyRecords], since: datetime, *, overlap: timedelta = OVERLAP
    ) -> Reconciled:
        """After an outage: calls the handlers with the records changed since then, each once, in its current state.

            done = await receiver.reconcile(twenty, [twenty.companies, twenty.people], since=mark)

        Changes up to `overlap` before `since` are included, because clocks differ and writes may have been in progress:
        handlers must accept repeated events. Destroyed records are not found: compare the ids that you have
        (`find_by_ids`). See `missed`.
        """
        done = Reconciled(mark=datetime.now(UTC))
        for records in objects:
            async for event in missed(twenty, records, since, overlap=overlap):
                done.events += 1
                try:
                    await self.dispatch(event)
                except WebhookHandlerFailed:
                    done.failed.append(event)
        return done

    async def answer(self, body: Body, headers: Headers) -> int:
        """Handles one delivery, and returns the HTTP status for the response. Logs refused deliveries as warnings."""
        return await status_of(self.handle(body, headers))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        from aiotwenty.webhooks.asgi import serve

        await serve(self, scope, receive, send)

    async def aiohttp(self, request: web.BaseRequest) -> web.StreamResponse:
        """The handler for aiohttp: `app.router.add_post("/hook", receiver.aiohttp)`."""
        from aiotwenty.webhooks.aiohttp import respond

        return await respond(self, request)

    async def aclose(self) -> None:
        """Closes the store."""
        await self._store.aclose()

    async def _claim(self, signed: Signed) -> str:
        # Not the nonce: it is not signed, so a replayed delivery can have another.
        key = signed.signature[:32]
        try:
            new = await self._store.add(key, signed.milliseconds / 1000 + self._max_age)
        except ReplayStoreFailed:
            raise
        except Exception as error:
            raise ReplayStoreFailed(f"the store of deliveries failed: {type(error).__name__}.") from error
        if not new:
            raise WebhookReplayed("this delivery was received before.")
        return key

    async def _release(self, key: str) -> None:
        try:
            await self._store.remove(key)
        except Exception:
            logger.exception("a failed delivery can't be removed from the store: a repetition will be refused")
