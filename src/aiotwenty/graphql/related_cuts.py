"""Finds related records that the server may have cut off, which it does not report."""

from __future__ import annotations

import re
import sys
import warnings
from collections import defaultdict
from typing import Any

from aiotwenty.errors import RelationCut

_CUT = 60
_CUT_OLDER = 200
# A string is one token, because it may contain what looks like others.
_TOKENS = re.compile(r'"(?:\\.|[^"\\])*(?:"|$)|[{}]|\b(?:edges|fragment)\b')


def has_related_lists(document: str) -> bool:
    """Whether a document may select a list of related records: `edges` below a root field's own, or in a fragment."""
    depth, fragment = 0, False
    for token in _TOKENS.findall(document):
        if token == "edges" and (fragment or depth > 2):
            return True
        if token == "fragment" and depth == 0:
            fragment = True
        depth += (token == "{") - (token == "}")
        if token == "}" and depth == 0:
            fragment = False
    return False


def report_cut(data: object, operation: str) -> None:
    """Warns (`RelationCut`) about every relation in a response that may be incomplete."""
    lists: dict[str, list[dict[str, Any]]] = defaultdict(list)
    _collect(data, "", lists)
    cut = sorted(path for path, connections in lists.items() if _may_be_cut(connections))
    if cut:
        warnings.warn(
            f"{operation}: {', '.join(cut)} may be incomplete: the server returns at most 60 related records of each "
            "record, and does not say that there are more. Fetch them with a filter on the other side.",
            RelationCut,
            stacklevel=level_of_the_caller(),
        )


def level_of_the_caller() -> int:
    """The `stacklevel` of the caller's line: Python shows a warning once for each line."""
    level, frame = 0, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("aiotwenty."):
        level, frame = level + 1, frame.f_back
    return level + 1


def _may_be_cut(connections: list[dict[str, Any]]) -> bool:
    sizes = [len(connection["edges"]) for connection in connections]
    counts = [count for each in connections if isinstance(count := each.get("countUniqueValuesId"), int)]
    if len(counts) == len(sizes):
        return any(count > size for count, size in zip(counts, sizes, strict=True))
    return _CUT in sizes or sum(sizes) == _CUT_OLDER * len(sizes)


def _collect(value: object, path: str, lists: dict[str, list[dict[str, Any]]]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, path, lists)
    elif isinstance(value, dict):
        # The list of a root field is not a relation.
        if "." in path and isinstance(value.get("edges"), list):
            lists[path].append(value)
        for name, item in value.items():
            plain = name in ("edges", "node", "data")
            _collect(item, path if plain else f"{path}.{name}".lstrip("."), lists)
