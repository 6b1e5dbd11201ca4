"""`aiotwenty sandbox`: a server on this machine that answers like Twenty."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Annotated

import typer

from aiotwenty.sandbox import serve


def register(app: typer.Typer) -> None:
    app.command("sandbox")(sandbox)


def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any free one.", min=0, max=65_535)] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    database: Annotated[Path | None, typer.Option(help="File that keeps everything; else it is in memory.")] = None,
    rate_limit: Annotated[
        str | None, typer.Option(help="Refuse as Twenty does, for instance 100/60s; several by commas.")
    ] = None,
    version: Annotated[str, typer.Option(help="Answer like this version of Twenty: 2.19 or 1.10.")] = "2.19",
    strict: Annotated[bool, typer.Option(help="The same as --version 1.10.", hidden=True)] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Fail on demand, for instance reset-after:probability=0.05; may be given more than once."),
    ] = None,
    seed: Annotated[int, typer.Option(help="What the probabilities of faults come to.")] = 0,
) -> None:
    """Run a server that answers like Twenty, for tests, demos and offline work. Ctrl-C stops it."""

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, stop.set)
        await serve(
            host=host,
            port=port,
            database=database,
            rate_limit=rate_limit,
            version=version,
            strict=strict,
            faults=fault or (),
            seed=seed,
            echo=_echo,
            stop=stop,
        )

    try:
        asyncio.run(run())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _echo(line: str) -> None:
    # Standard output has the variables and nothing else, so that a shell can read them from there. A program that
    # started the sandbox waits for them: they may not sit in a buffer.
    typer.echo(line, err=not line.startswith("TWENTY_"))
    typer.get_text_stream("stdout").flush()
