"""`aiotwenty load`, `export`, `update`, `delete`, `destroy` and `compare`: many records at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from aiotwenty import Client, bulk
from aiotwenty.bulk import ExportReport, LoadReport
from aiotwenty.bulk.options import LoadSettings, RemoveOptions, UpdateOptions
from aiotwenty.bulk.presets import preset_names, read_preset
from aiotwenty.bulk.served import serve_catalogue
from aiotwenty.bulk.target import Target
from aiotwenty.cli.display import Display, finish, work
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.options import (
    AddOptions,
    AllRecords,
    Concurrency,
    Constant,
    CreateMissing,
    Deleted,
    Delimiter,
    DryRun,
    Encoding,
    Fields,
    FilterText,
    Gaps,
    Ignore,
    JournalFile,
    Json,
    Key,
    Malformed,
    Map,
    Object,
    PresetName,
    Region,
    Rejects,
    Sheet,
    SkipLines,
    Source,
    Upsert,
)
from aiotwenty.cli.values import mapping_of, object_of, pair_of, refuse
from aiotwenty.migrate import StepReport, compare_workspace, export_workspace, load_plan, load_workspace


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
    upsert: Upsert = False,
    constant: Constant = None,
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
    create_missing: CreateMissing = False,
    add_options: AddOptions = False,
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
    options = LoadSettings(
        upsert=upsert,
        mapping=mapping_of(mapping),
        key=key or None,
        constants=dict(pair_of(pair, "--set") for pair in constant or ()),
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
        journal=journal,
        rejects=rejects,
        concurrency=concurrency,
        dry_run=dry_run,
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
        assert source is not None
        target = await _target(client, str(object))
        options["on_progress"] = show.progress
        report = await bulk.load(target, source, **options)
        return _reported(f"{object} from {_label(source)}", report)

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
    options = UpdateOptions(
        mapping=mapping_of(mapping),
        key=key or None,
        ignore=ignore or (),
        encoding=encoding,
        delimiter=delimiter,
        skip_lines=skip_lines,
        sheet=sheet,
        gaps=gap or (),
        region=region,
        journal=journal,
        rejects=rejects,
        concurrency=concurrency,
        dry_run=dry_run,
    )

    async def run(client: Client, show: Display) -> list[StepReport]:
        target = await _target(client, object)
        if source is not None:
            options["on_progress"] = show.progress
            report = await bulk.update(target, source, **options)
            return _reported(f"{object} from {_label(source)}", report)
        report = await bulk.change(
            target,
            object_of(data, "--data") or {},
            filter=object_of(filter, "--filter"),
            all_records=all_records,
            rejects=rejects,
            concurrency=concurrency,
            dry_run=dry_run,
            on_progress=show.progress,
        )
        return _reported(object, report)

    finish(work(run, as_json, journal), as_json, rejects)


def _removal(name: Literal["delete", "destroy"], text: str) -> Callable[..., None]:
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
        options = RemoveOptions(
            mapping=mapping_of(mapping),
            encoding=encoding,
            delimiter=delimiter,
            journal=journal,
            rejects=rejects,
            concurrency=concurrency,
            dry_run=dry_run,
        )

        async def run(client: Client, show: Display) -> list[StepReport]:
            options["on_progress"] = show.progress
            target, chosen = await _target(client, object), object_of(filter, "--filter")
            remove_records = bulk.delete if name == "delete" else bulk.destroy
            report = await remove_records(
                target, source, filter=chosen, all_records=all_records, key=key or None, **options
            )
            return _reported(object, report)

        finish(work(run, as_json, journal), as_json, rejects)

    remove.__name__, remove.__doc__ = name, text
    return remove


delete = _removal("delete", "Delete records (they can be restored): those of a file, by id or --key, or of a --filter.")
destroy = _removal("destroy", "Destroy records for good: those of a file, by id or --key, or of a --filter.")


def export(
    object: Object = None,
    path: Annotated[Path | None, typer.Argument(help="A .csv, .jsonl or .parquet file.")] = None,
    everything: Annotated[Path | None, typer.Option("--all", help="A folder for all objects and the model.")] = None,
    filter: FilterText = None,
    field: Fields = None,
    deleted: Deleted = False,
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
        assert path is not None
        report = await bulk.export(
            await _target(client, str(object)),
            path,
            filter=object_of(filter, "--filter"),
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
    comparisons = work(lambda client, _: compare_workspace(client, folder), as_json, None)
    for comparison in comparisons:
        if as_json:
            typer.echo(json.dumps(asdict(comparison), default=str))
        elif comparison.failure is not None:
            typer.echo(f"{comparison.name}: not compared: {comparison.failure}")
        elif comparison.equal:
            hidden = f", {comparison.hidden:,} here that this key may not see" if comparison.hidden else ""
            typer.echo(f"{comparison.name}: {comparison.same:,} the same{hidden}")
        else:
            counts = ", ".join(
                (
                    f"{comparison.missing_count:,} missing here",
                    f"{comparison.extra_count:,} only here",
                    f"{comparison.different_count:,} different",
                )
            )
            if comparison.hidden:
                counts += f", {comparison.hidden:,} here that this key may not see"
            typer.echo(f"{comparison.name}: {comparison.same:,} the same, {counts}")
            for identity, name, there, here in comparison.different[:5]:
                typer.echo(f"  {identity} {name}: {there!r} in the folder, {here!r} here")
    if not all(comparison.equal for comparison in comparisons):
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


def _label(source: str) -> str:
    return "standard input" if source == "-" else source.rpartition("/")[2] or source


async def _target(client: Client, name: str) -> Target:
    """The object as the workspace has it now."""
    endpoint = client.endpoint("graphql")
    return Target.named(endpoint, await serve_catalogue(endpoint), name)


def _reported(label: str, report: LoadReport) -> list[StepReport]:
    return [StepReport(label, False, report)]
