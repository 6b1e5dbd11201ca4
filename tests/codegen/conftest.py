"""Packages that are generated once for all tests that look at them."""

from __future__ import annotations

import pytest

from tests.codegen.projects import Project, hostile_project, newest_project


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return hostile_project(tmp_path_factory)


@pytest.fixture(scope="session")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return newest_project(tmp_path_factory)
