"""What the outside sees of requests."""

from __future__ import annotations

import asyncio
import dataclasses
import logging

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from aiotwenty import Hooks, RequestEvent, ResponseEvent, RetryEvent, RetryPolicy, Twenty, TwentyError
from aiotwenty.transport.otel import tracing
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer

COUNT = answer({"data": {"companies": {"totalCount": 3}}})
BUSY = Answer(b"busy", 503, "text/plain")
QUICK = RetryPolicy(base=0.001)


async def test_each_attempt_is_seen_with_what_it_met(server: ScriptedServer) -> None:
    server.say(BUSY, COUNT)
    seen: list[RequestEvent | ResponseEvent | RetryEvent] = []
    hooks = Hooks(on_request=seen.append, on_response=seen.append, on_retry=seen.append)
    async with Twenty(server.url, api_key=KEY, hooks=hooks, retry=QUICK) as twenty:
        await twenty.companies.count()
    request, refused, retry, again, done = seen
    assert isinstance(request, RequestEvent)
    assert (request.operation, request.kind, request.attempt) == ("FindManyCompanies", "query", 1)
    assert request.bytes > 50
    assert isinstance(refused, ResponseEvent)
    assert (refused.status, refused.bytes, type(refused.error).__name__) == (503, 4, "UnexpectedResponse")
    assert isinstance(retry, RetryEvent)
    assert (retry.attempt, retry.error) == (1, refused.error)
    assert isinstance(again, RequestEvent)
    assert again.attempt == 2
    assert isinstance(done, ResponseEvent)
    assert (done.status, done.error, done.bytes) == (200, None, len(COUNT.body))
    assert done.seconds > 0
    assert len({event.call for event in seen}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.attempt = 7  # type: ignore[misc]


async def test_a_hook_that_fails_is_logged_and_harms_nothing(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: object) -> None:
        raise LookupError("in the hook")

    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY, hooks=[Hooks(on_request=fail), Hooks()]) as twenty:
        assert await twenty.companies.count() == 3
    assert "a hook failed on RequestEvent" in caplog.text


async def test_debug_logs_name_operations_and_no_bodies(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY) as twenty:
        await twenty.companies.count({"name": {"eq": "personal data"}})
    lines = [record.getMessage() for record in caplog.records if record.name == "aiotwenty"]
    assert lines[0].startswith("FindManyCompanies: attempt 1, ")
    assert "HTTP 200, ok" in lines[1]
    assert "personal" not in caplog.text
    assert "totalCount" not in caplog.text


async def test_addresses_are_shown_without_what_is_secret_in_them(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[RequestEvent] = []
    once = RetryPolicy(attempts=1)
    async with Twenty(server.url, api_key=KEY, hooks=Hooks(on_request=seen.append), retry=once) as twenty:
        server.say(answer({"data": {"people": []}}))
        await twenty.rest.get("people", filter='name[eq]:"personal data"')
        server.say(Answer(abort=True))
        with pytest.raises(TwentyError, match="download: the connection") as caught:
            await twenty.files.download(f"{server.url}/files/attachment/secret-token/a.pdf?token=secret-token")
    assert [event.url for event in seen] == [f"{server.url}/rest/people", server.url]
    assert server.seen[0].path == "/files/attachment/secret-token/a.pdf"
    lines = [record.getMessage() for record in caplog.records if record.name == "aiotwenty"]
    assert not [line for line in (*lines, str(caught.value)) if "secret" in line or "personal" in line]


async def test_a_cancelled_request_is_not_logged_as_one_that_went_well(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.say(COUNT)
    server.seconds = 30
    async with Twenty(server.url, api_key=KEY) as twenty:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(twenty.companies.count(), 0.1)
    assert "attempt 1, HTTP None, cancelled" in caplog.text


async def test_spans_follow_the_conventions(server: ScriptedServer) -> None:
    server.say(BUSY, COUNT)
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with Twenty(server.url, api_key=KEY, hooks=tracing(provider), retry=QUICK) as twenty:
        await twenty.companies.count({"name": {"eq": "personal data"}})
        await twenty.rest.get("people", limit=1)
    failed, done, rest = exporter.get_finished_spans()
    assert failed.name == "query FindManyCompanies"
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.attributes is not None
    assert failed.attributes["http.response.status_code"] == 503
    assert done.attributes is not None
    assert done.attributes["graphql.operation.type"] == "query"
    assert done.attributes["graphql.operation.name"] == "FindManyCompanies"
    assert "companies" in str(done.attributes["graphql.document"])
    assert done.attributes["http.request.resend_count"] == 1
    assert rest.name == "GET /rest/people"
    assert not [span for span in (failed, done, rest) if "personal" in span.to_json() or KEY in span.to_json()]
    provider.shutdown()


async def test_asynchronous_hooks_are_waited_for(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    server.say(Answer(abort=True), answer({"data": {"companies": {"totalCount": 3}}}))
    seen: list[str] = []

    async def request(event: RequestEvent) -> None:
        await asyncio.sleep(0.01)
        seen.append(f"request {event.attempt} after {len(server.requests)}")

    async def response(event: ResponseEvent) -> None:
        await asyncio.sleep(0.01)
        seen.append(f"response {event.attempt}")
        raise ValueError("the collector is down")

    async def retry(event: RetryEvent) -> None:
        await asyncio.sleep(0.01)
        seen.append("retry")

    hooks = Hooks(on_request=request, on_response=response, on_retry=retry)
    async with Twenty(server.url, api_key=KEY, hooks=hooks, retry=RetryPolicy(base=0.001)) as twenty:
        assert await twenty.companies.count() == 3
    assert seen == ["request 1 after 0", "response 1", "retry", "request 2 after 1", "response 2"]
    assert caplog.text.count("a hook failed on ResponseEvent") == 2
