"""What filters take, find and refuse beyond what was recorded: with the words of the server's own source."""

from __future__ import annotations

from typing import Any

import pytest

COUNT = "query ($filter: CompanyFilterInput) { companies(filter: $filter) { totalCount } }"
CREATE = "mutation ($data: [CompanyCreateInput!]!) { createCompanies(data: $data) { id } }"
OPTIONS = "eq, neq, gt, gte, lt, lte, in, containsAny, is, isEmptyArray"
STAGE = "invalid input value for enum workspace_sandbox.opportunity_stage_enum"


async def count(talk: Any, condition: dict[str, Any]) -> int:
    found: int = (await talk.data(COUNT, filter=condition))["totalCount"]
    return found


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"domainName": {"nope": {"eq": "x"}}}, 'Sub field "nope" not found for composite type: LINKS'),
        ({"domainName": {"eq": "x"}}, 'Sub field "eq" not found for composite type: LINKS'),
        (
            {"createdBy": {"source": {"like": "x"}}},
            f'Operator "like" is not valid for field "createdBy.source" of type SELECT - Allowed operators: {OPTIONS}',
        ),
        (
            {"createdBy": {"context": {"eq": "x"}}},
            'Operator "eq" is not valid for field "createdBy.context" of type RAW_JSON - Allowed operators: is, like',
        ),
        ({"annualRevenue": {"amountMicros": {"gt": "x"}}}, "Invalid number value NaN for field"),
        ({"position": {"gt": True}}, 'Invalid number value true for field "position"'),
        ({"name": {"is": "EMPTY"}}, 'Invalid filter value for "is" operator. Expected "NULL" or "NOT_NULL"'),
        ({"name": {"in": "x"}}, 'Filter operator "in" requires an array value for field name'),
        ({"name": {"like": 5}}, 'Filter operator "like" requires a string value for field "name", got number'),
        ({"name": {"startsWith": None}}, 'Filter operator "startsWith" requires a string value for field "name"'),
        ({"accountOwner": {"eq": "x"}}, 'Cannot filter by relation field "accountOwner": use "accountOwnerId" instead'),
        (
            {"people": {"company": {"name": {"eq": "x"}}}},
            "Relation filter nesting deeper than 1 hop is not supported",
        ),
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(talk: Any, condition: dict[str, Any], message: str) -> None:
    error = await talk.error(COUNT, filter=condition)

    assert message in error["message"]
    assert (error["subCode"], error["code"]) == ("INVALID_ARGS_FILTER", "BAD_USER_INPUT")


@pytest.mark.parametrize(("condition", "message"), [({"eq": "NOPE"}, "NOPE"), ({"isEmptyArray": True}, "{}")])
async def test_what_only_the_database_notices_is_said_in_its_words(
    talk: Any, condition: dict[str, Any], message: str
) -> None:
    query = "query ($filter: OpportunityFilterInput) { opportunities(filter: $filter) { totalCount } }"

    error = await talk.error(query, filter={"stage": condition})

    assert error == {
        "message": f'{STAGE}: "{message}"',
        "userFriendlyMessage": "Invalid input provided.",
        "code": "BAD_USER_INPUT",
    }


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"name": {"eq": ""}}, 1),
        ({"name": {"neq": ""}}, 3),
        ({"name": {"ilike": ""}}, 1),
        ({"name": {"eq": "5"}}, 1),
        ({"name": {"eq": 5}}, 1),
        ({"name": {"in": [5, "b"]}}, 2),
        ({"domainName": {"primaryLinkUrl": {"eq": ""}}}, 4),
        ({"annualRevenue": {"amountMicros": {"gte": "7 and more"}}}, 1),
    ],
)
async def test_texts_and_numbers_are_compared_as_the_database_does(
    talk: Any, condition: dict[str, Any], found: int
) -> None:
    rows = [{"name": ""}, {"name": "5"}, {"name": "b"}, {"name": "c", "annualRevenue": {"amountMicros": 7}}]
    await talk.data(CREATE, data=rows)

    assert await count(talk, condition) == found


async def test_a_boolean_is_taken_as_text_too(talk: Any) -> None:
    query = "query ($filter: CalendarEventFilterInput) { calendarEvents(filter: $filter) { totalCount } }"

    assert (await talk.data(query, filter={"isCanceled": {"eq": "false"}}))["totalCount"] == 0
    assert (await talk.error(query, filter={"isCanceled": {"eq": "no"}}))["message"] == (
        "Invalid boolean value 'no' for field \"isCanceled\""
    )
