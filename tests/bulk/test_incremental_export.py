"""An export that is brought up to date is what a whole one would be, whenever it was killed."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from aiotwenty import Twenty
from aiotwenty.bulk import InputError
from aiotwenty.cli.app import run as aiotwenty
from aiotwenty.errors import ConfigurationError
from aiotwenty.migrate import compare_workspace, export_workspace
from aiotwenty.sandbox import Sandbox
from tests.support.uncounted import uncounted

ENDINGS = ["out.csv", "out.jsonl", "out.parquet", "out"]


def same(path: Path, whole: Path) -> bool:
    """Text files byte by byte, tables row by row."""
    if path.suffix in (".csv", ".jsonl"):
        return path.read_bytes() == whole.read_bytes()
    table = pq.read_table(path)
    return bool(table.sort_by("id").equals(pq.read_table(whole)))


async def check(twenty: Twenty, path: Path, **options: Any) -> int:
    report = await twenty.companies.export(path, incremental=path.with_name(f"{path.name}.db"), **options)
    whole = path.with_name(f"whole{path.suffix or '.parquet'}")
    assert report.records == (await twenty.companies.export(whole, **options)).records
    assert same(path, whole)
    assert report.changes is not None
    return report.changes


async def write_something(twenty: Twenty, chance: random.Random) -> None:
    records = [record async for record in twenty.companies.iterate()]
    some = [record.id for record in chance.sample(records, 40)]
    await twenty.companies.update_many({"name": 'Changed, "here"'}, {"id": {"in": some[:10]}})
    await twenty.companies.delete_many({"id": {"in": some[10:20]}})
    await twenty.companies.destroy_many({"id": {"in": some[15:30]}})
    await twenty.companies.create_many([{"name": f"New {number}"} for number in range(25)])


@pytest.mark.parametrize("name", ENDINGS)
async def test_it_is_what_a_whole_export_would_be(twenty: Twenty, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    await twenty.companies.load({"name": f"C{number}"} for number in range(300))
    assert await check(twenty, path) == 300
    await write_something(twenty, random.Random(1))
    assert await check(twenty, path) == 55
    assert await check(twenty, path) == 0
    # Whoever changes or removes it gets a whole one.
    (path if path.is_file() else path / "part-7.parquet").unlink()
    assert await check(twenty, path) == await twenty.companies.count() + 5


async def test_what_cannot_be_is_said(twenty: Twenty, tmp_path: Path) -> None:
    companies, path = twenty.companies, tmp_path / "out.jsonl"
    await companies.export(path, incremental=tmp_path / "a.db")
    wrong: tuple[tuple[Path, dict[str, Any], str], ...] = (
        (path, {"fields": ["name"]}, r"another export .*\(other fields\)"),
        (tmp_path / "b.jsonl", {}, r"\(other path\)"),
        (path, {"filter": {"name": {"eq": "x"}}}, "takes no filter"),
        (path, {"journal": tmp_path / "j.db"}, "no journal"),
        (tmp_path / "a.db", {}, "are written as|at once"),
        (tmp_path / "none" / "out", {}, "no folder"),
    )
    for other, options, message in wrong:
        with pytest.raises(InputError, match=message):
            await companies.export(other, incremental=tmp_path / "a.db", **options)


async def test_a_store_of_another_workspace_is_refused(
    twenty: Twenty, tmp_path: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    await twenty.companies.create_one({"name": "a"})
    path, store = tmp_path / "companies.csv", tmp_path / "state.db"
    await twenty.companies.export(path, incremental=store)
    before = path.read_bytes()
    async with Sandbox() as another, client_of(another) as elsewhere:
        with pytest.raises(ConfigurationError, match="of the workspace"):
            await elsewhere.companies.export(path, incremental=store)
    assert path.read_bytes() == before
    assert (await twenty.companies.export(path, incremental=store)).changes == 0


async def test_a_workspace_is_kept_up_to_date(sandbox: Sandbox, twenty: Twenty, tmp_path: Path) -> None:
    """Foreign keys too, which the database empties without a word when something is destroyed."""
    company = await twenty.companies.create_one({"name": "a"})
    await twenty.people.create_one({"name": {"first_name": "b"}, "company_id": company.id})
    folder, store = tmp_path / "out", tmp_path / "out.db"
    await export_workspace(twenty, folder, incremental=store)
    assert str(company.id) in (folder / "people.jsonl").read_text()
    await twenty.companies.destroy_one(company.id)
    reports = await export_workspace(twenty, folder, incremental=store)
    assert {report.path.stem: report.changes for report in reports if report.changes} == {"companies": 1, "people": 1}
    await export_workspace(twenty, tmp_path / "whole")
    for name in ("companies", "people", "workspaceMembers"):
        assert same(folder / f"{name}.jsonl", tmp_path / "whole" / f"{name}.jsonl")


async def test_files_of_records_are_kept_up_to_date_with_them(twenty: Twenty, tmp_path: Path) -> None:
    folder, state = tmp_path / "out", tmp_path / "out.db"
    company = await twenty.companies.create_one({"name": "C"})
    kept, gone, renamed = [
        await twenty.files.attach(company, content, filename=f"{content.decode()}.txt")
        for content in (b"kept", b"gone", b"renamed")
    ]
    await twenty.files.attach(company, b"kept", filename="the same again.txt")
    first = {report.path.stem: report for report in await export_workspace(twenty, folder, incremental=state)}
    assert (first["attachments"].changes, first["attachments"].files) == (4, 4)
    places = {path.read_bytes(): path.stat().st_ino for path in folder.glob("files/??/*")}
    assert places.keys() == {b"kept", b"gone", b"renamed"}

    await twenty.attachments.destroy_one(gone.id)
    await twenty.attachments.update_one(renamed.id, {"name": "otherwise.txt"})
    await twenty.attachments.delete_one(kept.id)
    await twenty.files.attach(company, b"new", filename="new.txt")
    again = {report.path.stem: report for report in await export_workspace(twenty, folder, incremental=state)}
    assert (again["attachments"].changes, again["attachments"].files) == (4, 4)
    assert all(report.complete for report in again.values())
    now = {path.read_bytes(): path.stat().st_ino for path in folder.glob("files/??/*")}
    assert now.keys() == {b"kept", b"new", b"renamed"}
    assert {content: now[content] for content in (b"kept", b"renamed")}.items() <= places.items()

    whole = tmp_path / "whole"
    await export_workspace(twenty, whole)
    for name in ("attachments.jsonl", "companies.jsonl", "model.json", "export.json"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    # Files come as they come.
    indexes = [sorted((one / "files/index.jsonl").read_text().splitlines()) for one in (folder, whole)]
    assert indexes[0] == indexes[1]
    assert [one for one in await compare_workspace(twenty, folder) if not one.equal] == []


def test_the_command_tells_of_changes(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWENTY_API_URL", sandbox.url)
    monkeypatch.setenv("TWENTY_API_KEY", sandbox.api_key)
    export = ["export", "companies", str(tmp_path / "c.csv"), "--incremental", str(tmp_path / "c.db")]
    for text in ("0 records", "0 records"):
        assert aiotwenty(export) == 0
        assert f"{text} in {tmp_path}/c.csv" in (output := capsys.readouterr().out)
        assert "0 changes" in output


KILLED = """
import asyncio, os, sys
from pathlib import Path
from aiotwenty import Twenty
from aiotwenty.bulk import incremental, output
from aiotwenty.bulk.feed import store
left = 0
def killing(function):
    def step(*args, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return function(*args, **options)
    return step
store.ChangeStore.execute = killing(store.ChangeStore.execute)
output.put_in_place = killing(output.put_in_place)
async def main(url, key, path):
    async with Twenty(url, api_key=key, rate_limit=None) as twenty:
        await twenty.companies.export(path, incremental=path + ".db")
# Each in a process of its own, forked off one that has everything imported.
for line in sys.stdin:
    left = int(line)
    child = os.fork()
    if not child:
        code = 1
        try:
            asyncio.run(main(*sys.argv[1:]))
            code = 0
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.parametrize("name", ["out.jsonl", pytest.param("out", marks=pytest.mark.soak)])
async def test_killed_at_any_step_it_goes_on(sandbox: Sandbox, twenty: Twenty, tmp_path: Path, name: str) -> None:
    path, chance = tmp_path / name, random.Random(3)
    await twenty.companies.load({"name": f"C{number}"} for number in range(200))
    # In the middle of the first run, before the file is in its place, and after that.
    steps = [14, 20, 21, 24] if name == "out.jsonl" else list(range(0, 130, 3))
    killed = 0
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, sandbox.url, sandbox.api_key, str(path),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=uncounted(),
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    for step in steps:
        process.stdin.write(b"%d\n" % step)
        killed += int(await process.stdout.readline()) == -9
        await write_something(twenty, chance)
    process.stdin.close()
    await process.communicate()
    assert killed > 2
    await check(twenty, path)
    assert not list(tmp_path.glob("**/*.part"))  # noqa: ASYNC240 - a folder of a test
