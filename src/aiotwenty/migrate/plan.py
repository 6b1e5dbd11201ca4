"""A plan: several sources into several objects, what others refer to first."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from aiotwenty.bulk.fields import ID
from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.load import run_load
from aiotwenty.bulk.load_options import LoadOptions
from aiotwenty.bulk.loader import OpenedRows, open_rows
from aiotwenty.bulk.modes import Insert, Update, Upsert
from aiotwenty.bulk.options import Rows
from aiotwenty.bulk.rejects import check_rejects_path
from aiotwenty.bulk.report import LoadReport, OnProgress, Progress
from aiotwenty.bulk.served import serve_catalogue
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.target import Target
from aiotwenty.client import Client
from aiotwenty.errors import AuthenticationError, ConnectionFailed, TwentyError
from aiotwenty.graphql.problems import explained


def _spelt(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        raise PydanticCustomError("spec", 'a column goes to "field", ["field", "transform"] or false') from None


ColumnSpec = Annotated[
    str | Annotated[list[str | list[str]], Field(min_length=1)] | Literal[False], WrapValidator(_spelt)
]


class Entry(BaseModel):
    """A `[[load]]` of a plan."""

    model_config = ConfigDict(extra="forbid", strict=True)

    object: str
    source: str
    upsert: bool = False
    key: str | list[str] | None = None
    mapping: dict[str, ColumnSpec] = {}
    constants: dict[str, Any] | None = None
    ignore: list[str] = []
    nulls: Literal["skip", "send"] | None = None
    malformed: Literal["refuse", "reject"] = "refuse"
    encoding: str | None = None
    delimiter: str | None = None
    skip_lines: int | None = None
    sheet: str | None = None
    gaps: list[str] = []
    preset: str | None = None
    region: str | None = None
    create_missing: bool = False
    add_options: bool = False
    rejects: str | None = None


_SETTINGS = Entry.model_fields.keys() - {"object", "source", "upsert", "mapping", "rejects"}
"""What goes to the load as it is."""


@dataclass(frozen=True)
class Step:
    """One source into one object."""

    target: Target
    rows: Rows
    options: LoadOptions
    rejects: Path | None = None
    label: str = ""


@dataclass(frozen=True)
class StepReport:
    """What one pass of a step did; `links` is true for the second pass, which only fills in relations."""

    label: str
    links: bool
    report: LoadReport
    error: TwentyError | None = None
    """What ended it before all rows were sent, where that doesn't end the others: `report` is then of what was done."""
    notes: list[str] = field(default_factory=list)
    """What was left out, though rows were loaded."""

    @property
    def complete(self) -> bool:
        """Whether everything is where it was to go."""
        return not (self.report.rejected or self.error or self.notes)


async def load_plan(
    client: Client,
    plan: str | Path,
    *,
    journal: str | Path | Journal | None = None,
    concurrency: int = 8,
    on_progress: OnProgress | None = None,
    dry_run: bool = False,
) -> list[StepReport]:
    """Runs a plan from a TOML file.

    It holds a list of `[[load]]` with `object` and `source` (relative to the plan), and what `load` takes: `key`,
    `upsert`, `mapping` (`Revenue = ["annualRevenue.amountMicros", "micros"]`, `Notes = false`), `constants`, `ignore`,
    `nulls`, `malformed`, `encoding`, `delimiter`, `skip_lines`, `sheet`, `gaps`, `preset`, `region`, `create_missing`,
    `add_options`, `rejects`. The order is found out: objects that others refer to come
    first. Where they refer to each other in a circle, relations are filled in by a second pass over those rows, which
    then need a `key` or an `id`.

    Raises `InputError` for anything in any of the sources that can't be right, before anything is sent.
    """
    path = Path(plan)
    entries = read_plan(path)
    endpoint = client.endpoint("graphql")
    catalogue = await serve_catalogue(endpoint)
    steps: list[Step] = []
    for number, entry in enumerate(entries, 1):
        try:
            steps.append(_step(path.parent, entry, Target.named(endpoint, catalogue, entry.object), steps))
        except InputError as error:
            raise InputError(f"{path}, load {number}: {error}") from None
    return await run_steps(
        steps,
        journal=journal,
        concurrency=concurrency,
        on_progress=on_progress,
        dry_run=dry_run,
    )


def read_plan(path: Path) -> list[Entry]:
    """Its loads. Raises `InputError` for a plan that is missing, no TOML, or says what no plan can say."""
    try:
        plan = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
    entries = plan.pop("load", None)
    if plan or not isinstance(entries, list) or not entries:
        unknown = f"; there is no place for {', '.join(plan)} outside of them" if plan else ""
        raise InputError(f"{path}: a plan is a list of [[load]] with object and source{unknown}")
    return [_entry(f"{path}, load {number}", table) for number, table in enumerate(entries, 1)]


def _entry(where: str, table: Any) -> Entry:
    try:
        return Entry.model_validate(table)
    except ValidationError as error:
        raise InputError(f"{where}: {explained(error, Entry, with_values=True, noun='setting')}") from None


def _step(folder: Path, entry: Entry, target: Target, before: Sequence[Step]) -> Step:
    names, source = target.names, entry.source
    rows = source if source == "-" or "://" in source else folder / source
    times = sum(step.target.type_name == names.type_name and step.rows == rows for step in before)
    if times:
        if entry.key is None:
            raise InputError(f"{source} makes {names.plural} once more; without a key they would be the same records")
        source += f" ({times + 1})"
    mapping = {column: spec or None for column, spec in entry.mapping.items()}
    settings = entry.model_dump(include=set(_SETTINGS))
    options = LoadOptions(
        mode=Upsert() if entry.upsert else Insert(), mapping=mapping or None, source=source, **settings
    )
    rejects = folder / entry.rejects if entry.rejects else None
    return Step(target, rows, options, rejects, f"{names.plural} from {source}")


async def run_steps(
    steps: Sequence[Step],
    *,
    journal: str | Path | Journal | None = None,
    each_alone: bool = False,
    **run: Any,
) -> list[StepReport]:
    """Loads in an order in which every relation finds its record, with a second pass where there is none.

    `each_alone` goes on with the others where a step can't; only what concerns them all, a key that isn't valid any
    more or a server that isn't there, ends them all.
    """
    looked: list[tuple[Step, OpenedRows]] = []
    reports: list[StepReport] = []
    for step in steps:
        try:
            rows = await _look(step)
            # What was opened is read on: standard input and pipes can be read only once.
            looked.append((replace(step, rows=rows.source), rows))
        except InputError as error:
            if not each_alone:
                raise
            reports.append(StepReport(step.label, False, LoadReport(), error))
    order, late = ordered([(step.target.type_name, _references(rows)) for step, rows in looked])
    for (step, rows), too_late in zip(looked, late, strict=True):
        _check_second_pass(step, rows, too_late)
    if run.get("dry_run"):
        journal = None
    opened = journal if isinstance(journal, Journal) else Journal(journal)
    passes = _Passes(opened, run, each_alone, reports)
    try:
        for position in order:
            step, rows = looked[position]
            waiting = _waiting(rows, late[position])
            options = replace(step.options, ignore=[*step.options.ignore, *waiting])
            await passes.load(step, options, step.rejects, links=False)
        for position in order:
            step, rows = looked[position]
            waiting = _waiting(rows, late[position])
            if waiting and not run.get("dry_run") and step.label not in passes.broken:
                await passes.load(step, _second_pass(step, rows, waiting), _rejects_of_links(step), links=True)
    finally:
        if opened is not journal and journal is not None:
            opened.close()
    return reports


@dataclass
class _Passes:
    """Runs one pass of a step after the other."""

    journal: Journal
    run: Mapping[str, Any]
    each_alone: bool
    reports: list[StepReport]
    broken: set[str] = field(default_factory=set)
    fatal: TwentyError | None = None

    async def load(self, step: Step, options: LoadOptions, rejects: Path | None, *, links: bool) -> None:
        if self.fatal is not None:
            self.reports.append(StepReport(step.label, links, LoadReport(), self.fatal, ["not begun"]))
            return
        latest: list[Progress] = []
        options_of_run = dict(self.run)
        tell = options_of_run.pop("on_progress", None)

        def on_progress(progress: Progress) -> None:
            latest[:] = [progress]
            if tell is not None:
                tell(progress)

        try:
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
            self.fatal = error if ends_all(error) else None
            self.reports.append(StepReport(step.label, links, _so_far(latest), error))
        else:
            self.reports.append(StepReport(step.label, links, report))


def ends_all(error: TwentyError | None) -> bool:
    """Whether no other object would fare better. A key that lacks a user is refused some objects only."""
    if isinstance(error, AuthenticationError):
        return error.sub_code != "INVALID_AUTH_CONTEXT"
    return isinstance(error, ConnectionFailed)


def _so_far(latest: Sequence[Progress]) -> LoadReport:
    """What was done before a load broke off."""
    names = ("received", "loaded", "rejected", "already_loaded", "requests", "retries", "seconds")
    return LoadReport(**{name: getattr(latest[0], name) for name in names}) if latest else LoadReport()


async def _look(step: Step) -> OpenedRows:
    try:
        rows = await open_rows(step.rows, step.target, step.options)
        if step.rejects is not None:
            check_rejects_path(step.rejects, step.rows if isinstance(step.rows, Path) else None)
    except InputError as error:
        raise InputError(f"{step.label}: {error}") from None
    return rows


def _waiting(rows: OpenedRows, late: set[str]) -> list[str]:
    """The columns that lead to records which are loaded too late."""
    return [column for column, other in _references(rows).items() if other in late]


def _check_second_pass(step: Step, rows: OpenedRows, late: set[str]) -> None:
    waiting = _waiting(rows, late)
    if waiting and not step.options.key and not rows.mapper.gives(ID, _columns(rows)):
        raise InputError(
            f"{step.label}: refers to records that are loaded after it ({', '.join(waiting)}); "
            "its rows need a key or an id to be filled in by"
        )


def _second_pass(step: Step, rows: OpenedRows, waiting: list[str]) -> LoadOptions:
    keys = [step.options.key] if isinstance(step.options.key, str) else list(step.options.key or ())
    columns = {name: column for name in waiting if (column := rows.mapper.column(name)) is not None}
    joins = {relation.join for relation in rows.mapper.shape.relations.values()}
    targets = [part.target for column in columns.values() for part in column.all]
    wanted = [target.dotted for target in targets if target.relation or target.dotted in joins]
    if step.options.deleted:
        # A record that is written comes back to life unless its deletion is written, too (Twenty, July 2026).
        wanted.append("deletedAt")
    return replace(step.options, mode=Update(), only=["id", *keys, *wanted], constants=None, nulls="skip")


def _rejects_of_links(step: Step) -> Path | None:
    return step.rejects and step.rejects.with_stem(step.rejects.stem + ".links")


def _columns(rows: OpenedRows) -> list[str]:
    return list(rows.source.columns or (rows.check.columns if rows.check else ()))


def _references(rows: OpenedRows) -> dict[str, str]:
    """The columns that lead to other objects: by a natural key, or by an id."""
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
    """The order of the steps, and for each the types that are loaded too late for it (or by itself)."""
    left = list(range(len(steps)))
    loaded_by = [name for name, _ in steps]
    order: list[int] = []
    late: list[set[str]] = [set() for _ in steps]
    while left:
        pending = {loaded_by[position] for position in left}

        def waits(position: int, pending: Iterable[str] = pending) -> set[str]:
            return {other for other in steps[position][1].values() if other in pending}

        # The one that waits for the fewest others goes next; in a circle it goes without them.
        chosen = min(left, key=lambda position: (len(waits(position) - {loaded_by[position]}), position))
        late[chosen] = waits(chosen)
        left.remove(chosen)
        order.append(chosen)
    return order, late
