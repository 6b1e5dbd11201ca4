"""Calls that are cancelled at any moment leave nothing behind: no task, no place, no turn, no half a write."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import selectors
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from aiotwenty import RateLimit, RateLimiter, RetryPolicy, Twenty, TwentyError
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox

CALLERS = 24
CONNECTIONS = 6
FAULTS = ("latency=0.004:probability=0.3", "reset-after:probability=0.02", "busy:probability=0.02")
LOOPS: dict[str, Callable[[], selectors.BaseSelector]] = {
    name: getattr(selectors, name)
    for name in ("EpollSelector", "PollSelector", "SelectSelector", "KqueueSelector")
    if hasattr(selectors, name)
}


@dataclass
class Canceller:
    """Begins calls on one event loop and cancels them after a moment, until so many were cancelled."""

    sandbox: Sandbox
    seed: int
    wanted: int
    loop: str
    cancelled: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set)

    async def run(self) -> None:
        self.numbers = itertools.count(1)
        limiter = RateLimiter(RateLimit(3000, per=1))
        policy = RetryPolicy(base=0.002, max_delay=0.01, max_retry_after=0.05)
        before = asyncio.all_tasks()
        async with Twenty(
            self.sandbox.url,
            api_key=self.sandbox.api_key,
            rate_limit=limiter,
            max_connections=CONNECTIONS,
            retry=policy,
            verify=False,
        ) as twenty:
            self.twenty = twenty
            await asyncio.gather(*(self.cancel(random.Random(self.seed * 100 + one)) for one in range(CALLERS)))
            gc.collect()
            await asyncio.sleep(0.05)
            await until_only(before)
            assert asyncio.all_tasks() == before, "a task is left"
            engine = twenty._engine
            assert engine._gate._free == CONNECTIONS, "a place is left taken"
            assert not engine._gate._line
            assert not limiter._line, "somebody is still in the line"
            assert not engine.http._in_flight
            assert not engine.http._waiting
            async with asyncio.timeout(60):
                assert await asyncio.gather(*(twenty.people.count() for _ in range(4 * CONNECTIONS)))

    async def cancel(self, chance: random.Random) -> None:
        actions = (self.count, self.walk, self.create, self.create_many, self.with_deadline, self.find)
        while self.cancelled < self.wanted:
            task = asyncio.ensure_future(chance.choice(actions)())
            moment = chance.random() ** 3 * 0.2
            await asyncio.sleep(moment if moment > 0.001 else 0)
            was_cancelled = task.cancel()
            self.cancelled += was_cancelled
            try:
                await task
                self.ended["done"] += 1
            except asyncio.CancelledError:
                self.ended["cancelled"] += 1
            except TwentyError as error:
                self.ended[type(error).__name__] += 1

    def name(self) -> str:
        name = f"{self.loop} {self.seed} {next(self.numbers)}"
        self.names.add(name)
        return name

    async def count(self) -> None:
        await self.twenty.companies.count()

    async def find(self) -> None:
        await self.twenty.companies.find_many(first=2)

    async def walk(self) -> None:
        async for _ in self.twenty.companies.iterate(page_size=5, limit=20):
            await asyncio.sleep(0)

    async def create(self) -> None:
        await self.twenty.companies.create_one({"name": self.name()})

    async def create_many(self) -> None:
        await self.twenty.companies.create_many([{"name": self.name()} for _ in range(3)])

    async def with_deadline(self) -> None:
        await self.twenty.companies.count(deadline=0.01)


def check_cancellations(seed: int, wanted: int) -> None:
    """On several event loops at a time, each in a thread of its own, and each with a client of its own."""
    begun = time.monotonic()
    failures: list[BaseException] = []

    def run(canceller: Canceller, selector: Callable[[], selectors.BaseSelector]) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector())) as runner:
                runner.run(canceller.run())
        except BaseException as error:
            failures.append(error)

    with running_sandbox(faults=FAULTS, seed=seed) as sandbox:
        cancellers = [Canceller(sandbox, seed, 1 + wanted // len(LOOPS), loop) for loop in LOOPS]
        threads = [
            threading.Thread(target=run, args=(canceller, LOOPS[canceller.loop]), daemon=True)
            for canceller in cancellers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stored = asyncio.run(everything(sandbox))
    ended = sum((canceller.ended for canceller in cancellers), Counter())
    sys.stdout.write(
        f"\nseed {seed}: {sum(one.cancelled for one in cancellers):,} calls cancelled on {len(cancellers)} loops "
        f"({dict(ended)}), {len(stored):,} records, {time.monotonic() - begun:.0f} s\n"
    )
    if failures:
        raise failures[0]
    assert len(set(stored)) == len(stored), "a record was made twice"
    assert set(stored) <= set().union(*(canceller.names for canceller in cancellers))


async def everything(sandbox: Sandbox) -> list[str]:
    sandbox.faults.clear()
    async with Twenty(sandbox.url, api_key=sandbox.api_key, verify=False) as twenty:
        return [str(company.name) async for company in twenty.companies.iterate()]


async def until_only(tasks: set[asyncio.Task[Any]]) -> None:
    """Until there are no others, or there have been for long: connections that close take a moment."""
    for _ in range(1000):
        await asyncio.sleep(0.01)
        if asyncio.all_tasks() == tasks:
            break


async def cancelled(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_cancelled_calls_leave_nothing_behind(seed: int) -> None:
    check_cancellations(seed, 600)


@pytest.mark.soak
def test_a_hundred_thousand_cancelled_calls_leave_nothing_behind(seed: int, cancellations: int) -> None:
    for part, done in enumerate(range(0, cancellations, 10_000)):
        check_cancellations(seed + part, min(cancellations - done, 10_000))


@pytest.mark.parametrize("turns", range(0, 24, 3))
async def test_a_call_may_be_cancelled_in_any_turn_of_the_loop(turns: int, twenty_sandbox: Sandbox) -> None:
    """The same call, cancelled a few turns later each time: in the line, while it connects, sends, waits and reads."""
    limiter = RateLimiter(RateLimit(1000, per=1))
    async with Twenty(
        twenty_sandbox.url, api_key=twenty_sandbox.api_key, max_connections=1, rate_limit=limiter
    ) as twenty:
        before = asyncio.all_tasks()
        calls: list[Callable[[], Awaitable[Any]]] = [
            lambda: twenty.companies.count(),
            lambda: twenty.companies.count(deadline=60),
            lambda: anext(twenty.companies.iterate()),
        ]
        for call in calls:
            tasks = [asyncio.ensure_future(call()) for _ in range(4)]
            for _ in range(turns):
                await asyncio.sleep(0)
            await cancelled(tasks)
            del tasks
            gc.collect()
            await until_only(before)
            assert asyncio.all_tasks() == before
            assert twenty._engine._gate._free == 1
        async with asyncio.timeout(60):
            assert await twenty.companies.count() == 0
