"""From a path, an address or an iterable to its rows."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

from aiotwenty.bulk.source.base import FileSource, InputError, Source
from aiotwenty.bulk.source.csv import CsvSource
from aiotwenty.bulk.source.excel import ENDINGS, ExcelSource
from aiotwenty.bulk.source.iterables import IterableSource
from aiotwenty.bulk.source.jsonl import JsonLinesSource, JsonSource
from aiotwenty.bulk.source.packing import (
    PACKED,
    Opener,
    first_bytes,
    opener,
    packing_by_content,
    packing_of,
    received,
    unpacked,
)
from aiotwenty.bulk.source.parquet import ParquetSource

_TABLES = (".csv", ".tsv", ".txt", ".tab")
_START = 64 * 1024


def open_source(
    rows: Source | Iterable[Any] | AsyncIterable[Any] | str | Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    name: str | None = None,
    skip_lines: int | None = None,
    sheet: str | None = None,
) -> Source:
    """The source behind a path, an address or an iterable of models or mappings.

    A path is read by its ending: .csv .tsv .txt .jsonl .ndjson .json .parquet .xlsx (and .xls, .ods), each also packed
    (.gz .bz2 .xz .zip .zst). `-` is standard input; like a pipe it is read once, into a temporary file, and what it
    holds is seen by how it begins. An address (`s3://…`, `https://…`) is fetched by fsspec. `skip_lines` is how many
    lines there are above the header, `sheet` one of a workbook. `name` is what messages and journals call it, by
    default the name of the file.

    Raises `InputError` for a file that is missing, empty, a directory, damaged, or of an ending nobody knows, and for
    a library that is needed and not there.
    """
    if isinstance(rows, Source):
        return rows
    if isinstance(rows, str | Path):
        source = _open_path(rows, _Said(encoding, delimiter, skip_lines, sheet))
        source.name = name or source.name
        return source
    if not isinstance(rows, Iterable | AsyncIterable) or isinstance(rows, bytes | Mapping | BaseModel):
        raise InputError(f"rows must be a path or an iterable of records, not {type(rows).__name__}")
    return IterableSource(rows, name or "rows")


class _Said:
    """What the caller says of a file."""

    def __init__(self, encoding: str | None, delimiter: str | None, skip_lines: int | None, sheet: str | None) -> None:
        self.encoding, self.delimiter, self.skip_lines, self.sheet = encoding, delimiter, skip_lines, sheet


def _open_path(given: str | Path, said: _Said) -> FileSource:
    address = str(given)
    path = Path(given)
    by_content = address == "-" or (path.exists() and not path.is_file() and not path.is_dir())
    if by_content or "://" in address:
        path = received(address)
        return _open_file(path, said, by_content=not _known_ending(path))
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a file")
    return _open_file(path, said)


def _known_ending(path: Path) -> bool:
    inner = Path(path.stem).suffix if packing_of(path) else path.suffix
    return inner.lower() in (*_TABLES, *ENDINGS, ".jsonl", ".ndjson", ".json", ".parquet", ".pq")


def _open_file(path: Path, said: _Said, *, by_content: bool = False) -> FileSource:
    packing = packing_of(path)
    opened, inside = opener(path, packing)
    if by_content:
        packing = packing_by_content(first_bytes(path, opened, 8))
        if packing == ".zip" and _is_workbook(path):
            packing = ""
        opened, inside = opener(path, packing)
    ending = Path(inside).suffix.lower()
    if by_content and not _known_ending(Path(inside)):
        ending = _ending_by_content(path, opened)
    source = _open_as(ending, path, packing, opened, inside, said)
    # An archive may hold any name; the file is what it is known by.
    source.name = path.name
    return source


def _open_as(ending: str, path: Path, packing: str, opened: Opener, inside: str, said: _Said) -> FileSource:
    if ending in _TABLES:
        delimiter = said.delimiter or ("\t" if ending in (".tsv", ".tab") and not _has_sep_line(path, opened) else None)
        return CsvSource(path, said.encoding, delimiter, said.skip_lines, opened)
    if ending in (".jsonl", ".ndjson"):
        return JsonLinesSource(path, said.encoding, opened)
    if ending == ".json":
        kind = JsonLinesSource if _has_lines(first_bytes(path, opened, _START)) else JsonSource
        return kind(path, said.encoding, opened)
    if ending in (".parquet", ".pq", *ENDINGS):
        whole = unpacked(path, opened, inside) if packing else path
        return (
            ParquetSource(whole) if ending in (".parquet", ".pq") else ExcelSource(whole, said.sheet, said.skip_lines)
        )
    raise InputError(
        f"{path}: cannot tell what a {ending or 'file without ending'} holds; save it as .csv, .tsv, .jsonl, .json, "
        f".xlsx or .parquet, packed ({', '.join(PACKED)}) or not"
    )


def _has_sep_line(path: Path, opened: Opener) -> bool:
    return b"sep=" in first_bytes(path, opened, 32).lower()


def _has_lines(start: bytes) -> bool:
    """Whether a .json has one object a line."""
    first, line_break, rest = start.lstrip().partition(b"\n")
    if not first.startswith(b"{") or not line_break or not rest.strip():
        return False
    try:
        return isinstance(from_json(first), dict)
    except ValueError:
        return False


def _is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return "[Content_Types].xml" in archive.namelist() or "content.xml" in archive.namelist()


def _ending_by_content(path: Path, opened: Opener) -> str:
    start = first_bytes(path, opened, _START)
    if start.startswith(b"PAR1"):
        return ".parquet"
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return ".xlsx"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        return ".json"
    if text.startswith(b"{"):
        return ".jsonl" if _has_lines(text) or text.count(b"\n") <= 1 else ".json"
    return ".csv"
