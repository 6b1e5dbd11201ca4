"""`export`: every record of an object once, into a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Unpack
from uuid import NAMESPACE_URL

from pydantic_core import to_json

from aiotwenty.bulk.catalogue import GeneratedCatalogue, Names
from aiotwenty.bulk.fields import RecordColumn, squeeze
from aiotwenty.bulk.formats import FORMATS, RecordWriter, open_writer
from aiotwenty.bulk.journal import Job, Journal
from aiotwenty.bulk.load import AnyRecords
from aiotwenty.bulk.options import AnyFilter, ExportOptions
from aiotwenty.bulk.raw_page import RawPage
from aiotwenty.bulk.report import OnProgress, Progress, counted
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.wire import on_its_way, selection_of
from aiotwenty.graphql.endpoint import TwentyTransport
from aiotwenty.graphql.filters import DELETED_TOO, Filter
from aiotwenty.graphql.operation import Operation
from aiotwenty.graphql.page import Page
from aiotwenty.records.paging import Batch, CursorWalk
from aiotwenty.records.reading import Identity

NOT_EXPORTED = ("searchVector",)
"""What the server makes of other fields."""


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote. `records` counts those of an earlier run with the same journal, too."""

    path: Path
    records: int
    bytes: int
    requests: int
    seconds: float

    def __str__(self) -> str:
        return f"{counted(self.records, 'record')} in {self.path} ({self.bytes:,} bytes, {self.seconds:,.1f} s)"


async def export(
    records: AnyRecords, path: str | Path, *, filter: AnyFilter | None = None, **options: Unpack[ExportOptions]
) -> ExportReport:
    """Writes every record that matches to a .csv, .jsonl or .parquet file, in the order of ids; streamed.

    `fields` are dotted paths (`name`, `domainName.primaryLinkUrl`), by default all but search vectors; columns are
    named so, and the file can be loaded again. `deleted` also brings deleted records. The file appears when it is
    complete.
    With a `journal` an export that was stopped goes on where it was (not with Parquet).

    Raises `PaginationError` rather than leaving a gap, `InputError` for a path or a field that cannot be right.
    """
    meta = records.meta
    return await run_export(
        records._endpoint,
        Names(meta.type_name, meta.singular, meta.plural),
        GeneratedCatalogue(meta.package).columns(meta.type_name),
        Path(path),
        only=records._filter(filter),
        **options,
    )


async def run_export(
    endpoint: TwentyTransport,
    names: Names,
    columns: list[RecordColumn],
    path: Path,
    *,
    only: Filter | None = None,
    fields: Iterable[str] | None = None,
    deleted: bool = False,
    page_size: int | None = None,
    journal: str | Path | Journal | None = None,
    on_progress: OnProgress | None = None,
) -> ExportReport:
    """An export of any object whose names and columns are known."""
    started = monotonic()
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise InputError(f"{path}: records are written as {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    if journal is not None and ending == ".parquet":
        raise InputError(f"{path}: Parquet cannot be continued; export with a journal to .jsonl or .csv")
    columns = _chosen(columns, fields, names)
    if deleted:
        only = {"and": [only, DELETED_TOO]} if only else DELETED_TOO
    walk = RawWalk(endpoint, names, [column.selector for column in columns], only, page_size)
    opened = journal if isinstance(journal, Journal) else Journal(journal) if journal is not None else None
    part = path.with_name(path.name + ".part")
    try:
        job, start = None, 0
        if opened is not None:
            settings = to_json({"fields": [column.path for column in columns], "filter": only}).decode()
            job = opened.job(
                f"export {names.plural} to {path.name}", fingerprint=None, settings=settings, namespace=NAMESPACE_URL
            )
            length = _length(path if job.state and job.state.get("complete") else part)
            if job.state and length is not None:
                if job.state.get("complete"):
                    return ExportReport(path, job.state["seen"], length, 0, monotonic() - started)
                start = walk.resume(job.state)
        writer, done = open_writer(part, ending, columns, start), False
        try:
            await _write(walk, writer, job, Progress(what=names.plural), on_progress)
            done = True
        finally:
            length = writer.close()
            if job is None and not done:
                part.unlink(missing_ok=True)
        part.replace(path)
        if job is not None:
            job.state = {"complete": True, "seen": walk.seen}
    finally:
        if opened is not None and opened is not journal:
            opened.close()
    return ExportReport(path, walk.seen, length, walk.requests, monotonic() - started)


class RawWalk:
    """All records of an object in the order of ids, page by page, the next one being fetched meanwhile."""

    def __init__(
        self,
        endpoint: TwentyTransport,
        names: Names,
        paths: list[str],
        only: Filter | None = None,
        page_size: int | None = None,
    ) -> None:
        selection = selection_of(dict.fromkeys(["id", *paths]))
        variables = f"$filter:{names.type_name}FilterInput,$first:Int,$after:String"
        name = f"ReadAll{names.type_name}"
        text = (
            f"query {name}({variables}){{{names.plural}(filter:$filter,first:$first,after:$after)"
            f"{{edges{{node{selection}}}pageInfo{{hasNextPage endCursor}}totalCount}}}}"
        )
        self._operation = Operation(name, "query", text, names.plural)
        self._endpoint = endpoint
        self._answer = b""
        self._only = only
        self.total: int | None = None
        self.requests = 0
        self._cursors: CursorWalk[Identity] = CursorWalk(self._fetch, page_size, None, names.plural)
        self.position = self._cursors.position

    @property
    def seen(self) -> int:
        return self.position[2]

    def resume(self, state: Mapping[str, Any]) -> int:
        """Goes on from a saved state; where that is in the file."""
        self._cursors.resume(state["cursor"], int(state["last_id"]), state["seen"])
        self.position = self._cursors.position
        return int(state["bytes"])

    async def _fetch(self, first: int, after: str | None) -> tuple[Page[Identity], int]:
        self.requests += 1
        variables: dict[str, object] = {"first": first}
        if self._only:
            variables["filter"] = self._only
        if after:
            variables["after"] = after
        page, self._answer = await self._endpoint.run_raw(self._operation, Page[Identity], variables)
        self.total = page.total_count
        return page, len(self._answer)

    async def pages(self) -> AsyncIterator[RawPage]:
        """Pages of records as they came; `position` is after the page that was given last."""
        task: asyncio.Future[Batch[Identity]] | None = asyncio.ensure_future(self._cursors.batch())
        try:
            while task is not None:
                batch = await task
                position = self._cursors.position
                page = RawPage(self._answer, self._operation.root or "", len(batch.records))
                task = asyncio.ensure_future(batch.following()) if batch.following else None
                await on_its_way()
                self.position = position
                yield page
        finally:
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])


async def _write(
    walk: RawWalk, writer: RecordWriter, job: Job | None, progress: Progress, on_progress: OnProgress | None
) -> None:
    async for page in walk.pages():
        writer.write(page)
        if job is not None:
            cursor, last_id, seen = walk.position
            job.state = {"cursor": cursor, "last_id": str(last_id), "seen": seen, "bytes": writer.sync()}
        progress.received, progress.loaded = walk.seen, walk.seen
        progress.total, progress.requests = walk.total, walk.requests
        if on_progress is not None:
            on_progress(progress)


def _length(path: Path) -> int | None:
    return path.stat().st_size if path.exists() else None


def _plain(path: str) -> str:
    """`domain_name.primary_link_url` means `domainName.primaryLinkUrl`, as in filters."""
    return ".".join(squeeze(part) for part in path.split("."))


def _chosen(columns: list[RecordColumn], fields: Iterable[str] | None, names: Names) -> list[RecordColumn]:
    if fields is None:
        return [column for column in columns if column.path not in NOT_EXPORTED]
    plain = {one: f"{_plain(one.path)}." for one in columns}
    parts = {field: [one for one in columns if plain[one].startswith(f"{_plain(field)}.")] for field in fields}
    if unknown := [field for field, found in parts.items() if not found]:
        known = ", ".join(column.path for column in columns)
        raise InputError(f"{names.type_name} has no field {', '.join(unknown)}; it has {known}")
    return list(
        dict.fromkeys([*(one for one in columns if one.path == "id"), *(one for f in parts.values() for one in f)])
    )
