"""The command line: all commands, and errors as a message and an exit code."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from aiotwenty import __version__
from aiotwenty.cli.connection import Profile, Rate, Timeout, Verbose, choose, forget
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.errors import AuthenticationError, InvalidArgument, SchemaDrift, TwentyError

if TYPE_CHECKING:
    from collections.abc import Mapping

_START, _RECORDS, _BULK, _CODE, _SERVERS = "Connect", "Records", "Bulk", "Typed client", "Servers"

COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "login": ("login", _START, "Store the address and API key of a workspace."),
    "logout": ("login", _START, "Remove a stored workspace and its key."),
    "doctor": ("doctor", _START, "Check the connection, and print what to do."),
    "objects": ("records", _RECORDS, "List the objects of the workspace, or the fields of one."),
    "list": ("single", _RECORDS, "List records."),
    "get": ("single", _RECORDS, "Show records by id."),
    "create": ("single", _RECORDS, "Create a record, or several from JSON."),
    "restore": ("single", _RECORDS, "Restore deleted records."),
    "open": ("single", _RECORDS, "Open a record, or the list of an object, in the browser."),
    "query": ("records", _RECORDS, "Execute a GraphQL document, and print its data as JSON."),
    "load": ("bulk", _BULK, "Load rows into an object, several files by a plan, or an exported workspace."),
    "export": ("bulk", _BULK, "Export records to a file, or a whole workspace to a folder."),
    "update": ("bulk", _BULK, "Update records by ids, from a file, or by a filter."),
    "delete": ("bulk", _BULK, "Delete records by ids, from a file, or by a filter. They can be restored."),
    "destroy": ("bulk", _BULK, "Permanently destroy records by ids, from a file, or by a filter."),
    "compare": ("bulk", _BULK, "Compare the workspace with an exported folder."),
    "init": ("codegen", _CODE, "Set up a typed client: write codegen.toml and .env."),
    "introspect": ("codegen", _CODE, "Save the schemas of the workspace: core.graphql and metadata.graphql."),
    "generate": ("codegen", _CODE, "Generate operations and the typed client from the schemas."),
    "check": ("codegen", _CODE, "Compare the saved schemas with the workspace."),
    "model": ("model", _CODE, "Pull, plan and apply the data model as files."),
    "sandbox": ("sandbox", _SERVERS, "Run a local server that answers like Twenty, for tests and demos."),
    "playground": ("playground", _SERVERS, "Serve GraphiQL and a REST form for the workspace."),
    "webhook": ("webhook", _SERVERS, "Receive webhooks."),
}
"""The module of each command, its section in the help, and its help text.

A module is imported when one of its commands is run: `--help` needs none of them.
"""


class _Commands(TyperGroup):
    """Commands that are imported when they are run."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self.commands or cmd_name not in COMMANDS:
            return self.commands.get(cmd_name)
        _, panel, text = COMMANDS[cmd_name]
        return TyperCommand(cmd_name, help=text, rich_help_panel=panel)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            # From newer versions of typer, which check values with pydantic.
            error.message = error.message.removeprefix("Value error, ")
            raise
        except typer.Abort as error:
            # Of a question that is answered by Ctrl-C or the end of the input; commands ask before they do anything.
            typer.echo("\nNothing was done.", err=True)
            interrupted = isinstance(error.__context__, KeyboardInterrupt)
            raise typer.Exit(ExitCode.INTERRUPTED if interrupted else ExitCode.FAILED) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command itself; `get_command` returns only what help and completion need."""
        name = args[0]
        if name in COMMANDS:
            self.commands.update(load_commands(COMMANDS[name][0]))
        else:
            # Suggestions need all commands.
            self.commands.update({known: self.get_command(ctx, known) for known in COMMANDS})
        return super().resolve_command(ctx, args)


def load_commands(module: str) -> dict[str, Any]:
    """The commands that a module of this package registers, by name."""
    part = typer.Typer(context_settings=_SETTINGS)
    import_module(f"aiotwenty.cli.{module}").register(part)
    # With a second command, typer makes a group in any case.
    part.callback()(lambda: None)
    commands: dict[str, Any] = get_command(part).commands  # type: ignore[attr-defined]
    for command in commands.values():
        _unfold(command)
    return commands


def _unfold(command: Any) -> None:
    """Takes the ends of lines out of the paragraphs of a docstring: each terminal has its own width."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    command.help = "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)
    for part in getattr(command, "commands", {}).values():
        _unfold(part)


_SETTINGS = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="aiotwenty",
    cls=_Commands,
    help="Twenty from the command line. Set the workspace by `aiotwenty login`, or by TWENTY_API_URL and "
    "TWENTY_API_KEY in the environment or in .env.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _common(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    profile: Profile = None,
    timeout: Timeout = None,
    rate_limit: Rate = None,
    verbose: Verbose = False,
) -> None:
    choose(profile, timeout, rate_limit, verbose)


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; an error of the library is one line on standard error."""
    forget()
    try:
        get_command(app).main(args=list(arguments), prog_name="aiotwenty")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except AuthenticationError as error:
        return _report(error, ExitCode.AUTHENTICATION)
    except SchemaDrift as error:
        return _report(error, ExitCode.FINDINGS)
    except InvalidArgument as error:
        return _report(error, ExitCode.USAGE)
    except (TwentyError, OSError) as error:
        return _report(error, ExitCode.FAILED)
    return ExitCode.FINE


def _report(error: Exception, code: int) -> int:
    from aiotwenty.cli.output import inform
    from aiotwenty.cli.wording import said

    text = said(error)
    stop = "" if text.endswith((".", "?", "!", "]", "`")) or "\n" in text else "."
    inform(f"Error: {text}{stop}")
    return code
