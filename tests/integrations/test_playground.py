"""The playground in Debian's Chromium, and its page as npm builds it."""

from __future__ import annotations

import asyncio
import filecmp
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty
from aiotwenty.objects import namespaces_of
from aiotwenty.playground import Playground
from aiotwenty.sandbox import Sandbox
from tests.integrations.programs import FOLDER, PYTHON, ROOT

pytestmark = pytest.mark.integrations
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PACKAGE = ROOT / "src" / "aiotwenty" / "playground"


async def visited(pictures: Path) -> dict[str, Any]:
    async with Sandbox() as sandbox, Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
        await twenty.companies.create_many([{"name": name} for name in ("Airbnb", "Figma", "Notion")])
        async with Playground(twenty) as playground:
            program = await asyncio.create_subprocess_exec(
                *(str(PYTHON), str(FOLDER / "browser.py"), str(CHROMIUM), playground.url, str(pictures)),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            out, err = await asyncio.wait_for(program.communicate(), 300)
    assert program.returncode == 0, err.decode()
    seen: dict[str, Any] = json.loads(out)
    assert sandbox.api_key not in out.decode()
    return seen


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What browser.py saw."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    return asyncio.run(visited(tmp_path_factory.mktemp("pictures")))


def test_the_page_loads_nothing_from_elsewhere_and_complains_of_nothing(seen: dict[str, Any]) -> None:
    assert seen["elsewhere"] == []
    assert seen["complaints"] == []
    assert "#" not in seen["address"], "the token leaves the address bar"


def test_a_field_is_completed_an_operation_chosen_and_a_refusal_shown(seen: dict[str, Any]) -> None:
    assert seen["completed"].endswith("{ name")
    assert seen["operations"] == ["FindManyPeople", "CountPeople"]
    assert "nmae" in seen["refused"]


def test_each_object_has_an_example_which_is_chosen_from_a_list(seen: dict[str, Any]) -> None:
    kinds: list[Any] = [namespace.kind for namespace in namespaces_of(Twenty).values()]
    names = {kind.meta.plural for kind in kinds}
    assert set(seen["examples"]) == names
    assert seen["tabs after a look at the examples"] == 1


def test_what_was_typed_is_there_after_a_reload(seen: dict[str, Any]) -> None:
    assert "nmae" in seen["after a reload"]


def test_each_endpoint_has_its_own_documents(seen: dict[str, Any]) -> None:
    assert "currentWorkspace" in seen["data model"]
    assert "nmae" in seen["back"]


def test_a_narrow_screen_and_the_keyboard_do(seen: dict[str, Any]) -> None:
    assert seen["narrow"] <= 400
    assert seen["tab moves on"]
    assert seen["variables"]["height"] > 60, "they can be written"
    assert 0 <= seen["chosen tab"]["x"] < 400


def test_a_query_is_copied_as_python_and_as_curl(seen: dict[str, Any]) -> None:
    assert "await twenty.companies.find_many(first=5, select=CompanyFields)" in seen["python"]
    assert '"$TWENTY_API_URL"' in seen["curl"]
    assert '"Authorization: Bearer $TWENTY_API_KEY"' in seen["curl"]
    assert '"POST", "companies?limit=5", data={"position": None})' in seen["rest"]


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_page_is_what_its_sources_give(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE / "ui", tmp_path / "ui", ignore=shutil.ignore_patterns("node_modules"))
    install = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=tmp_path / "ui", check=True, timeout=240)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=tmp_path / "ui", check=True, timeout=120)
    written = sorted(path.name for path in (PACKAGE / "static").iterdir())
    assert filecmp.cmpfiles(PACKAGE / "static", tmp_path / "static", written, shallow=False) == (written, [], [])
