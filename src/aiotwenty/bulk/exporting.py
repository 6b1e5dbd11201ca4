"""`export`: every record of an object once, into a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Unpack, cast
from uuid import NAMESPACE_URL

from pydantic_core import to_json

from aiotwenty.bulk.catalogue import AnyFilter
from aiotwenty.bulk.feed.store import ChangeStore
from aiotwenty.bulk.formats import FORMATS, RecordWriter, open_writer
from aiotwenty.bulk.incremental import Incremental, check_incremental
from aiotwenty.bulk.journal import Job, Journal, path_of
from aiotwenty.bulk.options import ExportOptions, WholeExportOptions, check_options
from aiotwenty.bulk.output import check_apart, check_folder, part_of, writing
from aiotwenty.bulk.raw_page import parts_of
from aiotwenty.bulk.raw_walk import RawWalk
from aiotwenty.bulk.record_columns import RecordColumn, chosen_columns, usual_columns
from aiotwenty.bulk.report import OnProgress, Progress, counted
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.target import AnyRecords, Target
from aiotwenty.disk import make_private, put_in_place
from aiotwenty.graphql.filters import with_deleted
from aiotwenty.graphql.html import facts


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote. `records` includes those of earlier runs with the same journal."""

    path: Path
    records: int
    bytes: int
    requests: int
    seconds: float
    hidden: int = 0
    """Records that the server counts but the key can't see: they are not in the file."""
    restricted: int = 0
    """Values that the server withheld: they are empty in the file."""
    failure: str | None = None
    """The reason for a missing file, if other objects were exported."""
    changes: int | None = None
    """Changes since the last run of an incremental export."""
    files: int = 0
    """Downloaded files of the records, in an export of a whole workspace."""
    missing_files: Sequence[str] = ()
    """Files that could not be downloaded, each with its record and the reason."""

    @property
    def complete(self) -> bool:
        """Whether the file has everything that the server has, and the requested files exist."""
        return not (self.hidden or self.restricted or self.failure or self.missing_files)

    def _repr_html_(self) -> str:
        """The HTML for notebooks."""
        values = vars(self) | {"seconds": round(self.seconds, 2)}
        return facts({name: value for name, value in values.items() if value not in (None, 0, ())}, str(self))

    def __str__(self) -> str:
        if self.failure is not None:
            return f"{self.path.stem}: not exported: {self.failure}"
        text = f"{counted(self.records, 'record')} in {self.path} ({self.bytes:,} bytes, {self.seconds:,.1f} s)"
        if self.changes is not None:
            text += f", {counted(self.changes, 'change')}"
        if self.hidden:
            text += f"; {counted(self.hidden, 'more record')} hidden from this key, not exported"
        if self.restricted:
            text += f"; {counted(self.restricted, 'value')} hidden from this key, left empty"
        if self.files:
            text += f"; {counted(self.files, 'file')}"
        if self.missing_files:
            text += f"; {counted(len(self.missing_files), 'file')} not exported: {self.missing_files[0]}"
        return text


async def export(
    records: AnyRecords,
    path: str | Path,
    *,
    filter: AnyFilter | None = None,
    **options: Unpack[ExportOptions],
) -> ExportReport:
    """Writes every record that matches to a .csv, .jsonl or .parquet file, in the order of ids; streamed.

    `fields` are dotted paths (`name`, `domainName.primaryLinkUrl`, `accountOwner.name.firstName`), by default all of
    the object except search vectors. They are the names of the columns, and the file can be loaded again. `deleted`
    includes deleted records. The file appears when it is complete.

    `incremental` is a file that stores what was written: the next run with it updates the export, removes records that
    no longer exist, and resumes after an interruption. The path may then also be a folder, of 16
    Parquet files by the first digit of the id; only files with changes are written again.

    With a `journal`, an interrupted export resumes (not for Parquet). `spreadsheet_safe` puts an
    apostrophe before texts in a CSV file that spreadsheets would treat as formulas; a load keeps it.

    Records that this key can't see are not in the file, and hidden values are empty: the
    report counts both. Raises `PaginationError` if other records would be missing, and `InputError` for an invalid path
    or field.
    """
    check_options("an export", options, ExportOptions.__annotations__)
    incremental = options.pop("incremental", None)
    if incremental is not None:
        store = incremental if isinstance(incremental, ChangeStore) else Path(incremental)
        return await _up_to_date(Target.of(records), Path(path), filter, store, options)
    # Only `incremental` was removed.
    return await _export(Target.of(records), Path(path), filter, **cast(WholeExportOptions, options))


def _check_path(path: Path, part: Path, journal: str | Path | Journal | None, spreadsheet_safe: bool) -> None:
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise InputError(f"{path}: records are written as {', '.join(FORMATS)}")
    check_folder(path)
    check_apart([("the export", path), ("the export", part), ("the journal", path_of(journal))])
    if spreadsheet_safe and ending != ".csv":
        raise InputError(f"{path}: spreadsheet_safe (--spreadsheet-safe) goes with .csv")
    if journal is not None and ending == ".parquet":
        raise InputError(f"{path}: Parquet cannot be continued; export with a journal to .jsonl or .csv")


async def _export(
    target: Target,
    path: Path,
    filter: AnyFilter | None,
    *,
    fields: Iterable[str] | None = None,
    deleted: bool = False,
    spreadsheet_safe: bool = False,
    page_size: int | None = None,
    journal: str | Path | Journal | None = None,
    on_progress: OnProgress | None = None,
) -> ExportReport:
    started = monotonic()
    part = part_of(path)
    _check_path(path, part, journal, spreadsheet_safe)
    names = target.names
    columns = _chosen(target, fields)
    await target.has(column.path for column in columns)
    only = target.filter(filter)
    if deleted:
        only = with_deleted(only)
    walk = RawWalk(target, [column.selector for column in columns], only, page_size, parts=parts_of(columns))
    opened = journal if isinstance(journal, Journal) else Journal(journal) if journal is not None else None
    try:
        job, start = None, 0
        if opened is not None:
            chosen = {"fields": [column.path for column in columns], "filter": only}
            settings = to_json({**chosen, **({"spreadsheet_safe": True} if spreadsheet_safe else {})}).decode()
            label = f"export {names.plural} to {path.name}"
            job = opened.job(label, fingerprint=None, settings=settings, namespace=NAMESPACE_URL)
            state = job.state or {}
            if state.get("complete") and _length(path) == state["bytes"]:
                left = state["hidden"], state["restricted"]
                return ExportReport(path, state["seen"], state["bytes"], 0, monotonic() - started, *left)
            # A shorter file lost its end in a power failure: start again.
            if state and not state.get("complete") and _length(part) >= state["bytes"]:
                start = walk.resume(state)
        try:
            with writing(path):
                if not start:
                    make_private(part)
                writer = open_writer(part, path.suffix.lower(), columns, start, spreadsheet_safe=spreadsheet_safe)
            try:
                await _write(walk, writer, job, Progress(what=names.plural), on_progress)
            finally:
                with writing(path):
                    length = writer.close()
            with writing(path):
                put_in_place(part, path)
        except BaseException:
            _clear(part, job)
            raise
        if job is not None:
            left_out = {"hidden": walk.hidden, "restricted": walk.restricted}
            job.state = {"complete": True, "bytes": length, "seen": walk.seen, **left_out}
    finally:
        if opened is not None and opened is not journal:
            opened.close()
    seconds = monotonic() - started
    return ExportReport(path, walk.seen, length, walk.requests, seconds, walk.hidden, walk.restricted)


async def _up_to_date(
    target: Target, path: Path, filter: AnyFilter | None, incremental: Path | ChangeStore, options: ExportOptions
) -> ExportReport:
    if filter is not None or options.get("journal") is not None:
        raise InputError(
            f"{path}: an incremental export takes no filter (records that leave it would not be noticed) and no "
            "journal (it resumes by itself)"
        )
    safe = options.get("spreadsheet_safe", False)
    check_incremental(path, incremental, spreadsheet_safe=safe)
    columns = _chosen(target, options.get("fields"))
    if foreign := [column.path for column in columns if column not in target.catalogue.columns(target.type_name)]:
        raise InputError(
            f"{path}: an incremental export takes no fields of related records, whose changes would not be noticed: "
            f"{', '.join(foreign)}"
        )
    own = {column.path for column in target.catalogue.columns(target.type_name)}
    if foreign := [column.path for column in columns if column.path not in own]:
        raise InputError(f"{path}: incremental goes with the object's own fields, and not with {', '.join(foreign)}")
    await target.has(column.path for column in columns)
    with ExitStack() as stack:
        shared = incremental if isinstance(incremental, ChangeStore) else None
        store = shared or stack.enter_context(ChangeStore(str(incremental)))
        work = Incremental(target, path, columns, store, options.get("deleted", False), safe)
        done = await work.run(options.get("on_progress"))
    left_out = done.hidden, done.restricted
    return ExportReport(path, done.records, done.bytes, done.requests, done.seconds, *left_out, changes=done.changes)


def _clear(part: Path, job: Job | None) -> None:
    """Removes partial files that no later run can resume."""
    if job is None or not job.state or job.state.get("complete"):
        with suppress(OSError):
            part.unlink(missing_ok=True)


async def _write(
    walk: RawWalk, writer: RecordWriter, job: Job | None, progress: Progress, on_progress: OnProgress | None
) -> None:
    written = walk.position
    async for page in walk.pages():
        with writing(writer.path):
            writer.write(page)
        # Records read after the end of the cursors have no position to resume from: a later run reads them again.
        if job is not None and walk.position != written:
            written = cursor, last_id, seen = walk.position
            state = {"cursor": cursor, "last_id": str(last_id), "seen": seen, "restricted": walk.restricted}
            with writing(writer.path):
                length = writer.sync()
            job.state = {**state, "bytes": length}
        progress.received, progress.loaded = walk.seen, walk.seen
        progress.total, progress.requests = walk.total, walk.requests
        if on_progress is not None:
            on_progress(progress)


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1


def _chosen(target: Target, fields: Iterable[str] | None) -> list[RecordColumn]:
    catalogue, type_name = target.catalogue, target.type_name
    if fields is None:
        return usual_columns(catalogue, type_name)
    ids = [column for column in catalogue.columns(type_name) if column.path == "id"]
    return list(dict.fromkeys([*ids, *chosen_columns(catalogue, type_name, fields)]))
