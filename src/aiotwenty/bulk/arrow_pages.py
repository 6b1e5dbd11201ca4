"""Reads the bytes of a page into Arrow, column by column: pyarrow reads the JSON, and no cell becomes a Python object.

Imports pyarrow, so it must only be imported when it is needed.
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, TypeAlias
from uuid import UUID

import pyarrow as pa
import pyarrow.compute
import pyarrow.json
from pydantic_core import to_json

from aiotwenty.bulk.raw_page import RawPage
from aiotwenty.bulk.record_columns import Holds, RecordColumn
from aiotwenty.bulk.requests import value_at
from aiotwenty.bulk.source import InputError
from aiotwenty.errors import SchemaDrift

# pyarrow's stubs have no common type of arrays that they accept everywhere.
Array: TypeAlias = Any
pc: Any = pyarrow.compute
Uuids: TypeAlias = Literal["text", "binary"]
Micros: TypeAlias = Literal["int64", "decimal"]

_READ: dict[Holds, pa.DataType] = {
    "text": pa.string(),
    "uuid": pa.string(),
    "option": pa.string(),
    "int": pa.int64(),
    "number": pa.float64(),
    "bool": pa.bool_(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "date": pa.string(),
    "texts": pa.list_(pa.string()),
}
"""The type as which pyarrow reads the JSON of a cell. JSON fields are not read by pyarrow."""
_EMPTY = pa.StringArray.from_buffers(2, pa.py_buffer(struct.pack("=3i", 0, 2, 4)), pa.py_buffer(b"{}[]"))
"""Made from a buffer: for Python strings pyarrow imports pandas if it is installed, which takes 50 MB."""
_DECIMAL = pa.decimal128(38, 0)
_INT64 = range(-(2**63), 2**63)


class ArrowPages:
    """Turns pages of records into record batches of one `schema`."""

    def __init__(self, columns: Sequence[RecordColumn], plural: str, uuids: Uuids, micros: Micros) -> None:
        """`what` is the plural of the object, for messages."""
        self._columns = columns
        self._what = plural
        self._micros = micros
        self._read_as = [self._read_type(column) for column in columns]
        finished = {"option": pa.dictionary(pa.int32(), pa.string()), "date": pa.date32()}
        if uuids == "binary":
            finished["uuid"] = pa.binary(16)
        types = [finished.get(column.holds, read) for column, read in zip(columns, self._read_as, strict=True)]
        self.schema = pa.schema([(column.path, kind) for column, kind in zip(columns, types, strict=True)])
        self._json = [place for place, column in enumerate(columns) if column.holds == "json"]
        self._plain_json = [(b'"%b":%b' % (name, empty), b'"%b":"%b"' % (name, empty)) for name, empty in self._empty()]
        self._json_is_plain = True

    def batch(self, page: RawPage) -> pa.RecordBatch:
        """The records of a page. Raises `SchemaDrift` for a value that doesn't fit its column."""
        lines = page.json_lines()
        try:
            return self._finished(self._all_read(lines) or self._with_json(self._read(lines, but="json"), page))
        except pa.ArrowInvalid:
            # Numbers in exponent form or in texts, as some servers write them, or a value that doesn't fit.
            return self._finished(list(_by_cell(self._columns, self._read_as, list(page), self._what)))

    def _finished(self, read: Sequence[Array]) -> pa.RecordBatch:
        kinds = [field.type for field in self.schema]
        arrays = [_finished(array, kind) for array, kind in zip(read, kinds, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def table(self, batches: Sequence[pa.RecordBatch]) -> pa.Table:
        """Joins batches into one table, with one dictionary for each picklist."""
        return pa.Table.from_batches(batches, self.schema).unify_dictionaries()

    def joined(self, batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
        """Joins batches (at least one) into one batch."""
        (batch,) = self.table(batches).combine_chunks().to_batches()
        return batch

    def _read_type(self, column: RecordColumn) -> pa.DataType:
        match column.holds:
            case "micros":
                return pa.int64() if self._micros == "int64" else _DECIMAL
            case "objects":
                return pa.list_(pa.struct([(part, pa.string()) for part in column.parts]))
            case "json":
                return pa.string()
        return _READ[column.holds]

    def _empty(self) -> Iterator[tuple[bytes, bytes]]:
        """The JSON fields' names with their most frequent values."""
        for name in dict.fromkeys(self._columns[place].path.rpartition(".")[2] for place in self._json):
            yield name.encode(), b"{}"
            yield name.encode(), b"[]"

    def _all_read(self, lines: bytes) -> list[Array] | None:
        """The columns if all JSON fields are empty; None otherwise."""
        if not self._json_is_plain:
            return None
        # A quote within a text has a backslash before it, also within a JSON field; but then that field is not empty.
        is_text = any(text in lines for _, text in self._plain_json)
        for empty, text in self._plain_json:
            lines = lines.replace(empty, text)
        try:
            read = None if is_text else self._read(lines)
        except pa.ArrowInvalid:
            self._json_is_plain = not self._json
            return None
        if read is not None and all(
            pc.all(pc.is_in(read[place].drop_null(), _EMPTY)).as_py() is not False for place in self._json
        ):
            return read
        self._json_is_plain = False
        return None

    def _read(self, lines: bytes, but: Holds | None = None) -> list[Array]:
        """The columns without those that hold `but`."""
        tree: dict[str, Any] = {"id": pa.string()}
        for column, kind in zip(self._columns, self._read_as, strict=True):
            if column.holds != but:
                *parents, last = column.path.split(".")
                inner = tree
                for parent in parents:
                    inner = inner.setdefault(parent, {})
                inner[last] = kind
        schema = pa.schema(_fields(tree))
        how = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        # A record must fit into a block.
        blocks = pyarrow.json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
        source: Any = pa.BufferReader(lines)
        (batch,) = pyarrow.json.read_json(source, blocks, how).combine_chunks().to_batches()
        return [
            pa.nulls(batch.num_rows) if column.holds == but else _leaf(batch, column.path.split("."))
            for column in self._columns
        ]

    def _with_json(self, read: list[Array], page: RawPage) -> list[Array]:
        records = list(page)
        for place in self._json:
            path = self._columns[place].path
            read[place] = pa.array([_json(value_at(record, path)) for record in records], pa.string())
        return read


def _fields(tree: Mapping[str, Any]) -> list[pa.Field[Any]]:
    return [
        pa.field(name, pa.struct(_fields(inner)) if isinstance(inner, dict) else inner) for name, inner in tree.items()
    ]


def _leaf(batch: pa.RecordBatch, path: Sequence[str]) -> Array:
    """The column of a dotted path; null if a relation or composite on the path is null."""
    name, *parts = path
    array: Array = batch.column(name)
    return pc.struct_field(array, parts) if parts else array


def _finished(array: Array, kind: pa.DataType) -> Array:
    """A read array in its final type."""
    if pa.types.is_dictionary(kind):
        return array.dictionary_encode()
    if pa.types.is_date32(kind):
        return pc.utf8_slice_codeunits(array, 0, 10).cast(kind)
    if pa.types.is_fixed_size_binary(kind):
        return _uuid_bytes(array)
    return array


def _uuid_bytes(array: Array) -> Array:
    """The 16 bytes of each id. All texts, which are contiguous in memory, are parsed at once."""
    there = array.drop_null()
    if pc.all(pc.equal(pc.binary_length(there), 36)).as_py() is False:
        raise pa.ArrowInvalid("not all ids have 36 characters")
    texts = pc.binary_join(pa.ListArray.from_arrays([0, len(there)], there), "")[0].as_py() if len(there) else ""
    raw = bytes.fromhex(texts.replace("-", ""))
    packed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(there), [None, pa.py_buffer(raw)])
    if not array.null_count:
        return packed
    place = pc.subtract(pc.cumulative_sum(array.is_valid().cast(pa.int64())), 1)
    return packed.take(pc.if_else(array.is_valid(), place, pa.scalar(None, pa.int64())))


def _json(value: Any) -> str | None:
    return None if value is None else to_json(value).decode()


def _by_cell(
    columns: Sequence[RecordColumn], kinds: Sequence[pa.DataType], records: Sequence[Mapping[str, Any]], plural: str
) -> Iterator[Array]:
    """The columns of a page with an unusual notation, read cell by cell."""
    for column, kind in zip(columns, kinds, strict=True):
        convert = _whole(kind) if column.holds in ("int", "micros") else _CELLS[column.holds]
        cells = []
        for record in records:
            value = value_at(record, column.path)
            try:
                cells.append(None if value is None else convert(value))
            except _TooLargeError:
                raise InputError(
                    f"{plural}: {column.path} of {record['id']} is {value}, which int64 does not hold: "
                    'micros="decimal" gives 38 digits'
                ) from None
            except (TypeError, ValueError, OverflowError, ArithmeticError):
                raise SchemaDrift(
                    f"{plural}: {column.path} of {record['id']} is {str(value)[:80]!r}, which is no {column.holds}: "
                    "the workspace is not what this client was generated from. Generate it again."
                ) from None
        yield pa.array(cells, kind)


class _TooLargeError(ValueError):
    pass


def _whole(kind: pa.DataType) -> Callable[[Any], Any]:
    """A reader of integers in any JSON notation, exactly."""

    def read(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise TypeError(value)
        number = Decimal(str(value))
        if number != number.to_integral_value():
            raise ValueError(value)
        if pa.types.is_decimal(kind):
            return number.to_integral_value()
        if int(number) not in _INT64:
            raise _TooLargeError(value)
        return int(number)

    return read


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(value)
    return float(value)


def _exactly(*types: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, types):
            raise TypeError(value)
        return value

    return read


def _list(of: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise TypeError(value)
        return [None if item is None else of(item) for item in value]

    return read


_CELLS: dict[Holds, Callable[[Any], Any]] = {
    "text": _exactly(str),
    "uuid": lambda value: str(UUID(value)),
    "option": _exactly(str),
    "number": _number,
    "bool": _exactly(bool),
    "datetime": datetime.datetime.fromisoformat,
    "date": lambda value: datetime.date.fromisoformat(value[:10]).isoformat(),
    "texts": _list(_exactly(str)),
    "objects": _list(_exactly(dict)),
    "json": _json,
}
