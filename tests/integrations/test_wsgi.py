"""Django and Flask under gunicorn, with several processes and threads, use Twenty through a Runner."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from tests.integrations.programs import environment, running, wait_for
from tests.support.ports import free_port

pytestmark = pytest.mark.integrations

NAMES = [f"Company {number:03}" for number in range(120)]
APPS = {
    "Django": ["examples.django_view:application"],
    "Flask": ["examples.flask_app:app"],
    "a runner that was used before the fork": ["--preload", "tests.integrations.used_before_fork:app"],
}


async def filled(sandbox: Sandbox) -> str:
    async with Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
        made = await twenty.companies.create_many([{"name": name} for name in NAMES])
    return str(made[0].id)


async def get(browser: aiohttp.ClientSession, path: str) -> tuple[int, Any]:
    async with browser.get(path) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("app", APPS)
def test_views_answer_200_clients_at_once_from_two_processes(app: str, tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port()
    command = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "8", *APPS[app]]

    async def ask(id: str) -> None:
        connector = aiohttp.TCPConnector(limit=200)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as browser:
            answers = await asyncio.gather(*(get(browser, "/companies?q=company") for _ in range(200)))
            assert {status for status, _ in answers} == {200}
            assert {answer["total"] for _, answer in answers} == {len(NAMES)}
            assert await get(browser, f"/companies/{id}") == (200, {"id": id, "name": NAMES[0]})
            assert (await get(browser, "/companies/00000000-0000-4000-8000-000000000000"))[0] == 404

    with running_sandbox() as sandbox:
        id = asyncio.run(filled(sandbox))
        with running(command, environment(sandbox), log) as server:
            wait_for(port, server, log)
            asyncio.run(ask(id))
        assert server.returncode == 0, log.read_text()
    assert "Traceback" not in log.read_text()
    assert "Error" not in log.read_text()


def test_a_view_streams_a_walk_and_a_browser_may_leave_in_the_middle(tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port()
    command = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "4", *APPS["Django"]]

    async def ask() -> None:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as browser:
            for _ in range(20):
                async with browser.get("/export") as response:
                    await response.content.readline()
                    response.close()
            async with browser.get("/export") as response:
                assert sorted((await response.text()).splitlines()) == NAMES

    with running_sandbox() as sandbox:
        asyncio.run(filled(sandbox))
        with running(command, environment(sandbox), log) as server:
            wait_for(port, server, log)
            asyncio.run(ask())
        assert server.returncode == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_server_that_is_told_to_end_finishes_its_answers(tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port()
    command = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "8", *APPS["Flask"]]

    async def ask(server: Any) -> list[tuple[int, Any]]:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as browser:
            await get(browser, "/companies?q=nothing")
            asked = [asyncio.create_task(get(browser, "/companies?q=company")) for _ in range(8)]
            await asyncio.sleep(1.5)
            server.send_signal(signal.SIGTERM)
            return await asyncio.gather(*asked)

    with running_sandbox(faults=["latency=3"]) as sandbox:
        with running(command, environment(sandbox), log) as server:
            wait_for(port, server, log)
            answers = asyncio.run(ask(server))
        assert server.returncode == 0, log.read_text()
    assert [status for status, _ in answers] == [200] * 8
    assert "Traceback" not in log.read_text()
