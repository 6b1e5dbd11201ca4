"""Moves a workspace: loads all of an exported folder."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import NAMESPACE_URL

from pydantic_core import to_json

from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.modes import Upsert
from aiotwenty.bulk.options import CONCURRENCY, load_options
from aiotwenty.bulk.output import FileFailed
from aiotwenty.bulk.report import LoadReport, OnProgress, counted
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.workspace_catalogue import ServedCatalogue, serve_catalogue
from aiotwenty.client import Client
from aiotwenty.disk import made_folder
from aiotwenty.migrate.beside_records import NAMES_ONLY, NEVER_READ, read_beside, stored_beside
from aiotwenty.migrate.data_model import MissingParts, read_model
from aiotwenty.migrate.exported_rows import MovedRows
from aiotwenty.migrate.file_index import ATTACHMENTS, FileFolder, entries_by_path, file_entries
from aiotwenty.migrate.folder import REPORT_FILE, read_export, write_report
from aiotwenty.migrate.members import MEMBERS, Members, UnmappedOwners, owner_fields, read_members
from aiotwenty.migrate.moved_files import FileProblem, Uploads
from aiotwenty.migrate.steps import Step, StepReport, run_steps
from aiotwenty.records.object_meta import ObjectNames
from aiotwenty.workspace.data_model import Field, Object

MissingMembers = Literal["report", "drop"]


async def load_workspace(
    client: Client,
    folder: str | Path,
    *,
    members: str | Path | Mapping[str, str] | None = None,
    members_default: str | None = None,
    members_missing: MissingMembers = "report",
    files: bool = True,
    journal: str | Path | None = None,
    rejects: str | Path | None = None,
    concurrency: int = CONCURRENCY,
    on_progress: OnProgress | None = None,
    on_created: Callable[[str], object] | None = None,
) -> list[StepReport]:
    """Loads a folder of `export_workspace`: first the missing objects, fields and options, then the records.

    Records keep their ids, relations, times of creation, positions and deletion, and their files are uploaded (not with
    `files=False`). Workspace members are people with accounts, so they are not created: a member is replaced by the one
    in the table `members` (a file with two columns of e-mail addresses, old and new, or a mapping), else by the one
    with the same address, else by `members_default`. Other records lose their owner: a separate report counts them, and
    is `complete` only with `members_missing="drop"`.

    `rejects` is a folder. The workspace should be empty; otherwise, records with the same id or unique value are
    updated. With a `journal`, an interrupted move resumes, without duplicate records or files.

    If something can't be moved, the rest continues: an object that no key can write (runs and versions of workflows,
    blocklists), or a field that can't be created. The reports have it in `error` and `notes`, and in `told` what nobody
    can set. `report.json` in the folder has all of it, with every record that lost its owner.
    """
    folder = Path(folder)
    if members_missing not in get_args(MissingMembers):
        raise InputError(f"members_missing must be report or drop, not {members_missing!r}")
    model = read_model(folder)
    # Wrong members are reported before anything is changed.
    before = await serve_catalogue(client._endpoint("graphql"))
    owners = await read_members(client, before, folder, members, members_default)
    opened = Journal(journal)
    try:
        # Loaded rows are not loaded again, so with other members they would keep their present owners.
        settings = to_json({"members": owners.summary(), "files": files}).decode()
        opened.job("members and files of the move", fingerprint=None, settings=settings, namespace=NAMESPACE_URL)
        move = _Move(client, folder, opened, files, members_missing)
        parts = MissingParts(client, model, on_created or (lambda _: None))
        await parts.make()
        not_made = [
            StepReport(description, False, LoadReport(), error) for description, error in parts.not_made.items()
        ]
        if parts.left_alone:
            not_made.append(StepReport("data model", False, LoadReport(), told=parts.left_alone))
        catalogue = await serve_catalogue(client._endpoint("graphql")) if parts.made else before
        steps = move.steps(catalogue, parts.here, owners, made_folder(rejects) if rejects is not None else None)
        moved = await run_steps(
            steps, journal=opened, concurrency=concurrency, on_progress=on_progress, each_alone=True
        )
        move.tell(moved)
        return await move.finish([*not_made, *moved], catalogue, parts.here, owners)
    finally:
        # A temporary journal stays open: the reports read their rejects from it.
        if journal is not None:
            opened.close()


@dataclass
class _Move:
    """The load of a folder into a workspace."""

    client: Client
    folder: Path
    journal: Journal
    files: bool
    members_missing: MissingMembers
    sources: dict[str, MovedRows] = field(default_factory=dict)
    uploads: Uploads | None = None
    uploading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def steps(
        self, catalogue: ServedCatalogue, model: Sequence[Object], owners: Members, rejects: Path | None
    ) -> list[Step]:
        """The load of each object that both the folder and the workspace have."""
        contents = FileFolder.of(self.folder)
        if self.files and contents.exists:
            contents.read()
            self.uploads = Uploads(self.client, contents, self.journal)
        fields = {of.name_singular.lower(): {known.name: known for known in of.fields} for of in model}
        steps = []
        for names in sorted(catalogue.objects.values(), key=lambda names: names.plural):
            path = self.folder / f"{names.plural}.jsonl"
            if names.type_name == MEMBERS or not path.exists():
                continue
            shape, known = catalogue.shape(names.type_name), dict[str, str]()
            self.sources[names.plural] = source = MovedRows(path, shape, owners.of, known)
            options = load_options(Upsert(), {"nulls": "skip", "source": names.plural, "deleted": True})
            kept = rejects / f"{names.plural}.jsonl" if rejects else None
            target = Target(self.client._endpoint("graphql"), catalogue, names)
            prepare = None
            if self.uploads is not None and shape.file_fields:
                of_object = fields.get(names.singular.lower(), {})
                into = {name: of_object[name] for name in shape.file_fields if name in of_object}
                prepare = partial(self._upload, path, names, into, known)
            steps.append(Step(target, source, options, kept, names.plural, prepare))
        return steps

    async def _upload(self, path: Path, names: ObjectNames, into: Mapping[str, Field], known: dict[str, str]) -> None:
        assert self.uploads is not None
        async with self.uploading:
            await self.uploads.of(path, names.plural, into, known)

    def tell(self, moved: Sequence[StepReport]) -> None:
        """Adds to the reports what could not be moved of their rows."""
        for report in moved:
            if (source := self.sources.get(report.label)) is not None and not report.links:
                report.notes.extend(source.notes())
                report.told.extend(filter(None, [source.told()]))

    async def finish(
        self, moved: list[StepReport], catalogue: ServedCatalogue, model: Sequence[Object], owners: Members
    ) -> list[StepReport]:
        """All reports, which are also written to the folder."""
        here = {catalogue.names(MEMBERS).plural, *self.sources}
        left = [path.stem for path in sorted(self.folder.glob("*.jsonl")) if path.stem not in here]
        reports = [*moved, *(_remarks(name, [_NO_OBJECT]) for name in left)]
        fields = {plural: owner_fields(catalogue.shape(catalogue.find(plural).type_name)) for plural in self.sources}
        unmapped = UnmappedOwners(self.folder, owners, fields)
        attachments = self.folder / f"{ATTACHMENTS}.jsonl"
        by_path = [*entries_by_path(attachments, ATTACHMENTS)] if ATTACHMENTS in self.sources else []
        problems = [*(self.uploads.problems if self.uploads else ()), *(FileProblem(e, _BY_PATH) for e in by_path)]
        reports += [self._members(owners, unmapped), self._files(catalogue, problems)]
        reports.append(await self._not_moved(model))
        try:
            write_report(
                self.folder,
                {**_export_summary(self.folder), "load": [_as_json(report) for report in reports]},
                {
                    "recordsWithoutOwner": (owner._asdict() for owner in unmapped),
                    "filesNotMoved": ({**problem.entry._asdict(), "reason": problem.reason} for problem in problems),
                },
            )
        except FileFailed as error:
            reports.append(_remarks(REPORT_FILE, [str(error)]))
        return [report for report in reports if not (report.label in _BESIDES and not report.notes and not report.told)]

    def _members(self, owners: Members, unmapped: UnmappedOwners) -> StepReport:
        lost = unmapped.told()
        names = ", ".join(sorted(owners.without.values()))
        stands = " (replaced by members_default, --members-default)" if owners.default else ""
        absent = [f"accounts are not moved: no member here is {names}{stands}"] if names else []
        by_name = sum(1 for member in owners.there if owners.found(member))
        remarks = [f"{by_name} of {counted(len(owners.there), 'member')} found here", *absent]
        if self.members_missing == "drop":
            return _remarks("workspaceMembers", [], [*remarks, *lost])
        how = "assign members with --members or --members-default, or pass --members-missing=drop"
        return _remarks("workspaceMembers", [*lost, *([how] if lost else [])], remarks)

    def _files(self, catalogue: ServedCatalogue, problems: Sequence[FileProblem]) -> StepReport:
        listed = [f"not moved: {problem}" for problem in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            listed.append(f"and {len(problems) - _SHOWN:,} more, which {REPORT_FILE} lists")
        if self.uploads is not None:
            uploads = self.uploads
            before = f", {uploads.reused:,} were before" if uploads.reused else ""
            remarks = [f"{counted(uploads.uploaded, 'file')} uploaded{before}"] if uploads.uploaded or before else []
            return _remarks("files", listed, remarks)
        number = 0
        for plural in self.sources:
            shape = catalogue.shape(catalogue.find(plural).type_name)
            if shape.file_fields:
                entries = file_entries(self.folder / f"{plural}.jsonl", plural, shape.file_fields)
                number += sum(1 for _ in entries)
        if not number:
            return _remarks("files", listed)
        if not self.files:
            return _remarks(
                "files", listed, [f"{counted(number, 'file')} left out, as asked (files=False, --no-files)"]
            )
        return _remarks("files", [*listed, f"not moved: {counted(number, 'file')}, whose contents were not exported"])

    async def _not_moved(self, model: Sequence[Object]) -> StepReport:
        """A report of the views, roles and the like that the exported workspace has, and this one lacks."""
        remarks: list[str] = []
        here = await read_beside(self.client, model)
        for kind, things in (stored_beside(self.folder) or {}).items():
            things_here = here.get(kind, [])
            if isinstance(things, str) or isinstance(things_here, str):
                remarks.append(f"{kind}: could not be read: {things if isinstance(things, str) else things_here}")
            elif left := sorted((Counter(things) - Counter(things_here)).elements()):
                remarks.append(f"{len(left):,} of {len(things):,} {kind}: {'; '.join(left)}")
        return _remarks("not moved", [], [*remarks, NAMES_ONLY, NEVER_READ])


_SHOWN = 100
"""The most problems with files in a report; `report.json` has all."""
_BY_PATH = "servers of 2025 keep it by a path: its content is not moved"
_NO_OBJECT = "not moved: this workspace has no such object, or the API can't create its records"
_BESIDES = ("workspaceMembers", "files", "not moved")


def _remarks(label: str, notes: list[str], told: list[str] | None = None) -> StepReport:
    return StepReport(label, False, LoadReport(), None, notes, told or [])


def _export_summary(folder: Path) -> dict[str, Any]:
    try:
        summary = read_export(folder)
    except InputError as error:
        return {"export": str(error)}
    return {"export": summary.model_dump()} if summary is not None else {}


def _as_json(report: StepReport) -> dict[str, Any]:
    counts = {name: getattr(report.report, name) for name in ("received", "loaded", "rejected", "already_loaded")}
    return {
        "what": report.label,
        "links": report.links,
        **counts,
        "error": str(report.error) if report.error is not None else None,
        "notes": report.notes,
        "told": report.told,
    }
