"""What a key may not see is neither given as data nor passed over in silence."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from aiotwenty import HiddenRecords, InvalidArgument, PaginationError, RetryPolicy, Twenty, restricted_fields
from aiotwenty.core import Company
from aiotwenty.graphql.withheld_values import RESTRICTED
from aiotwenty.sandbox import Sandbox
from tests.support.censor import Censor
from tests.support.proxy import Proxy, in_front_of

ORDERS: list[Any] = [None, {"name": "DescNullsLast"}]


@pytest.fixture
def censor() -> Censor:
    return Censor()


@pytest.fixture
async def proxy(censor: Censor, twenty_sandbox: Sandbox) -> AsyncIterator[Proxy]:
    async with in_front_of(twenty_sandbox.url, twenty_sandbox.api_key) as proxy:
        proxy.retell = censor
        yield proxy


@pytest.fixture
async def twenty(proxy: Proxy) -> AsyncIterator[Twenty]:
    async with Twenty(proxy.url, api_key=proxy.key, retry=RetryPolicy(attempts=2, base=0)) as twenty:
        yield twenty


@pytest.fixture
async def companies(twenty: Twenty) -> list[Company]:
    """In the order of their ids."""
    made = await twenty.companies.create_many([{"name": f"Company {number}"} for number in range(60)])
    return sorted(made, key=lambda company: company.id.int)


def ids_of(companies: list[Company]) -> set[str]:
    return {str(company.id) for company in companies}


async def walk(twenty: Twenty, **options: Any) -> list[UUID]:
    return [company.id async for company in twenty.companies.iterate(page_size=10, **options)]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize(
    "places",
    [range(60), range(20), range(15, 45), range(40, 60), range(0, 60, 7), range(1)],
    ids=["all", "the first", "in the middle", "the last", "here and there", "a single one"],
)
async def test_a_walk_says_how_many_are_counted_that_the_key_may_not_see(
    twenty: Twenty, censor: Censor, companies: list[Company], places: range, order: Any
) -> None:
    censor.hidden = ids_of([companies[place] for place in places])
    with pytest.raises(HiddenRecords, match=f"{len(places)} are counted that this key may not see") as caught:
        await walk(twenty, order_by=order)
    assert (caught.value.hidden, caught.value.seen, caught.value.expected) == (len(places), 60 - len(places), 60)
    assert pickle.loads(pickle.dumps(caught.value)).hidden == len(places)
    shown = await walk(twenty, order_by=order, hidden="skip")
    assert {str(one) for one in shown} == ids_of(companies) - censor.hidden
    assert len(shown) == len(set(shown))
    assert await twenty.companies.count() == 60


async def test_a_walk_that_skips_what_is_hidden_keeps_filter_order_and_limit(
    twenty: Twenty, censor: Censor, companies: list[Company]
) -> None:
    by_name = sorted(companies, key=lambda company: str(company.name))
    censor.hidden = ids_of(by_name[:25])
    only = {"name": {"neq": by_name[30].name}}
    found = await walk(twenty, filter=only, order_by={"name": "AscNullsFirst"}, limit=8, hidden="skip")
    assert found == [by_name[place].id for place in (25, 26, 27, 28, 29, 31, 32, 33)]


async def test_records_that_paging_lost_are_not_taken_for_hidden(
    twenty: Twenty, censor: Censor, companies: list[Company]
) -> None:
    censor.lost = ids_of(companies[10:20])
    for hidden in ("raise", "skip"):
        with pytest.raises(PaginationError) as caught:
            await walk(twenty, hidden=hidden)
        assert type(caught.value) is PaginationError


async def test_what_to_do_about_hidden_records_is_one_of_two_words(twenty: Twenty) -> None:
    with pytest.raises(InvalidArgument, match='"raise" or "skip"'):
        twenty.companies.iterate(hidden="ignore")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


async def test_a_value_that_is_withheld_reads_none_and_is_named(
    twenty: Twenty, censor: Censor, companies: list[Company]
) -> None:
    censor.restricted = ids_of(companies[:3])
    page = await twenty.companies.find_many(first=60)
    for company in page.records:
        withheld = str(company.id) in censor.restricted
        assert restricted_fields(company) == ({"name"} if withheld else set())
        assert (company.name is None) == withheld
    assert RESTRICTED not in page.model_dump_json()
    again = pickle.loads(pickle.dumps(page.records))
    assert [restricted_fields(company) for company in again] == [restricted_fields(one) for one in page.records]
    walked = [company async for company in twenty.companies.iterate()]
    assert sum(restricted_fields(company) == {"name"} for company in walked) == 3


def test_an_answer_as_it_came_tells_what_is_withheld() -> None:
    assert restricted_fields({"id": "1", "subject": RESTRICTED, "text": "a"}) == {"subject"}


async def test_a_text_that_only_holds_the_words_is_data(twenty: Twenty) -> None:
    text = f'say "{RESTRICTED}" to me'
    company = await twenty.companies.create_one({"name": text})
    assert company.name == text
    assert restricted_fields(company) == set()
