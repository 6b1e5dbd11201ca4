"""Keeps a client just under the workspace's rate limit, fairly between its concurrent callers."""

from __future__ import annotations

import asyncio
import time
from asyncio import Future
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiotwenty.errors import InvalidArgument, RateLimited

_LEAST_SLACK = -0.015
_FIRST_SLACK = 0.02
_MOST_SLACK = 0.15
_SLOWER = 0.002
_FASTER = 0.001
"""How much of the limit is left unused. Each refusal adds to it, and each success takes away a part of what there is
above the least: so the more it costs, the more refusals it is given up for, about one in a hundred requests. (Some come
of a machine's hiccups, however much slack there is.) The least is below nothing because turns become requests late
rather than early, and the server counts from when they reach it."""


_TICK = 0.0015
"""Timers are late by up to a millisecond, which is a tenth of the pace of 100 requests a second: the last of a wait
goes by in turns of the loop."""
_ON_THE_WAY = 0.25
_LATE = 0.01
"""How much of a slow answer's delay is put down to the way to the server rather than to its work, and at most how many
seconds. Measured on loopback, an eighth; a network has more."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`limit` requests per `per` seconds, for instance `RateLimit(100, per=60)`."""

    limit: int
    per: float = 60.0

    def __post_init__(self) -> None:
        if self.limit < 1 or self.per <= 0:
            raise InvalidArgument(f"RateLimit: {self.limit} requests per {self.per} s is not a limit.")


async def _wait(turn: Future[bool]) -> None:
    await turn


class RateLimiter:
    """Paces requests; give one object to several clients of one workspace to make them share its limit.

    Without a `RateLimit` it lets everything pass until the server refuses a request and names its limit, and paces
    itself from then on. Callers are served in the order they came, those that were refused first of all. A caller
    that is cancelled while it waits takes no token.
    """

    def __init__(self, limit: RateLimit | None = None) -> None:
        self._buckets: dict[float, _Bucket] = {}
        if limit is not None:
            self._buckets[limit.per] = _Bucket(limit, limit.limit)
        self._blocked_until = 0.0
        self._usual_time = 1.0
        self._waiting: deque[Future[bool]] = deque()
        self._timer: asyncio.Handle | None = None

    @property
    def limits(self) -> tuple[RateLimit, ...]:
        """What is known of the server's limits: it may have one for bursts and one for longer times."""
        return tuple(bucket.limit for bucket in self._buckets.values())

    def try_acquire(self) -> bool:
        """Takes a turn if nobody has to wait for one."""
        if self._waiting or self.wait() > 0:
            return False
        self._take()
        return True

    async def acquire(self, *, again: bool = False, wait: Callable[[Future[bool]], Awaitable[object]] = _wait) -> None:
        """Waits for a turn. `again` is for a request that the server has refused: it goes before the others.

        `wait` does the waiting; when it raises, no turn is taken.
        """
        if self.try_acquire():
            return
        loop = asyncio.get_running_loop()
        turn: Future[bool] = loop.create_future()
        if again:
            self._waiting.appendleft(turn)
        else:
            self._waiting.append(turn)
        self._schedule(loop)
        try:
            await wait(turn)
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.result():
                self.give_back()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            self._schedule(loop)
            raise

    def give_back(self) -> None:
        """For a turn that was granted and not used."""
        for bucket in self._buckets.values():
            bucket.tokens += 1

    def passed(self, sent: float) -> None:
        """The server took a request that was sent then (by the monotonic clock)."""
        longer = time.monotonic() - sent - self._usual_time
        self._usual_time += longer / 8
        # One that took longer than usual may have reached the server late, and then its clock began late, too.
        reached = sent + min(max(0.0, longer * _ON_THE_WAY), _LATE)
        for bucket in self._buckets.values():
            bucket.passed(reached)

    def refused(self, error: RateLimited, sent: float, longest: float = 60.0) -> None:
        """The server refused a request that was sent then (by the monotonic clock): learns which limit there is.

        A `Retry-After` holds everything back, but for more than `longest` seconds: nobody waits so long.
        """
        if error.limit and error.per:
            limit = RateLimit(error.limit, error.per)
            bucket = self._buckets.get(limit.per)
            if bucket is None or bucket.limit != limit:
                self._buckets[limit.per] = _Bucket(limit, 0)
            else:
                bucket.refused(sent)
        elif not self._buckets or error.retry_after:
            held = error.retry_after or 0.0
            if held <= longest:
                self._blocked_until = max(self._blocked_until, time.monotonic() + held)

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
        if not self._waiting:
            return
        delay = self.wait()
        if delay > _TICK:
            self._timer = loop.call_later(delay - _TICK, self._serve, loop)
        else:
            self._timer = loop.call_soon(self._serve, loop)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._waiting and self.wait() <= 0:
            turn = self._waiting.popleft()
            if not turn.done():
                self._take()
                turn.set_result(True)
        self._schedule(loop)


class _Bucket:
    """Counts as the server does (Twenty, July 2026).

    It has at most `limit` tokens. Each request takes one, and brings in whole tokens for the time since the request
    before; the rest of that time is lost. So an even pace is all: requests that come faster than one token takes
    bring in none.
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

    def wait(self, now: float) -> float:
        if self._available(now) >= 1:
            return 0.0
        return max(0.0, self._last + (1 - self.tokens) * self._interval() - now)

    def take(self, now: float) -> None:
        self.tokens = self._available(now) - 1
        self._last = now

    def passed(self, reached: float) -> None:
        self._last = max(self._last, reached)
        self.slack -= _FASTER * (self.slack - _LEAST_SLACK)
        self._in_a_row = 0

    def refused(self, sent: float) -> None:
        """No token is left, but the server's clock runs on from the last request that passed: the next token is near.

        When it is not, somebody else takes tokens, too, and asking more often than one comes in would not help.
        """
        self.tokens = 0
        if sent < self._known:
            return
        self._in_a_row += 1
        if self._in_a_row == 1 and sent >= self._last:
            self.slack = min(_MOST_SLACK, self.slack + _SLOWER)
            self._last -= 0.75 * self._interval()


def make_limiter(choice: Literal["auto"] | RateLimit | RateLimiter | None) -> RateLimiter | None:
    """The limiter for what a client was given."""
    if choice is None or isinstance(choice, RateLimiter):
        return choice
    if isinstance(choice, RateLimit):
        return RateLimiter(choice)
    if choice == "auto":
        return RateLimiter()
    raise InvalidArgument(f"rate_limit is {choice!r}: it must be 'auto', a RateLimit, a RateLimiter or None.")
