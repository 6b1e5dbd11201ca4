"""Disjoint ranges of ids that cover all possible ids and have about equally many records."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

_ALL = 1 << 128
_LEAST = 1000
"""A range with fewer records is not worth a task: one page."""
_HALVINGS = 48
"""The most halvings of a range: ids of one hour or one program may begin alike."""
_AT_A_TIME = 16


@dataclass(frozen=True)
class IdRange:
    """Ids from `first` up to but not including `end`, as numbers."""

    first: int = 0
    end: int = _ALL

    def within(self, filter: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """A filter for the records of the range that match another filter."""
        bounds: list[Mapping[str, Any]] = [filter] if filter else []
        if self.first > 0:
            bounds.append({"id": {"gte": str(UUID(int=self.first))}})
        if self.end < _ALL:
            bounds.append({"id": {"lt": str(UUID(int=self.end))}})
        return {"and": bounds} if len(bounds) > 1 else dict(bounds[0]) if bounds else None

    def parts(self, number: int) -> list[IdRange]:
        """That many parts of about the same width, or fewer if the range is narrow."""
        width = self.end - self.first
        between = {_id(self.first + width * index // number) for index in range(1, number)}
        cuts = [self.first, *sorted(cut for cut in between if self.first < cut < self.end), self.end]
        return [IdRange(first, end) for first, end in pairwise(cuts)]


def _id(number: int) -> int:
    """A valid id near the number: the server accepts those of versions 1 to 5 only (Twenty, July 2026)."""
    return UUID(int=number, version=4).int


async def plan_ranges(count: Callable[[IdRange], Awaitable[int]], wanted: int, rows: int) -> tuple[list[IdRange], int]:
    """About `wanted` ranges, or more to keep each near `rows` records; and the number of records in all.

    Takes one request for each range and some more. Random ids are evenly distributed; crowded ranges are halved, and
    neighbours that are nearly empty are joined.
    """
    total = await count(IdRange())
    number = max(-(-total // rows), min(max(1, wanted), -(-total // _LEAST)), 1)
    if number == 1:
        return [IdRange()], total
    most = max(_LEAST, min(rows, 2 * total // number))
    gate = asyncio.Semaphore(_AT_A_TIME)

    async def counted(part: IdRange) -> tuple[IdRange, int]:
        async with gate:
            return part, await count(part)

    even = list(await asyncio.gather(*map(counted, IdRange().parts(number))))
    for _ in range(_HALVINGS):
        crowded = [part for part, records in even if records > 1.5 * most]
        if not crowded:
            break
        halves = await asyncio.gather(*(counted(half) for part in crowded for half in part.parts(2)))
        even = sorted([*((part, held) for part, held in even if held <= 1.5 * most), *halves], key=_first)
    return _joined(even, most), total


def _first(part: tuple[IdRange, int]) -> int:
    return part[0].first


def _joined(even: list[tuple[IdRange, int]], most: int) -> list[IdRange]:
    ranges: list[tuple[IdRange, int]] = []
    for part, records in even:
        if ranges and ranges[-1][1] + records <= most:
            before, held = ranges.pop()
            part, records = IdRange(before.first, part.end), held + records
        ranges.append((part, records))
    return [part for part, _ in ranges]
