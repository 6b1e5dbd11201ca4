"""Converts the operations of a namespace to requests for `/rest`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from pydantic_core import from_json, to_json

from aiotwenty.records.object_meta import ObjectMeta
from aiotwenty.rest.raw import Method
from aiotwenty.rest.syntax import Unsayable, filter_text, order_text

MOST = 200
"""The most records of a response: others are cut off silently (Twenty, July 2026)."""
LONGEST = 7_900
"""The most characters of an address that every server and proxy accepts."""
TOTAL = "countNotEmptyId"
"""The aggregate for the number of records of a group, because all have an id."""


@dataclass(frozen=True)
class Request:
    """A request, with its `query` not encoded yet."""

    method: Method
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    data: Any = None
    reads: bool = False

    @property
    def query_text(self) -> str:
        """The encoded query. Raises `Unsayable` if it is too long for an address."""
        # These characters stay, because lists of ids are then half as long.
        text = urlencode(self.query, safe=",:[]()@/")
        if len(text) > LONGEST:
            raise Unsayable
        return text


def request_of(
    kind: str, meta: ObjectMeta, arguments: Mapping[str, Any], depth: int, names: tuple[str, ...]
) -> Request:
    """The request for an operation with its variables, which are plain JSON.

    `names` are the aggregates of a grouping. Raises `Unsayable` for operations that REST lacks. Soft deletion goes over
    GraphQL, because a server without `soft_delete` would destroy.
    """
    plural = meta.plural
    match kind:
        case "find_many":
            return Request("GET", plural, _page(arguments) | _depth(depth), reads=True)
        case "find_one":
            match arguments.get("filter"):
                case {"id": {"eq": str(one), **more}, **others} if not more and not others:
                    return Request("GET", f"{plural}/{one}", _depth(depth), reads=True)
            return Request("GET", plural, _only(arguments) | {"limit": "1"} | _depth(depth), reads=True)
        case "create_one" | "create_many":
            path = plural if kind == "create_one" else f"batch/{plural}"
            query = {"upsert": "true"} if arguments.get("upsert") else {}
            return Request("POST", path, query, arguments["data"])
        case "update_one":
            return Request("PATCH", f"{plural}/{arguments['id']}", data=arguments["data"])
        case "update_many":
            return Request("PATCH", plural, _only(arguments), arguments["data"])
        case "destroy_one":
            return Request("DELETE", f"{plural}/{arguments['id']}")
        case "destroy_many":
            return Request("DELETE", plural, _needed(arguments))
        case "restore_one":
            return Request("PATCH", f"restore/{plural}", {"filter": f"id[eq]:{arguments['id']}"}, {})
        case "restore_many":
            return Request("PATCH", f"restore/{plural}", _needed(arguments), {})
        case "find_duplicates":
            return Request("POST", f"{plural}/duplicates", data=dict(arguments), reads=True)
        case "merge_many":
            return Request("PATCH", f"{plural}/merge", data=dict(arguments), reads=arguments.get("dryRun") is True)
        case "group_by":
            return Request("GET", f"{plural}/groupBy", _grouping(arguments, names), reads=True)
    raise Unsayable


def _page(arguments: Mapping[str, Any]) -> dict[str, str]:
    if arguments.get("offset") is not None:
        raise Unsayable
    query = _only(arguments)
    if order := order_text(arguments.get("orderBy")):
        query["order_by"] = order
    size = arguments.get("last") if arguments.get("before") else arguments.get("first")
    size = MOST if size is None else size
    if isinstance(size, int) and not 0 <= size <= MOST:
        raise Unsayable
    query["limit"] = str(size)
    for name, parameter in (("after", "starting_after"), ("before", "ending_before")):
        if arguments.get(name):
            query[parameter] = arguments[name]
    return query


def _only(given: Mapping[str, Any]) -> dict[str, str]:
    text = filter_text(given.get("filter"))
    return {"filter": text} if text else {}


def _needed(given: Mapping[str, Any]) -> dict[str, str]:
    """The filter of a request that removes records, which REST requires."""
    if not (only := _only(given)):
        raise Unsayable
    return only


def _depth(depth: int) -> dict[str, str]:
    return {"depth": str(depth)}


def _grouping(given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    wanted = [TOTAL, *(name for name in names if name not in ("totalCount", TOTAL))]
    query = {"group_by": to_json(given["groupBy"]).decode(), "aggregate": to_json(wanted).decode(), **_only(given)}
    if order := given.get("orderBy"):
        text = to_json(order).decode().replace('"totalCount"', f'"{TOTAL}"')
        query["order_by"] = to_json(from_json(text)).decode()
    if (limit := given.get("limit")) is not None:
        query["limit"] = str(limit)
    return query
