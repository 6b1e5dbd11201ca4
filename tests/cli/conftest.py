"""The commands, run in this process against one sandbox: as a user runs them, without starting Python each time."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aiotwenty.cli.app import run
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from tests.support.few_objects import OBJECTS


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, str]]:
        """The lines of tab-separated fields, by their headings."""
        if not self.out:
            return []
        head, *lines = (line.split("\t") for line in self.out.splitlines())
        return [dict(zip(head, line, strict=True)) for line in lines]


Command = Callable[..., Ran]


@pytest.fixture(scope="module")
def workspace() -> Iterator[Sandbox]:
    with running_sandbox(objects=OBJECTS) as sandbox:
        yield sandbox


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in an empty folder, for a user who has configured nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    for name in ("TWENTY_API_URL", "TWENTY_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def aiotwenty(*arguments: Any, given: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), "utf-8"))
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return aiotwenty


@pytest.fixture
def aiotwenty(bare: Command, workspace: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The same with the workspace in the environment."""
    monkeypatch.setenv("TWENTY_API_URL", workspace.url)
    monkeypatch.setenv("TWENTY_API_KEY", workspace.api_key)
    return bare


@pytest.fixture
def twenty_sandbox_options() -> dict[str, Any]:
    return {"objects": OBJECTS}
