"""Packages that are generated once for all tests that look at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.codegen.hostile_names import HOSTILE
from tests.codegen.projects import Project


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A workspace with names of every kind."""
    project = Project.of(tmp_path_factory.mktemp("hostile"), HOSTILE)
    project.generate()
    return project


@pytest.fixture(scope="session")
def newest(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A whole workspace with custom objects, and the newest data model."""
    project = Project(tmp_path_factory.mktemp("newest"))
    project.write("schema/core.graphql", (shared / "core.custom.graphql").read_text())
    project.write("schema/metadata.graphql", (shared / "metadata.2.43.graphql").read_text())
    project.generate()
    return project
