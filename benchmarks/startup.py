"""What starting the command costs, beside starting Python."""

from __future__ import annotations

import asyncio
import os
import sys
import time

from benchmarks.harness import Limit, Series, Table

_PYTHON = "python -c pass"
_VERSION, _HELP = "aiotwenty --version", "aiotwenty --help"
_LOAD, _SANDBOX = "aiotwenty load --help", "aiotwenty sandbox --help"
_MAIN = "from aiotwenty.cli import main; main()"
_CONTENDERS = {
    _PYTHON: ("pass",),
    _VERSION: (_MAIN, "--version"),
    _HELP: (_MAIN, "--help"),
    _LOAD: (_MAIN, "load", "--help"),
    _SANDBOX: (_MAIN, "sandbox", "--help"),
}


async def measure(rounds: int) -> list[Table]:
    """The time of each, a fresh process each time."""
    series = [Series(name) for name in _CONTENDERS]
    for number in range(rounds + 1):
        for spent, arguments in zip(series, _CONTENDERS.values(), strict=True):
            milliseconds = await _started(arguments)
            if number:  # the first round fills the bytecode caches
                spent.figures.append(milliseconds)
    return [
        Table(
            "Starting the command",
            "ms",
            series,
            [Limit(_VERSION, _PYTHON, 3), Limit(_HELP, _PYTHON, 25), Limit(_LOAD, _PYTHON, 40)],
        )
    ]


async def _started(arguments: tuple[str, ...]) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", *arguments, stdout=asyncio.subprocess.DEVNULL, env=environment
    )
    if await process.wait():
        raise RuntimeError(f"could not run: {arguments}")
    return (time.perf_counter() - begun) * 1000
