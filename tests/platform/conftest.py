"""One sandbox and one client of it for all tests of a file; each test makes what it needs under a name of its own."""

from __future__ import annotations

import inspect
import random
import string
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from tests.support.few_objects import OBJECTS


def is_coroutine(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "platform" in item.path.parts and is_coroutine(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Sandbox]:
    async with Sandbox(objects=OBJECTS) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def twenty(server: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty(server.url, api_key=server.api_key) as client:
        yield client


@pytest.fixture
def rocket() -> str:
    """The name of an object that no other test makes."""
    return "rocket" + "".join(random.choices(string.ascii_lowercase, k=8))


@pytest.fixture
def twenty_sandbox_options() -> dict[str, Any]:
    return {"objects": OBJECTS}
