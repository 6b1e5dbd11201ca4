"""What it takes to follow a workspace of which a hundredth changed: `changes`, an incremental export, and dlt."""

from __future__ import annotations

import asyncio
import filecmp
import json
import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from benchmarks.harness import Bound, Limit, Series, Table

RECORDS = int(os.environ.get("AIOTWENTY_BENCH_RECORDS", "1000000"))
"""Companies, of which a hundredth changes."""
INTO_DUCKDB = min(RECORDS, 20_000)
"""Companies that dlt copies: its rest_api source reads all of them in every run."""
FEED, FILE, WHOLE = "changes", "export, incremental", "export, whole"
OURS, THEIRS = "twenty_source", "rest_api of dlt"
_INTEGRATIONS = Path(__file__).parents[1] / ".venv" / "integrations" / "bin" / "python"
_RUN = """
import asyncio, json, sys, time
from pathlib import Path
from aiotwenty import Twenty
from benchmarks.servers import peak_megabytes
async def main(kind, url, key, folder):
    folder, done = Path(folder), []
    async with Twenty(url, api_key=key, rate_limit=None) as twenty:
        started = time.monotonic()
        if kind == "changes":
            state = folder / "state.json"
            since = state.read_text() if state.exists() else None
            changes = twenty.companies.changes(since, store=folder / "ids.db")
            told = sum([len(batch) async for batch in changes.batches()])
            state.write_text(json.dumps(changes.state))
            requests = changes.requests
        else:
            name, store = ("a", folder / "a.db") if kind == "export, incremental" else ("b", None)
            report = await twenty.companies.export(folder / f"{name}.jsonl", incremental=store)
            told, requests = report.records if store is None else report.changes, report.requests
        print(json.dumps([told, time.monotonic() - started, requests, peak_megabytes()]))
asyncio.run(main(*sys.argv[1:]))
"""
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
            sandbox.store.execute("""UPDATE company SET "updatedAt" = '2025-01-01T00:00:00.000000'""")
            multiply(sandbox, records)
            ids = [UUID(identity) for (identity,) in sandbox.store.rows("SELECT id FROM company")]
            yield sandbox, twenty, ids


def multiply(sandbox: Sandbox, records: int) -> None:
    """As many companies as asked for, all like the one that is there: a million take seconds."""
    names = [name for _, name, *_ in sandbox.store.rows("PRAGMA table_info(company)")]
    values = {"id": "new_id()", "name": "'Company ' || number"}
    sandbox.store.connection.create_function("new_id", 0, lambda: str(uuid4()))
    sandbox.store.execute(
        f"""WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?)
        INSERT INTO company ({", ".join(f'"{name}"' for name in names)})
        SELECT {", ".join(values.get(name, f'"{name}"') for name in names)}
        FROM (SELECT * FROM company LIMIT 1), numbers""",
        [records - 1],
    )


async def change(twenty: Twenty, ids: list[UUID], chance: random.Random) -> int:
    """Changes a hundredth."""
    some = chance.sample(ids, max(len(ids) // 100, 10))
    for start in range(0, len(some), 200):
        await twenty.companies.update_many({"name": str(chance.random())}, {"id": {"in": some[start : start + 200]}})
    return len(some)


@dataclass(frozen=True)
class Followed:
    """What a process did that follows the workspace."""

    told: int
    seconds: float
    requests: int
    megabytes: float


async def measure(rounds: int) -> list[Table]:
    """All tables; that of dlt only where `make test-integrations` has installed it."""
    return [*await _followed(rounds), *([await _into_duckdb()] if _INTEGRATIONS.exists() else [])]


async def _followed(rounds: int) -> list[Table]:
    runs: dict[str, list[Followed]] = {FEED: [], FILE: [], WHOLE: []}
    chance, changed = random.Random(1), 0
    with tempfile.TemporaryDirectory() as folder:
        async with workspace(RECORDS) as (sandbox, twenty, ids):
            first = [await _process(kind, sandbox, folder) for kind in (FEED, FILE)]
            for _ in range(rounds):
                changed = await change(twenty, ids, chance)
                for kind, followed in runs.items():
                    followed.append(await _process(kind, sandbox, folder))
                assert filecmp.cmp(f"{folder}/a.jsonl", f"{folder}/b.jsonl", shallow=False)
    assert {run.told for kind in (FEED, FILE) for run in runs[kind]} == {changed}, runs
    title = f"Following {RECORDS:,} companies of which {changed:,} changed"
    seconds, requests, memory = (
        [Series(kind, [float(getattr(run, name)) for run in of_kind]) for kind, of_kind in runs.items()]
        for name in ("seconds", "requests", "megabytes")
    )
    note = " ".join(
        f"The first run of {kind} reads everything: {run.seconds:,.0f} s, {run.requests:,} requests, "
        f"{run.megabytes:,.0f} MB at most."
        for kind, run in zip((FEED, FILE), first, strict=True)
    )
    return [
        Table(f"{title}: time", "s", seconds, [Limit(FEED, WHOLE, 0.5), Limit(FILE, WHOLE, 0.5)], note=note),
        Table(f"{title}: requests", "requests", requests, [Limit(FEED, WHOLE, 0.5), Limit(FILE, WHOLE, 0.5)]),
        Table(f"{title}: memory", "MB at most", memory, bounds=[Bound(kind, most=250) for kind in runs]),
    ]


async def _process(kind: str, sandbox: Sandbox, folder: str) -> Followed:
    """One run in a process of its own, as a schedule starts it."""
    output = await _output(sys.executable, _RUN, kind, sandbox.url, sandbox.api_key, folder)
    return Followed(*json.loads(output))


async def _into_duckdb() -> Table:
    ours, theirs = Series(OURS), Series(THEIRS)
    with tempfile.TemporaryDirectory() as folder:
        async with workspace(INTO_DUCKDB) as (sandbox, twenty, ids):
            for number in range(3):
                if number:
                    await change(twenty, ids, random.Random(number))
                for kind, series in (("ours", ours), ("theirs", theirs)):
                    seconds, count = await _pipeline(kind, sandbox, folder)
                    assert count == INTO_DUCKDB
                    series.figures.append(seconds)
    return Table(
        f"{INTO_DUCKDB:,} companies into DuckDB with dlt: all, then twice with 1 % changed",
        "s",
        [ours, theirs],
        note="rest_api reads everything each time, and misses what was destroyed.",
    )


async def _pipeline(kind: str, sandbox: Sandbox, folder: str) -> tuple[float, int]:
    output = await _output(str(_INTEGRATIONS), _DLT, kind, sandbox.url, sandbox.api_key, folder)
    seconds, count = output.split()[-2:]
    return float(seconds), int(count)


async def _output(python: str, program: str, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(python, "-c", program, *arguments),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"},
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the process of {arguments[0]} failed")
    return output.decode()
