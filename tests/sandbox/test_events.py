"""What webhooks and event streams are told of records, and what they are not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
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


async def created(talk: Talk, *names: str) -> list[str]:
    made = await talk.data(CREATE, d=[{"name": name} for name in names])
    return [each["id"] for each in made]


# Webhooks


@pytest.fixture
async def posted(talk: Talk) -> AsyncIterator[list[dict[str, Any]]]:
    """What a webhook for everything that happens to companies is posted."""
    bodies: list[dict[str, Any]] = []

    async def receive(request: web.Request) -> web.Response:
        bodies.append(json.loads(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    create = "mutation ($i: CreateWebhookInput!) { createWebhook(input: $i) { id } }"
    hook = {"targetUrl": f"http://127.0.0.1:{runner.addresses[0][1]}/", "operations": ["company.*"]}
    await talk.answer(create, path="/metadata", i=hook)
    yield bodies
    await runner.cleanup()


async def told(posted: list[dict[str, Any]]) -> list[str]:
    """The names of the events since it was last asked."""
    await asyncio.sleep(0.2)
    names = [body["eventName"].removeprefix("company.") for body in posted]
    posted.clear()
    return names


async def test_each_record_that_is_created_updated_deleted_and_restored_is_posted(
    talk: Talk, posted: list[dict[str, Any]]
) -> None:
    first, second = await created(talk, "a", "b")
    assert await told(posted) == ["created", "created"]

    update = (
        "mutation ($f: CompanyFilterInput!, $d: CompanyUpdateInput!) { updateCompanies(filter: $f, data: $d) { id } }"
    )
    both = {"id": {"in": [first, second]}}
    await talk.data(update, f=both, d={"annualRevenue": {"amountMicros": 5}})
    assert await told(posted) == ["updated", "updated"]
    await talk.data("mutation ($f: CompanyFilterInput!) { deleteCompanies(filter: $f) { id } }", f=both)
    assert await told(posted) == ["deleted", "deleted"]
    await talk.data("mutation ($f: CompanyFilterInput!) { restoreCompanies(filter: $f) { id } }", f=both)
    assert await told(posted) == ["restored", "restored"]
    await talk.data(CREATE, d=[{"id": first, "annualRevenue": {"amountMicros": 6}}, {"name": "c"}], u=True)
    assert sorted(await told(posted)) == ["created", "updated"]


async def test_an_update_that_changes_nothing_is_not_posted(talk: Talk, posted: list[dict[str, Any]]) -> None:
    (company,) = await created(talk, "a")
    await told(posted)
    update = "mutation ($i: UUID!, $d: CompanyUpdateInput!) { updateCompany(id: $i, data: $d) { id } }"
    await talk.data(update, i=company, d={"name": "a"})
    assert await told(posted) == []

    await talk.data(update, i=company, d={"name": "b", "accountOwnerId": None})
    await asyncio.sleep(0.2)
    assert [body["updatedFields"] for body in posted] == [["name"]]


async def test_what_the_server_does_not_tell_is_not_posted(talk: Talk, posted: list[dict[str, Any]]) -> None:
    await created(talk, "a", "a", "b")
    await told(posted)

    rename = 'mutation { updateCompanies(filter: { name: { eq: "a" } }, data: { name: "c" }) { id } }'
    await talk.data(rename)
    assert await told(posted) == []
    await talk.data('mutation { deleteCompanies(filter: { name: { eq: "c" } }) { id } }')
    await told(posted)
    await talk.data("mutation { restoreCompanies(filter: { deletedAt: { is: NOT_NULL } }) { id } }")
    assert await told(posted) == []
    await talk.data("mutation { destroyCompanies(filter: {}) { id } }")
    assert await told(posted) == ["destroyed"]


async def test_a_merge_posts_only_what_is_gone(talk: Talk, posted: list[dict[str, Any]]) -> None:
    ids = await created(talk, "a", "b")
    await told(posted)
    await talk.data("mutation ($i: [UUID!]!) { mergeCompanies(ids: $i, conflictPriorityIndex: 0) { id } }", i=ids)

    await asyncio.sleep(0.2)
    assert [(body["eventName"], body["record"]["id"]) for body in posted] == [("company.destroyed", ids[1])]


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

    async def entries(self) -> list[dict[str, Any]]:
        """The events since it was last asked."""
        await asyncio.sleep(0.2)
        frames = [line[6:] for line in self.text.decode().splitlines() if line.startswith("data: ")]
        self.text.clear()
        found = (json.loads(frame)["data"]["onEventSubscription"] for frame in frames)
        return [entry for each in found for entry in each["objectRecordEventsWithQueryIds"]]


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
        await asyncio.sleep(0.1)
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
        both = await listener.entries()
        talk.session.headers["Authorization"] = f"Bearer {talk.sandbox.user_token}"
        await talk.data('mutation ($i: UUID!) { updateCompany(id: $i, data: { name: "c" }) { id } }', i=first)
        (updated,) = await listener.entries()

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
        assert await listener.entries() == []
        (air,) = await created(talk, "Airtable")
        await talk.data('mutation ($i: UUID!) { updateCompany(id: $i, data: { name: "x" }) { id } }', i=air)
        found = await listener.entries()
        assert await listener.ask(REMOVE, queryId="air") == {"removeQueryFromEventStream": True}
        await created(talk, "Airbus")
        assert await listener.entries() == []

    assert [each["objectRecordEvent"]["action"] for each in found] == ["CREATED", "UPDATED"]


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
        await asyncio.sleep(0.1)
        await created(talk, "a")
        assert await first.entries() == []


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
