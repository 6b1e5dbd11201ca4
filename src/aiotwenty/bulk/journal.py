"""What has been done, kept in SQLite: after kill -9 the same command goes on where it was."""

from __future__ import annotations

import sqlite3
import weakref
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, overload
from uuid import UUID

from pydantic_core import PydanticSerializationError, from_json, to_json

from aiotwenty.bulk.report import Reject
from aiotwenty.bulk.source import InputError

_APPLICATION_ID = 0x74776A31
_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, fingerprint TEXT, settings TEXT NOT NULL,
    namespace TEXT NOT NULL, finished INTEGER NOT NULL DEFAULT 0, state TEXT);
CREATE TABLE IF NOT EXISTS done (job INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sent (job INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS claims (job INTEGER NOT NULL, id BLOB NOT NULL, row INTEGER NOT NULL,
    PRIMARY KEY (job, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rejects (job INTEGER NOT NULL, row INTEGER NOT NULL, line INTEGER, code TEXT NOT NULL,
    message TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (job, row)) WITHOUT ROWID;
"""


class RowSet:
    """Row numbers, kept as ranges."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(ranges):
            if self._lasts and first <= self._lasts[-1] + 1:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def __contains__(self, row: int) -> bool:
        at = bisect_right(self._firsts, row) - 1
        return at >= 0 and row <= self._lasts[at]

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges())

    def ranges(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)


def ranges_of(rows: Iterable[int]) -> list[tuple[int, int]]:
    """The row numbers as few ranges."""
    rows = sorted(set(rows))
    if rows and rows[-1] - rows[0] == len(rows) - 1:
        return [(rows[0], rows[-1])]
    return list(RowSet((row, row) for row in rows).ranges())


class Journal:
    """A file for one or several jobs; without a path, a temporary one that nobody has to clear away.

    Written before a request whose repetition would do harm, and after every answer; SQLite keeps it whole whenever the
    process dies. Only one process can have it open. Raises `InputError` for a file that is something else or in use.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path is not None else None
        try:
            self._db = sqlite3.connect(str(path) if path is not None else "", timeout=0.2, check_same_thread=False)
        except sqlite3.Error as error:
            raise InputError(f"{path}: cannot be opened as a journal ({error})") from None
        self._db.isolation_level = None
        self._finalizer = weakref.finalize(self, self._db.close)
        self.at_work: set[int] = set()
        try:
            self._prepare()
        except sqlite3.Error as error:
            self.close()
            if "locked" in str(error):
                raise InputError(f"{path}: another load is using this journal") from None
            raise InputError(f"{path}: cannot be used as a journal ({error})") from None

    def _prepare(self) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        if self.path is not None:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
        else:
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA cache_size = -4000")
        (mark,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if mark != _APPLICATION_ID and tables:
            raise sqlite3.DatabaseError("it is a database of something else")
        self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        self._db.executescript("BEGIN IMMEDIATE;" + _TABLES + "COMMIT;")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from, after the journal was closed, too."""
        if self._finalizer.alive:
            yield self._db
            return
        # Whoever opens it for reading only leaves files beside it that hold nothing.
        db = sqlite3.connect(f"{Path(str(self.path)).resolve().as_uri()}?mode=rw", uri=True)
        try:
            yield db
        finally:
            db.close()

    def close(self) -> None:
        """Lets others use the file; what it holds can still be read."""
        self._finalizer()

    def job(self, name: str, *, fingerprint: str | None, settings: str, namespace: UUID) -> Job:
        """The job of that name: as it was left, or new.

        Raises `InputError` if the rows or the settings are others than those it was begun with.
        """
        cursor = self._db.execute("SELECT id, fingerprint, settings, namespace FROM jobs WHERE name = ?", (name,))
        row = cursor.fetchone()
        if row is None:
            cursor = self._db.execute(
                "INSERT INTO jobs (name, fingerprint, settings, namespace) VALUES (?, ?, ?, ?)",
                (name, fingerprint, settings, str(namespace)),
            )
            assert cursor.lastrowid is not None
            return Job(self, self._db, cursor.lastrowid, name, namespace)
        number, old_fingerprint, old_settings, old_namespace = row
        if old_fingerprint != fingerprint:
            raise InputError(
                f"{self.path}: {name} was begun with another content of the source. Load the rejects file to correct "
                "rows, or begin a new journal for the new content"
            )
        if old_settings != settings:
            raise InputError(
                f"{self.path}: {name} was begun with other settings ({old_settings}; now {settings}). "
                "Use those again, or begin a new journal"
            )
        return Job(self, self._db, number, name, UUID(old_namespace))


class Job:
    """One source into one object."""

    def __init__(self, journal: Journal, db: sqlite3.Connection, number: int, name: str, namespace: UUID) -> None:
        self.journal = journal
        self.name = name
        self.namespace = namespace
        self._db = db
        self._number = number
        self.done = RowSet(self._ranges("done"))
        self.sent = RowSet(self._ranges("sent"))
        self.rejected = RowSet((row, row) for (row,) in self._all("SELECT row FROM rejects WHERE job = ?"))
        self._compact()

    def _all(self, query: str) -> Iterator[Any]:
        yield from self._db.execute(query, (self._number,))

    def _ranges(self, table: str) -> Iterator[tuple[int, int]]:
        return self._all(f"SELECT first, last FROM {table} WHERE job = ?")

    def _compact(self) -> None:
        """Ranges that grew together become one; what is done or rejected needs no look-up any more."""
        with self._transaction():
            for table, rows in (("done", self.done), ("sent", self.sent)):
                self._db.execute(f"DELETE FROM {table} WHERE job = ?", (self._number,))
                if table == "done" or len(rows):
                    self._add(table, rows.ranges())

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)

    def _add(self, table: str, ranges: Iterable[tuple[int, int]]) -> None:
        self._db.executemany(
            f"INSERT INTO {table} VALUES (?, ?, ?)", ((self._number, first, last) for first, last in ranges)
        )

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While it is done. Raises `InputError` if it is being done already: the two would take each other's rows."""
        if self._number in self.journal.at_work:
            raise InputError(f"{self.name}: is under way with this journal; name the other rows (source=)")
        self.journal.at_work.add(self._number)
        try:
            yield
        finally:
            self.journal.at_work.discard(self._number)

    def sending(self, rows: Iterable[int]) -> None:
        """These are about to be sent, and sending them twice without looking would do harm."""
        self._add("sent", ranges_of(rows))

    def finished_rows(self, rows: Sequence[int], claims: Iterable[tuple[bytes, int]] = ()) -> None:
        """These are loaded. `claims` are the ids that later rows of this job may not have."""
        with self._transaction():
            self._add("done", ranges_of(rows))
            self._db.executemany(
                "INSERT OR IGNORE INTO claims VALUES (?, ?, ?)", ((self._number, *claim) for claim in claims)
            )

    def claimed(self, identity: bytes) -> int | None:
        """The row that was loaded under this id."""
        query = "SELECT row FROM claims WHERE job = ? AND id = ?"
        row = self._db.execute(query, (self._number, identity)).fetchone()
        return row[0] if row else None

    def reject(self, rejects: Iterable[Reject]) -> None:
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO rejects VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (
                        self._number,
                        reject.row,
                        reject.line,
                        reject.code,
                        reject.message,
                        _as_json(reject.values).decode(),
                    )
                    for reject in rejects
                ),
            )

    @property
    def state(self) -> Any:
        """Whatever else a job must remember; None at first."""
        (state,) = self._db.execute("SELECT state FROM jobs WHERE id = ?", (self._number,)).fetchone()
        return from_json(state) if state else None

    @state.setter
    def state(self, value: Any) -> None:
        self._db.execute("UPDATE jobs SET state = ? WHERE id = ?", (to_json(value).decode(), self._number))

    def rejects(self) -> RejectList:
        return RejectList(self.journal, self._number, self.name)


def _as_json(values: Any) -> bytes:
    try:
        return to_json(values, serialize_unknown=True, inf_nan_mode="strings", bytes_mode="base64")
    except PydanticSerializationError:
        # Half a surrogate pair: Python's text can hold it, JSON cannot.
        return to_json({_escaped(name): _escaped(value) for name, value in values.items()})


def _escaped(value: Any) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("ROLLBACK" if kind else "COMMIT")


class RejectList(Sequence[Reject]):
    """The rejects of a job in the order of their rows, read as they are looked at."""

    def __init__(self, journal: Journal, job: int, source: str) -> None:
        self._journal = journal
        self._job = job
        self._source = source

    def _query(self, what: str, rest: str = "", *values: int) -> Iterator[Any]:
        with self._journal.reading() as db:
            yield from db.execute(f"SELECT {what} FROM rejects WHERE job = ? {rest}", (self._job, *values))

    def __len__(self) -> int:
        ((count,),) = self._query("count(*)")
        return int(count)

    def __iter__(self) -> Iterator[Reject]:
        return self._rejects("ORDER BY row")

    def _rejects(self, rest: str, *values: int) -> Iterator[Reject]:
        for row, line, code, message, record in self._query("row, line, code, message, record", rest, *values):
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
