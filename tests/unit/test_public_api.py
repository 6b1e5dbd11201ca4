"""docs/public-api.md says which names are public: those that the modules say, all of them and no others."""

from __future__ import annotations

import re
from importlib import import_module
from types import ModuleType

import pytest

from aiotwenty import errors
from tests.support.recorded import ROOT

PAGE = (ROOT / "docs" / "public-api.md").read_text("utf-8")
ERRORS = (ROOT / "docs" / "errors.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| `([\w.]+)` \| (.+) \|$", PAGE, re.MULTILINE))
LISTED = [
    "aiotwenty",
    "aiotwenty.bulk",
    "aiotwenty.data.frames",
    "aiotwenty.migrate",
    "aiotwenty.workspace",
    "aiotwenty.workspace.files",
    "aiotwenty.workspace.model",
    "aiotwenty.live",
    "aiotwenty.rest",
    "aiotwenty.served",
    "aiotwenty.webhooks",
    "aiotwenty.fastapi",
    "aiotwenty.sandbox",
]


EXTRAS = {"aiotwenty.fastapi": "fastapi"}
"""Modules that are imported with a library of others, which is not installed everywhere."""


def imported(module: str) -> ModuleType:
    if extra := EXTRAS.get(module):
        pytest.importorskip(extra)
    return import_module(module)


@pytest.mark.parametrize("module", LISTED)
def test_the_page_names_what_a_module_makes_public(module: str) -> None:
    names = set(re.findall(r"`(\w+)`", ROWS[module].partition(":")[0])) - {"twenty_sandbox"}
    assert names == set(imported(module).__all__)


@pytest.mark.parametrize("module", [*LISTED, "aiotwenty.playground"])
def test_what_is_public_is_there(module: str) -> None:
    for name in re.findall(r"`(\w+)`", ROWS[module].partition(";")[0]):
        assert getattr(imported(module), name) is not None
        assert not name.startswith("_") or name == "__version__"


def test_the_index_has_every_public_error_and_warning() -> None:
    """Each has a heading, an explanation below it, and nothing else has a heading there."""
    public = [*vars(errors).values()]
    for module in LISTED:
        if module not in EXTRAS:
            public += (getattr(imported(module), name) for name in imported(module).__all__)
    classes = {each.__name__ for each in public if isinstance(each, type) and issubclass(each, Exception)}
    index = ERRORS[ERRORS.index("## Index") :]
    explained = re.findall(r"^### (\w+)\n\n(?=\w)", index, re.MULTILINE)
    assert len(explained) == len(set(explained))
    assert set(explained) == classes == set(re.findall(r"^### (.+)$", index, re.MULTILINE))
