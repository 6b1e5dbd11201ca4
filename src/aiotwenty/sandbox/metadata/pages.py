"""Pages and filters of the lists of `/metadata`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from graphql import GraphQLError

from aiotwenty.sandbox.model.names import snake

_PREFIX = "arrayconnection:"
_T = TypeVar("_T")


class NodeConnection(Generic[_T]):
    """A page of a list, with cursors that hold only a position (`arrayconnection:9`)."""

    def __init__(self, nodes: Sequence[_T], paging: dict[str, Any], filter: dict[str, Any]) -> None:
        chosen = [node for node in nodes if _passes(node, filter)]
        start, end = 0, len(chosen)
        if paging.get("after") is not None:
            start = max(start, _position(paging["after"]) + 1)
        if paging.get("before") is not None:
            end = min(end, _position(paging["before"]))
        if paging.get("first") is not None:
            end = min(end, start + max(paging["first"], 0))
        if paging.get("last") is not None:
            start = max(start, end - max(paging["last"], 0))
        self.nodes = chosen[start:end]
        self.edges = [{"node": node, "cursor": _cursor(place)} for place, node in enumerate(self.nodes, start)]
        self.page_info = {
            "hasNextPage": bool(self.edges) and end < len(chosen),
            "hasPreviousPage": bool(self.edges) and start > 0,
            "startCursor": self.edges[0]["cursor"] if self.edges else None,
            "endCursor": self.edges[-1]["cursor"] if self.edges else None,
        }


def _cursor(place: int) -> str:
    return base64.b64encode(f"{_PREFIX}{place}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor, validate=True).decode()
        return int(text.removeprefix(_PREFIX))
    except (binascii.Error, ValueError):
        raise GraphQLError("Invalid cursor", extensions={"code": "BAD_USER_INPUT"}) from None


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, wanted: value is wanted,
    "isNot": lambda value, wanted: value is not wanted,
    "eq": lambda value, wanted: bool(value == wanted),
    "neq": lambda value, wanted: bool(value != wanted),
    "gt": lambda value, wanted: bool(value > wanted),
    "gte": lambda value, wanted: bool(value >= wanted),
    "lt": lambda value, wanted: bool(value < wanted),
    "lte": lambda value, wanted: bool(value <= wanted),
    "in": lambda value, wanted: value in wanted,
    "notIn": lambda value, wanted: value not in wanted,
}


def _passes(node: object, filter: dict[str, Any]) -> bool:
    for key, condition in filter.items():
        if condition is None:
            continue
        if key == "and":
            passed = all(_passes(node, alternative) for alternative in condition)
        elif key == "or":
            passed = not condition or any(_passes(node, alternative) for alternative in condition)
        else:
            value = getattr(node, snake(key), None)
            passed = all(_compare(operator, value, wanted) for operator, wanted in condition.items())
        if not passed:
            return False
    return True


def _compare(operator: str, value: Any, wanted: Any) -> bool:
    if operator not in _COMPARE:
        raise GraphQLError(
            f'The sandbox doesn\'t have the filter operator "{operator}"', extensions={"code": "BAD_USER_INPUT"}
        )
    return wanted is None or _COMPARE[operator](value, wanted)
