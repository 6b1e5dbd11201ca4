"""What `execute` says of a document before it sends it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiotwenty import Hooks, Twenty
from aiotwenty.errors import ApiError, InvalidArgument
from aiotwenty.transport.hooks import RequestEvent
from tests.contract.conftest import Connection, probe_name

WRONG = {
    "a misspelt field": ("{ companies(first: 1) {\n edges { node { id nmae } } } }", 2, "Did you mean 'name'?"),
    "a misspelt field of a related record": (
        "{ people(first: 1) { edges { node { company { nmae } } } } }",
        1,
        "Cannot query field 'nmae' on type 'Company'",
    ),
    "a composite without its parts": (
        "{ companies(first: 1) { edges { node { domainName } } } }",
        1,
        "must have a selection of subfields",
    ),
    "a misspelt field of a filter": (
        '{ companies(filter: {nmae: {eq: "a"}}) { totalCount } }',
        1,
        "Did you mean 'name'?",
    ),
    "a variable that is not declared": (
        "{ companies(filter: $only) { totalCount } }",
        1,
        "Variable '$only' is not defined",
    ),
    "an alias below the root": (
        "{ companies { count: totalCount } }",
        1,
        '"count" would come back as "totalCount"',
    ),
    "the default of a variable": ("query ($n: Int = 3) { companies(first: $n) { totalCount } }", 1, "default of $n"),
    "a list in a list": (
        "{ companies { edges { node { people { edges { node { noteTargets { edges { node { id } } } } } } } } } }",
        1,
        '"noteTargets" is a to-many relation inside another one',
    ),
    "a fragment that is not there": ("{ companies { ...Nothing } }", 1, "Unknown fragment 'Nothing'"),
    "a fragment that spreads itself": (
        "{ companies { ...Round } } fragment Round on CompanyConnection { ...Round totalCount }",
        1,
        "Cannot spread fragment 'Round' within itself",
    ),
}


@pytest.mark.parametrize(("document", "line", "says"), WRONG.values(), ids=WRONG)
async def test_a_document_that_would_not_come_back_as_it_says_is_not_sent(
    twenty: Twenty, document: str, line: int, says: str
) -> None:
    with pytest.raises(InvalidArgument, match="validate=False") as caught:
        await twenty.execute(document)
    assert says in str(caught.value)
    assert caught.value.errors[0]["locations"][0]["line"] == line


async def test_what_the_schema_and_what_the_server_has_against_a_document_is_said_together(twenty: Twenty) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await twenty.execute("query ($n: Int = 1) { companies(first: $n) { edges { node { nmae n: name } } } }")
    assert [error["message"].split(" ", 2)[:2] for error in caught.value.errors] == [
        ["the", "server"],
        ["Cannot", "query"],
        ["the", "server"],
    ]


async def test_a_misspelt_root_field_gets_a_suggestion(twenty: Twenty) -> None:
    with pytest.raises(InvalidArgument, match=r"no 'compnies' \(did you mean 'companies'\?\)"):
        await twenty.execute("{ compnies { totalCount } }")


@pytest.mark.parametrize(
    ("document", "name", "says"),
    [
        ("query A { companies { totalCount } } query B { people { totalCount } }", None, r"2 operations \(A, B\)"),
        ("query A { companies { totalCount } }", "B", r"no operation 'B'; there are A\."),
        ("fragment Count on CompanyConnection { totalCount }", None, "has no operation"),
    ],
)
async def test_a_document_of_which_no_operation_is_chosen_is_not_sent(
    connection: Connection, document: str, name: str | None, says: str
) -> None:
    sent: list[RequestEvent] = []
    async with connection.client(hooks=Hooks(on_request=sent.append)) as twenty:
        for validate in (True, False):
            with pytest.raises(InvalidArgument, match=says):
                await twenty.execute(document, operation_name=name, validate=validate)
    assert sent == []


async def test_one_of_several_operations_is_chosen_by_its_name(twenty: Twenty) -> None:
    document = "query A { companies { totalCount } } query B { people { totalCount } }"
    assert list(await twenty.execute(document, operation_name="B")) == ["people"]


async def test_it_can_be_sent_all_the_same(twenty: Twenty, server: str, tag: str) -> None:
    document = "{ companies(first: 1) { edges { node { nmae } } } }"
    if server == "strict sandbox":
        with pytest.raises(ApiError):
            await twenty.execute(document, validate=False)
    else:
        await twenty.companies.create_one({"name": tag})
        answer = await twenty.execute(document, validate=False)
        assert answer["companies"]["edges"] == [{"node": {"nmae": None}}]


ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "a type that a variable does not have": (
        "query ($first: Number) { companies(first: $first) { totalCount } }",
        {"first": 1},
    ),
    "a keyword that is not that of its root fields": (
        'mutation { companies(filter: {name: {eq: "nobody"}}) { totalCount } }',
        {},
    ),
    "an alias at the root": ("{ all: companies { totalCount } }", {}),
    "a field that no key is shown": ('{ search(searchInput: "nobody", limit: 1) { edges { node { label } } } }', {}),
    "the schema": ("{ __schema { queryType { name } } }", {}),
    "the type alone": ("{ __typename }", {}),
}


@pytest.mark.parametrize(("document", "variables"), ACCEPTED.values(), ids=ACCEPTED)
async def test_what_the_server_takes_is_sent(
    twenty: Twenty, server: str, document: str, variables: dict[str, Any]
) -> None:
    if server == "strict sandbox" and ("Number" in document or document.startswith("mutation")):
        pytest.skip("older servers validate documents themselves")
    assert await twenty.execute(document, variables)


async def test_the_schema_is_asked_for_once(connection: Connection) -> None:
    asked: list[str] = []

    def note(event: RequestEvent) -> None:
        if event.attempt == 1:
            asked.append(event.operation)

    async with connection.client(hooks=Hooks(on_request=note)) as twenty:
        await asyncio.gather(
            twenty.execute("query Count { companies { totalCount } }"),
            twenty.execute("query Other { people { totalCount } }"),
        )
        await twenty.execute("query Again { people { totalCount } }")
        await twenty.execute(
            "query Model { objects(paging: {first: 1}) { edges { node { id } } } }", endpoint="metadata"
        )
    assert asked[0] == "IntrospectionQuery"
    assert sorted(asked[1:]) == ["Again", "Count", "Model", "Other"]


async def test_a_field_that_came_meanwhile_is_known(twenty: Twenty) -> None:
    await twenty.execute("{ companies { totalCount } }")
    field = await twenty.workspace.create_field("company", probe_name(), "TEXT")
    try:
        await twenty.execute(f"{{ companies(first: 1) {{ edges {{ node {{ {field.name} }} }} }} }}")
    finally:
        await twenty.workspace.delete_field("company", field)
