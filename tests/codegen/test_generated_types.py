"""mypy strict and pyright accept what is generated, whatever the workspace."""

from __future__ import annotations

import pytest

from tests.codegen.projects import Project
from tests.support.type_checkers import mypy, pyright


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


def packages(projects: list[Project]) -> list[str]:
    return [str(project.folder / project.package) for project in projects]


def test_mypy_accepts_every_name(projects: list[Project]) -> None:
    ran = mypy(projects[0].folder, "program.py", *packages(projects))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.soak
def test_mypy_accepts_every_name_with_the_plugin_of_pydantic(projects: list[Project]) -> None:
    ran = mypy(projects[0].folder, "program.py", *packages(projects), config="mypy.ini")
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("of", [1, pytest.param(2, marks=pytest.mark.soak)], ids=["hostile names", "all"])
def test_pyright_accepts_every_name(projects: list[Project], of: int) -> None:
    ran = pyright(projects[0].folder, "program.py", *packages(projects[:of]))
    assert ran.returncode == 0, ran.stdout + ran.stderr
