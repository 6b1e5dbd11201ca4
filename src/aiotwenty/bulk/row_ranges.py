"""Row numbers, stored as ranges."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class RowSet:
    """A set of row numbers, stored as ranges."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(ranges):
            if self._lasts and first <= self._lasts[-1] + 1:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def __contains__(self, row: int) -> bool:
        at = bisect_right(self._firsts, row) - 1
        return at >= 0 and row <= self._lasts[at]

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges())

    def ranges(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)


def ranges_of(rows: Iterable[int]) -> list[tuple[int, int]]:
    """The row numbers in as few ranges as possible."""
    rows = sorted(set(rows))
    if rows and rows[-1] - rows[0] == len(rows) - 1:
        return [(rows[0], rows[-1])]
    return list(RowSet((row, row) for row in rows).ranges())
