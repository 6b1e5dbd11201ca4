"""Packages that are generated once for all tests that look at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.codegen.projects import Project, hostile_project
from tests.support.once import once


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return hostile_project(tmp_path_factory)


@pytest.fixture(scope="session")
def newest(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A whole workspace with custom objects, and the newest data model."""

    def generate(folder: Path) -> None:
        project = Project(folder, "newest_crm")
        project.write("schema/core.graphql", (recordings / "core.custom.graphql").read_text())
        project.write("schema/metadata.graphql", (recordings / "metadata.2.43.graphql").read_text())
        project.generate()

    return Project(once(tmp_path_factory, "newest", generate), "newest_crm")
