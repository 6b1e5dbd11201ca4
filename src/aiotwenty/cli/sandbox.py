"""`aiotwenty sandbox`: a server on this machine that answers like Twenty."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from aiotwenty.cli.background import Background
from aiotwenty.cli.env_file import write_variables


def register(app: typer.Typer) -> None:
    app.command("sandbox")(sandbox)


def sandbox(
    program: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- PROGRAM", help="Run this program with the sandbox, and exit with its exit code."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65_535)] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    database: Annotated[Path | None, typer.Option(help="Database file; default: in memory.")] = None,
    rate_limit: Annotated[
        str | None, typer.Option(help="Rate limit, such as 100/60s; several separated by commas.")
    ] = None,
    version: Annotated[str, typer.Option(help="Version of Twenty to imitate: 2.19 or 1.10.")] = "2.19",
    strict: Annotated[bool, typer.Option(help="The same as --version 1.10.", hidden=True)] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Inject a fault, such as reset-after:count=1; repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of --seed-data and of random faults.")] = 0,
    seed_data: Annotated[
        int, typer.Option("--seed-data", help="Number of records to create: companies, people, deals, …", min=0)
    ] = 0,
    env_file: Annotated[
        Path | None, typer.Option("--env-file", help="Write address and key to this file, such as .env.")
    ] = None,
    background: Annotated[bool, typer.Option("--background", help="Run in the background.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop the sandboxes in the background, or the one at --port.")
    ] = False,
) -> None:
    """Run a local server that answers like Twenty, for tests and demos. Stop with Ctrl-C.

    `aiotwenty sandbox -- pytest` runs a program with TWENTY_API_URL and TWENTY_API_KEY set.
    """
    if stop:
        _stop(port)
        return
    if background and program:
        raise typer.BadParameter("--background can't be combined with a program")
    if background:
        _detach(seed_data)
        return
    settings: dict[str, Any] = {
        "host": host,
        "rate_limit": rate_limit,
        "version": version,
        "strict": strict,
        "faults": fault or (),
        "seed": seed,
    }
    try:
        with _seeded(database, seed_data, seed, version, strict) as file:
            settings |= {"database": file, "port": port}
            if program:
                raise typer.Exit(asyncio.run(_with_program(settings, program, env_file)))
            asyncio.run(_until_stopped(settings, env_file))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


async def _until_stopped(settings: dict[str, Any], env_file: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    variables: dict[str, str] = {}

    def echo(line: str) -> None:
        name, _, value = line.partition("=")
        if name.startswith("TWENTY_"):
            variables[name] = value
            if len(variables) == 2 and env_file is not None:
                write_variables(env_file, variables)
        _echo(line)
        if len(variables) == 2:
            _echo_exports(f"{variable}={content}" for variable, content in variables.items())

    from aiotwenty.sandbox import serve

    await serve(**settings, echo=echo, stop=stop)


async def _with_program(settings: dict[str, Any], program: list[str], env_file: Path | None) -> int:
    """Runs a program against a sandbox, with its own output and exit code."""
    from aiotwenty.sandbox import Sandbox

    async with Sandbox(**settings) as running:
        variables = {"TWENTY_API_URL": running.url, "TWENTY_API_KEY": running.api_key}
        if env_file is not None:
            write_variables(env_file, variables)
        try:
            process = await asyncio.create_subprocess_exec(*program, env={**os.environ, **variables})
        except OSError as error:
            raise typer.BadParameter(f"{program[0]} can't be run: {error.strerror}", param_hint="PROGRAM") from None
        # Ctrl-C also goes to the program, which decides how to end.
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, process.terminate)
        code = await process.wait()
        return code if code >= 0 else 128 - code


@contextlib.contextmanager
def _seeded(database: Path | None, records: int, seed: int, version: str, strict: bool) -> Iterator[Path | None]:
    """The file to serve. Data is loaded before rate limits and faults begin."""
    if not records:
        yield database
        return
    with TemporaryDirectory() as folder:
        file = database or Path(folder, "sandbox.db")

        async def fill() -> str:
            from aiotwenty.cli.seed_data import seed as load_seed
            from aiotwenty.client import Client
            from aiotwenty.sandbox import Sandbox

            async with (
                Sandbox(file, version=version, strict=strict) as filled,
                Client(filled.url, api_key=filled.api_key, rate_limit=None) as client,
            ):
                counts = await load_seed(client, records, seed)
            return ", ".join(f"{count:,} {name}" for name, count in counts.items())

        _announce(records)
        typer.echo(f"Created {asyncio.run(fill())}.", err=True)
        yield file


def _announce(records: int) -> None:
    typer.echo(f"Creating {records:,} records …", err=True)


def _detach(records: int) -> None:
    """Starts the same command as a separate process, and prints its variables once it answers."""
    if records:
        _announce(records)
    arguments = [argument for argument in sys.argv[1:] if argument != "--background"]
    started = Background.start([sys.executable, "-m", "aiotwenty", *arguments])
    for line in started.lines:
        _echo(line)
    _echo_exports(started.lines)
    typer.echo(f"Running in the background (process {started.pid}); stop with: aiotwenty sandbox --stop", err=True)


def _stop(port: int) -> None:
    stopped = Background.stop(port)
    typer.echo("\n".join(f"stopped {url}" for url in stopped) or "No sandbox is running in the background.", err=True)


def _echo_exports(variables: Iterable[str]) -> None:
    """Prints a line to paste into another shell, on a terminal."""
    if sys.stdout.isatty():
        _echo(f"\nTo use it from another shell:\nexport {' '.join(variables)}\n")


def _echo(line: str) -> None:
    # Standard output has only the variables, so that a shell can read them. They are flushed, because a program that
    # started the sandbox waits for them.
    typer.echo(line, err=not line.startswith("TWENTY_"))
    typer.get_text_stream("stdout").flush()
