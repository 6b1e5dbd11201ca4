"""Excel workbooks and their kin: the rows of one sheet. Needs the extra `excel`."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from aiotwenty.bulk.source.base import InputError, NumberText, Row
from aiotwenty.bulk.source.content import FileContent
from aiotwenty.bulk.source.file import FileSource
from aiotwenty.bulk.source.odd_cells import odd_cells
from aiotwenty.bulk.source.packing import needed
from aiotwenty.bulk.source.table import LOOKED_THROUGH, Header, Recognise, header_among, with_text
from aiotwenty.graphql.advice import instead_of

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


class ExcelSource(FileSource):
    """One sheet: the chosen one, or the first that isn't empty.

    Cells are read as in CSV of the same table: dates and times in ISO 8601, whole numbers without a fraction; errors
    such as `#N/A` are their texts. The header is found as in CSV.
    """

    is_text = True
    nulls_are_gaps = True

    def __init__(self, file: Path | FileContent, sheet: str | None = None, skip_lines: int | None = None) -> None:
        super().__init__(file)
        calamine = needed("python_calamine", "excel", f"{self.path.name} is a workbook")
        with self.content.opened() as opened:
            held = BytesIO(opened.read())
        with self._telling():
            self._book = calamine.CalamineWorkbook.from_filelike(held)
            self._sheet, self._told = self._choose(sheet)
            self._left = self._sheet.start[1] if self._sheet.start else 0
            self._odd = odd_cells(held, self._sheet.name)
        self._skip_lines = skip_lines
        self.look(None)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except InputError:
            raise
        except BaseException as error:
            # A panic of the library is not an `Exception`.
            if isinstance(error, Exception) or type(error).__name__ == "PanicException":
                raise InputError(f"{self.path}: cannot be read as a workbook ({error})") from None
            raise

    def _choose(self, sheet: str | None) -> tuple[Any, list[str]]:
        names = list(self._book.sheet_names)
        if not names:
            raise InputError(f"{self.path}: has no sheet")
        if sheet is not None and sheet not in names:
            raise InputError(f"{self.path}: has no sheet {sheet!r}{instead_of(sheet, names)}")
        full = [] if sheet is not None else [name for name in names if self._book.get_sheet_by_name(name).height]
        chosen = sheet if sheet is not None else full[0] if full else names[0]
        further = [name for name in full if name != chosen]
        guesses = [f"sheet {chosen!r}, not {', '.join(map(repr, further))} (sheet=, --sheet)"] if further else []
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
        self.header = Header.of(cells, recognise)
        self.columns, self.unnamed, self.doubled = self.header.columns, self.header.unnamed, self.header.doubled
        guesses = list(self._told)
        if self._skip_lines is None and any(any(cells) for place, cells in self._cells() if place < self._header_at):
            guesses.append(f"header in row {self._header_at}")
        self.guesses = tuple(guesses)

    def use(self, columns: Collection[str]) -> None:
        """Raises `InputError` for a formula in one of these columns without a result, which would be read as empty."""
        names = dict(enumerate(self.header.columns, self._left + 1))
        for place, (row, cell) in self._odd.uncomputed.items():
            name = names.get(place)
            if row > self._header_at and name in columns:
                raise InputError(
                    f"{self.path}: cell {cell} in column {name!r} is a formula without a result: open the workbook in "
                    "a spreadsheet program and save it, or leave the column out (ignore=, --ignore)"
                )

    def read(self) -> Iterator[Row]:
        number = 0
        for place, cells in self._cells():
            if place > self._header_at and any(cells):
                number += 1
                row = self.header.fit(number, cells, place)
                yield with_text(row, "\t".join(cells)) if row.problem else row

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """The rows with the numbers that Excel shows."""
        with self._telling():
            errors = self._odd.errors
            for place, row in enumerate(self._sheet.iter_rows(), 1):
                cells = [_text(cell) for cell in row]
                for column, error in errors[place].items() if place in errors else ():
                    cells[column - 1 - self._left] = error
                yield place, cells


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        whole = isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15
        return NumberText(int(cell) if whole else cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat() if cell.time() != datetime.time() else cell.date().isoformat()
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return "" if cell is None else str(cell)
