"""A sandbox and a client that retries quickly and does not pace itself: faults are on purpose here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from aiotwenty import RetryPolicy, Twenty
from aiotwenty.sandbox import Sandbox
from tests.support.few_objects import OBJECTS


def client(sandbox: Sandbox) -> Twenty:
    return Twenty(
        sandbox.url,
        api_key=sandbox.api_key,
        timeout=60,
        rate_limit=None,
        retry=RetryPolicy(base=0.01, max_retry_after=0.01),
    )


@pytest.fixture
def client_of() -> Callable[[Sandbox], Twenty]:
    return client


@pytest.fixture
def twenty_sandbox_options() -> dict[str, Any]:
    return {"objects": OBJECTS}


@pytest.fixture
def sandbox(twenty_sandbox: Sandbox) -> Sandbox:
    return twenty_sandbox


@pytest.fixture
async def twenty(sandbox: Sandbox) -> AsyncIterator[Twenty]:
    async with client(sandbox) as opened:
        yield opened


@pytest.fixture(params=[False, True], ids=["new", "old"])
async def either(request: pytest.FixtureRequest) -> AsyncIterator[Twenty]:
    """A client of a server of July 2026, then one of November 2025."""
    async with Sandbox(strict=request.param, objects=OBJECTS) as running, client(running) as opened:
        yield opened
