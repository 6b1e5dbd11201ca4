"""Decides whether and when a failed request is sent again."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, replace
from enum import Enum

from aiotwenty.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidArgument,
    PermissionDenied,
    RateLimited,
    Reason,
    SchemaDrift,
    TwentyError,
    UnexpectedResponse,
)
from aiotwenty.transport.rate_limit import is_believable


class Fate(Enum):
    """The meaning of a failure for its request."""

    ANSWERED = "answered"  # the server refused: sending it again changes nothing
    PARTLY = "partly"  # a part was answered; the rest exceeded the limit
    TURNED_AWAY = "turned away"  # refused again and again, which says nothing about an earlier attempt
    NOT_ACTED = "not acted"  # the server can't have acted: any request may be sent again
    LOST = "lost"  # the response is lost: the server may have acted
    UNCLEAR = "unclear"  # the response can't be used, and won't be better next time; a write may have happened
    FAILED = "failed"  # the server failed and would again: only reading tells whether something was written

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self in (Fate.PARTLY, Fate.NOT_ACTED, Fate.LOST)


_FATES = {
    Reason.DATABASE: Fate.LOST,
    Reason.SERVER_TROUBLE: Fate.LOST,
    Reason.SERVER_BUG: Fate.FAILED,
}


def fate_of(error: TwentyError) -> Fate:
    """The fate of a request, judged by what is known about the server, not by what was requested."""
    if isinstance(error, DeadlineExceeded):
        return Fate.UNCLEAR if error.sent else Fate.TURNED_AWAY
    if isinstance(error, ConnectionFailed):
        return Fate.LOST if error.sent else Fate.NOT_ACTED
    if isinstance(error, ApiError) and error.reason is not None and (fate := _FATES.get(error.reason)):
        return fate
    if isinstance(error, RateLimited):
        return Fate.PARTLY if error.partial else Fate.NOT_ACTED
    if isinstance(error, AuthenticationError | PermissionDenied | ConfigurationError):
        return Fate.TURNED_AWAY
    if isinstance(error, UnexpectedResponse):
        status = error.status or 0
        if status >= 500 or status == 408 or error.truncated:
            return Fate.LOST
        return Fate.UNCLEAR if status < 300 else Fate.TURNED_AWAY
    if isinstance(error, SchemaDrift) and error.answered:
        return Fate.UNCLEAR
    return Fate.ANSWERED


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter. Times are in seconds.

    A request is sent at most `attempts` times, and not later than `total` after the first attempt. Before
    attempt n+1, the client waits a random time up to `base` * 2**(n-1), at most `max_delay`, but at least as long as
    `Retry-After` says. If that is more than `max_retry_after`, the error is raised at once. Only `total` limits
    rate-limited requests: they wait for their turn. `RetryPolicy(attempts=1)` never sends anything twice,
    except with a new key if the key was refused.

    Loads use it too, with longer limits (`patient`).
    """

    attempts: int = 6
    base: float = 0.2
    max_delay: float = 20.0
    max_retry_after: float = 60.0
    total: float = 180.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise InvalidArgument(f"RetryPolicy: attempts must be at least 1, not {self.attempts}.")
        if min(self.base, self.max_delay, self.max_retry_after, self.total) < 0:
            raise InvalidArgument("RetryPolicy: times must not be negative.")

    def patient(self) -> RetryPolicy:
        """The policy for one batch of a load, which has more to lose: any number of attempts within `total`, at least
        five minutes, with pauses of at most 15 seconds. A policy of one attempt stays that.
        """
        if self.attempts == 1:
            return self
        return replace(self, attempts=sys.maxsize, total=max(self.total, 300.0), max_delay=min(self.max_delay, 15.0))

    def delay(self, error: TwentyError, attempt: int, elapsed: float) -> float | None:
        """Seconds to wait after that attempt failed; None if it was the last one."""
        limited = isinstance(error, RateLimited)
        if attempt >= self.attempts and not (limited and self.attempts > 1):
            return None
        backoff = random.uniform(0, min(self.max_delay, self.base * 2 ** min(attempt - 1, 30)))
        minimum = error.retry_after or 0.0
        if minimum > self.max_retry_after:
            if not (isinstance(error, RateLimited) and is_believable(error.limit, error.per) and _is_its_pace(error)):
                return None
            # The limit's own pace, which the server did not ask for.
            minimum = self.max_retry_after
        delay = minimum + backoff
        return delay if elapsed + delay <= self.total else None


def _is_its_pace(error: RateLimited) -> bool:
    """Whether the time to wait was computed from the limit, because the server asked for none."""
    return error.limit is not None and error.retry_after == (error.per or 0.0) / error.limit
