"""`export`: every record of an object once, into a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Unpack
from uuid import NAMESPACE_URL, UUID

from pydantic_core import to_json

from aiotwenty.bulk.catalogue import AnyFilter
from aiotwenty.bulk.fields import RecordColumn, squeeze
from aiotwenty.bulk.formats import FORMATS, RecordWriter, open_writer
from aiotwenty.bulk.journal import Job, Journal
from aiotwenty.bulk.options import ExportOptions
from aiotwenty.bulk.raw_page import RawPage
from aiotwenty.bulk.report import OnProgress, Progress, counted
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.target import AnyRecords, Target
from aiotwenty.bulk.wire import on_its_way
from aiotwenty.graphql.document import compose, selection_of
from aiotwenty.graphql.filters import DELETED_TOO, Filter
from aiotwenty.graphql.page import Page
from aiotwenty.records.filters import by_ids
from aiotwenty.records.listing import Identity
from aiotwenty.records.meta import ObjectNames
from aiotwenty.records.paging import Batch, CursorWalk, OrderedWalk

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
    hidden: int = 0
    """Records that the server counts, but that the key may not see: they are not in the file."""
    restricted: int = 0
    """Values that the server withheld: they are empty in the file."""
    failure: str | None = None
    """Why there is no file, where others were exported all the same."""

    @property
    def complete(self) -> bool:
        """Whether everything that the server has is in the file."""
        return not (self.hidden or self.restricted or self.failure)

    def __str__(self) -> str:
        if self.failure is not None:
            return f"{self.path.stem}: not exported: {self.failure}"
        text = f"{counted(self.records, 'record')} in {self.path} ({self.bytes:,} bytes, {self.seconds:,.1f} s)"
        if self.hidden:
            text += f"; {counted(self.hidden, 'more record')} that this key may not see not exported"
        if self.restricted:
            text += f"; {counted(self.restricted, 'value')} that this key may not see left empty"
        return text


async def export(
    records: AnyRecords,
    path: str | Path,
    *,
    filter: AnyFilter | None = None,
    **options: Unpack[ExportOptions],
) -> ExportReport:
    """Writes every record that matches to a .csv, .jsonl or .parquet file, in the order of ids; streamed.

    `fields` are dotted paths (`name`, `domainName.primaryLinkUrl`), by default all but search vectors; columns are
    named so, and the file can be loaded again. `deleted` also brings deleted records. The file appears when it is
    complete.
    With a `journal` an export that was stopped goes on where it was (not with Parquet).

    Records that are counted but not shown to this key are not in the file, and values that are withheld are empty: the
    report counts both. Raises `PaginationError` rather than leaving any other gap, `InputError` for a path or a field
    that cannot be right.
    """
    return await _export(Target.of(records), Path(path), filter, **options)


async def _export(
    target: Target,
    path: Path,
    filter: AnyFilter | None,
    *,
    fields: Iterable[str] | None = None,
    deleted: bool = False,
    page_size: int | None = None,
    journal: str | Path | Journal | None = None,
    on_progress: OnProgress | None = None,
) -> ExportReport:
    started = monotonic()
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise InputError(f"{path}: records are written as {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    if journal is not None and ending == ".parquet":
        raise InputError(f"{path}: Parquet cannot be continued; export with a journal to .jsonl or .csv")
    names = target.names
    columns = _chosen(target.catalogue.columns(target.type_name), fields, names)
    await target.has(column.path for column in columns)
    only = target.filter(filter)
    if deleted:
        only = {"and": [only, DELETED_TOO]} if only else DELETED_TOO
    walk = RawWalk(target, [column.selector for column in columns], only, page_size)
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
                    left = job.state.get("hidden", 0), job.state.get("restricted", 0)
                    return ExportReport(path, job.state["seen"], length, 0, monotonic() - started, *left)
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
            job.state = {"complete": True, "seen": walk.seen, "hidden": walk.hidden, "restricted": walk.restricted}
    finally:
        if opened is not None and opened is not journal:
            opened.close()
    seconds = monotonic() - started
    return ExportReport(path, walk.seen, length, walk.requests, seconds, walk.hidden, walk.restricted)


class RawWalk:
    """All records of an object in the order of ids, page by page, the next one being fetched meanwhile."""

    def __init__(
        self,
        target: Target,
        paths: list[str],
        only: Filter | None = None,
        page_size: int | None = None,
    ) -> None:
        names = target.names
        filter_ = {"filter": f"{names.type_name}FilterInput", "first": "Int"}
        node = selection_of(dict.fromkeys(["id", *paths]))
        self._operation = compose(
            f"ReadAll{names.type_name}",
            "query",
            names.plural,
            {**filter_, "after": "String"},
            f"{{edges{{node{node}}}pageInfo{{hasNextPage endCursor}}totalCount}}",
        )
        self._ids = compose(
            f"ReadIds{names.type_name}",
            "query",
            names.plural,
            {**filter_, "orderBy": f"[{names.type_name}OrderByInput]", "offset": "Int"},
            "{edges{node{id}}totalCount}",
        )
        self._endpoint = target.endpoint
        self._answer = b""
        self._only = only
        self._after_resumed: Filter | None = None
        self.total: int | None = None
        self.requests = 0
        self.seen = 0
        self.hidden = 0
        """Records that are counted, but that the key may not see."""
        self.restricted = 0
        """Values that the server withheld; they are null."""
        others: OrderedWalk[Identity] = OrderedWalk(
            self._fetch_ids, self._fetch_those, self._fetch_others, page_size, None, names.plural, "skip"
        )
        self._cursors: CursorWalk[Identity] = CursorWalk(self._fetch, page_size, None, names.plural, others)
        self.position = self._cursors.position

    def resume(self, state: Mapping[str, Any]) -> int:
        """Goes on from a saved state; where that is in the file."""
        last_id = int(state["last_id"])
        self._cursors.resume(state["cursor"], last_id, state["seen"])
        self._after_resumed = {"id": {"gt": str(UUID(int=last_id))}} if last_id >= 0 else None
        self.position = self._cursors.position
        self.seen = state["seen"]
        self.restricted = state.get("restricted", 0)
        return int(state["bytes"])

    async def _fetch(self, first: int, after: str | None) -> tuple[Page[Identity], int]:
        variables: dict[str, object] = {"first": first}
        if self._only:
            variables["filter"] = self._only
        if after:
            variables["after"] = after
        page = await self._read(variables)
        self.total = page.total_count
        return page, len(self._answer)

    async def _fetch_those(self, ids: list[UUID]) -> tuple[list[Identity], int]:
        page = await self._read({"filter": _both(self._only, by_ids(ids)), "first": len(ids)})
        return page.records, len(self._answer)

    async def _fetch_ids(self, first: int, offset: int, but: Filter | None = None) -> tuple[list[UUID], int | None]:
        variables: dict[str, object] = {"first": first, "offset": offset, "orderBy": [{"id": "AscNullsFirst"}]}
        if only := _both(self._only, self._after_resumed, but):
            variables["filter"] = only
        self.requests += 1
        page: Page[Identity] = await self._endpoint.run(self._ids, Page[Identity], variables)
        return [record.id for record in page.records], page.total_count

    async def _fetch_others(self, ids: list[UUID], first: int) -> tuple[list[UUID], int | None]:
        found, counted = await self._fetch_ids(first, 0, {"not": by_ids(ids)} if ids else None)
        self.hidden = 0 if found else counted or 0
        return found, counted

    async def _read(self, variables: dict[str, object]) -> Page[Identity]:
        self.requests += 1
        page: Page[Identity]
        page, self._answer = await self._endpoint.run_raw(self._operation, Page[Identity], variables)
        return page

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
                if batch.records:
                    self.seen += len(batch.records)
                    self.restricted += page.restricted
                    yield page
        finally:
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])


def _both(*filters: Filter | None) -> Filter | None:
    wanted = [filter for filter in filters if filter]
    return {"and": wanted} if len(wanted) > 1 else wanted[0] if wanted else None


async def _write(
    walk: RawWalk, writer: RecordWriter, job: Job | None, progress: Progress, on_progress: OnProgress | None
) -> None:
    written = walk.position
    async for page in walk.pages():
        writer.write(page)
        # What comes when the cursors are at their end is not written down: it is looked for again.
        if job is not None and walk.position != written:
            written = cursor, last_id, seen = walk.position
            state = {"cursor": cursor, "last_id": str(last_id), "seen": seen, "restricted": walk.restricted}
            job.state = {**state, "bytes": writer.sync()}
        progress.received, progress.loaded = walk.seen, walk.seen
        progress.total, progress.requests = walk.total, walk.requests
        if on_progress is not None:
            on_progress(progress)


def _length(path: Path) -> int | None:
    return path.stat().st_size if path.exists() else None


def _plain(path: str) -> str:
    """`domain_name.primary_link_url` means `domainName.primaryLinkUrl`, as in filters."""
    return ".".join(squeeze(part) for part in path.split("."))


def _chosen(columns: list[RecordColumn], fields: Iterable[str] | None, names: ObjectNames) -> list[RecordColumn]:
    if fields is None:
        return [column for column in columns if column.path not in NOT_EXPORTED]
    plain = {column: f"{_plain(column.path)}." for column in columns}
    parts = {field: [column for column in columns if plain[column].startswith(f"{_plain(field)}.")] for field in fields}
    if unknown := [field for field, of_field in parts.items() if not of_field]:
        known = ", ".join(column.path for column in columns)
        raise InputError(f"{names.type_name} has no field {', '.join(unknown)}; it has {known}")
    ids = [column for column in columns if column.path == "id"]
    return list(dict.fromkeys([*ids, *(column for of_field in parts.values() for column in of_field)]))
