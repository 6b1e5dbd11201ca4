"""Deleting, destroying and changing many records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty, bulk
from aiotwenty.bulk import InputError
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.workspace_catalogue import serve_catalogue
from aiotwenty.errors import InvalidArgument
from aiotwenty.sandbox import Sandbox


async def fill(twenty: Twenty, count: int = 500) -> None:
    await twenty.companies.load({"name": f"C{i}", "domain": f"https://c{i}.example"} for i in range(count))


async def test_an_empty_filter_is_refused_unless_all_records_are_meant(twenty: Twenty) -> None:
    await fill(twenty)
    nothing: list[dict[str, Any] | None] = [None, {}, {"and": []}, {"or": [{}]}]
    for empty in nothing:
        with pytest.raises(InvalidArgument, match="all_records"):
            await bulk.delete(twenty.companies, filter=empty)
        with pytest.raises(InvalidArgument, match="all_records"):
            await bulk.destroy(twenty.companies, filter=empty)
        with pytest.raises(InvalidArgument, match="all_records"):
            await bulk.change(twenty.companies, {"name": "x"}, filter=empty)
    assert await twenty.companies.count() == 500
    report = await bulk.delete(twenty.companies, all_records=True)
    assert report.loaded == 500
    assert await twenty.companies.count() == 0


@pytest.fixture
async def companies(twenty: Twenty) -> Target:
    """The object as commands know it: from the workspace itself."""
    await fill(twenty, 20)
    endpoint = twenty.endpoint("graphql")
    return Target.named(endpoint, await serve_catalogue(endpoint), "companies")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"createdAt": {"gte": "20250101"}}, "createdAt.gte: must be a datetime or ISO 8601"),
        ({"and": [{"createdAt": {"in": ["2025"]}}]}, "and[0].createdAt.in.0: must be a datetime"),
        ({"annualRevenue": {"amountMicros": {"gte": "1e3"}}}, "annualRevenue.amountMicros.gte: must be a number"),
        ({"name": "C1"}, "name: must be an object"),
        ({"nmae": {"eq": "C1"}}, "nmae: there is no such field or operator (did you mean 'name'?)"),
        ({"name": {"eqq": "C1"}}, "name.eqq: there is no such field or operator (did you mean 'eq'?)"),
        ({"accountOwner": {"name": {"first": {"eq": "x"}}}}, "accountOwner.name.first: there is no such field"),
    ],
    ids=str,
)
async def test_a_filter_of_a_command_is_looked_at_as_closely_as_one_of_a_program(
    companies: Target, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        await bulk.delete(companies, filter=wrong, dry_run=True)
    assert str(caught.value).startswith(f"filter: {said}")


@pytest.mark.parametrize(
    ("filter", "count"),
    [
        # Older servers use one of several operators, without a word (Twenty, November 2025).
        ({"name": {"gte": "C1", "lt": "C12"}}, 3),
        ({"name": {"startsWith": "C1", "endsWith": "9"}}, 1),
        ({"and": {"name": {"eq": "C1"}}}, 1),
        ({"domain_name": {"primary_link_url": {"eq": "https://c1.example"}}}, 1),
        ({"createdAt": {"gte": "2025-01-01"}, "name": {"in": ["C1", "C2"]}}, 2),
    ],
    ids=str,
)
async def test_a_filter_of_a_command_means_the_same_to_every_server(
    companies: Target, filter: dict[str, Any], count: int
) -> None:
    assert (await bulk.delete(companies, filter=filter, dry_run=True)).received == count


async def test_a_filter_deletes_what_matches_and_a_dry_run_only_counts(either: Twenty) -> None:
    await fill(either)
    only = {"name": {"like": "C1%"}}
    rehearsal = await bulk.delete(either.companies, filter=only, dry_run=True)
    assert (rehearsal.received, rehearsal.loaded) == (111, 0)
    assert await either.companies.count() == 500
    report = await bulk.delete(either.companies, filter=only)
    assert report.loaded == 111
    assert await either.companies.count() == 389
    destroyed = await bulk.destroy(either.companies, filter={"deletedAt": {"is": "NOT_NULL"}})
    assert destroyed.loaded == 111


async def test_rows_name_records_by_key_and_what_is_not_there_is_a_reject(either: Twenty, tmp_path: Path) -> None:
    await fill(either)
    path = tmp_path / "gone.csv"
    path.write_text("domain,remark\nhttps://c1.example,x\nhttps://nowhere.example,\nhttps://c2.example,y\n,z\n")
    report = await bulk.delete(either.companies, path, key="domain")
    assert report.loaded == 2
    assert [(one.row, one.code) for one in report.rejects] == [(2, "NOT_FOUND"), (4, "KEY_MISSING")]
    assert await either.companies.count() == 498
    destroyed = await bulk.destroy(either.companies, path, key="domain")
    assert destroyed.loaded == 2


async def test_rows_without_a_way_to_name_records_are_refused(twenty: Twenty, tmp_path: Path) -> None:
    path = tmp_path / "gone.csv"
    path.write_text("name\nC1\n")
    with pytest.raises(InputError, match="no column id"):
        await bulk.delete(twenty.companies, path)


async def test_every_match_gets_the_same_values(either: Twenty) -> None:
    await fill(either)
    report = await bulk.change(either.companies, {"address": {"addressCity": "Rome"}}, filter={"name": {"like": "C%"}})
    assert report.loaded == 500
    assert await either.companies.count({"address": {"address_city": {"eq": "Rome"}}}) == 500


async def test_lost_answers_of_removals_are_settled(sandbox: Sandbox, twenty: Twenty) -> None:
    await fill(twenty, 1000)
    sandbox.faults.add("reset-after:probability=0.5:operation=destroyCompanies")
    report = await bulk.destroy(twenty.companies, filter={"name": {"like": "C%"}})
    assert (report.loaded, report.rejected) == (1000, 0)
    assert report.retries > 0
    assert await twenty.companies.count() == 0
