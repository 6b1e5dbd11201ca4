"""`aiotwenty login` and `logout`: workspaces stored for later commands."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from aiotwenty.cli.connection import Profile, Timeout, chosen
from aiotwenty.cli.output import Output, OutputOption, print_rows
from aiotwenty.cli.profiles import Profiles, Store, check_store, drop_key, store_key
from aiotwenty.cli.wording import said
from aiotwenty.errors import ConfigurationError
from aiotwenty.settings import CLOUD, check_key, check_url, hide

_DEFAULT = "default"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(login)
    app.command()(logout)


def login(
    profile: Profile = None,
    url: Annotated[str | None, typer.Option("--url", help="Address of the workspace.")] = None,
    store: Annotated[
        Store, typer.Option("--store", help="Where to store the key; file: readable by you only.")
    ] = Store.KEYRING,
    show: Annotated[bool, typer.Option("--list", help="List the stored workspaces.")] = False,
    timeout: Timeout = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Store the address and API key of a workspace.

    It asks for the key, or reads it from standard input, tests it, and stores it in the keyring. Create keys in Twenty
    under Settings, APIs & Webhooks.
    """
    profiles = Profiles.read()
    if show:
        rows = [
            {"profile": name, "url": str(table.get("url", "")), "default": name == profiles.default}
            for name, table in profiles.tables.items()
        ]
        print_rows(rows, ("profile", "url", "default"), output)
        return
    name = profile or chosen.profile or _DEFAULT
    check_store(store)
    address, key = ask_workspace(url, str(profiles.tables.get(name, {}).get("url", CLOUD)))
    workspace = asyncio.run(tried(address, key, timeout or chosen.timeout or 30.0))
    store_key(name, str(key), store)
    profiles.keep(name, address)
    where = "the keyring" if store is Store.KEYRING else "a file that only you can read"
    typer.echo(f"Logged in to {workspace} at {address}, as profile {name!r}; the key is in {where}.", err=True)


def logout(profile: Profile = None) -> None:
    """Remove a stored workspace and its key. The key stays valid until it is revoked in Twenty."""
    profiles = Profiles.read()
    name = profile or chosen.profile or profiles.default or _DEFAULT
    had_key = drop_key(name)
    if name not in profiles.tables and not had_key:
        profiles.named(name)
    profiles.drop(name)
    typer.echo(f"Logged out of profile {name!r}. The key is valid until it is revoked in Twenty.", err=True)


def ask_workspace(url: str | None, known: str) -> tuple[str, str]:
    """The address and key: asked for on a terminal; otherwise the key is a line of standard input.

    Raises `BadParameter` for an invalid address, and `ConfigurationError` for an invalid key.
    """
    interactive = sys.stdin.isatty()
    if url is None:
        url = str(typer.prompt("Address of the workspace", default=known, err=True)) if interactive else known
    try:
        address = check_url(url)
    except ConfigurationError as error:
        raise typer.BadParameter(said(error), param_hint="--url") from None
    if interactive:
        return address, check_key(hide(typer.prompt("API key (it is not shown)", hide_input=True, err=True)))
    return address, check_key(hide(sys.stdin.readline()))


async def tried(url: str, key: str, timeout: float = 30.0) -> str:
    """The name of the key's workspace. Raises any `TwentyError`."""
    from aiotwenty.client import Client

    async with Client(url, api_key=key, timeout=timeout, trust_env=True) as client:
        answer = await client.execute("{ currentWorkspace { displayName } }", endpoint="metadata")
    name = (answer.get("currentWorkspace") or {}).get("displayName")
    return f"workspace {name!r}" if name else "the workspace"
