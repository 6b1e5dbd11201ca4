"""`aiotwenty load`, `export`, `update`, `delete`, `destroy` and `compare`: many records at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from aiotwenty import Client
from aiotwenty.bulk import Progress, compare_workspace, export_workspace, load_plan, load_workspace
from aiotwenty.bulk.changes import Selection, change_records, remove_records
from aiotwenty.bulk.export import run_export
from aiotwenty.bulk.load import run_load
from aiotwenty.bulk.loader import LoadOptions
from aiotwenty.bulk.plan import StepReport
from aiotwenty.bulk.report import LoadReport
from aiotwenty.bulk.served import serve_catalogue

FINDINGS, INTERRUPTED = 4, 130
T = TypeVar("T")

Object = Annotated[str | None, typer.Argument(help="An object: companies, people, rockets.")]
Source = Annotated[Path | None, typer.Argument(help="A .csv, .tsv, .jsonl or .parquet file.")]
Key = Annotated[
    list[str] | None, typer.Option("--key", help="A column or field by which records are told apart; repeatable.")
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", help="COLUMN=FIELD, COLUMN=FIELD:TRANSFORM, or COLUMN= to leave it out; repeatable."),
]
JournalFile = Annotated[Path | None, typer.Option("--journal", help="Remembers what is done: run again to go on.")]
Rejects = Annotated[Path | None, typer.Option("--rejects", help="Where rows that were refused go: .csv or .jsonl.")]
Concurrency = Annotated[int, typer.Option(min=1, max=64, help="Batches in flight at most.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line: progress, then the report.")]
Encoding = Annotated[str | None, typer.Option(help="Of a text file; UTF-8 unless it says otherwise.")]
Delimiter = Annotated[str | None, typer.Option(help="Of a CSV file; found in its header.")]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", help="A column to leave out; repeatable.")]
Malformed = Annotated[bool, typer.Option("--reject-malformed", help="Reject broken lines instead of stopping.")]
FilterText = Annotated[str | None, typer.Option("--filter", help='As JSON: \'{"name":{"like":"A%"}}\'.')]
AllRecords = Annotated[bool, typer.Option("--all-records", help="Yes, every record of the object.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (load, export, update, delete, destroy, compare):
        app.command()(command)


def load(
    object: Object = None,
    source: Source = None,
    plan: Annotated[Path | None, typer.Option(help="A TOML file with several [[load]] of object and source.")] = None,
    everything: Annotated[Path | None, typer.Option("--all", help="A folder that `export --all` wrote.")] = None,
    key: Key = None,
    mapping: Map = None,
    upsert: Annotated[bool, typer.Option("--upsert", help="Change records that are there already.")] = False,
    constant: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE for every row; repeatable.")] = None,
    ignore: Ignore = None,
    journal: JournalFile = None,
    rejects: Rejects = None,
    concurrency: Concurrency = 8,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    reject_malformed: Malformed = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Load rows into an object, a plan into several, or a folder into a whole workspace."""
    if (plan is not None) + (everything is not None) + (object is not None) != 1 or (object is None) != (
        source is None
    ):
        raise typer.BadParameter("say OBJECT and SOURCE, or --plan, or --all")
    options = LoadOptions(
        mode="upsert" if upsert else "insert",
        mapping=_mapping(mapping),
        key=key or None,
        constants=dict(_pair(one, "--set") for one in constant or ()),
        ignore=ignore or (),
        malformed="reject" if reject_malformed else "refuse",
        encoding=encoding,
        delimiter=delimiter,
    )

    async def run(client: Client, show: Display) -> list[StepReport]:
        if plan is not None:
            return await load_plan(
                client, plan, journal=journal, concurrency=concurrency, on_progress=show.progress, dry_run=dry_run
            )
        if everything is not None:
            return await load_workspace(
                client,
                everything,
                journal=journal,
                rejects=rejects,
                concurrency=concurrency,
                on_progress=show.progress,
                on_created=lambda what: show.say(f"made {what}"),
            )
        return [await _load_one(client, show, str(object), source, options, journal, rejects, concurrency, dry_run)]

    _finish(_run(run, as_json, journal), as_json)


def update(
    object: Annotated[str, typer.Argument(help="An object: companies, people, rockets.")],
    source: Source = None,
    key: Key = None,
    mapping: Map = None,
    ignore: Ignore = None,
    filter: FilterText = None,
    data: Annotated[str | None, typer.Option("--data", help="As JSON: what all that match the filter get.")] = None,
    all_records: AllRecords = False,
    journal: JournalFile = None,
    rejects: Rejects = None,
    concurrency: Concurrency = 8,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change records that exist: each as its row says (by id or --key), or all of a --filter alike (--data)."""
    if (source is None) == (data is None):
        raise typer.BadParameter("say SOURCE, or --filter and --data")
    options = LoadOptions(
        mode="update",
        mapping=_mapping(mapping),
        key=key or None,
        ignore=ignore or (),
        encoding=encoding,
        delimiter=delimiter,
    )

    async def run(client: Client, show: Display) -> list[StepReport]:
        if source is not None:
            return [await _load_one(client, show, object, source, options, journal, rejects, concurrency, dry_run)]
        selection = Selection(_json(filter, "--filter"), all_records)
        report = await change_records(
            client,
            await serve_catalogue(client),
            object,
            _json(data, "--data") or {},
            selection,
            concurrency=concurrency,
            dry_run=dry_run,
            on_progress=show.progress,
        )
        return [StepReport(object, False, report)]

    _finish(_run(run, as_json, journal), as_json)


def delete(
    object: Annotated[str, typer.Argument(help="An object: companies, people, rockets.")],
    source: Source = None,
    key: Key = None,
    filter: FilterText = None,
    all_records: AllRecords = False,
    journal: JournalFile = None,
    rejects: Rejects = None,
    concurrency: Concurrency = 8,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Delete records (they can be restored): those of a file, by id or --key, or those of a --filter."""
    _remove("delete", object, source, key, filter, all_records, journal, rejects, concurrency, dry_run, as_json)


def destroy(
    object: Annotated[str, typer.Argument(help="An object: companies, people, rockets.")],
    source: Source = None,
    key: Key = None,
    filter: FilterText = None,
    all_records: AllRecords = False,
    journal: JournalFile = None,
    rejects: Rejects = None,
    concurrency: Concurrency = 8,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Destroy records for good: those of a file, by id or --key, or those of a --filter."""
    _remove("destroy", object, source, key, filter, all_records, journal, rejects, concurrency, dry_run, as_json)


def export(
    object: Object = None,
    path: Annotated[Path | None, typer.Argument(help="A .csv, .jsonl or .parquet file.")] = None,
    everything: Annotated[Path | None, typer.Option("--all", help="A folder for all objects and the model.")] = None,
    filter: FilterText = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", help="A field to write; repeatable. All if none.")
    ] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted records, too.")] = False,
    format: Annotated[str, typer.Option(help="With --all: jsonl (can be loaded again), csv or parquet.")] = "jsonl",  # noqa: A002
    journal: JournalFile = None,
    as_json: Json = False,
) -> None:
    """Write all records of an object to a file, or the whole workspace to a folder."""
    if (everything is None) != (object is not None) or (object is None) != (path is None):
        raise typer.BadParameter("say OBJECT and PATH, or --all FOLDER")

    async def run(client: Client, show: Display) -> list[Any]:
        if everything is not None:
            return list(
                await export_workspace(
                    client, everything, ending=f".{format}", journal=journal, on_progress=show.progress
                )
            )
        catalogue = await serve_catalogue(client)
        names = catalogue.find(str(object))
        assert path is not None
        report = await run_export(
            client.endpoint("graphql"),
            names,
            catalogue.columns(names.type_name),
            path,
            only=_json(filter, "--filter"),
            fields=field or None,
            deleted=deleted,
            journal=journal,
            on_progress=show.progress,
        )
        return [report]

    for report in _run(run, as_json, journal):
        typer.echo(json.dumps(asdict(report), default=str) if as_json else str(report))


def compare(
    folder: Annotated[Path, typer.Argument(help="What `export --all` wrote.")],
    as_json: Json = False,
) -> None:
    """Compare every record of the workspace with an exported folder. Exit code 4 if they differ."""
    found = _run(lambda client, _: compare_workspace(client, folder), as_json, None)
    for one in found:
        if as_json:
            typer.echo(json.dumps(asdict(one), default=str))
        elif one.equal:
            typer.echo(f"{one.name}: {one.same:,} the same")
        else:
            counts = (
                f"{one.missing_count:,} missing here, {one.extra_count:,} only here, {one.different_count:,} different"
            )
            typer.echo(f"{one.name}: {one.same:,} the same, {counts}")
            for identity, name, there, here in one.different[:5]:
                typer.echo(f"  {identity} {name}: {there!r} in the folder, {here!r} here")
    if not all(one.equal for one in found):
        raise typer.Exit(FINDINGS)


async def _load_one(
    client: Client,
    show: Display,
    name: str,
    source: Path | None,
    options: LoadOptions,
    journal: Path | None,
    rejects: Path | None,
    concurrency: int,
    dry_run: bool,
) -> StepReport:
    catalogue = await serve_catalogue(client)
    assert source is not None
    report = await run_load(
        client.endpoint("graphql"),
        catalogue,
        catalogue.find(name).type_name,
        source,
        options,
        journal=journal,
        rejects=rejects,
        concurrency=concurrency,
        dry_run=dry_run,
        on_progress=show.progress,
    )
    return StepReport(f"{name} from {source.name}", False, report)


def _remove(
    mode: Any,
    name: str,
    source: Path | None,
    key: list[str] | None,
    filter_text: str | None,
    all_records: bool,
    journal: Path | None,
    rejects: Path | None,
    concurrency: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    if (source is None) == (filter_text is None and not all_records):
        raise typer.BadParameter("say SOURCE, or --filter, or --all-records")

    async def run(client: Client, show: Display) -> list[StepReport]:
        chosen = source if source is not None else Selection(_json(filter_text, "--filter"), all_records)
        report = await remove_records(
            client,
            await serve_catalogue(client),
            mode,
            name,
            chosen,
            key=key or None,
            journal=journal,
            rejects=rejects,
            concurrency=concurrency,
            dry_run=dry_run,
            on_progress=show.progress,
        )
        return [StepReport(name, False, report)]

    _finish(_run(run, as_json, journal), as_json)


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
                typer.echo(json.dumps({"progress": asdict(progress) | {"rate": progress.rate}}))
            else:
                left = progress.seconds_left
                ending = "" if left is None else f", {left:,.0f} s left"
                self.say(f"{progress.what}: {progress.done:,} of {progress.total or '?':,}, {_state(progress)}{ending}")


def _state(progress: Progress) -> str:
    return f"{progress.rate:,.0f}/s, {progress.rejected:,} rejected, {progress.concurrency} in flight"


def _run(work: Callable[[Client, Display], Awaitable[T]], as_json: bool, journal: Path | None) -> T:
    """Runs with a client; after Ctrl-C, what is in flight is finished and how to go on is said."""
    display = Display(as_json)

    async def main() -> T:
        async with Client() as client:
            return await work(client, display)

    try:
        with display.shown():
            return asyncio.run(main())
    except KeyboardInterrupt:
        if journal is not None:
            again = f"run the same command again: {journal} knows what is done"
        else:
            again = "it was not journalled; with --journal FILE the same command would go on where it stopped"
        typer.echo(f"Stopped; what was in flight was finished. To go on, {again}.", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _finish(steps: list[StepReport], as_json: bool) -> None:
    for step in steps:
        report = step.report
        if as_json:
            typer.echo(json.dumps({"step": step.label, "links": step.links, **_as_dict(report)}, default=str))
            continue
        typer.echo(f"{step.label}{' (relations)' if step.links else ''}: {report}")
        for reject in report.rejects[:5]:
            where = f"row {reject.row}" + (f" (line {reject.line})" if reject.line else "")
            typer.echo(f"  {where}: {reject.code}: {reject.message}")
        if report.rejected > 5:
            typer.echo(f"  and {report.rejected - 5:,} more")
    if any(step.report.rejected for step in steps):
        raise typer.Exit(FINDINGS)


def _as_dict(report: LoadReport) -> dict[str, Any]:
    names = ("received", "loaded", "rejected", "already_loaded", "requests", "retries", "seconds")
    return {name: getattr(report, name) for name in names}


def _mapping(given: list[str] | None) -> dict[str, Any] | None:
    mapping: dict[str, Any] = {}
    for one in given or ():
        column, target = _pair(one, "--map")
        name, colon, transform = target.partition(":")
        mapping[column] = (name, transform) if colon else name or None
    return mapping or None


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} has no =", param_hint=option)
    return name, value


def _json(text: str | None, option: str) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
    if not isinstance(value, dict):
        raise typer.BadParameter("a JSON object is wanted", param_hint=option)
    return value
