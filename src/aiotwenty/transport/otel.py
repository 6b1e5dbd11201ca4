"""OpenTelemetry for requests, by its conventions for GraphQL and HTTP clients. Needs the extra `otel`.

    Twenty(hooks=[tracing(), metering()])

Spans and measurements hold names, sizes, times and outcomes, never variables, bodies or the key.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from opentelemetry import metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from aiotwenty.errors import RateLimited
from aiotwenty.transport.hooks import Hooks, RequestEvent, ResponseEvent, RetryEvent

_OPERATION_KINDS = ("query", "mutation", "subscription")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The buckets for durations, from the conventions."""
_LONG_SECONDS = (*_SECONDS, 30, 60)

Attributes = dict[str, str | int]


def tracing(tracer_provider: TracerProvider | None = None) -> Hooks:
    """Hooks that make one span for each attempt of a request: `Twenty(hooks=tracing())`.

    Spans hold the operation's kind, name and text, and how long it waited for its turn before they begin
    (`aiotwenty.client.wait.duration`, in seconds). Bulk calls that share a request have a span each, which says how
    many they are (`aiotwenty.client.request.calls`).
    """
    tracer = trace.get_tracer("aiotwenty", tracer_provider=tracer_provider)
    open_spans: dict[tuple[int, int], Span] = {}

    def begin(event: RequestEvent) -> None:
        attributes = _server(event.url) | _operation(event)
        attributes |= {
            "url.full": event.url,
            "http.request.method": _method(event),
            "http.request.body.size": event.bytes,
            "http.request.resend_count": event.attempt - 1,
        }
        if event.document is not None and event.kind in _OPERATION_KINDS:
            attributes["graphql.document"] = event.document
        name = f"{event.kind} {event.operation}" if event.kind in _OPERATION_KINDS else event.operation
        span = tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        span.set_attribute("aiotwenty.client.wait.duration", event.waited)
        if event.shared > 1:
            span.set_attribute("aiotwenty.client.request.calls", event.shared)
        open_spans[event.call, event.attempt] = span

    def end(event: ResponseEvent) -> None:
        span = open_spans.pop((event.call, event.attempt), None)
        if span is None:
            return
        span.set_attribute("http.response.body.size", event.bytes)
        for name, value in _outcome(event).items():
            span.set_attribute(name, value)
        if event.error is not None:
            span.set_status(Status(StatusCode.ERROR, event.error.message))
        span.end()

    return Hooks(on_request=begin, on_response=end)


def metering(meter_provider: MeterProvider | None = None) -> Hooks:
    """Hooks that measure: `Twenty(hooks=metering())`.

    | instrument | unit | |
    |---|---|---|
    | `http.client.request.duration` | s | histogram of attempts, by operation, status and error |
    | `http.client.active_requests` | {request} | how many are under way |
    | `aiotwenty.client.wait.duration` | s | histogram: for a connection and for the rate limit, before an attempt |
    | `aiotwenty.client.retries` | {retry} | attempts that were followed by another one, by error |
    | `aiotwenty.client.refusals` | {refusal} | attempts that the server's rate limit refused |
    """
    meter = metrics.get_meter("aiotwenty", meter_provider=meter_provider)
    duration = meter.create_histogram(
        "http.client.request.duration",
        unit="s",
        description="Duration of HTTP client requests.",
        explicit_bucket_boundaries_advisory=_SECONDS,
    )
    active = meter.create_up_down_counter(
        "http.client.active_requests", unit="{request}", description="Number of active HTTP requests."
    )
    waits = meter.create_histogram(
        "aiotwenty.client.wait.duration",
        unit="s",
        description="Time that requests waited for a connection and for the rate limit.",
        explicit_bucket_boundaries_advisory=_LONG_SECONDS,
    )
    retries = meter.create_counter(
        "aiotwenty.client.retries", unit="{retry}", description="Attempts that were followed by another one."
    )
    refusals = meter.create_counter(
        "aiotwenty.client.refusals", unit="{refusal}", description="Attempts that the rate limit refused."
    )
    under_way: dict[tuple[int, int], tuple[Attributes, Attributes]] = {}

    def begin(event: RequestEvent) -> None:
        plain = _server(event.url) | {"http.request.method": _method(event)}
        named = plain | _operation(event)
        under_way[event.call, event.attempt] = plain, named
        active.add(1, plain)
        waits.record(event.waited, named)

    def end(event: ResponseEvent) -> None:
        plain, named = under_way.pop((event.call, event.attempt), (None, None))
        if plain is None or named is None:
            return
        active.add(-1, plain)
        duration.record(event.seconds, named | _outcome(event))
        if isinstance(event.error, RateLimited):
            refusals.add(1, plain)

    def again(event: RetryEvent) -> None:
        retries.add(1, {"error.type": type(event.error).__name__})

    return Hooks(on_request=begin, on_response=end, on_retry=again)


@lru_cache(maxsize=100)
def _place(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _server(url: str) -> Attributes:
    scheme, address, port = _place(url)
    return {"url.scheme": scheme, "server.address": address, "server.port": port}


def _method(event: RequestEvent) -> str:
    return "POST" if event.kind in _OPERATION_KINDS else event.kind


def _operation(event: RequestEvent) -> Attributes:
    """The attributes of a document: addresses of REST have ids, which are too many for attributes."""
    if event.kind not in _OPERATION_KINDS:
        return {}
    return {"graphql.operation.type": event.kind, "graphql.operation.name": event.operation}


def _outcome(event: ResponseEvent) -> Attributes:
    attributes: Attributes = {} if event.status is None else {"http.response.status_code": event.status}
    if event.error is not None:
        attributes["error.type"] = type(event.error).__name__
    elif event.status is None:
        attributes["error.type"] = "cancelled"
    return attributes
