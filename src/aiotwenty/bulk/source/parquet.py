"""Rows of Parquet files."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from aiotwenty.bulk.source.arrow_values import cells_of
from aiotwenty.bulk.source.base import Check, InputError, Row, library
from aiotwenty.bulk.source.content import FileContent
from aiotwenty.bulk.source.file import FileSource
from aiotwenty.bulk.source.table import Header, with_text
from aiotwenty.errors import TwentyError

_ROWS = 1000
_BUFFER = 1024 * 1024
"""The bytes of a column that are in memory at once."""


class ParquetSource(FileSource):
    """Parquet, read in slices of 1,000 rows; lists and objects may be JSON in text. Needs the extra `arrow`.

    Unused columns are not read, and may be damaged. Errors of the library about others get the name of the file and the
    row group.
    """

    is_text = True
    nulls_are_gaps = True

    def __init__(self, file: Path | FileContent) -> None:
        super().__init__(file)
        self._arrow, self._parquet = require_arrow()
        with self._open() as opened:
            in_file: list[str] = opened.schema_arrow.names
            self._total: int = opened.metadata.num_rows
            self._groups: int = opened.num_row_groups
        header = Header.of(in_file)
        self.columns, self.unnamed, self.doubled = header.columns, header.unnamed, header.doubled
        self._places = {name: place for place, name in enumerate(header.columns)}
        self._in_file = in_file
        self._used: Collection[str] = header.columns
        self._samples: dict[str, list[Any]] = {}

    def use(self, columns: Collection[str]) -> None:
        self._used = [name for name in self.columns or () if name in columns]

    def samples(self, most: int) -> dict[str, list[Any]]:
        """The first values of each column that can be read."""
        for name in () if self._samples else self.columns or ():
            try:
                rows = islice(self._read([name], most), most)
                self._samples[name] = [row.values[name] for row in rows if not row.problem]
            except InputError:
                self._samples[name] = []
        return self._samples

    def check(self) -> Check:
        """Decodes all used columns, so that damage is found before anything is sent."""
        check = Check(columns=dict.fromkeys(self.columns or (), 1))
        for batch in self._batches(self._used, _ROWS):
            if self._is_sound(batch):
                check.total += batch.num_rows
            else:
                for row in self._rows(batch, self._used, check.total):
                    check.add(row)
        return check

    def read(self) -> Iterator[Row]:
        return self._read(self._used, _ROWS)

    def _read(self, columns: Collection[str], size: int) -> Iterator[Row]:
        number = 0
        for batch in self._batches(columns, size):
            yield from self._rows(batch, columns, number)
            number += batch.num_rows

    def _batches(self, columns: Collection[str], size: int) -> Iterator[Any]:
        """The rows in slices, with all times in microseconds."""
        names = [self._in_file[self._places[name]] for name in columns]
        with self._open() as file:
            for group in range(self._groups):
                left: int = file.metadata.row_group(group).num_rows
                batches = file.iter_batches(batch_size=size, row_groups=[group], columns=names, use_threads=False)
                while (batch := self._next(batches, group)) is not None:
                    left -= batch.num_rows
                    yield batch
                if left:
                    raise InputError(f"{self.path}, row group {group + 1} of {self._groups}: lacks {left:,} rows")

    def _next(self, batches: Iterator[Any], group: int) -> Any:
        with self._telling(f", row group {group + 1} of {self._groups}"):
            return next(batches, None)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        with self.content.raw() as raw:
            with self._telling(""):
                file = self._parquet.ParquetFile(raw, buffer_size=_BUFFER, page_checksum_verification=True)
            yield file

    @contextmanager
    def _telling(self, where: str) -> Iterator[None]:
        try:
            yield
        except TwentyError:
            raise
        except Exception as error:
            raise InputError(f"{self.path}{where}: is damaged, or no Parquet ({error})") from error

    def _is_sound(self, batch: Any) -> bool:
        """Whether all values can be read. Texts and numbers can if the library finds no error."""
        types = self._arrow.types
        try:
            batch.validate(full=True)
            for column in batch.columns:
                kind = column.type
                if not (types.is_string(kind) or types.is_integer(kind) or types.is_floating(kind)):
                    cells_of(self._arrow, column)
        except Exception:
            return False
        return True

    def _rows(self, batch: Any, columns: Collection[str], before: int) -> Iterator[Row]:
        """The rows of a slice; a row with a value that Python can't hold has a problem."""
        arrays = dict(self._named(batch, columns))
        try:
            cells = [cells_of(self._arrow, array) for array in arrays.values()]
        except Exception:
            yield from (self._row(arrays, place, before) for place in range(batch.num_rows))
            return
        for number, row in enumerate(zip(*cells, strict=True) if cells else ((),) * batch.num_rows, before + 1):
            yield Row(number, dict(zip(arrays, row, strict=True)))

    def _named(self, batch: Any, columns: Collection[str]) -> Iterator[tuple[str, Any]]:
        """The columns by their names here. The library reads all columns with a name, and those inside of them."""
        place = -1
        by_place = {}
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            place = self._in_file.index(name, place + 1)
            by_place[place] = array
        for name in columns:
            yield name, by_place[self._places[name]]

    def _row(self, arrays: dict[str, Any], place: int, before: int) -> Row:
        values: dict[str, Any] = {}
        problems = []
        for name, array in arrays.items():
            try:
                (values[name],) = cells_of(self._arrow, array.slice(place, 1))
            except Exception as error:
                problems.append(f"column {name!r} holds nothing readable ({error})")
        row = Row(before + place + 1, values, None, "; ".join(problems) or None)
        return with_text(row, row.problem) if row.problem else row


def require_arrow() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet. Raises an error that says how to install them."""
    return library("pyarrow", "Parquet", "arrow"), library("pyarrow.parquet", "Parquet", "arrow")
