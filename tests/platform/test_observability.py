"""What docs/observability.md promises of hooks: they see the caller's context, and how long its turn took."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.testing import LogCapture

from aiotwenty import Hooks, RequestEvent, ResponseEvent, Twenty
from aiotwenty.sandbox import Sandbox


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    capture = LogCapture()
    structlog.configure(processors=[merge_contextvars, capture])
    yield capture.entries
    structlog.reset_defaults()


async def test_lines_of_structlog_have_the_context_of_who_called(server: Sandbox, lines: list[Any]) -> None:
    crm = structlog.get_logger("crm")

    def write(event: ResponseEvent) -> None:
        crm.info(event.operation, status=event.status, attempt=event.attempt)

    async with Twenty(server.url, api_key=server.api_key, hooks=Hooks(on_response=write)) as twenty:
        with bound_contextvars(request_id="7f3a"):
            await twenty.companies.count()
        await twenty.people.count()
    assert lines[0] == {
        "event": "FindManyCompanies",
        "log_level": "info",
        "request_id": "7f3a",
        "status": 200,
        "attempt": 1,
    }
    assert "request_id" not in lines[1]


async def test_hooks_are_told_how_long_a_request_waited_for_its_turn(server: Sandbox) -> None:
    seen: list[RequestEvent] = []
    hooks = Hooks(on_request=seen.append)
    async with Twenty(server.url, api_key=server.api_key, hooks=hooks) as twenty:
        await twenty.companies.count()
    assert [event.waited for event in seen] == [0.0]
