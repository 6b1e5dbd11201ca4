"""The records in SQLite: one table for each object, changed with the data model."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from aiotwenty.sandbox.model.data_model import DataModel, ModelObject, TableColumn
from aiotwenty.sandbox.model.model_text import read_objects, write_model

Row = tuple[Any, ...]

_CACHE_KIB = 48 * 1024
_ON_DELETE = {"CASCADE": "CASCADE", "SET_NULL": "SET NULL", "RESTRICT": "RESTRICT", "NO_ACTION": "NO ACTION"}
_COUNTS_KEPT = 256
_LOCK_SECONDS = 1.0
"""Seconds to wait for another process that is about to release the database."""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def open_database(path: Path | str | None) -> sqlite3.Connection:
    """A connection without a transaction, until `Store.transaction` begins one; in memory without a path.

    Raises `OSError` if the file can't be opened, is no database, or belongs to another running sandbox.
    """
    connection: sqlite3.Connection | None = None
    try:
        name = ":memory:" if path is None else str(path)
        # Tests of a sandbox in a thread access the database from their own thread while it is idle.
        connection = sqlite3.connect(name, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False)
        _prepare(connection, in_file=path is not None)
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        why = "another sandbox has it open" if "locked" in str(error) else str(error)
        raise OSError(f"database {path}: {why}") from None
    return connection


def open_in_memory(model: DataModel) -> sqlite3.Connection:
    """A database in memory with the tables of a model. A process makes one for each model and copies it."""
    connection = open_database(None)
    if not hasattr(connection, "deserialize"):
        # SQLite before 3.36 may lack `deserialize`: the tables are then made again.
        return connection
    try:
        with closing(sqlite3.connect(":memory:")) as template:
            template.deserialize(_tables(write_model(model)))
            template.backup(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@lru_cache(maxsize=4)
def _tables(model: str) -> bytes:
    """A database without records, as bytes."""
    with closing(open_database(None)) as connection:
        RecordStore(connection, DataModel(read_objects(model)))
        return connection.serialize()


def _prepare(connection: sqlite3.Connection, in_file: bool) -> None:
    connection.create_function(
        "fold", 1, lambda text: text.lower() if isinstance(text, str) else text, deterministic=True
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    if in_file:
        # A write-ahead log survives the end of the process at any time; only a crash of the machine may lose the last
        # writes. The lock is held as long as the connection is open, because counts and positions are cached.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")


class RecordStore:
    """Runs SQL. Tables are named by `nameSingular`; see `field_values` for the stored forms."""

    def __init__(self, connection: sqlite3.Connection, model: DataModel) -> None:
        self.connection = connection
        self._counts: dict[tuple[str, Row], int] = {}
        self._lowest_positions: dict[str, float] = {}
        self._layouts: dict[str, dict[str, Any]] | None = None
        """The cached layouts of the tables."""
        connection.execute('CREATE TABLE IF NOT EXISTS "_layout" (object TEXT PRIMARY KEY, layout TEXT NOT NULL)')
        self.apply(model)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self.connection.execute(sql, parameters).fetchall()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Runs a writing statement. Returns the number of changed rows."""
        self._counts.clear()
        return self.connection.execute(sql, parameters).rowcount

    def insert(self, of: ModelObject, columns: Sequence[str], rows: Iterable[Row]) -> None:
        self._counts.clear()
        names, marks = ", ".join(map(quoted, columns)), ", ".join("?" * len(columns))
        self.connection.executemany(f"INSERT INTO {quoted(of.name_singular)} ({names}) VALUES ({marks})", rows)

    def count(self, sql: str, parameters: Row) -> int:
        """The result of a counting query, cached until the next write."""
        key = (sql, parameters)
        if (found := self._counts.get(key)) is None:
            if len(self._counts) >= _COUNTS_KEPT:
                self._counts.clear()
            found = self._counts[key] = int(self.rows(sql, parameters)[0][0])
        return found

    def forget(self) -> None:
        """Drops the caches; needed if something else changed the database."""
        self._counts.clear()
        self._lowest_positions.clear()
        self._layouts = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits all of the writes inside, or none."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            self.forget()
            raise
        self.connection.execute("COMMIT")

    def lowest_position(self, of: ModelObject) -> float:
        """The position of the first record; 1 if there is none, so that a new one gets 0."""
        name = of.name_singular
        if name not in self._lowest_positions:
            found = self.rows(f'SELECT min("position") FROM {quoted(name)}')[0][0]
            self._lowest_positions[name] = 1 if found is None else found
        return self._lowest_positions[name]

    def note_position(self, of: ModelObject, position: float | None) -> None:
        """Caches the new lowest position; None clears the cache."""
        if position is None:
            self._lowest_positions.pop(of.name_singular, None)
        elif of.name_singular in self._lowest_positions:
            self._lowest_positions[of.name_singular] = min(position, self._lowest_positions[of.name_singular])

    # Tables are changed with the model

    def apply(self, model: DataModel) -> None:
        """Changes the tables to fit the model. Renamed objects and fields keep their values."""
        stored = self._layouts
        self.forget()
        if stored is None:
            stored = {key: json.loads(text) for key, text in self.rows('SELECT object, layout FROM "_layout"')}
        wanted = {of.id: _layout(of, model) for of in model.objects.values()}
        if wanted == stored:
            self._layouts = stored
            return
        changed = [key for key, layout in wanted.items() if layout != stored.get(key)]
        # A table that others refer to can be rebuilt only while foreign keys aren't checked.
        self.connection.execute("PRAGMA foreign_keys = OFF")
        try:
            with self.transaction():
                for object_id in stored.keys() - wanted.keys():
                    self.connection.execute(f"DROP TABLE {quoted(stored[object_id]['table'])}")
                    self.connection.execute('DELETE FROM "_layout" WHERE object = ?', (object_id,))
                by_id = {of.id: of for of in model.objects.values()}
                for object_id in changed:
                    self._bring(by_id[object_id], stored.get(object_id), wanted[object_id])
                    self.connection.execute(
                        'INSERT OR REPLACE INTO "_layout" VALUES (?, ?)', (object_id, json.dumps(wanted[object_id]))
                    )
            self._layouts = wanted
        finally:
            self.connection.execute("PRAGMA foreign_keys = ON")

    def _bring(self, of: ModelObject, stored: dict[str, Any] | None, wanted: dict[str, Any]) -> None:
        table = wanted["table"]
        if stored is None:
            self._create(of, table)
            return
        if (added := _only_added(of, stored, wanted)) is not None:
            self._add(of, table, added)
            return
        before = {tuple(identity): name for name, identity in stored["columns"].items()}
        kept = {
            name: before[tuple(identity)] for name, identity in wanted["columns"].items() if tuple(identity) in before
        }
        old = f"{table} before"
        self.connection.execute("PRAGMA legacy_alter_table = ON")
        self.connection.execute(f"ALTER TABLE {quoted(stored['table'])} RENAME TO {quoted(old)}")
        self.connection.execute("PRAGMA legacy_alter_table = OFF")
        for (index,) in self.rows(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (old,)
        ):
            self.connection.execute(f"DROP INDEX {quoted(index)}")
        self._create(of, table, indexes=False)
        added = [name for name in of.columns if name not in kept and of.columns[name].default is not None]
        names = ", ".join(map(quoted, [*kept, *added]))
        values = ", ".join([*(quoted(name) for name in kept.values()), *("?" for _ in added)])
        self.connection.execute(
            f"INSERT INTO {quoted(table)} ({names}) SELECT {values} FROM {quoted(old)} ORDER BY rowid",
            [stored_default(of.columns[name]) for name in added],
        )
        self.connection.execute(f"DROP TABLE {quoted(old)}")
        self._index(of, table)

    def _add(self, of: ModelObject, table: str, names: list[str]) -> None:
        """Adds columns at the end, which takes a tenth of the time of a new table."""
        for name in names:
            column = of.columns[name]
            self.connection.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {_definition(column)}")
            if column.default is not None:
                value = stored_default(column)
                self.connection.execute(f"UPDATE {quoted(table)} SET {quoted(name)} = ?", (value,))
        self._index(of, table)

    def _create(self, of: ModelObject, table: str, indexes: bool = True) -> None:
        definitions = ", ".join(_definition(column) for column in of.columns.values())
        self.connection.execute(f"CREATE TABLE {quoted(table)} ({definitions})")
        if indexes:
            self._index(of, table)

    def _index(self, of: ModelObject, table: str) -> None:
        for names in of.unique_columns:
            columns = ", ".join(map(quoted, names))
            name = quoted(f"{table} unique {' '.join(names)}")
            self.connection.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {quoted(table)} ({columns})")
        for names in of.indexed_columns:
            columns = ", ".join(map(quoted, names))
            name = quoted(f"{table} index {' '.join(names)}")
            self.connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {quoted(table)} ({columns})")
        for column in of.columns.values():
            if column.reference is not None or column.name == "deletedAt":
                name = quoted(f"{table} by {column.name}")
                self.connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {quoted(table)} ({quoted(column.name)})")


def stored_default(column: TableColumn) -> Any:
    """The default of a column in its stored form."""
    if isinstance(column.default, bool):
        return int(column.default)
    if isinstance(column.default, list | dict):
        return json.dumps(column.default)
    return column.default


def _layout(of: ModelObject, model: DataModel) -> dict[str, Any]:
    """The layout of a table: columns by id, independent of their names, and indexes."""
    columns = {}
    for column in of.columns.values():
        reference = column.reference
        columns[column.name] = [
            column.field.id,
            model.objects[reference.target].id
            if reference and column.field.type == "MORPH_RELATION"
            else column.subfield or "",
        ]
    return {
        "table": of.name_singular,
        "columns": columns,
        "definitions": [_definition(column) for column in of.columns.values()],
        "unique": of.unique_columns,
        "indexed": of.indexed_columns,
    }


def _only_added(of: ModelObject, stored: dict[str, Any], wanted: dict[str, Any]) -> list[str] | None:
    """The new columns of a table without other changes, if they may be empty; None for any other change."""
    columns: dict[str, Any] = stored["columns"]
    new = [name for name in wanted["columns"] if name not in columns]
    kept = [name for name in wanted["columns"] if name in columns]
    definitions = dict(zip(wanted["columns"], wanted["definitions"], strict=True))
    same = (
        stored["table"] == wanted["table"]
        and columns == {name: wanted["columns"][name] for name in kept}
        and dict(zip(columns, stored["definitions"], strict=True)) == {name: definitions[name] for name in kept}
        and all(names in wanted[kind] for kind in ("unique", "indexed") for names in stored.get(kind, ()))
    )
    return new if same and new and all(of.columns[name].nullable for name in new) else None


def _definition(column: TableColumn) -> str:
    parts = [quoted(column.name), column.sql_type]
    if column.name == "id":
        parts.append("PRIMARY KEY")
    if not column.nullable:
        parts.append("NOT NULL")
    if column.reference is not None:
        action = _ON_DELETE.get(column.reference.on_delete or "", "SET NULL")
        parts.append(f'REFERENCES {quoted(column.reference.target)} ("id") ON DELETE {action}')
    return " ".join(parts)


_UNIQUE_FAILED = re.compile(r"UNIQUE constraint failed: (.*)")
_NOT_NULL_FAILED = re.compile(r"NOT NULL constraint failed: (.*)")


def violated_unique(error: sqlite3.IntegrityError) -> list[str] | None:
    """The columns of the unique index that a write violated."""
    match = _UNIQUE_FAILED.fullmatch(str(error))
    return [name.rpartition(".")[2] for name in match[1].split(", ")] if match else None


def violated_not_null(error: sqlite3.IntegrityError) -> str | None:
    match = _NOT_NULL_FAILED.fullmatch(str(error))
    return match[1].rpartition(".")[2] if match else None
