"""Lists of related records are completed, or an error: also where the server says less than it does today."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from aiotwenty import PaginationError, Select, Twenty
from aiotwenty.core import Company, Person
from aiotwenty.errors import SchemaDrift
from aiotwenty.graphql.object_facts import About
from aiotwenty.graphql.selection import List, Tree
from aiotwenty.records.related_lists import complete
from tests.unit.scripted import KEY, ScriptedServer, answer


class Colleague(Select[Person]):
    job_title: str | None


class Card(Select[Company]):
    name: str | None
    people: list[Colleague]


@pytest_asyncio.fixture
async def twenty(server: ScriptedServer) -> AsyncIterator[Twenty]:
    async with Twenty(server.url, api_key=KEY, rate_limit=None) as client:
        yield client


COMPANY = str(UUID(int=1, version=4))


def people(count: int, start: int = 0, **more: Any) -> list[dict[str, Any]]:
    ids = (str(UUID(int=number << 64 | 4 << 76 | 8 << 60)) for number in itertools.count(start + 1))
    return [{"node": {"id": next(ids), "jobTitle": f"{start + n}", **more}} for n in range(count)]


def company(connection: Any) -> dict[str, Any]:
    return {"data": {"company": {"id": COMPANY, "name": "a", "people": connection}}}


def related(edges: list[dict[str, Any]], total: int | None = None) -> dict[str, Any]:
    info = {"hasNextPage": False, "endCursor": None}
    count = len(edges) if total is None else total
    return {"data": {"people": {"edges": edges, "pageInfo": info, "totalCount": count}}}


async def test_a_list_as_long_as_the_server_makes_them_is_looked_after_if_nobody_counts(
    server: ScriptedServer, twenty: Twenty
) -> None:
    server.answers = [
        answer(company({"edges": people(60)})),
        answer(related(people(61, companyId=COMPANY))),
    ]
    card = await twenty.companies.find_one(COMPANY, select=Card)
    assert [person.job_title for person in card.people] == [str(number) for number in range(61)]
    assert server.requests[1]["variables"] == {"filter": {"companyId": {"in": [COMPANY]}}, "first": 1000}


async def test_a_list_that_is_counted_whole_is_not_asked_for_again(server: ScriptedServer, twenty: Twenty) -> None:
    server.answers = [answer(company({"edges": people(60), "countUniqueValuesId": 60}))]
    assert len((await twenty.companies.find_one(COMPANY, select=Card)).people) == 60
    assert len(server.requests) == 1


async def test_a_list_that_cannot_be_completed_is_an_error(server: ScriptedServer, twenty: Twenty) -> None:
    server.answers = [
        answer(company({"edges": people(60), "countUniqueValuesId": 70})),
        answer(related(people(65, companyId=COMPANY), total=70)),
        answer({"data": {"people": {"edges": people(65), "totalCount": 70}}}),
        answer({"data": {"people": {"edges": people(5, 65), "totalCount": 5}}}),
    ]
    with pytest.raises(PaginationError):
        await twenty.companies.find_one(COMPANY, select=Card)


async def test_a_key_that_is_hidden_does_not_lose_the_records(server: ScriptedServer, twenty: Twenty) -> None:
    server.answers = [
        answer(company({"edges": people(60), "countUniqueValuesId": 61})),
        answer(related(people(61, companyId=None))),
    ]
    assert len((await twenty.companies.find_one(COMPANY, select=Card)).people) == 61


async def test_a_list_that_is_null_is_drift(server: ScriptedServer, twenty: Twenty) -> None:
    server.answers = [answer(company(None))]
    with pytest.raises(SchemaDrift, match="people"):
        await twenty.companies.find_one(COMPANY, select=Card)


async def test_null_for_what_is_never_null_is_drift(server: ScriptedServer, twenty: Twenty) -> None:
    class Never(Select[Person]):
        id: UUID

    server.answers = [answer({"data": {"person": {"id": None}}})]
    with pytest.raises(SchemaDrift, match=r"Never\.id is missing or null"):
        await twenty.people.find_one(uuid4(), select=Never)


def crew(*keys: str) -> Tree:
    """A list that is led back to by one of several keys."""
    nodes = Tree(fields={"jobTitle": None})
    return Tree(About("Rocket", "rockets"), {"id": None}, {"crew": List("Person", "people", keys, nodes)})


async def test_of_several_keys_the_one_that_leads_back_is_found(server: ScriptedServer, twenty: Twenty) -> None:
    node: dict[str, Any] = {
        "id": COMPANY,
        "crew": {"edges": people(60, pilotId=None, cookId=COMPANY), "countUniqueValuesId": 62},
    }
    server.answers = [answer(related(people(62, cookId=COMPANY)))]
    await complete(twenty.endpoint("graphql"), crew("pilotId", "cookId"), [node])
    assert len(node["crew"]["edges"]) == 62
    assert server.requests[0]["variables"] == {"filter": {"cookId": {"in": [COMPANY]}}, "first": 1000}


async def test_a_list_within_a_list_says_within_its_parent_whose_it_is(server: ScriptedServer, twenty: Twenty) -> None:
    nodes = [{"id": COMPANY}]
    rocket = {"id": COMPANY, "crew": {"edges": people(3, pilotId=None, cookId=COMPANY), "countUniqueValuesId": 3}}
    info = {"hasNextPage": False, "endCursor": None}
    server.answers = [answer({"data": {"rockets": {"edges": [{"node": rocket}], "pageInfo": info, "totalCount": 1}}})]
    await complete(twenty.endpoint("graphql"), crew("pilotId", "cookId"), nodes)
    assert nodes == [rocket]


@pytest.mark.parametrize("keys", [(), ("pilotId", "cookId")])
async def test_a_cut_list_that_nothing_tells_the_key_of_is_an_error(twenty: Twenty, keys: tuple[str, ...]) -> None:
    both: dict[str, Any] = dict.fromkeys(keys, COMPANY)
    node = {"id": COMPANY, "crew": {"edges": people(60, **both), "countUniqueValuesId": 62}}
    with pytest.raises(PaginationError, match="crew has more records than the server gives with their Rocket"):
        await complete(twenty.endpoint("graphql"), crew(*keys), [node])


async def test_a_field_that_is_gone_is_found_in_lists_that_were_completed(
    server: ScriptedServer, twenty: Twenty
) -> None:
    nameless = [{"node": {**edge["node"], "jobTitle": None, "companyId": COMPANY}} for edge in people(61)]

    def fields(request: dict[str, object]) -> Any:
        person = {"nameSingular": "person", "fieldsList": [{"name": "id", "type": "UUID"}]}
        info = {"hasNextPage": False, "endCursor": None}
        return answer({"data": {"objects": {"edges": [{"node": person}], "pageInfo": info}}})

    server.answers = [
        answer(company({"edges": people(60), "countUniqueValuesId": 61})),
        answer(related(nameless)),
        fields,
    ]
    with pytest.raises(SchemaDrift, match="jobTitle"):
        await twenty.companies.find_one(COMPANY, select=Card)
