"""What was recorded of genuine servers: facts, schemas, the data model, exchanges and probes (see its README).

Newer recordings may lie beside the checkout where the project is developed. The tests read those then, and the
committed copy everywhere else; `make recorded` renews the copy.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "tests" / "recorded"
BESIDE = ROOT.parent / "shared" / "twenty"
RECORDED = BESIDE if BESIDE.is_dir() else COMMITTED
CASES_BESIDE = ROOT.parent / "shared" / "cases"
CASES = CASES_BESIDE if CASES_BESIDE.is_dir() else COMMITTED / "cases"
"""Files to load, as people have them; its README says what is to come of each."""


def text(name: str) -> str:
    """The text of a recorded file, as `core.custom.graphql`."""
    return (RECORDED / name).read_text("utf-8")


def objects() -> list[dict[str, Any]]:
    """The objects of the recorded workspace, as its `/metadata` describes them."""
    return list(json.loads(text("objects.json")))


def probes() -> list[dict[str, Any]]:
    """Small documents and what a genuine server answered."""
    return list(json.loads(text("probes.json")))


def exchange_names() -> list[str]:
    """The names of all recorded exchanges, sorted."""
    return sorted(path.stem for path in (RECORDED / "exchanges").glob("*.json"))


def exchange(name: str) -> dict[str, Any]:
    """A recorded request with its answer."""
    return dict(json.loads(text(f"exchanges/{name}.json")))


def exchanges() -> list[dict[str, Any]]:
    """All recorded exchanges, by name."""
    return [exchange(name) for name in exchange_names()]


def behind() -> list[str]:
    """The files of the committed copy that are not what lies beside the checkout: changed, missing, or too many."""
    newest, committed = _files(RECORDED), _files(COMMITTED)
    return sorted(name for name in newest.keys() | committed.keys() if newest.get(name) != committed.get(name))


def _files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "cases")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}
