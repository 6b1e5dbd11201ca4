"""`ChangeStore`: the known ids of a feed in a SQLite file."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from aiotwenty.bulk.feed.known import KnownEntry
from aiotwenty.bulk.feed.state import FeedProgress
from aiotwenty.bulk.output import FileFailed
from aiotwenty.bulk.source import InputError
from aiotwenty.errors import InvalidArgument

VERSION = 1
"""The version of the tables; stores of other versions are refused."""
_APPLICATION_ID = 0x74776331
_TABLES = """
CREATE TABLE store (id TEXT NOT NULL);
CREATE TABLE objects (object INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, batch INTEGER NOT NULL);
CREATE TABLE known (object INTEGER NOT NULL, id BLOB NOT NULL, digest BLOB, settled INTEGER NOT NULL,
    batch INTEGER NOT NULL, PRIMARY KEY (object, id)) WITHOUT ROWID;
CREATE TABLE gone (object INTEGER NOT NULL, id BLOB NOT NULL, batch INTEGER NOT NULL, PRIMARY KEY (object, id))
    WITHOUT ROWID;
CREATE TABLE notes (name TEXT PRIMARY KEY, note TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE waiting (object INTEGER NOT NULL, id BLOB NOT NULL, record BLOB, PRIMARY KEY (object, id)) WITHOUT ROWID;
"""
_ASKED = 500
"""The most ids in one statement."""


class ChangeStore:
    """The ids that feeds of changes have reported, about 50 bytes each, in a file that only its owner can read.

    One process uses it at a time. Changes reported after the caller's stored state are reported again, so a store may
    be ahead of the state. Raises `InputError` if the file can't be opened or used, `FileFailed` for later errors.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._opened = False
        with self._telling():
            if not self.path.parent.is_dir():
                raise InputError(f"{self.path}: there is no folder {self.path.parent}")
            if self.path.exists() and not self.path.is_file():
                raise InputError(f"{self.path}: is no file; name another for the store")
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(self.path, timeout=0.2, isolation_level=None, check_same_thread=False)
            self._finalizer = weakref.finalize(self, self._db.close)
            try:
                self.id = self._prepare()
            except BaseException:
                self.close()
                raise
        self._opened = True

    def __repr__(self) -> str:
        return f"ChangeStore({str(self.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file, so that other processes can use it."""
        self._finalizer()

    def _prepare(self) -> str:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        (mark,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if mark != _APPLICATION_ID and (mark or tables):
            raise InputError(f"{self.path}: is a database of something else; name another file for the store")
        self._db.execute("PRAGMA journal_mode = WAL")
        # A power failure may lose the last batches: the state is then ahead of the store, which is noticed.
        self._db.execute("PRAGMA synchronous = NORMAL")
        with self.transaction():
            if not tables:
                for statement in _TABLES.split(";")[:-1]:
                    self._db.execute(statement)
                self._db.execute("INSERT INTO store VALUES (?)", [str(uuid4())])
                self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                self._db.execute(f"PRAGMA user_version = {VERSION}")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                raise InputError(f"{self.path}: was made by another version of aiotwenty; begin a new store")
            (identity,) = self._db.execute("SELECT id FROM store").fetchone()
        return str(identity)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turns errors of SQLite and of the system into errors of this library."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise self._failed("another run is using this store") from error
            raise self._failed(
                f"the store cannot be used ({error}): repair it, or remove it and start again without a state"
            ) from error
        except OSError as error:
            raise self._failed(f"cannot be opened as a store ({error.strerror}); name another file") from error

    def _failed(self, message: str) -> InputError | FileFailed:
        return (FileFailed if self._opened else InputError)(f"{self.path}: {message}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction: all of its writes happen, or none."""
        with self._telling():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def execute(self, statement: str, values: Iterable[object] = ()) -> sqlite3.Cursor:
        with self._telling():
            return self._db.execute(statement, tuple(values))

    def write_all(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._telling():
            self._db.executemany(statement, rows)

    def number(self, name: str) -> int:
        """The number of an object."""
        self.execute("INSERT OR IGNORE INTO objects (name, batch) VALUES (?, 0)", [name])
        (number,) = self.execute("SELECT object FROM objects WHERE name = ?", [name]).fetchone()
        return int(number)

    def note(self, name: str) -> str | None:
        """The note with this name."""
        row = self.execute("SELECT note FROM notes WHERE name = ?", [name]).fetchone()
        return None if row is None else str(row[0])

    def set_note(self, name: str, note: str) -> None:
        self.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", [name, note])

    def checkpoint(self) -> None:
        """Returns when everything written is on disk."""
        self.execute("PRAGMA wal_checkpoint(FULL)").fetchall()


class KnownInStore:
    """The ids of one object in a store, as far as the caller's state goes."""

    compares = True

    def __init__(self, store: ChangeStore, name: str, progress: FeedProgress | None) -> None:
        self._store = store
        self._object = store.number(name)
        self.due = False
        (last,) = store.execute("SELECT batch FROM objects WHERE object = ?", [self._object]).fetchone()
        with store.transaction():
            if progress is None:
                self._forget()
            elif progress.batch > last:
                raise InvalidArgument(
                    f"{store.path}: the store is older than the state (batch {last} of {progress.batch}), and would "
                    "miss what was destroyed: begin anew, without the state."
                )
            elif progress.batch < last:
                self._rewind(progress.batch)
            else:
                store.execute("DELETE FROM gone WHERE object = ?", [self._object])
        (self._count,) = store.execute("SELECT count(*) FROM known WHERE object = ?", [self._object]).fetchone()

    def _forget(self) -> None:
        for table in ("known", "gone", "waiting"):
            self._store.execute(f"DELETE FROM {table} WHERE object = ?", [self._object])
        self._store.execute("UPDATE objects SET batch = 0 WHERE object = ?", [self._object])

    def _rewind(self, batch: int) -> None:
        """Marks everything reported after the state, so that it is reported again."""
        behind = [self._object, batch]
        self.due = True
        self._store.execute(
            "UPDATE known SET digest = NULL, settled = 0, batch = 0 WHERE object = ? AND batch > ?", behind
        )
        self._store.execute(
            "INSERT OR IGNORE INTO known SELECT object, id, NULL, 0, 0 FROM gone WHERE object = ? AND batch > ?", behind
        )
        self._store.execute("DELETE FROM gone WHERE object = ?", [self._object])
        self._store.execute("UPDATE objects SET batch = ? WHERE object = ?", [batch, self._object])

    def __len__(self) -> int:
        return int(self._count)

    def entries(self, ids: Collection[bytes]) -> Mapping[bytes, KnownEntry]:
        entries: dict[bytes, KnownEntry] = {}
        keys = list(ids)
        for start in range(0, len(keys), _ASKED):
            some = keys[start : start + _ASKED]
            marks = ",".join("?" * len(some))
            rows = self._store.execute(
                f"SELECT id, digest, settled FROM known WHERE object = ? AND id IN ({marks})", [self._object, *some]
            )
            entries.update((key, KnownEntry(digest, bool(settled))) for key, digest, settled in rows)
        return entries

    def span(self, after: bytes, last: bytes | None) -> Mapping[bytes, KnownEntry]:
        values: list[Any] = [self._object, after, *([last] if last is not None else [])]
        upto = " AND id <= ?" if last is not None else ""
        rows = self._store.execute(f"SELECT id, digest, settled FROM known WHERE object = ? AND id > ?{upto}", values)
        return {key: KnownEntry(digest, bool(settled)) for key, digest, settled in rows}

    def write(self, entries: Mapping[bytes, KnownEntry], gone: Iterable[bytes], batch: int) -> None:
        left = [(self._object, key) for key in gone]
        with self._store.transaction():
            new = len(entries) - len(self.entries(entries.keys()))
            self._store.write_all(
                "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?)",
                ((self._object, key, entry.digest, int(entry.settled), batch) for key, entry in entries.items()),
            )
            self._store.write_all("DELETE FROM known WHERE object = ? AND id = ?", left)
            self._store.write_all("INSERT OR REPLACE INTO gone VALUES (?, ?, ?)", ((*key, batch) for key in left))
            self._store.execute("UPDATE objects SET batch = ? WHERE object = ?", [batch, self._object])
        self._count += new - len(left)
