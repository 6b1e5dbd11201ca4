"""Processes that have imported aiotwenty and done nothing yet, for code that is to run as in a fresh interpreter.

`python -m tests.support.fresh_processes` reads a job as a line of JSON, forks, and lets the child run it: importing is
done once for all. A job is run twice in the child, each time with no names, as who types it again would run it.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import gc
import importlib
import inspect
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from tests.support.uncounted import uncounted

IMPORTED = (
    "aiotwenty.bulk.feed.changes",
    "aiotwenty.bulk.loading",
    "aiotwenty.client",
    "aiotwenty.migrate.plan",
    "aiotwenty.rest.rest",
    "aiotwenty.runner",
    "aiotwenty.served.named",
    "aiotwenty.webhooks.receiver",
    "aiotwenty.workspace.attachments",
    "aiotwenty.workspace.files",
    "aiotwenty.workspace.workspace",
    "aiotwenty.core.objects.company",
    "aiotwenty.core.objects.opportunity",
    "aiotwenty.core.objects.person",
    "aiotwenty.core.objects.workspace_member",
    "aiotwenty.core.operations",
    # What is imported by others when they are first used.
    "encodings.idna",
    "importlib.metadata",
    "pydantic.plugin._loader",
)
TIMES = 2


class FreshProcesses:
    """`run` gives the exit code and all that was printed."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-W", "error", "-m", "tests.support.fresh_processes"]
        pipe = subprocess.PIPE
        # What is forked would write its lines into one file of coverage.
        self._server = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=uncounted())
        return self

    def run(self, source: str, name: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
        """Run a source, which may have `await` at its top level, in a folder."""
        output = folder.with_suffix(".out")
        job: dict[str, Any] = {"source": source, "name": name, "folder": str(folder), "output": str(output)}
        job["environment"] = dict(environment)
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{json.dumps(job)}\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline()), output.read_text("utf-8")

    def __exit__(self, *failure: object) -> None:
        self._server.communicate()


def prepare(*modules: str) -> None:
    """Imports what most programs need, and these modules, so that what is forked off needn't."""
    for module in (*IMPORTED, *modules):
        importlib.import_module(module)
    _build_models()
    gc.freeze()
    gc.set_threshold(20_000)


def main() -> None:
    prepare()
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if not child:
            _child(job)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def _build_models() -> None:
    """Of what most pages write and read; they are built when they are first used."""
    from aiotwenty import core

    models = (core.Company, core.Person, core.Opportunity, core.CompanyCreateInput, core.PersonCreateInput)
    for model in (*models, core.CompanyFilterInput, core.PersonFilterInput):
        with contextlib.suppress(ValidationError):
            model.model_validate({})


def _child(job: dict[str, Any]) -> None:
    output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(job["folder"])
    os.environ.update(job["environment"])
    failed = False
    try:
        code = compile(job["source"], job["name"], "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        for _ in range(TIMES):
            _run(lambda names: eval(code, names), bool(code.co_flags & inspect.CO_COROUTINE))
    except BaseException:
        traceback.print_exc()
        failed = True
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(failed)


def _run(block: Callable[[dict[str, Any]], Any], awaits: bool) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}

    async def awaited() -> None:
        await block(names)
        await _closed(names)

    if awaits:
        asyncio.run(awaited())
    else:
        block(names)
        asyncio.run(_closed(names))


async def _closed(names: Mapping[str, Any]) -> None:
    """As at the end of a console."""
    from aiotwenty import Runner
    from aiotwenty.client import Client

    for value in names.values():
        if isinstance(value, Client):
            await value.aclose()
        if isinstance(value, Runner):
            await asyncio.to_thread(value.close)


if __name__ == "__main__":
    main()
