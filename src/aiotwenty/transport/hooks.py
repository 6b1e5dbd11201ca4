"""What the outside may see of each request: callbacks and DEBUG log lines, without bodies and without the key."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiotwenty.errors import TwentyError

logger = logging.getLogger("aiotwenty")


@dataclass(frozen=True, slots=True)
class RequestEvent:
    """A request is about to be sent. `call` is the same number for all attempts of one call."""

    call: int
    operation: str
    kind: str
    """"query", "mutation", or the HTTP method of a REST call."""
    url: str
    """Without its query; of a file only the server, because its address holds a token."""
    attempt: int
    bytes: int
    document: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseEvent:
    """An attempt is over. `status` is None when no answer came; `error` what it failed with, None when it succeeded.

    Both are None when the caller was cancelled.
    """

    call: int
    operation: str
    attempt: int
    status: int | None
    bytes: int
    seconds: float
    error: TwentyError | None = None


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
    """Callbacks, called in the event loop: keep them short. One that raises is logged and otherwise ignored."""

    on_request: Callable[[RequestEvent], object] | None = None
    on_response: Callable[[ResponseEvent], object] | None = None
    on_retry: Callable[[RetryEvent], object] | None = None


class Observers:
    """All hooks of one client, and the log."""

    def __init__(self, hooks: Hooks | Sequence[Hooks] | None) -> None:
        self._hooks = () if hooks is None else (hooks,) if isinstance(hooks, Hooks) else tuple(hooks)

    @property
    def active(self) -> bool:
        """Whether anybody looks; if not, no event needs to be made."""
        return bool(self._hooks) or logger.isEnabledFor(logging.DEBUG)

    def request(self, event: RequestEvent) -> None:
        logger.debug("%s: attempt %d, %d bytes to %s", event.operation, event.attempt, event.bytes, event.url)
        for hooks in self._hooks:
            _call(hooks.on_request, event)

    def response(self, event: ResponseEvent) -> None:
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
        for hooks in self._hooks:
            _call(hooks.on_response, event)

    def retry(self, event: RetryEvent) -> None:
        logger.debug("%s: again in %.3f s after: %s", event.operation, event.delay, event.error)
        for hooks in self._hooks:
            _call(hooks.on_retry, event)


def _call(callback: Callable[..., object] | None, event: object) -> None:
    if callback is None:
        return
    try:
        callback(event)
    except Exception:
        logger.exception("a hook failed on %s", type(event).__name__)
