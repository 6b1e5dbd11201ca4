"""Where asyncio does not run, every call says what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import ConfigurationError, Runner, Twenty
from aiotwenty.sandbox.threaded import running_sandbox
from tests.unit.scripted import KEY


async def walk(twenty: Twenty) -> None:
    async for _ in twenty.companies.iterate():
        pass


async def enter(twenty: Twenty) -> None:
    async with twenty:
        pass


CALLS: dict[str, Callable[[Twenty], Awaitable[Any]]] = {
    "a read": lambda twenty: twenty.companies.count(),
    "a write": lambda twenty: twenty.companies.create_many([{"name": "Air"}]),
    "a walk": walk,
    "async with": enter,
    "a load": lambda twenty: twenty.companies.load([{"name": "Air"}]),
    "an export": lambda twenty: twenty.companies.export(Path("companies.csv")),
    "REST": lambda twenty: twenty.rest.get("people"),
    "search": lambda twenty: twenty.search("Air"),
    "the data model": lambda twenty: twenty.workspace.objects(),
    "a document": lambda twenty: twenty.execute("{ companies { totalCount } }"),
    "a file": lambda twenty: twenty.files.upload(b"x", field="attachment.file", filename="x.txt"),
    "closing": lambda twenty: twenty.aclose(),
}


@pytest.mark.parametrize("deadline", [None, 10.0])
@pytest.mark.parametrize("name", CALLS)
def test_under_trio_a_call_says_what_to_do(
    name: str, deadline: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trio = pytest.importorskip("trio", reason="trio is not installed")
    monkeypatch.chdir(tmp_path)
    twenty = Twenty("http://127.0.0.1:9", api_key=KEY, deadline=deadline)

    async def main() -> None:
        with pytest.raises(ConfigurationError, match=r"not trio.*await trio\.to_thread\.run_sync\(run, "):
            await CALLS[name](twenty)

    trio.run(main)


def test_what_it_says_to_do_under_trio_works() -> None:
    trio = pytest.importorskip("trio", reason="trio is not installed")

    async def main() -> int:
        count: int = await trio.to_thread.run_sync(run, run.twenty.companies.count())
        return count

    with running_sandbox() as sandbox, Runner(sandbox.url, api_key=sandbox.api_key) as run:
        assert trio.run(main) == 0


def test_without_a_loop_it_names_both_ways() -> None:
    call = Twenty("http://127.0.0.1:9", api_key=KEY).companies.count()
    with pytest.raises(ConfigurationError, match=r"asyncio\.run\(main\(\)\).*Runner"):
        call.send(None)
