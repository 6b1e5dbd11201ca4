"""What a clone can rely on: the recordings that other tests stand on are in it, and one version."""

from __future__ import annotations

import os
from importlib.metadata import version

import pytest

import aiotwenty
from tests.support import recorded


def test_every_file_that_the_recordings_explain_is_committed() -> None:
    names = {str(path.relative_to(recorded.COMMITTED)) for path in recorded.COMMITTED.rglob("*") if path.is_file()}
    assert len([name for name in names if name.startswith("exchanges/")]) >= 344
    assert names >= {
        *("FACTS.md", "FACTS-1.10.md", "README.md", "objects.json", "probes.json"),
        *("core.standard.graphql", "core.custom.graphql", "metadata.graphql", "metadata.2.43.graphql"),
    }


def test_the_committed_recordings_are_the_newest() -> None:
    behind = recorded.behind()
    if behind and os.environ.get("CI"):
        pytest.skip(f"newer recordings lie beside this checkout, and were tested; `make recorded` copies {behind}")
    assert not behind, f"tests/recorded is not what lies beside this checkout; run `make recorded`: {behind}"


def test_the_version_that_is_installed_is_the_one_that_the_code_says() -> None:
    assert aiotwenty.__version__ == version("aiotwenty")
