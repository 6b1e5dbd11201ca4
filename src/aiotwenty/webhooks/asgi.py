"""A receiver as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias

from aiotwenty.webhooks.answering import BodyRefused, Receiver, read_body

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class _Disconnected(Exception):  # noqa: N818
    """The sender of the request has disconnected."""


async def serve(receiver: Receiver, scope: Message, receive: Receive, send: Send) -> None:
    """Serves one ASGI connection."""
    if scope["type"] == "lifespan":
        await _live(receiver, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
    elif scope["type"] == "http":
        await _serve_http(receiver, scope, receive, send)


async def _serve_http(receiver: Receiver, scope: Message, receive: Receive, send: Send) -> None:
    headers: list[tuple[bytes, bytes]] = list(scope["headers"])
    if scope["method"] != "POST":
        await _answer(send, HTTPStatus.METHOD_NOT_ALLOWED, [(b"allow", b"POST")])
        return
    length = next((value.decode("latin-1") for name, value in headers if name.lower() == b"content-length"), None)
    try:
        body = await read_body(_chunks(receive), receiver.max_bytes, length)
    except BodyRefused as refused:
        # Closing saves reading the rest; connections of HTTP/2 also carry other requests.
        closing = scope.get("http_version", "1.1").startswith("1.")
        await _answer(send, refused.status, [(b"connection", b"close")] if closing else [])
    except _Disconnected:
        return
    else:
        await _answer(send, await receiver.answer(body, headers))


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    length = [] if status == HTTPStatus.NO_CONTENT else [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": [*length, *(headers or ())]})
    await send({"type": "http.response.body", "body": b""})


async def _live(receiver: Receiver, receive: Receive, send: Send) -> None:
    """The lifespan protocol, for a receiver that is the whole application: its store is closed when the server ends."""
    while True:
        kind = (await receive())["type"]
        if kind == "lifespan.shutdown":
            await receiver.aclose()
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
