"""`aiotwenty sandbox` as a helper of other programs."""

from __future__ import annotations

import itertools
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from aiotwenty import Twenty
from aiotwenty.cli.env_file import write_variables
from aiotwenty.cli.seed_data import SeedData, seed
from aiotwenty.sandbox import Sandbox
from tests.cli.conftest import Command

PROGRAM = (sys.executable, "-m", "aiotwenty", "sandbox")
IN_USE = "Error: the port is in use: choose another one with --port.\n"
ASKS = "import os; print(os.environ['TWENTY_API_URL'], len(os.environ['TWENTY_API_KEY']) > 9); raise SystemExit(7)"


def test_a_program_runs_against_it_and_says_how_it_ended(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*PROGRAM, "--env-file", ".env", "--", sys.executable, "-c", ASKS],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 7
    url, has_key = ran.stdout.split()
    assert (url.startswith("http://127.0.0.1:"), has_key) == (True, "True")
    written = tmp_path / ".env"
    assert written.read_text().startswith(f"TWENTY_API_URL={url}\nTWENTY_API_KEY=ey")
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_program_that_is_not_there_is_wrong_usage(bare: Command) -> None:
    assert bare("sandbox", "--", "no-such-program").code == 2
    assert bare("sandbox", "--background", "--", "true").code == 2
    assert "No sandbox is running" in bare("sandbox", "--stop").err


def test_one_in_the_background_is_stopped_by_another_command(tmp_path: Path) -> None:
    where = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}

    def sandbox(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*PROGRAM, *options], env=where, capture_output=True, text=True, check=False, timeout=300)

    started = sandbox("--background")
    url = started.stdout.splitlines()[0].partition("=")[2]
    assert started.stdout.splitlines()[1].startswith("TWENTY_API_KEY=ey")
    try:
        again = sandbox("--background", "--port", url.rpartition(":")[2])
        assert (again.returncode, again.stderr) == (1, IN_USE)
    finally:
        assert sandbox("--stop").stderr == f"stopped {url}\n"
    assert "No sandbox is running" in sandbox("--stop").stderr


def test_what_else_is_in_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("DEBUG=1\nTWENTY_API_URL=http://127.0.0.1:1\nTWENTY_API_KEY=old\n")
    write_variables(file, {"TWENTY_API_URL": "http://127.0.0.1:2", "TWENTY_API_KEY": "new"})
    assert file.read_text() == "DEBUG=1\nTWENTY_API_URL=http://127.0.0.1:2\nTWENTY_API_KEY=new\n"
    file.write_text("TWENTY_API_URL=https://crm.example.com\nTWENTY_API_KEY=real\n")
    with pytest.raises(Exception, match="names another workspace"):
        write_variables(file, {"TWENTY_API_URL": "http://127.0.0.1:2", "TWENTY_API_KEY": "new"})
    assert "real" in file.read_text()


def test_the_same_seed_gives_the_same_data() -> None:
    def first(number: int) -> list[object]:
        return [(name, list(itertools.islice(rows, 5))) for name, rows in SeedData(100, number).rows()]

    assert first(1) == first(1)
    assert first(1) != first(2)
    for records in (0, 1, 7, 100):
        assert sum(SeedData(records, 0).counts.values()) == records


def test_the_data_of_a_seed_is_the_same_in_each_process() -> None:
    program = "from aiotwenty.cli.seed_data import SeedData; print([list(rows) for _, rows in SeedData(500, 1).rows()])"
    printed = [
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": order}, capture_output=True
        )
        for order in ("1", "2")
    ]
    assert printed[0].stdout == printed[1].stdout != b""


@pytest.mark.parametrize("version", ["2.19", "1.10"])
async def test_data_fits_together(version: str) -> None:
    async with Sandbox(version=version) as sandbox, Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
        made = await seed(twenty, 100, 3)
        assert made == {"companies": 15, "people": 50, "opportunities": 15, "notes": 10, "tasks": 10}
        companies = {company.id async for company in twenty.object("companies").iterate()}
        people = [person async for person in twenty.object("people").iterate()]
    assert {person.company_id for person in people} <= companies
    assert all("@" in person.emails.primary_email for person in people)
