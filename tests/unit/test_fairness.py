"""Many callers of one client: none waits without need, and nobody overtakes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiotwenty import Hooks, RateLimit, RateLimited, RateLimiter, Twenty
from tests.unit.scripted import KEY, ScriptedServer, answer, fails

COUNT = answer({"data": {"companies": {"totalCount": 3}}})


async def test_of_two_hundred_page_loads_at_once_a_hundred_are_under_way(server: ScriptedServer) -> None:
    server.say(COUNT)
    server.answering.clear()
    async with Twenty(server.url, api_key=KEY) as twenty:
        calls = [asyncio.ensure_future(twenty.companies.count()) for _ in range(200)]
        await server.has_got(100)
        await asyncio.sleep(0.1)
        assert len(server.requests) == 100
        server.answering.set()
        assert await asyncio.gather(*calls) == [3] * 200
    assert len({id(transport) for transport in server.transports}) == 100


async def test_interactive_calls_go_before_bulk_ones_and_those_that_came_first_before_the_others(
    server: ScriptedServer,
) -> None:
    server.say(COUNT)
    server.answering.clear()
    done: list[str] = []
    async with Twenty(server.url, api_key=KEY, max_connections=1) as twenty:
        bulk = twenty.with_options(priority="bulk")

        async def call(client: Twenty, name: str, **options: Any) -> None:
            await client.companies.count(**options)
            done.append(name)

        calls = [asyncio.ensure_future(call(twenty, "first"))]
        await server.has_got(1)
        for number in range(3):
            calls.append(asyncio.ensure_future(call(bulk, f"bulk {number}")))
            calls.append(asyncio.ensure_future(call(bulk, f"page {number}", priority="interactive")))
        await asyncio.sleep(0)
        server.answering.set()
        await asyncio.gather(*calls)
    assert done == ["first", "page 0", "page 1", "page 2", "bulk 0", "bulk 1", "bulk 2"]


async def test_a_page_load_does_not_wait_behind_bulk_calls_that_wait_for_the_limit(server: ScriptedServer) -> None:
    server.say(COUNT)
    limiter = RateLimiter(RateLimit(1, per=0.1))
    async with Twenty(server.url, api_key=KEY, rate_limit=limiter, max_connections=4) as twenty:
        bulk = [asyncio.ensure_future(twenty.companies.count(priority="bulk")) for _ in range(20)]
        await bulk[0]
        await twenty.companies.count()
        assert sum(call.done() for call in bulk) < 15
        for call in bulk:
            call.cancel()


async def test_clients_that_share_a_limiter_share_the_line_too(server: ScriptedServer) -> None:
    server.say(COUNT)
    limiter = RateLimiter(RateLimit(1, per=0.05))
    turns: list[str] = []

    def noted(name: str) -> Hooks:
        return Hooks(on_request=lambda _: turns.append(name))

    async with (
        Twenty(server.url, api_key=KEY, rate_limit=limiter, hooks=noted("bulk"), priority="bulk") as loading,
        Twenty(server.url, api_key=KEY, rate_limit=limiter, hooks=noted("page")) as serving,
    ):
        bulk = [asyncio.ensure_future(loading.companies.count()) for _ in range(10)]
        await bulk[0]
        before = len(turns)
        await serving.companies.count()
        assert turns.index("page") - before <= 1, "what was granted already may still come"
        await asyncio.gather(*bulk)


async def test_a_call_that_would_wait_too_long_for_the_limit_is_told_when_instead(server: ScriptedServer) -> None:
    server.say(COUNT)
    limiter = RateLimiter(RateLimit(2, per=1000))
    async with Twenty(server.url, api_key=KEY, rate_limit=limiter, max_wait=0.5) as twenty:
        await asyncio.gather(twenty.companies.count(), twenty.companies.count())
        bulk = [asyncio.ensure_future(twenty.companies.count(priority="bulk", max_wait=None)) for _ in range(4)]
        await asyncio.sleep(0.01)
        with pytest.raises(RateLimited, match=r"limit of 2 requests in 1000 s is used up.*max_wait=0.5") as refused:
            await twenty.companies.count(priority="bulk")
        assert not refused.value.sent
        assert not refused.value.outcome_unknown
        assert 2000 < (refused.value.retry_after or 0) < 3000
        for call in bulk:
            call.cancel()
    assert len(server.requests) == 2


async def test_a_call_waits_for_as_long_as_it_may_and_no_longer_when_others_overtake_it(server: ScriptedServer) -> None:
    server.say(COUNT)
    limiter = RateLimiter(RateLimit(1, per=1))
    async with Twenty(server.url, api_key=KEY, rate_limit=limiter, max_wait=3) as twenty:
        await twenty.companies.count()
        bulk = [asyncio.ensure_future(twenty.companies.count(priority="bulk", max_wait=None)) for _ in range(4)]
        await asyncio.sleep(0.01)
        with pytest.raises(RateLimited):
            await twenty.companies.count(priority="bulk")
        assert await twenty.companies.count() == 3, "an interactive one waits for one turn"
        for call in bulk:
            call.cancel()
        await asyncio.sleep(0)
        hopeful = asyncio.ensure_future(limiter.acquire(rank=2, max_wait=1.2))
        others = [asyncio.ensure_future(twenty.companies.count(max_wait=None)) for _ in range(8)]
        with pytest.raises(RateLimited, match=r"max_wait=1\.2"):
            await hopeful
        for call in others:
            call.cancel()


async def test_a_call_that_the_server_refuses_is_told_when_there_is_no_time_for_another_turn(
    server: ScriptedServer,
) -> None:
    server.say(fails("Limit reached (1 tokens per 10000 ms)", "BAD_USER_INPUT", "LIMIT_REACHED", {"companies": None}))
    async with Twenty(server.url, api_key=KEY) as twenty:
        with pytest.raises(RateLimited) as refused:
            await twenty.companies.count(max_wait=0.5)
    assert refused.value.sent
    assert refused.value.retry_after == 10
    assert len(server.requests) == 1


async def test_those_who_gave_up_waiting_leave_nothing_behind(server: ScriptedServer) -> None:
    limiter = RateLimiter(RateLimit(1, per=1000))
    await limiter.acquire()
    for _ in range(10):
        waiting = [asyncio.ensure_future(limiter.acquire()) for _ in range(200)]
        await asyncio.sleep(0)
        for call in waiting:
            call.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert len(limiter._line._heap) < 200


async def test_a_client_that_closes_lets_those_who_wait_go(server: ScriptedServer) -> None:
    server.say(COUNT)
    server.answering.clear()
    twenty = Twenty(server.url, api_key=KEY, max_connections=1)
    calls = [asyncio.ensure_future(twenty.companies.count()) for _ in range(5)]
    await server.has_got(1)
    asyncio.get_running_loop().call_later(0.1, server.answering.set)
    await twenty.aclose()
    first, *others = await asyncio.gather(*calls, return_exceptions=True)
    assert first == 3
    assert all("closed" in str(other) for other in others)


async def test_a_limiter_in_two_event_loops_is_refused(server: ScriptedServer) -> None:
    server.say(COUNT)
    limiter = RateLimiter(RateLimit(100, per=1))

    async def elsewhere() -> None:
        async with Twenty(server.url, api_key=KEY, rate_limit=limiter) as twenty:
            with pytest.raises(Exception, match="RateLimiter belongs to another event loop"):
                await twenty.companies.count()

    async with Twenty(server.url, api_key=KEY, rate_limit=limiter) as twenty:
        assert await twenty.companies.count() == 3
        await asyncio.to_thread(lambda: asyncio.run(elsewhere()))
        assert await twenty.companies.count() == 3


def test_a_limiter_may_be_used_in_one_event_loop_after_the_other() -> None:
    limiter = RateLimiter(RateLimit(2, per=0.05))

    async def some() -> None:
        for _ in range(3):
            await limiter.acquire()

    asyncio.run(some())
    asyncio.run(some())
