"""Where rows come from: CSV, JSON Lines and Parquet files, and anything that can be iterated. Always streamed."""

from __future__ import annotations

import codecs
import csv
import hashlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, from_json, to_json

from aiotwenty.errors import ConfigurationError

NAMED_PROBLEMS = 20
"""How many malformed lines an error names; the rest is counted."""

RAW_TEXT = "_text"
"""Where a row that could not be read has its text. Correcting it empties this."""

_LONGEST_CELL = 16 * 1024 * 1024
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class InputError(ConfigurationError):
    """A source or a mapping that cannot be right: what is wrong, where, and what to do. Nothing was sent."""


class Row(NamedTuple):
    """One row as it was read. `number` counts the rows of a source from 1; `line` is where it starts in a text file."""

    number: int
    values: Mapping[str, Any]
    line: int | None = None
    problem: str | None = None


@dataclass
class Check:
    """What reading a source from beginning to end found."""

    total: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    """Each column with the number of the first row that has it."""
    problems: list[str] = field(default_factory=list)
    malformed: int = 0

    def add(self, row: Row) -> None:
        self.total += 1
        if row.problem:
            self.malformed += 1
            if len(self.problems) < NAMED_PROBLEMS:
                where = f"line {row.line}" if row.line else f"row {row.number}"
                self.problems.append(f"{where}: {row.problem}")
        elif row.values.keys() - self.columns.keys():
            for column in row.values:
                self.columns.setdefault(column, row.number)


class Source(ABC):
    """Rows with a name. `is_text` says that text is to be understood by its field, as in CSV: JSON, lists, dates."""

    name: str
    is_text = False
    nulls_are_gaps = False
    """Whether a null only says that the format has no other way to leave a cell empty (CSV, Parquet)."""
    columns: tuple[str, ...] | None = None
    """The columns, where they are known without reading the rows."""

    @abstractmethod
    def rows(self) -> AsyncIterator[Row]:
        """The rows from the beginning. Only files can be read more than once."""

    def check(self) -> Check | None:
        """Reads everything ahead of the load where that is possible; None where it isn't (generators).

        It is called in a thread of its own, as `fingerprint` is: a service goes on answering while a file is read.
        """
        return None

    def fingerprint(self) -> str | None:
        """Tells whether the content is still the same; None where the content cannot be read twice."""
        return None


def open_source(
    rows: Source | Iterable[Any] | AsyncIterable[Any] | str | Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    name: str | None = None,
) -> Source:
    """The source behind a path (by its ending: .csv .tsv .jsonl .ndjson .parquet) or an iterable of models or mappings.

    `name` is what messages and journals call it, by default the name of the file.
    Raises `InputError` for a file that is missing, empty, a directory, or of an ending nobody knows.
    """
    if isinstance(rows, Source):
        return rows
    if isinstance(rows, str | Path):
        source = _open_file(Path(rows), encoding, delimiter)
        source.name = name or source.name
        return source
    if not isinstance(rows, Iterable | AsyncIterable) or isinstance(rows, bytes | Mapping | BaseModel):
        raise InputError(f"rows must be a path or an iterable of records, not {type(rows).__name__}")
    return IterableSource(rows, name or "rows")


def _open_file(path: Path, encoding: str | None, delimiter: str | None) -> Source:
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if not path.is_file():
        raise InputError(f"{path}: is a folder, not a file" if path.is_dir() else f"{path}: is not a file")
    match path.suffix.lower():
        case ".csv" | ".tsv" | ".txt":
            return CsvSource(path, encoding, delimiter)
        case ".jsonl" | ".ndjson":
            return JsonLinesSource(path, encoding)
        case ".parquet" | ".pq":
            return ParquetSource(path)
        case ending:
            raise InputError(
                f"{path}: cannot tell what a {ending or 'file without ending'} holds; "
                "save it as .csv, .tsv, .jsonl or .parquet"
            )


class IterableSource(Source):
    """Models or mappings from memory, a generator or an async generator."""

    def __init__(self, items: Iterable[Any] | AsyncIterable[Any], name: str) -> None:
        self.name = name
        self._items = items

    async def rows(self) -> AsyncIterator[Row]:
        if isinstance(self._items, AsyncIterable):
            number = 0
            async for item in self._items:
                number += 1
                yield _row(number, item)
        else:
            for number, item in enumerate(self._items, 1):
                yield _row(number, item)

    def check(self) -> Check | None:
        if not isinstance(self._items, Sequence):
            return None
        check = Check()
        for number, item in enumerate(self._items, 1):
            check.add(_row(number, item))
        return check

    def fingerprint(self) -> str | None:
        if not isinstance(self._items, Sequence):
            return None
        digest = hashlib.blake2b(digest_size=16)
        for item in self._items:
            try:
                digest.update(to_json(item, serialize_unknown=True) + b"\n")
            except PydanticSerializationError:
                digest.update(repr(item).encode("utf-8", "backslashreplace"))
        return digest.hexdigest()


def _row(number: int, item: Any) -> Row:
    if type(item) is dict or isinstance(item, Mapping):
        return Row(number, item)
    if isinstance(item, BaseModel):
        return Row(number, item.model_dump(mode="json", by_alias=True, exclude_unset=True))
    return Row(number, {RAW_TEXT: repr(item)}, None, f"is neither a model nor a mapping but {type(item).__name__}")


class FileSource(Source):
    """A file that is read from beginning to end as often as needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    @abstractmethod
    def read(self) -> Iterator[Row]: ...

    async def rows(self) -> AsyncIterator[Row]:
        for row in self.read():
            yield row

    def check(self) -> Check:
        check = Check()
        for row in self.read():
            check.add(row)
        return check

    def fingerprint(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


class TextSource(FileSource):
    """A text file: its encoding is told by a byte order mark, or said, or UTF-8. Never guessed."""

    def __init__(self, path: Path, encoding: str | None) -> None:
        super().__init__(path)
        with path.open("rb") as file:
            start = file.read(4)
        marked = next((name for mark, name in _BYTE_ORDER_MARKS if start.startswith(mark)), None)
        try:
            codecs.lookup(encoding or "utf-8")
        except LookupError:
            raise InputError(f"{path}: there is no encoding named {encoding!r}") from None
        self.encoding = marked or encoding or "utf-8"

    def lines(self) -> Iterator[str]:
        with self.path.open(encoding=self.encoding, newline="") as file:
            try:
                yield from file
            except UnicodeError as error:
                raise self._undecodable(error) from None

    def _undecodable(self, error: UnicodeError) -> InputError:
        hint = "say which encoding it has (encoding=, --encoding), for instance cp1252 or utf-16"
        if self.encoding.startswith("utf-8"):
            with self.path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    try:
                        line.decode("utf-8")
                    except UnicodeDecodeError as at:
                        byte = line[at.start]
                        return InputError(
                            f"{self.path}, line {number}: not UTF-8 (byte 0x{byte:02x} in place {at.start + 1}); {hint}"
                        )
        return InputError(f"{self.path}: not {self.encoding} ({error}); {hint}")


class CsvSource(TextSource):
    """CSV with a header line. The delimiter is said, or what the header holds most of: comma, semicolon, tab or bar."""

    is_text = True
    nulls_are_gaps = True

    def __init__(self, path: Path, encoding: str | None = None, delimiter: str | None = None) -> None:
        super().__init__(path, encoding)
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
        lines = self.lines()
        header = next(lines, "")
        self.delimiter = delimiter or max(",;\t|", key=header.count)
        if len(self.delimiter) != 1:
            raise InputError(f"{path}: a delimiter is one character, not {self.delimiter!r}")
        lines.close()  # type: ignore[attr-defined]
        self.columns = self._header()

    def _header(self) -> tuple[str, ...]:
        try:
            cells: list[str] = next(self._reader(self.lines()), [])
        except csv.Error as error:
            raise InputError(f"{self.path}, line 1: {error}") from None
        columns = tuple(cell.strip() for cell in cells)
        if not any(columns):
            raise InputError(f"{self.path}: has no header line; the first line names the columns")
        for position, column in enumerate(columns, 1):
            if not column:
                raise InputError(
                    f"{self.path}, line 1: column {position} has no name; give it one, or take the column out"
                )
            if columns.index(column) != position - 1:
                raise InputError(f"{self.path}, line 1: two columns are named {column!r}; rename one of them")
        return columns

    def _reader(self, lines: Iterator[str]) -> Any:
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def check(self) -> Check:
        """The columns are those of the header; only the lines that do not fit it are looked at more closely."""
        check = Check(columns=dict.fromkeys(self.columns or (), 1))
        width = len(check.columns)
        for line, cells, problem, text in self._cells():
            if problem or len(cells) != width:
                check.add(self._row(check.total + 1, line, cells, problem, text))
            else:
                check.total += 1
        return check

    def read(self) -> Iterator[Row]:
        columns = self.columns or ()
        width = len(columns)
        for number, (line, cells, problem, text) in enumerate(self._cells(), 1):
            if problem or len(cells) != width:
                yield self._row(number, line, cells, problem, text)
            else:
                yield Row(number, dict(zip(columns, cells, strict=True)), line)

    def _row(self, number: int, line: int, cells: list[str], problem: str | None, text: list[str]) -> Row:
        columns = self.columns or ()
        values = {**dict(zip(columns, cells, strict=False)), RAW_TEXT: "".join(text).rstrip("\r\n")}
        counted = f"has {len(cells)} {'cell' if len(cells) == 1 else 'cells'}, the header has {len(columns)}"
        return Row(number, values, line, problem or counted)

    def _cells(self) -> Iterator[tuple[int, list[str], str | None, list[str]]]:
        """Where each row begins, its cells, why it cannot be read, and its lines; those without a value are skipped."""
        text: list[str] = []
        reader = self._reader(_remembered(self.lines(), text))
        next(reader, None)
        while True:
            text.clear()
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = "a quote is opened and never closed" if "unexpected end" in str(error) else str(error)
                yield line, [], problem, text
                continue
            if any(cells):
                yield line, cells, None, text


def _remembered(lines: Iterator[str], kept: list[str]) -> Iterator[str]:
    for line in lines:
        kept.append(line)
        yield line


class JsonLinesSource(TextSource):
    """JSON Lines: one object a line; empty lines are skipped."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        super().__init__(path, encoding)

    def read(self) -> Iterator[Row]:
        number = 0
        for line, text in enumerate(self.lines(), 1):
            if not text.strip():
                continue
            number += 1
            try:
                values = from_json(text)
            except ValueError as error:
                yield Row(number, {RAW_TEXT: text.rstrip("\r\n")}, line, f"is not JSON ({error})")
                continue
            if isinstance(values, dict):
                yield Row(number, values, line)
            else:
                yield Row(number, {RAW_TEXT: text.rstrip("\r\n")}, line, "is not a JSON object")


class ParquetSource(FileSource):
    """Parquet, read in slices of 1,000 rows; lists and objects may be JSON in text. Needs the extra `arrow`."""

    is_text = True
    nulls_are_gaps = True

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self._open() as file:
            self.columns = tuple(file.schema_arrow.names)
            self._total: int = file.metadata.num_rows

    def _open(self) -> Any:
        pyarrow, parquet = require_arrow()
        try:
            return parquet.ParquetFile(self.path, memory_map=True)
        except (pyarrow.ArrowInvalid, OSError) as error:
            raise InputError(f"{self.path}: is not Parquet ({error})") from None

    def check(self) -> Check:
        return Check(total=self._total, columns=dict.fromkeys(self.columns or (), 1))

    def read(self) -> Iterator[Row]:
        number = 0
        with self._open() as file:
            for batch in file.iter_batches(batch_size=1000, use_threads=False):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(number, values)


def require_arrow() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet, or an error that says how to get them."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise InputError("Parquet needs pyarrow: pip install 'aiotwenty[arrow]'") from None
