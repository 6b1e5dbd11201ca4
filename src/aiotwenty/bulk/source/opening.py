"""Opens a source of rows: a path, an address or an iterable."""

from __future__ import annotations

import codecs
import re
import zipfile
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic_core import from_json

from aiotwenty.bulk.source.base import InputError, Source
from aiotwenty.bulk.source.content import FileContent, reading
from aiotwenty.bulk.source.csv import CsvSource
from aiotwenty.bulk.source.excel import ENDINGS, ExcelSource
from aiotwenty.bulk.source.file import FileSource
from aiotwenty.bulk.source.frames import ArrowStream, Dataset, frame_source
from aiotwenty.bulk.source.iterables import IterableSource
from aiotwenty.bulk.source.jsonl import JsonLinesSource, JsonSource
from aiotwenty.bulk.source.packing import PACKED, packing_by_content, packing_of, unpacking
from aiotwenty.bulk.source.parquet import ParquetSource
from aiotwenty.bulk.source.queries import Fetches, query_source
from aiotwenty.bulk.source.receiving import is_stream, received, unpacked

Rows: TypeAlias = str | Path | Source | ArrowStream | Dataset | Fetches | Iterable[Any] | AsyncIterable[Any]
"""A path, `-` or an address, a data frame, a query, or an iterable or async iterable of models or mappings."""

_TABLES = (".csv", ".tsv", ".txt", ".tab")
_START = 64 * 1024
_OBJECTS = re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*\{|\{)\s*"')
"""The beginning of JSON records, which no header has."""


def open_source(
    rows: Rows,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    name: str | None = None,
    skip_lines: int | None = None,
    sheet: str | None = None,
) -> Source:
    """The source of a path, an address, a data frame, a query or an iterable of models or mappings.

    A path is read by its ending: .csv .tsv .txt .jsonl .ndjson .json .parquet .xlsx (and .xls, .ods), each also
    compressed (.gz .bz2 .xz .zip .zst). `-` is standard input; like a pipe it is copied to a temporary file, and its
    kind is recognised by its beginning. An address (`s3://…`, `https://…`) is fetched by fsspec. `skip_lines` is the
    number of lines above the header, `sheet` a sheet of a workbook. `name` is that in messages and journals, by default
    the name of the file.

    Data frames are those of pandas and polars, tables, datasets and readers of Arrow, and objects with
    `__arrow_c_stream__`; queries are cursors of DB-API and results of SQLAlchemy. Streams and queries are read once.

    Raises `InputError` for a file that is missing, empty, a directory, damaged, or of an unknown ending, and for a
    missing library.
    """
    if isinstance(rows, Source):
        return rows
    if isinstance(rows, str | Path):
        with reading(Path(rows)):
            file = _open_path(rows, _FileSettings(encoding, delimiter, skip_lines, sheet))
        file.name = name or file.name
        return file
    if (source := frame_source(rows, name or "rows") or query_source(rows, name or "rows")) is not None:
        return source
    if not isinstance(rows, Iterable | AsyncIterable) or isinstance(rows, bytes | Mapping | BaseModel):
        raise InputError(
            f"rows must be a path, a data frame, a cursor or an iterable of records, not {type(rows).__name__}"
        )
    return IterableSource(rows, name or "rows")


class _FileSettings:
    """Options of the caller for a file."""

    def __init__(self, encoding: str | None, delimiter: str | None, skip_lines: int | None, sheet: str | None) -> None:
        self.encoding, self.delimiter, self.skip_lines, self.sheet = encoding, delimiter, skip_lines, sheet


def _open_path(location: str | Path, settings: _FileSettings) -> FileSource:
    address = str(location)
    path = Path(location)
    if address == "-" or "://" in address or is_stream(path):
        path = received(address)
        source = _open_file(path, settings, by_content=not _known_ending(path))
        source.is_copy = True
        return source
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a file")
    return _open_file(path, settings)


def _known_ending(path: Path) -> bool:
    inner = Path(path.stem).suffix if packing_of(path) else path.suffix
    return inner.lower() in (*_TABLES, *ENDINGS, ".jsonl", ".ndjson", ".json", ".parquet", ".pq")


def _open_file(path: Path, settings: _FileSettings, *, by_content: bool = False) -> FileSource:
    content = FileContent(path)
    named = packing_of(path)
    packing = _packing(content, named, by_content=by_content)
    content.unpack, inside = unpacking(content, packing)
    if named and not packing:
        inside = path.stem
    ending = Path(inside).suffix.lower()
    real = _ending_by_content(content) if by_content and not _known_ending(Path(inside)) else _real(ending, content)
    source = _open_as(real, content, inside, settings)
    # An archive may contain any name; the source has that of the file.
    source.name = path.name
    if not by_content:
        source.found = tuple(_found(named, packing, ending, real))
    return source


def _packing(content: FileContent, named: str, *, by_content: bool) -> str:
    """The compression of a file by its first bytes: downloads are renamed, and browsers decompress without renaming."""
    if not by_content and content.path.suffix.lower() in ENDINGS:
        return ""
    start = content.first(_START)
    packing = packing_by_content(start)
    if packing == ".zip" and _is_workbook(content):
        packing = ""
    # A file with the name of a compressed one that is neither compressed nor text is damaged: decompressing says how.
    return packing if packing or by_content or _is_text(start) else named


def _real(ending: str, content: FileContent) -> str:
    """The right ending for a file, by its beginning. Raises `InputError` if it is not a table."""
    if ending not in (*_TABLES, *ENDINGS):
        return ending
    start = content.first(_START)
    if (content_kind := _no_table(start)) is not None:
        raise InputError(
            f"{content.path}: holds {content_kind}, not a table: open it with what shows it, and save that as .csv or "
            ".xlsx"
        )
    if ending in ENDINGS:
        return _ending_by_content(content) if _is_text(start) else ending
    return ".json" if _OBJECTS.match(start) else ".parquet" if start.startswith(b"PAR1") else _workbook(start) or ending


def _found(named: str, packing: str, ending: str, real: str) -> Iterator[str]:
    if packing != named:
        yield (
            f"compressed with {packing}, without that extension" if packing else f"not compressed, extension {named}"
        )
    if real != ending:
        yield f"content is {real}, extension {ending}"


def _is_text(start: bytes) -> bool:
    """Whether it may be text; an empty file isn't."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return bool(start) and b"\0" not in start


def _no_table(start: bytes) -> str | None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<table", b"<?xml", b"<script")):
        return "XML" if text.startswith(b"<?xml") else "a web page"
    return "a PDF" if text.startswith(b"%pdf-") else None


def _workbook(start: bytes) -> str:
    return ".xlsx" if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) else ""


def _open_as(ending: str, content: FileContent, inside: str, settings: _FileSettings) -> FileSource:
    if ending in _TABLES:
        delimiter = settings.delimiter or ("\t" if ending in (".tsv", ".tab") and not _has_sep_line(content) else None)
        return CsvSource(content, settings.encoding, delimiter, settings.skip_lines)
    if ending in (".jsonl", ".ndjson"):
        return JsonLinesSource(content, settings.encoding)
    if ending == ".json":
        kind = JsonLinesSource if _has_lines(content.first(_START)) else JsonSource
        return kind(content, settings.encoding)
    if ending in ENDINGS:
        return ExcelSource(content, settings.sheet, settings.skip_lines)
    if ending in (".parquet", ".pq"):
        return ParquetSource(FileContent(unpacked(content, inside)) if content.unpack else content)
    raise InputError(
        f"{content.path}: cannot tell what a {ending or 'file without ending'} holds; save it as .csv, .tsv, .jsonl, "
        f".json, .xlsx or .parquet, packed ({', '.join(PACKED)}) or not"
    )


def _has_sep_line(content: FileContent) -> bool:
    return b"sep=" in content.first(32).lower()


def _has_lines(start: bytes) -> bool:
    """Whether a .json file has one object on each line."""
    first, line_break, rest = start.lstrip().partition(b"\n")
    if not first.startswith(b"{") or not line_break or not rest.strip():
        return False
    try:
        return isinstance(from_json(first), dict)
    except ValueError:
        return False


def _is_workbook(content: FileContent) -> bool:
    with content.raw() as file, zipfile.ZipFile(file) as archive:
        return "[Content_Types].xml" in archive.namelist() or "content.xml" in archive.namelist()


def _ending_by_content(content: FileContent) -> str:
    start = content.first(_START)
    if start.startswith(b"PAR1"):
        return ".parquet"
    if workbook := _workbook(start):
        return workbook
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        return ".json"
    if text.startswith(b"{"):
        return ".jsonl" if _has_lines(text) or text.count(b"\n") <= 1 else ".json"
    return ".csv"
