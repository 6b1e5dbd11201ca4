"""Processes under one limit, which meet in a real Redis."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import RateLimit, RedisRateLimiter, Twenty, migrate
from aiotwenty.sandbox import Sandbox
from tests.support.redis_server import RedisServer, needs_redis

pytestmark = [pytest.mark.integrations, needs_redis]

PROCESS = Path(__file__).with_name("limited_process.py")
MOVES = Path(__file__).with_name("moving_process.py")
MOVED = ("companies", "people", "notes", "tasks", "messageLists", "dashboards")


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    running = RedisServer(tmp_path)
    running.start()
    yield running
    running.stop()


async def begun(program: Path, sandbox: Sandbox, redis: RedisServer, *more: object) -> asyncio.subprocess.Process:
    """A process that waits for a line on its standard input."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), sandbox.url, sandbox.api_key, redis.url, *map(str, more)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def ended(processes: Sequence[asyncio.subprocess.Process]) -> list[Any]:
    """What they print, begun at once."""
    return [json.loads(out) for out, _ in await asyncio.gather(*(process.communicate(b"\n") for process in processes))]


@pytest.mark.parametrize(
    ("limit", "seconds", "least"),
    [("50/5s", 10.0, 105), pytest.param("100/60s", 84.0, 225, marks=pytest.mark.soak)],
)
async def test_four_processes_share_a_limit_that_they_learn(
    redis: RedisServer, limit: str, seconds: float, least: int
) -> None:
    async with Sandbox(rate_limit=limit) as sandbox:
        processes = await asyncio.gather(*(begun(PROCESS, sandbox, redis, 4, seconds) for _ in range(4)))
        told = await ended(processes)
    passed = [process[0] for process in told]
    assert sum(process[1] for process in told) <= 5, told
    assert sum(passed) >= least, told
    assert all(abs(share - sum(passed) / 4) <= 0.1 * sum(passed) / 4 for share in passed), told


async def test_a_process_that_is_killed_leaves_its_turns_to_the_others(redis: RedisServer) -> None:
    async with Sandbox(rate_limit="10/1s") as sandbox:
        process = await begun(PROCESS, sandbox, redis, 50, 60)
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
            assert time.monotonic() - killed < 15


async def exported(folder: Path, who: str, rows: int) -> None:
    """A workspace with so many records of several objects, in a folder."""
    async with Sandbox() as sandbox, Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as twenty:
        await twenty.companies.load(
            {"name": f"{who} {at}", "domainName": f"https://{who}{at}.example"} for at in range(rows)
        )
        companies = [company.id async for company in twenty.companies.iterate()]
        await twenty.people.load({"email": f"{who}{at}@example.com", "companyId": companies[at]} for at in range(rows))
        for plural, label in (
            ("notes", "title"),
            ("tasks", "title"),
            ("messageLists", "name"),
            ("dashboards", "title"),
        ):
            await (await twenty.object(plural)).load({label: f"{who} {at}"} for at in range(rows))
        await migrate.export_workspace(twenty, folder)


async def test_processes_that_move_workspaces_under_one_limit_share_requests_and_lose_nothing(
    redis: RedisServer, tmp_path: Path
) -> None:
    rows, folders = 200, [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        await exported(folder, folder.name, rows)
    async with Sandbox(rate_limit="6/1s") as sandbox:
        processes = [await begun(MOVES, sandbox, redis, folder) for folder in folders]
        told = await ended(processes)
        sandbox.set_rate_limit(None)
        async with Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
            there = {plural: await (await twenty.object(plural)).count() for plural in MOVED}
            compared = [one for folder in folders for one in await migrate.compare_workspace(twenty, folder)]
    assert not [wrong for process in told for wrong in process["wrong"]]
    assert there == dict.fromkeys(MOVED, 2 * rows)
    assert not [one for one in compared if one.missing or one.different]
    assert all(process["read"][plural] >= rows for process in told for plural in MOVED), told
    assert sum(process["refused"] for process in told) <= 5, told
    assert all(process["shared"] > process["calls"] / 4 for process in told), told
