"""`aiotwenty init`, `introspect`, `generate`, `check`: from a workspace to a typed client, and if it still fits."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiotwenty.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from graphql import GraphQLSchema

    from aiotwenty.codegen.drift import Drift

_CONFIG = Path("codegen.toml")


class FailOn(StrEnum):
    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    ANY = "any"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(introspect)
    app.command()(generate)
    app.command()(check)


def init(
    package: Annotated[str, typer.Argument(help="Its name, for src/<name>, or a path.")] = "my_crm",
    folder: Annotated[Path, typer.Option(help="The project.", exists=True, file_okay=False)] = Path(),
) -> None:
    """Write codegen.toml and .env.example for a client of your own workspace."""
    from aiotwenty.codegen.project import init_project

    for path in init_project(folder, package):
        typer.echo(f"wrote {path}")
    typer.echo(
        "Next: put TWENTY_API_URL and TWENTY_API_KEY into .env, then aiotwenty introspect && aiotwenty generate."
    )


def introspect(
    output: Annotated[
        Path | None, typer.Option(help="The folder to write to (default: as in codegen.toml, else schema).")
    ] = None,
    config: Annotated[Path, typer.Option(help="The configuration.")] = _CONFIG,
    descriptions: Annotated[
        bool, typer.Option(help="With what the workspace says of its objects and fields, for docstrings.")
    ] = True,
) -> None:
    """Write the schemas of the workspace: core.graphql and metadata.graphql."""
    targets = _schemas(output, config)
    changed = asyncio.run(_write_schemas(targets, descriptions))
    for path in targets.values():
        typer.echo(f"{'wrote' if path in changed else 'unchanged'} {path}")


def generate(
    config: Annotated[Path, typer.Option(help="The configuration.")] = _CONFIG,
) -> None:
    """Write the operations and the typed client from the schemas."""
    from aiotwenty.codegen.config import load_config
    from aiotwenty.codegen.generate import generate as run

    report = run(load_config(config))
    counts = " and ".join(f"{count} operations of {name}" for name, count in report.operations.items())
    typer.echo(f"{len(report.objects)} objects, {counts}; {len(report.changed)} files changed")
    for path in report.kept:
        typer.echo(f"kept {path}, which somebody wrote")


def check(
    schema: Annotated[
        Path | None, typer.Option(help="The folder with the schemas (default: as in codegen.toml, else schema).")
    ] = None,
    config: Annotated[Path, typer.Option(help="The configuration.")] = _CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="Print the changes as JSON.")] = False,
    fail_on: Annotated[FailOn, typer.Option(help="The least change that counts as drift.")] = FailOn.ANY,
    module: Annotated[
        list[str] | None, typer.Option(help="Check the selections of this module instead, such as my_app.models.")
    ] = None,
) -> None:
    """Compare the schemas with the workspace as it is now. Exit code 4 if it has drifted."""
    if module:
        _check_selections(module)
        return
    drift = asyncio.run(_compare(_schemas(schema, config)))
    if as_json:
        typer.echo(json.dumps({"drift": bool(drift), **drift.to_dict()}, indent=2))
    elif not drift:
        typer.echo("No drift: the workspace is as it was introspected.")
    else:
        typer.echo("\n".join(drift.lines()))
        typer.echo("`aiotwenty introspect` and `aiotwenty generate` bring the client up to date.")
    counted = {FailOn.BREAKING: ("breaking",), FailOn.DANGEROUS: ("breaking", "dangerous")}.get(fail_on)
    worst = drift.worst()
    if worst is not None and (counted is None or worst in counted):
        raise typer.Exit(ExitCode.FINDINGS)


def _check_selections(modules: list[str]) -> None:
    from aiotwenty.codegen.selections import problems_of, selections_of

    models = [model for name in modules for model in selections_of(name)]
    schema = asyncio.run(_served_schema())
    wrong = [problem for model in models for problem in problems_of(model, schema)]
    typer.echo("\n".join([*wrong, f"{len(models)} selections checked, {len(wrong)} problems."]))
    if wrong:
        raise typer.Exit(ExitCode.FINDINGS)


async def _served_schema() -> GraphQLSchema:
    from aiotwenty.client import Client
    from aiotwenty.graphql.introspection import introspection, read_schema

    async with Client() as client:
        return read_schema(await client.execute(introspection()), "/graphql")


def _schemas(folder: Path | None, config: Path) -> dict[str, Path]:
    if folder is None and (config.exists() or config != _CONFIG):
        from aiotwenty.codegen.config import load_config

        return {endpoint.name: endpoint.schema for endpoint in load_config(config).endpoints}
    return {name: (folder or Path("schema")) / f"{name}.graphql" for name in ("core", "metadata")}


async def _write_schemas(targets: dict[str, Path], descriptions: bool) -> list[Path]:
    from aiotwenty.client import Client
    from aiotwenty.codegen.read.introspect import write_schemas

    async with Client() as client:
        return await write_schemas(client, targets, descriptions=descriptions)


async def _compare(paths: dict[str, Path]) -> Drift:
    from aiotwenty.client import Client
    from aiotwenty.codegen.drift import compare
    from aiotwenty.codegen.read.introspect import introspect
    from aiotwenty.codegen.read.sdl import load_schema

    old = {name: load_schema(path) for name, path in paths.items()}
    async with Client() as client:
        return compare(old, await introspect(client))
