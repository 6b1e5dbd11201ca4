"""docs/public-api.md says which names are public: those that the modules say, all of them and no others."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from tests.support.recorded import ROOT

PAGE = (ROOT / "docs" / "public-api.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| `([\w.]+)` \| (.+) \|$", PAGE, re.MULTILINE))
LISTED = [
    "aiotwenty",
    "aiotwenty.bulk",
    "aiotwenty.migrate",
    "aiotwenty.workspace",
    "aiotwenty.webhooks",
    "aiotwenty.sandbox",
]


@pytest.mark.parametrize("module", LISTED)
def test_the_page_names_what_a_module_makes_public(module: str) -> None:
    names = set(re.findall(r"`(\w+)`", ROWS[module])) - {"twenty_sandbox"}
    assert names == set(import_module(module).__all__)


@pytest.mark.parametrize("module", [*LISTED, "aiotwenty.playground"])
def test_what_is_public_is_there(module: str) -> None:
    for name in re.findall(r"`(\w+)`", ROWS[module].partition(";")[0]):
        assert getattr(import_module(module), name) is not None
        assert not name.startswith("_") or name == "__version__"
