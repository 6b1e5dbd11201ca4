"""A program that is run and killed several times, each run forked off one process that has imported what it needs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.support.uncounted import uncounted

_RUNS = """
import os, sys
for line in sys.stdin:
    child = os.fork()
    if not child:
        code = 1
        try:
            print(os.getpid(), flush=True)
            asyncio.run(main(*line.rstrip("\\n").split("\\t")))
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass
class Run:
    """One run: what it prints, line by line; `code` once it has ended, -9 if it was killed."""

    process: asyncio.subprocess.Process
    pid: int = 0
    code: int | None = None
    output: list[str] = field(default_factory=list)

    async def line(self) -> str | None:
        """The next line, or None when there is none any more."""
        assert self.process.stdout is not None
        if self.code is not None:
            return None
        line = (await self.process.stdout.readline()).decode().rstrip("\n")
        if line.startswith("ended "):
            self.code = int(line.removeprefix("ended "))
            return None
        self.output.append(line)
        return line

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> int:
        """Waits for it; its exit code."""
        while await self.line() is not None:
            pass
        assert self.code is not None
        return self.code


@dataclass
class Program:
    """What runs are forked off."""

    process: asyncio.subprocess.Process

    async def start(self, *arguments: str) -> Run:
        assert self.process.stdin is not None
        self.process.stdin.write("\t".join(arguments).encode() + b"\n")
        run = Run(self.process)
        run.pid = int(await run.line() or 0)
        return run


@asynccontextmanager
async def forking(source: str) -> AsyncIterator[Program]:
    """Runs `main` of a source, a coroutine function that takes texts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        source + _RUNS,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=uncounted(),
    )
    try:
        yield Program(process)
    finally:
        process.kill()
        await process.communicate()
