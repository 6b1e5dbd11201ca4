"""Bulk calls that wait for the rate limit share requests, and each has its own answer, error and end."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from aiotwenty import Hooks, RateLimit, RateLimiter, RequestEvent, ResponseEvent, RetryPolicy, Twenty, TwentyError
from aiotwenty.bulk import Target
from aiotwenty.bulk.concurrency import AdaptiveConcurrency
from aiotwenty.bulk.requests import BulkRequests, Meter
from aiotwenty.errors import ApiError, ConnectionFailed, InvalidInput, NotFoundError, UnexpectedResponse
from aiotwenty.graphql.joining import members
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer

OBJECTS = ("companies", "people", "notes", "tasks")
ID = "00000000-0000-4000-8000-00000000000a"
PACE = 0.1
Say = Callable[[str], Any]
"""What is answered to a root field: its value, or an error."""


def roots_of(request: dict[str, Any]) -> list[str]:
    return re.findall(r"[{ ](\w+)\((?!\$)", request["query"])


def server_says(say: Say) -> Callable[[dict[str, object]], Answer]:
    """Answers each root field as Twenty does: no error tells whose it is."""

    def answered(request: dict[str, object]) -> Answer:
        said = {root: say(root) for root in roots_of(request)}
        errors = [error for error in said.values() if "message" in error]
        data = {root: None if value in errors else value["is"] for root, value in said.items()}
        return answer({"data": data, "errors": errors} if errors else {"data": data})

    return answered


def fine(root: str) -> dict[str, Any]:
    """An answer that tells which root field it is of."""
    if root.startswith("delete"):
        return {"is": [{"id": root}]}
    return {"is": {"edges": [{"node": {"id": ID, "of": root}}], "pageInfo": {"hasNextPage": False, "endCursor": None}}}


def error(message: str, code: str = "BAD_USER_INPUT", **more: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code, **more}}


class Held(RateLimiter):
    """A limiter that gives no turn while it is held."""

    held = False

    def wait(self) -> float:
        return PACE if self.held else super().wait()


class Bulk:
    """Bulk calls of several objects under a limit."""

    def __init__(self, twenty: Twenty, limiter: Held | None = None) -> None:
        self.twenty, self.limiter = twenty, limiter or Held()

    def of(self, name: str) -> BulkRequests:
        target = Target.of(getattr(self.twenty, name))
        return BulkRequests(target.endpoint, target.names, Meter(AdaptiveConcurrency(1)))

    async def find(self, name: str) -> str:
        (node,) = await self.of(name).find({"id": {"in": [ID]}})
        return str(node["of"])

    async def delete(self, name: str) -> str:
        (identity,) = await self.of(name).remove([ID], destroy=False)
        return identity

    async def waiting(self, *calls: Any) -> list[asyncio.Future[Any]]:
        """The calls, of which each waits for its turn until the limiter is held no longer."""
        self.limiter.held = True
        begun = [asyncio.ensure_future(call) for call in calls]
        for _ in range(20):
            await asyncio.sleep(0)
        return begun

    async def outcomes(self, *calls: Any) -> list[Any]:
        """What becomes of calls that have to wait."""
        begun = await self.waiting(*calls)
        self.limiter.held = False
        return await outcomes(*begun)


@asynccontextmanager
async def held_back(server: ScriptedServer, say: Any = None, **options: Any) -> AsyncIterator[Bulk]:
    server.say(server_says(fine))
    limiter = options.pop("rate_limit", None) or Held(RateLimit(1, per=PACE))
    options = {"retry": RetryPolicy(base=0.001), **options}
    async with Twenty(server.url, api_key=KEY, rate_limit=limiter, **options) as twenty:
        bulk = Bulk(twenty, limiter)
        await bulk.find("companies")
        server.say(*(say if isinstance(say, list) else [say or server_says(fine)]))
        yield bulk


async def outcomes(*calls: Any) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


def sent(server: ScriptedServer) -> list[list[str]]:
    return [roots_of(request) for request in server.requests]


async def test_what_waits_goes_in_one_request_and_each_has_its_own_answer(server: ScriptedServer) -> None:
    async with held_back(server) as bulk:
        assert await bulk.outcomes(*map(bulk.find, OBJECTS)) == list(OBJECTS)
        (request,) = server.requests
        node = "{edges{node{id}}pageInfo{hasNextPage endCursor}}"
        assert request["query"] == (
            "query SeveralQueries($filter_0:CompanyFilterInput $first_0:Int $after_0:String "
            "$filter_1:PersonFilterInput $first_1:Int $after_1:String $filter_2:NoteFilterInput $first_2:Int "
            "$after_2:String $filter_3:TaskFilterInput $first_3:Int $after_3:String)"
            f"{{companies(filter:$filter_0 first:$first_0 after:$after_0){node} "
            f"people(filter:$filter_1 first:$first_1 after:$after_1){node} "
            f"notes(filter:$filter_2 first:$first_2 after:$after_2){node} "
            f"tasks(filter:$filter_3 first:$first_3 after:$after_3){node}}}"
        )
        assert request["variables"] == {
            name: value
            for at in range(4)
            for name, value in ((f"filter_{at}", {"id": {"in": [ID]}}), (f"first_{at}", 1000))
        }


class Elsewhere(Held):
    """One that has its turns from elsewhere, as those for several processes do: none can be had at once."""

    def try_acquire(self) -> bool:
        return False


async def test_a_limit_for_several_processes_is_shared_alike(server: ScriptedServer) -> None:
    async with held_back(server, rate_limit=Elsewhere(RateLimit(1, per=PACE))) as bulk:
        assert await bulk.outcomes(*map(bulk.find, OBJECTS)) == list(OBJECTS)
        assert sent(server) == [list(OBJECTS)]


async def test_who_is_cancelled_as_its_turn_comes_is_not_sent_and_takes_no_turn(server: ScriptedServer) -> None:
    async with held_back(server) as bulk:
        calls = await bulk.waiting(*map(bulk.delete, OBJECTS[:2]))
        await asyncio.sleep(PACE / 2)
        bulk.limiter.held = False
        # Nothing else gets a turn of the loop meanwhile.
        time.sleep(PACE)  # noqa: ASYNC251
        for call in calls:
            asyncio.get_running_loop().call_soon(call.cancel)
        assert all(isinstance(each, asyncio.CancelledError) for each in await outcomes(*calls))
        assert await asyncio.wait_for(bulk.find("people"), 60) == "people"
        assert sent(server) == [["people"]]


async def test_where_nothing_has_to_wait_each_goes_alone(server: ScriptedServer) -> None:
    server.say(server_says(fine))
    for limit in (None, RateLimiter(RateLimit(1000, per=1)), "auto"):
        server.requests.clear()
        async with Twenty(server.url, api_key=KEY, rate_limit=limit) as twenty:
            assert await outcomes(*map(Bulk(twenty).find, OBJECTS)) == list(OBJECTS)
        assert sorted(sent(server)) == sorted([name] for name in OBJECTS)
        assert {request["operationName"] for request in server.requests} >= {"LookUpCompany", "LookUpPerson"}


async def test_a_root_field_comes_once_in_a_document_and_reads_do_not_go_with_writes(server: ScriptedServer) -> None:
    async with held_back(server) as bulk:
        calls = [bulk.find("people"), bulk.find("people"), bulk.delete("people"), bulk.find("notes")]
        assert await bulk.outcomes(*calls, bulk.delete("notes")) == [
            "people",
            "people",
            "deletePeople",
            "notes",
            "deleteNotes",
        ]
        assert sent(server) == [["people", "notes"], ["people"], ["deletePeople", "deleteNotes"]]


async def test_calls_that_somebody_waits_for_are_not_joined_nor_wait_for_those_that_are(server: ScriptedServer) -> None:
    async with held_back(server) as bulk:
        done: list[str] = []

        async def noted(call: Any) -> None:
            done.append(str(await call))

        page = bulk.twenty.endpoint("graphql").run_document("{page(first:1){id}}")
        await bulk.outcomes(*(noted(bulk.find(name)) for name in OBJECTS), noted(page))
        assert sent(server) == [["page"], list(OBJECTS)]
        assert len(done) == 5


async def test_an_error_is_that_of_its_call_and_the_others_are_done(server: ScriptedServer) -> None:
    def say(root: str) -> Any:
        return error("No such people.", "NOT_FOUND") if root == "deletePeople" else fine(root)

    async with held_back(server, server_says(say)) as bulk:
        company, person, note = await bulk.outcomes(*map(bulk.delete, OBJECTS[:3]))
        assert (company, note) == ("deleteCompanies", "deleteNotes")
        assert isinstance(person, NotFoundError)
        assert (person.operation, person.status, person.outcome_unknown) == ("DeletePerson", 200, False)
        assert len(server.requests) == 1


async def test_where_it_is_not_told_whose_the_errors_are_each_goes_once_more_alone(server: ScriptedServer) -> None:
    def say(root: str) -> Any:
        return fine(root) if root == "deleteNotes" else error(f"{root} is wrong")

    async with held_back(server, server_says(say)) as bulk:
        company, person, note = await bulk.outcomes(*map(bulk.delete, OBJECTS[:3]))
        assert note == "deleteNotes"
        assert isinstance(company, InvalidInput)
        assert isinstance(person, InvalidInput)
        assert (company.message, person.message) == ("deleteCompanies is wrong.", "deletePeople is wrong.")
        assert sent(server) == [
            ["deleteCompanies", "deletePeople", "deleteNotes"],
            ["deleteCompanies"],
            ["deletePeople"],
        ]


async def test_a_write_that_may_have_been_done_is_not_sent_again(server: ScriptedServer) -> None:
    def say(root: str) -> Any:
        slow = error("Query read timeout", "INTERNAL_SERVER_ERROR")
        return {"deleteCompanies": slow, "deletePeople": error("wrong")}.get(root) or fine(root)

    async with held_back(server, server_says(say)) as bulk:
        company, person, note = await bulk.outcomes(*map(bulk.delete, OBJECTS[:3]))
        assert note == "deleteNotes"
        # One of the two, and nobody knows which.
        assert isinstance(company, ApiError)
        assert isinstance(person, ApiError)
        assert company.outcome_unknown
        assert person.outcome_unknown
        assert company is not person
        assert len(server.requests) == 1


async def test_a_read_that_failed_is_read_again(server: ScriptedServer) -> None:
    failures = [error("Query read timeout", "INTERNAL_SERVER_ERROR")]

    def say(root: str) -> Any:
        return failures.pop() if failures and root == "people" else fine(root)

    async with held_back(server, server_says(say)) as bulk:
        assert await bulk.outcomes(*map(bulk.find, OBJECTS[:3])) == list(OBJECTS[:3])
        assert sent(server) == [list(OBJECTS[:3]), ["people"]]


async def test_what_is_refused_as_a_whole_goes_call_by_call(server: ScriptedServer) -> None:
    def say(request: dict[str, Any]) -> Answer:
        if "people" in roots_of(request):
            return answer({"errors": [{"message": 'Unknown type "PersonFilterInput".'}]}, 400)
        return server_says(fine)(request)

    async with held_back(server, say) as bulk:
        company, person, note = await bulk.outcomes(*map(bulk.find, OBJECTS[:3]))
        assert (company, note) == ("companies", "notes")
        assert isinstance(person, TwentyError)
        assert (person.operation, person.status) == ("LookUpPerson", 400)
        assert sent(server)[1:] == [["companies"], ["people"], ["notes"]]


async def test_documents_that_are_too_much_become_smaller(server: ScriptedServer) -> None:
    def say(request: dict[str, Any]) -> Answer:
        if len(roots_of(request)) > 2:
            many = "Query too complex - Too many root resolvers requested: 4 - Maximum allowed root resolvers: 2"
            return answer({"data": {}, "errors": [error(many)]})
        return server_says(fine)(request)

    async with held_back(server, say) as bulk:
        for _ in range(2):
            assert await bulk.outcomes(*map(bulk.find, OBJECTS)) == list(OBJECTS)
        assert [len(roots) for roots in sent(server)] == [4, 1, 1, 1, 1, 2, 2]


async def test_an_answer_to_several_that_is_too_large_is_asked_for_one_by_one(server: ScriptedServer) -> None:
    def say(request: dict[str, Any]) -> Answer:
        padded = server_says(fine)(request)
        padded.body += b" " * (40_000_000 if len(roots_of(request)) > 1 else 0)
        return padded

    async with held_back(server, say) as bulk:
        assert await bulk.outcomes(*map(bulk.find, OBJECTS[:2])) == list(OBJECTS[:2])
        assert sent(server) == [["companies", "people"], ["companies"], ["people"]]


@pytest.mark.parametrize("lost", [Answer(abort=True), Answer(b"busy", 502, "text/plain")], ids=["reset", "502"])
async def test_a_lost_answer_is_lost_to_each_and_the_next_ones_go_alone(server: ScriptedServer, lost: Answer) -> None:
    async with held_back(server, [lost, server_says(fine)]) as bulk:
        met = await bulk.outcomes(*map(bulk.delete, OBJECTS[:3]))
        assert all(isinstance(each, ConnectionFailed | UnexpectedResponse) and each.outcome_unknown for each in met)
        assert [each.operation for each in met] == ["DeleteCompany", "DeletePerson", "DeleteNote"]
        assert len({id(each) for each in met}) == 3
        # The request may have failed over one of them: none is blamed twice for another.
        await bulk.outcomes(*map(bulk.delete, OBJECTS))
        shared, first, *others = [len(roots) for roots in sent(server)]
        assert (shared, first, sum(others)) == (3, 1, 3)
        assert max(others) <= 2


async def test_what_the_limit_refuses_goes_again_together(server: ScriptedServer) -> None:
    refusals = 1

    def say(request: dict[str, Any]) -> Answer:
        nonlocal refusals
        if refusals:
            refusals -= 1
            refused = error("Limit reached (1 tokens per 100 ms)", subCode="LIMIT_REACHED")
            return answer({"data": dict.fromkeys(roots_of(request)), "errors": [refused] * len(roots_of(request))})
        return server_says(fine)(request)

    async with held_back(server, say) as bulk:
        assert await bulk.outcomes(*map(bulk.delete, OBJECTS[:2])) == ["deleteCompanies", "deletePeople"]
        assert sent(server) == [["deleteCompanies", "deletePeople"]] * 2


async def test_a_part_that_the_limit_refuses_goes_again_alone(server: ScriptedServer) -> None:
    refused = [error("Limit reached (1 tokens per 100 ms)", subCode="LIMIT_REACHED")]

    def say(root: str) -> Any:
        return refused.pop() if refused and root == "deletePeople" else fine(root)

    async with held_back(server, server_says(say)) as bulk:
        assert await bulk.outcomes(*map(bulk.delete, OBJECTS[:2])) == ["deleteCompanies", "deletePeople"]
        assert sent(server) == [["deleteCompanies", "deletePeople"], ["deletePeople"]]


@pytest.mark.parametrize("under_way", [False, True], ids=["waiting", "under way"])
@pytest.mark.parametrize("gone", [0, 1], ids=["the first", "one taken along"])
async def test_who_is_cancelled_takes_nothing_from_the_others(
    server: ScriptedServer, under_way: bool, gone: int
) -> None:
    async with held_back(server) as bulk:
        server.answering.clear()
        calls = await bulk.waiting(*map(bulk.delete, OBJECTS[:3]))
        bulk.limiter.held = not under_way
        await server.has_got(int(under_way))
        calls[gone].cancel()
        bulk.limiter.held = False
        server.answering.set()
        met = await outcomes(*calls)
        assert isinstance(met.pop(gone), asyncio.CancelledError)
        assert met == [f"delete{name.title()}" for at, name in enumerate(OBJECTS[:3]) if at != gone]
        # And the limiter counts on.
        assert await asyncio.wait_for(bulk.find("people"), 60) == "people"


async def test_a_request_that_nobody_waits_for_is_given_up(server: ScriptedServer) -> None:
    async with held_back(server) as bulk:
        server.answering.clear()
        calls = await bulk.waiting(*map(bulk.delete, OBJECTS[:3]))
        bulk.limiter.held = False
        await server.has_got(1)
        for call in calls:
            call.cancel()
        assert all(isinstance(each, asyncio.CancelledError) for each in await asyncio.wait_for(outcomes(*calls), 60))
        server.answering.set()
        assert await asyncio.wait_for(bulk.find("people"), 60) == "people"


async def test_calls_that_wait_when_the_client_is_closed_are_told_so(server: ScriptedServer) -> None:
    async with held_back(server) as bulk:
        calls = await bulk.waiting(*map(bulk.find, OBJECTS))
        await bulk.twenty.aclose()
        met = await asyncio.wait_for(outcomes(*calls), 60)
        assert {type(each).__name__ for each in met} == {"ConfigurationError"}


async def test_hooks_see_each_call_and_how_many_share_its_request(server: ScriptedServer) -> None:
    seen: list[RequestEvent | ResponseEvent] = []

    def say(root: str) -> Any:
        return error("wrong") if root == "deletePeople" else fine(root)

    async with held_back(
        server, server_says(say), hooks=Hooks(on_request=seen.append, on_response=seen.append)
    ) as bulk:
        seen.clear()
        await bulk.outcomes(*map(bulk.delete, OBJECTS[:3]))
    began = [event for event in seen if isinstance(event, RequestEvent)]
    ended = [event for event in seen if isinstance(event, ResponseEvent)]
    assert [event.operation for event in began] == ["DeleteCompany", "DeletePerson", "DeleteNote"]
    assert [event.call for event in began] == [event.call for event in ended]
    assert len({event.call for event in began}) == 3
    assert {event.shared for event in seen} == {3}
    assert [type(event.error).__name__ for event in ended] == ["NoneType", "InvalidInput", "NoneType"]


def test_members_are_cut_out_as_they_are_written() -> None:
    text = '{"a" : 1.50, "b":{"x":"}\\"{"} ,"c":[1e400,"\\ud800"],\n"d":null}'
    assert members(text) == {"a": "1.50", "b": '{"x":"}\\"{"}', "c": '[1e400,"\\ud800"]', "d": "null"}
    assert members(" {} ") == {}
    for wrong in ("", "[]", "{", '{"a"}', '{"a":1', '{"a":1 "b":2}', '{"a":1,}', "{1:2}"):
        with pytest.raises(ValueError, match=r"Expecting|no .* at"):
            members(wrong)
