"""A workspace that is not what the client was generated from, and answers that are less than they seem."""

from __future__ import annotations

from typing import Any

import pytest

from aiotwenty import AuthenticationError, Hooks, RequestEvent, SchemaDrift, Twenty
from aiotwenty.errors import RelationCut
from aiotwenty.graphql import runtime as rt
from aiotwenty.graphql.related_cuts import has_related_lists
from aiotwenty.sandbox import Sandbox
from tests.unit.scripted import KEY, ScriptedServer, answer

ROCKETS = rt.Operation("CountRockets", "query", "query CountRockets{rockets{totalCount}}", "rockets")


class Anything(rt.Record):
    total_count: int


async def test_an_object_that_is_gone_is_drift_when_the_key_is_good(twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        with pytest.raises(SchemaDrift, match="rockets"):
            await twenty.endpoint("graphql").run(ROCKETS, Anything, {})


async def test_the_same_answer_is_an_authentication_error_when_nobody_is_known(server: ScriptedServer) -> None:
    asked: list[str] = []

    def note(event: RequestEvent) -> None:
        asked.append(event.operation)

    server.say(answer({"errors": [{"message": 'Cannot query field "rockets" on type "Query".'}]}))
    async with Twenty(server.url, api_key=KEY, hooks=Hooks(on_request=note)) as twenty:
        with pytest.raises(AuthenticationError, match="API key"):
            await twenty.endpoint("graphql").run(ROCKETS, Anything, {})
    assert asked == ["CountRockets", "KeyCheck"]


def companies(*people: tuple[int, int | None]) -> dict[str, Any]:
    """Each with so many people in the answer, and the number of all."""
    edges = []
    for size, count in people:
        connection: dict[str, Any] = {"edges": [{"node": {"id": "x"}}] * size}
        if count is not None:
            connection["countUniqueValuesId"] = count
        edges.append({"node": {"people": connection}})
    return {"data": {"companies": {"edges": edges}}}


NESTED = "query { companies { edges { node { people { edges { node { id } } } } } } }"


@pytest.mark.parametrize(
    "people", [[(3, None), (60, None)], [(200, None)], [(360, None), (40, None)], [(60, 61)], [(1, 2), (2, 2)]], ids=str
)
async def test_related_records_that_may_have_been_cut_are_reported(server: ScriptedServer, people: Any) -> None:
    server.say(answer(companies(*people)))
    async with Twenty(server.url, api_key=KEY) as twenty:
        with pytest.warns(RelationCut, match=r"companies\.people") as warned:
            await twenty.execute(NESTED)
    assert warned[0].filename == __file__


@pytest.mark.parametrize("people", [[(3, None), (59, None)], [(60, 60)], []], ids=str)
async def test_related_records_that_are_complete_are_not_reported(server: ScriptedServer, people: Any) -> None:
    server.say(answer(companies(*people)))
    async with Twenty(server.url, api_key=KEY) as twenty:
        assert await twenty.execute(NESTED) == companies(*people)["data"]


@pytest.mark.parametrize("strict", [False, True], ids=["new server", "old server"])
async def test_the_related_records_of_one_record_are_reported_too(strict: bool) -> None:
    many = 61 if not strict else 201
    async with Sandbox(strict=strict) as sandbox, Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
        company = await twenty.companies.create_one({"name": "Acme"})
        await twenty.people.load([{"companyId": str(company.id)} for _ in range(many)])
        one = "query($id: UUID) { company(filter: {id: {eq: $id}}) { people { edges { node { id } } } } }"
        with pytest.warns(RelationCut, match=r"company\.people"):
            await twenty.execute(one, {"id": company.id})
        change = 'mutation($id: UUID!) { updateCompany(id: $id, data: {name: "}"}) { ...C } } '
        change += "fragment C on Company { people { edges { node { id } } } }"
        with pytest.warns(RelationCut, match=r"updateCompany\.people"):
            await twenty.execute(change, {"id": company.id})


@pytest.mark.parametrize(
    ("document", "has"),
    [
        ("{ companies { edges { node { id } } } }", False),
        ("query Q($f: F) { companies(filter: $f) { edges { node { ...C } } } } fragment C on Company { id }", False),
        ("fragment C on Company { id } query Q { companies { edges { node { ...C } } } }", False),
        ('{ companies(filter: {name: {eq: "{{"}}) { edges { node { id } } } }', False),
        ("{ company { people { edges { node { id } } } } }", True),
        ("{ companies { edges { node { people { edges { node { id } } } } } } }", True),
        ("query Q { company { ...C } } fragment C on Company { people { edges { node { id } } } }", True),
    ],
)
def test_a_document_with_lists_of_related_records_is_known(document: str, has: bool) -> None:
    assert has_related_lists(document) is has


async def test_a_typed_operation_reports_them_too(twenty_sandbox: Sandbox) -> None:
    class Found(rt.Record):
        edges: list[Any]

    text = "query Nested{companies(first:1){edges{node{id people{edges{node{id}}}}}}}"
    operation = rt.Operation("Nested", "query", text, "companies", nests=True)
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        company = await twenty.companies.create_one({"name": "Acme"})
        await twenty.people.create_many([{"company_id": company.id} for _ in range(61)])
        with pytest.warns(RelationCut, match="Nested: companies.people"):
            await twenty.endpoint("graphql").run(operation, Found, {})
