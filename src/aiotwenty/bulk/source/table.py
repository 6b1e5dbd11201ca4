"""Tables: finds the header and its columns, and the rows that fit them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiotwenty.bulk.source.base import RAW_TEXT, Row

LOOKED_THROUGH = 60
"""The lines in which the header is searched."""
Recognise = Callable[[str], int]
"""How certain it is that a text is a column's name: 2 if the caller names it, 1 if a field has that name, else 0."""

REJECTED = frozenset(("_row", "_source"))
"""Columns that identify a file of rejects, whose other columns have the names that they got here."""
_OWN_NAME = re.compile(r"column (?P<place>\d+)'*|(?P<name>.+) \(\d+\)'*")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def clean_name(name: str) -> str:
    """A column's name without white space at its ends, line breaks and invisible characters."""
    return " ".join(_INVISIBLE.sub("", name).split())


@dataclass
class Header:
    """The names of the columns.

    Every column gets a name of its own: `column 1` if the file has none, `Notes (1)` and `Notes (2)` if the file has a
    name twice. Columns without a name at the end are left out while they are empty, unless the caller names them.
    """

    columns: tuple[str, ...] = ()
    width: int = 0
    """The number of columns, including those at the end without a name."""
    unnamed: Mapping[str, int] = field(default_factory=dict)
    doubled: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, cells: Sequence[str], recognise: Recognise | None = None) -> Header:
        names = [clean_name(cell) for cell in cells]
        counts, seen, taken = Counter(names), Counter[str](), set(names)
        rejects = REJECTED.issubset(names)
        named = (place for place, name in enumerate(names, 1) if name or (recognise and recognise(f"column {place}")))
        end = max(named, default=0)
        columns: list[str] = []
        unnamed: dict[str, int] = {}
        doubled: dict[str, str] = {}
        for place, name in enumerate(names, 1):
            seen[name] += 1
            if rejects and (match := _OWN_NAME.fullmatch(name)):
                own = name
                if match["place"]:
                    unnamed[own] = int(match["place"])
                else:
                    doubled[own] = match["name"]
            elif not name:
                own = _unused(f"column {place}", taken)
                unnamed[own] = place
            elif counts[name] > 1:
                own = _unused(f"{name} ({seen[name]})", taken)
                doubled[own] = name
            else:
                own = name
            if place <= end:
                columns.append(own)
        return cls(tuple(columns), len(names), unnamed, doubled)

    def fit(self, number: int, cells: Sequence[str], line: int | None) -> Row:
        """A row with another number of cells than the header, or with cells beyond the last name."""
        named = len(self.columns)
        values = dict(zip(self.columns, cells, strict=False))
        if len(cells) >= named:
            place = next((place for place, cell in enumerate(cells[named:], named + 1) if cell), None)
            if place is None:
                return Row(number, values, line)
            if place <= self.width:
                return Row(number, values, line, f"has {cells[place - 1]!r} in column {place}, which has no name")
        counted = f"has {len(cells)} {'cell' if len(cells) == 1 else 'cells'}, the header has {self.width}"
        return Row(number, values, line, counted)


def with_text(row: Row, text: str) -> Row:
    """A row that cannot be read, with its text."""
    return row._replace(values={**row.values, RAW_TEXT: text.rstrip("\r\n")})


def _unused(name: str, names: Collection[str]) -> str:
    while name in names:
        name += "'"
    return name


def recognised(cells: Sequence[str], recognise: Recognise | None) -> int:
    """How much these cells look like a header."""
    return sum(recognise(name) for cell in cells if (name := clean_name(cell))) if recognise else 0


def header_among(
    candidates: Iterator[tuple[int, Sequence[str]]], recognise: Recognise | None
) -> tuple[int, Sequence[str]] | None:
    """The row of the header: the first, unless a later one has more recognised names.

    If no name is recognised, a single cell above a table is a note.
    """
    rows = [(place, cells) for place, cells in candidates if any(cell.strip() for cell in cells)]
    if not rows:
        return None
    scores = [recognised(cells, recognise) for _, cells in rows]
    best = max(range(len(rows)), key=lambda index: (scores[index], -index))
    if scores[best] > scores[0] and scores[best] >= 2:
        return rows[best]
    widths = [_width(cells) for _, cells in rows]
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    if not scores[0] and widths[0] == 1 and usual > 1:
        return rows[widths.index(usual)]
    return rows[0]


def _width(cells: Sequence[str]) -> int:
    return max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)
