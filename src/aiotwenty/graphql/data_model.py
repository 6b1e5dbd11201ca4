"""Asking `/metadata` for the data model of a workspace: its objects, and of their fields what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiotwenty.errors import UnexpectedResponse
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.operation import Operation

_ALL = "paging:{first:1000}"
"""More than any workspace has; without it the server gives ten (Twenty, July 2026)."""


def data_model(name: str, selection: str) -> Operation:
    """The operation that asks for all objects; `selection` is what of each, with its braces."""
    return compose(name, "query", "objects", None, f"{{edges{{node{selection}}}}}", arguments=_ALL)


def object_nodes(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of an answer. Raises `UnexpectedResponse` for one that has none."""
    try:
        return [edge["node"] for edge in answer["objects"]["edges"]]
    except (KeyError, TypeError) as error:
        raise UnexpectedResponse(f"the data model of the workspace is invalid: {error!r}.") from error
