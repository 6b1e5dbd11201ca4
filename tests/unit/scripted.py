"""A server that answers what a test tells it to, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic_core import from_json, to_json

KEY = "eyJhbGciOiJFUzI1NiJ9.eyJuYW1lIjoidGVzdC1rZXktdGhhdC1tdXN0LW5ldmVyLWJlLXNlZW4ifQ.c2lnbmF0dXJl"


@dataclass
class Answer:
    """What the server says. `abort` closes the connection without an answer, `cut` in the middle of it."""

    body: bytes = b""
    status: int = 200
    content_type: str | None = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    abort: bool = False
    cut: bool = False
    chunked: bool = False


def answer(value: object, status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""
    return Answer(to_json(value), status, headers={name.replace("_", "-"): text for name, text in headers.items()})


def fails(
    message: str, code: str | None = None, sub_code: str | None = None, data: Any = "absent", **more: Any
) -> Answer:
    """A GraphQL error as Twenty sends it: HTTP 200."""
    extensions = {"code": code, "subCode": sub_code, **more}
    error: dict[str, Any] = {"message": message, "extensions": {k: v for k, v in extensions.items() if v is not None}}
    body: dict[str, Any] = {"errors": [error]}
    if data != "absent":
        body["data"] = data
    return answer(body)


class ScriptedServer:
    """Gives its answers in turn, the last one for ever, each after `seconds` and when `answering` is set.

    `requests` are the JSON bodies, `seen` the requests.
    """

    def __init__(self) -> None:
        self.answers: list[Answer | Callable[[dict[str, object]], Answer]] = []
        self.requests: list[dict[str, object]] = []
        self.seen: list[web.BaseRequest] = []
        self.transports: list[object] = []
        self.paths: list[str] = []
        self.url = ""
        self.seconds = 0.0
        self.answering = asyncio.Event()
        self.answering.set()

    def say(self, *answers: Answer | Callable[[dict[str, object]], Answer]) -> None:
        self.answers = list(answers)
        self.requests.clear()
        self.seen.clear()
        self.transports.clear()
        self.paths.clear()

    async def has_got(self, requests: int) -> None:
        """Waits until so many have come."""
        async with asyncio.timeout(60):
            while len(self.requests) < requests:  # noqa: ASYNC110 (for nobody else is an event worth it)
                await asyncio.sleep(0.001)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        parsed = from_json(body) if body.startswith(b"{") else {}
        self.requests.append(parsed)
        self.seen.append(request)
        self.transports.append(request.transport)
        self.paths.append(request.path)
        say = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if callable(say):
            say = say(parsed)
        await asyncio.sleep(self.seconds)
        await self.answering.wait()
        if say.abort:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        response = web.StreamResponse(status=say.status, headers=say.headers)
        if say.content_type is not None:
            response.headers["Content-Type"] = say.content_type
        if say.chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = len(say.body) + (10 if say.cut else 0)
        await response.prepare(request)
        await response.write(say.body)
        if say.cut:
            assert request.transport is not None
            request.transport.close()
        return response


@asynccontextmanager
async def running() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    runner = web.ServerRunner(web.Server(scripted.handle), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scripted.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield scripted
    finally:
        await runner.cleanup()


@asynccontextmanager
async def says(line: bytes | None) -> AsyncIterator[str]:
    """The address of a server that answers every request with one line, or with nothing at all."""

    answering: list[asyncio.Task[None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n" if line is not None else b"never")
            writer.write((line or b"") + b"\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.append(asyncio.ensure_future(answer(reader, writer)))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*answering)
