"""Objects go one after the other, and side by side while requests wait for the rate limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from aiotwenty.migrate.lanes import LANES, in_lanes


class Work:
    """Notes what begins and ends, and how many are under way at once; takes turns of the loop, not seconds."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.under_way = self.most = 0

    async def do(self, name: str, turns: int = 100) -> str:
        self.events.append(f"{name} begins")
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            for _ in range(turns):
                await asyncio.sleep(0)
            self.events.append(f"{name} ends")
            return name
        finally:
            self.under_way -= 1

    def all(self, names: str) -> list[Callable[[], Coroutine[Any, Any, str]]]:
        return [partial(self.do, name) for name in names]


async def never() -> None:
    await asyncio.Event().wait()


async def always() -> None:
    return None


async def test_where_nothing_waits_they_go_one_after_the_other() -> None:
    work = Work()
    assert await in_lanes(work.all("abcd"), never) == list("abcd")
    assert work.most == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert work.events[:3] == ["a begins", "a ends", "b begins"]


async def test_while_requests_wait_they_go_side_by_side() -> None:
    work = Work()
    assert await in_lanes(work.all("abcdefghijklmnopqrstuvwxyz"), always) == list("abcdefghijklmnopqrstuvwxyz")
    assert work.most == LANES


async def test_each_begins_after_those_that_it_needs() -> None:
    work = Work()
    assert await in_lanes(work.all("abcd"), always, [(), {0}, (), {1, 2}]) == list("abcd")
    assert work.events.index("a ends") < work.events.index("b begins")
    assert work.events.index("c begins") < work.events.index("a ends")
    assert work.events[-2:] == ["d begins", "d ends"]


async def test_the_first_that_fails_ends_the_others_and_is_told() -> None:
    work = Work()

    async def fail() -> str:
        for _ in range(100):
            await asyncio.sleep(0)
        raise LookupError("gone")

    wanted: list[Callable[[], Coroutine[Any, Any, str]]] = [
        partial(work.do, "long", 10**9),
        fail,
        partial(work.do, "after"),
    ]
    with pytest.raises(LookupError, match="gone"):
        await in_lanes(wanted, always, [(), (), {0}])
    assert (work.events, work.under_way) == (["long begins"], 0)


async def test_whoever_ends_them_waits_for_what_is_under_way() -> None:
    ended: list[str] = []

    begun: asyncio.Queue[None] = asyncio.Queue()

    async def finish() -> str:
        begun.put_nowait(None)
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            ended.append("written down")
        return ""

    running = asyncio.ensure_future(in_lanes([finish, finish], always))
    for _ in range(2):
        await begun.get()
    running.cancel()
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == ["written down"] * 2
