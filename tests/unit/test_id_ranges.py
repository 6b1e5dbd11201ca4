"""Ranges of ids for tasks that read side by side: disjoint, complete, about equally full, and cheap to find."""

from __future__ import annotations

import random
from bisect import bisect_left
from itertools import pairwise
from uuid import UUID

import pytest

from aiotwenty.core import CompanyFilterInput
from aiotwenty.data.id_ranges import IdRange, plan_ranges


def anywhere(number: int) -> list[UUID]:
    chance = random.Random(7)
    return [UUID(int=chance.getrandbits(128), version=4) for _ in range(number)]


def alike(number: int) -> list[UUID]:
    chance = random.Random(8)
    return [UUID(int=(0x1234 << 112) + chance.getrandbits(100), version=4) for _ in range(number)]


@pytest.mark.parametrize(
    ("spread", "crowded", "wanted", "most_ranges", "most_counts"),
    [
        (100, 0, 200, 1, 1),
        (50_000, 0, 8, 8, 12),
        (50_000, 0, 200, 50, 60),
        (0, 20_000, 4, 20, 120),
        (30_000, 10_000, 8, 20, 120),
    ],
)
async def test_ranges_are_disjoint_and_complete(
    spread: int, crowded: int, wanted: int, most_ranges: int, most_counts: int
) -> None:
    ids = anywhere(spread) + alike(crowded)
    numbers = sorted(one.int for one in ids)
    counts = 0

    def held(part: IdRange) -> int:
        return bisect_left(numbers, part.end) - bisect_left(numbers, part.first)

    async def count(part: IdRange) -> int:
        nonlocal counts
        counts += 1
        # What the server would be sent is what it takes.
        CompanyFilterInput.model_validate(part.within({"name": {"eq": "Acme"}}))
        return held(part)

    ranges, total = await plan_ranges(count, wanted, 10_000)
    assert total == len(ids)
    assert ranges[0].first == 0
    assert all(one.end == other.first for one, other in pairwise(ranges))
    assert sum(map(held, ranges)) == len(ids)
    assert max(map(held, ranges)) <= 15_000
    assert len(ranges) <= most_ranges
    assert counts <= most_counts


def test_a_range_that_has_no_end_asks_for_none() -> None:
    assert IdRange().within(None) is None
    low, high = IdRange().parts(2)
    assert low.within(None) == {"id": {"lt": "80000000-0000-4000-8000-000000000000"}}
    assert high.within({"name": {"eq": "Acme"}}) == {
        "and": [{"name": {"eq": "Acme"}}, {"id": {"gte": "80000000-0000-4000-8000-000000000000"}}]
    }
