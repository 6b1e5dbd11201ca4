"""`aiotwenty load`, `export`, `update`, `delete`, `destroy` and `compare`: many records at once."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from aiotwenty import bulk, migrate
from aiotwenty.bulk.options import ExportOptions, LoadSettings, RemoveOptions, UpdateOptions
from aiotwenty.cli.connection import connects
from aiotwenty.cli.display import Display, finish, show_comparisons, show_exports, work
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.option_values import Named, object_of, refuse
from aiotwenty.cli.options import (
    AllRecords,
    FilterText,
    Json,
    Object,
    ObjectName,
    Source,
    What,
    Yes,
    refuse_all,
    sure,
    takes,
)
from aiotwenty.cli.output import Output, OutputOption
from aiotwenty.cli.single import change_by_ids
from aiotwenty.cli.terms import filter_of, values_of

if TYPE_CHECKING:
    from aiotwenty import Client
    from aiotwenty.bulk import ExportReport, LoadReport, Target
    from aiotwenty.graphql.filters import Filter
    from aiotwenty.migrate import ObjectComparison, StepReport

Work: TypeAlias = "Callable[[Client, Display], Awaitable[list[StepReport]]]"

_RUN_OF_FILTERS = ("rejects", "concurrency", "batch_size", "max_bytes", "dry_run")
"""Options for records that a filter selects."""


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    commands: list[Callable[..., None]] = [load, export, update, delete, destroy, compare]
    for command in commands:
        app.command()(connects(command))


NoFiles = Annotated[bool, typer.Option("--no-files", help="With --all: leave file contents out.")]


@takes(LoadSettings)
def load(
    options: dict[str, Any],
    object: Object = None,
    source: Source = None,
    plan: Annotated[Path | None, typer.Option(help="A TOML file with several objects and sources.")] = None,
    everything: Annotated[Path | None, typer.Option("--all", help="A folder written by `export --all`.")] = None,
    members: Annotated[
        Path | None, typer.Option(help="With --all: a CSV file of old and new e-mail addresses of members.")
    ] = None,
    members_default: Annotated[
        str | None, typer.Option(help="With --all: the member (e-mail address) who replaces missing ones.")
    ] = None,
    members_missing: Annotated[
        Literal["report", "drop"] | None,
        typer.Option(help="With --all: records without an owner are reported, with exit code 4, or accepted (drop)."),
    ] = None,
    no_files: NoFiles = False,
    show: Annotated[bool, typer.Option("--show", help="Print the preset.")] = False,
    as_json: Json = False,
) -> None:
    """Load rows into an object, several files by a plan, or an exported workspace."""
    if show:
        _show_preset(options.get("preset"), object)
        return
    if (plan is not None) + (everything is not None) + (object is not None) != 1 or (object is None) != (
        source is None
    ):
        raise typer.BadParameter("pass OBJECT and SOURCE, --plan or --all")
    moving = {"members": members, "members_default": members_default, "members_missing": members_missing}
    if everything is None:
        refuse("only with --all", **moving, no_files=no_files)
    if plan is not None:
        refuse_all("belongs in the plan, for each source", options, but=("journal", "concurrency", "dry_run"))
    elif everything is not None:
        refuse_all("not with --all", options, but=("journal", "concurrency", "rejects"))
    elif not options.get("upsert"):
        refuse("only with --upsert", replace=options.get("replace"))

    async def run(client: Client, show: Display) -> list[StepReport]:
        if plan is not None:
            return await migrate.load_plan(client, plan, on_progress=show.progress, **options)
        if everything is not None:
            tell = partial(_made, show)
            chosen: dict[str, Any] = {name: value for name, value in moving.items() if value is not None}
            return await migrate.load_workspace(
                client,
                everything,
                files=not no_files,
                on_progress=show.progress,
                on_created=tell,
                **chosen,
                **options,
            )
        assert source is not None
        target = await _target(client, str(object))
        report = await bulk.load(target, source, on_progress=show.progress, **options)
        return _reported(f"{object} from {_label(source)}", report)

    _finish(run, as_json, options)


@takes(UpdateOptions)
def update(
    options: dict[str, Any],
    object: ObjectName,
    what: What = None,
    filter: FilterText = None,
    data: Annotated[str | None, typer.Option("--data", help="JSON: new values for all these records.")] = None,
    all_records: AllRecords = False,
    output: OutputOption = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Update records by ids, from a file, or by a filter.

    `update companies ID… name=Air city=Oslo` updates records by id, and shows them. `update companies rows.csv` updates
    the record of each row, identified by id or --key. `update companies --filter 'city=Oslo' stage=NEW` updates all
    records that match.
    """
    named = Named.of(what)
    if named.ids:
        refuse("not with ids", filter=filter, all_records=all_records)
        refuse_all("not with ids", options, but=("replace",))
        if not named.values and data is None:
            raise typer.BadParameter("pass the new values: NAME=VALUE… or --data")
        change_by_ids(object, named.ids, named.values, data, options.get("replace", ()), output)
        return
    alike = bool(named.values) or data is not None
    if alike and filter is None and not all_records and named.source is None:
        raise typer.BadParameter("pass ids, --filter or --all-records: which records to update")
    if (named.source is None) == (not alike):
        raise typer.BadParameter("pass SOURCE, ids and NAME=VALUE…, or --filter and NAME=VALUE… (or --data)")
    if named.source is not None:
        refuse("only with --data or NAME=VALUE; SOURCE already selects the records", filter=filter)
        refuse("only with --data or NAME=VALUE; SOURCE already selects the records", all_records=all_records)
    else:
        refuse_all("only with SOURCE", options, but=(*_RUN_OF_FILTERS, "replace"))

    async def run(client: Client, show: Display) -> list[StepReport]:
        target = await _target(client, object)
        if named.source is not None:
            report = await bulk.update(target, named.source, on_progress=show.progress, **options)
            return _reported(f"{object} from {_label(named.source)}", report)
        shape = target.catalogue.shape(target.type_name)
        report = await bulk.change(
            target,
            {**(object_of(data, "--data") or {}), **values_of(named.values, shape)},
            filter=filter_of(filter, shape),
            all_records=all_records,
            on_progress=show.progress,
            **options,
        )
        return _reported(object, report)

    _finish(run, as_json, options)


def _removal(name: Literal["delete", "destroy"], text: str) -> Callable[..., None]:
    def remove(
        options: dict[str, Any],
        object: ObjectName,
        what: What = None,
        filter: FilterText = None,
        all_records: AllRecords = False,
        yes: Yes = False,
        as_json: Json = False,
    ) -> None:
        named = Named.of(what)
        if named.values:
            raise typer.BadParameter(f"{named.values[0]!r} is neither an id nor a file; pass conditions by --filter")
        by_rows = bool(named.ids) or named.source is not None
        if by_rows == (filter is not None or all_records):
            raise typer.BadParameter("pass ids, SOURCE, --filter or --all-records")
        if not by_rows:
            refuse_all("only with SOURCE", options, but=_RUN_OF_FILTERS)
        final = name == "destroy" and not options.get("dry_run")

        async def run(client: Client, show: Display) -> list[StepReport]:
            target = await _target(client, object)
            chosen = filter_of(filter, target.catalogue.shape(target.type_name))
            if final:
                how_many = await _counted(target, named, chosen)
                with show.aside():
                    sure(f"Permanently destroy {how_many}?", yes, can_ask=named.source != "-" and not as_json)
            rows: Any = [{"id": identity} for identity in named.ids] or named.source
            remove_records = bulk.delete if name == "delete" else bulk.destroy
            report = await remove_records(
                target, rows, filter=chosen, all_records=all_records, on_progress=show.progress, **options
            )
            return _reported(object, report)

        if final and not yes and (named.source == "-" or as_json or not sys.stdin.isatty()):
            # Checked before anything is read from the workspace.
            sure(f"This permanently destroys {object}.", yes, can_ask=False)
        _finish(run, as_json, options)

    remove.__name__, remove.__doc__ = name, text
    return takes(RemoveOptions)(remove)


async def _counted(target: Target, named: Named, filter: Filter | None) -> str:
    """A description of the records to destroy, for the question."""
    from aiotwenty.bulk.report import counted
    from aiotwenty.graphql.document import compose
    from aiotwenty.records.reading import Total

    plural = target.names.plural
    if named.ids:
        return counted(len(named.ids), target.names.singular) if len(named.ids) == 1 else f"{len(named.ids):,} {plural}"
    if named.source is not None:
        return f"the {plural} of {_label(named.source)}"
    operation = compose("Count", "query", plural, {"filter": f"{target.type_name}FilterInput"}, "{totalCount}")
    total = await target.endpoint.run(operation, Total, {"filter": target.filter(filter)} if filter else {})
    return f"{total.total_count:,} {plural}" + ("" if filter else " (all records)")


delete = _removal("delete", "Delete records by ids, from a file, or by a filter. They can be restored.")
destroy = _removal("destroy", "Permanently destroy records by ids, from a file, or by a filter. Asks first.")


@takes(ExportOptions)
def export(
    options: dict[str, Any],
    object: Object = None,
    path: Annotated[
        Path | None,
        typer.Argument(help="A .csv, .jsonl or .parquet file; - for standard output; a folder with --incremental."),
    ] = None,
    everything: Annotated[Path | None, typer.Option("--all", help="Export the whole workspace to this folder.")] = None,
    filter: FilterText = None,
    format: Annotated[  # noqa: A002
        Format | None, typer.Option(help="With --all or -: the format, jsonl by default.")
    ] = None,
    no_files: NoFiles = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    as_json: Json = False,
) -> None:
    """Export records to a file, or a whole workspace to a folder. Exit code 4 if data is missing."""
    if (everything is None) != (object is not None) or (object is None) != (path is None):
        raise typer.BadParameter("pass OBJECT and PATH, or --all FOLDER")
    if everything is not None:
        refuse("not with --all, which exports everything", filter=filter)
        taken = ("journal", "incremental", "spreadsheet_safe")
        refuse_all("not with --all, which exports everything", options, but=taken)
        _free(next(iter(everything.glob(f"*.{format or 'jsonl'}")), None), force, options)
    elif str(path) == "-":
        refuse("not with standard output", incremental=options.get("incremental"), json=as_json)
        refuse("not with standard output", journal=options.get("journal"))
        _to_standard_output(str(object), filter, format or "jsonl", options)
        return
    else:
        refuse("only with --all or -; the extension of PATH sets the format", format=format)
        _free(path, force, options)
        refuse("only with --all", no_files=no_files)

    async def run(client: Client, show: Display) -> list[ExportReport]:
        if everything is not None:
            ending = f".{format or 'jsonl'}"
            files = False if no_files else None
            written = await migrate.export_workspace(
                client, everything, ending=ending, files=files, on_progress=show.progress, **options
            )
            if no_files or ending != ".jsonl":
                show.say("File contents are left out" + ("." if no_files else "; they need the format jsonl."))
            return list(written)
        assert path is not None
        target = await _target(client, str(object))
        chosen = filter_of(filter, target.catalogue.shape(target.type_name))
        return [await bulk.export(target, path, filter=chosen, on_progress=show.progress, **options)]

    reports = work(run, as_json, options.get("journal"), resumes=True)
    for report in reports if as_json else ():
        typer.echo(json.dumps(asdict(report), default=str))
    if not as_json:
        show_exports(reports)
    if not all(report.complete for report in reports):
        raise typer.Exit(ExitCode.FINDINGS)


def _free(path: Path | None, force: bool, options: Mapping[str, Any]) -> None:
    """Refuses to overwrite a file, unless the run resumes it or the user passes --force."""
    journal: Path | None = options.get("journal")
    goes_on = options.get("incremental") or (journal is not None and journal.exists())
    if path is not None and path.exists() and not force and not goes_on:
        raise typer.BadParameter(f"{path} exists already: pass --force to overwrite it")


def _to_standard_output(object: str, filter: str | None, ending: str, options: Mapping[str, Any]) -> None:
    """Exports to standard output, by way of a temporary file, so that only a complete export is written."""

    async def run(client: Client, show: Display) -> ExportReport:
        target = await _target(client, object)
        chosen = filter_of(filter, target.catalogue.shape(target.type_name))
        return await bulk.export(target, path, filter=chosen, on_progress=show.progress, **options)

    with TemporaryDirectory() as folder:
        path = Path(folder, f"export.{ending}")
        report = work(run, False)
        with path.open("rb") as file:
            shutil.copyfileobj(file, typer.get_binary_stream("stdout"))
    typer.echo(str(report).replace(str(path), "standard output"), err=True)
    if not report.complete:
        raise typer.Exit(ExitCode.FINDINGS)


def compare(
    folder: Annotated[Path, typer.Argument(help="A folder written by `export --all`.")],
    members: Annotated[
        Path | None, typer.Option(help="A CSV file of old and new e-mail addresses of members, as for `load --all`.")
    ] = None,
    members_default: Annotated[
        str | None, typer.Option(help="The member (e-mail address) who replaced missing ones.")
    ] = None,
    no_files: Annotated[bool, typer.Option("--no-files", help="Leave file contents out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparisons as JSON lines.")] = False,
) -> None:
    """Compare the workspace with an exported folder. Exit code 4 if they differ."""

    async def run(client: Client, _: Display) -> list[ObjectComparison]:
        return await migrate.compare_workspace(
            client, folder, members=members, members_default=members_default, files=not no_files
        )

    comparisons = work(run, as_json)
    for comparison in comparisons if as_json else ():
        typer.echo(json.dumps({**asdict(comparison), "untold": sorted(comparison.untold)}, default=str))
    if not as_json:
        show_comparisons(comparisons)
    if not all(comparison.equal for comparison in comparisons):
        raise typer.Exit(ExitCode.FINDINGS)


def _show_preset(name: str | None, object: str | None) -> None:
    """Prints a preset; the part for one object, if one is named."""
    from aiotwenty.bulk.presets import preset_names, read_preset

    if name is None:
        raise typer.BadParameter(f"pass --preset {'|'.join(preset_names())}", param_hint="--show")
    preset = read_preset(name)
    if object is None:
        typer.echo(preset.text.rstrip())
        return
    preset.of(object)
    parts = re.split(r"(?m)^(?=\[)", preset.text)
    typer.echo("".join(part for part in parts if part.startswith(f"[{object}]") or part is parts[0]).rstrip())


def _label(source: str) -> str:
    return "standard input" if source == "-" else source.rpartition("/")[2] or source


async def _target(client: Client, name: str) -> Target:
    """The present object in the workspace."""
    endpoint = client._endpoint("graphql")
    return bulk.Target.named(endpoint, await bulk.serve_catalogue(endpoint), name)


def _made(show: Display, what: str) -> None:
    show.say(f"created {what}")


def _finish(run: Work, as_json: bool, options: Mapping[str, Any]) -> None:
    steps = work(run, as_json, options.get("journal"), writes=True, resumes=True)
    finish(steps, as_json, options.get("rejects"))


def _reported(label: str, report: LoadReport) -> list[StepReport]:
    return [migrate.StepReport(label, False, report)]
