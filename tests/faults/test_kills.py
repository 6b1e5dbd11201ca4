"""Loads, plans, exports and moves that are killed at random moments end as if they had not been.

Each scenario is repeated, in a workspace of its own, until so many kills have hit a process at work.
"""

from __future__ import annotations

import json
import logging
import random
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from tests.bulk.test_faults import check, people_csv
from tests.bulk.test_move import fill
from tests.bulk.test_written_files import files_in
from tests.faults.killing import LONGEST, Killer
from tests.support.few_objects import OBJECTS

log = logging.getLogger(__name__)
FILES = 12
Scenario = Callable[[Killer, Path, int], Awaitable[None]]


def client(sandbox: Sandbox) -> Twenty:
    return Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None)


async def load(killer: Killer, folder: Path, seed: int) -> None:
    path, rejects = folder / "people.csv", folder / "bad.csv"
    bad = people_csv(path, 1200, killer.chance)
    more = [[], ["--key", "email"], ["--key", "email", "--upsert"]][seed % 3]
    command = ["load", "people", str(path), *more, "--journal", str(folder / "load.db"), "--rejects", str(rejects)]
    async with Sandbox(faults=["latency=0.05:operation=createPeople"]) as sandbox, client(sandbox) as twenty:
        ended = await killer.to_the_end(sandbox, *command, "--json", kills=killer.each, expected=4 if bad else 0)
        report = json.loads(ended.output.splitlines()[-1])
        assert (report["received"], report["rejected"]) == (1200, len(bad))
        await check(twenty, 1200, bad)
    assert {int(line.split(",")[0]) for line in rejects.read_text().splitlines()[1:]} == bad
    assert files_in(folder) == ["bad.csv", "load.db", "output.txt", "people.csv"]


async def plan(killer: Killer, folder: Path, seed: int) -> None:
    companies_csv = ["name,domain\n", *(f"C{n},https://c{n}.example\n" for n in range(400))]
    (folder / "companies.csv").write_text("".join(companies_csv))
    rows = (f"p{n}@example.com,https://c{n % 400}.example\n" for n in range(800))
    (folder / "people.csv").write_text("".join(["email,company\n", *rows]))
    upsert = "upsert = true" if seed % 2 else ""
    (folder / "plan.toml").write_text(
        f'[[load]]\nobject = "people"\nsource = "people.csv"\nkey = "email"\n{upsert}\n'
        f'[[load]]\nobject = "companies"\nsource = "companies.csv"\nkey = "domain"\n{upsert}\n'
    )
    command = ["load", "--plan", str(folder / "plan.toml"), "--journal", str(folder / "plan.db")]
    faults = ["latency=0.05:operation=createPeople", "latency=0.05:operation=createCompanies"]
    async with Sandbox(faults=faults) as sandbox, client(sandbox) as twenty:
        await killer.to_the_end(sandbox, *command, kills=killer.each, expected=0)
        companies = {company.id: company.name async for company in twenty.companies.iterate()}
        people = [person async for person in twenty.people.iterate()]
        assert (len(companies), len(people)) == (400, 800)
        for person in people:
            assert person.emails is not None
            number = int(str(person.emails.primary_email).removeprefix("p").partition("@")[0])
            assert person.company_id is not None
            assert companies[person.company_id] == f"C{number % 400}"


async def export(killer: Killer, folder: Path, seed: int) -> None:
    path = folder / f"people.{['jsonl', 'csv'][seed % 2]}"
    command = ["export", "people", str(path), "--page-size", "100", "--journal", str(folder / "export.db")]
    async with Sandbox() as sandbox, client(sandbox) as twenty:
        await twenty.people.load([{"email": f"p{n}@example.com"} for n in range(1500)])
        sandbox.faults.add("latency=0.03:operation=people")
        await killer.to_the_end(sandbox, *command, kills=killer.each, expected=0)
    lines = path.read_text().splitlines()[seed % 2 :]
    assert (len(lines), len({_address(line) for line in lines})) == (1500, 1500)
    assert files_in(folder) == ["export.db", "output.txt", path.name]


def _address(line: str) -> str:
    at = line.index("@example.com")
    return line[line.rindex("p", 0, at) : at]


async def move(killer: Killer, folder: Path, seed: int) -> None:
    out = folder / "out"
    # It reads two schemas before it writes anything.
    killer.longest = 2 * LONGEST
    async with Sandbox(objects=OBJECTS) as sandbox, client(sandbox) as twenty:
        await fill(twenty)
        company = await twenty.companies.find_one(filter={"name": {"eq": "C1"}})
        for number in range(FILES):
            await twenty.files.attach(company, b"%d" % number, filename=f"{number}.txt")
        sandbox.faults.add("latency=0.003")
        journal = ["--journal", str(folder / "export.db")]
        await killer.to_the_end(sandbox, "export", "--all", str(out), *journal, kills=killer.each, expected=0)
    assert not list(out.rglob("*.part"))
    assert len(list((out / "files").glob("??/*"))) == FILES
    async with Sandbox(objects=OBJECTS, faults=["latency=0.003"]) as other:
        journal = ["--journal", str(folder / "load.db")]
        ended = await killer.to_the_end(other, "load", "--all", str(out), *journal, kills=killer.each, expected=0)
        assert "workspaceMembers: 1 of 1 member found here" in ended.output
        report = json.loads((out / "report.json").read_text())
        assert (report["recordsWithoutOwner"], report["filesNotMoved"]) == ([], [])
        # Same ids, same files, same relations: a record or a file that came twice would be one too many.
        ended = await killer.run(other, "compare", str(out))
        assert ended.code == 0, ended.output


SCENARIOS: list[Scenario] = [load, plan, export, move]


async def repeated(
    parent: subprocess.Popen[str], scenario: Scenario, folder: Path, seed: int, kills: int, each: int
) -> None:
    one = Killer(parent, folder, random.Random(seed))
    while one.kills < kills:
        one.folder = folder / str(seed)
        one.folder.mkdir()
        one.each = each
        one.chance = random.Random(seed)
        await scenario(one, one.folder, seed)
        seed += 1
    log.info("%s: %d kills in %d runs, seeds to %d", scenario.__name__, one.kills, one.runs, seed - 1)


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_command_that_is_killed_ends_as_if_it_had_not_been(
    parent: subprocess.Popen[str], scenario: Scenario, tmp_path: Path
) -> None:
    # A move is six times the work of a load; the long run kills it again and again.
    await repeated(parent, scenario, tmp_path, 1, 1, 1 if scenario is move else 2)


@pytest.mark.soak
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_hundred_kills_of_each_command_lose_tear_and_double_nothing(
    parent: subprocess.Popen[str], scenario: Scenario, tmp_path: Path
) -> None:
    await repeated(parent, scenario, tmp_path, 100, 100, 8)
