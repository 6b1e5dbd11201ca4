"""A rate limit shared by several processes through Redis."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from asyncio import Future
from copy import copy
from types import TracebackType
from typing import Any, Self

from aiotwenty.errors import ConfigurationError, ConnectionFailed, InvalidArgument, RateLimited, TwentyError
from aiotwenty.transport.queueing import Line, Wait
from aiotwenty.transport.rate_limit import RateLimit, RateLimiter, is_believable, no_turn, wait_for_turn
from aiotwenty.transport.redis_desk import PLACES, Grants, RedisDesk, Report

logger = logging.getLogger("aiotwenty")

_TOLD_WITHIN = 0.02
"""The seconds for which reports are held back, to send several at once."""
_LOOK_AGAIN = 1.0
"""The seconds until an unreachable Redis is tried again."""
_LATE_SHARE = 0.5
_LATE_MOST = 0.1
"""The share of a slow response's delay that is attributed to the way to the server, and the most of it, in turns."""


class RedisRateLimiter:
    """One limit for all processes with the same Redis and `name`: `RedisRateLimiter("redis://localhost", "crm")`.

    The processes learn from each other's refusals, share turns evenly, and let interactive requests of any of them go
    before bulk ones. Without a `limit` it is learned; until then, few requests run at a time. The turns of a process
    that ends, for any reason, are freed within two seconds.

    If Redis cannot be reached at first, calls fail with `ConnectionFailed`. If it becomes unreachable later, each
    process continues with its even share of the limit, logs that, and returns to Redis when it is back.

    It belongs to the first event loop that uses it, until that is closed: `ConfigurationError` in another one. Its
    connection closes with the loop, or with `aclose()`. Needs the extra `redis`; Redis 5 or Valkey.
    """

    def __init__(self, url: str, name: str, *, limit: RateLimit | None = None) -> None:
        if not isinstance(name, str) or not name:
            raise InvalidArgument("name must be the name of the limit in Redis, such as that of the workspace.")
        self._name = name
        self._desk = RedisDesk(url, name)
        self._desk.check()
        self._limits: tuple[RateLimit, ...] = () if limit is None else (limit,)
        self._fresh = True
        self._start(None)

    def _start(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._line = Line()
        self._wake = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._patience: dict[Future[bool], tuple[int, float, float]] = {}
        self._flying = self._received = self._returned = 0
        self._passed: list[float] = []
        self._refused: list[tuple[float, float, float, float]] = []
        self._usual_time = 1.0
        self._next_turn = 0.0
        self._interval = 0.0
        self._sharing = 1
        self._was_there = False
        self._alone: RateLimiter | None = None

    def __repr__(self) -> str:
        # A debugger also calls this on an object whose constructor failed.
        address = self._desk.address if "_desk" in vars(self) else ""
        return f"RedisRateLimiter({address!r}, {self._name!r})"

    def __reduce__(self) -> Any:
        raise ConfigurationError(
            "a RedisRateLimiter can't be pickled: create one in the other process, with the same address and name."
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Sends the last report, and closes the connection. The next use opens it again."""
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            await asyncio.wait([pump])
        await self._desk.close()

    @property
    def limits(self) -> tuple[RateLimit, ...]:
        """The known limits of the server, from any of the processes."""
        return self._limits

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raises `ConfigurationError` if it belongs to another event loop that is still running."""
        if self._loop is loop and not self._desk.is_inherited:
            return
        if self._loop is not None:
            if not self._desk.is_inherited and not self._loop.is_closed():
                raise ConfigurationError(
                    "this RedisRateLimiter belongs to another event loop: create one for each loop, with the same "
                    "address and name."
                )
            self._desk.leave()
        self._start(loop)

    def try_acquire(self) -> bool:
        """Always False, because only Redis knows."""
        return False

    async def acquire(
        self, *, rank: int = 0, again: bool = False, wait: Wait = wait_for_turn, max_wait: float | None = None
    ) -> None:
        """Waits for a turn. `again` is for a request that the server refused: it goes before others.

        `wait` does the waiting; if it raises, no turn is taken. Raises `RateLimited` instead of waiting for more than
        `max_wait` seconds, `ConnectionFailed` and `ConfigurationError` if Redis can't be used.
        """
        loop = asyncio.get_running_loop()
        self.bind(loop)
        place, timer = 2 * rank + (not again), None
        turn = self._line.join(place)
        if max_wait is not None:
            self._patience[turn] = (place, loop.time() + max_wait, max_wait)
            timer = loop.call_later(max_wait, self._give_up, turn, place, max_wait)
        self._ask_soon()
        try:
            await self._line.stay(turn, wait, self.give_back)
        finally:
            self._patience.pop(turn, None)
            if timer is not None:
                timer.cancel()

    def give_back(self) -> None:
        """Returns a turn that was granted and not used."""
        self._flying -= 1
        self._returned += 1
        self._ask_soon()

    def passed(self, sent: float) -> None:
        """The server accepted a request sent at this time (of the monotonic clock)."""
        self._flying -= 1
        longer = time.monotonic() - sent - self._usual_time
        self._usual_time += longer / 8
        self._passed.append(sent + min(max(0.0, longer * _LATE_SHARE), _LATE_MOST * self._interval))
        if self._alone is not None:
            self._alone.passed(sent)
        self._ask_soon()

    def refused(self, error: RateLimited, sent: float, longest: float = 60.0) -> None:
        """Reports the refusal of a request sent at this time: all processes learn the limit.

        A `Retry-After` holds all of them back, unless it is above `longest` seconds.
        """
        self._flying -= 1
        named = is_believable(error.limit, error.per)
        hold = 0.0 if error.limit or (error.retry_after or 0.0) > longest else error.retry_after or 0.0
        self._refused.append(((error.limit or 0) if named else 0, (error.per or 0.0) if named else 0.0, sent, hold))
        if self._alone is not None:
            self._alone.refused(error, sent, longest)
        self._ask_soon()

    def unanswered(self) -> None:
        """A request with a turn ended without saying anything about the limit."""
        self._flying -= 1
        self._ask_soon()

    def wait(self) -> float:
        """Seconds until the next request of any process may be sent, as far as is known."""
        return max(0.0, self._next_turn - time.monotonic()) if self._alone is None else self._alone.wait()

    def _ask_soon(self) -> None:
        self._wake.set()
        if self._pump is None or self._pump.done():
            assert self._loop is not None
            self._pump = self._loop.create_task(self._exchange_turns(), name="aiotwenty rate limit")

    async def _exchange_turns(self) -> None:
        """Gets turns while anybody waits, and reports events."""
        try:
            while self._line or self._wake.is_set():
                if not self._line and not self._refused and self._limits:
                    await asyncio.sleep(_TOLD_WITHIN)
                self._wake.clear()
                pause = await self._exchange()
                if self._line and not self._wake.is_set():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await self._wake.wait()
        except asyncio.CancelledError:
            # The loop ends: without this, callers would wait for ever.
            self._fail(ConfigurationError("the rate limit was closed while a request waited for its turn."))
            with contextlib.suppress(TwentyError):
                await self._desk.exchange(self._report())
            raise

    async def _exchange(self) -> float:
        """One exchange. Returns the seconds until the next one if nothing happens."""
        report = self._report()
        passed, refused = self._passed, self._refused
        self._passed, self._refused = [], []
        try:
            grants = await self._desk.exchange(report)
        except (ConfigurationError, ConnectionFailed) as error:
            self._passed, self._refused = passed + self._passed, refused + self._refused
            if not self._was_there:
                self._fail(error)
                return _LOOK_AGAIN
            return self._go_on_alone(error)
        if self._alone is not None:
            logger.warning("the Redis of the rate limit, %s, is back: the limit is shared again", self._desk.address)
            self._alone = None
        return self._take(grants)

    def _report(self) -> Report:
        now = time.monotonic()
        return Report(
            self._line.waiting(PLACES),
            max(0, self._flying),
            self._received,
            self._returned,
            [now - reached for reached in self._passed],
            [
                {"limit": limit, "per": 1000 * per, "ago": 1000 * (now - sent), "hold": 1000 * hold}
                for limit, per, sent, hold in self._refused
            ],
            [(limit.limit, limit.per, self._fresh) for limit in self._limits],
        )

    def _take(self, grants: Grants) -> float:
        assert self._loop is not None
        now = time.monotonic()
        self._was_there, self._fresh = True, False
        self._limits = tuple(RateLimit(limit, per) for limit, per in grants.limits)
        self._interval, self._next_turn = grants.interval, now + grants.wait
        self._sharing = max(1, grants.sharing)
        self._received += len(grants.turns)
        for delay in grants.turns:
            if delay > 0:
                self._loop.call_later(delay, self._hand_out)
            else:
                self._hand_out()
        for turn, (place, until, max_wait) in list(self._patience.items()):
            expected = self._expected(turn, place, grants)
            if not turn.done() and self._loop.time() + expected > until:
                turn.set_exception(no_turn(max_wait, expected, self._limits))
        return grants.pause

    def _expected(self, turn: Future[bool], place: int, grants: Grants) -> float:
        """Seconds until a turn, if no caller comes that goes before: processes share the turns of a rank."""
        here = self._line.before(turn, place)
        ahead = sum(grants.total[:place]) + min(max(0, grants.total[place] - 1), (here + 1) * self._sharing - 1)
        return grants.wait + max(0, ahead - max(0, grants.left - 1)) * grants.interval if grants.left <= ahead else 0.0

    def _give_up(self, turn: Future[bool], place: int, max_wait: float) -> None:
        if not turn.done():
            expected = max(self.wait(), self._interval) + self._line.before(turn, place) * self._interval
            turn.set_exception(no_turn(max_wait, expected, self._limits))

    def _hand_out(self) -> None:
        self._flying += 1
        if not self._line.grant():
            self.give_back()

    def _fail(self, error: TwentyError) -> None:
        for turn in self._line.turns():
            # A copy for each, because the error notes its caller's place.
            turn.set_exception(copy(error))

    def _go_on_alone(self, error: TwentyError) -> float:
        """Keeps to an even share of the limit, because the other processes can't be reached."""
        if self._alone is None:
            logger.warning(
                "the Redis of the rate limit, %s, is away (%s): until it is back, "
                "this process keeps to 1/%d of the limit",
                *(self._desk.address, type(error).__name__, self._sharing),
            )
            self._alone = RateLimiter.sharing(self._limits, self._sharing)
        while self._line and self._alone.try_acquire():
            self._flying += 1
            self._line.grant()
        return min(_LOOK_AGAIN, max(0.002, self._alone.wait()))
