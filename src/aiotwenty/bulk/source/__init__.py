"""Sources of rows: files of many kinds, compressed or not, pipes, addresses, and iterables."""

from __future__ import annotations

from aiotwenty.bulk.source.base import RAW_TEXT, Check, InputError, Row, Source, SourceChanged, library
from aiotwenty.bulk.source.csv import CsvSource
from aiotwenty.bulk.source.file import FileSource
from aiotwenty.bulk.source.jsonl import JsonLinesSource
from aiotwenty.bulk.source.opening import Rows, open_source
from aiotwenty.bulk.source.parquet import require_arrow
from aiotwenty.bulk.source.table import clean_name
from aiotwenty.bulk.source.text import TextSource

__all__ = [
    "RAW_TEXT",
    "Check",
    "CsvSource",
    "FileSource",
    "InputError",
    "JsonLinesSource",
    "Row",
    "Rows",
    "Source",
    "SourceChanged",
    "TextSource",
    "clean_name",
    "library",
    "open_source",
    "require_arrow",
]
