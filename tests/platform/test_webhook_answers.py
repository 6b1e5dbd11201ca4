"""What a receiver answers under aiohttp's server and, as an ASGI application, under uvicorn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from aiotwenty import Twenty
from aiotwenty.core import Company
from aiotwenty.sandbox import Sandbox
from aiotwenty.webhooks import MemoryStore, WebhookEvent, WebhookReceiver, answering
from tests.support.deliveries import SECRET, delivery, signed
from tests.support.serving import served_by_aiohttp, served_by_uvicorn


def under_aiohttp(receiver: WebhookReceiver) -> AbstractAsyncContextManager[str]:
    app = web.Application()
    app.router.add_route("*", "/hook", receiver.aiohttp)
    return served_by_aiohttp(app)


Serve = Callable[[WebhookReceiver], AbstractAsyncContextManager[str]]
SERVERS: dict[str, Serve] = {"aiohttp": under_aiohttp, "uvicorn": served_by_uvicorn}


@pytest.fixture(params=SERVERS)
def serve(request: pytest.FixtureRequest) -> Serve:
    return SERVERS[request.param]


@pytest_asyncio.fixture(loop_scope="module")
async def hook(serve: Serve) -> AsyncIterator[Hook]:
    receiver = WebhookReceiver(SECRET, max_bytes=20_000)
    async with serve(receiver) as url, aiohttp.ClientSession() as session:
        yield Hook(receiver, f"{url}/hook", session)


class Hook:
    """A receiver that is served, and somebody who sends to it."""

    def __init__(self, receiver: WebhookReceiver, url: str, session: aiohttp.ClientSession) -> None:
        self.receiver, self.url, self._session = receiver, url, session

    async def post(self, body: Any, headers: dict[str, str] | None = None, method: str = "POST") -> int:
        async with self._session.request(method, self.url, data=body, headers=headers or {}) as response:
            await response.read()
            return response.status

    async def raw(self, *parts: bytes) -> bytes:
        """The first line of what is answered to these bytes; nothing if the connection was closed."""
        address = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)
        line = await asyncio.wait_for(reader.readline(), 60)
        writer.close()
        return line


async def test_a_delivery_is_worked_on_and_answered_once(hook: Hook) -> None:
    told: list[WebhookEvent] = []
    hook.receiver.on("*.*")(told.append)
    body = delivery()
    headers = signed(body)
    assert [await hook.post(body, headers) for _ in range(2)] == [204, 409]
    assert [event.nonce for event in told] == [headers["X-Twenty-Webhook-Nonce"]]


async def test_what_is_no_delivery_gets_a_status_that_says_why(hook: Hook) -> None:
    body = delivery()
    assert await hook.post(None, method="GET") == 405
    assert await hook.post(body) == 401
    assert await hook.post(body, signed(body, secret="another")) == 401
    assert await hook.post(body, signed(body, age=600)) == 401
    assert await hook.post(b"[]", signed(b"[]")) == 400
    assert await hook.post(body, {**signed(body), "X-Twenty-Webhook-Signature": "\xff\xfe"}) == 401


async def test_a_function_that_fails_is_answered_with_500(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    @hook.receiver.on("*.*")
    async def fails(event: WebhookEvent) -> None:
        raise LookupError("in the function")

    body = delivery()
    assert await hook.post(body, signed(body)) == 500
    assert "in the function" in caplog.text


async def test_a_body_that_is_too_large_is_not_read_whether_it_says_so_or_not(hook: Hook) -> None:
    large = delivery(targetUrl="x" * 30_000)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 1000):
            yield large[start : start + 1000]

    assert await hook.post(large, signed(large)) == 413
    assert await hook.post(chunks(), signed(large)) == 413
    small = delivery()
    assert await hook.post(small, signed(small)) == 204


async def test_a_body_that_does_not_come_is_not_waited_for(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "READ_SECONDS", 0.1)
    assert b" 408 " in await hook.raw(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")


@pytest.mark.parametrize(
    "parts",
    [
        [b"POST /hook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\nnonsense\r\n"],
        [b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n{}"],
        [b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"],
        [b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nX-Twenty-Webhook-Signature: \xff\x01\r\n\r\n{}"],
        [b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"],
    ],
    ids=["chunks", "length", "gzip", "header", "empty"],
)
async def test_what_is_hardly_http_is_the_senders_mistake(
    hook: Hook, parts: list[bytes], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "READ_SECONDS", 0.3)  # aiohttp waits on after chunks that are none
    line = await hook.raw(*parts)
    assert line == b"" or line.split()[1] in (b"400", b"401", b"408"), line
    # What aiohttp logs of requests that it cannot read is its own.
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR and "aiotwenty" in record.name]
    body = delivery()
    assert await hook.post(body, signed(body)) == 204


async def test_who_goes_away_in_the_middle_leaves_no_trace(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    address = urlsplit(hook.url)
    for _ in range(20):
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.transport.abort()
    await asyncio.sleep(0.1)
    body = delivery()
    assert await hook.post(body, signed(body)) == 204
    assert caplog.records == []


async def test_who_does_not_wait_for_the_answer_is_worked_for_all_the_same(hook: Hook) -> None:
    told: list[str] = []
    begun, done = asyncio.Event(), asyncio.Event()

    @hook.receiver.on("*.*")
    async def slowly(event: WebhookEvent) -> None:
        begun.set()
        await asyncio.sleep(0.1)
        told.append(event.event_name)
        done.set()

    body = delivery()
    impatient = asyncio.create_task(hook.post(body, signed(body)))
    await begun.wait()
    impatient.cancel()
    async with asyncio.timeout(60):
        await done.wait()
    assert told == ["company.created"]


async def test_what_the_workspace_sends_arrives_typed(serve: Serve, server: Sandbox) -> None:
    companies: asyncio.Queue[tuple[str, Company]] = asyncio.Queue()
    receiver = WebhookReceiver([SECRET, "the one that comes"])

    @receiver.on("company.*", record=Company)
    def told(event: WebhookEvent, company: Company) -> None:
        companies.put_nowait((event.action, company))

    async with serve(receiver) as url, Twenty(server.url, api_key=server.api_key) as twenty:
        await twenty.workspace.webhooks.create(f"{url}/hook", ["company.*"], secret="the one that comes")
        made = await twenty.companies.create_one({"name": "Air"})
        await twenty.companies.delete_one(made.id)
        await twenty.companies.restore_one(made.id)
        await twenty.companies.destroy_one(made.id)
        async with asyncio.timeout(60):
            seen = [await companies.get() for _ in range(4)]
    assert sorted(action for action, _ in seen) == ["created", "deleted", "destroyed", "restored"]
    assert {company.id for _, company in seen} == {made.id}


async def test_an_application_of_its_own_closes_its_store_at_the_end() -> None:
    closed: list[bool] = []

    class Store(MemoryStore):
        async def aclose(self) -> None:
            closed.append(True)

    async with served_by_uvicorn(WebhookReceiver(SECRET, store=Store())):
        assert closed == []
    assert closed == [True]


async def test_a_websocket_is_closed() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await WebhookReceiver(SECRET)({"type": "websocket"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1000}]
