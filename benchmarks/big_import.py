"""750,000 companies from a CSV file of 100 MB into a sandbox with a database file, start to finish."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aiotwenty import Twenty
from benchmarks.harness import Bound, Series, Table
from benchmarks.servers import sandbox

ROWS = 750_000

_LOAD = """
import asyncio, json, sys
from aiotwenty import Twenty
from benchmarks.servers import peak_megabytes
async def main(url, key, path):
    async with Twenty(url, api_key=key, rate_limit=None) as twenty:
        report = await twenty.companies.load(path, key="domain", upsert=True, journal=path + ".db")
        print(json.dumps([report.loaded, report.rejected, report.seconds, peak_megabytes()]))
asyncio.run(main(*sys.argv[1:]))
"""


@dataclass(frozen=True)
class Outcome:
    """What became of the file; `there` are the records that the server has in the end."""

    loaded: int
    rejected: int
    there: int
    seconds: float
    megabytes: float


async def run(folder: Path, rows: int = ROWS) -> Outcome:
    """Loads so many rows; server and client in processes of their own."""
    path = folder / "companies.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("name,domain,street1,city,country\n")
        for number in range(rows):
            street = f"{number} Long Street Name That Goes On For A While And Then Some More"
            file.write(f"Company Number {number},https://company-{number}.example.com,{street},Springfield,Germany\n")
    async with sandbox("--database", str(folder / "sandbox.db")) as (url, key, _):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _LOAD, url, key, str(path), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError("the load failed")
        loaded, rejected, seconds, megabytes = json.loads(output)
        async with Twenty(url, api_key=key) as twenty:
            return Outcome(loaded, rejected, await twenty.companies.count(), seconds, megabytes)


async def measure() -> list[Table]:
    """Time and memory of one such import."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = await run(Path(folder))
    if (outcome.loaded, outcome.rejected, outcome.there) != (ROWS, 0, ROWS):
        raise RuntimeError(str(outcome))
    title = f"{ROWS:,} companies from a CSV file of 100 MB"
    note = "Upserted by domain, with a journal, into a sandbox with a database file."
    peak = Series("client", [outcome.megabytes])
    return [
        Table(f"{title}: time", "seconds", [Series("start to finish", [outcome.seconds])], note=note),
        Table(f"{title}: memory", "MB at most", [peak], bounds=[Bound(peak.name, most=150)]),
    ]
