"""Data frames: pages straight to columns beside records, their dicts, and a frame made of them; and the memory."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pandas
import polars
import pyarrow

from aiotwenty import Twenty
from aiotwenty.graphql.field_existence import FIELDS_OF_ALL
from aiotwenty.sandbox import Sandbox
from benchmarks.canned import canned
from benchmarks.harness import Bound, Limit, Series, Table
from benchmarks.requests import SLOT, company

PAGE, PAGES = 1000, 20
_READERS = ("ReadAllCompany", "FindManyCompanies")
FRAMES = {"Arrow": "to_arrow", "polars": "to_polars", "pandas": "to_pandas"}


async def answers(folder: Path, pages: int) -> None:
    """Write a page that is any of so many, and what the workspace says of its fields."""
    edges = [{"node": company(number, SLOT)} for number in range(PAGE)]
    info = {"hasNextPage": True, "endCursor": f"page 0 of {pages}"}
    page = {"data": {"companies": {"edges": edges, "pageInfo": info, "totalCount": PAGE * pages}}}
    for operation in _READERS:
        _write(folder / f"{operation}.json", page)
    async with Sandbox() as sandbox, Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
        served = await twenty.execute(FIELDS_OF_ALL, endpoint="metadata")
    _write(folder / f"{FIELDS_OF_ALL.name}.json", {"data": served})


def _write(path: Path, answer: dict[str, Any]) -> None:
    path.write_text(json.dumps(answer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


async def measure(rounds: int) -> list[Table]:
    """Seconds for a frame of 20,000 companies, each way in turn; and the memory of a million, once."""
    with tempfile.TemporaryDirectory() as folder:
        await answers(Path(folder), PAGES)
        async with canned(Path(folder)) as url, Twenty(url, api_key="benchmark", rate_limit=None) as twenty:
            ratios = await _ratios(twenty, rounds)
    return [*ratios, await _memory()]


async def _ratios(twenty: Twenty, rounds: int) -> list[Table]:
    arrow: Any = pyarrow
    by_records: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
        "Arrow": arrow.Table.from_pylist,
        "polars": polars.DataFrame,
        "pandas": pandas.json_normalize,
    }

    async def of_records(kind: str) -> Any:
        return by_records[kind]([record.model_dump() async for record in twenty.companies.iterate()])

    tables = []
    for kind, method in FRAMES.items():
        series = Series("records, dicts, frame"), Series(method)
        for _ in range(rounds):
            series[0].figures.append(await _seconds(of_records(kind)))
            series[1].figures.append(await _seconds(getattr(twenty.companies, method)()))
        tables.append(
            Table(
                f"{PAGE * PAGES:,} companies into {kind}",
                "seconds",
                list(series),
                [Limit(method, series[0].name, 1 / 3)],
                note="All fields, from a server that costs nothing.",
            )
        )
    return tables


async def _seconds(frame: Awaitable[Any]) -> float:
    start = time.perf_counter()
    rows = len(await frame)
    if rows != PAGE * PAGES:
        raise RuntimeError(f"{rows} rows came")
    return time.perf_counter() - start


_MEMORY = """
import asyncio, sys
import pyarrow.parquet
from aiotwenty import Twenty
from benchmarks.servers import peak_megabytes
async def main(url, records, path):
    writer = None
    async with Twenty(url, api_key="benchmark", rate_limit=None) as twenty:
        async for batch in twenty.companies.to_arrow_batches(batch_rows=10_000):
            writer = writer or pyarrow.parquet.ParquetWriter(path, batch.schema)
            writer.write_batch(batch)
    writer.close()
    assert pyarrow.parquet.read_metadata(path).num_rows == int(records)
asyncio.run(main(*sys.argv[1:]))
print(peak_megabytes())
"""


async def _memory(pages: int = 1000) -> Table:
    """The most memory that a process ever had which writes so many records to Parquet, and one with a tenth of them."""
    tenth, whole = Series(f"{pages * PAGE // 10:,} records"), Series(f"{pages * PAGE:,} records")
    for series, count in ((tenth, pages // 10), (whole, pages)):
        with tempfile.TemporaryDirectory() as folder:
            await answers(Path(folder), count)
            async with canned(Path(folder)) as url:
                command = [sys.executable, "-c", _MEMORY, url, str(count * PAGE), f"{folder}/companies.parquet"]
                process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
                output, _ = await process.communicate()
                series.figures.append(float(output))
    limits = [Limit(whole.name, tenth.name, 1.25)]
    note = "`to_arrow_batches` with all fields, 10,000 a row group. 16 bytes a record prove that none came twice."
    bounds = [Bound(whole.name, most=250)]
    return Table("Memory of companies to Parquet", "MB at most", [tenth, whole], limits, bounds, note)
