"""A proxy on the way to a server that does to requests and answers what networks, proxies and servers do."""

from __future__ import annotations

import asyncio
import gzip
import random
import re
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PATIENCE = 60.0
"""Seconds for which the proxy keeps silent at most: the client gives up before."""


@dataclass
class Exchange:
    """One request that has come, and the way to its answer."""

    proxy: FaultyProxy
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: bytes

    async def answered(self) -> tuple[bytes, bytes]:
        """The head and the body of the server's answer."""
        return await self.proxy.ask(self.request)

    async def say(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))
        await self.writer.drain()

    async def pass_on(self) -> None:
        await self.say(*await self.answered())

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        sock = self.writer.get_extra_info("socket")
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def silence(self) -> None:
        """Until the client gives up."""
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(PATIENCE):
                await self.reader.read(1)
        self.close()

    def page(self, status: str, *headers: str, body: bytes = b"<html><h1>Sorry</h1></html>") -> bytes:
        said = "".join(f"{header}\r\n" for header in ("Content-Type: text/html", *headers))
        return f"HTTP/1.1 {status}\r\n{said}Content-Length: {len(body)}\r\n\r\n".encode() + body


Fault = Callable[[Exchange], Awaitable[None]]
KINDS: dict[str, Fault] = {}
"""What may happen to an exchange, by its name."""


def kind(fault: Fault) -> Fault:
    KINDS[fault.__name__.replace("_", "-")] = fault
    return fault


# The server never sees the request


@kind
async def reset_before(exchange: Exchange) -> None:
    exchange.reset()


@kind
async def close_before(exchange: Exchange) -> None:
    exchange.close()


@kind
async def silence_before(exchange: Exchange) -> None:
    await exchange.silence()


@kind
async def half_a_request(exchange: Exchange) -> None:
    """The server gets the beginning of it only."""
    await exchange.proxy.send_half(exchange.request)
    exchange.reset()


@kind
async def unavailable_before(exchange: Exchange) -> None:
    await exchange.say(exchange.page("503 Service Unavailable", "Retry-After: 0"))


@kind
async def busy_before(exchange: Exchange) -> None:
    await exchange.say(exchange.page("429 Too Many Requests", "Retry-After: 0"))


@kind
async def redirect_before(exchange: Exchange) -> None:
    await exchange.say(exchange.page("302 Found", "Location: http://127.0.0.1:9/"))


@kind
async def login_page_before(exchange: Exchange) -> None:
    await exchange.say(exchange.page("200 OK"))


@kind
async def not_found_before(exchange: Exchange) -> None:
    await exchange.say(exchange.page("404 Not Found"))


# The server has acted, and its answer is lost


@kind
async def reset_after(exchange: Exchange) -> None:
    await exchange.answered()
    exchange.reset()


@kind
async def close_after(exchange: Exchange) -> None:
    await exchange.answered()
    exchange.close()


@kind
async def silence_after(exchange: Exchange) -> None:
    await exchange.answered()
    await exchange.silence()


@kind
async def bad_gateway_after(exchange: Exchange) -> None:
    await exchange.answered()
    await exchange.say(exchange.page("502 Bad Gateway"))


@kind
async def gateway_timeout_after(exchange: Exchange) -> None:
    await exchange.answered()
    await exchange.say(exchange.page("504 Gateway Timeout", "Connection: close"))
    exchange.close()


@kind
async def empty_answer_after(exchange: Exchange) -> None:
    await exchange.answered()
    await exchange.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n")


@kind
async def noise_after(exchange: Exchange) -> None:
    await exchange.answered()
    await exchange.say(exchange.proxy.chance.randbytes(200))
    exchange.close()


@kind
async def cut_in_the_head(exchange: Exchange) -> None:
    head, _ = await exchange.answered()
    await exchange.say(head[: len(head) // 2])
    exchange.close()


@kind
async def cut_in_the_body(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    await exchange.say(head, body[: len(body) // 2])
    exchange.close()


@kind
async def reset_in_the_body(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    await exchange.say(head, body[: len(body) // 2])
    exchange.reset()


@kind
async def cut_with_the_right_length(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    half = body[: len(body) // 2]
    await exchange.say(_LENGTH.sub(b"\r\nContent-Length: %d" % len(half), head), half)


@kind
async def too_long_a_length(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    await exchange.say(_LENGTH.sub(b"\r\nContent-Length: %d" % (len(body) + 100), head), body)
    exchange.close()


@kind
async def compressed_badly(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    await exchange.say(head[:-2] + b"Content-Encoding: gzip\r\n\r\n", body)


@kind
async def chunked_badly(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    await exchange.say(_LENGTH.sub(b"\r\nTransfer-Encoding: chunked", head), b"zz\r\n", body, b"\r\n0\r\n\r\n")
    exchange.close()


@kind
async def head_too_large(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    await exchange.say(head[:-2] + b"X-Noise: " + b"x" * 100_000 + b"\r\n\r\n", body)
    exchange.close()


# Everything arrives, but not as usual


@kind
async def late_request(exchange: Exchange) -> None:
    """The client gives up, and then the server gets the request."""
    await exchange.silence()
    exchange.proxy.deliver_later(exchange.request)


@kind
async def request_twice(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    await exchange.answered()
    await exchange.say(head, body)


@kind
async def slow_request(exchange: Exchange) -> None:
    await asyncio.sleep(0.05)
    await exchange.pass_on()


@kind
async def slow_answer(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    await exchange.say(head)
    for start in range(0, len(body), 1 + len(body) // 5):
        await asyncio.sleep(0.005)
        await exchange.say(body[start : start + 1 + len(body) // 5])


@kind
async def two_answers(exchange: Exchange) -> None:
    """What comes after the answer is nobody's, and must not be taken for the answer to the next request."""
    head, body = await exchange.answered()
    await exchange.say(head, body, exchange.page("200 OK"))


@kind
async def closed_when_idle(exchange: Exchange) -> None:
    """The next request on the connection may meet its end."""
    await exchange.pass_on()
    await asyncio.sleep(exchange.proxy.chance.uniform(0, 0.003))
    exchange.close()


@kind
async def continued_first(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    await exchange.say(b"HTTP/1.1 100 Continue\r\n\r\n", head, body)


@kind
async def compressed(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    packed = gzip.compress(body)
    head = _LENGTH.sub(b"\r\nContent-Length: %d" % len(packed), head)
    await exchange.say(head[:-2] + b"Content-Encoding: gzip\r\n\r\n", packed)


@kind
async def chunked(exchange: Exchange) -> None:
    head, body = await exchange.answered()
    await exchange.say(_LENGTH.sub(b"\r\nTransfer-Encoding: chunked", head))
    for start in range(0, len(body), 100):
        part = body[start : start + 100]
        await exchange.say(b"%x\r\n" % len(part), part, b"\r\n")
    await exchange.say(b"0\r\n\r\n")


@dataclass
class FaultyProxy:
    """Passes requests on to a server; to a part of them, `rate`, something of `KINDS` happens."""

    server: str
    seed: int
    rate: float
    kinds: tuple[str, ...] = tuple(KINDS)
    happened: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    overtaken: set[str] = field(default_factory=set)
    """The ids in requests that the server got after the client had given up."""
    url: str = ""
    _late: set[asyncio.Task[None]] = field(default_factory=set)
    _serving: set[asyncio.Task[None]] = field(default_factory=set)
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        parts = urlsplit(self.server)
        self._address = parts.hostname, parts.port

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self.serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        # One that is cancelled before its first step closes nothing by itself.
        task.add_done_callback(lambda _: writer.close())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        finally:
            await _closed(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(found[1]) if (found := _LENGTH.search(head)) else 0
                exchange = Exchange(self, reader, writer, head + await reader.readexactly(length))
                self.requests += 1
                if self.chance.random() >= self.rate:
                    await exchange.pass_on()
                    continue
                name = self.chance.choice(self.kinds)
                self.happened[name] += 1
                await KINDS[name](exchange)

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(*self._address)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(found[1]) if (found := _LENGTH.search(head)) else 0
            body = await reader.readexactly(length)
        except BaseException:
            await _closed(writer)
            raise
        self._idle.append((reader, writer))
        return head, body

    async def send_half(self, request: bytes) -> None:
        _, writer = await asyncio.open_connection(*self._address)
        writer.write(request[: len(request) - 20])
        await writer.drain()
        await _closed(writer)

    def deliver_later(self, request: bytes) -> None:
        async def deliver() -> None:
            await asyncio.sleep(self.chance.uniform(0, 0.3))
            self.overtaken.update(id_.decode() for id_ in _UUID.findall(request))
            await self.ask(request)

        task = asyncio.ensure_future(deliver())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def settle(self) -> None:
        """Waits until all that is on its way has arrived."""
        while self._late:
            await asyncio.gather(*self._late)

    async def stop(self) -> None:
        """Closes all connections."""
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, *self._late, return_exceptions=True)
        for _, writer in self._idle:
            await _closed(writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def faulty(server: str, *, seed: int, rate: float, kinds: tuple[str, ...] = ()) -> AsyncIterator[FaultyProxy]:
    """Runs one."""
    proxy = FaultyProxy(server, seed, rate, kinds or tuple(KINDS))
    listening = await asyncio.start_server(proxy.accept, "127.0.0.1", 0, limit=2**24)
    proxy.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield proxy
        await proxy.settle()
    finally:
        listening.close()
        await proxy.stop()
