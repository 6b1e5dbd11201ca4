"""`aiotwenty webhook listen`: prints the deliveries of a workspace, for writing a receiver."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from aiotwenty.cli.connection import connect, connects
from aiotwenty.cli.output import Output, inform, piped
from aiotwenty.errors import TwentyError
from aiotwenty.graphql.advice import instead_of

if TYPE_CHECKING:
    from aiotwenty.client import Client
    from aiotwenty.webhooks import WebhookEvent, WebhookReceiver

SECRET_VARIABLE = "TWENTY_WEBHOOK_SECRET"
_COLUMNS = ("date", "event", "id", "changed", "record")

commands = typer.Typer(help="Receive webhooks.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the command."""
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
        self._unprinted: OSError | None = None

    async def run(self, secret: str | None, create: bool, url: str | None) -> None:
        """Receives events until it is interrupted or reaches the limit."""
        from aiotwenty.webhooks import WebhookReceiver

        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        # A random secret until the workspace's exists: nobody can sign with it.
        receiver = WebhookReceiver(secret or os.urandom(32).hex())
        receiver.on(*self._operations)(self._print)
        # A missing key is reported before a port is opened and anything is printed.
        client = connect() if create else None
        if self._output is Output.CSV:
            _echo(_line_of_csv(_COLUMNS))
        with _printed_refusals():
            async with self._serving(receiver) as here:
                if client is not None:
                    async with self._made(client, receiver, url or here, secret):
                        await self._stop.wait()
                else:
                    await self._stop.wait()
        if self._unprinted is not None:
            raise self._unprinted

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
            inform(f"Listening on {here}; stop with Ctrl-C.")
            yield here
        finally:
            await runner.cleanup()

    @asynccontextmanager
    async def _made(
        self, client: Client, receiver: WebhookReceiver, url: str, secret: str | None
    ) -> AsyncIterator[None]:
        """A webhook of the workspace for this receiver, while the context lasts."""
        async with client as twenty:
            await self._tell_unknown(twenty)
            webhooks = twenty.workspace.webhooks
            description = "aiotwenty webhook listen"
            webhook = await webhooks.create(url, self._operations, description=description, secret=secret)
            try:
                if webhook.secret is not None:
                    receiver.set_secrets(webhook.secret)
                inform(f"Created webhook {webhook.id} for {url}; it is removed at the end.")
                yield
            finally:
                try:
                    await webhooks.delete(webhook.id)
                except TwentyError:
                    inform(f"Webhook {webhook.id} could not be removed: remove it in Twenty's settings.")
                    raise

    async def _tell_unknown(self, twenty: Client) -> None:
        """Warns about unknown objects, whose events the server accepts all the same (Twenty, July 2026)."""
        names = {operation.partition(".")[0] for operation in self._operations} - {"*"}
        if names:
            known = sorted(item.name_singular for item in await twenty.workspace.objects())
            for name in sorted(names.difference(known)):
                inform(
                    f"Note: the workspace has no object {name!r}{instead_of(name, known)}, so it sends no such event."
                )

    def _print(self, event: WebhookEvent) -> None:
        if self._left == 0:
            return
        try:
            _echo(_shown(event, self._output))
        except OSError as error:
            # The program at the other end of the pipe has ended.
            self._unprinted, self._left = error, 0
            self._stop.set()
            return
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._stop.set()


def _shown(event: WebhookEvent, output: Output) -> str:
    date, record_id = event.event_date.isoformat(timespec="milliseconds"), str(event.record.get("id", ""))
    changed = ", ".join(event.updated_fields or ())
    if output is Output.TABLE:
        if not piped():
            date = f"{event.event_date.astimezone():%H:%M:%S}"
        return f"{date}  {event.event_name:<24}  {record_id:<36}  {changed}".rstrip()
    if output is Output.CSV:
        return _line_of_csv((date, event.event_name, record_id, changed, json.dumps(event.record)))
    values = event.model_dump(mode="json", by_alias=True) | {"nonce": event.nonce}
    return json.dumps(values, indent=2 if output is Output.JSON else None)


def _line_of_csv(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


@contextlib.contextmanager
def _printed_refusals() -> Iterator[None]:
    """Prints the receiver's log, such as refused deliveries, as messages of the command."""
    log, handler = logging.getLogger("aiotwenty.webhooks"), _RefusalLog()
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


class _RefusalLog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        inform(f"{message[:1].upper()}{message[1:]}")


def _echo(line: str) -> None:
    # Flushed, because a program at the other end of a pipe may wait for it.
    typer.echo(line)
    typer.get_text_stream("stdout").flush()
