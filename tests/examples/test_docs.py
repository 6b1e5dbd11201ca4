"""The Python in the documentation runs, each page from top to bottom, against a sandbox; its links lead somewhere."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aiotwenty import Twenty
from aiotwenty.cli.app import run as aiotwenty
from aiotwenty.cli.seed_data import seed
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from tests.support.few_objects import OBJECTS
from tests.support.fresh_processes import FreshProcesses
from tests.support.once import once

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OTHERS = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PREAMBLE = re.compile(r"^(?:twenty = Twenty|run = Runner)\(", re.MULTILINE)
FILE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```', re.MULTILINE | re.DOTALL)
IN_THE_REPOSITORY = re.compile(r"\]\(https://github\.com/aiotwenty/aiotwenty/(?:blob|tree)/main/([^)#]+)")
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@dataclass(frozen=True)
class Block:
    """A Python block of a page, with what the page says to type before it."""

    page: Path
    line: int
    source: str
    preamble: str

    def __str__(self) -> str:
        return f"{self.page.stem}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """What comes before the preamble of a page stands alone; what comes after it, after it."""
    text = page.read_text(encoding="utf-8")
    found, preamble = [], ""
    for block in BLOCK.finditer(text):
        found.append(Block(page, text[: block.start()].count("\n") + 2, block[1], preamble))
        if not preamble and PREAMBLE.search(block[1]):
            preamble = block[1]
    return found


WITH_ALL_OBJECTS = ("paging", "your-own-workspace")
"""The pages whose Python reads more than companies, people, deals, notes and tasks."""


def seeded(factory: pytest.TempPathFactory, *, whole: bool) -> Path:
    """The database of a sandbox with companies, people and deals."""

    async def fill(folder: Path) -> None:
        async with (
            Sandbox(folder / "sandbox.db", objects=None if whole else OBJECTS) as sandbox,
            Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as twenty,
        ):
            await seed(twenty, 100, 0)

    name = "whole_workspace_of_the_docs" if whole else "workspace_of_the_docs"
    return once(factory, name, lambda folder: asyncio.run(fill(folder))) / "sandbox.db"


@pytest.fixture
def workspace(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Its address and keys, as environment variables."""
    block = request.node.callspec.params.get("block")
    database = seeded(tmp_path_factory, whole=block is not None and block.page.stem in WITH_ALL_OBJECTS)
    with running_sandbox(database=shutil.copy(database, tmp_path / "sandbox.db")) as sandbox:
        yield {
            "TWENTY_API_URL": sandbox.url,
            "TWENTY_API_KEY": sandbox.api_key,
            "TWENTY_SESSION_TOKEN": sandbox.user_token,
        }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def save_files(page: Path, folder: Path) -> None:
    """The files that a page shows, under their names."""
    for name, content in FILE.findall(page.read_text(encoding="utf-8")):
        (folder / name).write_text(content, encoding="utf-8")


@pytest.fixture(scope="module")
def fresh_processes() -> Iterator[FreshProcesses]:
    with FreshProcesses() as processes:
        yield processes


@pytest.mark.parametrize("block", [block for page in PAGES for block in blocks(page)], ids=str)
def test_a_block_of_python_runs_and_runs_again(
    block: Block, folder: Path, workspace: dict[str, str], fresh_processes: FreshProcesses
) -> None:
    save_files(block.page, folder)
    code, output = fresh_processes.run(block.preamble + block.source, str(block), folder, workspace)
    assert code == 0, output


def commands(page: Path) -> list[tuple[list[str], str | None]]:
    """The arguments of each `aiotwenty` in the shell blocks of a page, and where `| tee` writes what it prints.

    Not of what ends with Ctrl-C, nor of what asks first.
    """
    found = []
    for block in SHELL.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", "").splitlines():
            name, *arguments = shlex.split(line, comments=True) or [""]
            if name != "aiotwenty" or arguments[:2] == ["model", "apply"]:
                continue
            if arguments[0] not in ("login", "playground", "sandbox", "webhook"):
                end = arguments.index("|") if "|" in arguments else len(arguments)
                found.append((arguments[:end], arguments[-1] if arguments[end + 1 : -1] == ["tee"] else None))
    return found


WITH_COMMANDS = [page for page in PAGES if commands(page)]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run(
    page: Path,
    folder: Path,
    workspace: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for variable, value in workspace.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(folder)
    save_files(page, folder)
    for arguments, copy in commands(page):
        code = aiotwenty(arguments)
        # One of the people has no e-mail address, and is a reject of the plan.
        assert code == (4 if "--plan" in arguments else 0), shlex.join(arguments)
        if copy is not None:
            (folder / copy).write_text(capsys.readouterr().out, encoding="utf-8")


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: page.stem)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [target for target in LINK.findall(text) if not (page.parent / target).exists()] == []
    assert [target for target in IN_THE_REPOSITORY.findall(text) if not (ROOT / target).exists()] == []
