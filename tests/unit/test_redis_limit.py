"""Processes that share a limit in a real Redis. Each limiter here is that of a process of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiotwenty import ConfigurationError, ConnectionFailed, InvalidArgument, RateLimit, RateLimited, Twenty
from aiotwenty import RedisRateLimiter as Limiter
from tests.support.redis_server import RedisServer, needs_redis
from tests.unit.scripted import KEY, ScriptedServer, answer

pytest.importorskip("redis", reason="the extra redis is not installed")

COUNT = answer({"data": {"companies": {"totalCount": 3}}})
REFUSED = answer(
    {
        "data": {"companies": None},
        "errors": [
            {
                "message": "Limit reached (4 tokens per 200 ms)",
                "extensions": {"subCode": "LIMIT_REACHED", "code": "BAD_USER_INPUT"},
            }
        ],
    }
)


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    running = RedisServer(tmp_path)
    running.start()
    yield running
    running.stop()


@needs_redis
async def test_processes_take_turns_and_a_page_load_of_one_goes_before_the_import_of_another(
    redis: RedisServer,
) -> None:
    limit = RateLimit(4, per=0.4)
    async with (
        Limiter(redis.url, "crm", limit=limit) as loading,
        Limiter(redis.url, "crm", limit=limit) as also_loading,
        Limiter(redis.url, "crm", limit=limit) as serving,
    ):
        turns: list[str] = []
        some = asyncio.Event()

        async def take(limiter: Limiter, name: str, rank: int) -> None:
            await limiter.acquire(rank=rank)
            turns.append(name)
            if len(turns) == 8:
                some.set()
            limiter.passed(time.monotonic())

        calls = [asyncio.ensure_future(take(loading, "one", 1)) for _ in range(50)]
        calls += [asyncio.ensure_future(take(also_loading, "two", 1)) for _ in range(50)]
        await some.wait()
        before = len(turns)
        await take(serving, "page", 0)
        # What was granted already may still come, and what is granted until Redis hears of the page: not all.
        assert turns.index("page") - before <= 30
        with pytest.raises(RateLimited, match=r"limit of 4 requests in 0.4 s is used up.*max_wait=0.05") as refused:
            await serving.acquire(rank=1, max_wait=0.05)
        assert not refused.value.sent
        assert 0.05 < (refused.value.retry_after or 0) < 3
        for call in calls:
            call.cancel()
    both = [name for name in turns[:10] if name != "page"]
    assert abs(both.count("one") - both.count("two")) <= 4


@needs_redis
async def test_what_one_process_was_refused_for_the_others_know(redis: RedisServer, server: ScriptedServer) -> None:
    server.say(COUNT, REFUSED, COUNT)
    async with (
        Limiter(redis.url, "crm") as one,
        Limiter(redis.url, "crm") as other,
        Twenty(server.url, api_key=KEY, rate_limit=one) as twenty,
        Twenty(server.url, api_key=KEY, rate_limit=other) as elsewhere,
    ):
        assert [await twenty.companies.count() for _ in range(2)] == [3, 3]
        assert await elsewhere.companies.count() == 3
        assert one.limits == other.limits == (RateLimit(4, per=0.2),)
        begun = time.monotonic()
        await asyncio.gather(*(client.companies.count() for client in (twenty, elsewhere) for _ in range(5)))
        assert time.monotonic() - begun > 0.25, "ten turns of 50 ms, but for four that may have come in"


@needs_redis
async def test_turns_of_one_who_is_gone_are_free_again(redis: RedisServer) -> None:
    limit = RateLimit(3, per=300)
    gone, there = Limiter(redis.url, "crm", limit=limit), Limiter(redis.url, "crm", limit=limit)
    calls = [asyncio.ensure_future(gone.acquire()) for _ in range(3)]
    await asyncio.gather(*calls)
    # A process that is killed says nothing more, not even what it did with its turns.
    assert gone._pump is not None
    gone._pump.cancel()
    gone._desk.leave()
    begun = time.monotonic()
    await there.acquire()
    assert 1.0 < time.monotonic() - begun < 60
    await there.aclose()


@needs_redis
async def test_without_redis_calls_fail_at_first_and_go_on_with_their_part_later(
    redis: RedisServer, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.say(COUNT)
    redis.stop()
    url = redis.url.replace("redis://", "redis://user:very-secret@")
    async with Limiter(url, "crm", limit=RateLimit(100, per=1)) as limiter:
        assert "very-secret" not in repr(limiter)
        with pytest.raises(ConnectionFailed, match=r"rate limit, redis://127.0.0.1:\d+, cannot be reached") as failed:
            await limiter.acquire()
        assert not failed.value.sent
        assert "very-secret" not in f"{failed.value!r}{failed.value.__cause__!r}{failed.value.__context__!r}"
        redis.start()
        with pytest.raises(ConfigurationError, match="refuses: "):
            await limiter.acquire()
    async with (
        Limiter(redis.url, "crm", limit=RateLimit(100, per=1)) as limiter,
        Twenty(server.url, api_key=KEY, rate_limit=limiter) as twenty,
    ):
        assert await twenty.companies.count() == 3
        redis.stop()
        assert await asyncio.gather(*(twenty.companies.count() for _ in range(3))) == [3] * 3
        assert "is away (ConnectionFailed): until it is back, this process keeps to 1/1 of the limit" in caplog.text
        redis.start()
        while "is back" not in caplog.text:
            assert await twenty.companies.count() == 3
            await asyncio.sleep(0.05)
        assert limiter.limits == (RateLimit(100, per=1),)


@needs_redis
async def test_it_belongs_to_one_event_loop_at_a_time(redis: RedisServer) -> None:
    limiter = Limiter(redis.url, "crm", limit=RateLimit(10, per=0.1))
    await limiter.acquire()
    with pytest.raises(ConfigurationError, match="another event loop: create one for each loop, with the same address"):
        await asyncio.to_thread(lambda: asyncio.run(limiter.acquire()))
    await limiter.aclose()

    def in_two_loops() -> None:
        own = Limiter(redis.url, "crm", limit=RateLimit(10, per=0.1))
        for _ in range(2):
            asyncio.run(own.acquire())

    await asyncio.to_thread(in_two_loops)


@pytest.mark.parametrize("url", ["http://:very-secret@localhost", ""])
def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidArgument, match="not a Redis address") as refused:
        Limiter(url, "crm")
    assert "very-secret" not in str(refused.value)
