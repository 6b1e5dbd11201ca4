"""Typed REST: complete lists, creates that happen once, objects by their names."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from aiotwenty import Hooks, RequestEvent, Twenty
from aiotwenty.core import Company
from aiotwenty.errors import ConfigurationError, InvalidArgument, PaginationError, SchemaDrift
from aiotwenty.sandbox import Sandbox
from tests.unit.scripted import KEY, answer, running

MANY = 430


def noting(sent: list[str]) -> Hooks:
    """Notes what is sent, and where to."""

    def note(event: RequestEvent) -> None:
        sent.append(f"{event.kind} {event.url.split('/', 3)[3]}")

    return Hooks(on_request=note)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def full(server: Sandbox, twenty: Twenty) -> AsyncIterator[str]:
    """A name that so many companies begin with."""
    tag = uuid.uuid4().hex
    for start in range(0, MANY, 200):
        rows = [{"name": f"{tag} {number:03}"} for number in range(start, min(start + 200, MANY))]
        await twenty.rest.create_many("companies", rows)
    yield tag


async def test_a_list_is_complete_however_long(twenty: Twenty, full: str) -> None:
    only = {"name": {"like": f"{full}%"}}
    page = await twenty.rest.find_many(Company, filter=only)
    assert (len({record.id for record in page.records}), page.total_count, page.has_next_page) == (MANY, MANY, False)
    assert len([record async for record in twenty.rest.iterate("companies", filter=only)]) == MANY


@pytest.mark.parametrize("order", [None, {"name": "DescNullsLast"}], ids=["by id", "by name"])
async def test_a_limit_above_what_an_answer_holds_is_kept(twenty: Twenty, full: str, order: Any) -> None:
    only = {"name": {"like": f"{full}%"}}
    page = await twenty.rest.find_many(Company, filter=only, order_by=order, limit=300)
    names = [record.name for record in page.records]
    assert (len(set(names)), page.total_count, page.has_next_page) == (300, MANY, True)
    if order:
        assert names == [f"{full} {number:03}" for number in range(MANY - 1, MANY - 301, -1)]


async def test_cursors_lead_on_and_back(twenty: Twenty, full: str) -> None:
    only = {"name": {"like": f"{full}%"}}
    first = await twenty.rest.find_many(Company, filter=only, limit=3)
    assert first.page_info is not None
    second = await twenty.rest.find_many(Company, filter=only, limit=3, starting_after=first.page_info.end_cursor)
    assert second.page_info is not None
    back = await twenty.rest.find_many(Company, filter=only, limit=3, ending_before=second.page_info.start_cursor)
    assert back.records == first.records != second.records
    with pytest.raises(InvalidArgument, match="not both"):
        await twenty.rest.find_many(Company, starting_after="a", ending_before="b")


async def test_what_rest_can_say_goes_over_rest(server: Sandbox, full: str) -> None:
    sent: list[str] = []
    async with Twenty(server.url, api_key=server.api_key, hooks=noting(sent)) as twenty:
        only = {"name": {"like": f"{full} 00%"}}
        assert len((await twenty.rest.find_many(Company, filter=only)).records) == 10
        [group] = await twenty.rest.group_by(Company, {"address": {"address_city": True}}, filter=only)
        assert (group.total_count, group.model_extra) == (10, {})
    assert sent == ["GET rest/companies", "GET rest/companies/groupBy"]


async def test_what_rest_cannot_say_goes_over_graphql(server: Sandbox) -> None:
    sent: list[str] = []
    async with Twenty(server.url, api_key=server.api_key, hooks=noting(sent)) as twenty:
        made = await twenty.rest.create_one("companies", {"name": 'Smith, Jones & "Co" (Oslo)'})
        found = await twenty.rest.find_many(Company, filter={"name": {"eq": made.name}}, limit=5)
        assert [record.id for record in found.records] == [made.id]
        await twenty.rest.delete_one(Company, made.id)
    assert [path for path in sent if "graphql" in path] == ["query graphql", "mutation graphql"]


async def test_a_create_whose_answer_is_lost_happens_once(server: Sandbox, twenty: Twenty) -> None:
    for many in (False, True):
        name = uuid.uuid4().hex
        server.faults.add("reset-after:count=1")
        if many:
            made = await twenty.rest.create_many("companies", [{"name": name}] * 3)
            assert len(made) == 3
        else:
            await twenty.rest.create_one("companies", {"name": name})
        assert await twenty.companies.count({"name": {"eq": name}}) == (3 if many else 1)


async def test_no_more_depth_than_rest_has(twenty: Twenty) -> None:
    with pytest.raises(InvalidArgument, match="Select model"):
        await twenty.rest.find_many(Company, depth=2)


async def test_an_object_that_is_not_known_is_named(twenty: Twenty) -> None:
    with pytest.raises(InvalidArgument, match="did you mean 'companies'"):
        await twenty.rest.find_many("company")
    with pytest.raises(InvalidArgument, match="did you mean 'people'"):
        await twenty.rest.find_many("peple")
    with pytest.raises(InvalidArgument, match="plural name, a record class or a namespace"):
        await twenty.rest.find_many(dict)  # type: ignore[type-var]
    with pytest.raises(ConfigurationError, match="notes have no merge_many"):
        await twenty.rest.merge("notes", [])
    assert (await twenty.rest.find_many("noteTargets", limit=1)).records == []


async def test_an_object_that_is_gone_is_drift() -> None:
    gone = {"statusCode": 400, "error": "BadRequestException", "messages": ["object 'companies' not found. eg: people"]}
    async with running() as server, Twenty(server.url, api_key=KEY) as twenty:
        server.say(answer(gone, 400))
        with pytest.raises(SchemaDrift, match="generate again"):
            await twenty.rest.find_many(Company, limit=1)
        server.say(answer({"data": {"companies": [{"id": 5}]}, "pageInfo": {}, "totalCount": 1}))
        with pytest.raises(SchemaDrift):
            await twenty.rest.find_many(Company, limit=1)
        server.say(answer(["what is this"]))
        with pytest.raises(SchemaDrift, match="not known"):
            await twenty.rest.find_many(Company, limit=1)


async def test_groups_that_a_server_leaves_out_are_missed() -> None:
    groups = [{"countNotEmptyId": "2", "groupByDimensionValues": [str(number)]} for number in range(50)]
    page = {"data": {"companies": []}, "totalCount": 101, "pageInfo": {"hasNextPage": True}}
    async with running() as server, Twenty(server.url, api_key=KEY) as twenty:
        server.say(answer(groups), answer(page))
        with pytest.raises(PaginationError, match="100 of 101 records"):
            await twenty.rest.group_by(Company, {"name": True})
        server.say(answer(groups))
        assert len(await twenty.rest.group_by(Company, {"name": True}, limit=50)) == 50


async def test_a_list_that_says_not_where_it_goes_on_is_an_error() -> None:
    page = {"data": {"companies": []}, "totalCount": 300, "pageInfo": {"hasNextPage": True, "endCursor": None}}
    async with running() as server, Twenty(server.url, api_key=KEY) as twenty:
        server.say(answer(page))
        with pytest.raises(PaginationError, match="not where"):
            await twenty.rest.find_many(Company, limit=250)


async def test_webhooks_keys_and_views_are_listed(twenty: Twenty) -> None:
    made = await twenty.workspace.webhooks.create("https://my.example/hook", ["company.*"])
    assert made.id in [one.id for one in await twenty.rest.webhooks()]
    assert [key["name"] for key in await twenty.rest.api_keys()] == ["My api key"]
    [view, *_] = await twenty.rest.views()
    assert all(field["viewId"] == view["id"] for field in await twenty.rest.views("viewFields", viewId=view["id"]))
    assert {field.type for field in await twenty.rest.fields()} >= {"TEXT", "RELATION", "SELECT"}
    assert len(await twenty.rest.fields("person")) == len(await twenty.workspace.fields("person"))
