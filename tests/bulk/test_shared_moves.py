"""Moves and plans whose requests share documents under the rate limit end as they do one request after the other."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Hooks, ResponseEvent, RetryPolicy, Twenty, migrate
from aiotwenty.sandbox import Sandbox

ROWS = 60
PLAIN = {"notes": "title", "tasks": "title", "messageLists": "name", "dashboards": "title"}
WRITES = ("Companies", "People", "Opportunities", "Notes", "Tasks", "MessageLists", "Dashboards", "NoteTargets")
FAULTS = ("reset-after", "reset-before", "error", "cut", "limit", "html", "read-timeout:committed")


class Shares:
    """How many calls went in a request with others, and how many requests there were."""

    def __init__(self) -> None:
        self.calls = Counter[int]()

    def see(self, event: ResponseEvent) -> None:
        self.calls[event.shared] += 1

    @property
    def joined(self) -> int:
        return sum(count for shared, count in self.calls.items() if shared > 1)


def client(sandbox: Sandbox, shares: Shares | None = None) -> Twenty:
    retry = RetryPolicy(base=0.01, max_retry_after=0.01)
    hooks = Hooks(on_response=shares.see) if shares else None
    return Twenty(sandbox.url, api_key=sandbox.api_key, timeout=60, retry=retry, hooks=hooks)


async def fill(sandbox: Sandbox) -> None:
    """Companies, what belongs to them, and what belongs to nothing."""
    async with client(sandbox) as twenty:

        async def load(plural: str, rows: Iterable[dict[str, Any]]) -> list[str]:
            records = await twenty.object(plural)
            await records.load(rows)
            return [str(record.id) async for record in records.iterate()]

        companies = await load(
            "companies", [{"name": f"C{at}", "domainName": f"https://c{at}.example"} for at in range(ROWS)]
        )
        people = await load(
            "people", [{"email": f"p{at}@example.com", "companyId": companies[at]} for at in range(ROWS)]
        )
        await load("opportunities", [{"name": f"O{at}", "pointOfContactId": people[at]} for at in range(ROWS)])
        made = {
            name: await load(name, [{label: f"{name} {at}"} for at in range(ROWS)]) for name, label in PLAIN.items()
        }
        await load("noteTargets", [{"noteId": made["notes"][at], "targetPersonId": people[at]} for at in range(ROWS)])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in a folder, with rows that no server takes in several of its files."""
    folder = tmp_path_factory.mktemp("exported")

    async def export() -> None:
        async with Sandbox() as source:
            await fill(source)
            async with client(source) as twenty:
                await migrate.export_workspace(twenty, folder / "alone")
            source.set_rate_limit("1/0.3s")
            shares = Shares()
            async with client(source, shares) as twenty:
                await migrate.export_workspace(twenty, folder / "shared")
            assert shares.joined, shares.calls

    asyncio.run(export())
    return folder


def spoilt(folder: Path) -> dict[str, int]:
    """Puts a row that can't be into some files; how many of each."""
    bad = {"people": 2, "notes": 1, "tasks": 1}
    for plural, count in bad.items():
        path = folder / f"{plural}.jsonl"
        record = json.loads(path.read_text().splitlines()[0])
        wrong = [{**record, "id": f"00000000-0000-4000-8000-00000000000{n}", "createdAt": "soon"} for n in range(count)]
        path.write_text("".join([path.read_text(), *(json.dumps(row) + "\n" for row in wrong)]))
    return bad


def test_an_export_by_shared_requests_is_that_of_single_ones(exported: Path) -> None:
    alone, shared = (
        {path.name: path.read_bytes() for path in (exported / name).glob("*.jsonl")} for name in ("alone", "shared")
    )
    assert len(alone) > 20
    assert alone == shared


async def test_a_move_by_shared_requests_loses_and_doubles_nothing(exported: Path, tmp_path: Path) -> None:
    assert (await moved_through_faults(exported, tmp_path, 0)).joined


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 140))
async def test_no_move_by_shared_requests_loses_or_doubles_anything(exported: Path, tmp_path: Path, seed: int) -> None:
    await moved_through_faults(exported, tmp_path, seed)


async def moved_through_faults(exported: Path, tmp_path: Path, seed: int) -> Shares:
    """Moves it into a workspace that fails over the writes of each object in a way of its own."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (exported / "alone").iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    bad, chance, shares = spoilt(folder), random.Random(seed), Shares()
    async with Sandbox(rate_limit="1/0.4s", seed=seed) as target:
        for name in WRITES:
            kind = chance.choice(FAULTS)
            target.faults.add(f"{kind}:probability=0.5:count=2:operation=create{name}")
        async with client(target, shares) as twenty:
            reports = await migrate.load_workspace(twenty, folder, journal=tmp_path / "journal.db")
            assert not [report.error for report in reports if report.error]
            assert {report.label: report.report.rejected for report in reports if report.report.rejected} == bad
            target.faults.clear()
            target.set_rate_limit(None)
            differing = [one for one in await migrate.compare_workspace(twenty, folder) if not one.equal]
            assert {one.name: (len(one.missing), one.extra_count, len(one.different)) for one in differing} == {
                plural: (count, 0, 0) for plural, count in bad.items()
            }
    return shares
