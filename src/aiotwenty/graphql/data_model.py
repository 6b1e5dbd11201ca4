"""Reads the data model of a workspace from `/metadata`: its objects, and a selection of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiotwenty.errors import UnexpectedResponse
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.operation import Operation

_ALL = "paging:{first:1000}"
"""More objects than any workspace has; without a page size, the server returns ten (Twenty, July 2026)."""


def data_model(name: str, selection: str) -> Operation:
    """An operation that reads all objects. `selection` is that of one object, with its braces."""
    return compose(name, "query", "objects", None, f"{{edges{{node{selection}}}}}", arguments=_ALL)


def object_nodes(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of a response. Raises `UnexpectedResponse` if it has none."""
    try:
        return [edge["node"] for edge in answer["objects"]["edges"]]
    except (KeyError, TypeError) as error:
        raise UnexpectedResponse(f"the data model of the workspace is invalid: {error!r}.") from error
