"""The commands put together, and what becomes of an error: one line for the reader and an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer
from rich.console import Console
from typer.main import get_command

from aiotwenty import __version__
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.errors import AuthenticationError, SchemaDrift, TwentyError

_COMMANDS = ("codegen", "records", "bulk", "sandbox", "playground")

app = typer.Typer(
    name="aiotwenty",
    help="Twenty from the command line. TWENTY_API_URL and TWENTY_API_KEY, or .env, say which workspace.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _common(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


for _name in _COMMANDS:
    import_module(f"aiotwenty.cli.{_name}").register(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; an error of the library is one line on standard error."""
    try:
        get_command(app).main(args=list(arguments), prog_name="aiotwenty")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except AuthenticationError as error:
        return _report(error, ExitCode.AUTHENTICATION)
    except SchemaDrift as error:
        return _report(error, ExitCode.FINDINGS)
    except (TwentyError, OSError) as error:
        return _report(error, ExitCode.FAILED)
    return ExitCode.FINE


def _report(error: Exception, code: int) -> int:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(f"Error: {error}")
    return code
