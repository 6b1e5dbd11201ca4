"""Commands that are killed (kill -9) at random moments, again and again, until they come to their end."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aiotwenty.sandbox import Sandbox
from tests.support.recorded import ROOT
from tests.support.uncounted import uncounted

LONGEST = 0.6
"""Seconds within which a command is killed: about what one takes here."""
PATIENCE = 120
"""Seconds after which a command that nobody killed is taken to hang."""

_PARENT = """
import json, os, sys
from aiotwenty.cli.app import run
from tests.support.fresh_processes import prepare
prepare(
    "aiotwenty.bulk.exporting", "aiotwenty.bulk.incremental", "aiotwenty.bulk.journal", "aiotwenty.bulk.lookups",
    "aiotwenty.bulk.workspace_catalogue", "aiotwenty.cli.bulk", "aiotwenty.cli.model", "aiotwenty.migrate.compare",
    "aiotwenty.migrate.export", "aiotwenty.migrate.move", "aiotwenty.migrate.moved_files",
    "aiotwenty.workspace.model.apply", "aiotwenty.workspace.model.toml_files", "typer._adapters",
)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1), os.dup2(output, 2)
        os.environ.update(asked["environment"])
        code = 70
        try:
            code = run(asked["arguments"])
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass
class Ended:
    """How a command ended: `code` is -9 if it was killed."""

    code: int
    output: str


@dataclass
class Killer:
    """Runs commands of `aiotwenty`, each in a process that is forked off one that has everything imported."""

    parent: subprocess.Popen[str]
    folder: Path
    chance: random.Random
    kills: int = 0
    runs: int = 0
    each: int = 3
    """Kills in one workspace; what they leave to do becomes less."""
    longest: float = LONGEST
    """Seconds within which a command is killed."""

    async def run(self, sandbox: Sandbox, *arguments: str, kill_after: float | None = None) -> Ended:
        """Runs one command, and kills it after so many seconds if it is still at work."""
        stdin, stdout = self.parent.stdin, self.parent.stdout
        assert stdin is not None
        assert stdout is not None
        output = self.folder / "output.txt"
        environment = {"TWENTY_API_URL": sandbox.url, "TWENTY_API_KEY": sandbox.api_key, "COLUMNS": "200"}
        asked = {"arguments": arguments, "environment": environment, "output": str(output)}
        stdin.write(f"{json.dumps(asked)}\n")
        stdin.flush()
        child = int(await asyncio.to_thread(stdout.readline))
        self.runs += 1
        ending = asyncio.ensure_future(asyncio.to_thread(stdout.readline))
        done, _ = await asyncio.wait([ending], timeout=PATIENCE if kill_after is None else kill_after)
        if not done:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        code = int(await ending)
        if not done and kill_after is None:
            raise AssertionError(f"{' '.join(arguments)} hung: {output.read_text()}")
        self.kills += code == -signal.SIGKILL
        return Ended(code, output.read_text())

    async def to_the_end(self, sandbox: Sandbox, *arguments: str, kills: int, expected: int) -> Ended:
        """Runs a command that is killed so many times, at moments spread over what it takes; then until it ends."""
        for _ in range(kills):
            ended = await self.run(sandbox, *arguments, kill_after=self.chance.uniform(0.02, self.longest))
            if ended.code != -signal.SIGKILL:
                break
        else:
            ended = await self.run(sandbox, *arguments)
        assert ended.code == expected, ended.output
        return ended


@contextmanager
def parent_of_commands() -> Iterator[subprocess.Popen[str]]:
    """The process that commands are forked off."""
    pipe, environment = subprocess.PIPE, uncounted()
    process = subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdin=pipe, stdout=pipe, text=True, env=environment, cwd=ROOT
    )
    with process:
        yield process
