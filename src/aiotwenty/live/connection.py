"""A connection of a subscription, from its request to the end of its stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json

from aiotwenty.errors import ConfigurationError, RequestTimeout, TwentyError, UnexpectedResponse
from aiotwenty.graphql.encode import encode_json
from aiotwenty.live.sse import CONTENT_TYPE, HEARTBEAT, Frame, FrameReader, frames_of
from aiotwenty.transport.engine import Engine
from aiotwenty.transport.exchange import Call, Reply
from aiotwenty.transport.failures import failure
from aiotwenty.transport.terms import Terms

_WAITING = 1000
"""The most unread frames; then reading from the server pauses."""


@dataclass
class Connection:
    """A stream that is open, or was."""

    frames: asyncio.Queue[Frame]
    task: asyncio.Task[None]
    seen: list[datetime] = field(default_factory=list)
    """The time of the last sign of life; empty before the first."""
    ended: bool = False
    """Whether the server ended the subscription."""

    @property
    def last_seen(self) -> datetime | None:
        """The time of the last sign of life; None before the first."""
        return self.seen[0] if self.seen else None

    async def answers(self, quiet: float | None = None) -> AsyncGenerator[dict[str, Any] | None]:
        """The `data` of each event, and None for each heartbeat. Raises errors of server and connection.

        An event must come within `quiet` seconds: heartbeats alone don't count.
        """
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while True:
            frame = await self._next(None if quiet is None else heard + quiet - loop.time())
            if frame is None or frame.event == "complete":
                self.ended = True
                return
            if frame is HEARTBEAT:
                yield None
                continue
            heard = loop.time()
            reply = Reply(200, {"Content-Type": "application/json"}, frame.data.encode())
            if error := failure(reply):
                raise error
            data = from_json(frame.data).get("data")
            yield data if isinstance(data, dict) else {}

    async def _next(self, seconds: float | None) -> Frame | None:
        """The next frame; None at the end of the stream."""
        if self.frames.empty() and not self.task.done():
            getting = asyncio.ensure_future(self.frames.get())
            try:
                done, _ = await asyncio.wait((getting, self.task), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                if getting in done:
                    return getting.result()
                if not done:
                    raise RequestTimeout("the stream is open, but sends nothing.")
            finally:
                getting.cancel()
        if not self.frames.empty():
            return self.frames.get_nowait()
        if self.task.cancelled():
            raise ConfigurationError("the client was closed while it was listening.")
        # Raises the error of the request.
        return self.task.result()


@asynccontextmanager
async def connected(
    engine: Engine, url: str, name: str, document: str, variables: Mapping[str, object], terms: Terms, heartbeat: float
) -> AsyncIterator[Connection]:
    """A connection, for the time of the context. It ends if the server sends nothing for `heartbeat` seconds."""
    frames: asyncio.Queue[Frame] = asyncio.Queue(_WAITING)
    seen: list[datetime] = []

    async def receive(status: int, headers: Mapping[str, str], pieces: AsyncIterator[bytes]) -> bytes:
        if not headers.get("Content-Type", "").startswith(CONTENT_TYPE):
            return b"".join([piece async for piece in pieces])
        if headers.get("Content-Encoding", "none").lower() not in ("", "none", "identity"):
            raise UnexpectedResponse("the stream came compressed, which was not requested.", status=status)
        seen[:] = [datetime.now(UTC)]
        await frames.put(HEARTBEAT)
        async for frame in frames_of(pieces, terms.max_answer_bytes):
            seen[:] = [datetime.now(UTC)]
            await frames.put(frame)
        return b""

    call = Call(
        name=name,
        kind="subscription",
        url=url,
        read=_ended,
        body=encode_json({"operationName": name, "query": document, "variables": dict(variables)}),
        headers=lambda: {"Accept": CONTENT_TYPE, "Accept-Encoding": "identity"},
        receive=receive,
        reads=True,
        limited=False,
        document=document,
        terms=replace(terms, timeout=heartbeat, deadline=None, scope=None),
    )
    task = asyncio.ensure_future(engine.send(call))
    try:
        yield Connection(frames, task, seen)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _ended(reply: Reply) -> None:
    """Checks the end of a stream. Raises the error if it was a refusal, which may come as an event."""
    if reply.content_type.startswith(CONTENT_TYPE):
        if reply.status < 300:
            return
        told = next((frame.data for frame in FrameReader(len(reply.body)).feed(reply.body) if frame.data), "")
        reply = replace(reply, headers={"Content-Type": "application/json"}, body=told.encode())
    raise failure(reply) or _no_stream(reply)


def _no_stream(reply: Reply) -> TwentyError:
    return UnexpectedResponse(
        f"HTTP {reply.status} without a stream of events: the server, or a proxy, does not support server-sent "
        "events here.",
        status=reply.status,
        content_type=reply.content_type,
    )
