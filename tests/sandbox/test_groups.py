"""`companiesGroupBy`: what may be grouped by, and how groups name what their records have in common."""

from __future__ import annotations

from typing import Any

import pytest

GROUPS = "query ($by: X, $order: X) { %sGroupBy(groupBy: $by, orderBy: $order) { groupByDimensionValues totalCount } }"


async def values(talk: Any, by: dict[str, Any], objects: str = "companies") -> list[Any]:
    found = await talk.data(GROUPS % objects, by=[by])
    return [value for group in found for value in group["groupByDimensionValues"]]


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ({"position": True}, 'Field "position" is not supported in groupBy'),
        ({"id": True}, 'Field "id" is not supported in groupBy'),
        ({"createdBy": {"source": True}}, 'Field "createdBy" is not supported in groupBy'),
        ({"people": {"name": {"firstName": True}}}, 'Field "people" is not supported in groupBy'),
        ({"nope": True}, "Unidentified field in groupBy: nope"),
        ({"name": False}, 'Invalid groupBy definition for field "name"'),
        ({"name": None}, 'Invalid groupBy definition for field "name"'),
        ({"createdAt": {"granularity": "NOPE"}}, 'Field "createdAt" does not support nested subfields in groupBy'),
    ],
)
async def test_what_cannot_be_grouped_by_is_refused(talk: Any, by: dict[str, Any], message: str) -> None:
    error = await talk.error(GROUPS % "companies", by=[by])

    assert (error["message"], error["subCode"]) == (message, "INVALID_QUERY_INPUT")


async def test_a_composite_is_no_column_of_the_database(talk: Any) -> None:
    error = await talk.error(GROUPS % "opportunities", by=[{"amount": True}])

    assert error["message"] == "column opportunity.amount does not exist"
    assert error["code"] == "INTERNAL_SERVER_ERROR"


async def test_groups_are_ordered_by_what_they_have_in_common_or_by_aggregates(talk: Any) -> None:
    error = await talk.error(GROUPS % "opportunities", by=[{"stage": True}], order=[{"name": "AscNullsLast"}])

    message = "Cannot order by a field that is not an aggregate nor in groupBy criteria: name."
    assert error == {"message": message, "code": "BAD_USER_INPUT"}


async def test_amounts_are_texts_and_moments_are_whole_without_a_granularity(talk: Any) -> None:
    create = "mutation ($d: X) { createOpportunity(data: $d) { id } }"
    await talk.data(create, d={"amount": {"amountMicros": 5}, "closeDate": "2026-12-29T10:00:00Z"})

    assert await values(talk, {"amount": {"amountMicros": True}}, "opportunities") == ["5"]
    assert await values(talk, {"closeDate": True}, "opportunities") == ["2026-12-29T10:00:00.000Z"]
    day = {"closeDate": {"granularity": "DAY_OF_THE_WEEK"}}
    assert await values(talk, day, "opportunities") == ["Tuesday"]


async def test_several_options_are_written_as_postgres_does(talk: Any) -> None:
    create = "mutation ($d: X) { createWorkflow(data: $d) { id } }"
    await talk.data(create, d={"statuses": ["DRAFT", "ACTIVE"]})

    assert await values(talk, {"statuses": True}, "workflows") == ["{DRAFT,ACTIVE}"]


async def test_fifty_groups_are_given_unless_more_are_asked_for_and_ten_records_of_each(talk: Any) -> None:
    create = "mutation ($d: X) { createCompanies(data: $d) { id } }"
    await talk.data(create, d=[{"name": f"n{number}"} for number in range(60)] + [{"name": "same"}] * 15)

    for limit, number in ((None, 50), (0, 50), (-1, 50), (1000, 61)):
        query = "query ($l: X) { companiesGroupBy(groupBy: [{ name: true }], limit: $l) { totalCount } }"
        assert len(await talk.data(query, l=limit)) == number
    for offset, number in ((0, 10), (10, 5)):
        query = (
            'query ($o: X) { companiesGroupBy(groupBy: [], filter: { name: { eq: "same" } }, offsetForRecords: $o) '
            "{ totalCount edges { node { id } } } }"
        )
        (group,) = await talk.data(query, o=offset)
        assert (group["totalCount"], len(group["edges"])) == (15, number)
