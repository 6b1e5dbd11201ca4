"""What a load of many rows takes, before it is run: time, requests, memory, journal. `python -m benchmarks.scale`.

The model has few parts: workers that prepare batches one after the other and keep so many in flight, a limit that
gives turns, and a server that works on so many requests at a time. What each part costs is measured with small loads
on the machine at hand, and the forecasts for larger ones are compared with those when they are run.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.servers import sandbox

IN_FLIGHT = 8
"""Batches of one worker under way at most, as a load has it."""


@dataclass(frozen=True)
class Costs:
    """What the parts cost, in seconds, bytes and megabytes."""

    client_row: float = 0.000_060
    """CPU of a worker for a row: reading, preparing, settling."""
    server_batch: float = 0.004
    server_row: float = 0.000_25
    """Of one request, of which the server works on `server_slots` at a time."""
    server_slots: int = 1
    latency: float = 0.001
    journal_row: float = 18.0
    memory: float = 90.0
    memory_row: float = 0.000_03


@dataclass(frozen=True)
class Plan:
    """What is to be loaded, and how. `limit` is requests and seconds."""

    rows: int
    workers: int = 1
    batch: int = 200
    in_flight: int = IN_FLIGHT
    limit: tuple[int, float] | None = None
    slack: float = 0.02


@dataclass(frozen=True)
class Forecast:
    """What it takes. Memory is that of one worker, the journals are those of all."""

    seconds: float
    requests: int
    memory: float
    journal: float

    @property
    def bound(self) -> str:
        """Seconds, minutes, hours or days."""
        for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
            if self.seconds >= 2 * size:
                return f"{self.seconds / size:,.1f} {unit}"
        return f"{self.seconds:,.1f} s"


class _Turns:
    """The server's limit: a full bucket, then one turn after the other."""

    def __init__(self, limit: tuple[int, float] | None, slack: float) -> None:
        self._left = limit[0] if limit else 0
        self._interval = limit[1] / limit[0] * (1 + slack) if limit else 0.0
        self._next = 0.0

    def after(self, ready: float) -> float:
        if not self._interval:
            return ready
        if self._left:
            self._left -= 1
            self._next = ready + self._interval
            return ready
        turn = max(ready, self._next)
        self._next = turn + self._interval
        return turn


def simulate(plan: Plan, costs: Costs) -> Forecast:
    """Goes through every request of the plan, in the order in which they may be sent."""
    turns = _Turns(plan.limit, plan.slack)
    server = [0.0] * costs.server_slots
    share = -(-plan.rows // plan.workers)
    left = [max(0, min(share, plan.rows - share * worker)) for worker in range(plan.workers)]
    under_way: list[list[float]] = [[] for _ in range(plan.workers)]
    ready = [(min(rows, plan.batch) * costs.client_row, worker) for worker, rows in enumerate(left) if rows]
    heapq.heapify(ready)
    requests, end = 0, 0.0
    while ready:
        at, worker = heapq.heappop(ready)
        answers = under_way[worker]
        if len(answers) >= plan.in_flight and answers[0] > at:
            # It has as much under way as it may, and goes on when an answer comes.
            heapq.heappush(ready, (heapq.heappop(answers), worker))
            continue
        while answers and answers[0] <= at:
            heapq.heappop(answers)
        rows = min(plan.batch, left[worker])
        left[worker] -= rows
        sent = turns.after(at)
        begun = max(sent + costs.latency / 2, heapq.heappop(server))
        done = begun + costs.server_batch + rows * costs.server_row
        heapq.heappush(server, done)
        answered = done + costs.latency / 2
        heapq.heappush(answers, answered)
        requests, end = requests + 1, max(end, answered)
        if left[worker]:
            heapq.heappush(ready, (at + min(left[worker], plan.batch) * costs.client_row, worker))
    most = costs.memory + costs.memory_row * (plan.in_flight + 2) * plan.batch
    return Forecast(end, requests, most, costs.journal_row * plan.rows)


# What is measured, beside it.

_LOAD = """
import asyncio, json, os, sys, time
from aiotwenty import RateLimit, Twenty
from benchmarks.bulk import rows
from benchmarks.servers import peak_megabytes
async def main(url, key, journal, number, start, limit):
    pace = RateLimit(*json.loads(limit)) if limit != "null" else None
    async with Twenty(url, api_key=key, rate_limit=pace) as twenty:
        begun, cpu = time.monotonic(), time.process_time()
        report = await twenty.companies.load(
            rows(int(number), int(start)), key="domainName.primaryLinkUrl", journal=journal
        )
        told = [time.monotonic() - begun, report.requests, peak_megabytes(), os.path.getsize(journal)]
        print(json.dumps([*told, report.loaded, time.process_time() - cpu]))
asyncio.run(main(*sys.argv[1:]))
"""


@dataclass(frozen=True)
class Measured(Forecast):
    """What it took. `cpu` is that of the workers, in seconds."""

    cpu: float = 0.0


async def run(plan: Plan, folder: Path) -> Measured:
    """Runs a plan: a sandbox with a database file, and each worker a process with its part of the limit."""
    options = ["--database", str(folder / "sandbox.db")]
    share = -(-plan.rows // plan.workers)
    limit: Sequence[float] | None = None
    if plan.limit is not None:
        options += ["--rate-limit", f"{plan.limit[0]}/{plan.limit[1]:g}s"]
        limit = [plan.limit[0] // plan.workers, plan.limit[1]]
    async with sandbox(*options) as (url, key, _):

        async def work(worker: int) -> list[float]:
            rows = min(share, plan.rows - share * worker)
            journal = folder / f"{plan.rows}-{worker}.journal"
            arguments = [url, key, str(journal), str(rows), str(share * worker), json.dumps(limit)]
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _LOAD, *arguments), stdout=asyncio.subprocess.PIPE
            )
            output, _ = await process.communicate()
            told: list[float] = json.loads(output)
            if told[4] != rows:
                raise RuntimeError(f"{told[4]} of {rows} rows were loaded")
            return told

        told = await asyncio.gather(*map(work, range(plan.workers)))
    (folder / "sandbox.db").unlink()
    return Measured(
        max(worker[0] for worker in told),
        int(sum(worker[1] for worker in told)),
        max(worker[2] for worker in told),
        sum(worker[3] for worker in told),
        cpu=sum(worker[5] for worker in told),
    )


def learned(small: Measured, plan: Plan, costs: Costs) -> Costs:
    """The costs of this machine, from one small load that no limit holds up."""
    client = small.cpu / plan.rows
    server = max(0.0, small.seconds / plan.rows - 0.0)
    # Client and server work side by side: what takes longer is what is seen.
    server_row = max(0.0, server - costs.server_batch / plan.batch)
    return replace(
        costs,
        client_row=client,
        server_row=server_row,
        memory=small.memory - costs.memory_row * (plan.in_flight + 2) * plan.batch,
        journal_row=small.journal / plan.rows,
    )


def plans(most: int) -> Iterator[Plan]:
    """What is run to see whether the model is right."""
    for rows in (10_000, 100_000, 1_000_000):
        if rows <= most:
            yield Plan(rows)
            if rows <= 100_000:
                yield Plan(rows, limit=(20, 2.0))
                yield Plan(rows, workers=2)


def forecasts(costs: Costs) -> list[str]:
    """100 million rows, against the limit, the batch and the number of workers."""
    lines = ["| limit | batch | workers | time | requests | rows/s |", "|---|---|---|---|---|---|"]
    rows, million = 100_000_000, 1_000_000
    for limit in ((100, 60.0), (1000, 60.0), (6000, 60.0), (60_000, 60.0), None):
        for batch, workers in ((200, 1), (200, 4), (200, 16), (200, 64), (50, 16)):
            # Once the bucket is empty, all goes on as it is: two small loads tell how much longer each million takes.
            one, two = (simulate(Plan(part, workers, batch, limit=limit), costs) for part in (million, 2 * million))
            seconds = one.seconds + (two.seconds - one.seconds) * (rows / million - 1)
            whole = replace(one, seconds=seconds, requests=rows // batch)
            words = f"{limit[0]:,} in {limit[1]:g} s" if limit else "none"
            lines.append(
                f"| {words} | {batch} | {workers} | {whole.bound} | {whole.requests:,} | {rows / whole.seconds:,.0f} |"
            )
    return lines


async def main(most: int) -> None:
    costs, first = Costs(), Plan(10_000)
    out: list[Any] = []
    with tempfile.TemporaryDirectory() as name:
        small = await run(first, Path(name))
    costs = learned(small, first, costs)
    out.append(costs)
    out += [
        "",
        "| rows | workers | limit | | time | requests | memory, MB | journal, MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for plan in plans(most):
        with tempfile.TemporaryDirectory() as name:
            took = await run(plan, Path(name))
        for label, figures in (("forecast", simulate(plan, costs)), ("measured", took)):
            limit = f"{plan.limit[0]} in {plan.limit[1]:g} s" if plan.limit else "none"
            out.append(
                f"| {plan.rows:,} | {plan.workers} | {limit} | {label} | {figures.bound} | {figures.requests:,} "
                f"| {figures.memory:,.0f} | {figures.journal / 1e6:,.2f} |"
            )
        sys.stdout.write("\n".join(map(str, out)) + "\n")
        sys.stdout.flush()
        out = []
    sys.stdout.write("\n".join(["", *forecasts(costs)]) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=100_000, help="rows of the largest load that is run (100,000)")
    asyncio.run(main(parser.parse_args().most))
