"""Files that are something else than their name says, and cells that are something else than they look like."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import zstandard

from aiotwenty import Twenty
from aiotwenty.bulk.source import InputError, Source, open_source
from aiotwenty.bulk.transforms import email, phone

TABLE = b"Name;City\nNordwind;Bergen\n"
ROWS = [{"Name": "Nordwind", "City": "Bergen"}]


def rows_of(source: Source) -> list[dict[str, Any]]:
    rows = source.again()
    assert rows is not None
    return [dict(row.values) for row in rows]


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def archive(data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        packed.writestr("inside.csv", data)
    return held.getvalue()


WORKBOOK = workbook(["Name", "City"], ["Nordwind", "Bergen"])
MISNAMED = {
    "gzip.csv": (gzip.compress(TABLE), "compressed with .gz, without that extension"),
    "bzip2.txt": (bz2.compress(TABLE, 5), "compressed with .bz2, without that extension"),
    "xz.csv": (lzma.compress(TABLE), "compressed with .xz, without that extension"),
    "zstandard.tsv": (
        zstandard.ZstdCompressor().compress(TABLE.replace(b";", b"\t")),
        "compressed with .zst, without that extension",
    ),
    "zip.csv": (archive(TABLE), "compressed with .zip, without that extension"),
    "gzip.csv.zip": (gzip.compress(TABLE), "compressed with .gz, without that extension"),
    "unpacked.csv.gz": (TABLE, "not compressed, extension .gz"),
    "workbook.csv": (WORKBOOK, "content is .xlsx, extension .csv"),
    "text.xls": (TABLE, "content is .csv, extension .xls"),
    "unicode.xls": (TABLE.decode().encode("utf-16"), "content is .csv, extension .xls"),
    "json.csv": (b'\n[ {"Name": "Nordwind", "City": "Bergen"}]', "content is .json, extension .csv"),
    "lines.txt": (b'{"Name": "Nordwind", "City": "Bergen"}\n', "content is .json, extension .txt"),
}


@pytest.mark.parametrize("name", MISNAMED)
def test_a_file_is_read_as_what_it_is_and_that_is_said(tmp_path: Path, name: str) -> None:
    content, found = MISNAMED[name]
    (tmp_path / name).write_bytes(content)
    source = open_source(tmp_path / name)
    assert (rows_of(source), list(source.found)) == (ROWS, [found])


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"<!DOCTYPE html><html>", "a web page"), (b"%PDF-1.7\n%\xe2\xe3", "a PDF"), (b"<?xml version='1.0'?>", "XML")],
)
@pytest.mark.parametrize("name", ["a.csv", "a.xls"])
def test_what_is_no_table_is_called_what_it_is(tmp_path: Path, content: bytes, what: str, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"holds {what}, not a table"):
        open_source(tmp_path / name)


@pytest.mark.parametrize("content", [b"[Name],City\nNordwind,Bergen\n", b"BZh,City\nNordwind,Bergen\n"])
def test_a_header_is_not_taken_for_something_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    source = open_source(tmp_path / "a.csv")
    assert (source.found, rows_of(source)[0]["City"]) == ((), "Bergen")


def test_a_formula_without_a_result_is_refused_where_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(
        workbook([None, "=NOW()"], [None, "Name", "Size", "State"], [None, "A", "=1+2", "#N/A"], [None, "B", 4, "x"])
    )
    source = open_source(path, skip_lines=1)
    source.use(["Name", "State"])
    assert [row["State"] for row in rows_of(source)] == ["#N/A", "x"], "an error is no empty cell"
    with pytest.raises(InputError, match="cell C3 in column 'Size' is a formula without a result"):
        source.use(["Name", "Size"])


def test_quotes_and_marks_that_other_tools_write_are_no_part_of_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"'Name';'City'\n'Nord;wind';'Bergen'\n\x1a")
    source = open_source(path)
    assert rows_of(source) == [{"Name": "Nord;wind", "City": "Bergen"}]
    assert "cells are in single quotes" in source.guesses

    path.write_text('Name,City\n="007","=""a """"b"""""""\n=1+1,"=x"\n')
    source = open_source(path)
    assert rows_of(source) == [{"Name": "007", "City": 'a "b"'}, {"Name": "=1+1", "City": "=x"}]
    assert 'cells like ="007" are read as 007' in source.guesses


ADDRESSES = {
    "Ada Bo <ada@acme.example>": "the transform `email` reads the address in it",
    "mailto:bo@acme.example": "the transform `email` reads the address in it",
    "a@acme.example; b@acme.example": "the transform `first_and_rest` takes several",
    "a@ac\u00adme.example": "it has the character U+00AD, which is invisible",
    "\u202aa@acme.example": "it has the character U+202A, which is invisible",
}


async def test_a_cell_with_more_than_an_address_is_refused_before_it_is_sent(twenty: Twenty, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    lines = [f'P{number},"{address}"' for number, address in enumerate(ADDRESSES)]
    path.write_text("\n".join(["First name,Email", *lines, "Z, Zoe@Acme.example "]), encoding="utf-8")
    mappings: list[dict[str, Any]] = [{}, {"Email": ("emails", "first_and_rest(/)")}]
    for mapping in mappings:
        report = await twenty.people.load(path, mapping=mapping, dry_run=True)
        for reject, hint in zip(report.rejects, ADDRESSES.values(), strict=True):
            assert reject.message.endswith(f"is not one e-mail address; {hint}")
    report = await twenty.people.load(path, mapping={"Email": ("emails", "email")})
    assert report.loaded == 3
    path.write_text("First name,Mobile\nA,030 1234567\n")
    with pytest.raises(InputError, match="region='DE' is for the transform `phone`, without which column 'Mobile'"):
        await twenty.people.load(path, region="DE", dry_run=True)


def test_an_address_is_read_from_what_mail_programs_write() -> None:
    assert email('"Bo, Ada" <ada@acme.example>') == "ada@acme.example"
    assert email("MAILTO:ada@acme.example?subject=Hi") == "ada@acme.example"
    for wrong in ("Ada", "a@b.example, c@d.example", "<>"):
        with pytest.raises(ValueError, match="has no e-mail address, or several"):
            email(wrong)


@pytest.mark.parametrize("text", ["4.91701E+11", "4,91701E+11", "49170123456.0"])
def test_a_number_that_a_spreadsheet_made_of_a_telephone_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a number that a spreadsheet has made of it"):
        phone(region="DE")(text)


async def test_points_that_may_separate_thousands_are_told_of(twenty: Twenty, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Name,Position\nA,1.234\nB,12\n")
    report = await twenty.companies.load(tmp_path / "a.csv", dry_run=True)
    assert any("'1.234' is read as 1.234, with a decimal point" in note for note in report.notes)
