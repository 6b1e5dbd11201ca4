"""OpenTelemetry spans for requests, by its conventions for GraphQL and HTTP clients. Needs the extra `otel`."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from aiotwenty.transport.hooks import Hooks, RequestEvent, ResponseEvent

_OPERATION_KINDS = ("query", "mutation", "subscription")


def tracing(tracer_provider: TracerProvider | None = None) -> Hooks:
    """Hooks that make one span for each attempt of a request: `Twenty(hooks=tracing())`.

    Spans hold the operation's kind, name and text, never variables, bodies or the key.
    """
    tracer = trace.get_tracer("aiotwenty", tracer_provider=tracer_provider)
    open_spans: dict[tuple[int, int], Span] = {}

    def begin(event: RequestEvent) -> None:
        attributes: dict[str, str | int] = {
            "url.full": event.url,
            "http.request.body.size": event.bytes,
            "http.request.resend_count": event.attempt - 1,
        }
        name = event.operation
        if event.kind in _OPERATION_KINDS:
            name = f"{event.kind} {event.operation}"
            attributes |= {"graphql.operation.type": event.kind, "graphql.operation.name": event.operation}
            attributes |= {"http.request.method": "POST"}
            if event.document is not None:
                attributes["graphql.document"] = event.document
        else:
            attributes["http.request.method"] = event.kind
        open_spans[event.call, event.attempt] = tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)

    def end(event: ResponseEvent) -> None:
        span = open_spans.pop((event.call, event.attempt), None)
        if span is None:
            return
        span.set_attribute("http.response.body.size", event.bytes)
        if event.status is not None:
            span.set_attribute("http.response.status_code", event.status)
        if event.error is not None:
            span.set_attribute("error.type", type(event.error).__name__)
            span.set_status(Status(StatusCode.ERROR, event.error.message))
        elif event.status is None:
            span.set_attribute("error.type", "cancelled")
        span.end()

    return Hooks(on_request=begin, on_response=end)
