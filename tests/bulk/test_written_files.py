"""Files that bulk work writes: for their owner only, whole or not at all, and none in place of another."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty
from aiotwenty.bulk import InputError, Progress
from aiotwenty.cli.app import run
from aiotwenty.migrate import export_workspace, load_plan
from aiotwenty.sandbox import Sandbox
from tests.support.forked import forking

BAD = {"name.firstName": "Ada", "phones.primaryPhoneNumber": "no number"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
async def test_an_export_is_for_its_owner_only(twenty: Twenty, tmp_path: Path, ending: str) -> None:
    await twenty.companies.load([{"name": "Acme"}])
    path = tmp_path / f"companies{ending}"
    path.write_text("whatever was there, for everybody")
    path.chmod(0o644)
    await twenty.companies.export(path)
    assert (mode(path), files_in(tmp_path)) == (0o600, [path.name])


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
async def test_rejects_are_for_their_owner_only(twenty: Twenty, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rejects{ending}"
    path.with_name(path.name + ".part").write_text("left by a process that was killed")
    report = await twenty.people.load([BAD], rejects=path)
    assert (report.rejected, mode(path), files_in(tmp_path)) == (1, 0o600, [path.name])


@pytest.mark.parametrize(
    ("journal", "rejects", "told"),
    [
        ("people.csv", None, "is the source and the journal at once"),
        (None, "people.csv", "is the source and the rejects at once"),
        ("bad.csv", "bad.csv", "is the journal and the rejects at once"),
        ("link.csv", "bad.csv", "is the journal and the rejects at once"),
        ("twin.csv", None, "is the source and the journal at once"),
    ],
)
async def test_no_file_is_two_things_at_once(
    twenty: Twenty, tmp_path: Path, journal: str | None, rejects: str | None, told: str
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\na@example.com\n")
    (tmp_path / "link.csv").symlink_to("bad.csv")
    os.link(path, tmp_path / "twin.csv")
    before = files_in(tmp_path)
    options: dict[str, Any] = {"journal": journal and tmp_path / journal, "rejects": rejects and tmp_path / rejects}
    with pytest.raises(InputError, match=f"{told}; name another file"):
        await twenty.people.load(path, **options)
    with pytest.raises(InputError, match="is the export and the journal at once"):
        await twenty.people.export(path, journal=path)
    assert (files_in(tmp_path), path.read_text()) == (before, "email\na@example.com\n")
    assert await twenty.people.count() == 0


async def test_two_loads_of_a_plan_have_rejects_of_their_own(twenty: Twenty, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email\na@example.com\n")
    (tmp_path / "companies.csv").write_text("name\nAcme\n")
    (tmp_path / "plan.toml").write_text(
        '[[load]]\nobject = "people"\nsource = "people.csv"\nrejects = "bad.csv"\n'
        '[[load]]\nobject = "companies"\nsource = "companies.csv"\nrejects = "bad.csv"\n'
    )
    with pytest.raises(InputError, match=r"is the rejects of people from .* and the rejects of companies from"):
        await load_plan(twenty, tmp_path / "plan.toml")
    assert await twenty.people.count() == 0


async def test_rejects_that_cannot_be_written_do_not_lose_the_report(twenty: Twenty, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    rows = [{"name.firstName": "Bo"}, BAD]
    report = await twenty.people.load(rows, rejects=folder / "bad.csv", on_progress=lambda _: folder.rmdir())
    assert (report.loaded, report.rejected) == (1, 1)
    assert report.rejects_failure is not None
    assert "bad.csv: cannot be written (No such file or directory)" in report.rejects_failure
    assert report.rejects[0].values["phones.primaryPhoneNumber"] == "no number"


async def test_a_folder_of_rejects_that_is_not_there_is_told_before_anything_is_sent(
    twenty: Twenty, tmp_path: Path
) -> None:
    for path in (tmp_path / "nowhere" / "bad.csv", tmp_path):
        with pytest.raises(InputError, match=r"there is no folder|rejects are written as"):
            await twenty.people.load([BAD, {"name.firstName": "Bo"}], rejects=path)
    assert await twenty.people.count() == 0


EXPORT = """
import asyncio, resource
import aiotwenty.bulk.exporting, aiotwenty.core.objects.person
from aiotwenty import Twenty, TwentyError
async def main(url, key, path):
    async with Twenty(url, api_key=key) as twenty:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        try:
            await twenty.people.export(path)
        except TwentyError as error:
            print(type(error).__name__, error)
"""


async def test_an_export_onto_a_full_disk_is_told_and_leaves_nothing(
    sandbox: Sandbox, twenty: Twenty, tmp_path: Path
) -> None:
    await twenty.people.load([{"name.firstName": os.urandom(100).hex()} for _ in range(300)])
    async with forking(EXPORT) as program:
        for ending in (".csv", ".jsonl", ".parquet"):
            run = await program.start(sandbox.url, sandbox.api_key, str(tmp_path / f"people{ending}"))
            assert await run.end() == 0
            output = "\n".join(run.output[1:])
            assert output.startswith("FileFailed"), ending
            assert "cannot be written" in output
            assert files_in(tmp_path) == []


@pytest.mark.parametrize("harm", ["cut", "gone"])
async def test_an_export_whose_file_lost_its_end_is_begun_anew(twenty: Twenty, tmp_path: Path, harm: str) -> None:
    """As after a power failure, where the file may lack what the journal has."""
    await twenty.companies.load([{"name": f"Company {number}"} for number in range(300)])
    path, options = tmp_path / "a.jsonl", {"journal": tmp_path / "e.db", "page_size": 50}

    def stop(progress: Progress) -> None:
        if progress.loaded >= 150:
            raise KeyError

    with pytest.raises(KeyError):
        await twenty.companies.export(path, on_progress=stop, **options)  # type: ignore[arg-type]
    part = tmp_path / "a.jsonl.part"
    assert mode(part) == 0o600
    if harm == "cut":
        os.truncate(part, part.stat().st_size - 1000)
    else:
        part.unlink()
    report = await twenty.companies.export(path, **options)  # type: ignore[arg-type]
    assert report.records == 300
    assert len(set(path.read_bytes().splitlines())) == 300
    assert b"\0" not in path.read_bytes()
    # The same for one that was complete.
    os.truncate(path, 5000)
    await twenty.companies.export(path, **options)  # type: ignore[arg-type]
    assert len(set(path.read_bytes().splitlines())) == 300


FORMULAS = ['=HYPERLINK("http://x.example")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


async def test_texts_that_spreadsheets_take_for_formulas_are_made_harmless(twenty: Twenty, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"name": text, "annualRevenue": {"amountMicros": -5}} for text in FORMULAS]
    await twenty.companies.load([*rows, {"name": "Plain = text"}])
    path = tmp_path / "a.csv"
    fields = ["name", "annualRevenue.amountMicros"]

    def cells() -> list[tuple[str, str]]:
        with path.open(newline="") as file:
            return sorted((row["name"], row[fields[1]]) for row in csv.DictReader(file))

    stored = {company.name async for company in twenty.companies.iterate()}
    await twenty.companies.export(path, fields=fields)
    assert {name for name, _ in cells()} == stored
    await twenty.companies.export(path, fields=fields, spreadsheet_safe=True)
    assert {name for name, _ in cells()} == {f"'{name}" if name != "Plain = text" else name for name in stored}
    assert {amount for _, amount in cells()} == {"-5", ""}


async def test_only_csv_is_made_safe_for_spreadsheets(twenty: Twenty, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"goes with \.csv"):
        await twenty.companies.export(tmp_path / "a.jsonl", spreadsheet_safe=True)
    with pytest.raises(InputError, match=r"goes with \.csv"):
        await export_workspace(twenty, tmp_path / "all", spreadsheet_safe=True)


def test_the_command_line_makes_csv_safe_for_spreadsheets(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TWENTY_API_URL", sandbox.url)
    monkeypatch.setenv("TWENTY_API_KEY", sandbox.api_key)
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("name\n=1+1\n")
    assert run(["load", "companies", "in.csv"]) == 0
    assert run(["export", "companies", "out.csv", "--field", "name", "--spreadsheet-safe"]) == 0
    assert Path("out.csv").read_text().splitlines()[1].endswith(",'=1+1")
