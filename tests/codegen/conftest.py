"""Packages that are generated once for all tests that look at them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.codegen.projects import Project, hostile_project, newest_project
from tests.support.few_objects import OBJECTS


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return hostile_project(tmp_path_factory)


@pytest.fixture(scope="session")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return newest_project(tmp_path_factory)


@pytest.fixture
def twenty_sandbox_options() -> dict[str, Any]:
    return {"objects": OBJECTS}
