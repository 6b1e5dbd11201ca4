# mypy: disable-error-code="misc,import-untyped"
# pyright: reportMissingImports=false
"""Twenty as a source and a sink of Ray Data: `read_twenty` and `TwentyDatasink`. Needs the extra `ray`."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Unpack
from uuid import uuid4

from aiotwenty.bulk import load
from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.modes import Insert, Upsert
from aiotwenty.bulk.options import LoadSettings, check_options, load_options, split_run, texts
from aiotwenty.bulk.report import LoadReport, Reject
from aiotwenty.bulk.source.iterables import IterableSource
from aiotwenty.client import Client, Twenty
from aiotwenty.data.id_ranges import IdRange, plan_ranges
from aiotwenty.data.ray_limit import Desk, JobLimiter, find_desk, limit_of, open_desk
from aiotwenty.errors import ConfigurationError, InvalidArgument, PaginationError
from aiotwenty.settings import ApiKey, hide
from aiotwenty.transport.rate_limit import RateLimit

try:
    from ray.data import Dataset, read_datasource
    from ray.data.block import Block, BlockAccessor, BlockMetadata
    from ray.data.datasource import Datasink, Datasource, ReadTask
    from ray.util.metrics import Counter
except ImportError:
    raise ConfigurationError("aiotwenty.data.ray needs ray: pip install 'aiotwenty[ray]'.") from None

if TYPE_CHECKING:
    from pyarrow import Schema, Table
    from ray.data._internal.execution.interfaces import TaskContext
    from ray.data.datasource.datasink import WriteResult

T = TypeVar("T")

PART_ROWS = 20_000
"""The rows of a part: a write task has a journal for each part, a read task reads about one part."""
_NOT_HERE = ("rejects", "on_progress", "dry_run", "source")
MakeClient = Callable[..., AbstractAsyncContextManager[Client]]


class RayConnection(TypedDict, total=False):
    """The connection of tasks to the workspace. Each task makes a client."""

    base_url: str | None
    api_key: ApiKey | None
    """Better taken from TWENTY_API_KEY of the tasks, or from a function: a text is sent to them with the job."""
    client: MakeClient
    """`Twenty`, that of a generated package, or another callable with `base_url`, `api_key` and `rate_limit`."""
    rate_limit: Literal["auto"] | RateLimit | None
    """The limit of the whole job: one actor grants turns. None doesn't limit requests."""


@dataclass
class RayJob:
    """The data for all tasks of a job."""

    object: str
    base_url: str | None
    api_key: ApiKey | None
    client: MakeClient
    paced: bool
    limit: RateLimit | None
    name: str

    @classmethod
    def of(
        cls,
        object: str,
        *,
        base_url: str | None = None,
        api_key: ApiKey | None = None,
        client: MakeClient = Twenty,
        rate_limit: Literal["auto"] | RateLimit | None = "auto",
    ) -> RayJob:
        if not isinstance(object, str) or not object:
            raise InvalidArgument('object must be the name of an object, such as "companies".')
        limit = limit_of(rate_limit)
        name = f"aiotwenty-{uuid4().hex}"
        return cls(object, base_url, hide(api_key), client, rate_limit is not None, limit, name)

    def __repr__(self) -> str:
        return f"RayJob({self.object!r})"

    def open(self) -> Desk:
        """Makes the actor, in the program that starts the job."""
        return open_desk(self.name, self.limit)

    @asynccontextmanager
    async def records(self) -> AsyncIterator[Any]:
        """The object's namespace, of a client that is closed at the end of the block."""
        limiter = JobLimiter(find_desk(self.name)) if self.paced else None
        settings = {"base_url": self.base_url, "api_key": self.api_key}
        chosen = {name: value for name, value in settings.items() if value is not None}
        try:
            async with self.client(**chosen, rate_limit=limiter, priority="bulk") as client:
                yield await namespace_of(client, self.object)
        finally:
            if limiter is not None:
                await limiter.aclose()


async def namespace_of(client: Client, name: str) -> Any:
    """`twenty.companies`, or the object by name if the client was generated without it."""
    known = getattr(type(client), name, None)
    return getattr(client, name) if known is not None else await client.object(name)


class TwentyDatasink(Datasink):
    """Loads rows: `dataset.write_datasink(TwentyDatasink("companies", key="Website"))`.

    Takes the options of `load` except those for one file (`journal` is a folder here), and a `RayConnection`. Every
    write task loads its block. Ids are derived from `key`, so it, or a column `id`, is required. Rows that can't be
    loaded are rejected: see `report`.

    A task that Ray repeats resumes by the journal of its block. Journals are in a temporary folder of each machine, and
    are deleted after the job. With `journal`, a folder shared by all machines, they are kept, and the same job can be
    resumed. If a task is repeated on a machine without its journal, existing rows are rejected (DUPLICATE), unless
    `upsert` is set; there are no duplicates in any case.

    Empty cells of Arrow and pandas are left out, unless `nulls="send"`.
    """

    def __init__(
        self,
        object: str,
        *,
        base_url: str | None = None,
        api_key: ApiKey | None = None,
        client: MakeClient = Twenty,
        rate_limit: Literal["auto"] | RateLimit | None = "auto",
        **options: Unpack[LoadSettings],
    ) -> None:
        for name in _NOT_HERE:
            if name in options:
                raise InvalidArgument(f"{name} is not for a job of many tasks: see `TwentyDatasink.report`.")
        journal = options.pop("journal", None)
        if isinstance(journal, Journal):
            raise InvalidArgument("journal must be a folder, because each part of the rows has its own journal.")
        _, reading = split_run(options)
        load_options(Upsert() if reading.pop("upsert", False) else Insert(), reading)
        self._job = RayJob.of(object, base_url=base_url, api_key=api_key, client=client, rate_limit=rate_limit)
        self._options: dict[str, Any] = {"nulls": "skip", **options}
        self._folder = Path(journal) if journal is not None else Path(tempfile.gettempdir()) / self._job.name
        self._kept = journal is not None
        self._desk: Desk | None = None
        self.report: LoadReport | None = None
        """The result of the job, after its end. `rejects` has all rows that were not loaded."""

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_desk": None, "report": None}

    def __repr__(self) -> str:
        return f"TwentyDatasink({self._job.object!r})"

    def get_name(self) -> str:
        """The name of the tasks in Ray."""
        return f"Twenty {self._job.object}"

    def on_write_start(self, schema: Schema | None = None) -> None:
        """Called before the first task: makes the actor that limits all tasks."""
        if schema is not None:
            self._check_key(schema.names)
        self._desk = self._job.open()

    def _check_key(self, columns: Iterable[str]) -> None:
        mapping = self._options.get("mapping") or {}
        places = {place if isinstance(place, str) else str(place[0]) for place in mapping.values() if place}
        if self._options.get("key") is None and "id" not in {*places, *(column.lower() for column in columns)}:
            raise InvalidArgument("tasks may be retried, so rows need a key (key=) or an id.")

    def write(self, blocks: Iterable[Block], ctx: TaskContext) -> list[LoadReport]:
        """Called in each task: loads its blocks."""
        return asyncio.run(self._write(blocks))

    async def _write(self, blocks: Iterable[Block]) -> list[LoadReport]:
        await asyncio.to_thread(self._folder.mkdir, 0o700, parents=True, exist_ok=True)
        reports: list[LoadReport] = []
        loaded = Counter("aiotwenty_loaded_rows", "Rows that were loaded into Twenty", ("object",))
        rejected = Counter("aiotwenty_rejected_rows", "Rows that were not loaded, each with its reason", ("object",))
        async with self._job.records() as records:
            for block in blocks:
                table = BlockAccessor.for_block(block).to_arrow()
                self._check_key(table.column_names)
                for rows in _parts(table):
                    report = await self._load(records, rows)
                    reports.append(report)
                    for counter, number in ((loaded, report.loaded), (rejected, report.rejected)):
                        if number:
                            counter.inc(number, {"object": self._job.object})
        return reports

    async def _load(self, records: Any, rows: list[dict[str, Any]]) -> LoadReport:
        # By the content, because Ray's numbers of tasks differ between runs.
        content = await asyncio.to_thread(IterableSource(rows, "").fingerprint)
        name = f"block {content}"
        journal = Journal(self._folder / f"{self._job.object}-{content}.journal")
        try:
            report = await load(records, rows, journal=journal, source=name, **self._options)
            return replace(report, rejects=list(report.rejects))
        finally:
            journal.close()

    def on_write_complete(self, write_result: WriteResult) -> None:
        """Called after the last task: puts the results together."""
        self.report = combined(report for returned in write_result.write_returns for report in returned or ())
        self._end()

    def on_write_failed(self, error: Exception) -> None:
        """Called after a failure. The journals stay if they have a folder."""
        self._end()

    def _end(self) -> None:
        self._desk = None
        if not self._kept:
            shutil.rmtree(self._folder, ignore_errors=True)


def combined(reports: Iterable[LoadReport]) -> LoadReport:
    """One report for several. `seconds` is their sum."""
    total, rejects, created, notes = LoadReport(), list[Reject](), dict[str, int](), dict[str, None]()
    for report in reports:
        for name in ("received", "loaded", "rejected", "already_loaded", "requests", "retries", "seconds"):
            setattr(total, name, getattr(total, name) + getattr(report, name))
        rejects += report.rejects
        notes.update(dict.fromkeys(report.notes))
        for kind, number in report.created.items():
            created[kind] = created.get(kind, 0) + number
    return replace(total, rejects=rejects, created=created, notes=list(notes))


def _parts(table: Table) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, table.num_rows, PART_ROWS):
        yield table.slice(start, PART_ROWS).to_pylist()


def read_twenty(
    object: str,
    *,
    fields: str | Iterable[str] | None = None,
    filter: Mapping[str, Any] | None = None,
    hidden: Literal["raise", "skip"] = "raise",
    override_num_blocks: int | None = None,
    ray_remote_args: dict[str, Any] | None = None,
    **connection: Unpack[RayConnection],
) -> Dataset:
    """All records of an object that match, as a dataset: `read_twenty("companies", fields=["name", "address"])`.

    Columns are those of `to_arrow`, the id first. Each task reads one range of ids, of about 20,000 records, as one
    block. The ranges are counted before and made about equal, and together they cover all ids. Each walk proves that it
    is complete; at the end, the total is compared with the server's count.

    Raises `HiddenRecords` for records that are counted but that the key can't see (unless `hidden="skip"`), and another
    `PaginationError` if a record may be missing.
    """
    check_options("read_twenty", connection, RayConnection.__annotations__, read_twenty.__annotations__)
    job = RayJob.of(object, **connection)
    source = TwentyDatasource(job, None if fields is None else ["id", *texts(fields)], filter, hidden)
    return read_datasource(source, override_num_blocks=override_num_blocks, ray_remote_args=ray_remote_args)


class TwentyDatasource(Datasource):
    """The data source of `read_twenty`."""

    def __init__(
        self, job: RayJob, fields: list[str] | None, filter: Mapping[str, Any] | None, hidden: Literal["raise", "skip"]
    ) -> None:
        super().__init__()
        self._job = job
        self._fields = fields
        self._filter = filter
        self._hidden = hidden
        self._desk = job.open()
        self._total = -1

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_desk": None}

    def get_name(self) -> str:
        """The name of the tasks in Ray."""
        return f"Twenty {self._job.object}"

    def estimate_inmemory_data_size(self) -> int | None:
        """Unknown before reading."""
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """One task for each range of ids. Called where the job is started: it counts the ranges."""
        ranges, self._total = _in_thread(lambda: asyncio.run(self._plan(parallelism)))
        metadata = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [
            ReadTask(self._reader(number, part, len(ranges)), metadata, per_task_row_limit=per_task_row_limit)
            for number, part in enumerate(ranges)
        ]

    async def _plan(self, parallelism: int) -> tuple[list[IdRange], int]:
        async with self._job.records() as records:
            # An unknown field raises its error now, not in every task.
            await records.to_arrow(fields=self._fields, limit=0)

            async def count(part: IdRange) -> int:
                counted: int = await records.count(self._within(part))
                return counted

            return await plan_ranges(count, parallelism, PART_ROWS)

    def _within(self, part: IdRange) -> Any:
        return part.within(self._filter)

    def _reader(self, number: int, part: IdRange, parts: int) -> Callable[[], Iterable[Block]]:
        def read() -> Iterable[Block]:
            # One block: a repeated task returns it whole, whatever was created or deleted meanwhile.
            return [asyncio.run(self._read(number, part, parts))]

        return read

    async def _read(self, number: int, part: IdRange, parts: int) -> Table:
        async with self._job.records() as records:
            table: Table = await records.to_arrow(fields=self._fields, filter=self._within(part), hidden=self._hidden)
            read = await find_desk(self._job.name).read.remote(number, table.num_rows, parts)
            if read is not None:
                await self._check(records, read)
        return table

    async def _check(self, records: Any, read: int) -> None:
        """Compares the total of all parts with the server's count, unless that has changed."""
        counted = await records.count(self._filter)
        if read != counted == self._total and self._hidden == "raise":
            raise PaginationError(
                f"{read} {self._job.object} were read, and the server counts {counted}, as many as before. Read again.",
                seen=read,
                expected=counted,
            )


def _in_thread(call: Callable[[], T]) -> T:
    """Runs the call in a thread, because an event loop may be running, as in a notebook."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()
