from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.scripted import ScriptedServer, running


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with running() as scripted:
        yield scripted
