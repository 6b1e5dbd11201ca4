"""A receiver of webhooks: `python -m examples.webhook_receiver https://my.example/hook`, which leads to port 8081 here.

Makes a webhook in the workspace, serves it, and takes it away in the end. It answers at once and works afterwards:
Twenty waits 5 seconds, sends one POST for each record, and does not try again.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from aiotwenty import Twenty
from aiotwenty.core import Company
from aiotwenty.webhooks import WebhookEvent, WebhookRejected, receive

log = logging.getLogger("webhooks")

SECRETS = web.AppKey("secrets", list[str])
EVENTS = web.AppKey("events", asyncio.Queue[WebhookEvent])


async def hook(request: web.Request) -> web.Response:
    """Takes a delivery if it is Twenty's, young and whole."""
    try:
        event = receive(await request.read(), request.headers, request.app[SECRETS])
    except WebhookRejected as error:
        log.warning("rejected: %s", error)
        return web.Response(status=401)
    try:
        request.app[EVENTS].put_nowait(event)
    except asyncio.QueueFull:
        # An error tells the sender's log what would be lost without a word.
        return web.Response(status=503)
    return web.Response(status=204)


async def report(event: WebhookEvent) -> None:
    """What to do with an event: here, a line in the log."""
    if event.object_name == "company":
        company = event.record_as(Company)
        log.info("%s: %s (%s)", event.event_name, company.name, ", ".join(event.updated_fields or ()))
    else:
        log.info("%s: %s", event.event_name, event.record.get("id"))


def make_app(secrets: list[str], work: Callable[[WebhookEvent], Awaitable[None]] = report) -> web.Application:
    """The receiver at `/hook`, with a worker that takes the events one after the other."""
    app = web.Application()
    app[SECRETS] = secrets
    app[EVENTS] = asyncio.Queue(maxsize=10_000)
    app.router.add_post("/hook", hook)

    async def worker(app: web.Application) -> AsyncIterator[None]:
        async def run() -> None:
            while True:
                event = await app[EVENTS].get()
                try:
                    await work(event)
                except Exception:
                    log.exception("could not work on %s", event.event_name)

        task = asyncio.create_task(run())
        yield
        task.cancel()
        await asyncio.wait([task])

    app.cleanup_ctx.append(worker)
    return app


async def main(public_url: str) -> None:
    async with Twenty() as twenty:
        webhooks = twenty.workspace.webhooks
        webhook = await webhooks.create(public_url, ["company.*"], description="the example receiver")
        assert webhook.secret is not None
        runner = web.AppRunner(make_app([webhook.secret.get_secret_value()]), access_log=None)
        try:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 8081).start()
            await asyncio.Event().wait()
        finally:
            await webhooks.delete(webhook.id)
            await runner.cleanup()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1]))
