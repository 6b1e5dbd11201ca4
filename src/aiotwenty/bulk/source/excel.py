"""Excel workbooks and their kin: the rows of one sheet. Needs the extra `excel`."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiotwenty.bulk.source.base import FileSource, InputError, Row
from aiotwenty.bulk.source.packing import needed
from aiotwenty.bulk.source.table import LOOKED_THROUGH, Header, Recognise, header_among, with_text

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


class ExcelSource(FileSource):
    """One sheet: the one that is said, or the first that has anything in it.

    Cells are read as CSV of the same table would have them: dates and times in ISO 8601, whole numbers without a
    fraction. The header is found as in CSV.
    """

    is_text = True
    nulls_are_gaps = True

    def __init__(self, path: Path, sheet: str | None = None, skip_lines: int | None = None) -> None:
        super().__init__(path)
        calamine = needed("python_calamine", "excel", f"{path.name} is a workbook")
        try:
            self._book = calamine.CalamineWorkbook.from_path(str(path))
        except Exception as error:
            raise InputError(f"{path}: cannot be read as a workbook ({error})") from None
        self._skip_lines = skip_lines
        self._sheet, self._told = self._choose(sheet)
        self.look(None)

    def _choose(self, said: str | None) -> tuple[Any, list[str]]:
        names = list(self._book.sheet_names)
        if said is not None and said not in names:
            raise InputError(f"{self.path}: has no sheet {said!r}; there are {', '.join(map(repr, names))}")
        full = [] if said is not None else [name for name in names if self._book.get_sheet_by_name(name).height]
        chosen = said if said is not None else full[0] if full else names[0]
        others = [name for name in full if name != chosen]
        guesses = [f"sheet {chosen!r}, not {', '.join(map(repr, others))} (sheet=, --sheet)"] if others else []
        return self._book.get_sheet_by_name(chosen), guesses

    def look(self, recognise: Recognise | None) -> None:
        """Finds the header. Raises `InputError` if there is none."""
        skipped = self._skip_lines or 0
        length = 1 if self._skip_lines is not None else LOOKED_THROUGH
        rows = ((place, cells) for place, cells in self._cells() if skipped < place <= skipped + length)
        header = header_among(rows, recognise)
        if header is None:
            raise InputError(f"{self.path}: has no header; the first row names the columns")
        self._header_at, cells = header
        self.header = Header.of(cells)
        self.columns, self.unnamed, self.doubled = self.header.columns, self.header.unnamed, self.header.doubled
        guesses = list(self._told)
        if self._skip_lines is None and any(any(cells) for place, cells in self._cells() if place < self._header_at):
            guesses.append(f"header in row {self._header_at}")
        self.guesses = tuple(guesses)

    def read(self) -> Iterator[Row]:
        number = 0
        for place, cells in self._cells():
            if place > self._header_at and any(cells):
                number += 1
                row = self.header.fit(number, cells, place)
                yield with_text(row, "\t".join(cells)) if row.problem else row

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """By the numbers that Excel shows beside them."""
        for place, cells in enumerate(self._sheet.iter_rows(), 1):
            yield place, [_text(cell) for cell in cells]


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime.datetime):
        return cell.isoformat() if cell.time() != datetime.time() else cell.date().isoformat()
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return "" if cell is None else str(cell)
