"""A receiver of webhooks: `python -m examples.webhook_receiver https://my.example/hook`, which leads to port 8081 here.

It creates a webhook in the workspace, receives its deliveries, and removes the webhook at the end. It answers at once
and works afterwards, because Twenty waits 5 seconds for the answer, and does not retry.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from aiotwenty import Twenty
from aiotwenty.core import Company
from aiotwenty.webhooks import WebhookEvent, WebhookReceiver

log = logging.getLogger("webhooks")


async def report(event: WebhookEvent) -> None:
    """Handles an event; here, it writes a line to the log."""
    if event.object_name == "company":
        company = event.record_as(Company)
        log.info("%s: %s (%s)", event.event_name, company.name, ", ".join(event.updated_fields or ()))
    else:
        log.info("%s: %s", event.event_name, event.record.get("id"))


def make_app(secret: str | list[str], work: Callable[[WebhookEvent], Awaitable[None]] = report) -> web.Application:
    """Serves the receiver at `/hook`, with a worker that handles the events one after the other."""
    receiver = WebhookReceiver(secret)
    events: asyncio.Queue[WebhookEvent] = asyncio.Queue(maxsize=10_000)

    @receiver.on("*.*")
    def remember(event: WebhookEvent) -> None:
        # If there are too many this raises, and the sender's log has an error for what would be lost without a word.
        events.put_nowait(event)

    async def worker(app: web.Application) -> AsyncIterator[None]:
        async def run() -> None:
            while True:
                event = await events.get()
                try:
                    await work(event)
                except Exception:
                    log.exception("could not work on %s", event.event_name)
                finally:
                    events.task_done()

        task = asyncio.create_task(run())
        yield
        # What was answered is worked on before this ends.
        with suppress(TimeoutError):
            async with asyncio.timeout(30):
                await events.join()
        task.cancel()
        await asyncio.wait([task])

    app = web.Application()
    app.router.add_post("/hook", receiver.aiohttp)
    app.cleanup_ctx.append(worker)
    return app


async def main(public_url: str) -> None:
    secret = secrets.token_hex(32)
    runner = web.AppRunner(make_app(secret), access_log=None)
    async with Twenty() as twenty:
        webhooks = twenty.workspace.webhooks
        try:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 8081).start()
            webhook = await webhooks.create(public_url, ["company.*"], description="the example", secret=secret)
            try:
                await asyncio.Event().wait()
            finally:
                await webhooks.delete(webhook.id)
        finally:
            await runner.cleanup()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1]))
