"""Journals are databases: whatever becomes of the file, the next run goes on or says what to do; nothing is doubled."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from aiotwenty import Twenty
from aiotwenty.bulk import FileFailed, InputError, Journal, Progress
from aiotwenty.bulk.report import Reject
from aiotwenty.sandbox import Sandbox
from tests.support.uncounted import uncounted

PEOPLE = [{"email": f"p{number}@example.com"} for number in range(300)]


def begun(path: Path) -> None:
    """A journal with one job: some rows done, some sent, one rejected, one claimed."""
    journal = Journal(path)
    job = journal.job("load", fingerprint="f", settings="{}", namespace=uuid4())
    job.sending(range(1, 31))
    job.finished_rows(range(1, 21), [(b"i" * 16, 3)])
    job.reject([Reject(25, {"name": "Zoë"}, "INVALID", "is wrong")])
    job.state = {"at": 7}
    journal.close()


def read(path: Path) -> Any:
    journal = Journal(path)
    try:
        job = journal.job("load", fingerprint="f", settings="{}", namespace=uuid4())
        rejects = [(one.row, one.values, one.message) for one in job.rejects()]
        return len(job.done), len(job.sent), rejects, job.claimed(b"i" * 16), job.state
    finally:
        journal.close()


READ = (20, 30, [(25, {"name": "Zoë"}, "is wrong")], 3, {"at": 7})


def test_a_journal_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    begun(path)
    assert read(path) == READ
    journal = Journal(path)
    journal.job("load", fingerprint="f", settings="{}", namespace=uuid4()).state = 8
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    journal.close()
    assert modes == dict.fromkeys(["j.db", "j.db-wal"], 0o600)


@pytest.mark.parametrize(("version", "told"), [(0, "an older version"), (99, "a newer version")])
def test_a_journal_of_another_version_is_refused(tmp_path: Path, version: int, told: str) -> None:
    path = tmp_path / "j.db"
    begun(path)
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    with pytest.raises(InputError, match=rf"j\.db: was made by {told} of aiotwenty"):
        Journal(path)


def a_database_of_something_else(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE wishes (wish TEXT)")
    db.close()


def a_text(path: Path) -> None:
    path.write_text("name,city\n" * 500)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (a_database_of_something_else, r"cannot be used as a journal \(it is another database\)"),
        (a_text, "cannot be used as a journal"),
        (Path.mkdir, "is no file"),
        (os.mkfifo, "is no file"),
    ],
)
def test_what_is_no_journal_is_left_as_it_is(tmp_path: Path, make: Callable[[Path], None], told: str) -> None:
    path = tmp_path / "j.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(InputError, match=told):
        Journal(path)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_journal_needs_a_folder_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        Journal(tmp_path / "nowhere" / "j.db")


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[None]:
    """A user who may read, but not write, in the folder: root may always."""
    tmp_path.chmod(0o555)
    for folder in tmp_path.parents[:3]:
        if folder.stat().st_uid == os.getuid():
            folder.chmod(0o755)
    if os.geteuid():
        yield
    else:
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)
    tmp_path.chmod(0o755)


@pytest.mark.usefixtures("nobody")
def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be opened as a journal \(Permission denied\)"):
        Journal(tmp_path / "j.db")


def test_a_journal_in_a_folder_that_became_read_only_is_told(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    begun(tmp_path / "j.db")
    request.getfixturevalue("nobody")
    with pytest.raises(InputError, match=r"j\.db: "):
        Journal(tmp_path / "j.db")


def test_a_journal_of_another_process_is_locked_for_this_one(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    holder = (
        "import sys; from aiotwenty.bulk import Journal; j = Journal(sys.argv[1]); print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="another load is using this journal"):
            Journal(path)
        process.communicate(b"\n")


def test_a_zeroed_page_is_told(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    begun(path)
    content = path.read_bytes()
    for page in range(1, len(content) // 4096):
        path.write_bytes(content[: page * 4096] + bytes(4096) + content[(page + 1) * 4096 :])
        with pytest.raises((InputError, FileFailed), match="use a new journal"):
            read(path)


@pytest.mark.parametrize("text", ["Zoë", "is wrong", "INVALID"])
def test_a_changed_byte_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "j.db"
    begun(path)
    content = path.read_bytes()
    assert content.count(text.encode()) == 1
    for other in (text[:-1].encode() + b"X", text[:-1].encode() + b"\xff"):
        path.write_bytes(content.replace(text.encode(), other.ljust(len(text.encode()), b"!")))
        with pytest.raises(InputError, match=r"the journal is damaged .*use a new journal"):
            Journal(path)


FULL = """
import asyncio, resource, sys
from aiotwenty import Twenty
from aiotwenty.bulk import FileFailed
async def main(url, key, path, limit):
    async with Twenty(url, api_key=key, rate_limit=None) as twenty:
        people = [{"email": f"p{number}@example.com"} for number in range(4000)]
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
        try:
            await twenty.people.load(people, key="email", journal=path, concurrency=4, batch_size=40)
        except FileFailed as error:
            print("FileFailed", error)
asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_full_disk_ends_the_load_and_the_next_run_goes_on(
    sandbox: Sandbox, twenty: Twenty, tmp_path: Path
) -> None:
    journal = tmp_path / "load.db"
    command = [sys.executable, "-c", FULL, sandbox.url, sandbox.api_key, str(journal)]
    # Its counts of lines would not fit into the limit either.
    output = await asyncio.to_thread(subprocess.check_output, [*command, "90000"], text=True, env=uncounted())
    assert output.startswith(f"FileFailed {journal}: the journal cannot be written")
    there = await twenty.people.count()
    assert 0 < there < 4000
    await asyncio.to_thread(subprocess.check_output, [*command, "10000000"])
    assert await twenty.people.count() == 4000


@pytest.mark.parametrize("key", [None, "email"])
async def test_rows_whose_end_of_the_journal_was_lost_are_loaded_and_no_duplicates(
    twenty: Twenty, tmp_path: Path, key: str | None
) -> None:
    """As after a power failure: what was written last is gone, but what was about to be sent is not."""
    path, journal = tmp_path / "people.csv", tmp_path / "load.db"
    path.write_text("email\n" + "".join(f"{person['email']}\n" for person in PEOPLE))
    kept: list[bytes] = []

    def power_off(progress: Progress) -> None:
        if progress.loaded == 150:
            kept.append(journal.read_bytes())
            raise KeyError

    options: dict[str, Any] = {"key": key, "batch_size": 50, "concurrency": 1, "journal": journal}
    with pytest.raises(KeyError):
        await twenty.people.load(path, on_progress=power_off, **options)
    # The journal without the log beside it, which says that the third batch is loaded.
    journal.write_bytes(kept[0])
    report = await twenty.people.load(path, **options)
    assert (report.already_loaded, report.loaded, report.rejected) == (100, 200, 0)
    assert await twenty.people.count() == 300


def test_a_journal_that_lost_its_tables_is_no_new_one(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    begun(path)
    content = bytearray(path.read_bytes())
    content[103:105] = bytes(2)  # how many tables there are
    path.write_bytes(content)
    with pytest.raises(InputError, match="the journal is damaged"):
        Journal(path)
