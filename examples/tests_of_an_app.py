"""Tests of an application, here load_csv.py: `pytest examples/tests_of_an_app.py`

The fixture `twenty_sandbox` comes with aiotwenty: a server that answers like Twenty, new for each test. Asynchronous
tests need pytest-asyncio; with a `Runner`, tests need not be asynchronous.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from aiotwenty import Runner
from aiotwenty.sandbox import Sandbox
from examples import load_csv

HEADER = "company,website,country,first name,last name,email\n"
CUSTOMERS = HEADER + "Air,https://air.example,Norway,Ana,Berg,ana@air.example\n"


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    file = tmp_path / "customers.csv"
    file.write_text(CUSTOMERS, encoding="utf-8")
    return file


def test_a_second_run_changes_nothing(twenty_sandbox: Sandbox, customers: Path, tmp_path: Path) -> None:
    with Runner(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as run:
        for _ in range(2):
            reports = run(load_csv.load(run.twenty, customers, tmp_path / "rejects.csv"))
            assert [report.rejected for report in reports] == [0, 0]
        assert run(run.twenty.companies.count()) == run(run.twenty.people.count()) == 1


@pytest.mark.parametrize("twenty_sandbox_options", [{"faults": ["reset-after:count=1:operation=createCompanies"]}])
def test_a_lost_response_doubles_nothing(twenty_sandbox: Sandbox, customers: Path, tmp_path: Path) -> None:
    with Runner(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as run:
        run(load_csv.load(run.twenty, customers, tmp_path / "rejects.csv"))
        assert run(run.twenty.companies.count()) == 1
