"""Members and files of a move: what has nobody here, or isn't here, is told by report, exit code and comparison."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest

from aiotwenty import Twenty
from aiotwenty.bulk.source import InputError
from aiotwenty.cli.app import run
from aiotwenty.migrate import compare_workspace, export_workspace, load_workspace
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.model.workspace import MEMBER_EMAIL, MEMBER_ID
from aiotwenty.workspace import RelationTo
from tests.bulk.test_move_seeded import create, made_id, write
from tests.support.few_objects import OBJECTS
from tests.support.once import once

log = logging.getLogger(__name__)
JANE, JOE, ANN = ("jane@there.example", "joe@there.example", "ann@both.example")


def add_members(sandbox: Sandbox, **emails: str) -> None:
    numbered = [(int(name[1:]), email) for name, email in emails.items()]
    names = {number: {"firstName": email[:3].lower()} for number, email in numbered}
    records = [
        {"id": made_id(9, number), "name": names[number], "userEmail": email, "userId": made_id(8, number)}
        for number, email in numbered
    ]
    write(sandbox, "workspaceMember", records)


def owner(number: int) -> str | None:
    """Of ten records, one is Jane's, one Joe's, two nobody's, three Ann's and three of who is in every sandbox."""
    return [made_id(9, 1), made_id(9, 2), None, None, *3 * [made_id(9, 3)], *3 * [MEMBER_ID]][number % 10]


async def build(sandbox: Sandbox, twenty: Twenty, records: int, files: int) -> None:
    """So many companies, people and rockets together, with some files among them."""
    add_members(sandbox, n1=JANE, n2=JOE, n3=ANN)
    await twenty.workspace.create_object("rocket", "rockets")
    await twenty.workspace.create_field(
        "rocket", "keeper", "RELATION", relation=RelationTo("workspaceMember", label="K")
    )
    await twenty.workspace.create_field("rocket", "papers", "FILES", settings={"maxNumberOfValues": 3})
    third = records // 3
    companies = [{"id": made_id(1, n), "name": f"C{n}", "accountOwnerId": owner(n)} for n in range(third)]
    await create(twenty, "Company", "Companies", companies)
    people = [{"id": made_id(2, n), "name": {"firstName": f"P{n}"}, "companyId": made_id(1, n)} for n in range(third)]
    await create(twenty, "Person", "People", people)
    papers = [
        await twenty.files.upload(f"paper {n}".encode(), field="rocket.papers", filename=f"{n}.txt")
        for n in range(files)
    ]
    rockets = [
        {"id": made_id(3, n), "name": f"R{n}", "keeperId": owner(n + 3)}
        | ({"papers": [papers[n].reference]} if n < files else {})
        for n in range(records - 2 * third)
    ]
    await create(twenty, "Rocket", "Rockets", rockets)
    await twenty.files.attach(made_id(1, 1), b"offer", object="company", filename="offer.txt")


RECORDS, FILES = 480, 5
COMPANIES = ROCKETS = 160


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of some hundred records with three members and some files, exported once."""

    async def export(folder: Path) -> None:
        # Both share one loop with whoever else is at work: an answer may take its time.
        async with (
            Sandbox(objects=OBJECTS) as source,
            Twenty(source.url, api_key=source.api_key, rate_limit=None, timeout=60) as twenty,
        ):
            await build(source, twenty, RECORDS, FILES)
            reports = {report.path.stem: report for report in await export_workspace(twenty, folder)}
            assert (reports["rockets"].files, reports["attachments"].files) == (FILES, 1)
            assert all(report.complete for report in reports.values())

    return once(tmp_path_factory, "exported_workspace", lambda folder: asyncio.run(export(folder)))


@pytest.fixture
def out(exported: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(exported, tmp_path / "out"))


def stored_files(folder: Path, pattern: str = "??/*") -> list[Path]:
    """The files of an export in the order of their contents."""
    return sorted((folder / "files").glob(pattern), key=lambda path: path.read_bytes())


Command = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `aiotwenty` against a sandbox: its exit code, and all that it told, blanks made alike."""

    async def run_command(sandbox: Sandbox, *arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setenv("TWENTY_API_URL", sandbox.url)
        monkeypatch.setenv("TWENTY_API_KEY", sandbox.api_key)
        code = await asyncio.to_thread(run, [str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    return run_command


def losing(companies: int, rockets: int) -> set[tuple[str, str, str]]:
    """The records whose owner is Jane or Joe."""
    of_companies = {("companies", "accountOwnerId", made_id(1, n)) for n in range(companies) if n % 10 < 2}
    return of_companies | {("rockets", "keeperId", made_id(3, n)) for n in range(rockets) if (n + 3) % 10 < 2}


async def check_the_missing(command: Command, out: Path, companies: int, rockets: int, files: int) -> None:
    """Moves it to where Jane and Joe have no account: the report, the exit code and the comparison name those two."""
    lost = losing(companies, rockets)
    async with Sandbox(objects=OBJECTS) as target:
        add_members(target, n7=ANN.upper())
        code, told = await command(target, "load", "--all", out, "--journal", f"{out}.db")
        assert code == 4, told
        assert f"workspaceMembers: accounts are not moved: no member here is {JANE}, {JOE}\n" in told
        for plural, name, email in [("companies", "accountOwnerId", JANE), ("rockets", "keeperId", JOE)]:
            number = sum(1 for of, *_ in lost if of == plural) // 2
            records = f"{number:,} record{'s' if number > 1 else ''}"
            assert f"{records} of {plural} left without {name}: {email} is no member here\n" in told
        assert f"files: {files:,} files uploaded\n" in told
        assert "companies: not set, because the server sets it: createdBy.name" in told
        report = json.loads((out / "report.json").read_text())
        listed = report["recordsWithoutOwner"]
        assert len(listed) == len(lost)
        assert {(of["object"], of["field"], of["record"]) for of in listed} == lost
        assert {of["member"] for of in listed} == {JANE, JOE}
        code, told = await command(target, "compare", out, "--json")
        assert code == 4
        compared = {of["name"]: of for of in map(json.loads, told.splitlines())}
        assert {name for name, of in compared.items() if of["missing_count"] or of["extra_count"] or of["failure"]} == {
            "workspaceMembers"
        }
        assert set(compared["workspaceMembers"]["missing"]) == {JANE, JOE}
        different = {name: of["different_count"] for name, of in compared.items() if of["different_count"]}
        counts = {plural: sum(1 for of, *_ in lost if of == plural) for plural in ("companies", "rockets")}
        assert different == counts
        named = {value for of in compared.values() for _, _, value, _ in of["different"]}
        assert named == {f"{email} (no member here)" for email in (JANE, JOE)}


async def test_two_members_that_are_missing_are_named_by_all(command: Command, out: Path) -> None:
    await check_the_missing(command, out, COMPANIES, ROCKETS, FILES + 1)


@pytest.mark.soak
async def test_two_members_are_named_among_25_000_records(
    command: Command, tmp_path: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    peaks = []
    for records in (5_000, 25_000):
        out = tmp_path / str(records)
        async with Sandbox(objects=OBJECTS) as source, client_of(source) as twenty:
            await build(source, twenty, records, 200)
            assert (await command(source, "export", "--all", out))[0] == 0
        await check_the_missing(command, out, records // 3, records - 2 * (records // 3), 201)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        log.info("%d records: %.0f MB at most, the sandbox's included", records, most)
        peaks.append(most)
    # The sandboxes hold their records, too: five times as many cost a third of what Python needs for the rows.
    assert peaks[1] - peaks[0] < 100, peaks


async def test_members_go_by_a_table_or_to_a_default_or_are_dropped(
    command: Command, out: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    table = out.with_name("members.csv")
    table.write_text(f"from,to\n{JANE},{MEMBER_EMAIL}\n")
    journal = out.with_name("load.db")
    async with Sandbox(objects=OBJECTS) as target, client_of(target) as twenty:
        add_members(target, n7=ANN, n8="heir@here.example")
        for arguments, message in [
            (
                ["--members-default", "hier@here.example"],
                "no member here has the address 'hier@here.example' (did you mean 'heir@here.example'",
            ),
            (["--members", str(out / "companies.jsonl")], "needs a header and two columns"),
        ]:
            code, told = await command(target, "load", "--all", out, *arguments)
            assert (code, message in " ".join(told.split())) == (2, True), told
        assert await twenty.companies.count() == 0
        chosen = ["--members", table, "--members-default", "heir@here.example"]
        code, told = await command(target, "load", "--all", out, *chosen, "--journal", journal)
        assert code == 0, told
        owned = [str(company.account_owner_id) async for company in twenty.companies.iterate()]
        tenth = COMPANIES // 10
        expected = {MEMBER_ID: 4 * tenth, made_id(9, 8): tenth, made_id(9, 7): 3 * tenth, "None": 2 * tenth}
        assert Counter(owned) == expected
        code, told = await command(target, "compare", out, *chosen)
        assert code == 0, told
        code, told = await command(target, "compare", out)
        assert code == 4
        with pytest.raises(InputError, match="was begun with other settings"):
            await load_workspace(twenty, out, journal=journal)
    async with Sandbox(objects=OBJECTS) as target:
        add_members(target, n7=ANN)
        code, told = await command(target, "load", "--all", out, "--members-missing", "drop", "--no-files")
        assert code == 0, told
        assert f"{tenth} records of companies left without accountOwnerId: {JANE} is no member here" in told
        assert f"files: {FILES + 1} files left out, as asked (files=False, --no-files)" in told


async def test_an_owner_whom_the_target_lacks_and_a_file_that_was_not_moved_are_no_equality(
    tmp_path: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    """Both were told to be "1 the same, 0 different"."""
    async with Sandbox(objects=OBJECTS) as source, client_of(source) as twenty:
        add_members(source, n1=JANE)
        company = {"id": made_id(1, 1), "name": "C", "accountOwnerId": made_id(9, 1)}
        await create(twenty, "Company", "Companies", [company])
        attached = await twenty.files.attach(made_id(1, 1), b"offer", object="company", filename="offer.txt")
        await export_workspace(twenty, tmp_path)
    async with Sandbox(objects=OBJECTS) as target, client_of(target) as twenty:
        reports = {report.label: report for report in await load_workspace(twenty, tmp_path, files=False)}
        assert reports["files"].told == ["1 file left out, as asked (files=False, --no-files)"]
        assert not reports["workspaceMembers"].complete
        compared = {of.name: of for of in await compare_workspace(twenty, tmp_path)}
        lost = (made_id(1, 1), "accountOwnerId", f"{JANE} (no member here)", None)
        assert (compared["companies"].same, compared["companies"].different) == (0, [lost])
        ((identity, name, there, here),) = compared["attachments"].different
        assert (identity, name, there[0]["label"], here) == (str(attached.id), "file", "offer.txt", None)
        # Without the contents, the names are compared all the same.
        compared = {of.name: of for of in await compare_workspace(twenty, tmp_path, files=False)}
        assert not compared["attachments"].equal
        assert "the contents of 1 file" in compared["attachments"].not_compared


async def test_a_file_that_is_not_what_was_exported_is_told_and_not_moved(
    out: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    contents = stored_files(out)
    assert not any("token=" in path.read_text() for path in [*stored_files(out, "*.jsonl"), out / "attachments.jsonl"])
    assert [path.read_bytes() for path in contents] == [b"offer", *(b"paper %d" % n for n in range(FILES))]
    contents[2].write_bytes(b"PAPER 1")
    contents[3].unlink()
    journal = out.with_name("load.db")
    async with Sandbox(objects=OBJECTS) as target, client_of(target) as twenty:
        reports = {
            of.label: of for of in await load_workspace(twenty, out, journal=journal, members_default=MEMBER_EMAIL)
        }
        assert reports["files"].notes == [
            f"not moved: rockets {made_id(3, 1)}: '1.txt': its content differs from the exported hash",
            f"not moved: rockets {made_id(3, 2)}: '2.txt': its content can't be read (No such file or directory)",
        ]
        assert reports["rockets"].report.rejected == 0
        compared = {of.name: of for of in await compare_workspace(twenty, out, members_default=MEMBER_EMAIL)}
        assert {identity for identity, *_ in compared["rockets"].different} == {made_id(3, 1), made_id(3, 2)}
        contents[2].write_bytes(b"paper 1")
        again = {
            of.label: of for of in await load_workspace(twenty, out, journal=journal, members_default=MEMBER_EMAIL)
        }
        assert again["rockets"].report.already_loaded == ROCKETS
        assert "'1.txt': its record was loaded without it; use a new journal" in again["files"].notes[0]
        assert again["files"].told == [f"0 files uploaded, {FILES + 1 - 2} were before"]


async def test_an_export_into_the_same_folder_asks_only_for_new_files(
    tmp_path: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    async with Sandbox(objects=OBJECTS) as source, client_of(source) as twenty:
        await twenty.companies.create_one({"id": made_id(1, 1)})
        for n in range(3):
            await twenty.files.attach(
                made_id(1, 1), b"%d" % n, object="company", filename=f"{n}.txt", id=UUID(made_id(4, n))
            )
        await export_workspace(twenty, tmp_path)
        contents = stored_files(tmp_path)
        places = [path.stat().st_ino for path in contents]
        await twenty.attachments.destroy_one(made_id(4, 1))
        contents[2].unlink()
        left = tmp_path / "files" / f".{made_id(4, 2)}.part.abcdefgh.part"
        left.write_bytes(b"of a download that was killed")
        reports = {report.path.stem: report for report in await export_workspace(twenty, tmp_path)}
        assert (reports["attachments"].files, left.exists()) == (2, False)
        # One is as it was, one is gone, one was asked for again.
        assert (contents[0].stat().st_ino, contents[1].exists(), contents[2].read_bytes()) == (places[0], False, b"2")
