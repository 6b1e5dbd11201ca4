"""Web applications of the examples in processes of their own, and many clients at once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
WEBHOOK_SECRET = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@dataclass
class App:
    """An application that runs in a process of its own."""

    name: str
    url: str
    process: asyncio.subprocess.Process
    browser: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.browser.request(method, self.url + path, **options) as response:
            body = await response.read()
            return response.status, json.loads(body) if response.content_type == "application/json" else None

    def company(self, name: str, domain: str | None = None) -> dict[str, Any]:
        """What the page takes that makes companies: FastAPI's is the generated input."""
        if self.name == "fastapi":
            return {"name": name, **({"domainName": {"primaryLinkUrl": domain}} if domain else {})}
        return {"name": name, "domain": domain}

    async def end(self) -> dict[str, Any]:
        """Ask it to end; what it left open."""
        self.process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(self.process.communicate(), 120)
        assert self.process.returncode == 0, err.decode()
        left: dict[str, Any] = json.loads(out.splitlines()[-1])
        return {**left, "logged": err.decode()}


@asynccontextmanager
async def running(name: str, sandbox: Sandbox) -> AsyncIterator[App]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.web_server", name),
        cwd=ROOT,
        env={
            **os.environ,
            "TWENTY_API_URL": sandbox.url,
            "TWENTY_API_KEY": sandbox.api_key,
            "TWENTY_WEBHOOK_SECRET": WEBHOOK_SECRET,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    port = (await asyncio.wait_for(process.stdout.readline(), 120)).decode().strip()
    connector = aiohttp.TCPConnector(limit=0)
    try:
        async with aiohttp.ClientSession(connector=connector) as browser:
            app = App(name, f"http://127.0.0.1:{port}", process, browser)
            for _ in range(1200):
                assert process.returncode is None, "it ended before it had begun"
                with suppress(aiohttp.ClientError):
                    if (await app.ask("GET", "/changes"))[0] == 200:
                        break
                await asyncio.sleep(0.05)
            yield app
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@dataclass
class Tally:
    """What the clients of a storm were answered."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    statuses: dict[int, int] = field(default_factory=dict)
    broken: int = 0
    gone: int = 0


async def client(app: App, number: int, tally: Tally, stop: asyncio.Event) -> None:
    """One after the other: makes companies, looks at pages, and sometimes goes away before the answer comes."""
    chance = random.Random(number)
    count = 0
    while not stop.is_set():
        count += 1
        name = f"c{number}-{count}"
        impatient = chance.random() < 0.1
        try:
            async with asyncio.timeout(chance.uniform(0, 0.05) if impatient else 60):
                if chance.random() < 0.3:
                    status, _ = await app.ask("GET", "/companies", params={"q": f"c{number}-"})
                else:
                    tally.sent.add(name)
                    status, made = await app.ask("POST", "/companies", json=app.company(name))
                    if status == 201:
                        tally.acknowledged[made["id"]] = name
                tally.statuses[status] = tally.statuses.get(status, 0) + 1
        except TimeoutError:
            tally.gone += 1
        except aiohttp.ClientError:
            tally.broken += 1
            await asyncio.sleep(0.05)


async def storm(app: App, clients: int, seconds: float) -> tuple[Tally, dict[str, Any]]:
    """So many clients at once, and SIGTERM while they are at it; what they were answered, and what was left open."""
    tally, stop = Tally(), asyncio.Event()
    tasks = [asyncio.create_task(client(app, number, tally, stop)) for number in range(clients)]
    await asyncio.sleep(seconds)
    async with asyncio.timeout(60):
        while not (tally.acknowledged and tally.gone):  # noqa: ASYNC110 (clients have no time to tell of it)
            await asyncio.sleep(0.05)
    ending = asyncio.create_task(app.end())
    await asyncio.sleep(0.2)
    stop.set()
    await asyncio.gather(*tasks)
    return tally, await ending


def number(warning: str) -> str:
    """Of the file that a warning is about."""
    found = re.search(r"\bfd=\d+", warning)
    return found[0] if found else warning


async def check_a_storm(name: str, clients: int, seconds: float) -> Tally:
    async with Sandbox() as sandbox, running(name, sandbox) as app:
        tally, left = await storm(app, clients, seconds)
        async with Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
            found = [(str(company.id), company.name) async for company in twenty.companies.iterate()]
    assert set(tally.statuses) <= {200, 201, 503}, tally.statuses
    stored = {id: name for id, name in found if (name or "").startswith("c") and "-" in (name or "")}
    assert {id: stored.get(id) for id in tally.acknowledged} == tally.acknowledged, "an acknowledged company is lost"
    assert len(set(stored.values())) == len(stored), "a company was made twice"
    assert set(stored.values()) <= tally.sent
    # Connections that were accepted in the moment of SIGTERM are the web server's own to close, with their transports.
    accepted = f"laddr=('127.0.0.1', {urlsplit(app.url).port})"
    its_own = {number(warning) for warning in left["warned"] if accepted in warning}
    warned = [warning for warning in left["warned"] if number(warning) not in its_own]
    assert (left["tasks"], left["sockets"], warned) == ([], 0, []), left
    assert "Traceback" not in left["logged"], left["logged"]
    assert "never awaited" not in left["logged"]
    return tally
