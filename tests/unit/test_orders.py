"""What records are ordered and grouped by: the first counts most, in whatever form it is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiotwenty import InvalidArgument, Twenty
from aiotwenty.core import OpportunityOrderByWithGroupByInput, OrderByDirection, PersonOrderByWithGroupByInput
from aiotwenty.graphql.encode import encode_json
from aiotwenty.records.inputs import as_model, in_turn
from aiotwenty.sandbox import Sandbox

UP, DOWN = "AscNullsFirst", "DescNullsLast"
PEOPLE = [("Ada", "Zuse", "CEO"), ("Bob", "Young", "CEO"), ("Cy", "Zuse", "CTO"), ("Di", "Young", "CTO")]


@pytest.fixture(params=[{}, {"strict": True}], ids=["new server", "old server"])
def twenty_sandbox_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    options: dict[str, Any] = request.param
    return options


@pytest.fixture
async def twenty(twenty_sandbox: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        await twenty.people.create_many(
            {
                "name": {"first_name": first, "last_name": last},
                "job_title": title,
                "created_at": f"2026-01-0{day}T10:00:00Z",
            }
            for day, (first, last, title) in enumerate(PEOPLE, 1)
        )
        yield twenty


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"name": {"lastName": UP}, "jobTitle": DOWN}, ["Di", "Bob", "Cy", "Ada"]),
        ({"job_title": DOWN, "name": {"last_name": UP}}, ["Di", "Cy", "Bob", "Ada"]),
        ({"name": {"lastName": UP, "firstName": DOWN}}, ["Di", "Bob", "Cy", "Ada"]),
        ([{"name": {"lastName": UP}, "jobTitle": UP}], ["Bob", "Di", "Ada", "Cy"]),
    ],
    ids=str,
)
async def test_the_first_key_of_a_mapping_counts_most(twenty: Twenty, order: Any, expected: list[str]) -> None:
    page = await twenty.people.find_many(order_by=order)
    walked = [person async for person in twenty.people.iterate(order_by=order)]
    for people in (page.records, walked):
        assert [person.name and person.name.first_name for person in people] == expected


async def test_the_values_of_a_group_come_in_the_order_of_the_keys(twenty: Twenty) -> None:
    groups = await twenty.people.group_by({"name": {"last_name": True}, "job_title": True})
    assert sorted(str(group.group_by_dimension_values) for group in groups) == [
        "['Young', 'CEO']",
        "['Young', 'CTO']",
        "['Zuse', 'CEO']",
        "['Zuse', 'CTO']",
    ]


@pytest.mark.parametrize(
    "order",
    [
        {"job_title": DOWN},
        [{"jobTitle": DOWN}],
        PersonOrderByWithGroupByInput(job_title=OrderByDirection.DescNullsLast),
        {"aggregate": {"total_count": UP}, "job_title": DOWN},
    ],
    ids=str,
)
async def test_groups_are_ordered_by_models_and_by_mappings_of_either_spelling(twenty: Twenty, order: Any) -> None:
    groups = await twenty.people.group_by({"job_title": True}, order_by=order)
    assert [group.group_by_dimension_values for group in groups] == [["CTO"], ["CEO"]]


async def test_an_order_of_groups_that_is_not_there_is_refused_before_it_is_sent(twenty: Twenty) -> None:
    with pytest.raises(InvalidArgument, match=r"order_by.*did you mean 'job_title'") as caught:
        await twenty.people.group_by({"job_title": True}, order_by={"job_titel": UP})  # type: ignore[call-overload]  # pyright: ignore
    assert caught.value.status is None


async def test_days_in_utc_are_groups_on_every_server(twenty: Twenty) -> None:
    groups = await twenty.people.group_by({"created_at": {"granularity": "DAY", "time_zone": "UTC"}})
    assert [str(group.group_by_dimension_values[0])[:10] for group in groups] == [f"2026-01-0{n}" for n in range(1, 5)]


async def test_a_negative_number_of_groups_is_refused(twenty: Twenty) -> None:
    with pytest.raises(InvalidArgument, match="limit"):
        await twenty.people.group_by({"job_title": True}, limit=-1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": UP}, {"name": UP}),
        ({"b": UP, "a": DOWN}, [{"b": UP}, {"a": DOWN}]),
        ([{"b": UP, "a": DOWN}, {"c": UP}], [{"b": UP}, {"a": DOWN}, {"c": UP}]),
        # One entry with both parts is what the server's cursors take.
        ({"name": {"firstName": UP, "lastName": UP}}, {"name": {"firstName": UP, "lastName": UP}}),
        ({"name": {"lastName": UP, "firstName": UP}}, [{"name": {"lastName": UP}}, {"name": {"firstName": UP}}]),
        (
            {"owner": {"name": {"lastName": UP, "firstName": UP}}},
            [{"owner": {"name": {"lastName": UP}}}, {"owner": {"name": {"firstName": UP}}}],
        ),
        (
            {"createdAt": {"timeZone": "UTC", "granularity": "DAY"}},
            {"createdAt": {"timeZone": "UTC", "granularity": "DAY"}},
        ),
        ({}, []),
        ([], []),
    ],
    ids=str,
)
def test_a_mapping_with_several_keys_becomes_one_for_each(given: Any, expected: Any) -> None:
    assert in_turn(given) == expected


@pytest.mark.parametrize("name", ["sum_amount_amount_micros", "sumAmountAmountMicros"])
@pytest.mark.parametrize("direction", ["DescNullsLast", OrderByDirection.DescNullsLast])
def test_groups_are_ordered_by_an_aggregate_under_either_name(name: str, direction: str) -> None:
    order = as_model({"aggregate": {name: direction}}, OpportunityOrderByWithGroupByInput, "order_by")
    assert encode_json(order) == b'{"aggregate":{"sumAmountAmountMicros":"DescNullsLast"}}'


@pytest.mark.parametrize(
    ("aggregate", "problem"),
    [
        ({"sum_amount_amount_micro": "DescNullsLast"}, "did you mean 'sumAmountAmountMicros'"),
        ({"sumStage": "DescNullsLast"}, "aggregate.sumStage: there is no such aggregate"),
        ({"totalCount": "DESC"}, "aggregate.totalCount: a direction is one of AscNullsFirst"),
        ({"totalCount": 1}, "aggregate.totalCount: a direction is one of AscNullsFirst"),
    ],
    ids=str,
)
def test_an_aggregate_that_the_object_does_not_have_is_refused_before_anything_is_sent(
    aggregate: dict[str, object], problem: str
) -> None:
    with pytest.raises(InvalidArgument, match=problem):
        as_model({"aggregate": aggregate}, OpportunityOrderByWithGroupByInput, "order_by")
