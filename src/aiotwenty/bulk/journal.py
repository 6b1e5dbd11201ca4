"""The progress of loads and exports, in SQLite: after kill -9, the same command resumes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, overload
from uuid import UUID

from pydantic_core import PydanticSerializationError, from_json, to_json

from aiotwenty.bulk.claims import ClaimIndex, packed_claims
from aiotwenty.bulk.journal_file import JournalFile
from aiotwenty.bulk.report import Reject
from aiotwenty.bulk.row_ranges import RowSet, ranges_of
from aiotwenty.bulk.source import InputError


class Journal:
    """A file for one or several jobs; without a path, a temporary one that is removed by itself.

    It is written before a request whose repetition would do harm, and after every response. SQLite keeps it consistent
    if the process dies; rows are on disk before they are sent, so that even after a power failure the next run only has
    to check their outcome. Only one process can open it, and only its owner can read it.

    Raises `InputError` if the file is something else, in use, damaged, or of another version, or can't be created;
    `FileFailed` if it can't be written or read later.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path is not None else None
        self.file = JournalFile(self.path)
        self.claims = ClaimIndex()
        self.at_work: set[int] = set()

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection for reading, also after the journal was closed."""
        return self.file.reading()

    def close(self) -> None:
        """Releases the file for other processes. It can still be read."""
        self.file.close()
        self.claims.close()

    def all_rejects(self) -> Iterator[tuple[str, Reject]]:
        """The rejects of all jobs, each with the name of its job."""
        for number, name, *_ in [*self.file.rows("jobs", "ORDER BY id")]:
            for reject in RejectList(self, number, name):
                yield name, reject

    def job(self, name: str, *, fingerprint: str | None, settings: str, namespace: UUID) -> Job:
        """The job with that name, as it was left, or a new one.

        Raises `InputError` if the rows or the settings differ from those that it began with.
        """
        for number, _, old_fingerprint, old_settings, old_namespace in [
            *self.file.rows("jobs", "WHERE name = ?", name)
        ]:
            if old_fingerprint != fingerprint:
                raise InputError(
                    f"{self.path}: {name} was begun with another content of the source. Load the rejects file to "
                    "correct rows, or begin a new journal for the new content"
                )
            if old_settings != settings:
                raise InputError(
                    f"{self.path}: {name} was begun with other settings ({old_settings}; now {settings}). "
                    "Use those again, or begin a new journal"
                )
            return Job(self, number, name, UUID(old_namespace))
        number = self.file.count("jobs", "") + 1
        with self.file.transaction(durable=True):
            self.file.insert("jobs", [(number, name, fingerprint, settings, str(namespace))])
        return Job(self, number, name, namespace)


def path_of(journal: str | Path | Journal | None) -> str | Path | None:
    """The path of a journal, from either form of the argument."""
    return journal.path if isinstance(journal, Journal) else journal


class Job:
    """The job of loading one source into one object, or of an export."""

    def __init__(self, journal: Journal, number: int, name: str, namespace: UUID) -> None:
        self.journal = journal
        self.name = name
        self.namespace = namespace
        self._file = journal.file
        self._number = number
        self.done = RowSet(self._ranges("done"))
        self.sent = RowSet(self._ranges("sent"))
        self.rejected = RowSet((row, row) for _, row, *_ in self._all("rejects"))
        with self._file.telling():
            for _, claims in self._all("claims"):
                journal.claims.add(number, claims)
        self._compact()

    def _all(self, table: str) -> Iterator[tuple[Any, ...]]:
        return self._file.rows(table, "WHERE job = ?", self._number)

    def _ranges(self, table: str) -> Iterator[tuple[int, int]]:
        return ((first, last) for _, first, last in self._all(table))

    def _compact(self) -> None:
        """Merges adjacent ranges. Rows that are done or rejected need no look-up any more."""
        with self._file.transaction():
            for table, rows in (("done", self.done), ("sent", self.sent)):
                self._file.delete(table, "WHERE job = ?", self._number)
                self._add(table, rows.ranges())

    def _add(self, table: str, ranges: Iterable[tuple[int, int]]) -> None:
        self._file.insert(table, ((self._number, first, last) for first, last in ranges))

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Marks the job as running. Raises `InputError` if it is already, because the two would mix their rows."""
        if self._number in self.journal.at_work:
            raise InputError(f"{self.name}: is under way with this journal; name the other rows (source=)")
        self.journal.at_work.add(self._number)
        try:
            yield
        finally:
            self.journal.at_work.discard(self._number)

    def sending(self, rows: Iterable[int]) -> None:
        """Notes rows before they are sent: after a crash, they are looked for before they are sent again."""
        if ranges := ranges_of(rows):
            with self._file.transaction(durable=True):
                self._add("sent", ranges)

    def finished_rows(self, rows: Sequence[int], claims: Iterable[tuple[bytes, int]] = ()) -> None:
        """Records loaded rows. `claims` are ids that later rows of this job can't have."""
        packed = packed_claims(claims)
        with self._file.transaction():
            self._add("done", ranges_of(rows))
            if packed:
                self._file.insert("claims", [(self._number, packed)])
                self.journal.claims.add(self._number, packed)

    def claimed(self, identity: bytes) -> int | None:
        """The row that was loaded with this id."""
        with self._file.telling():
            return self.journal.claims.row(self._number, identity)

    def reject(self, rejects: Iterable[Reject]) -> None:
        with self._file.transaction():
            self._file.insert(
                "rejects",
                (
                    (self._number, one.row, one.line, one.code, one.message, _as_json(one.values).decode())
                    for one in rejects
                ),
                instead="REPLACE",
            )

    @property
    def state(self) -> Any:
        """Further state of a job; None at first."""
        return next((from_json(state) for _, state in self._all("states")), None)

    @state.setter
    def state(self, value: Any) -> None:
        self._file.insert("states", [(self._number, to_json(value).decode())], instead="REPLACE")

    def keep(self, name: str, value: str) -> None:
        """Stores a value by name, such as the new id of a file by its old one."""
        with self._file.transaction():
            self._file.insert("kept", [(self._number, name, value)], instead="REPLACE")

    def kept(self, name: str) -> str | None:
        """The remembered value of this name; None if there is none."""
        found = self._file.rows("kept", "WHERE job = ? AND name = ?", self._number, name)
        return next((value for _, _, value in found), None)

    def rejects(self) -> RejectList:
        return RejectList(self.journal, self._number, self.name)


def _as_json(values: Any) -> bytes:
    try:
        return to_json(values, serialize_unknown=True, inf_nan_mode="strings", bytes_mode="base64")
    except PydanticSerializationError:
        # A lone surrogate: Python's text can hold it, JSON cannot.
        return to_json({_escaped(name): _escaped(value) for name, value in values.items()})


def _escaped(value: Any) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()


class RejectList(Sequence[Reject]):
    """The rejects of a job in the order of their rows, read from disk when accessed."""

    def __init__(self, journal: Journal, job: int, source: str) -> None:
        self._file = journal.file
        self._job = job
        self._source = source

    def __len__(self) -> int:
        return self._file.count("rejects", "WHERE job = ?", self._job)

    def __iter__(self) -> Iterator[Reject]:
        return self._rejects("ORDER BY row")

    def _rejects(self, rest: str, *values: int) -> Iterator[Reject]:
        found = self._file.rows("rejects", f"WHERE job = ? {rest}", self._job, *values)
        for _, row, line, code, message, record in found:
            yield Reject(row, from_json(record), code, message, line, self._source)

    @overload
    def __getitem__(self, at: int) -> Reject: ...
    @overload
    def __getitem__(self, at: slice) -> list[Reject]: ...
    def __getitem__(self, at: int | slice) -> Reject | list[Reject]:
        if isinstance(at, slice):
            return list(self)[at]
        position = at if at >= 0 else len(self) + at
        rejects = list(self._rejects("ORDER BY row LIMIT 1 OFFSET ?", position)) if position >= 0 else []
        if not rejects:
            raise IndexError(at)
        return rejects[0]
