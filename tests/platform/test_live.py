"""Subscriptions: what is told, to whom, and what becomes of a lost connection."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from aiotwenty import RetryPolicy, Twenty
from aiotwenty.core import Company, CompanyFilterInput, StringFilter
from aiotwenty.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    InvalidArgument,
    PermissionDenied,
    Reason,
    UnexpectedResponse,
)
from aiotwenty.live import Gap, RecordEvent
from aiotwenty.live.sse import HEARTBEAT, Frame, FrameReader
from aiotwenty.sandbox import Sandbox
from tests.support.ports import free_port
from tests.unit.test_key_leaks import everything_about

LOGS = "subscription Logs { logicFunctionLogs(input: {}) { logs } }"
SOON = 60.0


@asynccontextmanager
async def signed_in(server: Sandbox, **options: Any) -> AsyncIterator[Twenty]:
    """A client with a key, and with the session of a user."""
    token = server.user_token
    async with Twenty(server.url, api_key=server.api_key, session_token=token, **options) as client:
        yield client


async def listening(listen: Callable[..., Any]) -> tuple[Any, asyncio.Task[Any]]:
    """What is told, and its next item, waited for by somebody who listens already."""
    opened = asyncio.Event()
    told = listen(on_open=opened.set)
    first = asyncio.ensure_future(anext(told))
    await asyncio.wait((first, asyncio.ensure_future(opened.wait())), return_when=asyncio.FIRST_COMPLETED, timeout=30)
    return told, first


async def within(awaited: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(awaited, SOON)


# Records


async def test_what_happens_to_records_is_told_to_a_session(server: Sandbox) -> None:
    async with signed_in(server) as twenty:
        events, first = await listening(partial(twenty.live.record_events, "company"))
        company = await twenty.companies.create_one({"name": "one"})
        told = [await within(first)]
        await twenty.companies.update_one(company.id, {"name": "two"})
        await twenty.companies.delete_one(company.id)
        await twenty.companies.restore_one(company.id)
        await twenty.companies.destroy_one(company.id)
        told += [await within(anext(events)) for _ in range(4)]
        await events.aclose()
    assert [event.action for event in told] == ["CREATED", "UPDATED", "DELETED", "RESTORED", "DESTROYED"]
    assert {event.record_id for event in told} == {company.id}
    assert told[1].updated_fields == ["name"]
    assert told[1].diff == {"name": {"before": "one", "after": "two"}}
    assert [event.record_as(Company).name for event in told] == ["one", "two", "two", "two", "two"]
    assert told[0].user_id is None


async def test_several_objects_are_listened_to_by_either_name_and_filtered(server: Sandbox) -> None:
    only = CompanyFilterInput(name=StringFilter(like="wanted%"))
    async with signed_in(server) as twenty:
        events, first = await listening(partial(twenty.live.record_events, "companies", "person"))
        await twenty.people.create_one({})
        assert (await within(first)).object_name_singular == "person"
        await events.aclose()
        events, first = await listening(partial(twenty.live.record_events, Company, filter=only))
        await twenty.companies.create_many([{"name": "other"}, {"name": "wanted"}])
        assert (await within(first)).record_as(Company).name == "wanted"
        await events.aclose()


async def test_a_key_is_refused_and_told_what_does_it_instead(twenty: Twenty, server: Sandbox) -> None:
    async with aclosing(twenty.live.record_events("company")) as events:
        with pytest.raises(PermissionDenied, match=r"session_token.*webhook.*changes\(since=state\)") as refused:
            await within(anext(events))
    assert refused.value.reason is Reason.NEEDS_USER
    assert server.api_key not in repr(refused.value)


async def test_a_session_without_a_key_is_enough(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWENTY_API_KEY", raising=False)
    async with Twenty(server.url, session_token=server.user_token) as twenty:
        events, first = await listening(partial(twenty.live.record_events, "company"))
        company = await twenty.companies.create_one({"name": "mine"})
        event = await within(first)
        assert event.record_id == company.id
        assert event.user_id is not None
        await events.aclose()


async def test_what_nobody_can_listen_to_is_refused(server: Sandbox) -> None:
    async with signed_in(server) as twenty:
        wrong: list[Any] = [(("compny",), "did you mean 'company'"), ((), "needs objects"), ((5,), "name or a record")]
        for names, why in wrong:
            with pytest.raises(InvalidArgument, match=why):
                await within(anext(twenty.live.record_events(*names)))
        with pytest.raises(InvalidArgument, match="begins with `subscription`"):
            twenty.live.subscribe("{ objects { edges { node { id } } } }")
        with pytest.raises(InvalidArgument, match="not valid GraphQL"):
            twenty.live.subscribe("subscription {")


async def test_a_wrong_session_is_refused_and_shown_nowhere(server: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = "x" + server.user_token[1:]
    async with Twenty(server.url, api_key=server.api_key, session_token=token) as twenty:
        with pytest.raises(AuthenticationError) as refused:
            await within(anext(twenty.live.record_events("company")))
        shown = [*everything_about(refused.value), repr(twenty), repr(vars(twenty)), repr(vars(twenty.live))]
    shown += [f"{record.getMessage()} {record.args}" for record in caplog.records]
    assert not [text for text in shown if token in text or server.api_key in text]


async def test_a_function_gives_a_session_that_is_good(server: Sandbox) -> None:
    asked: list[str] = []

    async def token() -> str:
        asked.append("x" + server.user_token[1:] if not asked else server.user_token)
        return asked[-1]

    async with Twenty(server.url, api_key=server.api_key, session_token=token) as twenty:
        events, first = await listening(partial(twenty.live.record_events, "company"))
        await twenty.companies.create_one({"name": "a"})
        assert (await within(first)).action == "CREATED"
        await events.aclose()
    assert len(asked) == 2


# What a key may listen to


async def test_a_key_may_listen_to_logs_and_the_client_closes_at_once(server: Sandbox) -> None:
    async with Twenty(server.url, api_key=server.api_key, max_connections=1) as twenty:
        waiting = [asyncio.ensure_future(anext(twenty.live.logic_function_logs()))]
        waiting.append((await listening(partial(twenty.live.subscribe, LOGS)))[1])
        # Streams take no connection from calls.
        assert await within(twenty.companies.count()) >= 0
        assert not any(task.done() for task in waiting)
    for task in waiting:
        with pytest.raises(ConfigurationError, match="closed"):
            await within(task)


async def test_what_a_server_says_instead_of_events_is_raised(twenty: Twenty) -> None:
    document = "subscription { eventLogsLive(table: OBJECT_EVENT) { event } }"
    async with aclosing(twenty.live.subscribe(document)) as told:
        with pytest.raises(ApiError, match="ClickHouse is not configured"):
            await within(anext(told))
    async with aclosing(twenty.live.subscribe("subscription { nope }")) as told:
        with pytest.raises(ApiError, match="Cannot query field"):
            await within(anext(told))


# Lost connections

Script = Callable[[web.StreamResponse, int], Awaitable[None]]


def event(**data: Any) -> bytes:
    return b"event: next\ndata: " + json.dumps({"data": data}).encode() + b"\n\n"


@asynccontextmanager
async def scripted(
    script: Script, *, added: asyncio.Event | None = None, heard: asyncio.Event | None = None
) -> AsyncIterator[tuple[Twenty, list[dict[str, Any]]]]:
    """A client of a server that does with each stream what the script says; and what it was sent.

    `added` is set when a query has been added to a stream. The first stream breaks off when `heard` is set.
    """
    sent: list[dict[str, Any]] = []
    streams = 0

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal streams
        body = await request.json()
        sent.append(body)
        if "text/event-stream" not in request.headers["Accept"]:
            if added is not None and "input" in body.get("variables", {}):
                added.set()
            names = {"edges": [{"node": {"nameSingular": "company", "namePlural": "companies"}}]}
            return web.json_response({"data": {"objects": names, "addQueryToEventStream": True}})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b":\n\n")
        streams += 1
        await script(response, streams)
        if request.transport is not None and heard is not None and streams == 1:
            await heard.wait()
            request.transport.abort()
        return response

    app = web.Application()
    app.add_routes([web.post("/metadata", handle)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with Twenty(url, api_key="key", session_token="session", retry=RetryPolicy(base=0.01)) as twenty:
            yield twenty, sent
    finally:
        await runner.cleanup()


async def test_a_lost_connection_is_made_anew_and_the_gap_is_told() -> None:
    async def script(response: web.StreamResponse, number: int) -> None:
        await response.write(event(logicFunctionLogs={"logs": f"of {number}"}))
        if number == 2:
            await response.write(b"event: complete\n\n")

    heard, told = asyncio.Event(), list[Any]()
    async with scripted(script, heard=heard) as (twenty, _):
        async for each in twenty.live.logic_function_logs():
            told.append(each)
            heard.set()
    assert [each for each in told if not isinstance(each, Gap)] == ["of 1", "of 2"]
    gap = told[1]
    assert isinstance(gap, Gap)
    assert gap.since < gap.until
    assert "broke" in gap.reason or "truncated" in gap.reason


def record(number: int) -> dict[str, Any]:
    told = {
        "action": "CREATED",
        "objectNameSingular": "company",
        "recordId": f"7c0f5c3e-2f0b-4a52-9a61-6c5a3f1d000{number}",
    }
    return {"queryIds": ["company"], "objectRecordEvent": {**told, "properties": {"after": {"id": told["recordId"]}}}}


async def test_a_server_that_is_started_again_is_listened_to_again(tmp_path: Path) -> None:
    """Not once does what happened before pass for new, nor what happened meanwhile for nothing."""
    database = tmp_path / "sandbox.db"
    port = free_port()
    async with Sandbox(database, port=port) as first:
        token, key = first.user_token, first.api_key
        twenty = Twenty(first.url, api_key=key, session_token=token, retry=RetryPolicy(base=0.05))
        events, told = await listening(partial(twenty.live.record_events, "company"))
        await twenty.companies.create_one({"name": "before"})
        assert (await within(told)).record_as(Company).name == "before"
    following = asyncio.ensure_future(anext(events))
    async with twenty, Sandbox(database, port=port):
        gap = await within(following)
        assert isinstance(gap, Gap)
        await twenty.companies.create_one({"name": "after"})
        assert (await within(anext(events))).record_as(Company).name == "after"
        await events.aclose()


async def test_listeners_to_records_say_again_what_they_want() -> None:
    async def script(response: web.StreamResponse, number: int) -> None:
        await response.write(event(onEventSubscription={"objectRecordEventsWithQueryIds": []}))
        await added.wait()
        added.clear()
        await response.write(event(onEventSubscription={"objectRecordEventsWithQueryIds": [record(number)]}))
        if number == 2:
            await asyncio.Event().wait()

    added, heard = asyncio.Event(), asyncio.Event()
    async with (
        scripted(script, added=added, heard=heard) as (twenty, sent),
        aclosing(twenty.live.record_events("companies")) as events,
    ):
        told = [await within(anext(events))]
        heard.set()
        told += [await within(anext(events)) for _ in range(2)]
    assert [type(each) for each in told] == [RecordEvent, Gap, RecordEvent]
    inputs = [body["variables"]["input"] for body in sent if "input" in body.get("variables", {})]
    assert [query["operationSignature"]["objectNameSingular"] for query in inputs] == ["company", "company"]
    # Two connections of one id would silence each other.
    assert len({query["eventStreamId"] for query in inputs}) == 2


async def test_a_server_that_is_no_longer_heard_of_is_gone() -> None:
    async def script(response: web.StreamResponse, number: int) -> None:
        await response.write(event(logicFunctionLogs={"logs": str(number)}))
        await asyncio.Event().wait()

    async with scripted(script) as (twenty, _), aclosing(twenty.live.subscribe(LOGS, heartbeat=1.5)) as told:
        kinds = [type(await within(anext(told))) for _ in range(3)]
    assert kinds == [dict, Gap, dict]


async def test_comments_are_signs_of_life() -> None:
    async def script(response: web.StreamResponse, number: int) -> None:
        for _ in range(20):
            await asyncio.sleep(0.1)
            await response.write(b":\n\n")
        await response.write(event(logicFunctionLogs={"logs": str(number)}) + b"event: complete\n\n")

    async with scripted(script) as (twenty, _):
        told = [each async for each in twenty.live.subscribe(LOGS, heartbeat=1.5)]
    assert told == [{"logicFunctionLogs": {"logs": "1"}}]


async def test_a_server_that_stays_away_is_given_up() -> None:
    async with Twenty("http://127.0.0.1:9", api_key="key", retry=RetryPolicy(attempts=2, base=0.01)) as twenty:
        with pytest.raises(ConnectionFailed):
            await within(anext(twenty.live.subscribe(LOGS)))


async def test_an_event_without_end_is_not_kept() -> None:
    async def script(response: web.StreamResponse, _: int) -> None:
        await response.write(b"data: " + b"x" * 5000)
        await asyncio.Event().wait()

    async with scripted(script) as (twenty, _):
        small = twenty.with_options(max_answer_bytes=1000)
        with pytest.raises(UnexpectedResponse, match="1,000 bytes"):
            await within(anext(small.live.subscribe(LOGS)))


# The format

STREAM = (
    ':\n\nevent: next\r\ndata: {"a":\r\ndata:1}\r\n\r\nevent: complete\n\n: again\nid: 5\ndata: \u00fc\n\n'.encode()
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_frames_are_the_same_wherever_a_stream_is_cut(cuts: list[int]) -> None:
    places = sorted({0, *cuts, len(STREAM)})
    reader = FrameReader(1000)
    pieces = [STREAM[start:end] for start, end in pairwise(places)]
    frames = [frame for piece in pieces for frame in reader.feed(piece)]
    assert frames == [HEARTBEAT, Frame("next", '{"a":\n1}'), Frame("complete", ""), HEARTBEAT, Frame("message", "ü")]
