"""`aiotwenty check --module`: the selections of a program, held against the workspace as it is now."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, twenty_sandbox: Sandbox) -> Sandbox:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "program_with_selections", raising=False)
    Path("program_with_selections.py").write_text(PROGRAM)
    monkeypatch.setenv("TWENTY_API_URL", twenty_sandbox.url)
    monkeypatch.setenv("TWENTY_API_KEY", twenty_sandbox.api_key)
    return twenty_sandbox


async def check(module: str = "program_with_selections") -> int:
    return await asyncio.to_thread(aiotwenty, ["check", "--module", module])


@pytest.mark.usefixtures("sandbox")
async def test_selections_that_the_workspace_has_are_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert await check() == 0
    assert "3 models checked, 0 problems." in capsys.readouterr().out


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


OTHERWISE = """\
from datetime import datetime
from typing import Literal
from uuid import UUID
from aiotwenty import Aggregate, Select
from aiotwenty.core import Address, Company, Opportunity

class Place(Select[Address]):
    address_lat: float | None

class Deal(Select[Opportunity]):
    stage: Literal["NEW", "SCREENING", "MEETING", "PROPOSAL", "CUSTOMER"]
    close_date: datetime | None
    position: float

class Totals(Aggregate[Opportunity]):
    total_count: int
    count_empty_name: int
"""


async def test_a_field_that_is_read_otherwise_now_is_named(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("program_with_types.py").write_text(OTHERWISE)  # noqa: ASYNC240
    monkeypatch.delitem(sys.modules, "program_with_types", raising=False)
    models = selections_of("program_with_types")
    async with Twenty() as twenty:
        schema = read_schema(await twenty.execute(introspection()), "/graphql")
    assert [problem for model in models for problem in problems_of(model, schema)] == []
    deal: Any = schema.type_map["Opportunity"]
    address: Any = schema.type_map["Address"]
    totals: Any = schema.type_map["OpportunityConnection"]
    deal.fields["stage"].type = schema.type_map["TaskStatusEnum"]
    deal.fields["closeDate"].type = deal.fields["position"].type
    deal.fields["position"].type = deal.fields["name"].type
    address.fields["addressLat"].type = address.fields["addressCity"].type
    del totals.fields["countEmptyName"]
    assert [problem for model in models for problem in problems_of(model, schema)] == [
        "Place.address_lat: is declared float | None, and is str now.",
        "Deal.stage: is declared Literal, and is TaskStatusEnum (TODO, IN_PROGRESS, DONE) now.",
        "Deal.stage: may be None now, and is declared as never None.",
        "Deal.close_date: is declared datetime | None, and is float now.",
        "Deal.position: is declared float, and is str now.",
        "Deal.position: may be None now, and is declared as never None.",
        "Totals.countEmptyName: Opportunity has no aggregate countEmptyName (did you mean 'countNotEmptyName'?).",
    ]
