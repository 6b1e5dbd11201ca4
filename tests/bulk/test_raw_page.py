"""Records cut out of an answer are the records of that answer, whatever they hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiotwenty.bulk.raw_page import RawPage

PLAIN = {"id": "1", "name": 'a },{"node":{ "}],"pageInfo":{}'}
NESTED = {"id": "2", "json": {"edges": [{"node": {}}, {"node": {"a": 1}}], "pageInfo": {}}}
ODD = {"id": "3", "name": "line\nbreak \u2028 \\", "json": [{"a": [{}], "pageInfo": {"x": {}}}]}


def answer(records: list[Any], *, indent: int | None = None, edges_first: bool = True) -> bytes:
    page: dict[str, Any] = {"edges": [{"node": record} for record in records]}
    info = {"pageInfo": {"hasNextPage": False, "endCursor": "c"}, "totalCount": len(records)}
    page = {**page, **info} if edges_first else {**info, **page}
    separators = (",", ":") if indent is None else None
    return json.dumps({"data": {"companies": page}}, indent=indent, separators=separators).encode()


@pytest.mark.parametrize("edges_first", [True, False])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("records", [[], [PLAIN], [NESTED], [ODD], [PLAIN, NESTED, ODD], [NESTED, NESTED], [ODD] * 3])
def test_records_come_out_as_they_went_in(records: list[Any], indent: int | None, edges_first: bool) -> None:
    page = RawPage(answer(records, indent=indent, edges_first=edges_first), "companies", len(records))
    assert list(page) == records
    lines = page.json_lines()
    assert lines.count(b"\n") == len(records)
    assert [json.loads(line) for line in lines.splitlines()] == records
