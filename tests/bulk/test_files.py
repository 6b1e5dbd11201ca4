"""The files that people really have: packed, with notes above the header, marks, blanks, workbooks, pipes."""

from __future__ import annotations

import bz2
import datetime
import gzip
import json
import lzma
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import zstandard

from aiotwenty import Twenty
from aiotwenty.bulk.source import InputError, Source, open_source

TABLE = "Name;City\nNordwind;Bergen\nBeta;Oslo\n"
ROWS = [{"Name": "Nordwind", "City": "Bergen"}, {"Name": "Beta", "City": "Oslo"}]


def values(source: Source) -> list[dict[str, Any]]:
    rows = source.again()
    assert rows is not None
    return [dict(row.values) for row in rows]


def zipped(data: bytes, path: Path, name: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, data)
        archive.writestr("__MACOSX/._" + name, b"\0")


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


def workbook(path: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("ending", [*PACKERS, ".zip"])
@pytest.mark.parametrize("kind", [".csv", ".jsonl", ".json", ".xlsx"])
def test_files_are_read_as_they_are_packed(tmp_path: Path, ending: str, kind: str) -> None:
    content = {
        ".csv": TABLE.encode(),
        ".jsonl": "\n".join(map(json.dumps, ROWS)).encode(),
        ".json": json.dumps(ROWS).encode(),
        ".xlsx": workbook(tmp_path / "a.xlsx", ["Name", "City"], *([*row.values()] for row in ROWS)).read_bytes(),
    }[kind]
    path = tmp_path / f"rows{kind}{ending}"
    if ending == ".zip":
        zipped(content, path, f"rows{kind}")
    else:
        path.write_bytes(PACKERS[ending](content))
    source = open_source(path)
    assert values(source) == ROWS
    assert source.name == path.name


def test_an_archive_of_several_files_is_refused_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", TABLE)
        archive.writestr("two.csv", TABLE)
    with pytest.raises(InputError, match=r"holds one\.csv, two\.csv"):
        open_source(path)


def test_a_packed_file_that_is_broken_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(os.urandom(200_000).hex().encode())[:-5000])
    with pytest.raises(InputError, match="damaged or broken off"):
        open_source(path).check()


@pytest.mark.parametrize(
    "text", ['[\n {"a": 1},\n {"a": 2}]', '{"data": [{"a": 1}, {"a": 2}], "total": 2}', '{"a": 1}\n{"a": 2}\n']
)
def test_json_is_a_list_a_list_in_an_object_or_lines(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    assert values(open_source(path)) == [{"a": 1}, {"a": 2}]


def test_long_json_lists_are_streamed_over_the_ends_of_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    rows = [{"name": "é" * (number % 700), "n": number} for number in range(3000)]
    path.write_text(json.dumps(rows, ensure_ascii=False))
    assert values(open_source(path)) == rows
    path.write_text(path.read_text()[:-10])
    with pytest.raises(InputError, match="is not JSON after 2,999 objects"):
        open_source(path).check()


def test_cells_of_workbooks_are_what_csv_would_have(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ["Export of Monday"],
        [],
        ["Name", "Zip", "Since", "At", "Rate", "On"],
        ["A", 8001, datetime.datetime(2025, 1, 1), datetime.datetime(2025, 1, 1, 12, 30), 1.5, True],
    )
    source = open_source(path)
    assert values(source) == [
        {"Name": "A", "Zip": "8001", "Since": "2025-01-01", "At": "2025-01-01T12:30:00", "Rate": "1.5", "On": "true"}
    ]
    assert list(source.guesses) == ["header in row 3"]
    with pytest.raises(InputError, match=r"has no sheet 'x'; there are Sheet"):
        open_source(path, sheet="x")


async def test_numbers_of_a_workbook_say_nothing_of_commas(twenty: Twenty, tmp_path: Path) -> None:
    """They were never written; only texts decide how the texts of their column are read."""
    rows: list[list[Any]] = [["A", 12.5], ["B", "1.234"], ["C", "7,50"], ["D", 3]]
    path = workbook(tmp_path / "a.xlsx", ["Name", "Revenue"], *rows)
    report = await twenty.companies.load(path, mapping={"Revenue": ("annualRevenue", "money(currency=EUR)")})
    assert (report.loaded, list(report.rejects)) == (4, [])
    found = {one.name: one.annual_revenue async for one in twenty.companies.iterate()}
    amounts = {name: revenue.amount_micros for name, revenue in found.items() if revenue is not None}
    assert amounts == {"A": 12_500_000, "B": 1_234_000_000, "C": 7_500_000, "D": 3_000_000}
    path = workbook(tmp_path / "b.xlsx", ["Name", "Revenue"], ["E", 12.5], ["F", "7,5"])
    report = await twenty.companies.load(path, mapping={"Revenue": ("annualRevenue.amountMicros", "micros:,")})
    assert (report.loaded, list(report.rejects)) == (2, [])


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_column_at_the_end_without_a_name_is_mapped_by_its_place(
    twenty: Twenty, tmp_path: Path, kind: str
) -> None:
    """As a merged header leaves it."""
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        path.write_text("Name,Address,\nA,Street,Town\n")
    else:
        workbook(path, ["Name", "Address", None], ["A", "Street", "Town"])
    with pytest.raises(InputError, match="'Town' in column 3, which has no name"):
        await twenty.companies.load(path, mapping={"Address": "address.addressStreet1"})
    mapping = {"Address": "address.addressStreet1", "column 3": "address.addressCity"}
    assert (await twenty.companies.load(path, mapping=mapping)).loaded == 1
    (company,) = (await twenty.companies.find_many()).records
    assert company.address is not None
    assert (company.address.address_street_1, company.address.address_city) == ("Street", "Town")


def test_without_its_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", ["Name"], ["A"])
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(InputError, match=r"pip install 'aiotwenty\[excel\]'"):
        open_source(path)


@pytest.mark.parametrize(
    ("text", "row", "guess"),
    [
        ('sep=;\r\n"A;1";B\r\nx;y\r\n', {"A;1": "x", "B": "y"}, ["delimiter ';', from the first line"]),
        ("sep=\t\nA\tB\nx\ty\n", {"A": "x", "B": "y"}, ["delimiter '\\t', from the first line"]),
        ('"a, b, c";D\nx;y\n', {"a, b, c": "x", "D": "y"}, ["delimiter ';'"]),
        ("Name, legal;City\nx;y\n", {"Name, legal": "x", "City": "y"}, ["delimiter ';'"]),
        ("A,B,\nx,y,\n", {"A": "x", "B": "y"}, []),
        ("A,B\nx,y,,\n", {"A": "x", "B": "y"}, []),
        ("\n\n A\u00a0\u200b,\ufeffB\nx,y\n", {"A": "x", "B": "y"}, []),
        ('A,"Line\nbreak"\nx,y\n', {"A": "x", "Line break": "y"}, []),
        ("Report\nof Monday\n\nA|B|C\nx|y|z\n1|2|3\n4|5|6\n", {"A": "x", "B": "y", "C": "z"}, None),
    ],
)
def test_dialects_are_found(tmp_path: Path, text: str, row: dict[str, str], guess: list[str] | None) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    source = open_source(path)
    assert values(source)[0] == row
    if guess is not None:
        assert list(source.guesses) == guess


def test_a_value_beyond_the_last_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("A,B,\nx,y,\nx,y,z\n")
    check = open_source(path).check()
    assert check is not None
    assert check.problems == ["line 3: has 'z' in column 3, which has no name"]


def test_lines_above_the_header_are_skipped_when_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("A,B\nx,y\nName,City\n1,2\n")
    source = open_source(path, skip_lines=2)
    assert values(source) == [{"Name": "1", "City": "2"}]
    rows = source.again()
    assert rows is not None
    assert next(rows).line == 4


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_without_a_mark(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Name,City\r\nAlfa,Łódź\r\n".encode(encoding))
    source = open_source(path)
    assert values(source) == [{"Name": "Alfa", "City": "Łódź"}]
    assert list(source.guesses) == [f"encoding {encoding}, without a byte order mark"]


def test_a_mark_that_the_content_belies_is_left_out_when_the_encoding_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "Name\nZürich\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"byte order mark of UTF-8; set its encoding, most likely cp1252"):
        open_source(path).check()
    assert values(open_source(path, encoding="cp1252")) == [{"Name": "Zürich"}]
    path.write_text("Name\nZürich\n", encoding="utf-8-sig")
    assert values(open_source(path, encoding="cp1252")) == [{"Name": "Zürich"}]


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "xlsx", "gz"])
def test_a_pipe_is_read_once_and_known_by_its_content(tmp_path: Path, kind: str) -> None:
    content = {
        "csv": TABLE.encode(),
        "json": json.dumps(ROWS).encode(),
        "jsonl": "\n".join(map(json.dumps, ROWS)).encode(),
        "xlsx": workbook(tmp_path / "a.xlsx", ["Name", "City"], *([*row.values()] for row in ROWS)).read_bytes(),
        "gz": gzip.compress(TABLE.encode()),
    }[kind]
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[content])
    writer.start()
    source = open_source(pipe)
    writer.join()
    assert values(source) == values(source) == ROWS


def test_standard_input_is_a_dash() -> None:
    program = "from aiotwenty.bulk import open_source; print([dict(row.values) for row in open_source('-').again()])"
    done = subprocess.run([sys.executable, "-c", program], input=TABLE, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(ROWS)


def test_addresses_are_fetched(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE)
    assert values(open_source(f"file://{tmp_path}/a.csv")) == ROWS
    with pytest.raises(InputError, match="nowhere"):
        open_source(f"file://{tmp_path}/nowhere.csv")
