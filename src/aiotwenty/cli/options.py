"""The flags of the commands for bulk work, made of the options in `aiotwenty.bulk.options`."""

from __future__ import annotations

import inspect
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Concatenate, Literal, NoReturn, ParamSpec

import typer

from aiotwenty.bulk.options import described
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.option_values import constants_of, mapping_of, refuse

P = ParamSpec("P")

ObjectName = Annotated[str, typer.Argument(help="An object: companies, people, rockets.")]
Object = Annotated[str | None, typer.Argument(help="An object: companies, people, rockets.")]
Source = Annotated[
    str | None,
    typer.Argument(help="A .csv, .xlsx, .json, .jsonl or .parquet file, compressed or not; - for standard input."),
]
What = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ID… NAME=VALUE… | SOURCE",
        help="Record ids, new values, or a file of rows (- for standard input).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print progress and report as JSON lines.")]
FilterText = Annotated[
    str | None,
    typer.Option("--filter", help='Such as \'name~air city=Bergen\', or JSON: \'{"name": {"like": "A%"}}\'.'),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")]
AllRecords = Annotated[bool, typer.Option("--all-records", help="Every record of the object.")]


def sure(question: str, yes: bool, *, can_ask: bool = True) -> None:
    """Returns if the user agrees, by --yes or in answer to a question. Raises `BadParameter` if it can't ask."""
    if yes:
        return
    if not can_ask or not sys.stdin.isatty():
        raise typer.BadParameter(f"{question} There is no terminal to ask on: pass --yes")
    if not _agrees(question):
        typer.echo("Nothing was done.", err=True)
        raise typer.Exit(ExitCode.FAILED)


def _interrupted_once(*_: object) -> NoReturn:
    """A second Ctrl-C must not cut off the message about the first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _agrees(question: str) -> bool:
    """The answer. Ctrl-C ends the command at once; with a running loop it would wait for the answer."""
    interrupted = signal.signal(signal.SIGINT, _interrupted_once)
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        typer.echo("\nNothing was done.", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGINT, interrupted)


@dataclass(frozen=True)
class Flag:
    """The form of an option on the command line."""

    type: Any = str
    names: tuple[str, ...] = ()
    """The names, if they differ from the option's."""
    more: str = ""
    """A text that the help adds to the option's description."""
    instead: str = ""
    """A text that replaces the option's description in the help."""
    read: Callable[[Any], Any] | None = None
    """Converts the text to the option's value."""
    settings: Mapping[str, Any] = field(default_factory=dict)


_REPEATABLE = " Repeatable."
_MAPPING = " COLUMN=FIELD, COLUMN=FIELD:TRANSFORM (or TRANSFORM(ARG)) or COLUMN=; repeatable."

FLAGS: dict[str, Flag] = {
    "key": Flag(list[str], more=_REPEATABLE),
    "mapping": Flag(list[str], ("--map",), _MAPPING, read=mapping_of),
    "constants": Flag(list[str], ("--set",), " FIELD=VALUE; repeatable.", read=constants_of),
    "ignore": Flag(list[str], more=" * for all without a mapping; repeatable."),
    "nulls": Flag(Literal["skip", "send"]),
    "replace": Flag(list[str], more=_REPEATABLE),
    "malformed": Flag(
        bool, ("--reject-malformed",), instead="Reject malformed lines instead of stopping.", read=lambda _: "reject"
    ),
    "encoding": Flag(),
    "delimiter": Flag(),
    "skip_lines": Flag(int, settings={"min": 0}),
    "sheet": Flag(),
    "gaps": Flag(list[str], ("--gap", "--gaps"), _REPEATABLE),
    "preset": Flag(),
    "region": Flag(),
    "upsert": Flag(bool),
    "create_missing": Flag(bool),
    "add_options": Flag(bool),
    "journal": Flag(Path),
    "incremental": Flag(Path),
    "rejects": Flag(Path),
    "concurrency": Flag(int, settings={"min": 1, "max": 64}),
    "batch_size": Flag(int, settings={"min": 1, "max": 200}),
    "max_bytes": Flag(int, settings={"min": 1}),
    "dry_run": Flag(bool),
    "fields": Flag(list[str], ("--field",), _REPEATABLE),
    "deleted": Flag(bool),
    "spreadsheet_safe": Flag(bool),
    "page_size": Flag(int, settings={"min": 1}),
}
"""Options without a flag are for programs only: a name for rows, a function for progress."""


def flag_of(name: str) -> str:
    return FLAGS[name].names[0] if FLAGS[name].names else f"--{name.replace('_', '-')}"


def takes(options: type) -> Callable[[Callable[Concatenate[dict[str, Any], P], None]], Callable[P, None]]:
    """Gives a command the flags of these options, before its last parameter.

    The command gets the values of the passed flags as its first argument, by the options' names.
    """
    named = [name for name in FLAGS if name in options.__annotations__]

    def decorate(command: Callable[Concatenate[dict[str, Any], P], None]) -> Callable[P, None]:
        @wraps(command)
        def with_flags(*args: P.args, **keywords: P.kwargs) -> None:
            written: dict[str, Any] = {**keywords}
            values = {name: written.pop(name) for name in named}
            passed = {name: value for name, value in values.items() if value not in (None, False, [])}
            command({name: _read(name, value) for name, value in passed.items()}, *args, **written)

        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        flags = [_parameter(options, name) for name in named]
        parameters = [*own[:-1], *flags, own[-1]]
        with_flags.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        with_flags.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return with_flags

    return decorate


def _parameter(options: type, name: str) -> inspect.Parameter:
    flag = FLAGS[name]
    help_text = flag.instead or described(options, name) + flag.more
    option = typer.Option(*(flag.names or (flag_of(name),)), help=help_text, **flag.settings)
    kind: Any = flag.type if flag.type is bool else flag.type | None
    return inspect.Parameter(
        name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=False if flag.type is bool else None,
        annotation=Annotated[kind, option],
    )


def _read(name: str, value: Any) -> Any:
    read = FLAGS[name].read
    return value if read is None else read(value)


def refuse_all(why: str, options: Mapping[str, Any], *, but: tuple[str, ...] = ()) -> None:
    """Refuses options that would be ignored: `why` says what they can't be combined with."""
    refuse(why, **{flag_of(name).removeprefix("--"): True for name in options if name not in but})
