"""The server makes null of "": a text that may not be null can't be emptied, and is left out where a row has ""."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty, bulk
from aiotwenty.bulk.report import LoadReport
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.workspace_catalogue import serve_catalogue

TAGLINES = "query{companies(first:5000,orderBy:[{name:AscNullsLast}]){edges{node{name tagline}}}}"


@pytest.fixture
async def workspace(twenty: Twenty) -> Twenty:
    """One whose companies have a tagline that may not be null, as the seeded workspace of a genuine server has."""
    await twenty.workspace.create_field("company", "tagline", "TEXT", is_nullable=False, default_value="''")
    return twenty


async def companies(twenty: Twenty) -> Target:
    endpoint = twenty.endpoint("graphql")
    return Target.named(endpoint, await serve_catalogue(endpoint), "companies")


async def load(twenty: Twenty, rows: Any, *, upsert: bool = False) -> LoadReport:
    return await bulk.load(await companies(twenty), rows, upsert=upsert)


async def taglines(twenty: Twenty) -> list[tuple[str, str]]:
    edges = (await twenty.execute(TAGLINES))["companies"]["edges"]
    return [(edge["node"]["name"], edge["node"]["tagline"]) for edge in edges]


async def test_rows_with_an_empty_text_that_may_not_be_null_are_loaded(workspace: Twenty) -> None:
    rows = [{"name": f"C{number:04}", "tagline": "" if number % 2 else "the best"} for number in range(2000)]
    report = await load(workspace, rows)
    assert (report.loaded, report.rejected) == (2000, 0)
    assert report.requests <= 10 + 8, "what the server refused once is not sent again"
    assert dict(await taglines(workspace)) == {row["name"]: row["tagline"] for row in rows}


async def test_an_export_is_upserted_into_the_workspace_that_it_comes_from(workspace: Twenty, tmp_path: Path) -> None:
    await load(workspace, [{"name": f"C{number}", "tagline": "x" * (number % 2)} for number in range(10)])
    before = await taglines(workspace)
    path = tmp_path / "companies.jsonl"
    await bulk.export(await companies(workspace), path)
    report = await load(workspace, path, upsert=True)
    assert (report.loaded, report.rejected) == (10, 0)
    assert await taglines(workspace) == before


async def test_a_row_that_would_empty_a_text_which_can_not_be_emptied_is_told_so(workspace: Twenty) -> None:
    ids = [f"20202020-0000-4000-8000-{number:012d}" for number in range(2)]
    await load(workspace, [{"id": id_, "name": "old", "tagline": tag} for id_, tag in zip(ids, ("", "x"), strict=True)])
    report = await load(workspace, [{"id": id_, "name": "new", "tagline": ""} for id_ in ids], upsert=True)
    assert (report.loaded, [(one.row, one.code) for one in report.rejects]) == (1, [(2, "NOT_EMPTIED")])
    assert "tagline = 'x'" in report.rejects[0].message
    assert sorted(await taglines(workspace)) == [("new", ""), ("new", "x")]


async def test_null_for_a_field_that_may_not_be_null_costs_the_row(workspace: Twenty) -> None:
    report = await load(workspace, [{"name": "a", "tagline": None}, {"name": "b", "tagline": ""}, {"name": "c"}])
    assert (report.loaded, [one.row for one in report.rejects]) == (2, [1])
