"""`export(incremental=...)`: updates files with the changes since the last run.

Changes wait in the store, with the state of the feed in the same transaction, until all are there. Then each file that
they concern is written again and replaces the old one. After a kill at any moment the next run continues: merging the
same changes twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from aiotwenty.bulk.feed.changes import Change, Changes
from aiotwenty.bulk.feed.readers import RawReader
from aiotwenty.bulk.feed.store import ChangeStore
from aiotwenty.bulk.formats import FORMATS
from aiotwenty.bulk.merging import merge
from aiotwenty.bulk.output import check_apart, check_folder, replacing, writing
from aiotwenty.bulk.raw_page import parts_of
from aiotwenty.bulk.record_columns import RecordColumn
from aiotwenty.bulk.report import OnProgress, Progress
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.target import Target

_DIGITS = "0123456789abcdef"
_DATASET = ".parquet"
_NOT_THERE = -1
"""Stands for the size of a file that doesn't exist."""


@dataclass(frozen=True)
class Part:
    """A file of an export: that of the ids from `first` to `last`."""

    path: Path
    first: bytes = bytes(16)
    last: bytes = b"\xff" * 16


@dataclass
class ExportNote:
    """The data about an export in a store."""

    settings: dict[str, Any]
    """The settings of the export, equal in all its runs."""
    state: dict[str, Any] | None = None
    files: dict[str, list[int]] = field(default_factory=dict)
    """The bytes and rows of each file, by name, and the bytes of the file that is about to replace it."""
    restricted: int = 0

    @property
    def rows(self) -> int:
        return sum(rows for _, rows, *_ in self.files.values())


@dataclass(frozen=True)
class Updated:
    """The result of a run."""

    records: int
    bytes: int
    requests: int
    changes: int
    hidden: int
    restricted: int
    seconds: float


@dataclass(frozen=True)
class Incremental:
    """The incremental export of one object to a file, or to a folder of Parquet files."""

    target: Target
    path: Path
    columns: Sequence[RecordColumn]
    store: ChangeStore
    deleted: bool = False
    spreadsheet_safe: bool = False

    async def run(self, on_progress: OnProgress | None) -> Updated:
        started = monotonic()
        written = self._opened()
        reader = RawReader(self.target, [column.selector for column in self.columns], parts_of(self.columns))
        changes = Changes([(self.target, reader)], written.state, {"store": self.store})
        progress, count = Progress(what=self.target.names.plural), 0
        number = self.store.number(self.target.names.singular)
        async with aclosing(changes):
            async for batch in changes.batches():
                with self.store.transaction():
                    self.store.write_all(
                        "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?)",
                        ((number, change.id.bytes, self._kept(change)) for change in batch),
                    )
                    written.state = changes.state
                    self._note(written)
                if any(change.kind == "destroyed" for change in batch):
                    self._look_at_others()
                count += len(batch)
                progress.received, progress.loaded, progress.requests = count, count, changes.requests
                if on_progress is not None:
                    on_progress(progress)
            written.state = changes.state
        written.restricted += reader.restricted
        self._merge(written, number)
        hidden = int(written.state["objects"][self.target.names.singular].get("hidden", 0))
        total = sum(size for size, *_ in written.files.values())
        seconds = monotonic() - started
        return Updated(written.rows, total, changes.requests, count, hidden, written.restricted, seconds)

    def _kept(self, change: Change[dict[str, Any]]) -> bytes | None:
        goes = change.record is None or (change.kind == "deleted" and not self.deleted)
        return None if goes else to_json(change.record)

    @property
    def _name(self) -> str:
        return f"export {self.target.names.singular}"

    def _note(self, written: ExportNote) -> None:
        self.store.set_note(self._name, json.dumps(vars(written)))

    def _opened(self) -> ExportNote:
        """The stored note. Raises `InputError` if the store belongs to another export."""
        fields = [column.path for column in self.columns]
        settings = {
            "path": str(self.path.resolve()),
            "fields": fields,
            "deleted": self.deleted,
            "spreadsheet_safe": self.spreadsheet_safe,
        }
        note = self.store.note(self._name)
        if note is None:
            return ExportNote(settings)
        written = ExportNote(**from_json(note))
        if written.settings != settings:
            different = ", ".join(name for name in settings if written.settings.get(name) != settings[name])
            raise InputError(
                f"{self.store.path}: is that of another export of {self.target.names.plural} (other {different}); name "
                "another file (incremental), or remove it to begin anew"
            )
        for part in self._parts():
            sizes = written.files.get(part.path.name)
            size = part.path.stat().st_size if part.path.is_file() else _NOT_THERE
            if sizes is not None and size not in (sizes[0], *sizes[2:]):
                # The file was removed or changed: read everything again.
                return ExportNote(settings)
        return written

    def _look_at_others(self) -> None:
        """Schedules a comparison of other objects, whose records may have referred to destroyed ones."""
        rows = self.store.execute("SELECT name, note FROM notes WHERE name LIKE 'export %' AND name <> ?", [self._name])
        for name, note in rows.fetchall():
            other = ExportNote(**from_json(note))
            for progress in other.state["objects"].values() if other.state else ():
                progress["due"] = True
            self.store.set_note(name, json.dumps(vars(other)))

    def _parts(self) -> list[Part]:
        if self.path.suffix.lower() in FORMATS:
            return [Part(self.path)]
        return [
            Part(
                self.path / f"part-{digit}{_DATASET}",
                bytes([int(digit, 16) << 4]) + bytes(15),
                bytes([(int(digit, 16) << 4) + 15]) + b"\xff" * 15,
            )
            for digit in _DIGITS
        ]

    def _merge(self, written: ExportNote, number: int) -> None:
        """Writes the files with waiting changes, and then removes these from the store."""
        for part in self._parts():
            there = written.files.get(part.path.name, [_NOT_THERE])
            if there[0] == _NOT_THERE or self._waits(part, number):
                self._write(part, written, number, part.path if len(there) > 1 and part.path.is_file() else None)
        with self.store.transaction():
            self.store.execute("DELETE FROM waiting WHERE object = ?", [number])
            self._note(written)

    def _waits(self, part: Part, number: int) -> bool:
        found = self.store.execute(f"SELECT 1 {_OF_PART} LIMIT 1", [number, part.first, part.last])
        return found.fetchone() is not None

    def _write(self, part: Part, written: ExportNote, number: int, old: Path | None) -> None:
        rows = self.store.execute(f"SELECT id, record {_OF_PART} ORDER BY id", [number, part.first, part.last])
        waiting: Iterator[tuple[str, bytes | None]] = ((str(UUID(bytes=key)), record) for key, record in rows)
        ending = self.path.suffix.lower()
        if old is None:
            with writing(part.path):
                part.path.parent.mkdir(exist_ok=True)
        with replacing(part.path) as fresh:
            count = merge(
                old,
                fresh,
                ending if ending in FORMATS else _DATASET,
                self.columns,
                waiting,
                spreadsheet_safe=self.spreadsheet_safe,
            )
            size = fresh.stat().st_size
            before = written.files.get(part.path.name, [_NOT_THERE, 0])
            # The size is stored before the file is replaced: after a kill in between, the next run knows both.
            written.files[part.path.name] = [*before[:2], size]
            self._note(written)
            self.store.checkpoint()
        written.files[part.path.name] = [size, count]


_OF_PART = "FROM waiting WHERE object = ? AND id BETWEEN ? AND ?"


def check_incremental(path: Path, store: Path | ChangeStore, *, spreadsheet_safe: bool) -> None:
    """Raises `InputError` for unsupported combinations."""
    ending = path.suffix.lower()
    if ending in FORMATS:
        check_folder(path)
    elif ending or path.is_file():
        raise InputError(f"{path}: records are written as {', '.join(FORMATS)}, or to a folder of .parquet files")
    elif not path.resolve().parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    if spreadsheet_safe and ending != ".csv":
        raise InputError(f"{path}: spreadsheet_safe (--spreadsheet-safe) goes with .csv")
    check_apart([("the export", path), ("what it remembers", store if isinstance(store, Path) else store.path)])


def unfinished(store: ChangeStore, singular: str) -> bool:
    """Whether the records of this object still have to be compared."""
    note = store.note(f"export {singular}")
    state = ExportNote(**from_json(note)).state if note is not None else None
    return state is not None and any(progress.get("due") for progress in state["objects"].values())
