"""mypy strict and pyright accept what is generated, whatever the workspace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.codegen.projects import Project

# Shared by all runs: what is not the workspace's has to be read once only.
CACHE = Path(__file__).parents[2] / ".mypy_cache" / "of a user"


@pytest.fixture(scope="module")
def projects(hostile: Project, newest: Project) -> list[Project]:
    """A program that uses names of every kind, and with it what else there is: starting a checker takes longest."""
    program = f"""
from typing import assert_type
from {hostile.package} import Any, Class, ClassCreateInput, ClassFilterInput, Client, None_
from {hostile.package} import StringFilter, Twenty, Twenty_

async def main() -> None:
    async with Twenty() as twenty:
        made = await twenty.classs.create_one(ClassCreateInput(class_="x", self_="y", kwargs_="z", list_="l"))
        assert_type(made, Class)
        assert_type((await twenty.anys.find_many()).records, list[Any])
        page = await twenty.classs.find_many(filter=ClassFilterInput(from_=StringFilter(eq="x")))
        assert_type(page.records[0].int_, str | None)
        assert_type(await twenty.core.find_one_none(filter=...), None_)  # type: ignore[arg-type]
        assert_type(await twenty.files_.count(), int)
        assert_type((await twenty.twentys.find_one("8a9df7e0-2f5a-4c6e-8f5c-2b0fa4a6d111")), Twenty_)
        assert_type((await twenty.clients.find_many()).records, list[Client])
"""
    hostile.write("program.py", program)
    hostile.write("mypy.ini", "[mypy]\nplugins = pydantic.mypy\n")
    return [hostile, newest]


@pytest.mark.parametrize(
    "checker",
    [
        ["mypy", "--strict", "--config-file", "mypy.ini", "--cache-dir", str(CACHE)],
        ["pyright", "--pythonpath", sys.executable],
    ],
    ids=["mypy", "pyright"],
)
def test_type_checkers_accept_every_name(projects: list[Project], checker: list[str]) -> None:
    paths = ["program.py", *(str(project.folder / project.package) for project in projects)]
    ran = subprocess.run(
        [sys.executable, "-m", *checker, *paths], cwd=projects[0].folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
