"""How orders, groups, connections, upserts, duplicates and merges are refused: as the server's own source words it."""

from __future__ import annotations

from typing import Any

import pytest

GROUPS = "query ($by: [CompanyGroupByInput!]!) { companiesGroupBy(groupBy: $by) { totalCount } }"
ORDERED = "query ($by: [CompanyOrderByInput]) { companies(orderBy: $by) { totalCount } }"
CREATE = "mutation ($data: [CompanyCreateInput!]!) { createCompanies(data: $data) { id } }"
UPSERT = "mutation ($data: CompanyCreateInput!) { createCompany(data: $data, upsert: true) { id } }"
PERSON = "mutation ($data: PersonCreateInput!) { createPerson(data: $data) { companyId } }"
DUPLICATES = "query ($ids: [UUID], $data: [CompanyCreateInput]) { companyDuplicates(%s) { totalCount } }"
MERGE = "mutation ($ids: [UUID!]!) { mergeCompanies(ids: $ids, conflictPriorityIndex: 0) { id } }"
NOBODY = "20202020-0000-4000-8000-000000000000"


def domain(url: str) -> dict[str, Any]:
    return {"domainName": {"primaryLinkUrl": url}}


@pytest.mark.parametrize(
    ("by", "message", "sub_code"),
    [
        (
            {"createdAt": {"granularity": "DAY"}},
            "Time zone should be specified for a group by date on Day, Week, Month, Quarter or Year",
            "MISSING_TIMEZONE_FOR_DATE_GROUP_BY",
        ),
        (
            {"createdAt": {"granularity": "DAY", "timeZone": "Mars/Olympus"}},
            "Invalid timezone: Mars/Olympus",
            "INVALID_TIMEZONE",
        ),
        (
            {"name": True, "employees": True},
            "You cannot provide multiple fields in one GroupByInput, split them into multiple GroupByInput",
            "INVALID_QUERY_INPUT",
        ),
        (
            {"domainName": {"primaryLinkUrl": True, "primaryLinkLabel": True}},
            "You cannot provide multiple subfields in one GroupByInput, split them into multiple GroupByInput",
            "INVALID_QUERY_INPUT",
        ),
    ],
)
async def test_groups_are_asked_for_one_by_one_and_days_with_their_zone(
    talk: Any, by: dict[str, Any], message: str, sub_code: str
) -> None:
    error = await talk.error(GROUPS, by=[by])

    assert (error["message"], error["subCode"], error["code"]) == (message, sub_code, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (
            {"domainName": "AscNullsFirst"},
            'Composite field "domainName" requires subfield ordering '
            "(e.g., { domainName: { subFieldName: 'AscNullsFirst' } })",
        ),
        (
            {"accountOwner": "AscNullsFirst"},
            'Relation field "accountOwner" requires nested field ordering '
            "(e.g., { accountOwner: { fieldName: 'AscNullsFirst' } })",
        ),
    ],
)
async def test_what_has_parts_is_ordered_by_a_part(talk: Any, by: dict[str, Any], message: str) -> None:
    error = await talk.error(ORDERED, by=[by])

    assert (error["message"], error["subCode"]) == (message, "INVALID_QUERY_INPUT")


async def test_an_upsert_that_means_two_records_names_the_values(talk: Any) -> None:
    one, _ = await talk.data(CREATE, data=[domain("https://one.example"), domain("https://two.example")])

    error = await talk.error(UPSERT, data={"id": one["id"], **domain("https://two.example")})

    assert error["message"] == error["userFriendlyMessage"]
    assert error["message"] == (
        f"Multiple records found with the same unique field values for id: {one['id']}, "
        "domainName.primaryLinkUrl: https://two.example. Cannot determine which record to update."
    )


async def test_only_unique_values_connect(talk: Any) -> None:
    (made,) = await talk.data(CREATE, data=[{"name": "x", **domain("https://one.example")}])

    none = await talk.error(PERSON, data={"company": {"connect": {"where": {"name": "x"}}}})
    more = await talk.error(PERSON, data={"company": {"connect": {"where": {"id": made["id"], "name": "x"}}}})

    assert none["message"] == none["userFriendlyMessage"]
    assert "at least one unique constraint have to be fully populated for 'company'" in none["message"]
    assert more["message"] == "Field name is not a unique constraint field for 'company'."
    assert "subCode" not in none
    assert "subCode" not in more


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("ids: [], data: []", 'You cannot provide both "data" and "ids" arguments'),
        ("data: []", 'The "data" condition can not be empty when "ids" input not provided'),
    ],
)
async def test_duplicates_are_looked_for_by_ids_or_by_data(talk: Any, arguments: str, message: str) -> None:
    error = await talk.error(f"{{ companyDuplicates({arguments}) {{ totalCount }} }}")

    assert (error["message"], error["subCode"]) == (message, "INVALID_QUERY_INPUT")


async def test_a_record_that_is_not_there_has_no_duplicates_and_merges_with_nothing(talk: Any) -> None:
    (made,) = await talk.data(CREATE, data=[{}])

    found = await talk.data(DUPLICATES % "ids: $ids", ids=[made["id"], NOBODY])
    error = await talk.error(MERGE, ids=[made["id"], NOBODY])

    assert found == [{"totalCount": 0}]
    assert (error["message"], error["subCode"], error["code"]) == (
        "One or more records not found",
        "RECORD_NOT_FOUND",
        "NOT_FOUND",
    )
