"""Callbacks and DEBUG log lines for each request, without bodies and without the key."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiotwenty.errors import TwentyError

E = TypeVar("E")

logger = logging.getLogger("aiotwenty")


@dataclass(frozen=True, slots=True)
class RequestEvent:
    """A request is about to be sent. `call` is the same number for all attempts of one call."""

    call: int
    operation: str
    kind: str
    """"query", "mutation", or the HTTP method of a REST call."""
    url: str
    """The URL without its query; for a file, only the server, because the address has a token."""
    attempt: int
    bytes: int
    document: str | None = None
    waited: float = 0.0
    """Seconds of waiting for a connection and for the rate limit."""
    shared: int = 1
    """The number of calls in this request, each of which has an event; `bytes` are those of the whole request."""


@dataclass(frozen=True, slots=True)
class ResponseEvent:
    """An attempt ended. `status` is None if there was no response; `error` is None if it succeeded.

    Both are None if the caller was cancelled.
    """

    call: int
    operation: str
    attempt: int
    status: int | None
    bytes: int
    seconds: float
    error: TwentyError | None = None
    shared: int = 1
    """The number of calls in this request, each of which has an event; `bytes` are those of the whole response."""


@dataclass(frozen=True, slots=True)
class RetryEvent:
    """A failed attempt will be followed by another one after `delay` seconds."""

    call: int
    operation: str
    attempt: int
    delay: float
    error: TwentyError


@dataclass(frozen=True, slots=True)
class Hooks:
    """Callbacks, called in the event loop: keep them short. One that raises is logged and otherwise ignored.

    The request waits for asynchronous callbacks.
    """

    on_request: Callable[[RequestEvent], object] | None = None
    on_response: Callable[[ResponseEvent], object] | None = None
    on_retry: Callable[[RetryEvent], object] | None = None


class Observers:
    """All hooks of one client, and the log."""

    def __init__(self, hooks: Hooks | Sequence[Hooks] | None) -> None:
        self._hooks = () if hooks is None else (hooks,) if isinstance(hooks, Hooks) else tuple(hooks)

    @property
    def active(self) -> bool:
        """Whether hooks or a log use events; otherwise none are made."""
        return bool(self._hooks) or logger.isEnabledFor(logging.DEBUG)

    def request(self, *events: RequestEvent) -> Awaitable[None] | None:
        """Calls the hooks. Returns an awaitable if a hook is asynchronous, else None; so do the other methods."""
        for event in events:
            logger.debug("%s: attempt %d, %d bytes to %s", event.operation, event.attempt, event.bytes, event.url)
        return _notify([hooks.on_request for hooks in self._hooks], events)

    def response(self, *events: ResponseEvent) -> Awaitable[None] | None:
        for event in events:
            outcome = type(event.error).__name__ if event.error else "ok" if event.status else "cancelled"
            logger.debug(
                "%s: attempt %d, HTTP %s, %s, %d bytes in %.3f s",
                event.operation,
                event.attempt,
                event.status,
                outcome,
                event.bytes,
                event.seconds,
            )
        return _notify([hooks.on_response for hooks in self._hooks], events)

    def retry(self, *events: RetryEvent) -> Awaitable[None] | None:
        for event in events:
            logger.debug("%s: again in %.3f s after: %s", event.operation, event.delay, event.error)
        return _notify([hooks.on_retry for hooks in self._hooks], events)


def _notify(callbacks: Iterable[Callable[[E], object] | None], events: Sequence[E]) -> Awaitable[None] | None:
    """Calls the hooks with each event. Returns an awaitable if one is asynchronous, else None."""
    unfinished: list[Awaitable[object]] = []
    for callback in callbacks:
        if callback is None:
            continue
        for event in events:
            try:
                result = callback(event)
            except Exception:
                logger.exception("a hook failed on %s", type(event).__name__)
            else:
                if inspect.isawaitable(result):
                    unfinished.append(result)
    return _finished(unfinished, type(events[0]).__name__) if unfinished else None


async def _finished(unfinished: list[Awaitable[object]], event: str) -> None:
    for hook in unfinished:
        try:
            await hook
        except Exception:
            logger.exception("a hook failed on %s", event)
