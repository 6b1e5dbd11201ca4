"""Runs several loads in an order in which every relation finds its record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from aiotwenty.bulk.fields import ID
from aiotwenty.bulk.journal import Journal, path_of
from aiotwenty.bulk.loader import OpenedRows, open_rows
from aiotwenty.bulk.loading import run_load
from aiotwenty.bulk.modes import Update
from aiotwenty.bulk.options import LoadOptions, texts
from aiotwenty.bulk.output import check_apart
from aiotwenty.bulk.rejects import check_rejects_path
from aiotwenty.bulk.report import LoadReport, Progress
from aiotwenty.bulk.source import FileSource, InputError, Rows, SourceChanged
from aiotwenty.bulk.target import Target
from aiotwenty.errors import AuthenticationError, ConnectionFailed, TwentyError
from aiotwenty.migrate.lanes import in_lanes


@dataclass(frozen=True)
class Step:
    """The load of one source into one object."""

    target: Target
    rows: Rows
    options: LoadOptions
    rejects: Path | None = None
    label: str = ""
    prepare: Callable[[], Awaitable[object]] | None = None
    """A call right before the rows are sent."""


@dataclass(frozen=True)
class StepReport:
    """The result of one pass of a step. `links`: the second pass, which only sets relations."""

    label: str
    links: bool
    report: LoadReport
    error: TwentyError | None = None
    """The error that ended the pass before all rows were sent. `report` then has what was done until then."""
    notes: list[str] = field(default_factory=list)
    """Parts that were left out, although rows were loaded."""
    told: list[str] = field(default_factory=list)
    """Remarks about things that nobody can move or that were left out as asked; they don't affect `complete`."""

    @property
    def complete(self) -> bool:
        """Whether everything was moved."""
        return not (self.report.rejected or self.error or self.notes)


async def run_steps(
    steps: Sequence[Step],
    *,
    journal: str | Path | Journal | None = None,
    each_alone: bool = False,
    **run: Any,
) -> list[StepReport]:
    """Runs loads in an order in which every relation finds its record. Circles take a second pass.

    With `each_alone`, a step that fails doesn't end the others, unless the cause concerns all of them: an invalid key,
    or a server that can't be reached.
    """
    looked: list[tuple[Step, OpenedRows]] = []
    reports: list[StepReport] = []
    for step in steps:
        try:
            rows = await _look(step)
            # Pass on the opened source, because standard input and pipes can be read only once.
            looked.append((replace(step, rows=rows.source), rows))
        except (InputError, SourceChanged) as error:
            if not each_alone:
                raise
            reports.append(StepReport(step.label, False, LoadReport(), error))
    order, late = ordered([(step.target.type_name, _references(rows)) for step, rows in looked])
    for (step, rows), too_late in zip(looked, late, strict=True):
        _check_second_pass(step, rows, too_late)
    check_apart(
        [
            ("the journal", path_of(journal)),
            *(("a source", rows.source.path) for _, rows in looked if isinstance(rows.source, FileSource)),
            *((f"the rejects of {step.label}", step.rejects) for step, _ in looked),
            *((f"the rejects of the relations of {step.label}", _rejects_of_links(step)) for step, _ in looked),
        ]
    )
    if run.get("dry_run"):
        journal = None
    opened = journal if isinstance(journal, Journal) else Journal(journal)
    passes = _Passes(opened, run, each_alone)

    in_order = [(*looked[position], late[position]) for position in order]

    async def load(step: Step, rows: OpenedRows, late: set[str]) -> StepReport:
        ignored = [*step.options.get("ignore", ()), *_waiting(rows, late)]
        return await passes.load(step, {**step.options, "ignore": ignored}, step.rejects, links=False)

    async def link(step: Step, rows: OpenedRows, late: set[str]) -> StepReport | None:
        waiting = _waiting(rows, late)
        if not waiting or run.get("dry_run") or step.label in passes.broken:
            return None
        return await passes.load(step, _second_pass(step, rows, waiting), _rejects_of_links(step), links=True)

    try:
        for do, after in ((load, _after(in_order)), (link, _after(in_order, links=True))):
            work = [partial(do, *step) for step in in_order]
            done = await in_lanes(work, lambda: in_order[0][0].target.endpoint.somebody_waits(), after)
            reports += [report for report in done if report is not None]
    finally:
        if opened is not journal and journal is not None:
            opened.close()
    return reports


def _after(steps: Sequence[tuple[Step, OpenedRows, set[str]]], *, links: bool = False) -> list[set[int]]:
    """For each step, the positions of the earlier steps that must be done before it.

    These are steps of the objects that it refers to, and of its own object, because two sources may have records in
    common. A step that creates records of other objects may concern any. The second pass (`links`) finds all records.
    """
    after: list[set[int]] = []
    for at, (step, rows, _) in enumerate(steps):
        types = {step.target.type_name, *(() if links else _references(rows).values())}
        before = enumerate(earlier for earlier, *_ in steps[:at])
        after.append(
            {place for place, earlier in before if earlier.target.type_name in types or _makes(step) or _makes(earlier)}
        )
    return after


def _makes(step: Step) -> bool:
    return bool(step.options.get("create_missing"))


@dataclass
class _Passes:
    """Runs passes of steps."""

    journal: Journal
    run: Mapping[str, Any]
    each_alone: bool
    broken: set[str] = field(default_factory=set)
    fatal: TwentyError | None = None

    async def load(self, step: Step, options: LoadOptions, rejects: Path | None, *, links: bool) -> StepReport:
        if self.fatal is not None:
            return StepReport(step.label, links, LoadReport(), self.fatal, ["not begun"])
        latest: list[Progress] = []
        options_of_run = dict(self.run)
        tell = options_of_run.pop("on_progress", None)

        def on_progress(progress: Progress) -> None:
            latest[:] = [progress]
            if tell is not None:
                tell(progress)

        try:
            if step.prepare is not None and not links:
                await step.prepare()
            report = await run_load(
                step.target,
                step.rows,
                options,
                journal=self.journal,
                rejects=rejects,
                on_progress=on_progress,
                **options_of_run,
            )
        except TwentyError as error:
            if not self.each_alone:
                raise
            self.broken.add(step.label)
            self.fatal = self.fatal or (error if ends_all(error) else None)
            return StepReport(step.label, links, _so_far(latest), error)
        return StepReport(step.label, links, report)


def ends_all(error: TwentyError | None) -> bool:
    """Whether the error concerns every object. A key without a user is refused for some objects only."""
    if isinstance(error, AuthenticationError):
        return error.sub_code != "INVALID_AUTH_CONTEXT"
    return isinstance(error, ConnectionFailed)


def _so_far(latest: Sequence[Progress]) -> LoadReport:
    """The report of a load that broke off."""
    names = ("received", "loaded", "rejected", "already_loaded", "requests", "retries", "seconds")
    return LoadReport(**{name: getattr(latest[0], name) for name in names}) if latest else LoadReport()


async def _look(step: Step) -> OpenedRows:
    try:
        rows = await open_rows(step.rows, step.target, step.options)
        if step.rejects is not None:
            check_rejects_path(step.rejects)
    except InputError as error:
        raise InputError(f"{step.label}: {error}") from None
    return rows


def _waiting(rows: OpenedRows, late: set[str]) -> list[str]:
    """The columns that refer to records which are loaded later."""
    return [column for column, other in _references(rows).items() if other in late]


def _check_second_pass(step: Step, rows: OpenedRows, late: set[str]) -> None:
    waiting = _waiting(rows, late)
    if waiting and not step.options.get("key") and not rows.mapper.gives(ID, _columns(rows)):
        raise InputError(
            f"{step.label}: refers to records that are loaded after it ({', '.join(waiting)}); "
            "its rows need a key or an id to be filled in by"
        )


def _second_pass(step: Step, rows: OpenedRows, waiting: list[str]) -> LoadOptions:
    columns = {name: column for name in waiting if (column := rows.mapper.column(name)) is not None}
    joins = {relation.join for relation in rows.mapper.shape.relations.values()}
    targets = [part.target for column in columns.values() for part in column.all]
    wanted = [target.dotted for target in targets if target.relation or target.dotted in joins]
    if step.options.get("deleted"):
        # Writing a record restores it, unless the deletion is written too (Twenty, July 2026).
        wanted.append("deletedAt")
    only = ["id", *texts(step.options.get("key")), *wanted]
    return {**step.options, "mode": Update(), "only": only, "constants": None, "nulls": "skip"}


def _rejects_of_links(step: Step) -> Path | None:
    return step.rejects and step.rejects.with_stem(step.rejects.stem + ".links")


def _columns(rows: OpenedRows) -> list[str]:
    return list(rows.source.columns or (rows.check.columns if rows.check else ()))


def _references(rows: OpenedRows) -> dict[str, str]:
    """The columns that refer to other objects, by natural key or by id."""
    joins = {relation.join: relation.type_name for relation in rows.mapper.shape.relations.values()}
    references = {}
    for name in _columns(rows):
        column = rows.mapper.column(name)
        for target in [part.target for part in column.all] if column else ():
            other = target.relation.type_name if target.relation else joins.get(target.dotted)
            if other is not None:
                references[name] = other
    return references


def ordered(steps: Sequence[tuple[str, Mapping[str, str]]]) -> tuple[list[int], list[set[str]]]:
    """The order of the steps, and for each step the types that are loaded after it or by it."""
    left = list(range(len(steps)))
    loaded_by = [name for name, _ in steps]
    order: list[int] = []
    late: list[set[str]] = [set() for _ in steps]
    while left:
        pending = {loaded_by[position] for position in left}

        def waits(position: int, pending: Iterable[str] = pending) -> set[str]:
            return {other for other in steps[position][1].values() if other in pending}

        # Next comes the step that waits for the fewest others; in a circle it goes without them.
        chosen = min(left, key=lambda position: (len(waits(position) - {loaded_by[position]}), position))
        late[chosen] = waits(chosen)
        left.remove(chosen)
        order.append(chosen)
    return order, late
