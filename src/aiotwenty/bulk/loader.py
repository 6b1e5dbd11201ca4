"""Runs a load: reads and prepares rows, puts them into batches, and sends batches concurrently."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from pydantic_core import to_json

from aiotwenty.bulk.batches import MOST_BYTES, MOST_RECORDS, Batcher, BatchLimits, Prepared
from aiotwenty.bulk.concurrency import AdaptiveConcurrency
from aiotwenty.bulk.delivery import Delivery
from aiotwenty.bulk.fields import ID
from aiotwenty.bulk.journal import Job, Journal
from aiotwenty.bulk.lookups import RelationResolver
from aiotwenty.bulk.mapping import REJECT_COLUMNS, Mapper
from aiotwenty.bulk.options import CONCURRENCY, LoadOptions, texts
from aiotwenty.bulk.outcomes import Outcome
from aiotwenty.bulk.output import FileFailed
from aiotwenty.bulk.prepare import Preparer, key_targets
from aiotwenty.bulk.rejects import check_rejects_path, write_rejects
from aiotwenty.bulk.report import LoadReport, OnProgress, Progress, Reject, counted
from aiotwenty.bulk.requests import BulkRequests, Meter, on_its_way
from aiotwenty.bulk.retrying import Patience, Stopped
from aiotwenty.bulk.source import Check, FileSource, InputError, Source, SourceChanged, open_source
from aiotwenty.bulk.source_mapping import Mapped, learn_columns, map_columns, notes_of
from aiotwenty.bulk.stored_records import StoredRecords
from aiotwenty.bulk.target import Target
from aiotwenty.graphql.advice import instead_of
from aiotwenty.records.identity import source_namespace

_READ_BY = ("skip_lines", "sheet", "gaps", "preset", "region", "add_options", "create_missing")
_REJECTS_AT_ONCE = 100
_ROWS_A_TURN = 20
"""Rows prepared in one turn of the event loop: about half a millisecond of work."""


@dataclass
class OpenedRows:
    """A source that was checked, with everything needed to prepare its rows."""

    source: Source
    check: Check | None
    mapped: Mapped
    fingerprint: str | None

    @property
    def mapper(self) -> Mapper:
        return self.mapped.mapper


async def open_rows(rows: Any, target: Target, options: LoadOptions, *, remembered: bool = False) -> OpenedRows:
    """Checks everything that can be checked before anything is sent; the rows are read in a thread.

    `remembered`: a journal must be able to tell these rows from others.

    Raises `InputError` that names missing files, wrong encodings, malformed lines and unknown columns.
    """
    source = await asyncio.to_thread(
        open_source,
        rows,
        encoding=options.get("encoding"),
        delimiter=options.get("delimiter"),
        name=options.get("source"),
        skip_lines=options.get("skip_lines"),
        sheet=options.get("sheet"),
    )
    mapped = await map_columns(source, target, options)
    mapper = mapped.mapper
    if source.columns is not None:
        mapper.check_columns(source, source.columns)
        mapper.check_region(options.get("region"))
        source.use([name for name in source.columns if name in REJECT_COLUMNS or mapper.column(name) is not None])
    check = await asyncio.to_thread(source.check)
    if check is not None:
        if check.malformed and options.get("malformed") != "reject":
            more = check.malformed - len(check.problems)
            raise InputError(
                f"{source.name}: " + "; ".join(check.problems) + (f"; and {more:,} more" if more else "") + ". "
                "Correct these lines, or reject them (malformed='reject', --reject-malformed)"
            )
        if source.columns is None and check.columns:
            mapper.check_columns(source, check.columns, check)
    key = key_targets(mapper, options.get("key"))
    if source.columns is not None and not mapper.gives(ID, source.columns):
        if not key and options["mode"].names_records:
            raise InputError(f"{source.name}: has no column id, and no key is set")
        for part in key:
            if not mapper.gives(part, source.columns):
                hint = instead_of(part.dotted, source.columns)
                raise InputError(f"{source.name}: no column is mapped to {part.dotted}, the key{hint}")
    await learn_columns(source, mapped)
    told_apart = remembered or isinstance(source, FileSource)
    fingerprint = await asyncio.to_thread(source.fingerprint) if told_apart else None
    return OpenedRows(source, check, mapped, fingerprint)


class Loader:
    """Runs one load. `run` may be called once."""

    def __init__(
        self,
        target: Target,
        rows: OpenedRows,
        options: LoadOptions,
        *,
        journal: Journal,
        concurrency: int = CONCURRENCY,
        batch_size: int = MOST_RECORDS,
        max_bytes: int = MOST_BYTES,
        rejects: str | Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        _check_limits(concurrency=concurrency, batch_size=batch_size, max_bytes=max_bytes)
        names = target.names
        self._input = rows
        self._on_progress = on_progress
        self._concurrency = AdaptiveConcurrency(concurrency)
        self._limits = BatchLimits(batch_size, max_bytes)
        self._batcher = Batcher(self._limits)
        self._meter = Meter(self._concurrency)
        self._mode = options["mode"]
        self._job = _job(journal, names.plural, rows, options)
        self._preparer = Preparer(
            names.plural,
            rows.mapper,
            options.get("key"),
            self._job.namespace,
            must_name=self._mode.names_records,
            changes=self._mode.changes_records,
            only_named=options.get("only") is not None,
            replace=options.get("replace", ()),
        )
        self._rejects_path = check_rejects_path(rejects) if rejects is not None else None

        wire_to = partial(_requests_to, target, self._meter)
        self._patience = Patience(target.endpoint.retry, self._meter)
        self._store = StoredRecords(
            wire_to(target.type_name),
            wire_to,
            rows.mapper.shape,
            self._preparer.key,
            self._job,
            self._patience,
            deleted_too=options.get("deleted", False) or self._mode.reaches_deleted,
        )
        self._relations = RelationResolver(
            target.catalogue, wire_to, create_missing=options.get("create_missing", False)
        )
        self._delivery = Delivery(self._mode, self._store, self._relations, self._limits)
        self._progress = Progress(total=rows.check.total if rows.check else None, what=names.plural)
        self._tasks: dict[asyncio.Task[Outcome], list[Prepared]] = {}
        self._rejects: list[Reject] = []
        self._taken: Counter[str] = Counter()
        self._has_key = bool(options.get("key"))
        self._failure: BaseException | None = None

    async def run(self, *, dry_run: bool = False) -> LoadReport:
        """Runs the load. On cancellation, batches in flight are finished and recorded first."""
        with self._job.at_work():
            return await self._run(dry_run)

    async def _run(self, dry_run: bool) -> LoadReport:
        started = monotonic()
        try:
            await self._feed(dry_run)
        except BaseException as error:
            # The callback itself may have failed, and batches in flight must be recorded all the same.
            self._on_progress = None
            self._patience.stopping.set()
            await self._drain()
            if failure := self._write_rejects():
                error.add_note(failure)
            if isinstance(error, SourceChanged):
                raise self._changed(error) from None
            raise
        self._flush_rejects()
        rejects_failure = self._write_rejects()
        progress = self._progress
        return LoadReport(
            received=progress.received,
            loaded=progress.loaded,
            rejected=progress.rejected,
            already_loaded=progress.already_loaded,
            requests=self._meter.requests,
            retries=self._meter.retries,
            seconds=monotonic() - started,
            rejects=self._job.rejects(),
            rejects_failure=rejects_failure,
            deed=self._mode.deed,
            dry_run=dry_run,
            created=dict(self._relations.created),
            notes=[*notes_of(self._input.source, self._input.mapped), *self._upsert_note()],
            mapping=self._input.mapped.as_toml() if dry_run else "",
            preview=self._input.mapped.preview() if dry_run else {},
        )

    def _upsert_note(self) -> list[str]:
        """How to update the records that rows were rejected for."""
        if not self._taken:
            return []
        [(path, _)] = self._taken.most_common(1)
        named = path == "id" or self._has_key
        python, flag = ("", "") if named else (f"key={path!r}, ", f"--key {path} ")
        rows = counted(self._taken.total(), "row")
        return [f"{rows} rejected because the record exists: {python}upsert=True ({flag}--upsert) would update it"]

    def _write_rejects(self) -> str | None:
        """Writes the rejects. Returns the reason if that failed; loaded rows stay loaded."""
        try:
            self._flush_rejects()
            if self._rejects_path is not None:
                write_rejects(self._rejects_path, self._job.rejects(), str(self._job.namespace), self._input.source)
        except Exception as error:
            return f"the rejects could not be written: {error}"
        return None

    async def _feed(self, dry_run: bool) -> None:
        progress, job = self._progress, self._job
        done, rejected = job.done, job.rejected
        resumed = len(done) or len(rejected)
        in_doubt = job.sent if len(job.sent) else ()
        async for row in self._input.source.rows():
            progress.received += 1
            if progress.received % _ROWS_A_TURN == 0:
                await asyncio.sleep(0)
            if resumed:
                if row.number in done:
                    progress.already_loaded += 1
                    continue
                if row.number in rejected:
                    progress.rejected += 1
                    continue
            prepared = self._preparer.prepare(row)
            if isinstance(prepared, Reject):
                self._reject(prepared)
            elif not dry_run:
                prepared.in_doubt = row.number in in_doubt
                self._batcher.add(prepared)
                while self._batcher.is_full:
                    await self._next_batch()
        while self._tasks or self._batcher.pending:
            await self._next_batch()
        if progress.total is not None and progress.received != progress.total:
            raise SourceChanged(
                f"{self._input.source.name}: had {progress.total:,} rows, and now {progress.received:,}"
            )
        await asyncio.to_thread(self._input.source.confirm)

    def _changed(self, error: SourceChanged) -> SourceChanged:
        """The error, with the number of loaded rows and advice."""
        progress = self._progress
        told = SourceChanged(
            f"{error.message}. {progress.loaded + progress.already_loaded:,} of {counted(progress.total or 0, 'row')} "
            f"are {self._mode.deed}, all of them as they were checked. To go on, put the old content back and run the "
            "same again; what it holds now are other rows, for another load and journal"
        )
        told.loaded = progress.loaded + progress.already_loaded
        return told

    async def _next_batch(self) -> None:
        """Sends the next batch when there is room for it, or waits for the batches that hold it back."""
        batch = self._batcher.take()
        if not batch:
            await self._one_answer()
            return
        while len(self._tasks) >= self._concurrency.limit:
            await self._one_answer()
        self._tasks[asyncio.create_task(self._delivery.send(batch))] = batch
        await on_its_way()

    async def _one_answer(self) -> None:
        if not self._tasks:
            return
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        self._collect()
        if self._failure is not None:
            raise self._failure

    async def _drain(self) -> None:
        """Waits for all batches in flight, even if the task is cancelled again."""
        while self._tasks:
            try:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                continue
            # If the journal can't be written, wait for the others anyway: it has recorded that they were sent.
            with suppress(FileFailed):
                self._collect()

    def _collect(self) -> None:
        for task in [task for task in self._tasks if task.done()]:
            batch = self._tasks.pop(task)
            error = task.exception()
            if error is None:
                self._settle(batch, task.result())
            elif not isinstance(error, Stopped) and self._failure is None:
                self._failure = error
            self._batcher.answered(batch)

    def _settle(self, batch: list[Prepared], outcome: Outcome) -> None:
        """Records the result in the journal before anything else."""
        rows = [record.row.number for record in outcome.loaded]
        if rows:
            self._job.finished_rows(rows, self._mode.claims(outcome.loaded, self._store))
        for reject in outcome.rejects:
            self._reject(reject)
        self._flush_rejects()
        self._taken.update(outcome.taken)
        self._progress.loaded += len(rows)
        self._concurrency.answered(len(batch))
        self._report_progress()

    def _reject(self, reject: Reject) -> None:
        self._rejects.append(reject)
        self._progress.rejected += 1
        if len(self._rejects) >= _REJECTS_AT_ONCE:
            self._flush_rejects()

    def _flush_rejects(self) -> None:
        if self._rejects:
            self._job.reject(self._rejects)
            self._rejects = []

    def _report_progress(self) -> None:
        progress = self._progress
        progress.requests, progress.retries = self._meter.requests, self._meter.retries
        progress.concurrency, progress.batch_size = self._concurrency.limit, self._limits.records
        if self._on_progress is not None:
            self._on_progress(progress)


def _job(journal: Journal, plural: str, rows: OpenedRows, options: LoadOptions) -> Job:
    # Files with the same content are the same job; equal lists may be two.
    content = rows.fingerprint if isinstance(rows.source, FileSource) else None
    return journal.job(
        f"{options['mode'].name} {plural} from {rows.source.name}",
        fingerprint=rows.fingerprint,
        settings=_settings(options),
        namespace=source_namespace(plural, content),
    )


def _requests_to(target: Target, meter: Meter, other: str) -> BulkRequests:
    """The requests for another object of the same workspace."""
    return BulkRequests(target.endpoint, target.catalogue.names(other), meter)


def _check_limits(**limits: int) -> None:
    for name, value in limits.items():
        if value < 1:
            raise InputError(f"{name} must be at least 1, not {value}")


def _settings(options: LoadOptions) -> str:
    """The settings that must not change between two runs with one journal."""
    mapping = {column: _described(spec) for column, spec in (options.get("mapping") or {}).items()}
    settings: dict[str, Any] = {"key": texts(options.get("key")), "mapping": mapping}
    chosen: dict[str, Any] = {**options}
    for name in ("constants", "ignore", "nulls", "encoding", "delimiter", "replace", *_READ_BY):
        value = chosen.get(name)
        if value:
            settings[name] = sorted(value) if name in ("ignore", "gaps", "replace") else value
    return to_json(settings, serialize_unknown=True).decode()


def _described(spec: Any) -> Any:
    if isinstance(spec, str) or spec is None:
        return spec
    if isinstance(spec, list | tuple):
        return [_described(part) for part in spec]
    return getattr(spec, "__name__", type(spec).__name__)
