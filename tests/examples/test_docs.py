"""The Python in the documentation runs, each page from top to bottom, against a sandbox; its links lead somewhere."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from aiotwenty import Twenty
from aiotwenty.cli.app import run as aiotwenty
from aiotwenty.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OTHERS = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@pytest_asyncio.fixture
async def twenty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Twenty]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "companies.csv").write_text(
        "Name,Website,Revenue,City\nAir,https://air.example,12.5,Oslo\nBee,https://bee.example,,Rome\n"
    )
    (tmp_path / "people.csv").write_text(
        "First name,Email,Company website\nAna,ana@air.example,https://air.example\nBo,no address,https://bee.example\n"
    )
    (tmp_path / "firmen.csv").write_text("Firma;Umsatz;Webseite\nNordwind;1.234,56 €;https://nordwind.example\n")
    (tmp_path / "leads.csv").write_text("First name,Email\nCleo,cleo@nordwind.example\n")
    (tmp_path / "mine.toml").write_text('[people]\n"First name" = "name.firstName"\n"Email" = "emails"\n')
    async with Sandbox() as sandbox:
        monkeypatch.setenv("TWENTY_API_URL", sandbox.url)
        monkeypatch.setenv("TWENTY_API_KEY", sandbox.api_key)
        async with Twenty() as client:
            yield client


async def run(source: str, page: Path, line: int, names: dict[str, Any]) -> None:
    """Run one block, with await at its top level."""
    code = compile("\n" * line + source, page.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if "asyncio.run(" in source:  # a whole program, with a loop of its own
        await asyncio.to_thread(eval, code, names)
        return
    result = eval(code, names)
    if inspect.iscoroutine(result):
        await result


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_the_python_of_a_page_runs(page: Path, twenty: Twenty) -> None:
    text = page.read_text(encoding="utf-8")  # noqa: ASYNC240
    names: dict[str, Any] = {}
    for block in BLOCK.finditer(text):
        # Some blocks show how a client is opened and closed; the others use one that is open.
        names["twenty"] = twenty
        await run(block[1], page, text[: block.start()].count("\n") + 1, names)
    for value in names.values():
        if isinstance(value, Twenty):
            await value.aclose()


def commands(page: Path) -> list[list[str]]:
    """The arguments of each `aiotwenty` in the shell blocks of a page, up to a pipe. Not of what ends with Ctrl-C."""
    found = []
    for block in SHELL.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", "").splitlines():
            name, *arguments = shlex.split(line, comments=True) or [""]
            if name == "aiotwenty" and arguments[0] not in ("sandbox", "playground"):
                found.append(arguments[: arguments.index("|")] if "|" in arguments else arguments)
    return found


WITH_COMMANDS = [page for page in PAGES if commands(page)]


@pytest.mark.usefixtures("twenty")
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
async def test_the_commands_of_a_page_run(page: Path, tmp_path: Path) -> None:
    (tmp_path / "find.graphql").write_text(
        "query($name: String) { companies(filter: {name: {eq: $name}}) { edges { node { id } } } }"
    )
    (tmp_path / "variables.json").write_text('{"name": "Air"}')
    plan = re.search(r'write_text\("""(.*?)"""', page.read_text(encoding="utf-8"), re.DOTALL)  # noqa: ASYNC240
    if plan:
        (tmp_path / "import.toml").write_text(plan[1])
    # One of the people has no e-mail address, and is a reject of the plan.
    wanted = {shlex.join(one): 4 if "--plan" in one else 0 for one in commands(page)}
    assert {line: await asyncio.to_thread(aiotwenty, shlex.split(line)) for line in wanted} == wanted


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: page.stem)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
