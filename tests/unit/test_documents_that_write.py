"""A document that writes is a write, whatever its keyword says; and what changes every record says so."""

from __future__ import annotations

from collections.abc import AsyncIterator

import gql
import pytest

from aiotwenty import ApiError, InvalidArgument, RetryPolicy, Twenty, TwentyError
from aiotwenty.graphql.root_fields import writes
from aiotwenty.sandbox import Sandbox
from tests.unit.scripted import KEY, ScriptedServer, answer

WRITES = [
    '{ createCompany(data: {name: "a"}) { id } }',
    "query { other: createCompany(data: {}) { id } }",
    "query Q { ...R } fragment R on Query { updateCompany(id: $id, data: {}) { id } }",
    "query { ... on Query { ... { deleteCompanies(filter: {}) { id } } } }",
    "{ companies { totalCount } destroyCompany(id: $id) { id } }",
    "query { restoreCompany(id: $id) { id } }",
    "query { mergeCompanies(ids: [], conflictPriorityIndex: 0) { id } }",
    "mutation { companies { totalCount } }",
    "query A { companies { totalCount } } mutation B { createCompany(data: {}) { id } }",
    "query { ...Loop } fragment Loop on Query { ...Loop createCompany(data: {}) { id } }",
    "{ not a document",
]
READS = [
    "{ companies { totalCount edges { node { createdBy { name } } } } }",
    "query { created: companies { totalCount } }",
    "query { creators { totalCount } updates { totalCount } deleted { totalCount } }",
    "query { ...R } fragment R on Query { companies { totalCount } }",
]


@pytest.mark.parametrize("document", WRITES)
def test_what_writes_is_told_by_its_root_fields(document: str) -> None:
    assert writes(document)


@pytest.mark.parametrize("document", READS)
def test_what_reads_is_told_by_its_root_fields(document: str) -> None:
    assert not writes(document)


def test_of_several_operations_the_named_one_counts() -> None:
    document = "query A { companies { totalCount } } query B { createCompany(data: {}) { id } }"
    assert not writes(document, "A")
    assert writes(document, "B")


@pytest.mark.parametrize("through", ["execute", "gql"])
async def test_a_query_that_creates_is_not_sent_twice(through: str) -> None:
    async with (
        Sandbox(faults=["reset-after:operation=createCompany"]) as sandbox,
        Twenty(sandbox.url, api_key=sandbox.api_key, retry=RetryPolicy(base=0)) as twenty,
    ):
        gql_client = gql.Client(transport=twenty.endpoint("graphql"))
        create = twenty.execute(WRITES[0]) if through == "execute" else gql_client.execute_async(gql.gql(WRITES[0]))
        with pytest.raises(TwentyError) as caught:
            await create
        assert caught.value.outcome_unknown
        assert await twenty.companies.count() == 1


@pytest.fixture
async def scripted(server: ScriptedServer) -> AsyncIterator[Twenty]:
    server.say(answer({"data": {"updateCompanies": []}}))
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(attempts=2, base=0)) as twenty:
        yield twenty


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "companies",
        "/rest/companies/",
        "batch/companies",
        "rest/batch/companies",
        "restore/companies",
        "companies?filter=",
        "companies?filter=and()",
        "companies?filter=or(%20)&limit=1",
    ],
)
async def test_rest_changes_every_record_only_when_told_to(
    scripted: Twenty, server: ScriptedServer, method: str, path: str
) -> None:
    with pytest.raises(InvalidArgument, match=r"every record.*all_records=True"):
        await scripted.rest.request(method, path, data={"name": "a"})  # type: ignore[arg-type]
    assert not server.paths
    await scripted.rest.request(method, path, data={"name": "a"}, all_records=True)  # type: ignore[arg-type]
    assert len(server.paths) == 1


async def test_rest_changes_one_record_and_what_a_filter_finds(scripted: Twenty, server: ScriptedServer) -> None:
    await scripted.rest.patch("companies/972dd990-72cc-460f-a665-d11fdf70b399", {"name": "a"})
    await scripted.rest.put("companies", {"name": "a"}, filter='name[eq]:"b"')
    await scripted.rest.delete("companies?filter=name[eq]:b")
    await scripted.rest.patch("people/merge", {"ids": []})
    await scripted.rest.patch("companies", {"name": "a"}, all_records=True)
    assert len(server.paths) == 5


async def test_a_change_of_many_or_a_merge_in_rest_is_not_repeated(scripted: Twenty, server: ScriptedServer) -> None:
    server.say(answer({"errors": [{"message": "boom"}]}, 500))
    for path in ("companies?filter=name[eq]:b", "people/merge", "restore/companies?filter=name[eq]:b"):
        with pytest.raises(ApiError) as caught:
            await scripted.rest.patch(path, {"name": "a"})
        assert caught.value.outcome_unknown
    assert len(server.paths) == 3
