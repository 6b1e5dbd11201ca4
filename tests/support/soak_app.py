"""A service in a process of its own, for long runs: one client whose key changes, and a receiver whose secret does.

`python -m tests.support.soak_app URL KEY_FILE DATABASE` prints its port. `/state` tells what it uses and what went
wrong.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

from aiohttp import web

from aiotwenty import RetryPolicy, Twenty, TwentyError
from aiotwenty.core import Company
from aiotwenty.webhooks import SQLiteStore, WebhookEvent, WebhookReceiver
from tests.support.web_server import sockets

MAX_AGE = 30.0
wrong: list[str] = []
"""Whatever nobody may see: warnings, exceptions that nobody awaited, log lines of errors."""


class Wrong(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        wrong.append(self.format(record))


class Service:
    def __init__(self, twenty: Twenty, receiver: WebhookReceiver) -> None:
        self.twenty, self.receiver = twenty, receiver
        self.received = self.of_companies = 0
        receiver.on("*.*")(self.count)
        receiver.on("company.*", record=Company)(self.count_company)

    def count(self, event: WebhookEvent) -> None:
        self.received += 1

    async def count_company(self, event: WebhookEvent, company: Company) -> None:
        self.of_companies += 1

    async def create(self, request: web.Request) -> web.Response:
        try:
            made = await self.twenty.companies.create_one({"name": (await request.json())["name"]})
        except TwentyError as error:
            return web.json_response({"error": str(error), "unknown": error.outcome_unknown}, status=502)
        return web.json_response({"id": str(made.id)}, status=201)

    async def search(self, request: web.Request) -> web.Response:
        try:
            page = await self.twenty.companies.find_many(first=50)
        except TwentyError as error:
            return web.json_response({"error": str(error)}, status=502)
        return web.json_response({"companies": len(page.records)})

    async def secrets(self, request: web.Request) -> web.Response:
        self.receiver.set_secrets(await request.json())
        return web.Response(status=204)

    async def state(self, request: web.Request) -> web.Response:
        gc.collect()
        return web.json_response(
            {
                "megabytes": resident_megabytes(),
                "tasks": len(asyncio.all_tasks()),
                "sockets": sockets(),
                "received": self.received,
                "of_companies": self.of_companies,
                "wrong": wrong,
            }
        )


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


async def main(url: str, key_file: str, database: str) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: wrong.append(str(context)))
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    path = Path(key_file)
    receiver = WebhookReceiver("the first secret", store=SQLiteStore(database), max_age=MAX_AGE)
    retry = RetryPolicy(attempts=20, max_delay=1)
    async with Twenty(url, api_key=lambda: path.read_text("utf-8"), retry=retry) as twenty:
        service = Service(twenty, receiver)
        app = web.Application()
        app.router.add_post("/companies", service.create)
        app.router.add_get("/companies", service.search)
        app.router.add_post("/secrets", service.secrets)
        app.router.add_get("/state", service.state)
        app.router.add_post("/hook", receiver.aiohttp)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=10)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await stop.wait()
        await runner.cleanup()
    await receiver.aclose()


def unraisable(raised: Any) -> None:
    wrong.append(repr(raised.exc_value))


if __name__ == "__main__":
    warnings.simplefilter("error")
    sys.unraisablehook = unraisable
    logging.getLogger().addHandler(Wrong(logging.ERROR))
    asyncio.run(main(*sys.argv[1:]))
    sys.exit(1 if wrong else 0)
