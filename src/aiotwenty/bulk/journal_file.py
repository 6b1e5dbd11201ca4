"""The file of a journal: a SQLite database, checked when it is opened, with errors of this library."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from zlib import crc32

from aiotwenty.bulk.output import FileFailed
from aiotwenty.bulk.source import InputError
from aiotwenty.errors import TwentyError

VERSION = 1
"""The version of the tables; journals of other versions are refused."""
_APPLICATION_ID = 0x74776A31
_TABLES = """
CREATE TABLE jobs (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, fingerprint TEXT, settings TEXT NOT NULL,
    namespace TEXT NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE states (job INTEGER PRIMARY KEY, state TEXT NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE done (job INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE sent (job INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE claims (job INTEGER NOT NULL, claims BLOB NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE rejects (job INTEGER NOT NULL, row INTEGER NOT NULL, line INTEGER, code TEXT NOT NULL,
    message TEXT NOT NULL, record TEXT NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (job, row)) WITHOUT ROWID;
"""
_KEPT = """
CREATE TABLE IF NOT EXISTS kept (job INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, sum INTEGER NOT NULL,
    PRIMARY KEY (job, name)) WITHOUT ROWID
"""
"""A table that older journals get when they are opened."""
_COLUMNS = {"jobs": 6, "states": 3, "done": 4, "sent": 4, "claims": 3, "rejects": 7, "kept": 4}
_DAMAGED = (
    "restore a copy of it, or use a new journal: what is loaded is found again by its ids, and is not loaded twice "
    "(of rows with a key, without upsert, what is there already is rejected)"
)


class JournalFile:
    """The database, used by one process at a time; without a path, a private temporary one.

    Every row has a checksum of its own, because SQLite would not notice a changed byte. Raises `InputError` when it is
    opened, and `FileFailed` for later errors.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._opened = False
        with self.telling():
            if path is not None:
                _make(path)
            self._db = sqlite3.connect(str(path) if path is not None else "", timeout=0.2, check_same_thread=False)
        self._db.isolation_level = None
        self._finalizer = weakref.finalize(self, self._db.close)
        try:
            with self.telling():
                self._prepare()
        except TwentyError:
            self.close()
            raise
        self._opened = True

    def _prepare(self) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        (mark,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        # A journal killed before its tables existed has one page. One that lost its tables is not new.
        is_new = not tables and not mark and pages <= 1
        if mark != _APPLICATION_ID and not is_new:
            reason = "it is another database"
            raise InputError(f"{self.path}: cannot be used as a journal ({reason}); name another file")
        self._db.execute(f"PRAGMA journal_mode = {'OFF' if self.path is None else 'WAL'}")
        self._db.execute(f"PRAGMA synchronous = {'OFF' if self.path is None else 'NORMAL'}")
        self._db.execute("PRAGMA cache_size = -4000")
        with self.transaction(durable=True):
            self._db.execute(_KEPT)
            if not is_new:
                self._check()
            else:
                for statement in _TABLES.split(";")[:-1]:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                self._db.execute(f"PRAGMA user_version = {VERSION}")
        if self.path is not None and not is_new:
            with suppress(OSError):
                self.path.chmod(0o600)

    def _check(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            which = "a newer" if version > VERSION else "an older"
            raise InputError(
                f"{self.path}: was made by {which} version of aiotwenty; go on with that one, or begin a new journal"
            )
        (health,) = self._db.execute("PRAGMA integrity_check(1)").fetchone()
        if health != "ok":
            raise self._damaged(health)
        for table in _COLUMNS:
            for row in self._db.execute(f"SELECT * FROM {table}"):
                self.checked(table, row)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Turns errors of SQLite and of decoding into errors of this library that say what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._explained(error) from error
        except UnicodeError as error:
            # SQLite's message itself can't be decoded.
            raise self._damaged("a text is missing") from error
        except OSError as error:
            raise self._failed(f"cannot be opened as a journal ({error.strerror}); name another file") from error

    def _failed(self, message: str) -> TwentyError:
        return (FileFailed if self._opened else InputError)(f"{self.path or 'a temporary journal'}: {message}")

    def _damaged(self, error: object) -> TwentyError:
        return self._failed(f"the journal is damaged ({error}): {_DAMAGED}")

    def _explained(self, error: sqlite3.Error) -> TwentyError:
        if isinstance(error, sqlite3.ProgrammingError):
            return self._failed(f"the journal cannot be used ({error})")
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return self._damaged("a text is missing")
        match code & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return self._failed("another load is using this journal")
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                return self._failed(
                    f"the journal cannot be written ({error}): free disk space, and run the same again to resume"
                )
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
                return self._failed(f"cannot be opened as a journal ({error}); it needs a writable folder")
            case sqlite3.SQLITE_NOTADB:
                return self._failed(f"cannot be used as a journal ({error}); name another file")
        return self._damaged(error)

    def checked(self, table: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """The row without its checksum. Raises an error of this library if they don't match."""
        *values, told = row
        if told != _sum(table, values):
            raise self._damaged(f"a row of {table} was changed")
        return tuple(values)

    def rows(self, table: str, rest: str = "", *values: object) -> Iterator[tuple[Any, ...]]:
        """The checked rows of a table, also after the journal was closed."""
        with self.reading() as db:
            for row in db.execute(f"SELECT * FROM {table} {rest}", values):
                yield self.checked(table, row)

    def count(self, table: str, rest: str, *values: object) -> int:
        with self.reading() as db:
            (count,) = db.execute(f"SELECT count(*) FROM {table} {rest}", values).fetchone()
        return int(count)

    def delete(self, table: str, rest: str, *values: object) -> None:
        with self.telling():
            self._db.execute(f"DELETE FROM {table} {rest}", values)

    def insert(self, table: str, rows: Iterable[tuple[object, ...]], *, instead: str = "ABORT") -> None:
        """Adds rows. `instead` says what to do if a key exists: ABORT, IGNORE or REPLACE."""
        marks = ", ".join("?" * _COLUMNS[table])
        with self.telling():
            self._db.executemany(
                f"INSERT OR {instead} INTO {table} VALUES ({marks})", ((*row, _sum(table, row)) for row in rows)
            )

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Writes everything inside, or nothing.

        `durable`: at the end, it is on disk even if the power fails, and in the database itself, because damage in the
        log beside it would go unnoticed.
        """
        with self.telling():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            if durable and self.path is not None:
                self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading, also after the journal was closed."""
        with self.telling():
            if self._finalizer.alive:
                yield self._db
                return
            # Opened for reading only, SQLite would leave empty files beside it.
            db = sqlite3.connect(f"{Path(str(self.path)).resolve().as_uri()}?mode=rw", uri=True)
            try:
                yield db
            finally:
                db.close()

    def close(self) -> None:
        """Releases the file for other processes. It can still be read."""
        self._finalizer()


def _make(path: Path) -> None:
    """Creates the file with access for its owner only, because it has rows of the source."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    try:
        # Only if it doesn't exist: closing it would release the locks of another journal in this process.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not path.is_file():
            raise InputError(f"{path}: is no file; name another for the journal") from None


def _sum(table: str, values: Iterable[object]) -> int:
    return crc32(repr((table, *values)).encode())
