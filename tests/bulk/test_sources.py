"""Reading files: what is wrong is named with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiotwenty.bulk.source import InputError, open_source


async def read(source: Any) -> list[dict[str, Any]]:
    return [dict(row.values) async for row in open_source(source).rows()]


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", b""), ("utf-8-sig", b""), ("utf-16", b""), ("utf-32", b"")])
async def test_encodings_with_a_byte_order_mark_are_known(tmp_path: Path, encoding: str, mark: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("name;city\nÄ;Köln\n".encode(encoding))
    assert await read(path) == [{"name": "Ä", "city": "Köln"}]


async def test_another_encoding_is_named_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("name,city\nA,B\nC,Köln\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"a\.csv, line 3: not UTF-8 \(byte 0xf6 in place 4\).*cp1252"):
        open_source(path).check()
    rows = [row async for row in open_source(path, encoding="cp1252").rows()]
    assert rows[1].values["city"] == "Köln"
    with pytest.raises(InputError, match="no encoding named 'klingon'"):
        open_source(path, encoding="klingon")


async def test_quoted_cells_may_hold_line_breaks_and_rows_know_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('name,note\nA,"one\ntwo"\n\nB,"say ""hi"""\n')
    rows = [row async for row in open_source(path).rows()]
    assert [(row.number, row.line, row.values["note"]) for row in rows] == [(1, 2, "one\ntwo"), (2, 5, 'say "hi"')]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no header line"),
        ("\n\n", "no header line"),
    ],
)
def test_headers_that_cannot_be_right_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=problem):
        open_source(path)


@pytest.mark.parametrize("name", ["missing.csv", "folder.csv", "a.xlsx", "a", "a.pdf"])
def test_paths_that_cannot_be_read_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "a.xlsx").touch()
    (tmp_path / "a").touch()
    (tmp_path / "a.pdf").touch()
    with pytest.raises(InputError, match=name):
        open_source(tmp_path / name)


async def test_lines_that_are_no_json_objects_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"name":"A"}\n\n[1]\n{"name":\n{"city":"B"}\n')
    check = open_source(path).check()
    assert check is not None
    assert (check.total, check.malformed) == (4, 2)
    assert check.problems[0] == "line 3: is not a JSON object"
    assert check.problems[1].startswith("line 4: is not JSON")
    assert check.columns == {"name": 1, "city": 4}


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ('{"name":"A","city":"B","name":"C"}', "name"),
        ('{"name" : "A", "name"\t: "A"}', "name"),
        ('{"address":{"addressCity":"A","addressCity":"B"}}', "addressCity"),
        ('{"links":[{"url":"a","url":"b"}],"note":"\\":"}', "url"),
        ('{"name":"A","n\\u0061me":"B"}', "name"),
    ],
)
async def test_a_name_that_is_said_twice_is_found(tmp_path: Path, row: str, name: str) -> None:
    """The last value would be taken, and the first be lost without a word."""
    good = '{"name":"\\": {\\"name\\":","city":"name"}'
    lines, listed, held = tmp_path / "a.jsonl", tmp_path / "b.json", tmp_path / "c.json"
    lines.write_text(f"{good}\n{row}\n{good}\n")
    listed.write_text(f"[{good}, {row}, {good}]")
    held.write_text(f'{{"data": [{good}, {row}]}}')
    told = f"has '{name}' twice in one object"
    for path in (lines, listed):
        assert [found.problem async for found in open_source(path).rows()] == [None, told, None]
    with pytest.raises(InputError, match=told):
        open_source(held).check()


def test_what_is_no_collection_of_rows_is_refused() -> None:
    for rows in (5, b"abc", {"name": "A"}):
        with pytest.raises(InputError, match="iterable of records"):
            open_source(rows)  # type: ignore[arg-type]


async def test_lines_without_a_value_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text('name,city\nA,B\n,\n\n"",""\nC,\n')
    source = open_source(path)
    assert [(row.number, row.line) async for row in source.rows()] == [(1, 2), (2, 6)]
    check = source.check()
    assert check is not None
    assert check.total == 2
