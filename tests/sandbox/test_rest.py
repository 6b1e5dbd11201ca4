"""Records over REST."""

from __future__ import annotations

from typing import Any

import pytest

from aiotwenty.sandbox.rest_filters import parse_filter, parse_order_by


async def call(talk: Any, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
    async with talk.session.request(method, talk.sandbox.url + path, json=body, params=query) as response:
        return response.status, await response.json()


async def test_a_record_is_created_found_changed_and_deleted(talk: Any) -> None:
    created, made = await call(talk, "POST", "/rest/companies", {"name": "a"})
    record = made["data"]["createCompany"]
    found = await call(talk, "GET", f"/rest/companies/{record['id']}")
    changed, patched = await call(talk, "PATCH", f"/rest/companies/{record['id']}", {"name": "b"})
    deleted = await call(talk, "DELETE", f"/rest/companies/{record['id']}")
    gone = await call(talk, "GET", f"/rest/companies/{record['id']}")

    assert created == 201
    assert found[1]["data"]["company"]["name"] == "a"
    assert (changed, patched["data"]["updateCompany"]["name"]) == (200, "b")
    assert deleted == (200, {"data": {"deleteCompany": {"id": record["id"]}}})
    assert gone == (404, {"statusCode": 404, "error": "NotFoundException", "messages": ["Record not found"]})


async def test_a_list_has_sixty_records_unless_told_and_two_hundred_at_most(talk: Any) -> None:
    for _ in range(2):
        status, made = await call(talk, "POST", "/rest/batch/companies", [{"name": "x"}] * 150)
        assert (status, len(made["data"]["createCompanies"])) == (201, 150)

    lengths = [
        len((await call(talk, "GET", "/rest/companies", **query))[1]["data"]["companies"])
        for query in ({}, {"limit": "100"}, {"limit": "1000"})
    ]

    assert lengths == [60, 100, 200]


async def test_a_list_is_filtered_ordered_and_walked(talk: Any) -> None:
    await call(
        talk, "POST", "/rest/batch/companies", [{"name": f"air {number}"} for number in range(5)] + [{"name": "b"}]
    )
    query = {"filter": 'name[ilike]:"%AIR%"', "order_by": "name[DescNullsLast]", "limit": "2", "depth": "0"}

    first = (await call(talk, "GET", "/rest/companies", **query))[1]
    second = (await call(talk, "GET", "/rest/companies", **query, starting_after=first["pageInfo"]["endCursor"]))[1]

    assert first["totalCount"] == 5
    assert [each["name"] for page in (first, second) for each in page["data"]["companies"]] == [
        "air 4",
        "air 3",
        "air 2",
        "air 1",
    ]


async def test_related_records_come_along(talk: Any) -> None:
    _, made = await call(talk, "POST", "/rest/companies", {"name": "a"})
    company = made["data"]["createCompany"]
    await call(talk, "POST", "/rest/people", {"companyId": company["id"]})

    people = (await call(talk, "GET", "/rest/people", depth="1"))[1]["data"]["people"]
    companies = (await call(talk, "GET", "/rest/companies", depth="1"))[1]["data"]["companies"]

    assert people[0]["company"]["name"] == "a"
    assert [each["id"] for each in companies[0]["people"]] == [people[0]["id"]]


@pytest.mark.parametrize(
    ("path", "query"),
    [("/rest/nope", {}), ("/rest/companies", {"filter": "name"}), ("/rest/companies", {"limit": "x"})],
)
async def test_what_makes_no_sense_is_a_bad_request(talk: Any, path: str, query: dict[str, str]) -> None:
    status, body = await call(talk, "GET", path, **query)

    assert (status, body["error"], len(body["messages"])) == (400, "BadRequestException", 1)


async def test_without_or_with_a_wrong_key_nothing_is_told(talk: Any) -> None:
    found = []
    for key in ("", "Bearer garbage"):
        async with talk.session.get(talk.sandbox.url + "/rest/people", headers={"Authorization": key}) as response:
            found.append((response.status, await response.json()))

    assert found == [
        (403, {"statusCode": 403, "messages": ["Missing authentication token"], "error": "FORBIDDEN_EXCEPTION"}),
        (401, {"statusCode": 401, "messages": ["Token invalid."], "error": "UNAUTHENTICATED"}),
    ]


def test_a_filter_is_read() -> None:
    text = 'name.firstName[ilike]:"%a,b%",or(x[in]:[1,2],not(y[is]:NULL)),flag[eq]:true'

    assert parse_filter(text) == {
        "and": [
            {"name": {"firstName": {"ilike": "%a,b%"}}},
            {"or": [{"x": {"in": ["1", "2"]}}, {"not": {"y": {"is": "NULL"}}}]},
            {"flag": {"eq": True}},
        ]
    }


def test_an_order_is_read() -> None:
    assert parse_order_by("name.lastName[DescNullsLast],createdAt") == [
        {"name": {"lastName": "DescNullsLast"}},
        {"createdAt": "AscNullsFirst"},
    ]
