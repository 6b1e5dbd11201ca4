"""`aiotwenty playground`: documents for the workspace in a browser."""

from __future__ import annotations

import asyncio
import webbrowser
from contextlib import nullcontext
from typing import Annotated

import typer

from aiotwenty.cli.connection import connect, connects


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(connects(playground))


def playground(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65_535)] = 0,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse documents that write.")] = False,
) -> None:
    """Serve GraphiQL and a REST form for the workspace, on this machine only. Stop with Ctrl-C."""
    try:
        asyncio.run(_serve(port, open_browser, read_only))
    except KeyboardInterrupt:
        typer.echo("Closed.", err=True)


async def _serve(port: int, open_browser: bool, read_only: bool) -> None:
    from aiotwenty import Twenty
    from aiotwenty.playground import Playground

    # Its namespaces are what "Copy as Python" can write typed calls with.
    async with connect(kind=Twenty) as twenty, Playground(twenty, port=port, read_only=read_only) as page:
        typer.echo(page.url)
        may = "read" if read_only else "change"
        typer.echo(
            f"The address contains a token: anyone who has it can {may} the workspace. Stop with Ctrl-C.", err=True
        )
        with page.opener() if open_browser else nullcontext("") as opener:
            if open_browser:
                webbrowser.open(opener)
            await asyncio.Event().wait()
