"""What it takes to follow a workspace of which a hundredth changed: `changes`, an incremental export, and dlt."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from benchmarks.harness import Limit, Series, Table

RECORDS = int(os.environ.get("AIOTWENTY_BENCH_RECORDS", "30000"))
"""Companies; the promise is for 1,000,000 of which 10,000 changed."""
FEED, FILE, WHOLE = "changes", "export, incremental", "export, whole"
OURS, THEIRS = "twenty_source", "rest_api of dlt"
_INTEGRATIONS = Path(__file__).parents[1] / ".venv" / "integrations" / "bin" / "python"
_DLT = """
import sys, time
import dlt
kind, url, key, folder = sys.argv[1:]
pipeline = dlt.pipeline(kind, pipelines_dir=folder, destination=dlt.destinations.duckdb(f"{folder}/{kind}.duckdb"),
                        dataset_name="copy")
if kind == "ours":
    from aiotwenty.data.dlt import twenty_source
    source = twenty_source(["companies"], base_url=url, api_key=key, rate_limit=None)
else:
    from dlt.sources.rest_api import rest_api_source
    source = rest_api_source({
        "client": {"base_url": f"{url}/rest/", "auth": {"type": "bearer", "token": key},
            "paginator": {"type": "cursor", "cursor_path": "pageInfo.endCursor", "cursor_param": "starting_after",
                          "has_more_path": "pageInfo.hasNextPage"}},
        "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
        "resources": [{"name": "companies", "endpoint": {"path": "companies", "data_selector": "data.companies",
                       "params": {"limit": 200}}}],
    })
started = time.monotonic()
pipeline.run(source)
print(time.monotonic() - started)
with pipeline.sql_client() as client:
    print(client.execute_sql("SELECT count(*) FROM companies")[0][0])
"""


@asynccontextmanager
async def workspace(records: int) -> AsyncIterator[tuple[Sandbox, Twenty, list[UUID]]]:
    """A sandbox with companies that nobody has written for a year."""
    with running_sandbox() as sandbox:
        async with Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as twenty:
            await twenty.companies.create_one({"name": "Company"})
            multiply(sandbox, records)
            sandbox.store.execute("""UPDATE company SET "updatedAt" = '2025-01-01T00:00:00.000000'""")
            ids = [UUID(identity) for (identity,) in sandbox.store.rows("SELECT id FROM company")]
            yield sandbox, twenty, ids


def multiply(sandbox: Sandbox, records: int) -> None:
    """As many companies as asked for, all like the one that is there: a million take seconds."""
    names = [name for _, name, *_ in sandbox.store.rows("PRAGMA table_info(company)")]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join("?" if name in ("id", "name") else f'"{name}"' for name in names)
    assert names.index("id") < names.index("name")
    sandbox.store.connection.executemany(
        f"INSERT INTO company ({columns}) SELECT {values} FROM company LIMIT 1",
        ((str(uuid4()), f"Company {number}") for number in range(1, records)),
    )


async def change(twenty: Twenty, ids: list[UUID], chance: random.Random) -> int:
    """Changes a hundredth."""
    some = chance.sample(ids, max(len(ids) // 100, 10))
    for start in range(0, len(some), 200):
        await twenty.companies.update_many({"name": str(chance.random())}, {"id": {"in": some[start : start + 200]}})
    return len(some)


async def measure(rounds: int) -> list[Table]:
    """Both tables; that of dlt only where `make test-integrations` has installed it."""
    return [await _followed(rounds), *([await _into_duckdb()] if _INTEGRATIONS.exists() else [])]


async def _followed(rounds: int) -> Table:
    feed, file, whole = (Series(name) for name in (FEED, FILE, WHOLE))
    chance, notes = random.Random(1), []
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        async with workspace(RECORDS) as (_, twenty, ids):
            changes = twenty.companies.changes(store=where / "ids.db")
            async for _ in changes.batches():
                pass
            await twenty.companies.export(where / "a.jsonl", incremental=where / "a.db")
            for number in range(rounds + 1):
                changed = await change(twenty, ids, chance)
                started = time.monotonic()
                changes = twenty.companies.changes(changes.state, store=where / "ids.db")
                told = sum([len(batch) async for batch in changes.batches()])
                read = time.monotonic()
                report = await twenty.companies.export(where / "a.jsonl", incremental=where / "a.db")
                written = time.monotonic()
                await twenty.companies.export(where / "b.jsonl")
                done = time.monotonic()
                assert (where / "a.jsonl").read_bytes() == (where / "b.jsonl").read_bytes()
                assert told == report.changes == changed, (told, report.changes, changed)
                if number:  # after one to get warm
                    feed.figures.append(read - started)
                    file.figures.append(written - read)
                    whole.figures.append(done - written)
                    notes = [f"{changed:,} of {RECORDS:,} changed; changes needed {changes.requests} requests."]
    return Table(
        f"Following {RECORDS:,} companies, 1 % of which changed",
        "s",
        [feed, file, whole],
        [Limit(FEED, WHOLE, 0.5)],
        note=" ".join(notes),
    )


async def _into_duckdb() -> Table:
    ours, theirs = Series(OURS), Series(THEIRS)
    records = max(RECORDS // 10, 1000)
    with tempfile.TemporaryDirectory() as folder:
        async with workspace(records) as (sandbox, twenty, ids):
            for number in range(3):
                if number:
                    await change(twenty, ids, random.Random(number))
                for kind, series in (("ours", ours), ("theirs", theirs)):
                    seconds, count = await _pipeline(kind, sandbox, folder)
                    assert count == records
                    series.figures.append(seconds)
    return Table(
        f"{records:,} companies into DuckDB with dlt: all, then twice with 1 % changed",
        "s",
        [ours, theirs],
        note="rest_api reads everything each time, and misses what was destroyed.",
    )


async def _pipeline(kind: str, sandbox: Sandbox, folder: str) -> tuple[float, int]:
    process = await asyncio.create_subprocess_exec(
        *(str(_INTEGRATIONS), "-c", _DLT, kind, sandbox.url, sandbox.api_key, folder),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"},
    )
    output, _ = await process.communicate()
    if process.returncode:
        sys.exit(f"the pipeline of {kind} failed")
    seconds, count = output.decode().split()[-2:]
    return float(seconds), int(count)
