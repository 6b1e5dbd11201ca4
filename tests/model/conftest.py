"""The workspace of the tests that can run against a live one (`--live`); it is left as it was."""

from __future__ import annotations

import os
import random
import string
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from aiotwenty import Twenty
from aiotwenty.errors import NotFoundError
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.dialect import LATEST
from tests.support.few_objects import few_objects


@dataclass(frozen=True)
class Place:
    """A workspace, and the name of an object that only this test has. There is no such object yet."""

    twenty: Twenty
    name: str
    environment: dict[str, str] = field(repr=False)
    """With which a command works in this workspace."""

    @property
    def plural(self) -> str:
        return f"{self.name}s"


@pytest_asyncio.fixture
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """A live workspace, or the sandbox, of the version that the test says.

    The object goes at the end, and with it all that leads to it.
    """
    async with AsyncExitStack() as stack:
        if request.config.getoption("--live"):
            url, key = os.environ["TWENTY_API_URL"], os.environ["TWENTY_API_KEY"]
        else:
            version = getattr(request, "param", LATEST.version)
            sandbox = await stack.enter_async_context(Sandbox(objects=few_objects(), version=version))
            url, key = sandbox.url, sandbox.api_key
        twenty = await stack.enter_async_context(Twenty(url, api_key=key, timeout=60))
        # Letters only: older servers refuse names that camelCase would change, such as those with digits.
        name = "aiotwentymodel" + "".join(random.choices(string.ascii_lowercase, k=8))
        try:
            yield Place(twenty, name, {"TWENTY_API_URL": url, "TWENTY_API_KEY": key})
        finally:
            with suppress(NotFoundError):
                await twenty.workspace.delete_object(name)
