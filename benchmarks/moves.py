"""What a move of a workspace takes under the rate limit: one root field a request, and requests that are shared."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from aiotwenty import Twenty, migrate
from aiotwenty.migrate import lanes
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from aiotwenty.transport import sharing
from aiotwenty.workspace import RelationTo
from benchmarks.harness import Limit, Series, Table

LIMIT = os.environ.get("AIOTWENTY_BENCH_LIMIT", "100/60s")
RECORDS = int(os.environ.get("AIOTWENTY_BENCH_MOVED", "1500"))
"""Of each object."""
OWN = 17
"""Custom objects beside companies, people and opportunities."""
ALONE, SHARED = "one root field a request", "requests that are shared"


@contextmanager
def one_root_a_request() -> Iterator[None]:
    """The client as it would be if nothing was shared."""
    kept = sharing.MOST_CALLS, lanes.LANES
    sharing.MOST_CALLS = lanes.LANES = 1
    try:
        yield
    finally:
        sharing.MOST_CALLS, lanes.LANES = kept


@asynccontextmanager
async def _filled() -> AsyncIterator[Sandbox]:
    """A workspace with 20 objects that have records, of which the custom ones belong to companies."""
    with running_sandbox() as sandbox:
        async with Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as twenty:
            for number in range(OWN):
                await twenty.workspace.create_object(f"rocket{number}", f"rockets{number}")
                await twenty.workspace.create_field(
                    f"rocket{number}", "maker", "RELATION", relation=RelationTo("company", label=f"Rockets {number}")
                )
            await twenty.companies.load({"name": f"Company {number}"} for number in range(RECORDS))
            ids = [str(record.id) async for record in twenty.companies.iterate()]
            await twenty.people.load({"jobTitle": "Pilot", "companyId": identity} for identity in ids)
            await twenty.opportunities.load({"name": "Flight", "companyId": identity} for identity in ids)
            for number in range(OWN):
                rockets = await twenty.object(f"rockets{number}")
                await rockets.load({"name": f"Rocket {number}", "makerId": identity} for identity in ids)
        yield sandbox


async def _moved(source: Sandbox, folder: Path) -> tuple[float, float]:
    """Seconds for the export and for the load, each under the limit from a full bucket on."""
    source.set_rate_limit(LIMIT)
    async with Twenty(source.url, api_key=source.api_key) as twenty:
        started = time.monotonic()
        exported = await migrate.export_workspace(twenty, folder)
        read = time.monotonic() - started
    source.set_rate_limit(None)
    assert sum(report.records for report in exported) >= 20 * RECORDS
    with running_sandbox(rate_limit=LIMIT) as target:
        async with Twenty(target.url, api_key=target.api_key) as twenty:
            started = time.monotonic()
            loaded = await migrate.load_workspace(twenty, folder)
            written = time.monotonic() - started
            assert not [report for report in loaded if report.report.rejected or report.error]
            target.set_rate_limit(None)
            assert all(one.equal for one in await migrate.compare_workspace(twenty, folder) if one.name != "data model")
    return read, written


async def measure() -> list[Table]:
    """One table, of the move as a whole."""
    figures, halves = {}, []
    with tempfile.TemporaryDirectory() as folder:
        async with _filled() as source:
            with one_root_a_request():
                figures[ALONE] = await _moved(source, Path(folder, ALONE))
            figures[SHARED] = await _moved(source, Path(folder, SHARED))
    for at, half in enumerate(("export", "load")):
        halves.append(f"{half} {figures[ALONE][at]:.0f} and {figures[SHARED][at]:.0f} s")
    return [
        Table(
            f"Moving 20 objects under {LIMIT}",
            "s",
            [Series(name, [sum(seconds)]) for name, seconds in figures.items()],
            [Limit(SHARED, ALONE, 0.5)],
            note=f"{RECORDS:,} records of each object: {', '.join(halves)}.",
        )
    ]
