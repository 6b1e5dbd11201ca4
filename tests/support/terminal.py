"""The command line without a process for each command: what it prints, and how it ends."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Terminal:
    """A shell with a workspace in its environment. Its commands run in a thread, beside the event loop of the test."""

    monkeypatch: pytest.MonkeyPatch
    output: pytest.CaptureFixture[str]

    def connect(self, url: str, key: str = "key") -> None:
        self.monkeypatch.setenv("TWENTY_API_URL", url)
        self.monkeypatch.setenv("TWENTY_API_KEY", key)

    async def run(self, *arguments: str, typed: str = "") -> Ran:
        """One command; `typed` is its standard input."""
        return await asyncio.to_thread(self.run_here, *arguments, typed=typed)

    def run_here(self, *arguments: str, typed: str = "") -> Ran:
        """The same for a test that has no event loop."""
        from aiotwenty.cli.app import run  # of the extra "tools", which not all who run tests have

        with self.monkeypatch.context() as patched:
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode()), encoding="utf-8"))
            code = run(arguments)
        printed = self.output.readouterr()
        return Ran(code, printed.out, printed.err)
