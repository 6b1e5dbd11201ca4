"""A fresh sandbox and a client of it for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest_asyncio.fixture
async def twenty(server: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty(server.url, api_key=server.api_key) as client:
        yield client
