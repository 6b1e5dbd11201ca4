"""What a command shows of long work: how far it is, what became of it, how to go on when it was stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from aiotwenty import Client
from aiotwenty.bulk import LoadReport, Progress, Reject
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.errors import ConfigurationError, TwentyError
from aiotwenty.migrate import StepReport
from aiotwenty.migrate.plan import ends_all

SHOWN, SHOWN_TO_MACHINES = 5, 100
T = TypeVar("T")


class Display:
    """Progress for whoever looks: a bar on a terminal, a line now and then elsewhere, JSON for machines."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console(stderr=True)
        self._bar: Bar | None = None
        self._tasks: dict[str, TaskID] = {}
        self._told = monotonic()

    @contextmanager
    def shown(self) -> Iterator[Display]:
        if self._as_json or not self._console.is_terminal:
            yield self
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
        )
        with Bar(*columns, console=self._console) as self._bar:
            yield self

    def say(self, text: str) -> None:
        if not self._as_json:
            self._console.print(text, markup=False, highlight=False)

    def progress(self, progress: Progress) -> None:
        if self._bar is not None:
            if progress.what not in self._tasks:
                self._tasks[progress.what] = self._bar.add_task(progress.what, total=progress.total, state="")
            self._bar.update(
                self._tasks[progress.what], total=progress.total, completed=progress.done, state=_state(progress)
            )
        elif monotonic() - self._told >= (1 if self._as_json else 10):
            self._told = monotonic()
            if self._as_json:
                told = asdict(progress) | {"rate": progress.rate, "seconds_left": progress.seconds_left}
                del told["started"]
                typer.echo(json.dumps({"progress": told}))
            else:
                left = progress.seconds_left
                total = "" if progress.total is None else f" of {progress.total:,}"
                ending = "" if left is None else f", {left:,.0f} s left"
                self.say(f"{progress.what}: {progress.done:,}{total}, {_state(progress)}{ending}")


def _state(progress: Progress) -> str:
    return f"{progress.rate:,.0f}/s, {progress.rejected:,} rejected, {progress.concurrency} in flight"


def work(do: Callable[[Client, Display], Awaitable[T]], as_json: bool, journal: Path | None) -> T:
    """Runs with a client; when it is stopped or breaks off, what is in flight is finished and how to go on is said."""
    display = Display(as_json)

    async def main() -> T:
        async with Client() as client:
            return await do(client, display)

    try:
        with display.shown():
            return asyncio.run(main())
    except TwentyError as error:
        if journal is not None and journal.exists() and not isinstance(error, ConfigurationError):
            typer.echo(_go_on(journal), err=True)
        raise
    except KeyboardInterrupt:
        if journal is not None:
            how = _go_on(journal)
        else:
            how = "There was no --journal to remember it: the same command begins again."
        typer.echo(f"Stopped; what was in flight was finished. {how}", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _go_on(journal: Path) -> str:
    return f"To go on, run the same command again: {journal} knows what is done."


def finish(steps: Sequence[StepReport], as_json: bool, rejects: Path | None) -> None:
    """Tells what became of the rows; exit code 4 when some were rejected, or something could not be moved."""
    for step in steps:
        report = step.report
        if as_json:
            told = {"step": step.label, "links": step.links, **_as_dict(report), "notes": [*step.notes, *report.notes]}
            error = {"error": str(step.error)} if step.error is not None else {}
            typer.echo(json.dumps({**told, **error}, default=str))
            continue
        label = f"{step.label}{' (relations)' if step.links else ''}"
        if step.error is not None:
            done = f" ({report})" if report.received else ""
            typer.echo(f"{label}: {'broken off' if report.loaded else 'not moved'}: {step.error}{done}")
        elif report.received or not step.notes:
            typer.echo(f"{label}: {report}")
        for note in step.notes:
            typer.echo(f"{label}: {note}")
        show_mapping(report)
        for reject in islice(report.rejects, SHOWN):
            where = f"row {reject.row}" + (f" (line {reject.line})" if reject.line else "")
            typer.echo(f"  {where}: {reject.code}: {reject.message}")
        if report.rejected > SHOWN:
            typer.echo(f"  and {report.rejected - SHOWN:,} more")
    if rejects is not None and not as_json and any(step.report.rejected for step in steps):
        typer.echo(f"{rejects} has the rejected rows: correct them and load that.")
    for step in steps:
        if step.error is not None and ends_all(step.error):
            raise step.error
    if not all(step.complete for step in steps):
        raise typer.Exit(ExitCode.FINDINGS)


def show_mapping(report: LoadReport) -> None:
    """What was guessed; of a dry run the mapping too, and the first values as they will arrive."""
    for note in report.notes:
        typer.echo(f"  {note}")
    if report.preview:
        typer.echo("  The first values as they will arrive:")
        for place, values in report.preview.items():
            typer.echo(f"    {place}: {', '.join(values) or 'none'}")
    if report.mapping:
        typer.echo("  The mapping, to keep and change (in a plan, or as a preset under the name of the object):")
        typer.echo(report.mapping)


def _as_dict(report: LoadReport) -> dict[str, Any]:
    names = ("received", "loaded", "rejected", "already_loaded", "requests", "retries", "seconds", "dry_run")
    return {
        **{name: getattr(report, name) for name in names},
        "created": dict(report.created),
        "notes": list(report.notes),
        **({"mapping": report.mapping, "preview": dict(report.preview)} if report.dry_run else {}),
        "rejects": [_told(reject) for reject in islice(report.rejects, SHOWN_TO_MACHINES)],
    }


def _told(reject: Reject) -> dict[str, Any]:
    return {"row": reject.row, "line": reject.line, "code": reject.code, "message": reject.message}
