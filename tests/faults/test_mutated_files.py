"""Files with bytes that were changed at random: each is loaded, or refused by an error of ours; none in part."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import json
import logging
import lzma
import random
import zipfile
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import openpyxl
import pytest
import zstandard

from aiotwenty import Twenty, TwentyError
from aiotwenty.bulk import open_source
from aiotwenty.bulk.source import FileSource, require_arrow
from aiotwenty.sandbox import Sandbox
from tests.faults.mutations import mutated

log = logging.getLogger(__name__)
ROWS = 60
SLOWEST = 20
"""Seconds that no file of this size may take."""


def rows() -> list[dict[str, Any]]:
    chance = random.Random(0)
    return [
        {
            "name": f"Müller {number} & Co",
            "domainName": f"https://c{number}.example",
            "annualRevenue.amountMicros": chance.randrange(1000) * 10_000,
            "annualRevenue.currencyCode": "EUR",
            "createdAt": f"2026-01-{number % 28 + 1:02}T10:00:00Z",
            "position": number / 4,
            "address": {"addressCity": "Köln", "addressStreet1": chance.randbytes(20).hex()},
            "notMapped": ["a", "b"],
        }
        for number in range(ROWS)
    ]


def as_csv() -> bytes:
    lines = [",".join(rows()[0])]
    for row in rows():
        cells = [json.dumps(value) if isinstance(value, dict | list) else str(value) for value in row.values()]
        lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
    return "\n".join(lines).encode()


def as_parquet() -> bytes:
    arrow, parquet = require_arrow()
    sink = BytesIO()
    parquet.write_table(arrow.Table.from_pylist(rows()), sink, row_group_size=20)
    return sink.getvalue()


def as_xlsx() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for cells in (["name", "domainName"], *([row["name"], row["domainName"]] for row in rows())):
        book.active.append(cells)
    sink = BytesIO()
    book.save(sink)
    return sink.getvalue()


def as_zip() -> bytes:
    sink = BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv", as_csv())
    return sink.getvalue()


KINDS: dict[str, Callable[[], bytes]] = {
    ".parquet": as_parquet,
    ".csv": as_csv,
    ".jsonl": lambda: "\n".join(json.dumps(row) for row in rows()).encode(),
    ".json": lambda: json.dumps(rows()).encode(),
    ".xlsx": as_xlsx,
    ".csv.gz": lambda: gzip.compress(as_csv(), mtime=0),
    ".csv.bz2": lambda: bz2.compress(as_csv()),
    ".csv.xz": lambda: lzma.compress(as_csv()),
    ".csv.zst": lambda: zstandard.ZstdCompressor(write_checksum=True).compress(as_csv()),
    ".csv.zip": as_zip,
}
CHECKSUMMED = (".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zst", ".csv.zip")
MAPPING = {"notMapped": None}


async def survive(twenty: Twenty, path: Path, content: bytes, kind: str, seed: int) -> str:
    """What became of one mutation: read as it was, loaded as something else, or refused."""
    chance = random.Random(f"{kind}{seed}")
    await asyncio.to_thread(path.write_bytes, mutated(content, chance))
    started = monotonic()
    try:
        source = await asyncio.to_thread(open_source, path)
        assert isinstance(source, FileSource)
        if kind in CHECKSUMMED:
            await asyncio.to_thread(source.check)
            assert [row.values for row in source.read()] == csv_values(), seed
            return "as it was"
        options: dict[str, Any] = {"malformed": chance.choice(("refuse", "reject"))}
        if kind != ".xlsx":
            options["mapping"] = MAPPING
        report = await twenty.companies.load(path, dry_run=True, **options)
        if report.received and seed % 10 == 0:
            report = await twenty.companies.load(path, **options)
            assert report.received == report.loaded + report.rejected, seed
            return "loaded"
        return "taken"
    except TwentyError as error:
        return "refused" if path.name in error.message else f"refused without its name: {error}"
    finally:
        assert monotonic() - started < SLOWEST, seed


def csv_values() -> list[Any]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "right.csv")
        path.write_bytes(as_csv())
        return [row.values for row in open_source(path).again() or ()]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_mutated_file_is_loaded_or_refused(twenty_sandbox: Sandbox, tmp_path: Path, kind: str) -> None:
    await mutate(twenty_sandbox, tmp_path, kind, range(25))


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
async def test_thousands_of_mutated_files_are_loaded_or_refused(
    twenty_sandbox: Sandbox, tmp_path: Path, kind: str
) -> None:
    await mutate(twenty_sandbox, tmp_path, kind, range(100, 2100))


async def mutate(sandbox: Sandbox, folder: Path, kind: str, seeds: range) -> None:
    content, ends = KINDS[kind](), Counter[str]()
    async with Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as twenty:
        whole = folder / f"whole{kind}"
        whole.write_bytes(content)
        report = await twenty.companies.load(whole, mapping=MAPPING if "xlsx" not in kind else None, dry_run=True)
        assert (report.received, report.rejected) == (ROWS, 0)
        for seed in seeds:
            ends[await survive(twenty, folder / f"mutated{kind}", content, kind, seed)] += 1
    log.info("%s: %s", kind, dict(ends))
