"""Attaches files by the rows of a table: one column has paths, another one identifies the record."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiotwenty.errors import ApiError, InvalidArgument, InvalidInput, NotFoundError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.models import UUID
from aiotwenty.records.identity import canonical, id_from_key
from aiotwenty.records.namespace import as_id
from aiotwenty.records.related_lists import together
from aiotwenty.workspace.attachments import Attachments
from aiotwenty.workspace.data_model import Object

if TYPE_CHECKING:
    from aiotwenty.bulk.report import Reject
    from aiotwenty.bulk.source import Row, Rows


@dataclass
class AttachReport:
    """The result of `attach_rows`."""

    received: int = 0
    attached: int = 0
    already_attached: int = 0
    """Attachments that an earlier run created."""
    without_file: int = 0
    """Rows with an empty cell for the file."""
    rejects: list[Reject] = field(default_factory=list)
    """The rows whose file was not attached, with the reason."""


@dataclass(frozen=True)
class _Wanted:
    """A row with its record and its file."""

    row: Row
    record: UUID
    path: Path
    id: UUID


class RowAttachments:
    """Attaches the files in a column, a hundred rows at a time."""

    ROWS = 100

    def __init__(
        self,
        files: Any,
        attachments: Attachments,
        object_name: str,
        file: str,
        by: Mapping[str, str],
        folder: Path,
        max_size: int,
    ) -> None:
        if len(by) != 1:
            raise InvalidArgument("by must have one column, and the field to find the record by.")
        self._files = files
        self._attachments = attachments
        self._name = object_name
        self._file = file
        ((self._column, self._path),) = by.items()
        self._folder = folder.resolve()
        self._max_size = max_size
        self._report = AttachReport()

    async def run(
        self, rows: Rows, concurrency: int, progress: Callable[[AttachReport], object] | None
    ) -> AttachReport:
        """Attaches the files of all rows. Raises `InvalidArgument` for missing columns, before anything is attached."""
        owner = await self._attachments.object(self._name)
        await self._attachments.key_to(owner.name_singular)
        turns = asyncio.Semaphore(concurrency)
        async for some in self._batches(rows):
            wanted = await self._wanted(owner, some)
            there = await self._attachments.among([wanted_file.id for wanted_file in wanted]) if wanted else set()
            new = {wanted_file.id: wanted_file for wanted_file in wanted if str(wanted_file.id) not in there}
            self._report.already_attached += len(wanted) - len(new)
            await together(self._attach(owner, wanted_file, turns) for wanted_file in new.values())
            if progress is not None:
                progress(self._report)
        return self._report

    async def _batches(self, rows: Rows) -> AsyncIterator[list[Row]]:
        from aiotwenty.bulk.source import open_source

        source = open_source(rows)
        batch: list[Row] = []
        async for row in source.rows():
            if not self._report.received and row.problem is None:
                self._check(row.values)
            self._report.received += 1
            batch.append(row)
            if len(batch) == self.ROWS:
                yield batch
                batch = []
        if batch:
            yield batch

    def _check(self, values: Mapping[str, Any]) -> None:
        for column in (self._column, self._file):
            if column not in values:
                raise InvalidArgument(f"there is no column {column!r}{did_you_mean(column, values)}.")

    async def _wanted(self, owner: Object, rows: Sequence[Row]) -> list[_Wanted]:
        with_file: list[tuple[Row, str, str]] = []
        for row in rows:
            key, file = _cell(row, self._column), _cell(row, self._file)
            if row.problem is not None:
                self._reject(row, "MALFORMED", row.problem)
            elif not file:
                self._report.without_file += 1
            elif not key:
                self._reject(row, "KEY_MISSING", f"{self._column} is empty.")
            elif self._path == "id" and (problem := _id_problem(key)):
                self._reject(row, "INVALID", problem)
            else:
                with_file.append((row, key, file))
        records = await self._records(owner, {key for _, key, _ in with_file})
        wanted = []
        for row, key, file in with_file:
            ids = records.get(canonical(self._path, key), [])
            if len(ids) != 1:
                code = "AMBIGUOUS" if ids else "NOT_FOUND"
                self._reject(row, code, f"{len(ids) or 'no'} {owner.name_plural} have {self._path} {key!r}.")
            elif (path := await asyncio.to_thread(self._path_of, file)) is None:
                self._reject(row, "INVALID", f"there is no file {file!r} in {self._folder}.")
            else:
                digest = await asyncio.to_thread(_digest, path)
                identity = UUID(id_from_key("attachment", (ids[0], path.name, digest)))
                wanted.append(_Wanted(row, UUID(ids[0]), path, identity))
        return wanted

    async def _records(self, owner: Object, keys: set[str]) -> dict[str, list[str]]:
        """The ids of the records by the value that identifies them, in the form in which the server compares it."""
        if not keys:
            return {}
        only: Any = {"in": sorted({*keys, *(canonical(self._path, key) for key in keys)})}
        for part in reversed(self._path.split(".")):
            only = {part: only}
        type_ = f"{owner.name_singular[:1].upper()}{owner.name_singular[1:]}"
        nodes = await self._attachments.find(owner.name_plural, type_, self._path, only, 10 * self.ROWS)
        records: dict[str, list[str]] = {}
        for node in nodes:
            value: Any = node
            for part in self._path.split("."):
                value = value[part]
            records.setdefault(canonical(self._path, value), []).append(node["id"])
        return records

    def _path_of(self, file: str) -> Path | None:
        """The path of the file; None if it is no file or lies outside of the folder, with links resolved."""
        try:
            path = (self._folder / file).resolve()
            return path if path.is_relative_to(self._folder) and path.is_file() else None
        except (OSError, ValueError):
            return None

    async def _attach(self, owner: Object, wanted_file: _Wanted, turns: asyncio.Semaphore) -> None:
        async with turns:
            try:
                await self._files.attach(
                    wanted_file.record,
                    wanted_file.path,
                    object=owner.name_singular,
                    id=wanted_file.id,
                    max_size=self._max_size,
                )
            except InvalidArgument as error:
                self._reject(wanted_file.row, "INVALID", error.message)
            except ApiError as error:
                if error.outcome_unknown or not isinstance(error, InvalidInput | NotFoundError):
                    raise
                self._reject(wanted_file.row, error.code or "INVALID", error.message)
            else:
                self._report.attached += 1

    def _reject(self, row: Row, code: str, message: str) -> None:
        from aiotwenty.bulk.report import Reject

        self._report.rejects.append(Reject(row.number, row.values, code, message, row.line))


def _cell(row: Row, column: str) -> str:
    value = row.values.get(column)
    return "" if value is None else str(value).strip()


def _id_problem(text: str) -> str | None:
    try:
        as_id(text)
    except InvalidArgument as error:
        return error.message
    return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
