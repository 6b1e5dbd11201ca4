"""The recorded workspace: its custom objects can be created in any sandbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from aiotwenty.sandbox import Sandbox
from tests.support import recorded
from tests.support.custom_objects import CustomObjects

Ask = Callable[..., Awaitable[dict[str, Any]]]
CreateCustomObjects = Callable[[Ask], Awaitable[None]]


@pytest.fixture(scope="session")
def custom_objects() -> CreateCustomObjects:
    """Creates the custom objects and fields of the recorded workspace; `ask` sends a document to a path."""

    async def create(ask: Ask) -> None:
        await CustomObjects(ask, recorded.objects()).create()

    return create


class Talk:
    """Talks GraphQL to a running sandbox."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def answer(self, query: str, *, path: str = "/graphql", **variables: Any) -> dict[str, Any]:
        """The whole body of the answer."""
        # JSON has no infinity, but numbers that are too large.
        body = json.dumps({"query": query, "variables": variables}).replace("Infinity", "1e400")
        headers = {"Content-Type": "application/json"}
        async with self.session.post(self.sandbox.url + path, data=body, headers=headers) as response:
            found: dict[str, Any] = json.loads(await response.read())
            return found

    async def data(self, query: str, **variables: Any) -> Any:
        """The value of the only root field; fails on errors."""
        body = await self.answer(query, **variables)
        assert "errors" not in body, body["errors"]
        (value,) = body["data"].values()
        return value

    async def error(self, query: str, **variables: Any) -> dict[str, Any]:
        """The only error, its message beside its extensions."""
        (found,) = (await self.answer(query, **variables))["errors"]
        return {"message": found["message"], **found.get("extensions", {})}


@pytest.fixture
async def talk(twenty_sandbox: Sandbox) -> AsyncIterator[Talk]:
    """A fresh sandbox, and a session with its key."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {twenty_sandbox.api_key}"}) as session:
        yield Talk(twenty_sandbox, session)
