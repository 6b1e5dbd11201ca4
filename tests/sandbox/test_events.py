"""What webhooks and event streams are told of records, and what they are not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from aiotwenty.sandbox.model.workspace import MEMBER_ID, USER_ID
from tests.sandbox.conftest import Talk

CREATE = "mutation ($d: [CompanyCreateInput!]!, $u: Boolean) { createCompanies(data: $d, upsert: $u) { id } }"
SUBSCRIBE = """subscription ($i: String!) { onEventSubscription(eventStreamId: $i) { eventStreamId
    objectRecordEventsWithQueryIds { queryIds objectRecordEvent {
        action recordId userId workspaceMemberId properties { updatedFields before after diff } } } } }"""
ADD = "mutation ($i: AddQuerySubscriptionInput!) { addQueryToEventStream(input: $i) }"
REMOVE = "mutation ($i: RemoveQueryFromEventStreamInput!) { removeQueryFromEventStream(input: $i) }"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (what is waited for is told to nobody else)
            await asyncio.sleep(0.005)


async def created(talk: Talk, *names: str) -> list[str]:
    made = await talk.data(CREATE, d=[{"name": name} for name in names])
    return [each["id"] for each in made]


# Webhooks


class Posted:
    """What a webhook for everything that happens to companies is posted."""

    def __init__(self) -> None:
        self._bodies: list[dict[str, Any]] = []

    async def receive(self, request: web.Request) -> web.Response:
        self._bodies.append(json.loads(await request.read()))
        return web.Response()

    async def bodies(self, count: int) -> list[dict[str, Any]]:
        """What has come since it was last asked: so many, or more that nobody expects."""
        await until(lambda: len(self._bodies) >= count)
        bodies, self._bodies = self._bodies, []
        return bodies

    async def told(self, count: int) -> list[str]:
        """The names of the events."""
        return [body["eventName"].removeprefix("company.") for body in await self.bodies(count)]

    async def is_told_nothing(self, talk: Talk) -> bool:
        """Whether what comes next is the next record that is created."""
        (last,) = await created(talk, "last")
        return [body["record"]["id"] for body in await self.bodies(1)] == [last]


@pytest.fixture
async def posted(talk: Talk) -> AsyncIterator[Posted]:
    posted = Posted()
    app = web.Application()
    app.router.add_post("/", posted.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    create = "mutation ($i: CreateWebhookInput!) { createWebhook(input: $i) { id } }"
    hook = {"targetUrl": f"http://127.0.0.1:{runner.addresses[0][1]}/", "operations": ["company.*"]}
    await talk.answer(create, path="/metadata", i=hook)
    yield posted
    await runner.cleanup()


async def test_each_record_that_is_created_updated_deleted_and_restored_is_posted(talk: Talk, posted: Posted) -> None:
    first, second = await created(talk, "a", "b")
    assert await posted.told(2) == ["created", "created"]

    update = (
        "mutation ($f: CompanyFilterInput!, $d: CompanyUpdateInput!) { updateCompanies(filter: $f, data: $d) { id } }"
    )
    both = {"id": {"in": [first, second]}}
    await talk.data(update, f=both, d={"annualRevenue": {"amountMicros": 5}})
    assert await posted.told(2) == ["updated", "updated"]
    await talk.data("mutation ($f: CompanyFilterInput!) { deleteCompanies(filter: $f) { id } }", f=both)
    assert await posted.told(2) == ["deleted", "deleted"]
    await talk.data("mutation ($f: CompanyFilterInput!) { restoreCompanies(filter: $f) { id } }", f=both)
    assert await posted.told(2) == ["restored", "restored"]
    await talk.data(CREATE, d=[{"id": first, "annualRevenue": {"amountMicros": 6}}, {"name": "c"}], u=True)
    assert sorted(await posted.told(2)) == ["created", "updated"]


async def test_an_update_that_changes_nothing_is_not_posted(talk: Talk, posted: Posted) -> None:
    (company,) = await created(talk, "a")
    await posted.told(1)
    update = "mutation ($i: UUID!, $d: CompanyUpdateInput!) { updateCompany(id: $i, data: $d) { id } }"
    await talk.data(update, i=company, d={"name": "a"})
    assert await posted.is_told_nothing(talk)

    await talk.data(update, i=company, d={"name": "b", "accountOwnerId": None})
    assert [body["updatedFields"] for body in await posted.bodies(1)] == [["name"]]


async def test_what_the_server_does_not_tell_is_not_posted(talk: Talk, posted: Posted) -> None:
    await created(talk, "a", "a", "b")
    await posted.told(3)

    rename = 'mutation { updateCompanies(filter: { name: { eq: "a" } }, data: { name: "c" }) { id } }'
    await talk.data(rename)
    assert await posted.is_told_nothing(talk)
    await talk.data('mutation { deleteCompanies(filter: { name: { eq: "c" } }) { id } }')
    assert await posted.told(2) == ["deleted", "deleted"]
    await talk.data("mutation { restoreCompanies(filter: { deletedAt: { is: NOT_NULL } }) { id } }")
    assert await posted.is_told_nothing(talk)
    await talk.data("mutation { destroyCompanies(filter: {}) { id } }")
    assert await posted.told(1) == ["destroyed"]
    assert await posted.is_told_nothing(talk)


async def test_a_merge_posts_only_what_is_gone(talk: Talk, posted: Posted) -> None:
    ids = await created(talk, "a", "b")
    await posted.told(2)
    await talk.data("mutation ($i: [UUID!]!) { mergeCompanies(ids: $i, conflictPriorityIndex: 0) { id } }", i=ids)

    (body,) = await posted.bodies(1)
    assert (body["eventName"], body["record"]["id"]) == ("company.destroyed", ids[1])
    assert await posted.is_told_nothing(talk)


# Event streams


@dataclass
class Listener:
    talk: Talk
    text: bytearray = field(default_factory=bytearray)

    async def ask(self, document: str, stream: str = "s", **given: Any) -> Any:
        body = {"query": document, "variables": {"i": {"eventStreamId": stream, **given}}}
        headers = {"Authorization": f"Bearer {self.talk.sandbox.user_token}"}
        async with self.talk.session.post(self.talk.sandbox.url + "/metadata", json=body, headers=headers) as response:
            return (await response.json())["data"]

    def _entries(self) -> list[dict[str, Any]]:
        frames = [line[6:] for line in self.text.decode().splitlines() if line.startswith("data: ")]
        found = (json.loads(frame)["data"]["onEventSubscription"] for frame in frames)
        return [entry for each in found for entry in each["objectRecordEventsWithQueryIds"]]

    async def entries(self, count: int) -> list[dict[str, Any]]:
        """All events so far: so many, or more that nobody expects."""
        await until(lambda: self.text.endswith(b"\n\n") and len(self._entries()) >= count)
        return self._entries()


@asynccontextmanager
async def listening(talk: Talk, stream: str = "s") -> AsyncIterator[Listener]:
    listener = Listener(talk)
    body = {"query": SUBSCRIBE, "variables": {"i": stream}}
    headers = {"Authorization": f"Bearer {talk.sandbox.user_token}", "Accept": "text/event-stream"}
    async with talk.session.post(talk.sandbox.url + "/metadata", json=body, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")

        async def read() -> None:
            async for part in response.content.iter_any():
                listener.text.extend(part)

        reading = asyncio.create_task(read())
        await until(lambda: listener.text.endswith(b"}\n\n"))
        assert listener.text.startswith(b":\n\nevent: next\ndata: ")
        yield listener
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def companies(query: str, **variables: Any) -> dict[str, Any]:
    return {"queryId": query, "operationSignature": {"objectNameSingular": "company", "variables": variables}}


async def test_a_session_is_told_of_the_records_that_it_asked_for(talk: Talk) -> None:
    async with listening(talk) as listener:
        assert await listener.ask(ADD, **companies("q1")) == {"addQueryToEventStream": True}
        first, second = await created(talk, "a", "b")
        talk.session.headers["Authorization"] = f"Bearer {talk.sandbox.user_token}"
        await talk.data('mutation ($i: UUID!) { updateCompany(id: $i, data: { name: "c" }) { id } }', i=first)
        *both, updated = await listener.entries(3)

    assert [each["objectRecordEvent"]["action"] for each in both] == ["CREATED", "CREATED"]
    assert [each["objectRecordEvent"]["recordId"] for each in both] == [first, second]
    event = updated["objectRecordEvent"]
    assert (event["userId"], event["workspaceMemberId"]) == (USER_ID, MEMBER_ID)
    assert event["properties"]["diff"] == {"name": {"before": "a", "after": "c"}}
    assert event["properties"]["after"]["name"] == "c"


async def test_a_filter_of_a_query_holds_before_or_after(talk: Talk) -> None:
    async with listening(talk) as listener:
        await listener.ask(ADD, **companies("air", filter={"name": {"ilike": "%air%"}}))
        await created(talk, "Boats")
        (air,) = await created(talk, "Airtable")
        await talk.data('mutation ($i: UUID!) { updateCompany(id: $i, data: { name: "x" }) { id } }', i=air)
        assert await listener.ask(REMOVE, queryId="air") == {"removeQueryFromEventStream": True}
        await created(talk, "Airbus")
        await listener.ask(ADD, **companies("all"))
        (last,) = await created(talk, "Airship")
        found = await listener.entries(3)

    events = [each["objectRecordEvent"] for each in found]
    assert [(event["action"], event["recordId"]) for event in events] == [
        ("CREATED", air),
        ("UPDATED", air),
        ("CREATED", last),
    ]


async def test_an_unknown_stream_takes_no_query_and_an_unknown_object_does_no_harm(talk: Talk) -> None:
    async with listening(talk) as listener:
        assert await listener.ask(ADD, stream="other", **companies("q")) == {"addQueryToEventStream": False}
        nothing: dict[str, Any] = {
            "queryId": "q",
            "operationSignature": {"objectNameSingular": "nope", "variables": {}},
        }
        assert await listener.ask(ADD, **nothing) == {"addQueryToEventStream": True}


async def test_a_second_connection_that_closes_makes_the_first_silent(talk: Talk) -> None:
    async with listening(talk) as first:
        async with listening(talk) as second:
            await second.ask(ADD, **companies("q"))
        await until(lambda: not talk.sandbox._streams._open)
        await created(talk, "a")
        await asyncio.sleep(0.2)
        assert await first.entries(0) == []


async def test_whoever_takes_only_json_gets_no_stream(talk: Talk) -> None:
    body = {"query": SUBSCRIBE, "variables": {"i": "s"}}
    headers = {"Authorization": f"Bearer {talk.sandbox.user_token}", "Accept": "application/json"}
    async with talk.session.post(talk.sandbox.url + "/metadata", json=body, headers=headers) as response:
        assert response.status == 406


async def test_logs_of_functions_open_with_a_key_and_stay_silent(talk: Talk) -> None:
    body = {"query": "subscription { logicFunctionLogs(input: {}) { logs } }"}
    headers = {"Accept": "text/event-stream"}
    async with talk.session.post(talk.sandbox.url + "/metadata", json=body, headers=headers) as response:
        assert (response.status, await response.content.readline()) == (200, b":\n")


async def test_what_a_session_writes_has_its_name(talk: Talk) -> None:
    talk.session.headers["Authorization"] = f"Bearer {talk.sandbox.user_token}"
    made = await talk.data(
        'mutation { createCompany(data: { name: "a" }) { createdBy { source name workspaceMemberId } } }'
    )
    assert made["createdBy"] == {"source": "MANUAL", "name": "Sandy Box", "workspaceMemberId": MEMBER_ID}
