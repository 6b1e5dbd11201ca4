"""Changes and removals whose process is killed, and that go on by their journal, end as if nothing had happened."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from uuid import uuid4

import pytest

from aiotwenty import Twenty, bulk
from aiotwenty.bulk import Journal
from aiotwenty.sandbox import Sandbox
from tests.bulk.test_faults import load_killed
from tests.support.forked import forking

WORK = """
import asyncio
import aiotwenty.bulk.loading, aiotwenty.core.objects.person
from aiotwenty import RetryPolicy, Twenty, bulk
async def main(url, key, path, mode, by):
    async with Twenty(url, api_key=key, timeout=5, rate_limit=None, retry=RetryPolicy(base=0.01)) as twenty:
        print("ready", flush=True)
        report = await getattr(bulk, mode)(
            twenty.people, path, key=by or None, journal=path + ".db", concurrency=4,
            on_progress=lambda progress: print("batch", flush=True),
        )
        print(report.received, report.loaded, report.rejected, report.already_loaded, flush=True)
"""
ROOTS = "operation=deletePeople,destroyPeople,createPeople"


@pytest.mark.parametrize(
    ("mode", "by"),
    [
        ("update", "email"),
        pytest.param("delete", "email", marks=pytest.mark.soak),
        pytest.param("delete", "id", marks=pytest.mark.soak),
        pytest.param("destroy", "id", marks=pytest.mark.soak),
        pytest.param("destroy", "email", marks=pytest.mark.soak),
        pytest.param("update", "id", marks=pytest.mark.soak),
    ],
)
async def test_rows_that_were_in_flight_when_the_process_was_killed_count_as_done(
    tmp_path: Path, mode: str, by: str, twenty_sandbox: Sandbox
) -> None:
    rows, chance, path = 2400, random.Random(f"{mode}{by}"), tmp_path / "people.csv"
    missing = set(chance.sample(range(rows), 40))
    async with (
        Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key, rate_limit=None) as twenty,
        forking(WORK) as program,
    ):
        people = [{"id": str(uuid4()), "email": f"p{number}@example.com"} for number in range(rows)]
        await twenty.people.load([person for number, person in enumerate(people) if number not in missing])
        column = ",jobTitle" if mode == "update" else ""
        lines = [person[by] + (",Boss" if column else "") for person in people]
        path.write_text("\n".join([by + column, *lines]))
        twenty_sandbox.faults.add(f"slow=0.6:{ROOTS}")  # done at once, and told bit by bit
        unheard, arguments = 0, (str(path), mode, "" if by == "id" else by)
        for kill in [True, True, False]:
            run = await program.start(twenty_sandbox.url, twenty_sandbox.api_key, *arguments)
            assert await run.line() == "ready"
            if kill:
                for _ in range(chance.randint(1, 2)):
                    await run.line()
                await asyncio.sleep(chance.uniform(0.1, 0.3))
                run.kill()
            await run.end()
            if kill:
                # What was on its way comes to its end, and nobody hears of it.
                await asyncio.sleep(0.5)
                unheard += await done(twenty, mode) - heard(path)
        assert run.code == 0
        received, loaded, rejected, already = map(int, run.output[-1].split())
        assert (received, loaded + already, rejected) == (rows, rows - len(missing), len(missing))
        assert await done(twenty, mode) == rows - len(missing)
        assert unheard > 0


async def done(twenty: Twenty, mode: str) -> int:
    """How many records of the workspace have been changed or removed."""
    if mode == "update":
        return await twenty.people.count({"job_title": {"eq": "Boss"}})
    return 2360 - await twenty.people.count()


def heard(path: Path) -> int:
    """How many of them the journal has as done."""
    journal = Journal(Path(f"{path}.db"))
    with journal.reading() as db:
        (count,) = db.execute("SELECT coalesce(sum(last - first + 1), 0) FROM done").fetchone()
    journal.close()
    return int(count)


@pytest.mark.parametrize(
    ("upsert", "rows", "kills"),
    [
        (True, 1600, 1),
        pytest.param(False, 20_000, 8, marks=pytest.mark.soak),
        pytest.param(True, 20_000, 8, marks=pytest.mark.soak),
    ],
)
async def test_a_load_is_killed_while_the_database_is_too_slow_to_answer(
    tmp_path: Path, upsert: bool, rows: int, kills: int
) -> None:
    faults = [f"read-timeout:{what}:probability=0.1:operation=createPeople" for what in ("committed", "not-committed")]
    await load_killed(tmp_path / "people.csv", rows, kills, 4, upsert, faults)


async def test_what_was_never_there_is_not_found_in_any_run(tmp_path: Path, twenty_sandbox: Sandbox) -> None:
    path = tmp_path / "companies.csv"
    path.write_text("\n".join(["id", *(str(uuid4()) for _ in range(300))]))
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        for _ in range(2):
            report = await bulk.delete(twenty.companies, path, journal=tmp_path / "delete.db")
            assert (report.loaded, report.rejected) == (0, 300)
