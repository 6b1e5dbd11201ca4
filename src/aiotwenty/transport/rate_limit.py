"""Keeps a client just under the workspace's rate limit, fairly between its concurrent callers."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import Literal

from aiotwenty.errors import ConfigurationError, RateLimited

SLACK = 1.01
"""How much slower than the limit: the server rounds the tokens of each interval down (Twenty, July 2026)."""
JITTER = 0.0005
"""Seconds between two requests that timers and the network may take away."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`limit` requests per `per` seconds, for instance `RateLimit(100, per=60)`."""

    limit: int
    per: float = 60.0

    def __post_init__(self) -> None:
        if self.limit < 1 or self.per <= 0:
            raise ConfigurationError(f"RateLimit: {self.limit} requests per {self.per} s is not a limit.")


class RateLimiter:
    """Paces requests; give one object to several clients of one workspace to make them share its limit.

    Without a `RateLimit` it lets everything pass until the server refuses a request and names its limit, and paces
    itself from then on. It counts as the server does: a bucket of `limit` tokens, refilled with time, one token a
    request. Callers are served in the order they came, those that were refused first of all. A caller that is
    cancelled while it waits takes no token.
    """

    def __init__(self, limit: RateLimit | None = None) -> None:
        self.limit = limit
        self._tokens = float(limit.limit) if limit else 0.0
        self._counted = time.monotonic()
        self._blocked_until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, *, again: bool = False) -> None:
        """Waits for a turn. `again` is for a request that the server has refused: it goes before the others."""
        if not self._waiting and self._wait() <= 0:
            self._take()
            return
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        if again:
            self._waiting.appendleft(turn)
        else:
            self._waiting.append(turn)
        self._schedule(loop)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._tokens += 1
            elif turn in self._waiting:
                self._waiting.remove(turn)
            self._schedule(loop)
            raise

    def refused(self, error: RateLimited) -> None:
        """Learns from a refusal: the limit, if the server names it, and that no token is left."""
        now = time.monotonic()
        if error.limit and error.per:
            self.limit = RateLimit(error.limit, error.per)
        self._tokens = 0.0
        self._counted = now
        if error.retry_after is not None and self.limit is None:
            self._blocked_until = max(self._blocked_until, now + error.retry_after)

    def _interval(self, limit: RateLimit) -> float:
        return limit.per / limit.limit * SLACK + JITTER

    def _refill(self, limit: RateLimit) -> None:
        now = time.monotonic()
        self._tokens = min(float(limit.limit), self._tokens + (now - self._counted) / self._interval(limit))
        self._counted = now

    def _wait(self) -> float:
        """Seconds until the next request may go."""
        blocked = self._blocked_until - time.monotonic()
        if self.limit is None:
            return blocked
        self._refill(self.limit)
        return max(blocked, (1 - self._tokens) * self._interval(self.limit))

    def _take(self) -> None:
        if self.limit is not None:
            self._tokens -= 1

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._timer = loop.call_later(max(0.0, self._wait()), self._serve, loop)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._waiting and self._wait() <= 0:
            turn = self._waiting.popleft()
            if not turn.done():
                self._take()
                turn.set_result(None)
        self._schedule(loop)


def make_limiter(choice: Literal["auto"] | RateLimit | RateLimiter | None) -> RateLimiter | None:
    """The limiter for what a client was given."""
    if choice is None or isinstance(choice, RateLimiter):
        return choice
    if isinstance(choice, RateLimit):
        return RateLimiter(choice)
    if choice == "auto":
        return RateLimiter()
    raise ConfigurationError(f"rate_limit is {choice!r}: it must be 'auto', a RateLimit, a RateLimiter or None.")
