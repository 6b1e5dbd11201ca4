"""The output of long commands: progress, the result, and how to resume after an interruption."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from rich.console import Console

from aiotwenty import bulk
from aiotwenty.cli.bars import Bars
from aiotwenty.cli.connection import connect
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.output import inform, tell
from aiotwenty.cli.wording import said
from aiotwenty.errors import ConfigurationError, RateLimited, TwentyError

if TYPE_CHECKING:
    from rich.progress import TaskID

    from aiotwenty import Client
    from aiotwenty.bulk import ExportReport, LoadReport, Progress, Reject
    from aiotwenty.migrate import ObjectComparison, StepReport
    from aiotwenty.transport.hooks import Hooks, ResponseEvent, RetryEvent
    from aiotwenty.transport.rate_limit import RateLimit

SHOWN, SHOWN_TO_MACHINES = 5, 100
T = TypeVar("T")


class Display:
    """Shows progress: bars on a terminal, a line every ten seconds elsewhere, or JSON."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console(stderr=True)
        self._bar: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._latest: dict[str, Progress] = {}
        self._reported_at = monotonic()
        self._wait = ""
        self._limits: Callable[[], str] = str

    @contextmanager
    def shown(self) -> Iterator[Display]:
        if self._as_json or not self._console.is_terminal:
            yield self
            return
        with Bars(self._console) as self._bar:
            self._tasks[""] = self._bar.add_task("connecting", total=None, state="")
            yield self
        self._bar = None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Makes room for a question by hiding the bars."""
        if self._bar is not None:
            self._bar.stop()
        try:
            yield
        finally:
            if self._bar is not None:
                self._bar.start()

    def hooks(self) -> Hooks:
        """Hooks that report waits to the display."""
        from aiotwenty.transport.hooks import Hooks

        return Hooks(on_retry=self._retried, on_response=self._answered)

    def connected(self, client: Client) -> None:
        """Shows the limit of this client from now on."""
        self._limits = lambda: limits_said(client._endpoint("graphql").limits)

    def say(self, text: str) -> None:
        if not self._as_json:
            self._console.print(text, markup=False, highlight=False)

    def progress(self, progress: Progress) -> None:
        self._latest[progress.what] = progress
        if self._bar is not None:
            self._show(self._bar)
        elif monotonic() - self._reported_at >= (1 if self._as_json else 10):
            self._reported_at = monotonic()
            if self._as_json:
                entry = asdict(progress) | {"rate": progress.rate, "seconds_left": progress.seconds_left}
                del entry["started"]
                typer.echo(json.dumps({"progress": entry}))
            else:
                self.say(f"{progress.what}: {self.state(progress)}")

    def state(self, progress: Progress) -> str:
        """The progress in words: known values that apply to this command."""
        parts = [f"{progress.done:,}"]
        if progress.total is not None:
            parts = [f"{progress.done:,} of {progress.total:,}"]
            if progress.total:
                parts[0] = f"{min(100, 100 * progress.done // progress.total)} %, {parts[0]}"
        if progress.rejected:
            parts.append(f"{progress.rejected:,} rejected")
        if progress.total is None or progress.done < progress.total:
            parts.append(f"{progress.rate:,.0f}/s")
            if progress.seconds_left is not None and progress.done:
                parts.append(f"{_duration(progress.seconds_left)} left")
        return ", ".join(parts)

    def stopped(self) -> None:
        """Prints the progress of all unfinished tasks."""
        for what, progress in self._latest.items():
            if progress.total is None or progress.done < progress.total:
                self.say(f"{what}: {self.state(progress)}" if what else self.state(progress))

    def _show(self, bar: Bars) -> None:
        if "" in self._tasks and "" not in self._latest:
            bar.remove_task(self._tasks.pop(""))
        for label, progress in self._latest.items():
            if label not in self._tasks:
                if "all" in self._tasks:  # which stays the last line
                    bar.remove_task(self._tasks.pop("all"))
                self._tasks[label] = bar.add_task(label, total=progress.total, state="")
            state = self.state(progress) + self._aside(progress)
            bar.update(self._tasks[label], total=progress.total, completed=progress.done, state=state)
        if len(self._latest) > 1:
            if "all" not in self._tasks:
                self._tasks["all"] = bar.add_task("all", total=None, state="")
            done = sum(progress.done for progress in self._latest.values())
            rejected = sum(progress.rejected for progress in self._latest.values())
            state = f"{done:,} in {len(self._latest)} objects" + (f", {rejected:,} rejected" if rejected else "")
            bar.update(self._tasks["all"], state=state)

    def _aside(self, progress: Progress) -> str:
        """The rate limit, and what the command is waiting for."""
        if progress.total is not None and progress.done >= progress.total:
            return ""
        limit = self._limits()
        return "".join(f"; {text}" for text in (self._wait, limit and f"limit {limit}") if text)

    def _retried(self, event: RetryEvent) -> None:
        cause = "the rate limit" if isinstance(event.error, RateLimited) else "the network"
        self._wait = f"waiting {event.delay:.0f} s for {cause}" if event.delay >= 1 else ""
        if not self._wait or self._as_json:
            return
        if self._bar is None:
            self.say(f"{self._wait}: {said(event.error)}")
        elif self._latest:
            self._show(self._bar)
        else:
            self._bar.update(self._tasks[""], description=self._wait)

    def _answered(self, event: ResponseEvent) -> None:
        if event.error is None:
            self._wait = ""


def limits_said(limits: Sequence[RateLimit] | None) -> str:
    """`100 in 60 s`; empty if no limit is known."""
    return ", ".join(f"{limit.limit} in {limit.per:g} s" for limit in limits or ())


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def work(
    do: Callable[[Client, Display], Awaitable[T]],
    as_json: bool,
    journal: Path | None = None,
    *,
    writes: bool = False,
    resumes: bool = False,
) -> T:
    """Runs with a client. If it is interrupted or fails, batches in flight are finished, and advice is printed.

    `writes`: batches may be in flight. `resumes`: the command has the option --journal.
    """
    display = Display(as_json)

    async def main() -> T:
        async with connect(display.hooks()) as client:
            display.connected(client)
            return await do(client, display)

    try:
        with display.shown():
            return asyncio.run(main())
    except TwentyError as error:
        if journal is not None and journal.exists() and not isinstance(error, ConfigurationError):
            typer.echo(_go_on(journal), err=True)
        raise
    except KeyboardInterrupt:
        display.stopped()
        how = ["Stopped after the batches in flight." if writes else "Stopped."]
        if journal is not None:
            how.append(_go_on(journal))
        elif resumes:
            how.append("Without --journal, the same command starts again from the beginning.")
        inform(" ".join(how))
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _go_on(journal: Path) -> str:
    return f"To resume, run the same command again: {journal} stores the progress."


def finish(steps: Sequence[StepReport], as_json: bool, rejects: Path | None) -> None:
    """Prints the results. Exit code 4 if rows were rejected, or something could not be moved."""
    from aiotwenty.migrate.steps import ends_all

    idle = [step for step in steps if _is_idle(step)] if not as_json else []
    without_any = idle if len(idle) > _FEW else []
    for step in steps:
        if step in without_any:
            continue
        report = step.report
        if as_json:
            entry = {
                "step": step.label,
                "links": step.links,
                **_as_dict(report),
                "notes": [*step.notes, *report.notes],
                "told": step.told,
            }
            error = {"error": said(step.error)} if step.error is not None else {}
            typer.echo(json.dumps({**entry, **error}, default=str))
            continue
        label = f"{step.label}{' (relations)' if step.links else ''}"
        if step.error is not None:
            done = f" ({report})" if report.received else ""
            tell(f"{label}: {'interrupted' if report.loaded else 'not moved'}: {said(step.error)}{done}")
        elif report.received or not (step.notes or step.told):
            tell(f"{label}: {report}")
        for note in [*step.notes, *step.told]:
            tell(f"{label}: {note}")
        show_mapping(report)
        for reject in islice(report.rejects, SHOWN):
            where = f"row {reject.row}" + (f" (line {reject.line})" if reject.line else "")
            tell(f"  {where}: {reject.code}: {reject.message}")
        if report.rejected > SHOWN:
            tell(f"  and {report.rejected - SHOWN:,} more")
        if report.rejects_failure is not None:
            typer.echo(f"{label}: {report.rejects_failure}", err=True)
    if without_any:
        tell(f"no rows: {', '.join(step.label for step in without_any)}")
    if len(steps) > 1 and not as_json:
        tell(_total(steps))
    if rejects is not None and not as_json and any(_has_rejects_file(step.report) for step in steps):
        tell(f"The rejected rows are in {rejects}: correct them, and load that file.")
    for step in steps:
        if step.error is not None and ends_all(step.error):
            raise step.error
    if any(step.report.rejects_failure for step in steps):
        raise typer.Exit(ExitCode.FAILED)
    if not all(step.complete for step in steps):
        raise typer.Exit(ExitCode.FINDINGS)


_FEW = 3
"""The number of lines about empty results that are shown singly."""


def _is_idle(step: StepReport) -> bool:
    """Whether the report is empty: there was nothing to do."""
    return step.complete and not (step.report.received or step.notes or step.told or step.report.notes)


def show_exports(reports: Sequence[ExportReport]) -> None:
    """Prints a line for each written file; objects without records share one line."""
    empty = [report for report in reports if report.complete and not (report.records or report.changes)]
    without_any = empty if len(empty) > _FEW else []
    for report in reports:
        if report not in without_any:
            tell(str(report))
    if without_any:
        tell(f"0 records in {', '.join(report.path.name for report in without_any)}")
    if len(reports) > 1:
        records, size = sum(report.records for report in reports), sum(report.bytes for report in reports)
        tell(f"total: {records:,} records in {len(reports)} files ({size:,} bytes)")


def show_comparisons(comparisons: Sequence[ObjectComparison]) -> None:
    """Prints the comparisons. What was not compared of several comes once at the end, followed by the differences."""
    of = Counter(subject for comparison in comparisons for subject in comparison.not_compared)
    shared = {subject: number for subject, number in of.items() if number > 1}
    empty = [comparison for comparison in comparisons if _is_empty(comparison, shared)]
    without_any = empty if len(empty) > _FEW else []
    for comparison in comparisons:
        if comparison not in without_any:
            _show_comparison(comparison, shared)
    if without_any:
        tell(f"nothing on either side: {', '.join(comparison.name for comparison in without_any)}")
    for subject, number in shared.items():
        tell(f"not compared in {number:,} objects: {subject}")
    different = [comparison.name for comparison in comparisons if not comparison.equal]
    tell(f"different: {', '.join(different)}" if different else "equal: all that was compared is the same")


def _is_empty(comparison: ObjectComparison, shared: Container[str]) -> bool:
    counted = comparison.same or comparison.hidden or comparison.hidden_there
    alone = [subject for subject in comparison.not_compared if subject not in shared]
    return comparison.equal and not counted and not alone


def _show_comparison(comparison: ObjectComparison, shared: Container[str]) -> None:
    """Prints the counts, the missing and different records, and what was not compared only here."""
    counts = [f"{comparison.same:,} the same"]
    if comparison.missing_count or comparison.extra_count or comparison.different_count:
        counts += [f"{comparison.missing_count:,} missing", f"{comparison.extra_count:,} not in the folder"]
        counts.append(f"{comparison.different_count:,} different")
    if comparison.hidden or comparison.hidden_there:
        there = "" if comparison.hidden_there is None else f" ({comparison.hidden_there:,} in the export)"
        counts.append(f"{comparison.hidden:,} hidden from the key{there}")
    if comparison.failure is not None:
        counts[:] = [f"not compared: {comparison.failure}", *(counts if comparison.missing_count else [])]
    tell(f"{comparison.name}: {', '.join(counts)}")
    for name in comparison.missing[:SHOWN]:
        tell(f"  {name}: missing")
    for name in comparison.extra[:SHOWN]:
        tell(f"  {name}: not in the folder")
    for identity, name, there, here in comparison.different[:SHOWN]:
        tell(f"  {identity} {name}: {there!r} in the folder, {here!r} in the workspace")
    for subject in comparison.not_compared:
        if subject not in shared:
            tell(f"  not compared: {subject}")


def _total(steps: Sequence[StepReport]) -> str:
    """The sum of several loads. The second step of a load, for relations, counts no rows again."""
    reports = [step.report for step in steps if not step.links]
    names = ("received", "loaded", "rejected", "already_loaded", "requests", "retries", "seconds")
    sums: dict[str, Any] = {name: sum(getattr(report, name) for report in reports) for name in names}
    deed = reports[0].deed if reports else "loaded"
    return f"total: {bulk.LoadReport(**sums, deed=deed, dry_run=any(report.dry_run for report in reports))}"


def show_mapping(report: LoadReport) -> None:
    """Prints the guesses; for a dry run, also the mapping and the first converted values."""
    for note in report.notes:
        tell(f"  {note}")
    if report.preview:
        tell("  The first values, as they would be stored:")
        for place, values in report.preview.items():
            tell(f"    {place}: {', '.join(values) or 'none'}")
    if report.mapping:
        tell("  The mapping, for a plan or, under the name of the object, a preset:")
        typer.echo(report.mapping)


def _as_dict(report: LoadReport) -> dict[str, Any]:
    names = (
        "received",
        "loaded",
        "rejected",
        "already_loaded",
        "requests",
        "retries",
        "seconds",
        "dry_run",
        "rejects_failure",
    )
    return {
        **{name: getattr(report, name) for name in names},
        "created": dict(report.created),
        "notes": list(report.notes),
        **({"mapping": report.mapping, "preview": dict(report.preview)} if report.dry_run else {}),
        "rejects": [_reject_as_dict(reject) for reject in islice(report.rejects, SHOWN_TO_MACHINES)],
    }


def _has_rejects_file(report: LoadReport) -> bool:
    return bool(report.rejected) and report.rejects_failure is None


def _reject_as_dict(reject: Reject) -> dict[str, Any]:
    return {"row": reject.row, "line": reject.line, "code": reject.code, "message": reject.message}
