"""Projects of a user: a folder with schemas, operations and a configuration, generated and imported."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aiotwenty.codegen.config import make_config
from aiotwenty.codegen.generate import GenerateReport, generate
from tests.codegen.hostile_names import HOSTILE
from tests.codegen.workspaces import METADATA_SDL, Thing, core_sdl
from tests.support import recorded
from tests.support.once import once

_names = (f"crm_{number}" for number in itertools.count())

ROCKET = Thing("rocket", "rockets", ("name", "fuel"), ("NEW", "FLOWN"), {"thrust": "BigFloat", "launchedOn": "Date"})


@dataclass
class Project:
    """One project in a folder of its own."""

    folder: Path
    package: str = field(default_factory=lambda: next(_names))
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        folder: Path,
        things: Sequence[Thing] = (ROCKET,),
        metadata: str = METADATA_SDL,
        package: str | None = None,
        **settings: Any,
    ) -> Project:
        project = cls(folder, package or next(_names), settings)
        project.write("schema/core.graphql", core_sdl(things))
        project.write("schema/metadata.graphql", metadata)
        return project

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def generate(self) -> GenerateReport:
        return generate(make_config({"package": f"./{self.package}", **self.settings}, self.folder / "codegen.toml"))

    def files(self) -> dict[str, bytes]:
        """Everything the project holds, except what Python leaves behind."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }

    @contextmanager
    def imported(self) -> Iterator[ModuleType]:
        """The package, for as long as it is needed."""
        sys.path.insert(0, str(self.folder))
        importlib.invalidate_caches()
        try:
            yield importlib.import_module(self.package)
        finally:
            sys.path.remove(str(self.folder))
            for name in [each for each in sys.modules if each.split(".")[0] == self.package]:
                del sys.modules[name]


def hostile_project(factory: pytest.TempPathFactory) -> Project:
    """A workspace with names of every kind, generated once."""

    def generate(folder: Path) -> None:
        Project.of(folder, HOSTILE, package="hostile_crm").generate()

    return Project(once(factory, "hostile", generate), "hostile_crm")


def newest_project(factory: pytest.TempPathFactory) -> Project:
    """A whole workspace with custom objects, and the newest data model, generated once."""

    def generate(folder: Path) -> None:
        project = Project(folder, "newest_crm")
        project.write("schema/core.graphql", recorded.text("core.custom.graphql"))
        project.write("schema/metadata.graphql", recorded.text("metadata.2.43.graphql"))
        project.generate()

    return Project(once(factory, "newest", generate), "newest_crm")
