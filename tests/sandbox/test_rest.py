"""Records over REST."""

from __future__ import annotations

from typing import Any

import pytest

from aiotwenty.sandbox.http.rest_filters import parse_filter, parse_order_by


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


async def test_related_records_stay_away_unless_they_are_asked_for(talk: Any) -> None:
    _, made = await call(talk, "POST", "/rest/companies", {"name": "a"})
    person = {"companyId": made["data"]["createCompany"]["id"]}

    created = (await call(talk, "POST", "/rest/people", person))[1]["data"]["createPerson"]
    (listed,) = (await call(talk, "GET", "/rest/people"))[1]["data"]["people"]

    assert {"company", "noteTargets"} & (created.keys() | listed.keys()) == set()
    assert listed["companyId"] == person["companyId"]


async def test_deleting_is_for_good_unless_told_otherwise(talk: Any) -> None:
    _, made = await call(talk, "POST", "/rest/batch/companies", [{"name": "a"}, {"name": "b"}])
    gone, kept = (f"/rest/companies/{each['id']}" for each in made["data"]["createCompanies"])

    assert (await call(talk, "DELETE", gone))[0] == 200
    assert (await call(talk, "DELETE", kept, soft_delete="true"))[0] == 200

    assert (await call(talk, "DELETE", gone))[0] == 404
    deleted = await talk.data("{ companies(filter: { deletedAt: { is: NOT_NULL } }) { edges { node { name } } } }")
    assert deleted == {"edges": [{"node": {"name": "b"}}]}


async def test_many_are_changed_and_deleted_by_a_filter_that_may_not_be_left_out(talk: Any) -> None:
    await call(talk, "POST", "/rest/batch/companies", [{"name": "a"}, {"name": "a"}, {"name": "b"}])

    changed = await call(talk, "PATCH", "/rest/companies", {"name": "c"}, filter="name[eq]:a")
    deleted = await call(talk, "DELETE", "/rest/companies", filter='name[in]:["b"]')
    refused = await call(talk, "DELETE", "/rest/companies")

    assert [each["name"] for each in changed[1]["data"]["updateCompanies"]] == ["c", "c"]
    assert len(deleted[1]["data"]["deleteCompanies"]) == 1
    assert refused == (
        400,
        {
            "statusCode": 400,
            "error": "BadRequestException",
            "messages": ["Filters are mandatory for bulk destroy operations"],
        },
    )
    assert (await call(talk, "GET", "/rest/companies"))[1]["totalCount"] == 2


async def test_duplicates_are_found(talk: Any) -> None:
    name = {"firstName": "A", "lastName": "B"}
    _, made = await call(talk, "POST", "/rest/people", {"name": name})

    status, body = await call(talk, "POST", "/rest/people/duplicates", {"data": [{"name": name}]})

    assert status == 200
    assert [each["id"] for each in body["data"][0]["personDuplicates"]] == [made["data"]["createPerson"]["id"]]


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("/rest/nope", {}, "object 'nope' not found. eg: companies"),
        ("/rest/company", {}, "object 'company' not found. Did you mean 'companies'?"),
        ("/rest/companies/nope", {}, "'nope' is not a valid UUID"),
        ("/rest/companies/a/b", {}, "Query path '/rest/companies/a/b' invalid. Valid examples: /rest/companies/id or"),
        ("/rest/companies", {"filter": "name"}, "'filter' invalid for 'name'. eg: price[gte]:10"),
        ("/rest/companies", {"filter": "name[has]:x"}, "'filter' invalid for 'name[has]:x', comparator has not in eq,"),
        ("/rest/companies", {"filter": "name[in]:x"}, "'filter' invalid for 'in' operator. Received 'x' but array"),
        ("/rest/companies", {"filter": "not(name[eq]:x,name[eq]:y)"}, "'filter' invalid. 'not' conjunction should"),
        ("/rest/companies", {"order_by": "name[Up]"}, "'order_by' direction 'Up' invalid. Allowed values are"),
        ("/rest/companies", {"depth": "2"}, "'depth=2' parameter invalid. Allowed values are 0, 1"),
        ("/rest/companies", {"limit": "x"}, "limit 'x' is invalid. Should be an integer"),
    ],
)
async def test_what_makes_no_sense_is_a_bad_request(talk: Any, path: str, query: dict[str, str], message: str) -> None:
    status, body = await call(talk, "GET", path, **query)

    assert (status, body["error"]) == (400, "BadRequestException")
    assert body["messages"][0].startswith(message)


async def test_values_without_quotes_are_read_as_their_fields_are(talk: Any) -> None:
    await call(talk, "POST", "/rest/opportunities", {"name": "true", "amount": {"amountMicros": 5}})
    filters = ("name[eq]:true", "amount.amountMicros[gte]:5", "stage[eq]:NEW", "position[lt]:1")

    counts = [(await call(talk, "GET", "/rest/opportunities", filter=each))[1]["totalCount"] for each in filters]

    assert counts == [1, 1, 1, 1]


async def test_the_endpoints_are_described(talk: Any) -> None:
    core = (await call(talk, "GET", "/rest/open-api/core"))[1]
    metadata = (await call(talk, "GET", "/rest/open-api/metadata"))[1]

    assert "/companies" in core["paths"]
    assert metadata["paths"].keys() == {"/objects", "/objects/{id}"}


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
            {"flag": {"eq": "true"}},
        ]
    }


def test_an_order_is_read() -> None:
    assert parse_order_by("name.lastName[DescNullsLast],createdAt") == [
        {"name": {"lastName": "DescNullsLast"}},
        {"createdAt": "AscNullsFirst"},
    ]
