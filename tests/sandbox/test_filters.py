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
        ({"accountOwner": {"eq": "x"}}, 'Object workspaceMember doesn\'t have any "eq" field.'),
        ({"accountOwner": None}, 'Cannot filter by relation field "accountOwner": use "accountOwnerId" instead'),
        ({"people": {"id": {"is": "NOT_NULL"}}}, 'Cannot filter by relation field "people"'),
        ({"accountOwner": {"ownedOpportunities": {}}}, 'Cannot filter by relation field "ownedOpportunities"'),
        ({"name": None}, 'Filter value for field "name" must be an object'),
        ({"name": {}}, 'Filter for field "name" must have exactly one operator'),
        ({"domainName": {"primaryLinkUrl": None}}, 'Filter value for field "domainName.primaryLinkUrl" must be an obj'),
        ({"id": {"eq": "0190c1f0-7e2a-7abc-8def-0123456789ab"}}, "Invalid UUID value '0190c1f0-7e2a-7abc-8def-"),
        ({"createdAt": {"gt": "2024"}}, "Invalid value '2024' for date-time field \"createdAt\""),
        ({"createdAt": {"gt": "1767225600000"}}, "Invalid value '1767225600000' for date-time field"),
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
        ({"name": {"eq": ""}}, 0),
        ({"name": {"neq": ""}}, 3),
        ({"name": {"ilike": ""}}, 1),
        ({"name": {"eq": "5"}}, 1),
        ({"name": {"eq": 5}}, 1),
        ({"name": {"in": [5, "b"]}}, 2),
        ({"domainName": {"primaryLinkUrl": {"eq": ""}}}, 0),
        ({"domainName": {"primaryLinkUrl": {"like": ""}}}, 4),
        ({"name": {"startsWith": ""}}, 3),
        ({"name": {"in": [None]}}, 0),
        ({"id": {"eq": None}}, 0),
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


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (None, 2),
        ({}, 2),
        ({"and": []}, 2),
        ({"or": []}, 2),
        ({"or": [{}, {"name": {"eq": "a"}}]}, 2),
        ({"accountOwner": {}}, 2),
        ({"not": {}}, 0),
        ({"not": {"or": []}}, 0),
        ({"not": []}, 0),
        ({"accountOwner": {"not": {"name": {"firstName": {"eq": "x"}}}}}, 1),
    ],
)
async def test_what_is_empty_filters_nothing_and_its_opposite_everything(
    talk: Any, condition: dict[str, Any] | None, found: int
) -> None:
    member = (await talk.data("{ workspaceMembers { edges { node { id } } } }"))["edges"][0]["node"]["id"]
    await talk.data(CREATE, data=[{"name": "a", "accountOwnerId": member}, {"name": "b"}])

    assert (await talk.data(COUNT, filter=condition))["totalCount"] == found


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"and": None}, "Cannot read properties of null (reading 'map')"),
        ({"or": None}, "Cannot read properties of null (reading 'map')"),
        ({"and": {"name": {"eq": "a"}}}, "value.map is not a function"),
        ({"not": None}, "Cannot convert undefined or null to object"),
    ],
)
async def test_what_javascript_stumbles_over_is_an_internal_error(
    talk: Any, condition: dict[str, Any], message: str
) -> None:
    error = await talk.error(COUNT, filter=condition)

    assert error == {"message": message, "code": "INTERNAL_SERVER_ERROR"}


async def test_an_option_that_there_is_not_is_quoted_with_its_type_as_postgres_does(talk: Any) -> None:
    error = await talk.error(COUNT, filter={"createdBy": {"source": {"eq": "NOPE"}}})

    enum = 'workspace_sandbox."company_createdBySource_enum"'
    assert error["message"] == f'invalid input value for enum {enum}: "NOPE"'


async def test_several_options_can_be_any_of_none(talk: Any) -> None:
    query = "query ($filter: CompanyFilterInput) { workflows(filter: $filter) { totalCount } }"

    assert (await talk.data(query, filter={"statuses": {"containsAny": []}}))["totalCount"] == 0


@pytest.mark.parametrize(
    "condition",
    [
        {"not": {"deletedAt": {"is": "NULL"}}},
        {"or": [{"name": {"eq": "nobody"}}, {"deletedAt": {"is": "NOT_NULL"}}]},
        {"and": [{"not": {"or": [{"deletedAt": {"is": "NULL"}}]}}]},
    ],
)
async def test_a_filter_that_speaks_of_deleted_records_anywhere_finds_them(
    talk: Any, condition: dict[str, Any]
) -> None:
    (made,) = await talk.data(CREATE, data=[{"name": "gone"}])
    await talk.data("mutation($id:UUID!){deleteCompany(id:$id){id}}", id=made["id"])

    assert await count(talk, {}) == 0
    assert await count(talk, condition) == 1


async def test_a_count_among_ids_looks_at_those_only(talk: Any) -> None:
    made = [record["id"] for _ in range(5) for record in await talk.data(CREATE, data=[{"name": "C"}] * 200)]
    steps: list[int] = []
    # Called after every hundred instructions of SQLite.
    talk.sandbox.store.connection.set_progress_handler(lambda: steps.append(100), 100)
    assert await count(talk, {"id": {"in": made[:2]}}) == 2
    assert sum(steps) < 1000
