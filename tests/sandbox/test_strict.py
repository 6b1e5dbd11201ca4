"""Strict mode validates first, as servers of November 2025 do."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

CREATE = "mutation($d:[CompanyCreateInput!]!,$u:Boolean){createCompanies(data:$d,upsert:$u){id name}}"


@pytest.fixture
def twenty_sandbox_options() -> dict[str, Any]:
    return {"strict": True}


async def posted(talk: Any, query: str, **variables: Any) -> tuple[int, Any]:
    body = {"query": query, "variables": variables}
    async with talk.session.post(talk.sandbox.url + "/graphql", json=body) as response:
        return response.status, json.loads(await response.read())


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{companies{edges{node{nope}}}}", 'Cannot query field "nope" on type "Company". Did you mean "name"?'),
        ("{companies(nope:1){totalCount}}", 'Unknown argument "nope" on field "Query.companies".'),
        ("query($a:Nope){companies{totalCount}}", 'Unknown type "Nope". Did you mean "Note"?'),
        ("query($a:Int){companies{totalCount}}", 'Variable "$a" is never used.'),
        (
            "{companies{edges{node{domainName}}}}",
            'Field "domainName" of type "Links!" must have a selection of subfields. '
            'Did you mean "domainName { ... }"?',
        ),
    ],
)
async def test_a_document_that_does_not_fit_the_schema_is_refused(talk: Any, query: str, message: str) -> None:
    status, body = await posted(talk, query)

    assert status == 200
    assert message in [error["message"] for error in body["errors"]]
    assert "data" not in body
    assert "extensions" not in body["errors"][0]


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        (
            "query($n:Int!){companies(first:$n){totalCount}}",
            {},
            'Variable "$n" of required type "Int!" was not provided.',
        ),
        (
            "query($n:Int){companies(first:$n){totalCount}}",
            {"n": "abc"},
            'Int cannot represent non-integer value: "abc"',
        ),
        (
            "mutation($d:PersonCreateInput!){createPerson(data:$d){id}}",
            {"d": {"nme": "x"}},
            'Field "nme" is not defined by type "PersonCreateInput". Did you mean "name"?',
        ),
        ("query($i:UUIDFilter){companies(filter:{id:$i}){totalCount}}", {"i": {"eq": "xyz"}}, "Invalid UUID"),
    ],
)
async def test_a_variable_that_does_not_fit_has_status_400(
    talk: Any, query: str, variables: dict[str, Any], message: str
) -> None:
    status, body = await posted(talk, query, **variables)

    assert (status, body["errors"][0]["message"]) == (400, message)
    assert body["errors"][0]["extensions"]["http"] == {"status": 400}


async def test_aliases_directives_and_defaults_work_everywhere(talk: Any) -> None:
    await talk.data(CREATE, d=[{"name": "a"}, {"name": "b"}])
    query = (
        "query($n:Int=1,$s:Boolean!){x:companies(first:$n){edges{node{nom:name id @skip(if:$s)}}} "
        "y:companies{totalCount} __typename people @include(if:false){totalCount}}"
    )

    status, body = await posted(talk, query, s=True)

    assert status == 200
    assert set(body["data"]) == {"x", "y", "__typename"}
    assert [list(edge["node"]) for edge in body["data"]["x"]["edges"]] == [["nom"]]
    assert body["data"]["y"] == {"totalCount": 2}


async def test_a_selection_that_depends_on_a_variable_is_not_remembered(talk: Any) -> None:
    await talk.data(CREATE, d=[{"name": "a"}])
    query = "query($s:Boolean!){companies{edges{node{name @skip(if:$s) position}}}}"

    keys = [
        list((await posted(talk, query, s=skip))[1]["data"]["companies"]["edges"][0]["node"]) for skip in (True, False)
    ]

    assert keys == [["position"], ["name", "position"]]


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("{companies(filter:{people:{id:{is:NULL}}}){totalCount}}", '"people" is not defined by type'),
        ("{companies(orderBy:{accountOwner:{id:AscNullsLast}}){totalCount}}", '"accountOwner" is not defined by type'),
        ('{companies(filter:{name:{endsWith:"x"}}){totalCount}}', '"endsWith" is not defined by type "StringFilter"'),
        ("{companiesGroupBy(groupBy:[],limit:1){totalCount}}", 'Unknown argument "limit"'),
        ('{companiesGroupBy(groupBy:[{createdAt:{timeZone:"UTC"}}]){totalCount}}', '"timeZone" is not defined'),
        ("query($i:[UUID]){companies(filter:{id:{in:$i}}){totalCount}}", 'expecting type "[UUID!]"'),
    ],
)
async def test_the_schema_lacks_what_servers_learned_later(talk: Any, query: str, part: str) -> None:
    _, body = await posted(talk, query)

    assert part in body["errors"][0]["message"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": None}, 'null value in column "name" of relation "company" violates not-null constraint'),
        ({"createdAt": "soon"}, 'invalid input syntax for type timestamp with time zone: "soon"'),
        ({"accountOwnerId": str(uuid.uuid4())}, 'insert or update on table "company" violates foreign key constraint'),
    ],
)
async def test_what_the_database_refuses_is_an_internal_error(talk: Any, data: dict[str, Any], message: str) -> None:
    error = await talk.error(CREATE, d=[data])

    assert error["message"].startswith(message)
    assert (error["code"], error["userFriendlyMessage"]) == ("INTERNAL_SERVER_ERROR", "An error occurred.")


@pytest.mark.parametrize(
    ("given", "shown"), [("10", "10"), (10, "10"), (2**53 + 1, str(2**53)), (None, None), ("9" * 30, "1e+30")]
)
async def test_big_integers_are_strings(talk: Any, given: Any, shown: str | None) -> None:
    objects = await talk.answer("{objects(paging:{first:99}){edges{node{id nameSingular}}}}", path="/metadata")
    company = next(
        edge["node"]["id"] for edge in objects["data"]["objects"]["edges"] if edge["node"]["nameSingular"] == "company"
    )
    field = {"objectMetadataId": company, "type": "NUMBER", "name": "atoms", "label": "Atoms"}
    field["settings"] = {"dataType": "bigint"}
    create = "mutation($f:CreateOneFieldMetadataInput!){createOneField(input:$f){id}}"
    await talk.answer(create, path="/metadata", f={"field": field})

    made = await talk.data("mutation($d:CompanyCreateInput!){createCompany(data:$d){atoms}}", d={"atoms": given})

    assert made == {"atoms": shown}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"name": {"is": "NULL"}}, 0),
        ({"name": {"eq": ""}}, 1),
        ({"domainName": {"primaryLinkUrl": {"is": "NULL"}}}, 0),
        ({"createdAt": {"gte": "yesterday"}}, 2),
        ({"createdAt": {"lt": "today"}}, 0),
    ],
)
async def test_texts_are_never_null_and_days_have_names(talk: Any, given: dict[str, Any], found: int) -> None:
    await talk.data(CREATE, d=[{"name": "a"}, {}])

    page = await talk.data("query($f:CompanyFilterInput){companies(filter:$f){totalCount}}", f=given)

    assert page == {"totalCount": found}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": None}, "INTERNAL_SERVER_ERROR"),
        ({"name": {}}, "INTERNAL_SERVER_ERROR"),
        ({"domainName": None}, "INTERNAL_SERVER_ERROR"),
        ({"createdAt": {"nope": 1}}, "UNSUPPORTED_OPERATOR"),
        ({"createdAt": {"gte": "soon"}}, "INTERNAL_SERVER_ERROR"),
        ({"name": {"in": []}}, "INVALID_QUERY_INPUT"),
    ],
)
async def test_a_filter_that_makes_no_sense_breaks(talk: Any, given: dict[str, Any], code: str) -> None:
    error = await talk.error("query($f:CompanyFilterInput){companies(filter:$f){totalCount}}", f=given)

    assert code == error.get("subCode", error["code"])


async def test_a_walk_by_name_backwards_is_exact(talk: Any) -> None:
    await talk.data(CREATE, d=[{"name": name} for name in ("", "b", "", "a", "b")])
    query = (
        "query($a:String){companies(first:1,after:$a,orderBy:[{name:DescNullsLast}])"
        "{edges{node{name}} pageInfo{endCursor hasNextPage}}}"
    )
    names, page = [], {"pageInfo": {"endCursor": None, "hasNextPage": True}}
    while page["pageInfo"]["hasNextPage"]:
        page = await talk.data(query, a=page["pageInfo"]["endCursor"])
        names += [edge["node"]["name"] for edge in page["edges"]]

    assert names == ["b", "b", "a", "", ""]


async def test_search_and_records_go_together(talk: Any) -> None:
    await talk.data(CREATE, d=[{"name": "air"}])

    _, body = await posted(
        talk, '{companies{totalCount} found:search(searchInput:"air",limit:1){edges{node{label}}} __typename}'
    )

    assert body["data"] == {
        "companies": {"totalCount": 1},
        "found": {"edges": [{"node": {"label": "air"}}]},
        "__typename": "Query",
    }


async def test_introspection_and_records_go_together(talk: Any) -> None:
    _, body = await posted(talk, "{__schema{queryType{name}} companies{totalCount}}")

    assert body == {"data": {"companies": {"totalCount": 0}, "__schema": {"queryType": {"name": "Query"}}}}


async def test_mutations_are_done_in_the_order_of_the_document(talk: Any) -> None:
    record = '"20202020-0000-4000-8000-000000000001"'
    _, body = await posted(
        talk, f"mutation{{a:createCompany(data:{{id:{record}}}){{id}} b:destroyCompany(id:{record}){{id}}}}"
    )

    assert list(body["data"]) == ["a", "b"]
    assert "errors" not in body


async def test_a_duplicate_names_the_value_and_no_record(talk: Any) -> None:
    data = [{"domainName": {"primaryLinkUrl": "https://x.example"}}]
    await talk.data(CREATE, d=data)

    error = await talk.error(CREATE, d=data)

    assert error == {
        "message": "Duplicate Domain Name with value https://x.example. Please set a unique one.",
        "userFriendlyMessage": "This domain name with value https://x.example is already taken. "
        "Please choose a different value.",
        "isExpected": True,
        "code": "BAD_USER_INPUT",
    }


async def test_the_order_of_a_batch_is_not_that_of_the_input(talk: Any) -> None:
    names = [str(number) for number in range(50)]

    made = await talk.data(CREATE, d=[{"name": name} for name in names])

    assert sorted(each["name"] for each in made) == sorted(names)
    assert [each["name"] for each in made] != names


async def test_of_several_operators_only_the_first_counts(talk: Any) -> None:
    await talk.data(CREATE, d=[{"position": 6}, {"position": 20}])

    assert await talk.data("{companies(filter:{position:{lt:10,gt:5}}){totalCount}}") == {"totalCount": 2}


async def test_idle_connections_are_kept_five_seconds_only(talk: Any) -> None:
    async with talk.session.post(talk.sandbox.url + "/graphql", json={"query": "{__typename}"}) as response:
        assert response.headers["Keep-Alive"] == "timeout=5"


async def test_a_trailing_slash_is_not_found(talk: Any) -> None:
    async with talk.session.post(talk.sandbox.url + "/graphql/", json={"query": "{__typename}"}) as response:
        assert (response.status, await response.read()) == (404, b"")


async def test_parents_share_the_limit_of_nested_lists(talk: Any) -> None:
    first, second = await talk.data(CREATE, d=[{"name": "a"}, {"name": "b"}])
    create = "mutation($d:[PersonCreateInput!]!){createPeople(data:$d){id}}"
    for company, number in ((first, 180), (first, 180), (second, 180)):
        await talk.data(create, d=[{"companyId": company["id"]}] * number)

    page = await talk.data("{companies{edges{node{id people{totalCount countUniqueValuesId}}}}}")

    totals = {edge["node"]["id"]: edge["node"]["people"] for edge in page["edges"]}
    assert totals[first["id"]] == {"totalCount": 360, "countUniqueValuesId": 360}
    assert totals[second["id"]] == {"totalCount": 40, "countUniqueValuesId": 180}


async def test_relations_nest_five_deep_and_no_deeper(talk: Any) -> None:
    query = "id"
    for name in ("people{edges{node{%s}}}", "company{%s}") * 3:
        query = name % query

    error = await talk.error(f"{{companies{{edges{{node{{company:people{{edges{{node{{{query}}}}}}}}}}}}}}}")

    assert (error["message"], error["subCode"]) == ("Maximum depth of 5 reached", "MAX_DEPTH_REACHED")


async def test_rest_deletes_a_record_once_and_pages_no_objects(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[{"name": "a"}])
    found = []
    for method, path in (
        ("DELETE", f"/rest/companies/{made['id']}"),
        ("DELETE", f"/rest/companies/{made['id']}"),
        ("GET", "/rest/metadata/objects?limit=5"),
        ("GET", "/rest/metadata/objects"),
    ):
        async with talk.session.request(method, talk.sandbox.url + path) as response:
            found.append(response.status)

    assert found == [200, 404, 400, 200]
