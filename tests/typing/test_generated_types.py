"""mypy strict and pyright accept what is generated, whatever the workspace.

Of names of every kind, `test_type_checkers.py` shows it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.codegen.projects import Project, hostile_project, newest_project
from tests.support.type_checkers import mypy, pyright


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return hostile_project(tmp_path_factory)


@pytest.fixture(scope="session")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return newest_project(tmp_path_factory)


def packages(*projects: Project) -> list[str]:
    return [str(project.folder / project.package) for project in projects]


def test_mypy_accepts_a_whole_workspace(newest: Project) -> None:
    ran = mypy(newest.folder, *packages(newest))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture
def program(hostile: Project, root: Path) -> str:
    text = (root / "tests/typing/hostile_names.txt").read_text()
    hostile.write("mypy.ini", "[mypy]\nplugins = pydantic.mypy\n")
    return str(hostile.write("hostile_names.py", text))


@pytest.mark.soak
def test_mypy_accepts_every_name_with_the_plugin_of_pydantic(hostile: Project, newest: Project, program: str) -> None:
    ran = mypy(hostile.folder, program, *packages(hostile, newest), config="mypy.ini")
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.soak
def test_pyright_accepts_a_whole_workspace(hostile: Project, newest: Project, program: str) -> None:
    ran = pyright(hostile.folder, program, *packages(hostile, newest))
    assert ran.returncode == 0, ran.stdout + ran.stderr
