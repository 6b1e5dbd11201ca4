"""Small documents and what the genuine server answered: the same errors, and the same data where something is created.

The recordings call ids `UUID` and positions `P`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support import recorded as recorded_facts
from tests.support.comparing import differences, plain, shape, values
from tests.support.recorded_workspace import Workspace, recorded_workspace

PROBES = recorded_facts.probes()
ENVELOPE = frozenset({"code", "subCode", "message", "summary"})
"""What the recordings keep of the extensions of an error."""

KNOWN_DIFFERENCES: dict[int, str] = {}
"""By the place of the probe, each with its reason."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def workspace(custom_objects: Any) -> AsyncIterator[Workspace]:
    async with recorded_workspace(custom_objects) as made:
        yield made


def described(probe: dict[str, Any]) -> str:
    return json.dumps(probe["variables"] or probe["operation"])[:60]


@pytest.mark.parametrize("place", range(len(PROBES)), ids=lambda place: f"{place}:{described(PROBES[place])}")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_probe_is_answered_as_it_was(place: int, workspace: Workspace) -> None:
    probe = PROBES[place]
    try:
        answer = await workspace.send(probe)
    finally:
        workspace.back()
    found = [] if answer.status == probe["status"] else [f"status {answer.status} is not {probe['status']}"]
    found += compared(answer.body, recorded_body(probe["body"]))

    if place in KNOWN_DIFFERENCES:
        assert found, f"probe {place} is answered as recorded now: take it off the list"
    else:
        assert not found, "\n".join([json.dumps(probe)[:400], *found])


def recorded_body(body: Any) -> Any:
    """A position that was made alike leaves no JSON."""
    return json.loads(body.replace('"position":P', '"position":"P"')) if isinstance(body, str) else body


def compared(ours: Any, theirs: Any) -> list[str]:
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return [] if ours == theirs else [f"{ours!r} is not {theirs!r}"]
    found = []
    if (mine := errors(ours)) != (recorded := errors(theirs)):
        found.append(f"errors\n  {mine}\nare not\n  {recorded}")
    data, expected = ours.get("data", "absent"), theirs.get("data", "absent")
    if isinstance(expected, dict) and any(key.startswith(("create", "update")) for key in expected):
        mine, recorded = plain(values(data)), plain(values(expected))
        return found if mine == recorded else [*found, f"{mine}\nis not\n  {recorded}"]
    return found + differences(shape(data), shape(expected))


def errors(body: dict[str, Any]) -> list[Any]:
    """What the recordings keep of errors."""
    kept = []
    for error in plain(body.get("errors", [])):
        extensions = {key: value for key, value in error.get("extensions", {}).items() if key in ENVELOPE}
        kept.append({"message": error["message"], "extensions": extensions})
    return kept


def test_no_difference_is_known_of_what_was_not_recorded() -> None:
    assert KNOWN_DIFFERENCES.keys() <= set(range(len(PROBES)))
