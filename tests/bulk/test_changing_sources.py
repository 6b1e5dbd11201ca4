"""A source that changes while it is loaded: only what was checked is loaded, and the load says that it changed."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty
from aiotwenty.bulk import Progress, SourceChanged
from aiotwenty.bulk.source import require_arrow
from aiotwenty.migrate import load_plan

pyarrow, parquet = require_arrow()

ROWS = 500


def rows(seed: int = 0) -> list[dict[str, str]]:
    """Hard to pack: so many rows are several blocks, in every format."""
    chance = random.Random(seed)
    return [{"name": f"Company {number}", "city": chance.randbytes(800).hex()} for number in range(ROWS)]


def as_csv(rows: list[dict[str, str]]) -> bytes:
    return "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows), ""]).encode()


def as_parquet(rows: list[dict[str, str]]) -> bytes:
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(rows), sink, row_group_size=125)
    content: bytes = sink.getvalue().to_pybytes()
    return content


KINDS: dict[str, Callable[[list[dict[str, str]]], bytes]] = {
    ".csv": as_csv,
    ".csv.gz": lambda rows: gzip.compress(as_csv(rows)),
    ".jsonl": lambda rows: b"".join(json.dumps(row).encode() + b"\n" for row in rows),
    ".json": lambda rows: json.dumps(rows).encode(),
    ".parquet": as_parquet,
}
MAPPING = {"city": "address.addressCity"}


def cut(path: Path, content: bytes) -> None:
    os.truncate(path, len(content) // 2)


def overwrite_in_place(path: Path, content: bytes) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(len(content) * 3 // 4)
        file.write(b"7777777")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def append_half_a_line(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"Half a com")


def replace(path: Path, content: bytes) -> None:
    other = path.with_name("other")
    other.write_bytes(content.replace(b"Company", b"Firm") + b"\n")
    other.replace(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", [cut, overwrite_in_place, append_half_a_line, replace])
async def test_only_what_was_checked_is_loaded_and_the_old_file_goes_on(
    twenty: Twenty, tmp_path: Path, kind: str, change: Callable[[Path, bytes], None]
) -> None:
    path = tmp_path / f"companies{kind}"
    content = KINDS[kind](rows())
    path.write_bytes(content)
    changed = False

    def change_once(progress: Progress) -> None:
        nonlocal changed
        if not changed:
            changed = True
            change(path, content)

    options: dict[str, Any] = {"mapping": MAPPING, "journal": tmp_path / "load.db", "concurrency": 2, "batch_size": 50}
    with pytest.raises(SourceChanged, match=r": was changed .*of 500 rows are loaded.* put the old") as told:
        await twenty.companies.load(path, on_progress=change_once, **options)
    there = {company.name: company.address async for company in twenty.companies.iterate()}
    assert 0 < len(there) == told.value.loaded <= ROWS
    as_checked = {row["name"]: row["city"] for row in rows()}
    assert {name: address and address.address_city for name, address in there.items()}.items() <= as_checked.items()

    with pytest.raises(Exception, match=r"another content|damaged|broken off|not JSON|has 1 cell|is no Parquet"):
        await twenty.companies.load(path, **options)
    assert await twenty.companies.count() == len(there)
    path.write_bytes(content)
    report = await twenty.companies.load(path, **options)
    assert (report.loaded + report.already_loaded, report.rejected) == (ROWS, 0)
    assert await twenty.companies.count() == ROWS


async def test_a_file_that_is_only_touched_is_the_same(twenty: Twenty, tmp_path: Path) -> None:
    path = tmp_path / "companies.csv"
    path.write_bytes(as_csv(rows()))

    def touch(_: Progress) -> None:
        path.write_bytes(path.read_bytes())

    report = await twenty.companies.load(path, mapping=MAPPING, on_progress=touch)
    assert report.loaded == ROWS


async def test_a_file_that_is_removed_was_read_already(twenty: Twenty, tmp_path: Path) -> None:
    path = tmp_path / "companies.csv"
    path.write_bytes(as_csv(rows()))
    report = await twenty.companies.load(path, mapping=MAPPING, on_progress=lambda _: path.unlink(missing_ok=True))
    assert report.loaded == ROWS


async def test_a_list_that_grows_while_it_is_loaded_is_told(twenty: Twenty) -> None:
    companies = [{"name": f"Company {number}"} for number in range(400)]
    options: dict[str, Any] = {"batch_size": 20, "concurrency": 2}
    with pytest.raises(SourceChanged, match=r"had 400 rows, and now 4"):
        await twenty.companies.load(companies, on_progress=lambda _: companies.append({"name": "Late"}), **options)


async def test_a_later_source_of_a_plan_must_be_what_was_checked_at_its_beginning(
    twenty: Twenty, tmp_path: Path
) -> None:
    (tmp_path / "companies.csv").write_text("name\nAcme\n")
    (tmp_path / "people.csv").write_text("name.firstName,company.name\nAda,Acme\n")
    (tmp_path / "plan.toml").write_text(
        '[[load]]\nobject = "companies"\nsource = "companies.csv"\n[[load]]\nobject = "people"\nsource = "people.csv"\n'
    )

    def change(_: Progress) -> None:
        (tmp_path / "people.csv").write_text("company.name,name.firstName\nAda,Acme\n")

    with pytest.raises(SourceChanged, match=r"people\.csv: was changed"):
        await load_plan(twenty, tmp_path / "plan.toml", on_progress=change)
    assert (await twenty.companies.count(), await twenty.people.count()) == (1, 0)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
async def test_what_can_be_read_only_once_is_copied_and_the_report_says_so(
    twenty: Twenty, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "feed"
    listener = socket.socket(socket.AF_UNIX)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        listener.bind(str(path))
        listener.listen()

    def write() -> None:
        content = as_csv(rows())
        if kind == "pipe":
            path.write_bytes(content)
        else:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(content)

    with listener:
        writer = threading.Thread(target=write)
        writer.start()
        report = await twenty.companies.load(path, mapping=MAPPING)
        await asyncio.to_thread(writer.join)
    assert report.loaded == ROWS
    assert "feed: was read once, into a copy, which was checked and then used" in report.notes
