"""`twenty.raw`: the answer beside what was read of it."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any, get_overloads

import pytest

from aiotwenty import InvalidArgument, NotFoundError, RawResult, RetryPolicy, Runner, Select, Twenty
from aiotwenty.core import Company, Person
from aiotwenty.objects import Records
from aiotwenty.records.raw_records import RawRecords
from aiotwenty.sandbox import Sandbox
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer

COUNT = answer({"data": {"companies": {"totalCount": 3}}}, X_Request_Id="abc")


async def test_a_call_gives_its_answer_beside_its_result(server: ScriptedServer) -> None:
    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY) as twenty:
        result = await twenty.raw.companies.count()
    assert isinstance(result, RawResult)
    assert result.data == 3
    assert result.status == 200
    assert result.headers["x-request-id"] == "abc"
    assert result.body == COUNT.body
    assert 0 < result.elapsed < 10
    assert (result.attempts, result.retries, result.requests) == (1, 0, 1)


async def test_any_call_can_be_made_raw(server: ScriptedServer) -> None:
    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY) as twenty:
        result = await twenty.raw(twenty.companies.count())
    assert (result.data, result.body) == (3, COUNT.body)


async def test_attempts_that_failed_are_counted(server: ScriptedServer) -> None:
    server.say(Answer(b"", 503, None), Answer(b"", 503, None), COUNT)
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=0.01)) as twenty:
        result = await twenty.raw.companies.count()
    assert (result.status, result.attempts, result.retries, result.requests) == (200, 3, 2, 1)


async def test_every_part_of_the_client_has_raw_calls(twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        made = await twenty.raw.companies.create_one({"name": "Air"})
        assert isinstance(made.data, Company)
        assert json.loads(made.body)["data"]["createCompany"]["name"] == "Air"

        found: RawResult[Any] = await twenty.raw.core.find_one_company(filter={"id": {"eq": str(made.data.id)}})
        assert found.data.name == "Air"
        rest: RawResult[Any] = await twenty.raw.rest.get("companies")
        assert json.loads(rest.body) == rest.data
        searched: RawResult[Any] = await twenty.raw.search("Air")
        assert b"searchInput" not in searched.body
        assert searched.status == 200
        objects: RawResult[Any] = await twenty.raw.workspace.objects()
        assert b"company" in objects.body
        assert len(objects.data) > 10


async def test_what_the_client_asks_by_itself_is_not_taken_for_the_answer(twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        await twenty.companies.create_one({"name": "Air"})
        checked: RawResult[Any] = await twenty.raw.execute("{ companies { totalCount } }")
        assert json.loads(checked.body) == {"data": {"companies": {"totalCount": 1}}}
        assert checked.requests == 2
        # Fields that are empty everywhere are looked up in /metadata.
        page = await twenty.raw.companies.find_many()
        assert json.loads(page.body)["data"]["companies"]["totalCount"] == 1
        assert page.requests == 2


class Colleague(Select[Person]):
    id: str


class WithPeople(Select[Company]):
    id: str
    people: list[Colleague]


async def test_of_several_requests_it_is_the_first_answer(twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        company = await twenty.companies.create_one({"name": "Air"})
        people = [{"name": {"first_name": f"P{n}"}, "company_id": str(company.id)} for n in range(70)]
        await twenty.people.create_many(people)  # type: ignore[arg-type]
        result = await twenty.raw.companies.find_one(company.id, select=WithPeople)
        assert len(result.data.people) == 70
        assert "company" in json.loads(result.body)["data"]
        assert result.requests > 1


async def test_calls_at_the_same_time_each_have_their_own(server: ScriptedServer) -> None:
    def echo(request: dict[str, Any]) -> Answer:
        value = request["variables"]["filter"]["name"]["eq"]
        return answer({"data": {"companies": {"totalCount": int(value)}}})

    server.say(echo)
    async with Twenty(server.url, api_key=KEY) as twenty:
        results = await asyncio.gather(*(twenty.raw.companies.count({"name": {"eq": str(n)}}) for n in range(50)))
        plain = await twenty.companies.count({"name": {"eq": "7"}})
    assert plain == 7
    assert [result.data for result in results] == list(range(50))
    for number, result in enumerate(results):
        assert json.loads(result.body)["data"]["companies"]["totalCount"] == number
        assert result.requests == 1


async def test_errors_are_those_of_the_call(twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        with pytest.raises(NotFoundError):
            await twenty.raw.companies.find_one("00000000-0000-4000-8000-000000000000")


async def test_a_walk_and_a_task_are_refused_with_what_to_do(server: ScriptedServer) -> None:
    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY) as twenty:
        with pytest.raises(InvalidArgument, match=r"iterate\(\) gives many answers"):
            twenty.raw.companies.iterate()  # type: ignore[attr-defined]
        task = asyncio.ensure_future(twenty.companies.count())
        with pytest.raises(InvalidArgument, match="takes the coroutine itself"):
            await twenty.raw(task)
        await task
        with pytest.raises(AttributeError, match="nope"):
            _ = twenty.raw.companies.nope  # type: ignore[attr-defined]


async def test_where_nothing_is_asked_there_is_no_answer(server: ScriptedServer) -> None:
    async with Twenty(server.url, api_key=KEY) as twenty:
        result = await twenty.raw.companies.find_by_ids([])
    assert (result.data, result.status, result.body, result.attempts, result.retries) == ([], 0, b"", 0, 0)


async def test_it_shows_neither_key_nor_answer(server: ScriptedServer) -> None:
    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY) as twenty:
        result = await twenty.raw.companies.count()
        assert KEY not in repr(twenty.raw) + repr(result)
    assert "totalCount" not in repr(result)


async def test_a_runner_takes_raw_calls(server: ScriptedServer) -> None:
    server.say(COUNT)

    def work() -> RawResult[int]:
        with Runner(server.url, api_key=KEY) as run:
            return run(run.twenty.raw.companies.count())

    assert (await asyncio.to_thread(work)).status == 200


FRAMES = {"to_arrow", "to_arrow_batches", "to_pandas", "to_polars"}
ELSEWHERE = {"iterate", "load", "export", "find_duplicates", "merge_many", "changes", *FRAMES}
"""Calls without a raw answer, or which not all objects have."""


def signatures(of: type, name: str) -> list[list[tuple[str, object, object]]]:
    """The parameters of a method, for each of its overloads."""
    method = getattr(of, name)
    declared = get_overloads(getattr(method, "__wrapped__", method)) or [method]
    return [
        [(each.name, each.kind, each.default) for each in inspect.signature(one).parameters.values()]
        for one in declared
    ]


def test_type_checkers_see_the_calls_that_there_are() -> None:
    calls = {name for name in dir(Records) if not name.startswith("_")} - ELSEWHERE
    assert calls - {"meta"} == {name for name in dir(RawRecords) if not name.startswith("_")}
    for name in calls - {"meta"}:
        assert signatures(RawRecords, name) == signatures(Records, name), name
