"""A program that type checkers accept."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_type
from uuid import UUID

from aiotwenty import Aggregate, Group, Money, Twenty
from aiotwenty.core import (
    Company,
    CompanyCreateDict,
    CompanyCreateInput,
    CompanyFilterDict,
    CompanyFilterInput,
    CompanyGroupByInput,
    CompanyOrderByInput,
    CompanyOrderByWithGroupByInput,
    CompanyUpdateInput,
    LinksCreateInput,
    LinksFilterInput,
    Opportunity,
    OpportunityCreateInput,
    OpportunityStageEnum,
    OrderByDirection,
    Person,
    StringFilter,
)
from aiotwenty.errors import DuplicateRecord, NotFoundError
from aiotwenty.live import Gap, RecordEvent
from aiotwenty.workspace.files import DownloadedFile


class Totals(Aggregate[Opportunity]):
    total_count: int
    sum_amount_amount_micros: Decimal | None


async def program(twenty: Twenty) -> None:
    made = await twenty.companies.create_one(
        CompanyCreateInput(name="Airbnb", domain_name=LinksCreateInput(primary_link_url="https://airbnb.com"))
    )
    assert_type(made, Company)
    assert_type(made.id, UUID)
    assert_type(made.name, str | None)
    await twenty.companies.update_one(made.id, CompanyUpdateInput(name=None))
    await twenty.companies.update_one(str(made.id), {"name": "a dict is checked, too", "address": made.address})

    only = CompanyFilterInput(
        or_=[
            CompanyFilterInput(name=StringFilter(ilike="%air%")),
            CompanyFilterInput(domain_name=LinksFilterInput(primary_link_url=StringFilter(in_=["https://a.example"]))),
        ]
    )
    page = await twenty.companies.find_many(
        filter=only, order_by=CompanyOrderByInput(name=OrderByDirection.AscNullsFirst), first=20
    )
    assert_type(page.records, list[Company])
    async for company in twenty.companies.iterate(filter=only, limit=100):
        assert_type(company, Company)
    async with aclosing(twenty.companies.iterate()) as walk:
        assert_type(await anext(walk), Company)
    groups = await twenty.companies.group_by(
        CompanyGroupByInput(name=True),
        order_by=CompanyOrderByWithGroupByInput(name=OrderByDirection.AscNullsFirst),
    )
    assert_type(groups, list[Group])
    by_stage = await twenty.opportunities.group_by({"stage": True}, select=Totals, limit=5)
    assert_type(by_stage, list[Totals])
    assert_type(by_stage[0].total_count, int)
    assert_type((await twenty.opportunities.aggregate(Totals)).sum_amount_amount_micros, Decimal | None)
    assert_type(await twenty.companies.count(only), int)

    deal = await twenty.opportunities.create_one(
        OpportunityCreateInput(name="Big", stage=OpportunityStageEnum.MEETING, company_id=made.id)
    )
    assert_type(deal, Opportunity)
    if deal.stage is OpportunityStageEnum.MEETING:
        print(deal.stage.value)  # noqa: T201

    await dicts(twenty, made)
    await rest(twenty, made)

    pairs = await twenty.people.find_duplicates(ids=[made.id])
    assert_type(pairs[0].records, list[Person])
    assert_type(await twenty.people.merge_many([made.id, made.id], 0), Person)
    try:
        await twenty.companies.destroy_one(made.id)
    except NotFoundError as error:
        print(error.code, date.today())  # noqa: T201
    except DuplicateRecord as error:
        assert_type(error.conflicting_id, str | None)


async def rest(twenty: Twenty, company: Company) -> None:
    """An object is named by its namespace, its record or its name; of the last, nothing is known of its records."""
    assert_type(await twenty.rest.find_one(Company, company.id), Company)
    assert_type((await twenty.rest.find_many(twenty.people, limit=5)).records, list[Person])
    assert_type(await twenty.rest.create_many("people", [{"name": {"firstName": "Ana"}}]), list[Any])
    assert_type(await twenty.rest.destroy_one("people", company.id), UUID)
    people = twenty.rest.of(twenty.people)
    assert_type(await people.create_one({"name": {"first_name": "Ana"}}), Person)
    async for deal in twenty.rest.iterate(Opportunity, filter={"stage": {"eq": "NEW"}}):
        assert_type(deal, Opportunity)
    assert_type(await twenty.rest.group_by(Opportunity, {"stage": True}, select=Totals), list[Totals])
    async for event in twenty.live.record_events("company"):
        assert_type(event, RecordEvent | Gap)
        if not isinstance(event, Gap):
            assert_type(event.record_as(Company), Company)
    attached = await twenty.files.attach(company, Path("a.pdf"), max_size=10)
    assert_type(await twenty.files.download(attached.file), bytes)
    assert_type(await twenty.files.download(attached.file, to=Path("b.pdf")), DownloadedFile)


async def dicts(twenty: Twenty, company: Company) -> None:
    """Whatever is sent may be a dict, with models in it or not."""
    data: CompanyCreateDict = {"name": "Airbnb", "annual_revenue": Money("12.50", "EUR"), "address": company.address}
    data["domain_name"] = {"primary_link_url": "https://airbnb.com", "secondary_links": [{"url": "https://a.example"}]}
    made = await twenty.companies.create_one(data)
    assert_type(made, Company)
    await twenty.companies.create_many([data, {"name": "b"}, CompanyCreateInput(name="c")])
    await twenty.people.create_one({"company": {"connect": {"where": {"domain_name": {"primary_link_url": "a"}}}}})
    await twenty.opportunities.create_one({"stage": "MEETING", "close_date": "2026-01-31T09:00:00Z", "amount": None})
    await twenty.opportunities.create_one({"stage": OpportunityStageEnum.NEW, "close_date": datetime.now(UTC)})
    ids = [company.id, made.id]
    only: CompanyFilterDict = {
        "or": [{"name": {"ilike": "%air%"}}, {"domain_name": {"primary_link_url": StringFilter(eq="a")}}],
        "not": {"account_owner": {"name": {"first_name": {"eq": "x"}}}},
        "id": {"in": ids},
        "created_at": {"gte": datetime.now(UTC), "lt": "2027-01-01"},
        "deleted_at": {"is": "NULL"},
    }
    page = await twenty.companies.find_many(filter=only, order_by=[{"name": "AscNullsFirst"}, {"id": "DescNullsLast"}])
    assert_type(page.records, list[Company])
    await twenty.companies.find_many(order_by={"name": OrderByDirection.AscNullsLast, "domain_name": None})
    await twenty.companies.group_by(
        [{"created_at": {"granularity": "MONTH", "time_zone": "UTC"}}, {"name": True}],
        order_by={"aggregate": {"total_count": "DescNullsLast"}},
    )
    await twenty.opportunities.group_by(
        {"stage": True},
        order_by=[
            {"aggregate": {"sum_amount_amount_micros": "DescNullsLast", "count_empty_name": "AscNullsFirst"}},
            {"stage": OrderByDirection.AscNullsFirst},
            {"close_date": {"order_by": "AscNullsLast", "granularity": "MONTH"}},
        ],
    )
    await twenty.companies.update_many({"name": "x"}, {"name": {"eq": "y"}})
