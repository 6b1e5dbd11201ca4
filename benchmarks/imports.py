"""What importing and creating the client costs: time and memory of a fresh interpreter."""

from __future__ import annotations

import asyncio
import os
import sys

from benchmarks.harness import Limit, Series, Table

_PROGRAM = """
import time
start = time.perf_counter()
{statements}
seconds = time.perf_counter() - start
# Not ru_maxrss: it begins with what the parent had.
import os
pages = int(open("/proc/self/statm").read().split()[1])
print(seconds * 1000, pages * os.sysconf("SC_PAGE_SIZE") / 1024**2)
"""

_BASE = "gql's aiohttp transport and pydantic"
_CLIENT = "aiotwenty, client created"
_CONTENDERS = {
    _BASE: "import gql.transport.aiohttp\nfrom pydantic import BaseModel",
    _CLIENT: "from aiotwenty import Twenty\nTwenty('http://127.0.0.1:1', api_key='x')",
    "the same, first record read": (
        "from aiotwenty import Twenty\nTwenty('http://127.0.0.1:1', api_key='x')\n"
        "from aiotwenty.core import Company\nCompany.model_rebuild()"
    ),
    "every model of the standard workspace": (
        "import aiotwenty.core as core\nfor name in dir(core): getattr(core, name)"
    ),
}


async def measure(rounds: int) -> list[Table]:
    """Time and memory of each import, a fresh process each time."""
    milliseconds = [Series(name) for name in _CONTENDERS]
    megabytes = [Series(name) for name in _CONTENDERS]
    for number in range(rounds + 1):
        for spent, used, statements in zip(milliseconds, megabytes, _CONTENDERS.values(), strict=True):
            time, memory = await _fresh(statements)
            if number:  # the first round fills the bytecode caches
                spent.figures.append(time)
                used.figures.append(memory)
    return [
        Table("Import", "ms", milliseconds, [Limit(_CLIENT, _BASE, 1.17)]),
        Table("Memory after import", "MB", megabytes, [Limit(_CLIENT, _BASE, 1.06)]),
    ]


async def _fresh(statements: str) -> tuple[float, float]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _PROGRAM.format(statements=statements),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"could not run: {statements}")
    time, memory = output.split()
    return float(time), float(memory)
