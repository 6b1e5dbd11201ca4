"""`aiotwenty model pull`, `plan`, `apply`: the data model of a workspace as files, for git."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiotwenty.cli.connection import connect, connects
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.options import Yes, sure
from aiotwenty.errors import TwentyError

if TYPE_CHECKING:
    from aiotwenty.client import Client
    from aiotwenty.workspace.model import ModelChange, Part, Plan

_Folder = Annotated[Path, typer.Argument(help="Folder of the data model.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_FOLDER = Path("model")

model = typer.Typer(help="Pull, plan and apply the data model as files.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    model.command()(connects(pull))
    model.command()(connects(plan))
    model.command()(connects(apply))
    app.add_typer(model, name="model")


def pull(
    folder: _Folder = _FOLDER,
    parts: Annotated[
        list[str] | None, typer.Option("--with", help="Also pull views, roles, webhooks; comma-separated or repeated.")
    ] = None,
) -> None:
    """Write the data model of the workspace, one TOML file per object, or update these files.

    Views, roles and webhooks are updated if the folder has them.
    """
    from aiotwenty.workspace.model import keep_renames, write_model
    from aiotwenty.workspace.model.toml_files import parts_of

    named = _parts(parts) + parts_of(folder)

    async def work() -> None:
        async with connect() as client:
            pulled = await client.workspace.model(named)
        done = write_model(folder, keep_renames(folder, pulled))
        for path, action in done.items():
            typer.echo(f"{action} {path}")
        for note in pulled.notes:
            typer.echo(f"not written: {note}", err=True)
        typer.echo(f"{len(pulled.objects)} objects, {len(done)} files changed")

    asyncio.run(work())


def plan(folder: _Folder = _FOLDER, as_json: _Json = False) -> None:
    """Show the changes that `apply` would make. Exit code 4 if there are any."""
    planned = asyncio.run(_plan(folder))
    _show(planned, as_json)
    if planned:
        raise typer.Exit(ExitCode.FINDINGS)


def apply(
    folder: _Folder = _FOLDER,
    yes: Yes = False,
    allow_destroy: Annotated[
        list[str] | None,
        typer.Option(help="Data in use that may be destroyed: company.tier, company.tier.GOLD, rocket; repeatable."),
    ] = None,
    generate: Annotated[bool, typer.Option("--generate", help="Then generate the client again.")] = False,
    config: Annotated[Path, typer.Option(help="Configuration file for --generate.")] = Path("codegen.toml"),
    as_json: _Json = False,
) -> None:
    """Change the workspace to the data model of the files, after confirmation. Run it again after an interruption."""
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask on: pass --yes")
    allowed = allow_destroy or []

    async def work() -> None:
        async with connect() as client:
            planned = await client.workspace.plan(folder)
            if not as_json:
                _show(planned, as_json)
            planned.check_destroyed(allowed)
            _warn_of_unused(planned, allowed)
            if planned:
                sure("Apply these changes?", yes)
            done = await _do(client, planned, allowed, as_json) if planned else []
        if as_json:
            typer.echo(json.dumps({**planned.to_dict(), "done": len(done)}, ensure_ascii=False))
        elif done:
            typer.echo(f"Done: {len(done)} changes. The workspace has this data model.")

    asyncio.run(work())
    if generate:
        _generate(config)


async def _do(client: Client, planned: Plan, allowed: list[str], as_json: bool) -> list[ModelChange]:
    """Applies the plan. If it fails, prints how to continue."""
    from aiotwenty.workspace.model import NotApplied

    begun: list[ModelChange] = []

    def tell(change: ModelChange) -> None:
        begun.append(change)
        if not as_json:
            typer.echo(f"{change.action.value} {change.kind} {change.path} …")

    try:
        return await client.workspace.apply(planned, allow_destroy=allowed, on_change=tell)
    except NotApplied:
        raise
    except (asyncio.CancelledError, TwentyError):
        if begun:
            last = f"{begun[-1].action.value} {begun[-1].kind} {begun[-1].path}"
            typer.echo(
                f"Stopped at change {len(begun)}, {last}: it may be done or not. To go on, run the same command again.",
                err=True,
            )
        raise


def _generate(config: Path) -> None:
    from aiotwenty.cli.codegen import generate, introspect

    introspect(None, config, True)
    generate(config)


def _parts(texts: list[str] | None) -> list[Part]:
    from aiotwenty.workspace.model import PARTS

    named = [name.strip() for text in texts or () for name in text.split(",")]
    for name in named:
        if name not in PARTS:
            raise typer.BadParameter(f"{name!r} is not one of {', '.join(PARTS)}", param_hint="--with")
    return [part for part in PARTS if part in named]


async def _plan(folder: Path) -> Plan:
    async with connect() as client:
        return await client.workspace.plan(folder)


def _show(planned: Plan, as_json: bool) -> None:
    typer.echo(json.dumps(planned.to_dict(), indent=2, ensure_ascii=False) if as_json else str(planned))


def _warn_of_unused(planned: Plan, allowed: list[str]) -> None:
    destroyed = {name for change in planned.changes for name, _ in change.destroys}
    for name in allowed:
        if name not in destroyed:
            typer.echo(f"--allow-destroy {name}: the plan doesn't destroy anything of this name.", err=True)
