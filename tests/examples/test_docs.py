"""The Python in the documentation runs, each page from top to bottom, against a sandbox; its links lead somewhere."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
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
    async with Sandbox() as sandbox:
        monkeypatch.setenv("TWENTY_API_URL", sandbox.url)
        monkeypatch.setenv("TWENTY_API_KEY", sandbox.api_key)
        async with Twenty() as client:
            yield client


async def run(source: str, page: Path, line: int, names: dict[str, Any]) -> None:
    """Run one block, with await at its top level."""
    code = compile("\n" * line + source, page.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
