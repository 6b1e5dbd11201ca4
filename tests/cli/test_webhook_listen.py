"""`aiotwenty webhook listen`: what arrives is printed, and the webhook that was made for it is removed."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from tests.support.deliveries import SECRET, delivery, signed
from tests.support.terminal import Terminal


class Listener:
    """The command, running."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process, self._out, self.err = process, process.stdout, process.stderr

    async def line(self) -> str:
        return (await asyncio.wait_for(self._out.readline(), 120)).decode().rstrip("\n")

    async def said(self) -> str:
        return (await asyncio.wait_for(self.err.readline(), 120)).decode().rstrip("\n")

    def close_pipe(self) -> None:
        """As a program does that reads its output and ends."""
        transport = self.process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
        transport.close()

    async def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        await asyncio.wait_for(self.process.wait(), 120)
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def listening(sandbox: Sandbox, tmp_path: Path, *arguments: str, **variables: str) -> AsyncIterator[Listener]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWENTY_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from aiotwenty.cli import main; main()", "webhook", "listen", "--port", "0"),
        *arguments,
        cwd=tmp_path,
        env={**environment, "TWENTY_API_URL": sandbox.url, "TWENTY_API_KEY": sandbox.api_key, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Listener(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
async def twenty(twenty_sandbox: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as client:
        yield client


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_changes_are_printed_and_the_webhook_is_removed(
    twenty_sandbox: Sandbox, twenty: Twenty, tmp_path: Path, number: int
) -> None:
    async with listening(twenty_sandbox, tmp_path, "company.*", "--create") as listener:
        assert "Listening on http://127.0.0.1:" in await listener.said()
        assert "it is removed at the end" in await listener.said()
        (webhook,) = await twenty.workspace.webhooks.list()
        assert webhook.operations == ["company.*"]
        made = await twenty.companies.create_one({"name": "Air"})
        assert (await listener.line()).split()[1:] == ["company.created", str(made.id)]
        await twenty.companies.update_one(made.id, {"name": "Airbus"})
        assert "name" in (await listener.line()).partition(str(made.id))[2]
        assert await listener.end(number) == 0
        assert await listener.err.read() == b""
    assert await twenty.workspace.webhooks.list() == []


async def test_an_unknown_object_is_told_each_delivery_is_a_line_of_json_and_so_many_are_enough(
    twenty_sandbox: Sandbox, twenty: Twenty, tmp_path: Path
) -> None:
    arguments = ("companys.*", "company.*", "--create", "--output", "jsonl", "--limit", "2")
    async with listening(twenty_sandbox, tmp_path, *arguments) as listener:
        await listener.said()
        assert await listener.said() == (
            "Note: the workspace has no object 'companys' (did you mean 'company'?), so it sends no such event."
        )
        assert "Created webhook" in await listener.said()
        made = await twenty.companies.create_many([{"name": "Air"}, {"name": "Bee"}, {"name": "Cat"}])
        told = [json.loads(await listener.line()) for _ in range(2)]
        assert await asyncio.wait_for(listener.process.wait(), 120) == 0
    assert {one["eventName"] for one in told} == {"company.created"}
    assert {one["record"]["id"] for one in told} < {str(one.id) for one in made}
    assert all(len(one["nonce"]) == 32 for one in told)
    assert await twenty.workspace.webhooks.list() == []


async def test_a_webhook_that_is_there_is_verified_with_the_secret_of_the_environment(
    twenty_sandbox: Sandbox, twenty: Twenty, tmp_path: Path
) -> None:
    async with listening(twenty_sandbox, tmp_path, "--output", "csv", TWENTY_WEBHOOK_SECRET=SECRET) as listener:
        url = (await listener.said()).partition("on ")[2].partition(";")[0]
        async with aiohttp.ClientSession() as session:
            body = delivery("person.deleted", record={"id": "1"})
            async with session.post(url, data=body, headers=signed(body, secret="another")) as response:
                assert response.status == 401
            assert (await listener.said()).startswith("A delivery was refused: the signature does not match")
            async with session.post(url, data=body, headers=signed(body)) as response:
                assert response.status == 204
        rows = [*csv.reader([await listener.line(), await listener.line()])]
        assert rows[0] == ["date", "event", "id", "changed", "record"]
        assert rows[1][1:] == ["person.deleted", "1", "", '{"id": "1"}']
        assert await listener.end() == 0
    assert await twenty.workspace.webhooks.list() == []


async def test_a_pipe_that_is_closed_ends_it_and_the_webhook_is_removed(
    twenty_sandbox: Sandbox, twenty: Twenty, tmp_path: Path
) -> None:
    async with listening(twenty_sandbox, tmp_path, "--create") as listener:
        await listener.said()
        await listener.said()
        listener.close_pipe()
        await twenty.companies.create_one({"name": "Air"})
        assert await asyncio.wait_for(listener.process.wait(), 120) == 1
        assert await listener.err.read() == b""
    assert await twenty.workspace.webhooks.list() == []


@pytest.mark.parametrize(
    ("host", "told"),
    [("nowhere.invalid", "the name of the host is unknown"), ("192.0.2.1", "does not have that address")],
)
def test_a_host_that_is_not_this_machine_is_said(
    twenty_sandbox: Sandbox, terminal: Terminal, host: str, told: str
) -> None:
    terminal.connect(twenty_sandbox.url, twenty_sandbox.api_key)
    refused = terminal.run_here("webhook", "listen", "--create", "--port", "0", "--host", host)
    assert refused.code == 1
    assert told in refused.err
    assert "--host" in refused.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "pass --create"),
        (["--url", "https://x.example"], "--create"),
        (["company.craeted", "--create"], "craeted"),
        (["--create", "--output", "xml"], "'xml'"),
    ],
)
def test_what_can_not_be_meant_is_wrong_usage(
    twenty_sandbox: Sandbox, terminal: Terminal, arguments: list[str], told: str
) -> None:
    terminal.connect(twenty_sandbox.url, twenty_sandbox.api_key)
    refused = terminal.run_here("webhook", "listen", "--port", "0", *arguments)
    assert refused.code == 2
    assert told in refused.err


def test_a_missing_key_is_told_before_a_port_is_open(
    twenty_sandbox: Sandbox, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    terminal.connect(twenty_sandbox.url, "")
    refused = terminal.run_here("webhook", "listen", "--port", "0", "--create")
    assert (refused.code, refused.err.startswith("Error: no API key")) == (3, True)


def test_a_port_that_is_taken_is_said_and_no_webhook_is_left(twenty_sandbox: Sandbox, terminal: Terminal) -> None:
    port = twenty_sandbox.url.rpartition(":")[2]
    terminal.connect(twenty_sandbox.url, twenty_sandbox.api_key)
    refused = terminal.run_here("webhook", "listen", "--create", "--port", port)
    assert refused.code == 1
    assert "the port is in use" in refused.err
    left = terminal.run_here("query", "{ webhooks { id } }", "--endpoint", "metadata")
    assert left.json == {"webhooks": []}


def test_a_wrong_key_is_said_with_its_exit_code(twenty_sandbox: Sandbox, terminal: Terminal) -> None:
    terminal.connect(twenty_sandbox.url, "wrong")
    assert terminal.run_here("webhook", "listen", "--port", "0", "--create").code == 3
