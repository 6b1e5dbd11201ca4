"""`aiotwenty init`, `introspect`, `generate`, `check`: makes a typed client for a workspace, and checks it."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiotwenty.cli.connection import connect, connects, has_workspace
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.login import ask_workspace, tried
from aiotwenty.settings import CLOUD

if TYPE_CHECKING:
    from graphql import GraphQLSchema

    from aiotwenty.codegen.drift import Drift

_CONFIG = Path("codegen.toml")
_PACKAGE = "my_crm"


class FailOn(StrEnum):
    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    ANY = "any"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(init)
    app.command()(connects(introspect))
    app.command()(generate)
    app.command()(connects(check))


def init(
    package: Annotated[str | None, typer.Argument(help="Name or path of the package.")] = None,
    folder: Annotated[Path, typer.Option(help="Folder of the project.", exists=True, file_okay=False)] = Path(),
    url: Annotated[str | None, typer.Option("--url", help="Address of the workspace.")] = None,
    gitignore: Annotated[
        bool | None, typer.Option("--gitignore/--no-gitignore", help="Add .env to .gitignore.")
    ] = None,
) -> None:
    """Set up a typed client: write codegen.toml and .env.

    On a terminal, it asks for name, address and API key, tests the key, and writes it to .env, readable by you only.
    Elsewhere it takes the argument, TWENTY_API_URL and TWENTY_API_KEY.
    """
    from aiotwenty.codegen.project import (
        ignore_env,
        import_line,
        init_project,
        package_path,
        project_files,
        write_env,
    )

    interactive = sys.stdin.isatty()
    if package is None:
        package = str(typer.prompt("Name of the package", default=_PACKAGE, err=True)) if interactive else _PACKAGE
    # All questions come before the first file: after a wrong key, or Ctrl-C, the same command starts again.
    project_files(folder, package)
    known = has_workspace()
    asked = None
    if interactive and not known and not (folder / ".env").exists():
        asked = ask_workspace(url, CLOUD)
        typer.echo(f"The key is valid for {asyncio.run(tried(*asked))}.", err=True)
    if gitignore is None and interactive:
        gitignore = typer.confirm("Add .env to .gitignore?", default=True, err=True)
    wrote = init_project(folder, package)
    if asked is not None:
        wrote.append(write_env(folder, *asked))
    if gitignore and ignore_env(folder):
        wrote.append(folder / ".gitignore")
    for path in wrote:
        typer.echo(f"wrote {path}")
    before = "" if known or asked else "run aiotwenty login, or set TWENTY_API_URL and TWENTY_API_KEY in .env; then "
    typer.echo(f"Next: {before}aiotwenty introspect && aiotwenty generate")
    typer.echo(f"In Python:  {import_line(folder / package_path(folder, package))}")


def introspect(
    output: Annotated[
        Path | None, typer.Option(help="Folder to write to (default: from codegen.toml, else schema).")
    ] = None,
    config: Annotated[Path, typer.Option(help="Configuration file.")] = _CONFIG,
    descriptions: Annotated[
        bool,
        typer.Option(help="Include labels and descriptions, for docstrings."),
    ] = True,
) -> None:
    """Save the schemas of the workspace: core.graphql and metadata.graphql."""
    targets = schemas(output, config)
    changed = asyncio.run(_write_schemas(targets, descriptions))
    for path in targets.values():
        typer.echo(f"{'wrote' if path in changed else 'unchanged'} {path}")


def generate(
    config: Annotated[Path, typer.Option(help="Configuration file.")] = _CONFIG,
) -> None:
    """Generate operations and the typed client from the schemas."""
    from aiotwenty.codegen.config import load_config
    from aiotwenty.codegen.generate import generate as run
    from aiotwenty.codegen.project import import_line

    loaded = load_config(config)
    report = run(loaded)
    counts = " and ".join(f"{count} operations of {name}" for name, count in report.operations.items())
    typer.echo(f"{len(report.objects)} objects, {counts}; {len(report.changed)} files changed")
    for path in report.kept:
        typer.echo(f"kept {path}, which was not generated")
    typer.echo(f"{import_line(loaded.package)}{_where(loaded.package)}")


def _where(package: Path) -> str:
    """Advice for making the import work; empty if it does."""
    around = package.resolve().parent
    while (around / "__init__.py").exists():
        around = around.parent
    if around == Path.cwd():
        return ""
    project = around.parent
    if around.name == "src" and (project / "pyproject.toml").exists():
        uv = any((folder / "uv.lock").exists() for folder in (project, *project.parents))
        install = "uv sync" if uv else "poetry install" if (project / "poetry.lock").exists() else "pip install -e ."
        return f"    (once the project is installed: {install})"
    return f"    (with {around} on Python's path)"


def check(
    schema: Annotated[
        Path | None, typer.Option(help="Folder of the schemas (default: from codegen.toml, else schema).")
    ] = None,
    config: Annotated[Path, typer.Option(help="Configuration file.")] = _CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="Print the changes as JSON.")] = False,
    fail_on: Annotated[FailOn, typer.Option(help="Smallest change that fails the check.")] = FailOn.ANY,
    module: Annotated[
        list[str] | None, typer.Option(help="Check the models of this module, such as my_app.models.")
    ] = None,
) -> None:
    """Compare the saved schemas with the workspace. Exit code 4 if they differ."""
    if module:
        _check_selections(module)
        return
    drift = asyncio.run(_compare(schemas(schema, config)))
    if as_json:
        typer.echo(json.dumps({"drift": bool(drift), **drift.to_dict()}, indent=2))
    elif not drift:
        typer.echo("No drift: the schemas are up to date.")
    else:
        typer.echo("\n".join(drift.lines()))
        typer.echo("Update the client with `aiotwenty introspect` and `aiotwenty generate`.")
    counted = {FailOn.BREAKING: ("breaking",), FailOn.DANGEROUS: ("breaking", "dangerous")}.get(fail_on)
    worst = drift.worst()
    if worst is not None and (counted is None or worst in counted):
        raise typer.Exit(ExitCode.FINDINGS)


def _check_selections(modules: list[str]) -> None:
    from aiotwenty.codegen.selections import problems_of, selections_of

    models = [model for name in modules for model in selections_of(name)]
    schema = asyncio.run(_served_schema())
    wrong = [problem for model in models for problem in problems_of(model, schema)]
    typer.echo("\n".join([*wrong, f"{len(models)} models checked, {len(wrong)} problems."]))
    if wrong:
        raise typer.Exit(ExitCode.FINDINGS)


async def _served_schema() -> GraphQLSchema:
    from aiotwenty.graphql.introspection import introspection, read_schema

    async with connect() as client:
        return read_schema(await client.execute(introspection()), "/graphql")


def schemas(folder: Path | None, config: Path) -> dict[str, Path]:
    """The paths of the schemas: in the folder, or in the configuration."""
    if folder is None and (config.exists() or config != _CONFIG):
        from aiotwenty.codegen.config import load_config

        return {endpoint.name: endpoint.schema for endpoint in load_config(config).endpoints}
    return {name: (folder or Path("schema")) / f"{name}.graphql" for name in ("core", "metadata")}


async def _write_schemas(targets: dict[str, Path], descriptions: bool) -> list[Path]:
    from aiotwenty.codegen.read.introspect import write_schemas

    async with connect() as client:
        return await write_schemas(client, targets, descriptions=descriptions, on_note=_tell)


def _tell(note: str) -> None:
    typer.echo(note, err=True)


async def _compare(paths: dict[str, Path]) -> Drift:
    from aiotwenty.codegen.drift import compare
    from aiotwenty.codegen.read.introspect import introspect
    from aiotwenty.codegen.read.sdl import load_schema

    old = {name: load_schema(path) for name, path in paths.items()}
    async with connect() as client:
        return compare(old, await introspect(client))
