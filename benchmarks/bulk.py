"""Bulk work beside a bare aiohttp loop that posts ready-made bodies: same server, same batches, same concurrency."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from aiotwenty import Twenty
from benchmarks.harness import Bound, Limit, Series, Table
from benchmarks.servers import sandbox

BARE, LOAD, FROM_CSV = "bare aiohttp loop", "load", "load from CSV"
WITH_IDS = "bare aiohttp loop, ids in its rows"
BARE_READ, EXPORT = "bare aiohttp loop", "export"
CONCURRENCY, BATCH, PAGE = 8, 200, 1000
_CREATE = "mutation($data:[CompanyCreateInput!]!){createCompanies(data:$data){id}}"

Contender = Callable[[str, str], Awaitable[object]]


def rows(records: int, start: int = 0) -> Iterator[dict[str, Any]]:
    for number in range(start, start + records):
        yield {
            "name": f"Blau Optics {number}",
            "domainName": {"primaryLinkUrl": f"https://blau-optics-{number}.example"},
            "address": {"addressCity": "Köln", "addressCountry": "Germany"},
            "annualRevenue": {"amountMicros": number * 1_000_000, "currencyCode": "EUR"},
        }


async def measure(rounds: int, records: int = 100_000) -> list[Table]:
    """Seconds for all records, each contender with a sandbox of its own; and the memory once."""
    return [*await _ratios(rounds, records), await _ceiling(rounds), await _memory()]


async def _ratios(rounds: int, records: int) -> list[Table]:
    loads = {name: Series(name) for name in (BARE, WITH_IDS, LOAD, FROM_CSV)}
    exports = {name: Series(name) for name in (BARE_READ, EXPORT)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bodies, with_ids = _bodies(rows(records)), _bodies({"id": str(uuid4()), **row} for row in rows(records))
        _write_csv(folder / "companies.csv", records)
        contenders: dict[str, Contender] = {
            BARE: lambda url, key: _post_all(url, key, bodies),
            WITH_IDS: lambda url, key: _post_all(url, key, with_ids),
            LOAD: lambda url, key: _load(url, key, rows(records)),
            FROM_CSV: lambda url, key: _load(url, key, folder / "companies.csv"),
        }
        async with sandbox() as (url, key, _):
            await _load(url, key, rows(BATCH))  # the first load imports what loads
        for _ in range(rounds):
            for contender, run in contenders.items():
                async with sandbox() as (url, key, _):
                    loads[contender].figures.append(await _seconds(run(url, key)))
                    if contender == LOAD:
                        query = await _export_query(url, key)
                        bare = _read_all(url, key, query, folder / "bare.jsonl")
                        exports[BARE_READ].figures.append(await _seconds(bare))
                        exports[EXPORT].figures.append(await _seconds(_export(url, key, folder / "out.jsonl", records)))
    return [
        Table(
            f"Load of {records:,} companies",
            "seconds",
            list(loads.values()),
            [Limit(LOAD, BARE, 1 / 0.95), Limit(FROM_CSV, BARE, 1 / 0.85)],
            note="Batches of 200, at most 8 in flight. The bare loops post bodies made beforehand and check nothing. "
            "Rows with ids are what a load sends, so that it can send them again; the server takes longer for them.",
        ),
        Table(
            f"Export of {records:,} companies to JSON Lines",
            "seconds",
            list(exports.values()),
            [Limit(EXPORT, BARE_READ, 1 / 0.9)],
            note="Pages of 1,000, all fields. The bare loop parses each page, takes its cursor and writes the rows.",
        ),
    ]


async def _ceiling(rounds: int, records: int = 40_000, batch: int = 20) -> Table:
    """Requests a second under a limit of 100 a second, by a load that comes when the client has found its pace."""
    series = Series("load under 100 requests/s")
    for _ in range(rounds + 2):  # a hiccup of the machine spoils a whole round
        async with sandbox("--rate-limit", "100/1s") as (url, key, _), Twenty(url, api_key=key) as twenty:
            first = 600 * batch
            await twenty.companies.load(rows(first), batch_size=batch, concurrency=CONCURRENCY)
            report = await twenty.companies.load(rows(records, first), batch_size=batch, concurrency=CONCURRENCY)
            series.figures.append(report.loaded / batch / report.seconds)
    return Table(
        "The rate limit",
        "requests/s",
        [series],
        bounds=[Bound(series.name, least=97)],
        note="Each request has 20 rows, one every 10 ms, after 600 others. What is missing is lost to the server's "
        "clock, which drops the fraction of a token when a request comes late: a tenth of a millisecond is a hundredth "
        "of the pace.",
    )


_MEMORY = """
import asyncio, sys
from aiotwenty import Twenty
from benchmarks.bulk import rows
from benchmarks.servers import peak_megabytes
async def main(url, key, records):
    async with Twenty(url, api_key=key, rate_limit=None) as twenty:
        report = await twenty.companies.load(rows(int(records)), key="domainName", upsert=True)
        assert report.loaded == int(records)
asyncio.run(main(*sys.argv[1:]))
print(peak_megabytes())
"""


async def _memory(records: int = 1_000_000) -> Table:
    """The most memory that a process ever had which loads so many rows, and one which loads a tenth of them."""
    tenth, whole = Series(f"{records // 10:,} rows"), Series(f"{records:,} rows")
    with tempfile.TemporaryDirectory() as folder:
        for series, count in ((tenth, records // 10), (whole, records)):
            async with sandbox("--database", f"{folder}/{count}.db") as (url, key, _):
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", _MEMORY, url, key, str(count), stdout=asyncio.subprocess.PIPE
                )
                output, _ = await process.communicate()
                series.figures.append(float(output))
    limits = [Limit(whole.name, tenth.name, 1.15)]
    return Table("Memory of a load", "MB at most", [tenth, whole], limits, [Bound(whole.name, most=150)])


async def _seconds(work: Awaitable[object]) -> float:
    start = time.perf_counter()
    await work
    return time.perf_counter() - start


async def _load(url: str, key: str, source: Any) -> None:
    async with Twenty(url, api_key=key) as twenty:
        report = await twenty.companies.load(source, concurrency=CONCURRENCY)
        if report.rejected or not report.loaded:
            raise RuntimeError(str(report))


async def _export(url: str, key: str, path: Path, records: int) -> None:
    async with Twenty(url, api_key=key) as twenty:
        report = await twenty.companies.export(path)
        if report.records != records:
            raise RuntimeError(str(report))


async def _export_query(url: str, key: str) -> str:
    """The document that `export` sends, so that both ask for the same."""
    sent: list[str | None] = []
    from aiotwenty import Hooks

    with tempfile.TemporaryDirectory() as folder:
        async with Twenty(
            url, api_key=key, hooks=Hooks(on_request=lambda event: sent.append(event.document))
        ) as twenty:
            await twenty.companies.export(Path(folder) / "none.jsonl", filter={"name": {"eq": "nobody"}})
    # Beside the page it asks which fields there are.
    return next(document for document in sent if document and "companies" in document)


def _bodies(records: Iterable[dict[str, Any]]) -> list[bytes]:
    data = list(records)
    return [
        json.dumps({"query": _CREATE, "variables": {"data": data[start : start + BATCH]}}).encode()
        for start in range(0, len(data), BATCH)
    ]


def _write_csv(path: Path, records: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Name", "Domain Name", "City", "Country", "Amount micros", "Currency code"])
        for row in rows(records):
            address, revenue = row["address"], row["annualRevenue"]
            cells = [row["name"], row["domainName"]["primaryLinkUrl"], *address.values(), *revenue.values()]
            writer.writerow(cells)


async def _post_all(url: str, key: str, bodies: list[bytes]) -> None:
    async with _session(key) as session:

        async def lane(mine: list[bytes]) -> None:
            for body in mine:
                if b'"errors"' in await _post(session, url, body):
                    raise RuntimeError("the server refused a batch")

        await asyncio.gather(*(lane(bodies[start::CONCURRENCY]) for start in range(CONCURRENCY)))


async def _read_all(url: str, key: str, query: str, path: Path) -> None:
    after: str | None = None
    async with _session(key) as session:
        with path.open("w", encoding="utf-8") as file:
            while True:
                variables = {"first": PAGE, **({"after": after} if after else {})}
                answer = await _post(session, url, json.dumps({"query": query, "variables": variables}).encode())
                page = json.loads(answer)["data"]["companies"]
                file.writelines(json.dumps(edge["node"]) + "\n" for edge in page["edges"])
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    return


def _session(key: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"})


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> bytes:
    async with session.post(f"{url}/graphql", data=body) as response:
        return await response.read()
