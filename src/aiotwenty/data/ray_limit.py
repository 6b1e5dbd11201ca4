# pyright: reportMissingImports=false
"""One rate limit for all tasks of a Ray job: an actor that grants turns, and each task's limiter, which asks it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from asyncio import Future
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Literal, Protocol

from aiotwenty.errors import ConfigurationError, ConnectionFailed, RateLimited, TwentyError
from aiotwenty.transport.queueing import Line, Wait
from aiotwenty.transport.rate_limit import RateLimit, RateLimiter, no_turn, wait_for_turn

if TYPE_CHECKING:
    from collections.abc import Awaitable

NAMESPACE = "aiotwenty"
"""The namespace of Ray in which jobs' actors have their names."""
_A_TURN = 0.01
"""Seconds: the interval of turns at 100 requests a second."""


class LimitDesk:
    """The actor: one limiter that grants turns to every task of the job. It also counts read records."""

    def __init__(self, limit: RateLimit | None) -> None:
        self._limiter = RateLimiter(limit)
        self._read: dict[int, int] = {}

    async def turn(self, rank: int, again: bool) -> list[RateLimit]:
        """Returns at the caller's turn, with the known limits."""
        await self._limiter.acquire(rank=rank, again=again)
        return list(self._limiter.limits)

    async def told(self, passed: list[float], refused: list[tuple[RateLimited, float, float]], returned: int) -> None:
        """Reports the results of turns; times are in seconds ago."""
        now = time.monotonic()
        for ago in passed:
            self._limiter.passed(now - ago)
        for error, ago, longest in refused:
            self._limiter.refused(error, now - ago, longest)
        for _ in range(returned):
            self._limiter.give_back()

    async def read(self, part: int, records: int, parts: int) -> int | None:
        """Records that one of the job's `parts` has been read. Returns the records of all parts after the last one."""
        self._read[part] = records
        return sum(self._read.values()) if len(self._read) == parts else None


class _Method(Protocol):
    def remote(self, *arguments: object) -> Awaitable[Any]: ...


class Desk(Protocol):
    """A handle to the actor."""

    @property
    def turn(self) -> _Method: ...
    @property
    def told(self) -> _Method: ...
    @property
    def read(self) -> _Method: ...


def open_desk(name: str, limit: RateLimit | None) -> Desk:
    """Makes the actor of a job, which lives as long as the calling program."""
    import ray

    actor = ray.remote(LimitDesk).options(
        name=name, namespace=NAMESPACE, get_if_exists=True, num_cpus=0, max_concurrency=10_000, max_restarts=-1
    )
    desk: Desk = actor.remote(limit)
    return desk


def find_desk(name: str) -> Desk:
    """The actor of a job, for one of its tasks."""
    import ray

    try:
        desk: Desk = ray.get_actor(name, namespace=NAMESPACE)
    except ValueError:
        raise ConfigurationError(
            "the program that started this Ray job has ended, and so has its rate limit."
        ) from None
    return desk


class JobLimiter:
    """The limiter of one task. It asks the job's actor for turns while a call waits for one.

    It asks for one turn at a time, so that a killed task takes no more than one turn with it.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._line = Line()
        self._limits: tuple[RateLimit, ...] = ()
        self._asking: asyncio.Task[None] | None = None
        self._telling: set[Future[Any]] = set()

    @property
    def limits(self) -> tuple[RateLimit, ...]:
        """The known limits of the server."""
        return self._limits

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Does nothing: a task has one event loop."""

    def try_acquire(self) -> bool:
        """Always False, because only the actor knows."""
        return False

    async def acquire(
        self, *, rank: int = 0, again: bool = False, wait: Wait = wait_for_turn, max_wait: float | None = None
    ) -> None:
        """Waits for a turn. Raises `RateLimited` if that takes longer than `max_wait`."""
        loop = asyncio.get_running_loop()
        turn, timer = self._line.join(2 * rank + (not again)), None
        if max_wait is not None:
            timer = loop.call_later(max_wait, self._give_up, turn, max_wait)
        if self._asking is None or self._asking.done():
            self._asking = loop.create_task(self._ask(rank, again))
        try:
            await self._line.stay(turn, wait, self.give_back)
        finally:
            if timer is not None:
                timer.cancel()

    async def _ask(self, rank: int, again: bool) -> None:
        from ray.exceptions import RayError

        while self._line:
            try:
                self._limits = tuple(await self._desk.turn.remote(rank, again))
            except RayError as error:
                failure = ConnectionFailed(f"the rate limit of this Ray job cannot be asked ({type(error).__name__}).")
                failure.sent = False
                self._fail(failure)
                return
            if not self._line.grant():
                self.give_back()

    def _fail(self, error: TwentyError) -> None:
        for turn in self._line.turns():
            turn.set_exception(copy(error))

    def _give_up(self, turn: Future[bool], max_wait: float) -> None:
        if not turn.done():
            turn.set_exception(no_turn(max_wait, max_wait, self._limits))

    def give_back(self) -> None:
        """Returns a turn that was granted and not used."""
        self._tell([], [], 1)

    def passed(self, sent: float) -> None:
        """The server accepted a request sent at this time (of the monotonic clock)."""
        self._tell([time.monotonic() - sent], [], 0)

    def refused(self, error: RateLimited, sent: float, longest: float = 60.0) -> None:
        """Reports the refusal of a request sent at this time: the job learns the limit."""
        if error.limit and error.per:
            self._limits = (RateLimit(error.limit, error.per),)
        # Without the request and its response.
        told = RateLimited("the rate limit is used up.")
        told.limit, told.per, told.retry_after = error.limit, error.per, error.retry_after
        self._tell([], [(told, time.monotonic() - sent, longest)], 0)

    def unanswered(self) -> None:
        """Counts the turn as used."""

    def wait(self) -> float:
        """Unknown here; not zero while other calls wait."""
        return _A_TURN if self._line else 0.0

    def _tell(
        self, passed: Sequence[float], refused: Sequence[tuple[RateLimited, float, float]], returned: int
    ) -> None:
        telling = asyncio.ensure_future(self._desk.told.remote(passed, refused, returned))
        self._telling.add(telling)
        telling.add_done_callback(self._reported)

    def _reported(self, telling: Future[Any]) -> None:
        self._telling.discard(telling)
        if not telling.cancelled():
            # If the actor was restarted meanwhile, it learns the limit again.
            telling.exception()

    async def aclose(self) -> None:
        """Waits until all reports are sent."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while self._telling:
                    await asyncio.wait(self._telling)


def limit_of(choice: Literal["auto"] | RateLimit | None) -> RateLimit | None:
    """The actor's initial limit. Raises `ConfigurationError` for limiters, which belong to one process."""
    if choice is None or choice == "auto" or isinstance(choice, RateLimit):
        return choice if isinstance(choice, RateLimit) else None
    raise ConfigurationError(
        'rate_limit of a Ray job must be "auto", a RateLimit or None: its tasks share one limiter.'
    )
