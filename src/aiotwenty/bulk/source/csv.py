"""CSV: finds the header and the delimiter, and reads the rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from aiotwenty.bulk.source.base import Check, InputError, Row
from aiotwenty.bulk.source.content import FileContent
from aiotwenty.bulk.source.table import LOOKED_THROUGH, Header, Recognise, header_among, recognised, with_text
from aiotwenty.bulk.source.text import TextSource

DELIMITERS = ",;\t|"
_LONGEST_CELL = 16 * 1024 * 1024
_SINGLE_QUOTES = re.compile(rf"'[^']*'(?:[{DELIMITERS}]'[^']*')+\s*")
"""A header in single quotes, which some tools write and CSV does not allow."""
_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)
"""A notation of some tools that keeps spreadsheets from reading `007` as a number."""
_END = "\x1a"
"""The end-of-file character of DOS."""
_SEP = re.compile(r'"?sep=(.)"?;?\s*', re.IGNORECASE)


class CsvSource(TextSource):
    """CSV with a header.

    The delimiter comes from the caller, from a first line `sep=;` (as for Excel), or is found: comma, semicolon, tab or
    bar, whichever splits the header and the lines under it into the same columns, with regard to quotes. The header is
    the first line that is not blank, or the one after `skip_lines`, or a later one with names that `look` recognises.
    """

    is_text = True
    nulls_are_gaps = True

    def __init__(
        self,
        file: Path | FileContent,
        encoding: str | None = None,
        delimiter: str | None = None,
        skip_lines: int | None = None,
    ) -> None:
        super().__init__(file, encoding)
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
        if delimiter == "\\t":
            delimiter = "\t"
        if delimiter is not None and len(delimiter) != 1:
            raise InputError(f"{self.path}: a delimiter is one character, not {delimiter!r}")
        if skip_lines is not None and skip_lines < 0:
            raise InputError(f"{self.path}: {skip_lines} lines cannot be skipped")
        self._said = delimiter
        self._skip_lines = skip_lines
        lines = self.lines()
        self._start = list(islice(lines, LOOKED_THROUGH + (skip_lines or 0)))
        lines.close()  # type: ignore[attr-defined]
        self.look(None)

    def look(self, recognise: Recognise | None) -> None:
        """Finds the delimiter and the header. Raises `InputError` if there is no header."""
        guesses = list(self._told)
        header_line = next((line for line in self._start if line.strip()), "")
        self._quote = "'" if _SINGLE_QUOTES.fullmatch(header_line) else '"'
        sep = _SEP.fullmatch(self._start[0]) if self._start and self._said is None else None
        first = self._skip_lines if self._skip_lines is not None else 1 if sep else 0
        choice = self._said or (sep[1] if sep else DELIMITERS)
        headers = {delimiter: self._header(delimiter, first, recognise) for delimiter in choice}
        self.delimiter = max(choice, key=lambda delimiter: self._fitness(delimiter, headers[delimiter], recognise))
        header = headers[self.delimiter]
        if header is None:
            raise InputError(f"{self.path}: has no header line; the first line names the columns")
        self._header_at, cells = header
        self._unwraps = any(_AS_TEXT.fullmatch(cell) for row in self._first_rows(self.delimiter) for cell in row)
        self.header = Header.of(self._plain(cells), recognise)
        if not self.header.columns:
            raise InputError(f"{self.path}, line {self._header_at + 1}: no column has a name")
        self.columns, self.unnamed, self.doubled = self.header.columns, self.header.unnamed, self.header.doubled
        if self._quote == "'":
            guesses.append("cells are in single quotes")
        if self._unwraps:
            guesses.append('cells like ="007" are read as 007')
        if sep:
            guesses.append(f"delimiter {self.delimiter!r}, from the first line")
        elif self._said is None and self.header.width > 1 and self.delimiter != ",":
            guesses.append(f"delimiter {self.delimiter!r}")
        if self._skip_lines is None and any(line.strip() for line in self._start[first : self._header_at]):
            guesses.append(f"header in line {self._header_at + 1}")
        self.guesses = tuple(guesses)

    def _header(self, delimiter: str, first: int, recognise: Recognise | None) -> tuple[int, Sequence[str]] | None:
        last = first + 1 if self._skip_lines is not None else len(self._start)
        while first < len(self._start) and not self._start[first].strip():
            first += 1
        places = range(first, max(last, first + 1))
        candidates = ((place, cells) for place in places if (cells := self._record(delimiter, place)) is not None)
        return header_among(candidates, recognise)

    def _record(self, delimiter: str, place: int) -> list[str] | None:
        """The cells of the record that begins in that line; None if it cannot be read."""
        try:
            return next(self._reader(iter(self._start[place:]), delimiter), None)
        except csv.Error:
            return None

    def _fitness(
        self, delimiter: str, header: tuple[int, Sequence[str]] | None, recognise: Recognise | None
    ) -> tuple[int, bool, float, int]:
        """The quality of a delimiter: recognised names, several columns, lines with the header's number of cells."""
        if header is None:
            return 0, False, 0.0, 0
        place, cells = header
        reader, widths = self._reader(iter(self._start[place:]), delimiter), []
        try:
            widths = [len(row) for row in reader if row]
        except csv.Error:
            widths.append(0)
        alike = widths.count(len(cells)) / max(len(widths), 1)
        return recognised(cells, recognise), len(cells) > 1, alike, len(cells)

    def _reader(self, lines: Iterator[str], delimiter: str) -> Any:
        return csv.reader(lines, delimiter=delimiter, quotechar=self._quote, strict=True)

    def _first_rows(self, delimiter: str) -> Iterator[list[str]]:
        """The header and the rows under it, as far as they were read and can be."""
        with suppress(csv.Error):
            yield from self._reader(iter(self._start[self._header_at :]), delimiter)

    def _plain(self, cells: Sequence[str]) -> Sequence[str]:
        if not self._unwraps:
            return cells
        return [match[1].replace('""', '"') if (match := _AS_TEXT.fullmatch(cell)) else cell for cell in cells]

    def check(self) -> Check:
        """Checks the lines that do not fit the header; the columns are those of the header."""
        check = Check(columns=dict.fromkeys(self.columns or (), 1))
        width, named = self.header.width, len(self.header.columns)
        for line, cells, problem, text in self._cells():
            if problem or len(cells) != width or (width > named and any(cells[named:])):
                check.add(self._row(check.total + 1, line, cells, problem, text))
            else:
                check.total += 1
        return check

    def read(self) -> Iterator[Row]:
        columns = self.header.columns
        width, named = self.header.width, len(columns)
        for number, (line, cells, problem, text) in enumerate(self._cells(), 1):
            if problem or len(cells) != width or (width > named and any(cells[named:])):
                yield self._row(number, line, cells, problem, text)
            else:
                yield Row(number, dict(zip(columns, cells, strict=False)), line)

    def _row(self, number: int, line: int, cells: Sequence[str], problem: str | None, text: list[str]) -> Row:
        row = Row(number, {}, line, problem) if problem else self.header.fit(number, cells, line)
        return with_text(row, "".join(text)) if row.problem else row

    def _cells(self) -> Iterator[tuple[int, Sequence[str], str | None, list[str]]]:
        """The line, cells, problem and text of each row; rows without a value are skipped."""
        text: list[str] = []
        reader = self._reader(_remembered(islice(self.lines(), self._header_at, None), text), self.delimiter)
        next(reader, None)
        while True:
            text.clear()
            line = self._header_at + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = "a quote is not closed" if "unexpected end" in str(error) else str(error)
                yield line, [], problem, text
                continue
            if any(cells) and cells != [_END]:
                yield line, self._plain(cells) if self._unwraps else cells, None, text


def _remembered(lines: Iterator[str], kept: list[str]) -> Iterator[str]:
    for line in lines:
        kept.append(line)
        yield line
