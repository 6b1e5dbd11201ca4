"""The experiments, each run in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from benchmarks import (
    big_import,
    bulk,
    changes,
    frames,
    generate,
    imports,
    moves,
    requests,
    selections,
    servers,
    startup,
    webhooks,
)
from benchmarks.harness import Table

EXPERIMENTS: dict[str, Callable[[int], Coroutine[Any, Any, list[Table]]]] = {
    "imports": imports.measure,
    "startup": startup.measure,
    "generate": lambda rounds: generate.measure(min(rounds, 3)),
    "requests": lambda rounds: requests.measure(rounds, calls=100),
    "selections": lambda rounds: selections.measure(rounds, calls=1000),
    "bulk": lambda rounds: bulk.measure(min(rounds, 5)),
    "sandbox": servers.measure,
    "csv": lambda rounds: big_import.measure(),
    "webhooks": webhooks.measure,
    "frames": lambda rounds: frames.measure(min(rounds, 5)),
    "changes": lambda rounds: changes.measure(min(rounds, 3)),
    "moves": lambda rounds: moves.measure(),
}


def measure(name: str, rounds: int) -> list[Table]:
    """The tables of an experiment."""
    return asyncio.run(EXPERIMENTS[name](rounds))


def run(names: Collection[str], rounds: int) -> list[Table]:
    """The tables of the experiments named.

    Each has a process of its own: what others leave behind would make its garbage collections longer.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as process:
        measured = [process.submit(measure, name, rounds) for name in EXPERIMENTS if name in names]
        return [table for tables in measured for table in tables.result()]
