"""Finds cells of a workbook that its reader doesn't report: formulas without a result, and errors.

Programs write formulas that nothing computes, and `#N/A` is not an empty cell.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from io import BytesIO
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BLOCK = 1024 * 1024
_REFERENCE = re.compile(r"([A-Z]+)(\d+)")
_ODD = re.compile(rb"<f[\s/>]|\st=[\"']e[\"']")


@dataclass
class OddCells:
    """Odd cells by row and column numbers, from 1."""

    errors: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    """The texts of cells with an error, such as `#N/A`, by row and column."""
    uncomputed: dict[int, tuple[int, str]] = field(default_factory=dict)
    """For each column, the last cell whose formula has no result: its row, and its name, such as `C7`."""


def odd_cells(workbook: BytesIO, sheet: str) -> OddCells:
    """The odd cells of a sheet of an .xlsx; none for other kinds of workbooks.

    Raises the standard library's errors for a damaged workbook.
    """
    odd = OddCells()
    if not zipfile.is_zipfile(workbook):
        return odd
    with zipfile.ZipFile(workbook) as archive:
        part = _part(archive, sheet)
        if part is None or not _has_odd(archive, part):
            return odd
        with archive.open(part) as xml:
            for _, element in ElementTree.iterparse(xml):
                if element.tag == f"{_MAIN}c":
                    _note(element, odd)
                elif element.tag == f"{_MAIN}row":
                    element.clear()
    return odd


def _note(cell: ElementTree.Element, odd: OddCells) -> None:
    value, kind = cell.findtext(f"{_MAIN}v"), cell.get("t")
    match = _REFERENCE.fullmatch(cell.get("r", ""))
    if match is None:
        return
    if kind == "e" and value:
        odd.errors[int(match[2])][_number(match[1])] = value
    # A formula with an empty text as its result is marked as a text.
    elif not value and kind != "str" and cell.find(f"{_MAIN}f") is not None:
        odd.uncomputed[_number(match[1])] = int(match[2]), match[0]


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The path of the sheet with that name."""
    names = set(archive.namelist())
    book, links = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if not {book, links} <= names:
        return None
    sheets = ElementTree.fromstring(archive.read(book)).iter(f"{_MAIN}sheet")
    identity = next((element.get(_RELATION) for element in sheets if element.get("name") == sheet), None)
    for link in ElementTree.fromstring(archive.read(links)):
        if link.get("Id") == identity:
            part = posixpath.join("/xl", link.get("Target", "")).lstrip("/")
            return part if part in names else None
    return None


def _has_odd(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether a closer look, which takes much longer, is worth it."""
    with archive.open(part) as xml:
        before = b""
        while block := xml.read(_BLOCK):
            if _ODD.search(before + block):
                return True
            before = block[-8:]
    return False
