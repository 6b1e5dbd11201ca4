"""Spans and measurements of requests, with OpenTelemetry's own SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aiotwenty import RateLimit, RateLimited, RetryPolicy, Twenty
from aiotwenty.transport.otel import metering, tracing
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer, fails

COUNT = answer({"data": {"companies": {"totalCount": 3}}})
BUSY = Answer(b"busy", 503, "text/plain")
REFUSED = fails("Limit reached (1 tokens per 20 ms)", "LIMIT_REACHED", "LIMIT_REACHED")
QUICK = RetryPolicy(base=0.001)


class Meter:
    """What was measured, by the names of instruments."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader])

    def points(self, name: str) -> list[Any]:
        data = self._reader.get_metrics_data()
        assert data is not None
        found = [
            metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
        ]
        return [*found[0].data.data_points] if found else []


@pytest.fixture
def meter() -> Iterator[Meter]:
    made = Meter()
    yield made
    made.provider.shutdown()


async def test_attempts_are_timed_by_operation_and_outcome(server: ScriptedServer, meter: Meter) -> None:
    server.say(BUSY, COUNT)
    async with Twenty(server.url, api_key=KEY, hooks=metering(meter.provider), retry=QUICK) as twenty:
        await twenty.companies.count()
        await twenty.companies.count()
    failed, done = sorted(meter.points("http.client.request.duration"), key=lambda point: point.count)
    assert isinstance(done, HistogramDataPoint)
    assert (failed.count, done.count) == (1, 2)
    assert done.sum > 0
    assert done.explicit_bounds[:2] == (0.005, 0.01)
    port = int(server.url.rpartition(":")[2])
    assert dict(done.attributes or {}) == {
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "server.port": port,
        "http.request.method": "POST",
        "graphql.operation.type": "query",
        "graphql.operation.name": "FindManyCompanies",
        "http.response.status_code": 200,
    }
    assert dict(failed.attributes)["http.response.status_code"] == 503
    assert dict(failed.attributes)["error.type"] == "UnexpectedResponse"


async def test_retries_and_refusals_are_counted(server: ScriptedServer, meter: Meter) -> None:
    server.say(BUSY, REFUSED, COUNT)
    async with Twenty(server.url, api_key=KEY, hooks=metering(meter.provider), retry=QUICK) as twenty:
        await twenty.companies.count()
    retries = {point.attributes["error.type"]: point.value for point in meter.points("aiotwenty.client.retries")}
    assert retries == {"UnexpectedResponse": 1, "RateLimited": 1}
    (refusals,) = meter.points("aiotwenty.client.refusals")
    assert refusals.value == 1


async def test_waiting_for_the_limiter_is_measured_and_is_no_part_of_the_attempt(
    server: ScriptedServer, meter: Meter
) -> None:
    server.say(COUNT)
    limit = RateLimit(1, per=1)
    async with Twenty(server.url, api_key=KEY, hooks=metering(meter.provider), rate_limit=limit) as twenty:
        await asyncio.gather(twenty.companies.count(), twenty.companies.count())
    (waits,) = meter.points("aiotwenty.client.wait.duration")
    assert waits.count == 2
    assert waits.min < 0.5 < waits.max
    (attempts,) = meter.points("http.client.request.duration")
    assert attempts.max < waits.max


async def test_what_is_under_way_is_counted_and_nothing_afterwards(server: ScriptedServer, meter: Meter) -> None:
    server.say(COUNT)
    server.answering.clear()
    async with Twenty(server.url, api_key=KEY, hooks=metering(meter.provider)) as twenty:
        calls = [asyncio.create_task(twenty.companies.count()) for _ in range(3)]
        await server.has_got(3)
        (point,) = meter.points("http.client.active_requests")
        assert isinstance(point, NumberDataPoint)
        assert point.value == 3
        calls[0].cancel()
        server.answering.set()
        await asyncio.gather(*calls, return_exceptions=True)
    (point,) = meter.points("http.client.active_requests")
    assert point.value == 0
    cancelled = [one for one in meter.points("http.client.request.duration") if "error.type" in one.attributes]
    assert [one.attributes["error.type"] for one in cancelled] == ["cancelled"]


async def test_measurements_of_rest_have_no_ids(server: ScriptedServer, meter: Meter) -> None:
    server.say(answer({"data": {"deletePerson": {"id": "c41ce307-facf-4e13-aaf4-6ef288534c09"}}}))
    async with Twenty(server.url, api_key=KEY, hooks=metering(meter.provider)) as twenty:
        await twenty.rest.delete("people/c41ce307-facf-4e13-aaf4-6ef288534c09")
    (point,) = meter.points("http.client.request.duration")
    assert point.attributes["http.request.method"] == "DELETE"
    assert "c41ce307" not in str(point.attributes)


async def test_a_span_says_which_server_and_how_long_its_turn_took(server: ScriptedServer) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    server.say(COUNT)
    limit = RateLimit(1, per=0.2)
    async with Twenty(server.url, api_key=KEY, hooks=tracing(provider), rate_limit=limit) as twenty:
        await asyncio.gather(twenty.companies.count(), twenty.companies.count())
    spans = [dict(span.attributes or {}) for span in exporter.get_finished_spans()]
    assert {(span["server.address"], span["server.port"]) for span in spans} == {
        ("127.0.0.1", int(server.url.rpartition(":")[2]))
    }
    assert sorted(float(str(span["aiotwenty.client.wait.duration"])) > 0.15 for span in spans) == [False, True]
    provider.shutdown()


async def test_both_can_be_had_at_once(server: ScriptedServer, meter: Meter) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    server.say(REFUSED)
    hooks = [tracing(provider), metering(meter.provider)]
    once = RetryPolicy(attempts=1)
    async with Twenty(server.url, api_key=KEY, hooks=hooks, retry=once) as twenty:
        with pytest.raises(RateLimited):
            await twenty.companies.count()
    assert len(exporter.get_finished_spans()) == len(meter.points("http.client.request.duration")) == 1
    provider.shutdown()
