"""Each web application under its real server: pages, errors as HTTP, webhooks, and SIGTERM in the middle of it all."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from tests.support.web_server import APPS
from tests.support.web_storm import WEBHOOK_SECRET, check_a_storm, running

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open sockets are counted in /proc")

SERVED = [
    name if name in ("aiohttp", "fastapi") else pytest.param(name, marks=pytest.mark.integrations) for name in APPS
]


@pytest.mark.parametrize("name", SERVED)
async def test_an_application_writes_reads_and_is_told_of_changes(name: str) -> None:
    async with Sandbox() as sandbox, running(name, sandbox) as app:
        async with Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
            await twenty.workspace.webhooks.create(f"{app.url}/hook", ["company.*"], secret=WEBHOOK_SECRET)
        status, made = await app.ask("POST", "/companies", json=app.company("100% Air", "https://air.example"))
        assert (status, made["name"]) == (201, "100% Air")
        assert await app.ask("GET", f"/companies/{made['id']}") == (200, made)
        await app.ask("POST", "/companies", json=app.company("Another Air"))
        _, found = await app.ask("GET", "/companies", params={"q": "0% a"})
        assert (found["companies"] if isinstance(found, dict) else found) == [made]

        wrong = {
            "no such company": await app.ask("GET", "/companies/00000000-0000-4000-8000-000000000000"),
            "no id": await app.ask("GET", "/companies/nope"),
            "a slip": await app.ask("POST", "/companies", json={"nme": "x"}),
            "no JSON": await app.ask("POST", "/companies", data="{", headers={"Content-Type": "application/json"}),
            "again": await app.ask("POST", "/companies", json=app.company("x", "https://air.example")),
            "forged": await app.ask("POST", "/hook", json={"eventName": "company.created"}),
        }
        invalid = 422 if name == "fastapi" else 400
        assert {what: status for what, (status, _) in wrong.items()} == {
            "no such company": 404,
            "no id": 422,
            "a slip": invalid,
            "no JSON": invalid,
            "again": 409,
            "forged": 401,
        }
        told: dict[str, Any] = {"count": 0, "latest": []}
        for _ in range(1200):
            _, told = await app.ask("GET", "/changes")
            if told["count"] == 2:
                break
            await asyncio.sleep(0.05)
        assert {change["name"] for change in told["latest"]} == {"100% Air", "Another Air"}
        assert await app.ask("GET", "/health") == (200, {"crm": "ok"})
        await sandbox.aclose()
        # On a busy machine the two seconds may be over in the middle of an attempt.
        status, health = await app.ask("GET", "/health")
        assert status == 503
        assert health["crm"] in ("ConnectionFailed", "DeadlineExceeded")
        left = await app.end()
    assert (left["tasks"], left["sockets"], left["warned"]) == ([], 0, [])


@pytest.mark.parametrize("name", SERVED)
async def test_sigterm_in_the_middle_loses_nothing_and_leaves_nothing_open(name: str) -> None:
    await check_a_storm(name, clients=20, seconds=0.7)
