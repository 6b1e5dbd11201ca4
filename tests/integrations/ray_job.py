# mypy: disable-error-code="import-not-found,import-untyped"
# pyright: reportMissingImports=false
"""Loads rows and reads them again on a Ray cluster of two nodes, and kills a worker in the middle of each.

Prints what came of it as JSON. Its argument is the number of rows; every fiftieth is a bad one.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from aiotwenty import Twenty
from aiotwenty.bulk import micros
from aiotwenty.data.ray import TwentyDatasink, read_twenty

NODES = 2
STORE = 80 * 1024 * 1024
"""Bytes of a node's object store: what Ray takes otherwise is a third of the machine."""


def workers(task: str) -> list[int]:
    """The processes that work on such a task."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().startswith(f"ray::{task}".encode()):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


async def counted() -> int:
    async with Twenty() as twenty:
        return await twenty.companies.count()


class Killer(threading.Thread):
    """Kills one worker of a task, once: when that many companies are there."""

    def __init__(self, task: str, companies: int) -> None:
        super().__init__(daemon=True)
        self._task, self._companies = task, companies
        self.killed = 0

    def run(self) -> None:
        while not self.killed:
            at_work = workers(self._task)
            if at_work and (not self._companies or asyncio.run(counted()) >= self._companies):
                os.kill(at_work[0], signal.SIGKILL)
                self.killed = at_work[0]
                return
            # Asking how many there are takes turns of the limit that the workers need.
            time.sleep(0.2 if self._companies else 0.01)


async def ids() -> list[str]:
    async with Twenty() as twenty:
        return [str(company.id) async for company in twenty.companies.iterate()]


def main(number: int) -> None:
    node = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": STORE}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    for _ in range(NODES - 1):
        cluster.add_node(**node)
    ray.init(address=cluster.address, logging_level="error", log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = [
        {"Name": f"Company {i}", "Website": f"https://c{i}.example", "Revenue": "much" if i % 50 == 0 else "12.5"}
        for i in range(number)
    ]
    sink = TwentyDatasink(
        "companies",
        key="Website",
        mapping={
            "Name": "name",
            "Website": "domainName.primaryLinkUrl",
            "Revenue": ("annualRevenue.amountMicros", micros),
        },
        batch_size=50,
    )
    killer = Killer("Write", number // 10)
    killer.start()
    ray.data.from_items(rows, override_num_blocks=6).write_datasink(sink)
    report = sink.report
    assert report is not None
    told = {
        "nodes": sum(node["Alive"] for node in ray.nodes()),
        "write killed": killer.killed,
        "received": report.received,
        "good": report.loaded + report.already_loaded,
        "rejected": sorted(reject.values["Name"] for reject in report.rejects),
    }
    stored = asyncio.run(ids())
    killer = Killer("ReadTwenty", 0)
    killer.start()
    read = read_twenty("companies", fields=["id", "name"], override_num_blocks=4).take_all()
    told |= {
        "read killed": killer.killed,
        "stored": len(stored),
        "same": sorted(row["id"] for row in read) == stored,
        "names": len({row["name"] for row in read}),
    }
    ray.shutdown()
    cluster.shutdown()
    sys.stdout.write(json.dumps(told))


main(int(sys.argv[1]))
