"""Files that records are written to: CSV, JSON Lines, Parquet. What is written can be loaded again as it is."""

from __future__ import annotations

import csv
import datetime
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from aiotwenty.bulk.fields import RecordColumn
from aiotwenty.bulk.raw_page import RawPage
from aiotwenty.bulk.rejects import as_cell
from aiotwenty.bulk.source import InputError, require_arrow
from aiotwenty.bulk.wire import value_at

FORMATS = (".csv", ".jsonl", ".ndjson", ".parquet")


class RecordWriter(ABC):
    """Writes records as they came."""

    can_continue = True

    @abstractmethod
    def write(self, page: RawPage) -> None: ...

    @abstractmethod
    def close(self) -> int:
        """The bytes written in all."""

    def sync(self) -> int:
        """Puts everything into the file; its length, to go on from there after a crash."""
        return 0


def open_writer(path: Path, ending: str, columns: Sequence[RecordColumn], start: int = 0) -> RecordWriter:
    """`start` is where to go on in a file begun earlier.

    Raises `InputError` for an ending that nobody knows.
    """
    match ending:
        case ".csv":
            return CsvWriter(path, [column.path for column in columns], start)
        case ".jsonl" | ".ndjson":
            return JsonLinesWriter(path, start)
        case ".parquet":
            return ParquetWriter(path, columns)
    raise InputError(f"{path}: records are written as {', '.join(FORMATS)}, not {ending or 'a file without ending'}")


class JsonLinesWriter(RecordWriter):
    """One object a line."""

    def __init__(self, path: Path, start: int) -> None:
        self._file = path.open("r+b" if start else "wb")
        self._file.truncate(start)
        self._file.seek(start)

    def write(self, page: RawPage) -> None:
        self._file.write(page.json_lines())

    def sync(self) -> int:
        self._file.flush()
        return self._file.tell()

    def close(self) -> int:
        length = self.sync()
        self._file.close()
        return length


class CsvWriter(RecordWriter):
    """A column for each field and each part of a field, named by its dotted path; lists and objects as JSON."""

    def __init__(self, path: Path, columns: Sequence[str], start: int) -> None:
        self._file = path.open("r+" if start else "w", encoding="utf-8", newline="")
        self._file.truncate(start)
        self._file.seek(start)
        self._writer = csv.writer(self._file)
        self._paths = [column.split(".") for column in columns]
        if not start:
            self._writer.writerow(columns)

    def write(self, page: RawPage) -> None:
        self._writer.writerows([[_cell(record, path) for path in self._paths] for record in page])

    def sync(self) -> int:
        self._file.flush()
        return self._file.tell()

    def close(self) -> int:
        length = self.sync()
        self._file.close()
        return length


def _cell(record: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = record.get(path[0])
    if len(path) > 1 and value is not None:
        value = value.get(path[1])
    return value if type(value) is str else as_cell(value)


class ParquetWriter(RecordWriter):
    """The columns of CSV with their types. Needs the extra `arrow`. A file broken off cannot be continued."""

    can_continue = False

    def __init__(self, path: Path, columns: Sequence[RecordColumn]) -> None:
        self._arrow, parquet = require_arrow()
        types = {
            "text": self._arrow.string(),
            "int": self._arrow.int64(),
            "number": self._arrow.float64(),
            "bool": self._arrow.bool_(),
            "datetime": self._arrow.timestamp("ms", tz="UTC"),
            "date": self._arrow.date32(),
        }
        self._columns = columns
        self._schema = self._arrow.schema([(column.path, types[column.kind]) for column in columns])
        self._path = path
        self._writer = parquet.ParquetWriter(path, self._schema)
        self._tables: list[Any] = []
        self._waiting = 0

    def write(self, page: RawPage) -> None:
        # Page by page: to turn a whole row group at once would hold up everything else.
        rows = list(page)
        arrays = {
            column.path: [_typed(value_at(record, column.path), column.kind) for record in rows]
            for column in self._columns
        }
        self._tables.append(self._arrow.table(arrays, schema=self._schema))
        self._waiting += len(rows)
        if self._waiting >= 10_000:
            self._write_group()

    def _write_group(self) -> None:
        self._writer.write_table(self._arrow.concat_tables(self._tables))
        self._tables, self._waiting = [], 0

    def close(self) -> int:
        if self._waiting:
            self._write_group()
        self._writer.close()
        return self._path.stat().st_size


def _typed(value: Any, kind: str) -> Any:
    if value is None:
        return None
    match kind:
        case "datetime":
            return datetime.datetime.fromisoformat(value)
        case "date":
            return datetime.date.fromisoformat(value[:10])
        case "number":
            return float(value)
        case "int":
            return int(value)
        case "text":
            return value if isinstance(value, str) else to_json(value).decode()
    return value
