"""A database that is too slow to answer has mostly written what it was sent: such rows are loaded, never refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from aiotwenty import Twenty, bulk
from aiotwenty.sandbox import Sandbox
from tests.bulk.test_faults import check, people_csv

TROUBLES = ["read-timeout:committed:probability=0.08", "read-timeout:not-committed:probability=0.08"]
MORE_TROUBLES = ["read-timeout:committed:probability=0.25", "read-timeout:not-committed:probability=0.25"]


@pytest.mark.parametrize(
    ("rows", "size", "troubles"),
    [(1500, 75, MORE_TROUBLES), pytest.param(20_000, 200, TROUBLES, marks=pytest.mark.soak)],
)
@pytest.mark.parametrize(("upsert", "key"), [(False, None), (False, "email"), (True, "email")])
async def test_every_good_row_is_there_once_and_counts_as_loaded(
    tmp_path: Path,
    client_of: Callable[[Sandbox], Twenty],
    upsert: bool,
    key: str | None,
    rows: int,
    size: int,
    troubles: list[str],
) -> None:
    path = tmp_path / "people.csv"
    bad = people_csv(path, rows, random.Random(5))
    faults = [f"{trouble}:operation=createPeople" for trouble in troubles]
    async with Sandbox(seed=3, faults=faults) as sandbox, client_of(sandbox) as twenty:
        report = await twenty.people.load(path, upsert=upsert, key=key, batch_size=size, journal=tmp_path / "load.db")
        happened = [fault.happened for fault in sandbox.faults]
        sandbox.faults.clear()
        assert min(happened) > 3
        assert {reject.row for reject in report.rejects} == bad
        assert (report.received, report.loaded, report.rejected) == (rows, rows - len(bad), len(bad))
        await check(twenty, rows, bad)


@pytest.mark.parametrize("mode", ["update", "change", "delete", "destroy"])
async def test_changes_and_removals_whose_answers_were_lost_count_as_done(
    client_of: Callable[[Sandbox], Twenty], mode: str
) -> None:
    async with Sandbox(seed=3) as sandbox, client_of(sandbox) as twenty:
        await twenty.companies.load([{"name": f"C{number}"} for number in range(1000)])
        rows = [{"id": str(company.id)} async for company in twenty.companies.iterate()]
        roots = "createCompanies,updateCompanies,deleteCompanies,destroyCompanies"
        for trouble in MORE_TROUBLES:
            sandbox.faults.add(f"{trouble}:operation={roots}")
        match mode:
            case "update":
                report = await bulk.update(twenty.companies, [row | {"name": "new"} for row in rows])
            case "change":
                report = await bulk.change(twenty.companies, {"name": "new"}, filter=None, all_records=True)
            case "delete":
                report = await bulk.delete(twenty.companies, rows)
            case _:
                report = await bulk.destroy(twenty.companies, rows)
        assert any(fault.happened for fault in sandbox.faults)
        sandbox.faults.clear()
        assert (report.loaded, report.rejected) == (1000, 0)
        new = await twenty.companies.count({"name": {"eq": "new"}})
        assert (new, await twenty.companies.count()) == ((1000, 1000) if mode in ("update", "change") else (0, 0))
