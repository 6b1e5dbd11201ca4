"""`aiotwenty webhook listen`: see what a workspace delivers, while one writes a receiver."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from aiotwenty.cli.connection import connect, connects
from aiotwenty.cli.output import Output
from aiotwenty.errors import TwentyError

if TYPE_CHECKING:
    from aiotwenty.client import Client
    from aiotwenty.webhooks import WebhookEvent, WebhookReceiver

SECRET_VARIABLE = "TWENTY_WEBHOOK_SECRET"
_COLUMNS = ("date", "event", "id", "changed", "record")

commands = typer.Typer(help="Receive webhooks.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="webhook")


@commands.command()
@connects
def listen(
    operations: Annotated[
        list[str] | None, typer.Argument(help="Events: company.created, company.*, *.deleted; default: all.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65_535)] = 8081,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    create: Annotated[
        bool, typer.Option("--create", help="Create a webhook in the workspace, and remove it at the end.")
    ] = False,
    url: Annotated[str | None, typer.Option(help="With --create: the public address of this receiver.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="Output format.")] = Output.TABLE,
    limit: Annotated[int | None, typer.Option(help="Stop after this many deliveries.", min=1)] = None,
) -> None:
    """Receive webhooks on this machine and print them. Stop with Ctrl-C.

    A self-hosted server delivers to private addresses only with OUTBOUND_HTTP_SAFE_MODE_ENABLED=false; the cloud needs
    a tunnel to this port, with its address as --url. Without --create, deliveries of an existing webhook are verified
    with TWENTY_WEBHOOK_SECRET.
    """
    from aiotwenty.workspace.webhook_operations import check_operation

    secret = os.environ.get(SECRET_VARIABLE)
    if not create and url is not None:
        raise typer.BadParameter("only with --create", param_hint="--url")
    if not create and not secret:
        raise typer.BadParameter(f"pass --create, or set {SECRET_VARIABLE} to the secret of an existing webhook")
    try:
        wanted = [check_operation(operation) for operation in operations or ["*.*"]]
    except TwentyError as error:
        raise typer.BadParameter(str(error), param_hint="OPERATIONS") from None
    listener = _Listener(host, port, wanted, output, limit)
    asyncio.run(listener.run(secret, create, url))


class _Listener:
    def __init__(self, host: str, port: int, operations: list[str], output: Output, limit: int | None) -> None:
        self._host, self._port = host, port
        self._operations = operations
        self._output = output
        self._left = limit
        self._stop = asyncio.Event()

    async def run(self, secret: str | None, create: bool, url: str | None) -> None:
        """Until it is interrupted, or has seen enough."""
        from aiotwenty.webhooks import WebhookReceiver

        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        # Before there is a secret of the workspace's, nobody knows this one.
        receiver = WebhookReceiver(secret or os.urandom(32).hex())
        receiver.on(*self._operations)(self._print)
        # A missing key is told before a port is opened and anything is printed.
        client = connect() if create else None
        if self._output is Output.CSV:
            _echo(_line_of_csv(_COLUMNS))
        async with self._serving(receiver) as here:
            if client is not None:
                async with self._made(client, receiver, url or here, secret):
                    await self._stop.wait()
            else:
                await self._stop.wait()

    @asynccontextmanager
    async def _serving(self, receiver: WebhookReceiver) -> AsyncIterator[str]:
        from aiohttp import web

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", receiver.aiohttp)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
            here = f"http://{self._host}:{runner.addresses[0][1]}/"
            typer.echo(f"Listening on {here}; stop with Ctrl-C.", err=True)
            yield here
        finally:
            await runner.cleanup()

    @asynccontextmanager
    async def _made(
        self, client: Client, receiver: WebhookReceiver, url: str, secret: str | None
    ) -> AsyncIterator[None]:
        """A webhook of the workspace that leads here, for as long as this runs."""
        async with client as twenty:
            webhooks = twenty.workspace.webhooks
            description = "aiotwenty webhook listen"
            webhook = await webhooks.create(url, self._operations, description=description, secret=secret)
            try:
                if webhook.secret is not None:
                    receiver.set_secrets(webhook.secret)
                typer.echo(f"Created webhook {webhook.id} for {url}; it is removed at the end.", err=True)
                yield
            finally:
                try:
                    await webhooks.delete(webhook.id)
                except TwentyError:
                    typer.echo(f"Webhook {webhook.id} could not be removed: remove it in Twenty's settings.", err=True)
                    raise

    def _print(self, event: WebhookEvent) -> None:
        if self._left == 0:
            return
        _echo(_shown(event, self._output))
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._stop.set()


def _shown(event: WebhookEvent, output: Output) -> str:
    date, record_id = event.event_date.isoformat(timespec="milliseconds"), str(event.record.get("id", ""))
    changed = ", ".join(event.updated_fields or ())
    if output is Output.TABLE:
        return f"{date}  {event.event_name:<24}  {record_id:<36}  {changed}".rstrip()
    if output is Output.CSV:
        return _line_of_csv((date, event.event_name, record_id, changed, json.dumps(event.record)))
    told = event.model_dump(mode="json", by_alias=True) | {"nonce": event.nonce}
    return json.dumps(told, indent=2 if output is Output.JSON else None)


def _line_of_csv(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _echo(line: str) -> None:
    # A pipe waits for it: it may not sit in a buffer.
    typer.echo(line)
    typer.get_text_stream("stdout").flush()
