"""Keeps a client just under the workspace's rate limit, fairly between its concurrent callers."""

from __future__ import annotations

import asyncio
import time
from asyncio import Future
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from aiotwenty.errors import ConfigurationError, InvalidArgument, RateLimited
from aiotwenty.transport.queueing import Line, Wait

_LEAST_SLACK = -0.015
_FIRST_SLACK = 0.02
_MOST_SLACK = 0.15
_SLOWER = 0.002
_FASTER = 0.001
"""The unused part of the limit. Each refusal adds to it, and each success takes away a part of it above the least: the
more it costs, the more refusals are accepted for it, about one in a hundred requests. (Pauses of the machine cause
some, whatever the slack.) The least is negative because turns become requests late rather than early, and the server
counts from their arrival.
"""


_TICK = 0.0015
"""Timers are late by up to a millisecond, a tenth of the interval at 100 requests a second. The end of a wait therefore
goes by in turns of the event loop.
"""
_ON_THE_WAY = 0.25
_LATE = 0.01
"""The share of a slow response's delay that is attributed to the way to the server rather than to its work, and the
most seconds. On loopback an eighth was measured; a network has more.
"""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`limit` requests per `per` seconds, for instance `RateLimit(100, per=60)`."""

    limit: int
    per: float = 60.0

    def __post_init__(self) -> None:
        if self.limit < 1 or self.per <= 0:
            raise InvalidArgument(f"RateLimit: {self.limit} requests per {self.per} s is not a limit.")


_SLOWEST = 60.0
"""The most seconds for one request: a slower limit would make a workspace unusable, and is not believed."""
_BUCKETS = 4
"""The most limits of a server that are kept: Twenty has two (July 2026)."""


def is_believable(limit: int | None, per: float | None) -> bool:
    """Whether a server may have this limit: `limit` requests per `per` seconds."""
    return bool(limit and per) and 0 < per <= _SLOWEST * limit  # type: ignore[operator]


async def wait_for_turn(turn: Future[bool]) -> None:
    """Waits for the turn and nothing else."""
    await turn


def no_turn(max_wait: float, expected: float, limits: Iterable[RateLimit]) -> RateLimited:
    """The error for a call that would wait for longer than it may."""
    known = max(limits, key=lambda limit: limit.per / limit.limit, default=None)
    of = f" of {known.limit} requests in {known.per:g} s" if known else ""
    error = RateLimited(
        f"the rate limit{of} is used up, and its turn would come in about {expected:.2g} s, which is longer than "
        f"max_wait={max_wait:g}. It was not sent."
    )
    error.sent, error.retry_after = False, expected
    if known is not None:
        error.limit, error.per = known.limit, known.per
    return error


class Limiter(Protocol):
    """Decides when the requests of an engine may be sent. Another implementation may count for several processes.

    The engine calls `try_acquire` for each attempt, and waits in `acquire` if it returns False.
    """

    @property
    def limits(self) -> tuple[RateLimit, ...]:
        """The known limits of the server."""
        ...

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called first, with the event loop of use. Raises `ConfigurationError` if it belongs to another one."""

    def try_acquire(self) -> bool:
        """Takes a turn if that takes no waiting for other callers or responses."""
        ...

    async def acquire(
        self, *, rank: int = 0, again: bool = False, wait: Wait = wait_for_turn, max_wait: float | None = None
    ) -> None:
        """Waits for a turn. A lower `rank` goes first, then the earlier caller.

        `again` is for a request that the server refused: it goes before others of its rank. `wait` does the waiting; if
        it raises, no turn is taken. Raises `RateLimited`, with `sent` false, if the turn would come after `max_wait`
        seconds.
        """

    def give_back(self) -> None:
        """Returns a turn that was granted and not used."""

    def passed(self, sent: float) -> None:
        """The server accepted a request sent at this time (of the monotonic clock)."""

    def refused(self, error: RateLimited, sent: float, longest: float = 60.0) -> None:
        """The server refused a request sent at this time. A `Retry-After` above `longest` is ignored."""

    def unanswered(self) -> None:
        """A request with a turn ended without saying anything about the limit."""

    def wait(self) -> float:
        """Seconds until the next request may be sent, as far as is known."""
        ...


class RateLimiter:
    """Keeps requests under the rate limit. Pass one object to several clients of a workspace to share its limit.

    Without a `RateLimit`, it doesn't limit requests until the server refuses one and states its limit. Callers get
    their turn by priority and then arrival; refused requests go first. A caller that is cancelled while it waits takes
    no token.

    It belongs to the first event loop that uses it, until that is closed: `ConfigurationError` in another one.
    """

    def __init__(self, limit: RateLimit | None = None) -> None:
        self._buckets: dict[float, _Bucket] = {}
        if limit is not None:
            self._buckets[limit.per] = _Bucket(limit, limit.limit)
        self._blocked_until = 0.0
        self._usual_time = 1.0
        self._line = Line()
        self._timer: asyncio.Handle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def sharing(cls, limits: Iterable[RateLimit], sharers: int) -> RateLimiter:
        """A limiter for one of several unconnected processes that share these limits. It begins with no tokens."""
        limiter = cls()
        for limit in limits:
            part = RateLimit(limit.limit, limit.per * sharers)
            limiter._buckets[part.per] = _Bucket(part, 0)
        return limiter

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raises `ConfigurationError` if it belongs to another event loop that is still running."""
        if self._loop is loop:
            return
        if self._loop is not None and not self._loop.is_closed():
            raise ConfigurationError(
                "this RateLimiter belongs to another event loop: create one for each loop, with a part of the limit "
                "each."
            )
        self._loop, self._line, self._timer = loop, Line(), None

    @property
    def limits(self) -> tuple[RateLimit, ...]:
        """The known limits of the server, which may have one for bursts and one for longer times."""
        return tuple(bucket.limit for bucket in self._buckets.values())

    def try_acquire(self) -> bool:
        """Takes a turn if nobody has to wait for one."""
        if self._line or self.wait() > 0:
            return False
        self._take()
        return True

    async def acquire(
        self, *, rank: int = 0, again: bool = False, wait: Wait = wait_for_turn, max_wait: float | None = None
    ) -> None:
        """Waits for a turn. `again` is for a request that the server refused: it goes before others.

        `wait` does the waiting; if it raises, no turn is taken. Raises `RateLimited` instead of waiting for more than
        `max_wait` seconds.
        """
        loop = asyncio.get_running_loop()
        self.bind(loop)
        if self.try_acquire():
            return
        place, timer = 2 * rank + (not again), None
        if max_wait is not None and (expected := self._expected(place)) > max_wait:
            raise no_turn(max_wait, expected, self.limits)
        turn = self._line.join(place)
        if max_wait is not None:
            timer = loop.call_later(max_wait, self._give_up, turn, place, max_wait)
        self._schedule(loop)
        try:
            await self._line.stay(turn, wait, self.give_back)
        except BaseException:
            self._schedule(loop)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _expected(self, place: int) -> float:
        """Seconds until the turn of a new caller, if no caller of a lower rank comes."""
        now, turns = time.monotonic(), self._line.ahead(place) + 1
        return max(self.wait(), *(bucket.wait(now, turns) for bucket in self._buckets.values()), 0.0)

    def _give_up(self, turn: Future[bool], place: int, max_wait: float) -> None:
        if not turn.done():
            # Callers that go before this one have come since.
            turn.set_exception(no_turn(max_wait, max(self._expected(place), self.wait()), self.limits))

    def give_back(self) -> None:
        """Returns a turn that was granted and not used."""
        for bucket in self._buckets.values():
            bucket.tokens += 1

    def passed(self, sent: float) -> None:
        """The server accepted a request sent at this time (of the monotonic clock)."""
        longer = time.monotonic() - sent - self._usual_time
        self._usual_time += longer / 8
        # A slow request may have reached the server late, so that the server's clock began late too.
        reached = sent + min(max(0.0, longer * _ON_THE_WAY), _LATE)
        for bucket in self._buckets.values():
            bucket.passed(reached)

    def refused(self, error: RateLimited, sent: float, longest: float = 60.0) -> None:
        """Learns the limit from the refusal of a request sent at this time (of the monotonic clock).

        A `Retry-After` holds all requests back, unless it is above `longest` seconds.
        """
        if error.limit and error.per:
            if not is_believable(error.limit, error.per):
                return
            limit = RateLimit(error.limit, error.per)
            bucket = self._buckets.get(limit.per)
            if bucket is None or bucket.limit != limit:
                self._buckets[limit.per] = _Bucket(limit, 0)
                while len(self._buckets) > _BUCKETS:
                    del self._buckets[next(iter(self._buckets))]
            else:
                bucket.refused(sent)
        elif not self._buckets or error.retry_after:
            held = error.retry_after or 0.0
            if held <= longest:
                self._blocked_until = max(self._blocked_until, time.monotonic() + held)

    def unanswered(self) -> None:
        """Counts the turn as used, because the server may have counted the request."""

    def wait(self) -> float:
        """Seconds until the next request may go."""
        now = time.monotonic()
        return max((bucket.wait(now) for bucket in self._buckets.values()), default=0.0) + max(
            0.0, self._blocked_until - now
        )

    def _take(self) -> None:
        now = time.monotonic()
        for bucket in self._buckets.values():
            bucket.take(now)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._line:
            return
        delay = self.wait()
        if delay > _TICK:
            self._timer = loop.call_later(delay - _TICK, self._serve, loop)
        else:
            self._timer = loop.call_soon(self._serve, loop)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._line and self.wait() <= 0:
            self._take()
            self._line.grant()
        self._schedule(loop)


class _Bucket:
    """Counts like the server (Twenty, July 2026).

    It has at most `limit` tokens. Each request takes one, and adds whole tokens for the time since the last request;
    the rest of that time is lost. So an even pace gets the most: requests at shorter intervals than one token takes add
    none.
    """

    def __init__(self, limit: RateLimit, tokens: int) -> None:
        self.limit = limit
        self.tokens = tokens
        self.slack = _FIRST_SLACK
        self._last = self._known = time.monotonic()
        self._in_a_row = 0

    def _interval(self) -> float:
        return self.limit.per / self.limit.limit * (1 + self.slack)

    def _available(self, now: float) -> int:
        return min(self.limit.limit, self.tokens + int((now - self._last) / self._interval()))

    def wait(self, now: float, turns: int = 1) -> float:
        if self._available(now) >= turns:
            return 0.0
        return max(0.0, self._last + (turns - self.tokens) * self._interval() - now)

    def take(self, now: float) -> None:
        self.tokens = self._available(now) - 1
        self._last = now

    def passed(self, reached: float) -> None:
        self._last = max(self._last, reached)
        self.slack -= _FASTER * (self.slack - _LEAST_SLACK)
        self._in_a_row = 0

    def refused(self, sent: float) -> None:
        """Records that no token is left. The server's clock runs on since the last success: the next token is near.

        If it is not, another client takes tokens too, and asking more often than tokens come would not help.
        """
        self.tokens = 0
        if sent < self._known:
            return
        self._in_a_row += 1
        if self._in_a_row == 1 and sent >= self._last:
            self.slack = min(_MOST_SLACK, self.slack + _SLOWER)
            self._last -= 0.75 * self._interval()


def make_limiter(choice: Literal["auto"] | RateLimit | Limiter | None) -> Limiter | None:
    """The limiter for a client's argument."""
    if isinstance(choice, RateLimit):
        return RateLimiter(choice)
    if choice == "auto":
        return RateLimiter()
    if choice is None or callable(getattr(choice, "try_acquire", None)):
        return choice
    raise InvalidArgument(
        f"rate_limit is {choice!r}: it must be 'auto', a RateLimit, a RateLimiter, a RedisRateLimiter or None."
    )
