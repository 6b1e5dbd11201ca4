"""Exports a whole workspace to a folder: data model, records, files, and the names of views, roles and the like."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from aiotwenty.bulk.exporting import ExportReport, export
from aiotwenty.bulk.feed.store import ChangeStore
from aiotwenty.bulk.incremental import unfinished
from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.options import ExportOptions
from aiotwenty.bulk.report import OnProgress
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.workspace_catalogue import ServedCatalogue, serve_catalogue
from aiotwenty.client import Client
from aiotwenty.disk import made_folder
from aiotwenty.errors import AuthenticationError, ConnectionFailed, TwentyError
from aiotwenty.migrate.beside_records import read_beside, write_beside
from aiotwenty.migrate.data_model import write_model
from aiotwenty.migrate.file_index import FileFolder
from aiotwenty.migrate.folder import write_export
from aiotwenty.migrate.lanes import in_lanes
from aiotwenty.migrate.moved_files import export_files
from aiotwenty.records.object_meta import ObjectNames
from aiotwenty.workspace.data_model import Object


async def export_workspace(
    client: Client,
    folder: str | Path,
    *,
    ending: str = ".jsonl",
    files: bool | None = None,
    spreadsheet_safe: bool = False,
    journal: str | Path | None = None,
    incremental: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> list[ExportReport]:
    """Writes a whole workspace to a folder, by its current schema.

    Each object gets a file with all its records, including deleted ones. The data model is in `model.json`, the
    contents of files in `files/` (not with `files=False`), the names of views, roles, webhooks and the like in
    `beside.json`, and a summary in `export.json`.

    `load_workspace` loads only .jsonl, and contents of files are only exported with it. With a `journal`, an
    interrupted export resumes; with `incremental`, a file that stores what was written, the files of records are
    updated. Contents that are in the folder are not downloaded again. Data that this key can't see is not exported: the
    reports count it. If an object can't be exported, its report has a `failure`, and the others are exported.
    """
    if spreadsheet_safe and ending != ".csv":
        raise InputError("spreadsheet_safe (--spreadsheet-safe) goes with .csv (--format csv)")
    if files and ending != ".jsonl":
        raise InputError("files are exported with .jsonl only")
    if journal is not None and incremental is not None:
        raise InputError("incremental (--incremental) goes on by itself, and needs no journal")
    files = ending == ".jsonl" if files is None else files
    folder = made_folder(folder)
    model = await client.workspace.objects()
    write_model(folder, model)
    catalogue = await serve_catalogue(client._endpoint("graphql"))
    contents = FileFolder.of(folder) if files else None
    if contents is not None:
        contents.begin()
    work = _Export(client, catalogue, folder, ending, {"deleted": True, "spreadsheet_safe": spreadsheet_safe})
    with ExitStack() as stack:
        if journal is not None:
            work.options["journal"] = stack.enter_context(closing(Journal(journal)))
        store = stack.enter_context(ChangeStore(incremental)) if incremental is not None else None
        reports = await work.records({**work.options, "incremental": store, "on_progress": on_progress}, store)
    if contents is not None:
        reports = [await work.with_files(report, contents) for report in reports]
        contents.finish()
    write_beside(folder, await read_beside(client, model))
    reports += _not_served(folder, ending, model, catalogue)
    write_export(folder, reports, files=files)
    return reports


@dataclass
class _Export:
    """The export of a workspace's objects to a folder."""

    client: Client
    catalogue: ServedCatalogue
    folder: Path
    ending: str
    options: ExportOptions

    async def records(self, options: ExportOptions, store: ChangeStore | None) -> list[ExportReport]:
        """The reports of all objects; that of an object that can't be exported has the reason."""
        objects = sorted(self.catalogue.listed.values(), key=lambda names: names.plural)
        if store is None:
            work = [partial(self._written, names, options) for names in objects]
            return await in_lanes(work, self._target(objects[0]).endpoint.somebody_waits) if objects else []
        # In turn, because each export writes to the store which other objects it concerns.
        reports = {names.plural: await self._written(names, options) for names in objects}
        # Destroyed records may have emptied foreign keys in files that are written already.
        for names in objects:
            if unfinished(store, names.singular):
                first, again = reports[names.plural], await self._written(names, options)
                changes = (first.changes or 0) + (again.changes or 0)
                reports[names.plural] = replace(again, changes=changes, requests=first.requests + again.requests)
        return list(reports.values())

    async def _written(self, names: ObjectNames, options: ExportOptions) -> ExportReport:
        path = self.folder / f"{names.plural}{self.ending}"
        try:
            return await export(self._target(names), path, **options)
        except (AuthenticationError, ConnectionFailed):
            raise
        except TwentyError as error:
            return ExportReport(path, 0, 0, 0, 0.0, failure=str(error))

    def _target(self, names: ObjectNames) -> Target:
        return Target(self.client._endpoint("graphql"), self.catalogue, names)

    async def with_files(self, report: ExportReport, contents: FileFolder) -> ExportReport:
        """The report, after the files of the object's records were put into the folder."""
        if report.failure is not None:
            return report
        target = self._target(
            next(names for names in self.catalogue.listed.values() if names.plural == report.path.stem)
        )
        try:
            stored, problems = await export_files(self.client, target, report.path, contents)
        except (AuthenticationError, ConnectionFailed):
            raise
        except TwentyError as error:
            return replace(report, missing_files=[f"all of them: {error}"])
        return replace(report, files=stored, missing_files=[str(problem) for problem in problems])


def _not_served(folder: Path, ending: str, model: list[Object], catalogue: ServedCatalogue) -> list[ExportReport]:
    """Reports of objects in the data model that /graphql doesn't have."""
    served = {names.plural.lower() for names in catalogue.listed.values()}
    return [
        ExportReport(folder / f"{of.name_plural}{ending}", 0, 0, 0, 0.0, failure="/graphql doesn't have its records")
        for of in model
        if of.name_plural.lower() not in served and not of.is_remote
    ]
