"""Processes under one limit, which meet in a real Redis."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiotwenty import RateLimit, RedisRateLimiter
from aiotwenty.sandbox import Sandbox
from tests.support.redis_server import RedisServer, needs_redis

pytestmark = [pytest.mark.integrations, needs_redis]

PROCESS = Path(__file__).with_name("limited_process.py")


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    running = RedisServer(tmp_path)
    running.start()
    yield running
    running.stop()


async def begun(sandbox: Sandbox, redis: RedisServer, callers: int, seconds: float) -> asyncio.subprocess.Process:
    """A process that waits for a line on its standard input."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PROCESS), sandbox.url, sandbox.api_key, redis.url, str(callers), str(seconds)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize(
    ("limit", "seconds", "least"),
    [("50/5s", 10.0, 105), pytest.param("100/60s", 84.0, 225, marks=pytest.mark.soak)],
)
async def test_four_processes_share_a_limit_that_they_learn(
    redis: RedisServer, limit: str, seconds: float, least: int
) -> None:
    async with Sandbox(rate_limit=limit) as sandbox:
        processes = await asyncio.gather(*(begun(sandbox, redis, callers=4, seconds=seconds) for _ in range(4)))
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"\n")
        told = [json.loads((await process.communicate())[0]) for process in processes]
    passed = [process[0] for process in told]
    assert sum(process[1] for process in told) <= 5, told
    assert sum(passed) >= least, told
    assert all(abs(share - sum(passed) / 4) <= 0.1 * sum(passed) / 4 for share in passed), told


async def test_a_process_that_is_killed_leaves_its_turns_to_the_others(redis: RedisServer) -> None:
    async with Sandbox(rate_limit="10/1s") as sandbox:
        process = await begun(sandbox, redis, callers=50, seconds=60)
        assert process.stdin is not None
        process.stdin.write(b"\n")
        async with RedisRateLimiter(redis.url, "crm") as limiter:
            while limiter.limits != (RateLimit(10, per=1),):
                await limiter.acquire()
                limiter.unanswered()
            # Behind interactive ones of another process.
            turn = asyncio.ensure_future(limiter.acquire(rank=1))
            await asyncio.sleep(0.5)
            assert not turn.done()
            process.kill()
            await process.wait()
            killed = time.monotonic()
            await turn
            for _ in range(10):
                await limiter.acquire(rank=1)
                limiter.passed(time.monotonic())
            # Ten turns take a second; those of the other one at most two until they are free.
            assert time.monotonic() - killed < 5
