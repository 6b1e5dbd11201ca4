"""Numbers over records, and over groups of them, as the server computes them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from aiotwenty import Aggregate, InvalidArgument, Twenty
from aiotwenty.core import Company, CurrencyCreateDict, Opportunity


class Totals(Aggregate[Company]):
    total_count: int
    sum_annual_revenue_amount_micros: Decimal | None
    avg_annual_revenue_amount_micros: float | None
    min_annual_revenue_amount_micros: int | None
    max_annual_revenue_amount_micros: int | None
    count_unique_values_name: int
    count_empty_deleted_at: int
    count_not_empty_deleted_at: int
    percentage_empty_deleted_at: float | None
    max_created_at: datetime | None


MILLION = 1_000_000_000_000


@pytest_asyncio.fixture(loop_scope="session")
async def those(twenty: Twenty, tag: str) -> dict[str, Any]:
    """A filter for three companies: two with a million and three millions, and one of which nothing is known."""
    for millions in (1, 3):
        revenue: CurrencyCreateDict = {"amount_micros": millions * MILLION, "currency_code": "EUR"}
        await twenty.companies.create_one({"name": tag, "annual_revenue": revenue})
    await twenty.companies.create_one({"name": tag})
    return {"name": {"eq": tag}}


async def test_totals_are_those_of_all_records_that_match(twenty: Twenty, those: Any) -> None:
    totals = await twenty.companies.aggregate(Totals, those)
    assert (totals.total_count, totals.count_unique_values_name) == (3, 1)
    assert (totals.count_empty_deleted_at, totals.count_not_empty_deleted_at) == (3, 0)
    assert totals.percentage_empty_deleted_at == 1
    assert totals.sum_annual_revenue_amount_micros == Decimal(4 * MILLION)
    assert totals.avg_annual_revenue_amount_micros == 2.0 * MILLION
    assert totals.min_annual_revenue_amount_micros == MILLION
    assert totals.max_annual_revenue_amount_micros == 3 * MILLION
    assert totals.max_created_at is not None
    assert totals.values == []


async def test_of_nothing_counts_are_zero_and_all_else_is_none(twenty: Twenty, tag: str) -> None:
    totals = await twenty.companies.aggregate(Totals, filter={"name": {"eq": tag}})
    counted = {name: value for name, value in totals.model_dump().items() if value is not None}
    assert counted == {
        "total_count": 0,
        "count_unique_values_name": 0,
        "count_empty_deleted_at": 0,
        "count_not_empty_deleted_at": 0,
    }


async def test_each_group_has_its_values_and_its_totals(twenty: Twenty, those: Any) -> None:
    groups = await twenty.companies.group_by(
        [{"name": True}, {"annual_revenue": {"currency_code": True}}],
        select=Totals,
        filter=those,
        order_by={"aggregate": {"total_count": "DescNullsLast"}},
    )
    name = those["name"]["eq"]
    # Older servers keep "" where no currency is given.
    shown = [(group.values[1] or None, group.total_count, group.sum_annual_revenue_amount_micros) for group in groups]
    assert shown == [("EUR", 2, 4 * MILLION), (None, 1, None)]
    assert [group.values[0] for group in groups] == [name, name]


async def test_money_that_groups_stand_for_is_a_number(twenty: Twenty, those: Any) -> None:
    by: Any = {"annual_revenue": {"amount_micros": True}}
    for groups in (
        await twenty.companies.group_by(by, filter=those),
        await twenty.companies.group_by(by, select=Totals, filter=those),
    ):
        assert {(group.values[0], group.total_count) for group in groups} == {(MILLION, 1), (3 * MILLION, 1), (None, 1)}


async def test_all_groups_come_however_many_there_are(twenty: Twenty, tag: str) -> None:
    await twenty.companies.create_many([{"name": f"{tag} {number}"} for number in range(60)])
    only: Any = {"name": {"like": f"{tag}%"}}
    assert len(await twenty.companies.group_by({"name": True}, select=Totals, filter=only)) == 60
    assert len(await twenty.companies.group_by({"name": True}, select=Totals, filter=only, limit=7)) == 7


async def test_the_totals_of_one_object_are_not_asked_of_another(twenty: Twenty) -> None:
    class Deals(Aggregate[Opportunity]):
        total_count: int

    with pytest.raises(InvalidArgument, match="Deals has aggregates of Opportunity, not of Company"):
        await twenty.companies.aggregate(Deals)
    with pytest.raises(InvalidArgument, match=r"a subclass of Aggregate\[Company\]"):
        await twenty.companies.aggregate(Company)  # type: ignore[type-var]  # pyright: ignore
