"""`aiotwenty check --module`: the selections of a program, held against the workspace as it is now."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from aiotwenty import Twenty
from aiotwenty.cli.app import run as aiotwenty
from aiotwenty.codegen.selections import problems_of, selections_of
from aiotwenty.graphql.introspection import introspection, read_schema
from aiotwenty.sandbox import Sandbox

PROGRAM = """\
from uuid import UUID
from aiotwenty import Select
from aiotwenty.core import Company, Currency, FullName, Person

class Money(Select[Company]):
    annual_revenue: Currency

class Colleague(Select[Person]):
    name: FullName
    job_title: str | None
    company: Money | None

class Card(Select[Company]):
    id: UUID
    annual_revenue: Currency
    people: list[Colleague]
"""


@pytest_asyncio.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Sandbox]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "program_with_selections", raising=False)
    Path("program_with_selections.py").write_text(PROGRAM)  # noqa: ASYNC240
    async with Sandbox() as running:
        monkeypatch.setenv("TWENTY_API_URL", running.url)
        monkeypatch.setenv("TWENTY_API_KEY", running.api_key)
        yield running


async def check(module: str = "program_with_selections") -> int:
    return await asyncio.to_thread(aiotwenty, ["check", "--module", module])


@pytest.mark.usefixtures("sandbox")
async def test_selections_that_the_workspace_has_are_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert await check() == 0
    assert "3 selections checked, 0 problems." in capsys.readouterr().out


async def test_what_the_workspace_has_otherwise_is_named_wherever_it_is_asked_for(sandbox: Sandbox) -> None:
    models = selections_of("program_with_selections")
    async with Twenty() as twenty:
        schema = read_schema(await twenty.execute(introspection()), "/graphql")
    company: Any = schema.type_map["Company"]
    person: Any = schema.type_map["Person"]
    del company.fields["annualRevenue"]
    company.fields["people"] = company.fields["opportunities"]
    person.fields["name"] = person.fields["jobTitle"]
    assert [problem for model in models for problem in problems_of(model, schema)] == [
        "Money.annualRevenue: Company has no annualRevenue.",
        "Colleague.name: is String now, which has no such parts.",
        "Colleague.company.annualRevenue: Company has no annualRevenue.",
        "Colleague.name: may be None now, and is declared as never None.",
        "Card.annualRevenue: Company has no annualRevenue.",
        "Card.people: is OpportunityConnection now, and no list of Person.",
    ]


@pytest.mark.usefixtures("sandbox")
async def test_a_module_that_is_not_there_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert await check("no_such_program") == 1
    assert "no_such_program cannot be imported" in capsys.readouterr().err
