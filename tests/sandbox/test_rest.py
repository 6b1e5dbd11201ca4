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


async def test_many_are_changed_and_deleted_by_a_filter(talk: Any) -> None:
    await call(talk, "POST", "/rest/batch/companies", [{"name": "a"}, {"name": "a"}, {"name": "b"}])

    changed = await call(talk, "PATCH", "/rest/companies", {"name": "c"}, filter="name[eq]:a")
    deleted = await call(talk, "DELETE", "/rest/companies", filter='name[in]:["b"]')

    assert [each["name"] for each in changed[1]["data"]["updateCompanies"]] == ["c", "c"]
    assert len(deleted[1]["data"]["deleteCompanies"]) == 1
    assert (await call(talk, "GET", "/rest/companies"))[1]["totalCount"] == 2


@pytest.mark.parametrize("path", ["/rest/companies", "/rest/batch/companies"])
async def test_without_a_filter_every_record_is_changed_but_none_is_taken_away(talk: Any, path: str) -> None:
    await call(talk, "POST", "/rest/batch/companies", [{"name": "a"}, {"name": "b"}])

    changed = await call(talk, "PATCH", path, {"name": "c"})
    refused = [await call(talk, "DELETE", path, **query) for query in ({}, {"soft_delete": "true"})]

    assert [each["name"] for each in changed[1]["data"]["updateCompanies"]] == ["c", "c"]
    assert [status for status, _ in refused] == [400, 400]
    assert [body["messages"][0].partition(". ")[0] for _, body in refused] == [
        "Filters are mandatory for bulk destroy operations",
        "Filters are mandatory for bulk delete operations",
    ]


async def test_deleted_records_are_restored_by_a_filter(talk: Any) -> None:
    _, made = await call(talk, "POST", "/rest/companies", {"name": "a"})
    record = made["data"]["createCompany"]["id"]
    await call(talk, "DELETE", f"/rest/companies/{record}", soft_delete="true")

    status, restored = await call(talk, "PATCH", "/rest/restore/companies", {}, filter=f"id[eq]:{record}")
    refused, _ = await call(talk, "PATCH", f"/rest/restore/companies/{record}", {})

    assert (status, restored["data"]["restoreCompanies"][0]["deletedAt"]) == (200, None)
    assert refused == 400


async def test_people_are_merged_by_patch_while_post_creates(talk: Any) -> None:
    _, made = await call(talk, "POST", "/rest/batch/people", [{"jobTitle": "a"}, {"jobTitle": "b"}])
    ids = [each["id"] for each in made["data"]["createPeople"]]
    body = {"ids": ids, "conflictPriorityIndex": 0}

    posted, refused = await call(talk, "POST", "/rest/people/merge", body)
    status, merged = await call(talk, "PATCH", "/rest/people/merge", body)

    assert (posted, refused["messages"]) == (400, ['Object person doesn\'t have any "ids" field.'])
    assert (status, merged["data"]["mergePerson"]["id"]) == (200, ids[0])


async def test_groups_are_a_bare_list_with_counts_as_text(talk: Any) -> None:
    await call(talk, "POST", "/rest/batch/opportunities", [{"name": "a"}, {"name": "b"}])
    query = {"group_by": '[{"stage": true}]', "aggregate": '["countNotEmptyId"]', "include_records_sample": "true"}

    status, groups = await call(talk, "GET", "/rest/opportunities/groupBy", **query)

    assert (status, groups[0]["countNotEmptyId"], groups[0]["groupByDimensionValues"]) == (200, "2", ["NEW"])
    assert {each["name"] for each in groups[0]["records"]} == {"a", "b"}
    assert groups[0]["records"][0]["createdAt"].endswith("+00:00")


async def test_a_batch_that_is_no_list_is_an_error_of_the_server(talk: Any) -> None:
    answer = await call(talk, "POST", "/rest/batch/companies", {"name": "a"})
    body = {"statusCode": 400, "error": "TypeError", "messages": ["args.data.forEach is not a function"]}
    assert answer == (400, body)


async def test_an_empty_list_in_a_filter_is_taken(talk: Any) -> None:
    await call(talk, "POST", "/rest/companies", {"name": "a"})
    status, body = await call(talk, "GET", "/rest/companies", filter="name[in]:[]")
    assert (status, body["totalCount"]) == (200, 0)


async def test_duplicates_are_found(talk: Any) -> None:
    name = {"firstName": "Ada", "lastName": "Byron"}
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
        ("/rest/companies", {"filter": "and()"}, "'filter' invalid for 'and()'. eg: price[gte]:10"),
        ("/rest/companies", {"filter": "or()"}, "'filter' invalid for 'or()'. eg: price[gte]:10"),
        ("/rest/companies", {"filter": "name[eq]:"}, "'filter' invalid for 'name[eq]:'. eg: price[gte]:10"),
        ("/rest/companies", {"filter": "or(name[eq]:a"}, "'filter' invalid. 1 open bracket is missing in the query"),
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
    assert len(metadata["paths"]) == 26
    assert {"/objects", "/views/{id}", "/pageLayoutWidgets"} <= metadata["paths"].keys()


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
