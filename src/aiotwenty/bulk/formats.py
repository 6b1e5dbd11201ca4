"""Writes files of records: CSV, JSON Lines, Parquet. `load` reads them without changes."""

from __future__ import annotations

import csv
import datetime
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from aiotwenty.bulk.raw_page import RawPage
from aiotwenty.bulk.record_columns import RecordColumn
from aiotwenty.bulk.rejects import as_cell
from aiotwenty.bulk.requests import value_at
from aiotwenty.bulk.source import InputError, require_arrow

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""The beginnings of cells that spreadsheets treat as formulas, as listed by OWASP under "CSV injection"."""
FORMATS = (".csv", ".jsonl", ".ndjson", ".parquet")


class RecordWriter(ABC):
    """Writes the records of responses to a file."""

    path: Path

    @abstractmethod
    def write(self, page: RawPage) -> None: ...

    @abstractmethod
    def close(self) -> int:
        """Completes the file. Returns the total number of bytes."""

    def sync(self) -> int:
        """Flushes everything to disk. Returns the length of the file, from which a later run resumes."""
        return 0


def open_writer(
    path: Path, ending: str, columns: Sequence[RecordColumn], start: int = 0, *, spreadsheet_safe: bool = False
) -> RecordWriter:
    """A writer for the ending. `start` is the length at which an earlier run's file is continued.

    Raises `InputError` for an unknown ending.
    """
    match ending:
        case ".csv":
            return CsvWriter(path, columns, start, spreadsheet_safe=spreadsheet_safe)
        case ".jsonl" | ".ndjson":
            return JsonLinesWriter(path, start)
        case ".parquet":
            return ParquetWriter(path, columns)
    raise InputError(
        f"{path}: records are written as {', '.join(FORMATS)}, not {ending or 'a file without an extension'}"
    )


class JsonLinesWriter(RecordWriter):
    """Writes one object on each line."""

    def __init__(self, path: Path, start: int) -> None:
        self.path = path
        self._file = path.open("r+b" if start else "wb")
        self._file.truncate(start)
        self._file.seek(start)

    def write(self, page: RawPage) -> None:
        self._file.write(page.json_lines())

    def keep(self, lines: Iterable[bytes]) -> None:
        """Writes unchanged lines of an earlier file."""
        self._file.writelines(lines)

    def sync(self) -> int:
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> int:
        with self._file:
            self._file.flush()
            return self._file.tell()


class CsvWriter(RecordWriter):
    """Writes a column for each field and each part of a field, named by its dotted path; lists and objects as JSON.

    `spreadsheet_safe` puts an apostrophe before texts that spreadsheets would treat as formulas.
    """

    def __init__(
        self, path: Path, columns: Sequence[RecordColumn], start: int, *, spreadsheet_safe: bool = False
    ) -> None:
        self.path = path
        self._file = path.open("r+" if start else "w", encoding="utf-8", newline="")
        self._file.truncate(start)
        self._file.seek(start)
        self._writer = csv.writer(self._file)
        self._paths = [column.path.split(".") for column in columns]
        self._texts = [place for place, column in enumerate(columns) if column.kind == "text" and spreadsheet_safe]
        if not start:
            self._writer.writerow([column.path for column in columns])

    def write(self, page: RawPage) -> None:
        rows = [[_cell(record, path) for path in self._paths] for record in page]
        for place in self._texts:
            for row in rows:
                if str(row[place]).startswith(_FORMULAS):
                    row[place] = f"'{row[place]}"
        self._writer.writerows(rows)

    def keep(self, rows: Iterable[list[str]]) -> None:
        """Writes unchanged rows of an earlier file."""
        self._writer.writerows(rows)

    def sync(self) -> int:
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> int:
        with self._file:
            self._file.flush()
            return self._file.tell()


def _cell(record: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = record
    for part in path:
        if value is None:
            break
        value = value.get(part)
    return value if type(value) is str else as_cell(value)


class ParquetWriter(RecordWriter):
    """Writes the columns of CSV with their types. Needs the extra `arrow`. An incomplete file cannot be continued."""

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
        self.path = path
        self._writer = parquet.ParquetWriter(path, self._schema, write_page_checksum=True)
        self._tables: list[Any] = []
        self._waiting = 0

    def write(self, page: RawPage) -> None:
        # Page by page: converting a whole row group at once would block other tasks.
        self.keep(self.table(page))

    def table(self, records: Iterable[Mapping[str, Any]]) -> Any:
        """Records as an Arrow table."""
        rows = list(records)
        arrays = {
            column.path: [_typed(value_at(record, column.path), column.kind) for record in rows]
            for column in self._columns
        }
        return self._arrow.table(arrays, schema=self._schema)

    def keep(self, table: Any) -> None:
        """Writes an Arrow table that has the same columns."""
        self._tables.append(table)
        self._waiting += table.num_rows
        if self._waiting >= 10_000:
            self._write_group()

    def _write_group(self) -> None:
        self._writer.write_table(self._arrow.concat_tables(self._tables))
        self._tables, self._waiting = [], 0

    def close(self) -> int:
        if self._waiting:
            self._write_group()
        self._writer.close()
        return self.path.stat().st_size


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
