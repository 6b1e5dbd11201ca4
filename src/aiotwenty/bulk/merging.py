"""Merges changed rows into an exported file, in the order of ids, streamed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from pydantic_core import from_json

from aiotwenty.bulk.formats import CsvWriter, JsonLinesWriter, ParquetWriter, open_writer
from aiotwenty.bulk.raw_page import RawPage
from aiotwenty.bulk.record_columns import RecordColumn
from aiotwenty.bulk.source import require_arrow

T = TypeVar("T")

Waiting: TypeAlias = Iterator[tuple[str, bytes | None]]
"""Ids in order, each with its record as JSON; None for a removed one."""

_ROWS = 1000
_TABLE_ROWS = 10_000
_FIRST = b'{"id":"'


class StoredPage(RawPage):
    """Records that were stored as JSON."""

    def __init__(self, records: Sequence[bytes]) -> None:
        self.restricted = 0
        self._records = records

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(from_json, self._records)

    def json_lines(self) -> bytes:
        return b"".join(record + b"\n" for record in self._records)


def merge(
    old: Path | None,
    part: Path,
    ending: str,
    columns: Sequence[RecordColumn],
    waiting: Waiting,
    *,
    spreadsheet_safe: bool = False,
) -> int:
    """Writes `part` and returns its number of rows. `old` is the present file, if any. May raise `OSError`."""
    writer = open_writer(part, ending, columns, spreadsheet_safe=spreadsheet_safe)
    with closing(writer):
        match writer:
            case ParquetWriter():
                return _merge_tables(old, writer, waiting)
            case CsvWriter():
                with (old or part).open(encoding="utf-8", newline="") as file:
                    reader = csv.reader(file)
                    header = next(reader, None) if old is not None else None
                    at = header.index("id") if header else 0
                    rows = ((row[at], row) for row in reader) if old is not None else iter(())
                    return _merge_rows(rows, writer, waiting)
            case JsonLinesWriter():
                with (old or part).open("rb") as file:
                    lines = ((_id_of(line), line) for line in file) if old is not None else iter(())
                    return _merge_rows(lines, writer, waiting)
            case _:
                raise TypeError(f"no rows are merged into {ending}")


def _id_of(line: bytes) -> str:
    """The id of a JSON object, which is written first."""
    if line.startswith(_FIRST):
        return line[len(_FIRST) : len(_FIRST) + 36].decode()
    return str(from_json(line)["id"])


def _merge_rows(rows: Iterable[tuple[str, Any]], writer: CsvWriter | JsonLinesWriter, waiting: Waiting) -> int:
    """Writes runs of rows of one kind, old or changed, together."""
    total = 0
    kept: list[Any] = []
    fresh: list[bytes] = []

    def write(everything: bool = False) -> None:
        nonlocal total
        total += len(kept) + len(fresh)
        if kept:
            writer.keep(kept)
        if fresh:
            writer.write(StoredPage(fresh))
        kept.clear()
        fresh.clear()

    for changed, value in _in_turn(rows, waiting):
        # One of the two lists is always empty, so that rows stay in order.
        if (fresh if not changed else kept) or len(kept) + len(fresh) >= _ROWS:
            write()
        (fresh if changed else kept).append(value)
    write()
    return total


def _in_turn(rows: Iterable[tuple[str, T]], waiting: Waiting) -> Iterator[tuple[bool, Any]]:
    """The rows of the new file in the order of ids: whether it is changed, and the row or the record."""
    following = next(waiting, None)
    for identity, row in rows:
        while following is not None and following[0] < identity:
            if following[1] is not None:
                yield True, following[1]
            following = next(waiting, None)
        if following is not None and following[0] == identity:
            if following[1] is not None:
                yield True, following[1]
            following = next(waiting, None)
        else:
            yield False, row
    for _, record in chain([following] if following is not None else [], waiting):
        if record is not None:
            yield True, record


def _merge_tables(old: Path | None, writer: ParquetWriter, waiting: Waiting) -> int:
    """Merges Parquet files, column by column."""
    arrow, parquet = require_arrow()
    total = 0
    following = next(waiting, None)
    if old is not None:
        with parquet.ParquetFile(old) as file:
            for batch in file.iter_batches(_TABLE_ROWS):
                table = arrow.Table.from_batches([batch])
                last = table["id"][-1].as_py()
                changed: dict[str, bytes | None] = {}
                while following is not None and following[0] <= last:
                    changed[following[0]] = following[1]
                    following = next(waiting, None)
                if changed:
                    unchanged = arrow.array([identity not in changed for identity in table["id"].to_pylist()])
                    fresh = writer.table(map(from_json, filter(None, changed.values())))
                    table = arrow.concat_tables([table.filter(unchanged), fresh]).sort_by("id")
                writer.keep(table)
                total += table.num_rows
    left = chain([following] if following is not None else [], waiting)
    while records := [record for _, record in islice(left, _ROWS) if record is not None]:
        writer.write(StoredPage(records))
        total += len(records)
    return total
