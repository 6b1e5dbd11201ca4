"""Moving a workspace: everything out into a folder, and everything from a folder in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aiotwenty.bulk.export import ExportReport, export
from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.load_options import LoadOptions
from aiotwenty.bulk.modes import Upsert
from aiotwenty.bulk.report import LoadReport, OnProgress
from aiotwenty.bulk.served import serve_catalogue
from aiotwenty.bulk.target import Target
from aiotwenty.client import Client
from aiotwenty.errors import AuthenticationError, ConnectionFailed, TwentyError
from aiotwenty.migrate.model import MissingParts, read_model, write_model
from aiotwenty.migrate.plan import Step, StepReport, run_steps
from aiotwenty.migrate.rows import MEMBERS, MovedRows, members_here


async def export_workspace(
    client: Client,
    folder: str | Path,
    *,
    ending: str = ".jsonl",
    journal: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> list[ExportReport]:
    """Writes all records of all objects, deleted ones too, to one file each, and the data model to `model.json`.

    Only .jsonl can be loaded into another workspace by `load_workspace`. With a `journal` an export that was stopped
    goes on where it was. What this key may not see is not in the files: the reports count it. An object that can't be
    exported says so in its report (`failure`), and the others are exported all the same.
    """
    folder = _made(folder)
    write_model(folder, await client.workspace.objects())
    endpoint = client.endpoint("graphql")
    catalogue = await serve_catalogue(endpoint)
    opened = Journal(journal) if journal is not None else None
    reports = []
    try:
        for names in sorted(catalogue.objects.values(), key=lambda names: names.plural):
            path = folder / f"{names.plural}{ending}"
            target = Target(endpoint, catalogue, names)
            try:
                report = await export(target, path, deleted=True, journal=opened, on_progress=on_progress)
            except (AuthenticationError, ConnectionFailed):
                raise
            except TwentyError as error:
                report = ExportReport(path, 0, 0, 0, 0.0, failure=str(error))
            reports.append(report)
    finally:
        if opened is not None:
            opened.close()
    return reports


async def load_workspace(
    client: Client,
    folder: str | Path,
    *,
    journal: str | Path | None = None,
    rejects: str | Path | None = None,
    concurrency: int = 8,
    on_progress: OnProgress | None = None,
    on_created: Callable[[str], object] | None = None,
) -> list[StepReport]:
    """Loads what `export_workspace` wrote: first the objects, fields and options missing here, then the records.

    Records keep their ids, relations, times and deletion. Workspace members are people with accounts, so they are not
    made: what refers to a member leads to the one here with the same e-mail address, or nowhere. Contents of files are
    not moved. `rejects` is a folder. Meant for an empty workspace; in another one, records with the same id or unique
    value are changed.

    What can't be moved ends nothing else: an object that no key may write (runs and versions of workflows, blocklists),
    a field that can't be made here. The reports say so: `error` and `notes`.
    """
    folder = Path(folder)
    parts = MissingParts(client, read_model(folder), on_created or (lambda _: None))
    await parts.make()
    endpoint = client.endpoint("graphql")
    catalogue = await serve_catalogue(endpoint)
    members = await members_here(client, catalogue, folder)
    rejects_folder = _made(rejects) if rejects is not None else None
    not_made = [StepReport(what, False, LoadReport(), error) for what, error in parts.failed.items()]
    steps, sources = [], {}
    for names in sorted(catalogue.objects.values(), key=lambda names: names.plural):
        path = folder / f"{names.plural}.jsonl"
        if names.type_name == MEMBERS or not path.exists():
            continue
        sources[names.plural] = source = MovedRows(path, catalogue.shape(names.type_name), members)
        options = LoadOptions(mode=Upsert(), nulls="skip", source=names.plural, deleted=True)
        kept = rejects_folder / f"{names.plural}.jsonl" if rejects_folder else None
        steps.append(Step(Target(endpoint, catalogue, names), source, options, kept, names.plural))
    moved = await run_steps(
        steps,
        journal=journal,
        concurrency=concurrency,
        on_progress=on_progress,
        each_alone=True,
    )
    for report in moved:
        if report.label in sources and not report.links:
            report.notes.extend(sources[report.label].notes())
    known = {catalogue.names(MEMBERS).plural, *sources}
    left = [path.stem for path in sorted(folder.glob("*.jsonl")) if path.stem not in known]
    return [*not_made, *moved, *(StepReport(name, False, LoadReport(), None, [_NO_OBJECT]) for name in left)]


_NO_OBJECT = "not moved: this workspace has no such object"


def _made(folder: str | Path) -> Path:
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
