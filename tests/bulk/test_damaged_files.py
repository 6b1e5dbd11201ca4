"""Files that are damaged or odd: every trouble is an error of ours that names the file, before anything is sent."""

from __future__ import annotations

import bz2
import datetime
import gzip
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from aiotwenty import Twenty
from aiotwenty.bulk import InputError, open_source
from aiotwenty.bulk.source import FileSource, require_arrow

pyarrow, parquet = require_arrow()

TABLE = "".join(["name\n", *(f"Company {number}\n" for number in range(500))]).encode()
COMPANIES = [{"name": f"Company {number}", "note": "x" * 50} for number in range(500)]


def values(path: Path) -> list[dict[str, Any]]:
    source = open_source(path)
    assert isinstance(source, FileSource)
    source.check()
    return [dict(row.values) for row in source.again()]


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}


@pytest.mark.parametrize("ending", PACKERS)
def test_all_packed_parts_of_a_file_are_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.csv{ending}"
    pack = PACKERS[ending]
    path.write_bytes(pack(TABLE[:3000]) + pack(TABLE[3000:]))
    assert len(values(path)) == 500


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("damage", ["cut", "cut in the second part", "second part damaged", "empty"])
def test_a_packed_file_that_is_not_whole_is_no_shorter_table(tmp_path: Path, ending: str, damage: str) -> None:
    path = tmp_path / f"a.csv{ending}"
    first, second = PACKERS[ending](TABLE[:3000]), PACKERS[ending](TABLE[3000:])
    path.write_bytes(
        {
            "cut": first[:-10],
            "cut in the second part": first + second[: len(second) // 2],
            "second part damaged": first + b"!" + second[1:],
            "empty": b"",
        }[damage]
    )
    with pytest.raises(InputError, match=r"a\.csv.*damaged or broken off"):
        values(path)


def test_an_archive_with_a_password_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", TABLE)
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + flags] |= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="password"):
        values(path)


def test_a_list_that_ends_before_its_document_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(COMPANIES).replace("}, {", "}] {", 1))
    with pytest.raises(InputError, match="goes on behind the list of 1 objects"):
        values(path)


@pytest.mark.parametrize("text", ["[" * 100_000, "[" + '{"a":' * 100_000, "[" + "1" * 10_000 + "]"])
def test_json_that_is_too_deep_or_too_long_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"a\.json"):
        values(path)


def damaged_parquet(path: Path, column: str, group: int) -> None:
    """With its values in this row group overwritten."""
    parquet.write_table(pyarrow.Table.from_pylist(COMPANIES), path, row_group_size=100, use_dictionary=False)
    metadata = parquet.read_metadata(path).row_group(group)
    (chunk,) = [part for at in range(2) if (part := metadata.column(at)).path_in_schema == column]
    with path.open("r+b") as file:
        file.seek(chunk.data_page_offset)
        file.write(b"\xff" * chunk.total_compressed_size)


async def test_damaged_columns_that_nobody_uses_are_not_read(twenty: Twenty, tmp_path: Path) -> None:
    damaged_parquet(tmp_path / "a.parquet", "note", 0)
    left_out: dict[str, Any]
    for left_out in ({"ignore": "note"}, {"mapping": {"note": None}}):
        report = await twenty.companies.load(tmp_path / "a.parquet", dry_run=True, **left_out)
        assert (report.received, report.rejected) == (500, 0)


async def test_a_damaged_column_is_named_with_its_row_group_before_anything_is_sent(
    twenty: Twenty, tmp_path: Path
) -> None:
    damaged_parquet(tmp_path / "a.parquet", "name", 3)
    with pytest.raises(InputError, match=r"a\.parquet, row group 4 of 5: is damaged"):
        await twenty.companies.load(tmp_path / "a.parquet", ignore="note")
    assert await twenty.companies.count() == 0


async def test_a_changed_byte_of_an_exported_parquet_file_is_told(twenty: Twenty, tmp_path: Path) -> None:
    await twenty.companies.load([{"name": "Nordwind Logistics"}])
    path = tmp_path / "a.parquet"
    await twenty.companies.export(path, fields=["name"])
    content = path.read_bytes()
    path.write_bytes(content.replace(b"Nordwind Logistics", b"Nordwand Logistics", 1))
    with pytest.raises(InputError, match=r"a\.parquet, row group 1 of 1: is damaged"):
        await twenty.companies.load(path, dry_run=True)


async def test_values_that_nobody_can_hold_cost_their_rows(twenty: Twenty, tmp_path: Path) -> None:
    texts = pyarrow.array([b"Good", b"\xff\xfe", b"Fine"]).cast(pyarrow.binary()).view(pyarrow.string())
    moments = pyarrow.array([0, 0, 10**15], pyarrow.timestamp("s"))
    table = pyarrow.table({"name": texts, "createdAt": moments})
    parquet.write_table(table, tmp_path / "a.parquet", coerce_timestamps=None)
    with pytest.raises(InputError, match="row 2: column 'name' holds nothing readable"):
        await twenty.companies.load(tmp_path / "a.parquet", dry_run=True)
    report = await twenty.companies.load(tmp_path / "a.parquet", malformed="reject", dry_run=True)
    assert [(reject.row, reject.code) for reject in report.rejects] == [(2, "MALFORMED"), (3, "MALFORMED")]


def test_nanoseconds_are_left_out(tmp_path: Path) -> None:
    moment = pyarrow.array([1_700_000_000_123_456_789], pyarrow.timestamp("ns", "UTC"))
    parquet.write_table(pyarrow.table({"at": moment}), tmp_path / "a.parquet")
    (row,) = values(tmp_path / "a.parquet")
    assert row["at"] == datetime.datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=datetime.UTC)


def test_columns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    columns = [pyarrow.array(["a"]), pyarrow.array(["b"]), pyarrow.array([{"b": "c"}]), pyarrow.array(["d"])]
    parquet.write_table(pyarrow.table(columns, names=["n", "n", "a", "a.b"]), tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    assert list(source.doubled) == ["n (1)", "n (2)"]
    assert values(tmp_path / "a.parquet") == [{"n (1)": "a", "n (2)": "b", "a": {"b": "c"}, "a.b": "d"}]
    source.use(["a", "n (2)"])
    assert source.again() is not None
    assert [dict(row.values) for row in source.again() or ()] == [{"n (2)": "b", "a": {"b": "c"}}]
