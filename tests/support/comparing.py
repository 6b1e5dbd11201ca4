"""Compares two answers of two workspaces: ids, times and names of tables are made alike."""

from __future__ import annotations

import json
import re
from typing import Any

UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_SECRET = re.compile(r"[0-9a-f]{64}|(?<=token=)[\w.]+|(?<=http://127.0.0.1):\d+(?=/file)")
"""And ports, which are those of another server."""
_OWN = frozenset({"id", "createdAt", "updatedAt", "deletedAt", "position"})
"""What each workspace gives a record by itself."""


def plain(value: Any) -> Any:
    """Without what differs from workspace to workspace."""
    text = UUID.sub("UUID", json.dumps(value))
    text = re.sub(r"workspace_\w+\.", "workspace.", text)
    return json.loads(re.sub(r"(FK|IDX)_(X|[0-9a-f]+)", r"\1", text))


def values(answer: Any) -> Any:
    """What was written, without what each workspace gives a record by itself."""
    if isinstance(answer, dict):
        if answer.get("source") == "API" and "name" in answer:
            answer = {**answer, "name": "the key's"}
        return {key: "…" if key in _OWN and value is not None else values(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [values(item) for item in answer]
    return _SECRET.sub("redacted", _TIME.sub("TIME", answer)) if isinstance(answer, str) else answer


def shape(value: Any) -> Any:
    """Keys and JSON types. Of a list, what its elements have in common."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in sorted(value.items())}
    if isinstance(value, list):
        return [merged(list(map(shape, value)))] if value else []
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else type(value).__name__


def merged(shapes: list[Any]) -> Any:
    """One shape for all: a value that is sometimes null has the shape that it has otherwise."""
    if all(isinstance(each, dict) for each in shapes):
        keys = sorted({key for each in shapes for key in each})
        return {key: merged([each[key] for each in shapes if key in each]) for key in keys}
    filled = [each for each in shapes if each not in ("NoneType", [])]
    return filled[0] if filled else shapes[0]


def differences(ours: Any, theirs: Any, place: str = "data") -> list[str]:
    """Where two shapes part; what is null in one workspace may be filled in the other."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = [f"{place}.{key} is only in one" for key in sorted(ours.keys() ^ theirs.keys())]
        return found + [
            each
            for key in sorted(ours.keys() & theirs.keys())
            for each in differences(ours[key], theirs[key], f"{place}.{key}")
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and ours and theirs:
        return differences(ours[0], theirs[0], f"{place}[]")
    null_somewhere = "NoneType" in (ours, theirs) and place.count(".") > 1
    return [] if ours == theirs or null_somewhere else [f"{place}: {ours} is not {theirs}"]
