"""`iterate` yields every record once, or fails."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest
import pytest_asyncio

from aiotwenty import PaginationError, Twenty
from aiotwenty.core import Companies, Company, CompanyCreateInput, CompanyFilterInput, CompanyUpdateInput
from aiotwenty.graphql.document import selecting
from aiotwenty.graphql.operation import Operation
from aiotwenty.objects import Records
from aiotwenty.records.listing import Identity
from aiotwenty.records.object_meta import ModelRole, ObjectMeta
from aiotwenty.sandbox import Sandbox
from tests.unit.scripted import Answer, ScriptedServer, answer

ORDERS: list[Any] = [
    {"id": "AscNullsFirst"},
    {"id": "DescNullsLast"},
    {"createdAt": "AscNullsFirst"},
    {"createdAt": "DescNullsLast"},
    {"updatedAt": "AscNullsFirst"},
    {"position": "AscNullsFirst"},
    {"name": "AscNullsFirst"},
    {"name": "DescNullsLast"},
    {"annualRevenue": {"amountMicros": "AscNullsFirst"}},
    {"annualRevenue": {"amountMicros": "DescNullsFirst"}},
    {"domainName": {"primaryLinkUrl": "AscNullsLast"}},
    [{"address": {"addressCity": "DescNullsLast"}}, {"name": "AscNullsFirst"}],
    {"accountOwner": {"name": {"firstName": "AscNullsFirst"}}},
]


def company(number: int) -> dict[str, Any]:
    """Many equal and many missing values, which is what breaks the server's cursors."""
    data: dict[str, Any] = {"name": f"Company {number % 997}" if number % 50 else ""}
    if number % 3 == 0:
        data["domainName"] = {"primaryLinkUrl": f"https://{number}.example"}
    if number % 10 == 0:
        data["annualRevenue"] = {"amountMicros": number % 70 * 1_000_000, "currencyCode": "EUR"}
    if number % 7 == 0:
        data["address"] = {"addressCity": ("Berlin", "Zürich", "東京")[number % 3]}
    return data


async def fill(twenty: Twenty, count: int) -> None:
    for start in range(0, count, 200):
        companies: list[Any] = [company(number) for number in range(start, min(start + 200, count))]
        await twenty.companies.create_many(companies)


@dataclasses.dataclass(frozen=True)
class Crowd:
    twenty: Twenty
    count: int


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[3000, pytest.param(20_000, marks=pytest.mark.soak)]
)
async def crowd(request: pytest.FixtureRequest) -> AsyncIterator[Crowd]:
    async with Sandbox() as sandbox, Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
        await fill(twenty, request.param)
        yield Crowd(twenty, request.param)


class OnlyIds(ObjectMeta):
    """Companies of which only the id is asked for: a walk does the same, and the server much less."""

    def operation(self, kind: str) -> Operation:
        selection = "{edges{node{id}cursor}pageInfo{hasNextPage endCursor}totalCount}"
        return selecting(super().operation(kind), selection)

    def model(self, role: ModelRole) -> Any:
        return Identity if role == "record" else super().model(role)


class CompanyIds(Records[Identity, CompanyCreateInput, CompanyUpdateInput, CompanyFilterInput, Any, Any]):
    meta = OnlyIds(**{each.name: getattr(Companies.meta, each.name) for each in dataclasses.fields(ObjectMeta)})


@pytest.mark.asyncio(loop_scope="module")
async def test_a_walk_over_many_records_yields_each_once(crowd: Crowd) -> None:
    seen = [record.id async for record in crowd.twenty.companies.iterate()]
    assert len(seen) == len(set(seen)) == crowd.count


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("order", ORDERS, ids=str)
async def test_an_ordered_walk_over_many_records_yields_each_once(crowd: Crowd, order: Any) -> None:
    seen = [record.id async for record in CompanyIds(crowd.twenty.endpoint("graphql")).iterate(order_by=order)]
    assert len(seen) == len(set(seen)) == crowd.count


@pytest.fixture(params=[{}, {"strict": True}], ids=["new server", "old server"])
def twenty_sandbox_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    options: dict[str, Any] = request.param
    return options


@pytest.fixture
async def twenty(twenty_sandbox: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        await fill(twenty, 300)
        yield twenty


async def test_an_ordered_walk_keeps_the_order(twenty: Twenty) -> None:
    records = [
        record async for record in twenty.companies.iterate(order_by={"position": "AscNullsFirst"}, page_size=70)
    ]
    positions = [record.position for record in records]
    assert positions == sorted(positions, key=lambda position: position or 0)


async def test_a_filter_and_a_limit_hold_in_both_kinds_of_walk(twenty: Twenty) -> None:
    only: Any = {"domainName": {"primaryLinkUrl": {"like": "https://%"}}}
    orders: list[Any] = [None, {"name": "DescNullsLast"}]
    for order in orders:
        every = [one async for one in twenty.companies.iterate(filter=only, order_by=order, page_size=30)]
        assert len({one.id for one in every}) == 100
        some = [one async for one in twenty.companies.iterate(filter=only, order_by=order, page_size=30, limit=45)]
        assert [one.id for one in some] == [one.id for one in every[:45]]
        assert [one async for one in twenty.companies.iterate(filter=only, order_by=order, limit=0)] == []


@pytest.mark.parametrize("order", [None, {"name": "AscNullsFirst"}], ids=["by id", "by name"])
async def test_records_that_are_there_throughout_survive_changes_during_the_walk(twenty: Twenty, order: Any) -> None:
    before = {record.id async for record in twenty.companies.iterate()}
    gone = set(itertools.islice(sorted(before), 0, 300, 7))
    seen: list[Company] = []
    doomed = iter(sorted(gone))
    async for record in twenty.companies.iterate(order_by=order, page_size=20):
        seen.append(record)
        if len(seen) % 5 == 0 and (victim := next(doomed, None)):
            await twenty.companies.delete_one(victim)
            await twenty.companies.create_one({"name": f"Company {len(seen)}"})
    ids = [record.id for record in seen]
    assert len(ids) == len(set(ids))
    assert before - gone <= set(ids)


async def test_deleting_what_is_walked_over_leaves_nothing_behind(twenty: Twenty) -> None:
    async for record in twenty.companies.iterate(page_size=20):
        await twenty.companies.delete_one(record.id)
    assert await twenty.companies.count() == 0


async def test_deleted_records_are_walked_when_the_filter_asks_for_them(twenty: Twenty) -> None:
    deleted = await twenty.companies.delete_many({"name": {"starts_with": "Company 1"}})
    only: Any = {"deletedAt": {"is": "NOT_NULL"}}
    orders: list[Any] = [None, {"name": "AscNullsFirst"}]
    for order in orders:
        found = [one async for one in twenty.companies.iterate(filter=only, order_by=order, page_size=50)]
        assert {one.id for one in found} == {one.id for one in deleted}


def others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


async def of_the_client(before: set[asyncio.Task[Any]]) -> set[str]:
    """Tasks of a walk that are still there once the loop has turned a few times."""
    for _ in range(5):
        await asyncio.sleep(0)
    return {str(task.get_coro()) for task in others() - before if "batch" in str(task.get_coro())}


@pytest.mark.parametrize("limit", [None, 100])
async def test_tasks_that_share_a_walk_get_every_record_once_between_them(twenty: Twenty, limit: int | None) -> None:
    walk = twenty.companies.iterate(page_size=10, limit=limit)
    seen: list[Any] = []

    async def work() -> None:
        async for record in walk:
            seen.append(record.id)
            await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(4)))
    assert len(seen) == len(set(seen)) == (limit or 300)


async def test_leaving_early_leaves_no_task(twenty: Twenty) -> None:
    before = others()
    async for _ in twenty.companies.iterate(page_size=10):
        break
    assert not await of_the_client(before)


async def test_a_walk_can_be_closed(twenty: Twenty) -> None:
    before = others()
    async with aclosing(twenty.companies.iterate(page_size=10)) as walk:
        await anext(walk)
    assert not await of_the_client(before)
    assert [record async for record in walk] == []


async def test_an_exception_in_the_loop_leaves_no_task(twenty: Twenty) -> None:
    before = others()

    async def use() -> None:
        async for _ in twenty.companies.iterate(page_size=10):
            raise LookupError

    with pytest.raises(LookupError):
        await use()
    assert not await of_the_client(before)


async def test_cancelling_a_walk_cancels_its_request(twenty: Twenty) -> None:
    before = others()

    async def use() -> None:
        async for _ in twenty.companies.iterate(page_size=1):
            pass

    task = asyncio.ensure_future(use())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await of_the_client(before)


_ACTOR: dict[str, Any] = {"source": "API", "name": "x", "context": {}, "workspaceMemberId": None}
_DATE = "2026-01-01T00:00:00.000Z"
_REQUIRED: dict[str, Any] = {
    "createdAt": _DATE,
    "updatedAt": _DATE,
    "position": 0,
    "createdBy": _ACTOR,
    "updatedBy": _ACTOR,
}


def node(number: int) -> dict[str, Any]:
    """A company of which only the id says something."""
    record = {Company.model_fields[name].alias or name: None for name in Company.model_fields}
    return {**record, **_REQUIRED, "id": f"00000000-0000-4000-8000-{number:012x}"}


def page(numbers: list[int], cursor: str | None, more: bool, total: int) -> Answer:
    edges = [{"node": node(number), "cursor": f"{number}"} for number in numbers]
    info = {"endCursor": cursor, "hasNextPage": more, "startCursor": None, "hasPreviousPage": False}
    return answer({"data": {"companies": {"edges": edges, "pageInfo": info, "totalCount": total}}})


BROKEN = {
    "the same cursor again": [page([1], "a", True, 3), page([2], "a", True, 3)],
    "the same record again": [page([1], "a", True, 3), page([1], "b", True, 3)],
    "records out of order": [page([2, 1], "a", False, 2)],
    "no cursor to go on from": [page([1], None, True, 3)],
    "an empty page with more to come": [page([1], "a", True, 3), page([], "b", True, 3)],
    "fewer records than counted": [page([1], "a", True, 3), page([2], "b", False, 3)],
    "more records than counted": [page([1, 2], "a", False, 1)],
}


@pytest.mark.parametrize("answers", BROKEN.values(), ids=BROKEN.keys())
async def test_a_walk_that_cannot_be_trusted_fails(server: ScriptedServer, answers: list[Answer]) -> None:
    server.say(*answers)
    async with Twenty(server.url, api_key="x", verify=False) as twenty:
        with pytest.raises(PaginationError, match="companies"):
            assert [record async for record in twenty.companies.iterate(page_size=2)]


async def test_a_walk_survives_that_as_many_records_are_deleted_as_are_created(server: ScriptedServer) -> None:
    there = [1, 3, 5, 7]

    def some(request: dict[str, Any]) -> Answer:
        given = request["variables"]
        asked = str(given.get("filter"))
        found = [number for number in there if f"{number:012x}" in asked or not asked.count("id")]
        if "orderBy" in given or asked.count("id"):
            return page(found, None, False, len(found))
        start = int(given.get("after", 0))
        came = [number for number in found if number > start][:2]
        if start == 0:
            there[:] = [1, 2, 3, 5]
        return page(came, str(came[-1]), came[-1] < there[-1], 4)

    server.say(some)
    async with Twenty(server.url, api_key="x", verify=False) as twenty:
        seen = [record.id async for record in twenty.companies.iterate(page_size=2)]
    assert [int(one.hex[-12:], 16) for one in seen] == [1, 3, 5, 2]


async def test_the_next_page_is_fetched_while_this_one_is_worked_on_and_no_further(server: ScriptedServer) -> None:
    def some(request: dict[str, Any]) -> Answer:
        start = int(request["variables"].get("after", 0))
        return page(list(range(start + 1, start + 11)), str(start + 10), start < 90, 100)

    server.say(some)
    async with Twenty(server.url, api_key="x", verify=False) as twenty:
        walk = aiter(twenty.companies.iterate(page_size=10))
        await anext(walk)
        await wait_for(lambda: len(server.requests) == 2)
        for _ in range(9):
            await anext(walk)
        assert len(server.requests) == 2
        await anext(walk)
        await wait_for(lambda: len(server.requests) == 3)


async def wait_for(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (the server is told nothing that could set an event)
            await asyncio.sleep(0.001)
