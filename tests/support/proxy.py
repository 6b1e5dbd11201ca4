"""A proxy in front of a server, sandbox or live, that says something else than the server did."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from pydantic_core import from_json, to_json


@dataclass
class Passed:
    """A request with its JSON, and what is answered to it."""

    path: str
    request: Any
    status: int
    answer: Any


@dataclass
class Proxy:
    """Passes requests on, and what was answered through `retell`, which may change it."""

    target: str
    key: str = field(default="", repr=False)
    """One that the target takes."""
    retell: Callable[[Passed], None] = lambda passed: None
    refuse: Callable[[str, Any], Any] = lambda path, request: None
    """What to answer without passing the request on, if anything."""
    paths: list[str] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        sent = from_json(body) if body else None
        self.paths.append(request.path)
        if (instead := self.refuse(request.path, sent)) is not None:
            return web.Response(body=to_json(instead), content_type="application/json")
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method, f"{self.target}{request.path_qs}", data=body or None, headers=headers
            ) as response,
        ):
            passed = Passed(request.path, sent, response.status, from_json(await response.read()))
        self.retell(passed)
        return web.Response(body=to_json(passed.answer), status=passed.status, content_type="application/json")


@asynccontextmanager
async def in_front_of(target: str, key: str = "") -> AsyncIterator[Proxy]:
    """Runs one."""
    proxy = Proxy(target.rstrip("/"), key)
    runner = web.ServerRunner(web.Server(proxy.handle), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield proxy
    finally:
        await runner.cleanup()
