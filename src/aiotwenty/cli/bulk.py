"""`aiotwenty load`, `export`, `update`, `delete`, `destroy` and `compare`: many records at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aiotwenty import Client
from aiotwenty.bulk.changes import Removal, Selection, change_records, remove_records
from aiotwenty.bulk.export import ExportReport, run_export
from aiotwenty.bulk.load import run_load
from aiotwenty.bulk.load_options import LoadOptions
from aiotwenty.bulk.options import ReadOptions
from aiotwenty.bulk.presets import preset_names, read_preset
from aiotwenty.bulk.served import serve_catalogue
from aiotwenty.cli.display import Display, finish, work
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.values import mapping_of, object_of, pair_of, refuse
from aiotwenty.migrate import StepReport, compare_workspace, export_workspace, load_plan, load_workspace

Object = Annotated[str | None, typer.Argument(help="An object: companies, people, rockets.")]
Source = Annotated[
    str | None,
    typer.Argument(help="A .csv, .xlsx, .json, .jsonl or .parquet file, packed or not; - is standard input."),
]
SkipLines = Annotated[int | None, typer.Option("--skip-lines", min=0, help="Lines above the header.")]
Sheet = Annotated[str | None, typer.Option(help="Of a workbook; the first that has anything in it.")]
Gaps = Annotated[
    list[str] | None, typer.Option("--gap", "--gaps", help="A text that stands for an empty cell; repeatable.")
]
PresetName = Annotated[
    str | None, typer.Option("--preset", help="What another tool's headers mean: hubspot, salesforce, ..., or a .toml.")
]
Region = Annotated[str | None, typer.Option(help="The country of phone numbers that name none, as DE.")]
Key = Annotated[
    list[str] | None, typer.Option("--key", help="A column or field by which records are told apart; repeatable.")
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", help="COLUMN=FIELD, COLUMN=FIELD:TRANSFORM(ARG), or COLUMN= to leave it out; repeatable."),
]
JournalFile = Annotated[Path | None, typer.Option("--journal", help="Remembers what is done: run again to go on.")]
Rejects = Annotated[Path | None, typer.Option("--rejects", help="Where rows that were refused go: .csv or .jsonl.")]
Concurrency = Annotated[int, typer.Option(min=1, max=64, help="Batches in flight at most.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line: progress, then the report.")]
Encoding = Annotated[str | None, typer.Option(help="Of a text file; UTF-8 unless it says otherwise.")]
Delimiter = Annotated[str | None, typer.Option(help="Of a CSV file; found in its header.")]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", help="A column to leave out, * the rest; repeatable.")]
Malformed = Annotated[bool, typer.Option("--reject-malformed", help="Reject broken lines instead of stopping.")]
FilterText = Annotated[str | None, typer.Option("--filter", help='As JSON: \'{"name":{"like":"A%"}}\'.')]
AllRecords = Annotated[bool, typer.Option("--all-records", help="Yes, every record of the object.")]


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (load, export, update, delete, destroy, compare):
        app.command()(command)


def load(
    object: Object = None,
    source: Source = None,
    plan: Annotated[Path | None, typer.Option(help="A TOML file that names several objects and sources.")] = None,
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
    skip_lines: SkipLines = None,
    sheet: Sheet = None,
    gap: Gaps = None,
    preset: PresetName = None,
    show: Annotated[bool, typer.Option("--show", help="Print the preset, to be kept and changed.")] = False,
    region: Region = None,
    create_missing: Annotated[
        bool, typer.Option("--create-missing", help="Make the records that relations name and that are not there.")
    ] = False,
    add_options: Annotated[
        bool, typer.Option("--add-options", help="Add to picklists what `option` does not find there.")
    ] = False,
    reject_malformed: Malformed = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Load rows into an object, a plan into several, or a folder into a whole workspace."""
    if show:
        _show_preset(preset, object)
        return
    if (plan is not None) + (everything is not None) + (object is not None) != 1 or (object is None) != (
        source is None
    ):
        raise typer.BadParameter("say OBJECT and SOURCE, or --plan, or --all")
    if source is None:
        reading = {
            "key": key,
            "map": mapping,
            "upsert": upsert,
            "set": constant,
            "ignore": ignore,
            "encoding": encoding,
            "delimiter": delimiter,
            "skip_lines": skip_lines,
            "sheet": sheet,
            "gap": gap,
            "preset": preset,
            "region": region,
            "create_missing": create_missing,
            "add_options": add_options,
            "reject_malformed": reject_malformed,
        }
        if plan is not None:
            refuse("goes into the plan, for each source", rejects=rejects, **reading)
        else:
            refuse("does not go with --all", dry_run=dry_run, **reading)
    options = LoadOptions(
        mode="upsert" if upsert else "insert",
        mapping=mapping_of(mapping),
        key=key or None,
        constants=dict(pair_of(one, "--set") for one in constant or ()),
        ignore=ignore or (),
        malformed="reject" if reject_malformed else "refuse",
        encoding=encoding,
        delimiter=delimiter,
        skip_lines=skip_lines,
        sheet=sheet,
        gaps=gap or (),
        preset=preset,
        region=region,
        create_missing=create_missing,
        add_options=add_options,
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

    finish(work(run, as_json, journal), as_json, rejects)


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
    skip_lines: SkipLines = None,
    sheet: Sheet = None,
    gap: Gaps = None,
    region: Region = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change records that exist: each as its row says (by id or --key), or all of a --filter alike (--data)."""
    if (source is None) == (data is None):
        raise typer.BadParameter("say SOURCE, or --filter and --data")
    if source is not None:
        refuse("goes with --data; the rows of SOURCE say what is meant", filter=filter, all_records=all_records)
    else:
        refuse(
            "goes with SOURCE, not with --data",
            key=key,
            map=mapping,
            ignore=ignore,
            journal=journal,
            encoding=encoding,
            delimiter=delimiter,
            skip_lines=skip_lines,
            sheet=sheet,
            gap=gap,
            region=region,
        )
    options = LoadOptions(
        mode="update",
        mapping=mapping_of(mapping),
        key=key or None,
        ignore=ignore or (),
        encoding=encoding,
        delimiter=delimiter,
        skip_lines=skip_lines,
        sheet=sheet,
        gaps=gap or (),
        region=region,
    )

    async def run(client: Client, show: Display) -> list[StepReport]:
        if source is not None:
            return [await _load_one(client, show, object, source, options, journal, rejects, concurrency, dry_run)]
        selection = Selection(object_of(filter, "--filter"), all_records)
        report = await change_records(
            client.endpoint("graphql"),
            await serve_catalogue(client.endpoint("graphql")),
            object,
            object_of(data, "--data") or {},
            selection,
            rejects=rejects,
            concurrency=concurrency,
            dry_run=dry_run,
            on_progress=show.progress,
        )
        return [StepReport(object, False, report)]

    finish(work(run, as_json, journal), as_json, rejects)


def _removal(mode: Removal, text: str) -> Callable[..., None]:
    def remove(
        object: Annotated[str, typer.Argument(help="An object: companies, people, rockets.")],
        source: Source = None,
        key: Key = None,
        mapping: Map = None,
        filter: FilterText = None,
        all_records: AllRecords = False,
        journal: JournalFile = None,
        rejects: Rejects = None,
        concurrency: Concurrency = 8,
        encoding: Encoding = None,
        delimiter: Delimiter = None,
        dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:
        if (source is None) == (filter is None and not all_records):
            raise typer.BadParameter("say SOURCE, or --filter, or --all-records")
        if source is None:
            why = "goes with SOURCE"
            refuse(why, key=key, map=mapping, journal=journal, encoding=encoding, delimiter=delimiter)
        chosen = source if source is not None else Selection(object_of(filter, "--filter"), all_records)
        read: ReadOptions = {"mapping": mapping_of(mapping), "encoding": encoding, "delimiter": delimiter}

        async def run(client: Client, show: Display) -> list[StepReport]:
            report = await remove_records(
                client.endpoint("graphql"),
                await serve_catalogue(client.endpoint("graphql")),
                mode,
                object,
                chosen,
                key=key or None,
                journal=journal,
                rejects=rejects,
                concurrency=concurrency,
                dry_run=dry_run,
                on_progress=show.progress,
                **read,
            )
            return [StepReport(object, False, report)]

        finish(work(run, as_json, journal), as_json, rejects)

    remove.__name__, remove.__doc__ = mode, text
    return remove


delete = _removal("delete", "Delete records (they can be restored): those of a file, by id or --key, or of a --filter.")
destroy = _removal("destroy", "Destroy records for good: those of a file, by id or --key, or of a --filter.")


def export(
    object: Object = None,
    path: Annotated[Path | None, typer.Argument(help="A .csv, .jsonl or .parquet file.")] = None,
    everything: Annotated[Path | None, typer.Option("--all", help="A folder for all objects and the model.")] = None,
    filter: FilterText = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", help="A field to write; repeatable. All if none.")
    ] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted records, too.")] = False,
    format: Annotated[  # noqa: A002
        Format | None, typer.Option(help="With --all: jsonl, the default, can be loaded again.")
    ] = None,
    journal: JournalFile = None,
    as_json: Json = False,
) -> None:
    """Write all records of an object to a file, or the whole workspace to a folder. Exit code 4 if not all is there."""
    if (everything is None) != (object is not None) or (object is None) != (path is None):
        raise typer.BadParameter("say OBJECT and PATH, or --all FOLDER")
    if everything is not None:
        refuse("does not go with --all, which writes everything", filter=filter, field=field, deleted=deleted)
    else:
        refuse("goes with --all; the ending of PATH says it", format=format)

    async def run(client: Client, show: Display) -> list[ExportReport]:
        if everything is not None:
            return list(
                await export_workspace(
                    client, everything, ending=f".{format or 'jsonl'}", journal=journal, on_progress=show.progress
                )
            )
        catalogue = await serve_catalogue(client.endpoint("graphql"))
        names = catalogue.find(str(object))
        assert path is not None
        only = object_of(filter, "--filter")
        catalogue.check_filter(names, only)
        report = await run_export(
            client.endpoint("graphql"),
            names,
            catalogue.columns(names.type_name),
            path,
            only=only,
            fields=field or None,
            deleted=deleted,
            journal=journal,
            on_progress=show.progress,
        )
        return [report]

    reports = work(run, as_json, journal)
    for report in reports:
        typer.echo(json.dumps(asdict(report), default=str) if as_json else str(report))
    if not all(report.complete for report in reports):
        raise typer.Exit(ExitCode.FINDINGS)


def compare(
    folder: Annotated[Path, typer.Argument(help="What `export --all` wrote.")],
    as_json: Json = False,
) -> None:
    """Compare every record of the workspace with an exported folder. Exit code 4 if they differ."""
    found = work(lambda client, _: compare_workspace(client, folder), as_json, None)
    for one in found:
        if as_json:
            typer.echo(json.dumps(asdict(one), default=str))
        elif one.failure is not None:
            typer.echo(f"{one.name}: not compared: {one.failure}")
        elif one.equal:
            hidden = f", {one.hidden:,} here that this key may not see" if one.hidden else ""
            typer.echo(f"{one.name}: {one.same:,} the same{hidden}")
        else:
            counts = (
                f"{one.missing_count:,} missing here, {one.extra_count:,} only here, {one.different_count:,} different"
            )
            if one.hidden:
                counts += f", {one.hidden:,} here that this key may not see"
            typer.echo(f"{one.name}: {one.same:,} the same, {counts}")
            for identity, name, there, here in one.different[:5]:
                typer.echo(f"  {identity} {name}: {there!r} in the folder, {here!r} here")
    if not all(one.equal for one in found):
        raise typer.Exit(ExitCode.FINDINGS)


def _show_preset(name: str | None, object: str | None) -> None:
    """Prints a preset as it is; of one object only, if one is named."""
    if name is None:
        raise typer.BadParameter(f"say which: --preset {'|'.join(preset_names())}", param_hint="--show")
    preset = read_preset(name)
    if object is None:
        typer.echo(preset.text.rstrip())
        return
    preset.of(object)
    parts = re.split(r"(?m)^(?=\[)", preset.text)
    typer.echo("".join(part for part in parts if part.startswith(f"[{object}]") or part is parts[0]).rstrip())


async def _load_one(
    client: Client,
    show: Display,
    name: str,
    source: str | None,
    options: LoadOptions,
    journal: Path | None,
    rejects: Path | None,
    concurrency: int,
    dry_run: bool,
) -> StepReport:
    catalogue = await serve_catalogue(client.endpoint("graphql"))
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
    label = "standard input" if source == "-" else source.rpartition("/")[2] or source
    return StepReport(f"{name} from {label}", False, report)
