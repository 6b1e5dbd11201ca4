"""What raw calls give, as mypy and pyright see it; nothing here is run."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_type
from uuid import UUID

from aiotwenty import Aggregate, Group, Page, RawResult, Runner, Select, Twenty
from aiotwenty.core import Company, CompanyFilterInput, Opportunity


class Card(Select[Company]):
    id: UUID
    name: str | None


class Sum(Aggregate[Opportunity]):
    sum_amount_amount_micros: Decimal | None


async def program(twenty: Twenty, run: Runner[Twenty]) -> None:
    company = UUID(int=1)
    raw = twenty.raw
    assert_type(await raw.companies.find_many(first=1), RawResult[Page[Company]])
    assert_type(await raw.companies.find_many(select=Card, filter={"name": {"eq": "x"}}), RawResult[Page[Card]])
    assert_type(await raw.companies.find_one(company), RawResult[Company])
    assert_type(await raw.companies.find_by_ids([company], select=Card), RawResult[list[Card | None]])
    assert_type((await raw.companies.create_one({"name": "x"}, deadline=2.0)).data, Company)
    assert_type(await raw.companies.create_many([{"name": "x"}]), RawResult[list[Company]])
    assert_type(await raw.companies.update_many({"name": "x"}, {"name": {"eq": "y"}}), RawResult[list[Company]])
    assert_type(await raw.companies.delete_one(company), RawResult[Company])
    assert_type(await raw.opportunities.aggregate(Sum), RawResult[Sum])
    assert_type(await raw.opportunities.group_by({"stage": True}), RawResult[list[Group]])
    assert_type(await raw(twenty.companies.count()), RawResult[int])
    assert_type(await raw(twenty.core.find_one_company(CompanyFilterInput())), RawResult[Company])
    assert_type((await raw.rest.get("companies")).status, int)
    assert_type(run(run.twenty.raw.companies.find_one(company)).retries, int)
    assert_type(await twenty.companies.count(), int)
