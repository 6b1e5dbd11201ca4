"""Rows of data frames and of other sources of Arrow record batches, a thousand at a time."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

from pydantic_core import to_json

from aiotwenty.bulk.source.arrow_values import cells_of, plain
from aiotwenty.bulk.source.base import Check, InputError, Row, Source, library
from aiotwenty.bulk.source.table import Header
from aiotwenty.errors import TwentyError

_ROWS = 1000
Columns: TypeAlias = Sequence[int]
"""Positions of columns."""
Rows: TypeAlias = Iterator[Sequence[Any]]
"""The cells of rows, row by row."""


class ArrowStream(Protocol):
    """Objects with the Arrow PyCapsule interface: tables, data frames, readers of record batches."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class Dataset(Protocol):
    """A dataset of pyarrow: files with one schema."""

    @property
    def schema(self) -> Any: ...

    def scanner(self) -> Any: ...


class FrameSource(Source):
    """A table that can be read as often as needed, or a stream that is read once.

    Nulls, NaN, NaT and NA are gaps, at the top and within objects of a typed column; texts are read by the kind of
    their field, as in Parquet. Sixteen bytes are an id.
    """

    is_text = True
    nulls_are_gaps = True

    def __init__(
        self, name: str, columns: Sequence[object], slices: Callable[[Columns], Iterator[Rows]], total: int | None
    ) -> None:
        """`slices` returns the values of these columns, slice by slice; `total` is None for a stream."""
        if unnamed := [column for column in columns if not isinstance(column, str)]:
            raise InputError(f"{name}: columns are named by texts, not {', '.join(map(repr, unnamed[:5]))}")
        header = Header.of([str(column) for column in columns])
        self.name = name
        self.columns, self.unnamed, self.doubled = header.columns, header.unnamed, header.doubled
        self._slices = slices
        self._total = total
        self._used: Collection[str] = header.columns

    def use(self, columns: Collection[str]) -> None:
        self._used = [name for name in self.columns or () if name in columns]

    async def rows(self) -> AsyncIterator[Row]:
        for row in self._read():
            yield row

    def again(self) -> Iterator[Row] | None:
        return None if self._total is None else self._read()

    def check(self) -> Check | None:
        return None if self._total is None else Check(self._total, dict.fromkeys(self.columns or (), 1))

    def fingerprint(self) -> str | None:
        """A digest of the values alone, because their layout in memory varies."""
        if self._total is None:
            return None
        digest = hashlib.blake2b(to_json(list(self._used)), digest_size=16)
        for row in self._read():
            digest.update(to_json(list(row.values.values()), serialize_unknown=True) + b"\n")
        return digest.hexdigest()

    def _read(self) -> Iterator[Row]:
        names = list(self._used)
        places = {name: place for place, name in enumerate(self.columns or ())}
        number = 0
        with _telling(self.name):
            for columns in self._slices([places[name] for name in names]):
                for cells in columns:
                    number += 1
                    yield Row(number, dict(zip(names, cells, strict=True)))


def frame_source(rows: Any, name: str) -> FrameSource | None:
    """The source of a data frame, a table, a dataset or a stream of Arrow; None for anything else.

    Raises `InputError` for unsupported forms, and if pyarrow is needed and missing.
    """
    if _is(rows, "pandas", "DataFrame"):
        return _of_pandas(rows, name)
    if _is(rows, "polars", "LazyFrame"):
        raise InputError(f"{name}: a LazyFrame is a plan, not rows: give what its collect() gives")
    if _is(rows, "pandas", "Series") or _is(rows, "polars", "Series"):
        raise InputError(f"{name}: a Series is one column without a name for its field: give a data frame")
    if _is(rows, "pyarrow.dataset", "Dataset"):
        return _of_dataset(rows, name)
    if _is(rows, "pyarrow.dataset", "Scanner"):
        rows = rows.to_reader()
    if hasattr(rows, "fetch_record_batch"):  # a cursor of ADBC or DuckDB
        rows = rows.fetch_record_batch()
    return _of_stream(rows, name) if hasattr(rows, "__arrow_c_stream__") else None


def _is(rows: object, module: str, kind: str) -> bool:
    """Whether the object's class is from a library, which is then imported already."""
    known = getattr(sys.modules.get(module), kind, None)
    return isinstance(known, type) and isinstance(rows, known)


def _of_stream(rows: Any, name: str) -> FrameSource:
    arrow = library("pyarrow", "a data frame", "arrow")

    def reader() -> Any:
        with _telling(name):
            return arrow.RecordBatchReader.from_stream(rows)

    # An object with a length is a table and can be read again; a reader is exhausted after reading.
    if hasattr(rows, "__len__"):
        return FrameSource(name, reader().schema.names, lambda places: _batches(arrow, reader(), places), len(rows))
    once = reader()
    return FrameSource(name, once.schema.names, lambda places: _batches(arrow, once, places), None)


def _of_dataset(dataset: Any, name: str) -> FrameSource:
    arrow = library("pyarrow", "a dataset", "arrow")

    def slices(places: Columns) -> Iterator[Rows]:
        # By default the library reads ahead more than is sent meanwhile.
        scanner = dataset.scanner(batch_size=_ROWS, batch_readahead=1, fragment_readahead=1)
        return _batches(arrow, scanner.to_reader(), places)

    with _telling(name):
        return FrameSource(name, dataset.schema.names, slices, dataset.count_rows())


def _batches(arrow: Any, reader: Any, places: Columns) -> Iterator[Rows]:
    for batch in reader:
        for start in range(0, batch.num_rows, _ROWS):
            part = batch.slice(start, _ROWS)
            columns = [cells_of(arrow, part.column(place)) for place in places]
            yield zip(*columns, strict=True) if columns else iter([()] * part.num_rows)


def _of_pandas(frame: Any, name: str) -> FrameSource:
    if frame.columns.nlevels > 1:
        raise InputError(f"{name}: its columns have {frame.columns.nlevels} names each: give each one")
    # An index with a name is data: `set_index("id")` moves a column to it.
    levels = [level for level in frame.index.names if level is not None]
    names = [*levels, *frame.columns]

    def slices(places: Columns) -> Iterator[Rows]:
        for start in range(0, len(frame), _ROWS):
            part = frame.iloc[start : start + _ROWS]
            columns = [
                _cells(
                    part.index.get_level_values(names[place]).to_series()
                    if place < len(levels)
                    else part.iloc[:, place - len(levels)]
                )
                for place in places
            ]
            yield zip(*columns, strict=True) if columns else iter([()] * len(part))

    return FrameSource(name, names, slices, len(frame))


def _cells(series: Any) -> list[Any]:
    """The values of a pandas column as Python values, gaps as None."""
    gaps = series.isna().tolist()
    return [None if gap else _cell(value) for value, gap in zip(series.astype(object).tolist(), gaps, strict=True)]


def _cell(value: Any) -> Any:
    moment: Any = getattr(value, "to_pydatetime", None)
    if moment is not None:  # of pandas, which may have nanoseconds
        return moment(warn=False)
    numpy: Any = getattr(value, "tolist", None) if hasattr(value, "dtype") else None
    if numpy is not None:  # a scalar or an array
        return plain(numpy())
    return value if isinstance(value, dict | list) else plain(value)


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """Adds the name of the stream to the library's errors."""
    try:
        yield
    except TwentyError:
        raise
    except Exception as error:
        raise InputError(f"{name}: cannot be read ({error})") from error
