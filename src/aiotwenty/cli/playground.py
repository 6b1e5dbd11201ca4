"""`aiotwenty playground`: try documents against the workspace in a browser."""

from __future__ import annotations

import asyncio
import webbrowser
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(playground)


def playground(
    port: Annotated[int, typer.Option(help="0 takes any free one.", min=0, max=65_535)] = 0,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse documents that write.")] = False,
) -> None:
    """Serve a page to write GraphQL and browse the schema, on this machine only. Ctrl-C ends it."""
    try:
        asyncio.run(_serve(port, open_browser, read_only))
    except KeyboardInterrupt:
        typer.echo("Closed.", err=True)


async def _serve(port: int, open_browser: bool, read_only: bool) -> None:
    from aiotwenty.client import Client
    from aiotwenty.playground import Playground

    async with Client() as twenty, Playground(twenty, port=port, read_only=read_only) as page:
        typer.echo(page.url)
        may = "read" if read_only else "change"
        typer.echo(f"The address holds a token: whoever has it can {may} the workspace. Ctrl-C ends it.", err=True)
        if open_browser:
            webbrowser.open(page.url)
        await asyncio.Event().wait()
