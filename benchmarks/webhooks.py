"""How many deliveries of webhooks a receiver takes in a second: in itself, and over HTTP in a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from aiohttp import web

from aiotwenty.core import Company
from aiotwenty.webhooks import SQLiteStore, WebhookEvent, WebhookReceiver, sign
from benchmarks.harness import Bound, Series, Table
from benchmarks.servers import served

SECRET = secrets.token_hex(32)
BY_HAND = "hmac and json.loads, by hand"
MEMORY, FILE, TYPED = "receiver", "receiver, a file as its store", "receiver, the record as its model"
AIOHTTP, UVICORN = "receiver under aiohttp", "receiver under uvicorn"
_LANES = 32
_SERVE = "import asyncio, sys; from benchmarks.webhooks import serve; asyncio.run(serve(sys.argv[1], sys.argv[2]))"

Delivery = tuple[bytes, dict[str, str]]


def deliveries(count: int) -> list[Delivery]:
    """So many, different and signed now; the record is a company as Twenty sends it."""
    text = {"primaryLinkUrl": "https://air.example", "primaryLinkLabel": "", "secondaryLinks": []}
    actor = {"source": "API", "name": "a key", "workspaceMemberId": None, "context": None}
    now = "2026-11-23T15:26:17.239Z"
    found = []
    for number in range(count):
        record = {
            "id": f"c41ce307-facf-4e13-aaf4-{number:012x}",
            "name": f"Company {number}",
            "position": number,
            "createdAt": now,
            "updatedAt": now,
            "deletedAt": None,
            "createdBy": actor,
            "updatedBy": actor,
            "domainName": text,
            "linkedinLink": text,
            "address": None,
            "annualRevenue": None,
            "accountOwnerId": None,
            "searchVector": f"'company':1 '{number}':2",
        }
        content = {
            "targetUrl": "https://receiver.example/hook",
            "eventName": "company.created",
            "objectMetadata": {"id": "119d7554-adef-4728-af12-a063c6368c6f", "nameSingular": "company"},
            "workspaceId": "20202020-1c25-4d02-bf25-6aeccf7ea419",
            "webhookId": "399ee631-2004-4c99-b6c6-0c6f5d799727",
            "eventDate": now,
            "record": record,
        }
        body = json.dumps(content).encode()
        sent = int(time.time() * 1000)
        headers = {
            "X-Twenty-Webhook-Timestamp": str(sent),
            "X-Twenty-Webhook-Signature": sign(body, SECRET, sent),
            "X-Twenty-Webhook-Nonce": secrets.token_hex(16),
        }
        found.append((body, headers))
    return found


async def measure(rounds: int, count: int = 5_000) -> list[Table]:
    """Deliveries a second."""
    return [await _alone(rounds, count), await _over_http(min(rounds, 3), count)]


async def _alone(rounds: int, count: int) -> Table:
    series = {name: Series(name) for name in (BY_HAND, MEMORY, TYPED, FILE)}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            sent = deliveries(count)
            store = SQLiteStore(Path(folder) / f"{number}.db")
            contenders: dict[str, Callable[[bytes, dict[str, str]], Awaitable[object]]] = {
                BY_HAND: _by_hand,
                MEMORY: _receiver().handle,
                TYPED: _receiver(typed=True).handle,
                FILE: _receiver(store).handle,
            }
            for name, take in contenders.items():
                start = time.perf_counter()
                for body, headers in sent:
                    await take(body, headers)
                series[name].figures.append(count / (time.perf_counter() - start))
            await store.aclose()
    bounds = [Bound(MEMORY, least=5_000), Bound(FILE, least=1_000)]
    return Table("Webhooks, one after the other", "deliveries/s", [*series.values()], bounds=bounds)


async def _by_hand(body: bytes, headers: dict[str, str]) -> object:
    signed = headers["X-Twenty-Webhook-Timestamp"].encode() + b":" + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers["X-Twenty-Webhook-Signature"]):
        raise ValueError
    return json.loads(body)


def _receiver(store: SQLiteStore | None = None, *, typed: bool = False) -> WebhookReceiver:
    receiver = WebhookReceiver(SECRET, store=store)

    def told(event: WebhookEvent) -> None:
        pass

    def told_of(event: WebhookEvent, company: Company) -> None:
        pass

    if typed:
        receiver.on("company.*", record=Company)(told_of)
    else:
        receiver.on("company.*")(told)
    return receiver


async def _over_http(rounds: int, count: int) -> Table:
    series = [Series(AIOHTTP), Series(UVICORN)]
    for _ in range(rounds):
        for one, kind in zip(series, ("aiohttp", "uvicorn"), strict=True):
            async with served("-c", _SERVE, kind, SECRET) as url:
                requests = [_request(*delivery) for delivery in deliveries(count)]
                start = time.perf_counter()
                await asyncio.gather(*(_send(url, requests[lane::_LANES]) for lane in range(_LANES)))
                one.figures.append(count / (time.perf_counter() - start))
    bounds = [Bound(AIOHTTP, least=1_000), Bound(UVICORN, least=1_000)]
    note = f"Over {_LANES} connections, the sender in another process; each answered with 204."
    return Table("Webhooks over HTTP", "deliveries/s", series, bounds=bounds, note=note)


def _request(body: bytes, headers: dict[str, str]) -> bytes:
    lines = [
        *("POST /hook HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", f"Content-Length: {len(body)}"),
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _send(url: str, requests: list[bytes]) -> None:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 204"):
            raise RuntimeError(f"a delivery was refused: {head!r}")
    writer.close()


async def serve(kind: str, secret: str) -> None:
    """A receiver that prints its address, until it is killed."""
    receiver = WebhookReceiver(secret)
    receiver.on("company.*")(lambda event: None)
    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    if kind == "uvicorn":
        config = uvicorn.Config(receiver, log_config=None, access_log=False)
        await uvicorn.Server(config).serve(sockets=[listening])
        return
    app = web.Application()
    app.router.add_post("/hook", receiver.aiohttp)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    await asyncio.Event().wait()
