"""A service under fire for as long as one likes: keys and secrets change, the server restarts, webhooks storm in.

`pytest -m soak tests/faults/test_services_soak.py --soak-seconds 300`; an hour by default.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from tests.support.deliveries import delivery, signed
from tests.support.soak_app import MAX_AGE

log = logging.getLogger("soak")

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read in /proc")

CLIENTS, SENDERS = 16, 4
ROOT = Path(__file__).resolve().parents[2]
DELIVERIES_A_SECOND = 50
"""Of each sender."""
ROTATE, RESTART, REPLACE = 7.0, 23.0, 11.0
"""Seconds between new keys, restarts of the server and new secrets."""


class World:
    """The server, what is asked of the service, and what it was answered."""

    def __init__(self, folder: Path) -> None:
        self.database, self.key_file = folder / "crm.db", folder / "key"
        self.sandbox = Sandbox(self.database)
        self.turn = asyncio.Lock()
        """Held by what changes the server: a key must not be made while it restarts."""
        self.acknowledged: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.answers: Counter[str] = Counter()
        self.delivered = 0
        self.secrets = ["the first secret"]
        self.states: list[dict[str, Any]] = []
        self.began = time.monotonic()

    def new_key(self) -> None:
        """A new key for the service; the others work no longer."""
        workspace = self.sandbox.workspace
        new = workspace.new_api_key(f"key {time.monotonic()}", "2099-01-01T00:00:00.000Z")
        beside = self.key_file.with_suffix(".new")
        beside.write_text(new.token, encoding="utf-8")
        beside.replace(self.key_file)
        for name, key in list(workspace.api_keys.items()):
            if key is not new and key.revoked_at is not None:
                del workspace.api_keys[name]
            elif key is not new:
                key.revoked_at = key.created_at

    async def rotate(self) -> None:
        async with self.turn:
            self.new_key()

    async def restart(self) -> None:
        async with self.turn:
            port = self.sandbox.port
            await self.sandbox.aclose()
            await asyncio.sleep(0.5)
            self.sandbox = Sandbox(self.database, port=port)
            await self.sandbox.start()


async def every(seconds: float, do: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await do()


@asynccontextmanager
async def service(world: World, folder: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.soak_app", world.sandbox.url, str(world.key_file)),
        str(folder / "deliveries.db"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def page_views(world: World, url: str, number: int) -> None:
    """One user of the service: makes a company, looks at some."""
    chance, count = random.Random(number), 0
    async with aiohttp.ClientSession(url) as session:
        while True:
            count += 1
            if chance.random() < 0.4:
                async with session.get("/companies") as response:
                    world.answers[f"GET {response.status}"] += 1
            else:
                name = f"c{number}-{count}"
                async with session.post("/companies", json={"name": name}) as response:
                    told = await response.json()
                    world.answers[f"POST {response.status}"] += 1
                    if response.status == 201:
                        world.acknowledged[told["id"]] = name
                    else:
                        world.unknown.add(name)
                        log.warning("%s: %s", name, told)
            await asyncio.sleep(chance.uniform(0, 0.2))


async def storm(world: World, url: str, number: int) -> None:
    """Deliveries; some are sent again, and some are forged."""
    chance = random.Random(number)
    async with aiohttp.ClientSession(url) as session:

        async def send(body: bytes, headers: dict[str, str], expected: int) -> None:
            async with session.post("/hook", data=body, headers=headers) as response:
                world.answers[f"hook {response.status}, expected {expected}"] += 1

        while True:
            body = delivery()
            headers = signed(body, secret=chance.choice(world.secrets))
            await send(body, headers, 204)
            world.delivered += 1
            if chance.random() < 0.05:
                await send(body, headers, 409)
            if chance.random() < 0.05:
                await send(body, signed(body, secret="forged"), 401)
            await asyncio.sleep(1 / DELIVERIES_A_SECOND)


async def replace_secret(world: World, session: aiohttp.ClientSession) -> None:
    """The receiver takes both for a while; then the senders have the new one only, then the receiver."""
    new = secrets.token_hex(32)
    for taken, sent in (([*world.secrets, new], [*world.secrets, new]), ([*world.secrets, new], [new])):
        async with session.post("/secrets", json=taken) as response:
            assert response.status == 204
        world.secrets = sent
        await asyncio.sleep(2)  # what was signed with the one before has arrived
    async with session.post("/secrets", json=[new]) as response:
        assert response.status == 204


async def look(world: World, session: aiohttp.ClientSession) -> None:
    async with session.get("/state") as response:
        world.states.append({"at": time.monotonic() - world.began, **await response.json()})


async def fire(world: World, url: str, seconds: float) -> None:
    """All of it at once, for so many seconds; what fails in one of them ends it."""
    async with aiohttp.ClientSession(url) as session, asyncio.TaskGroup() as tasks:
        jobs = [
            *(page_views(world, url, number) for number in range(CLIENTS)),
            *(storm(world, url, number) for number in range(SENDERS)),
            every(ROTATE, world.rotate),
            every(RESTART, world.restart),
            every(REPLACE, lambda: replace_secret(world, session)),
            every(1, lambda: look(world, session)),
        ]
        running = [tasks.create_task(job) for job in jobs]
        await asyncio.sleep(seconds)
        async with world.turn:  # not in the middle of a restart
            for task in running:
                task.cancel()


def growth(states: list[dict[str, Any]], name: str) -> tuple[float, float]:
    """The medians of the second and of the last quarter: the first fills what is kept."""
    quarter = len(states) // 4
    values = [float(state[name]) for state in states]
    return statistics.median(values[quarter : 2 * quarter]), statistics.median(values[-quarter:])


@pytest.mark.soak
async def test_a_service_stands_rotation_restarts_and_a_storm_with_flat_memory(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    seconds = float(pytestconfig.getoption("--soak-seconds") or 3600)
    world = World(tmp_path)
    await world.sandbox.start()
    try:
        await check(world, tmp_path, seconds)
    finally:
        await world.sandbox.aclose()


async def check(world: World, folder: Path, seconds: float) -> None:
    world.new_key()
    async with service(world, folder) as (url, process):
        await fire(world, url, seconds)
        async with aiohttp.ClientSession(url) as session:
            await look(world, session)
        last = world.states[-1]
        process.terminate()
        _, err = await asyncio.wait_for(process.communicate(), 30)
        async with Twenty(world.sandbox.url, api_key=world.key_file.read_text("utf-8")) as twenty:
            stored = {str(company.id): company.name async for company in twenty.companies.iterate()}
    memory = growth(world.states, "megabytes")
    log.warning("%s; %d delivered; megabytes %.1f, then %.1f", dict(world.answers), world.delivered, *memory)

    assert last["wrong"] == []
    assert process.returncode == 0, err.decode()
    assert {id: stored.get(id) for id in world.acknowledged} == world.acknowledged, "an acknowledged company is lost"
    made = [name for name in stored.values() if name and name.startswith("c") and "-" in name]
    assert len(set(made)) == len(made), "a company was made twice"
    statuses = {answer.split()[1] for answer in world.answers if answer.startswith(("GET", "POST"))}
    assert statuses <= {"200", "201"}, world.answers
    for answer in world.answers:
        if answer.startswith("hook"):
            assert answer.split()[1].rstrip(",") == answer.split()[-1], world.answers
    assert world.delivered <= last["received"] <= world.delivered + SENDERS, "each delivery counts once"
    assert last["of_companies"] == last["received"]
    for name, more in (("megabytes", 0.05 * memory[0] + 5), ("tasks", CLIENTS + 5), ("sockets", CLIENTS + 5)):
        before, after = growth(world.states, name)
        assert after <= before + more, f"{name} grew from {before} to {after}"
    assert seconds < 4 * MAX_AGE or len(world.acknowledged) > seconds
