"""Converts responses of REST to the form of GraphQL's, so that the same code reads both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from aiotwenty.errors import SchemaDrift
from aiotwenty.graphql.aggregate import VALUES
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.page import Page, PageInfo
from aiotwenty.graphql.selection import COUNT, Tree
from aiotwenty.graphql.withheld_values import without_restricted
from aiotwenty.rest.requests import TOTAL

# Renamed, because type checkers require literal fields of a TypedDict.
_typed_dict: Any = TypedDict

_WHOLE = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


class PlainPage(NamedTuple):
    """A page that was read without conversion."""

    page: Page[Any]
    body: bytes


def model_of_page(result_type: Any) -> type[Record] | None:
    """The model of a page's records, if they need no conversion; otherwise None."""
    if not (isinstance(result_type, type) and issubclass(result_type, Page)):
        return None
    (model,) = result_type.__pydantic_generic_metadata__["args"] or (None,)
    return model if isinstance(model, type) and issubclass(model, Record) else None


def plain_page(body: bytes, model: type[Record]) -> Page[Any] | None:
    """The page, read in one pass; None if it needs conversion."""
    if without_restricted(body) is not body:
        return None
    try:
        answer = _reader(model).validate_json(body)
    except ValidationError:
        return None
    (records,) = answer["data"].values() if len(answer["data"]) == 1 else (None,)
    if records is None:
        return None
    info: PageInfo = answer["pageInfo"]
    cursors: list[str | None] = [None] * len(records)
    if records:
        cursors[0], cursors[-1] = info.start_cursor, info.end_cursor
    return Page.model_construct(records=records, cursors=cursors, page_info=info, total_count=answer["totalCount"])


@lru_cache(maxsize=1024)
def _reader(model: Any) -> Any:
    data = dict.__class_getitem__((str, list.__class_getitem__(model)))
    return TypeAdapter(_typed_dict("RestPage", {"data": data, "pageInfo": PageInfo, "totalCount": int})).validator


def value_of(kind: str, answer: Any, tree: Tree | None) -> Any:
    """The value that GraphQL's root field would have. `tree` is the selection of related records.

    Raises `SchemaDrift` for a response of an unknown form (Twenty, July 2026).
    """
    try:
        match kind:
            case "find_many":
                return _connection(answer["data"], answer, tree)
            case "find_one":
                value = _only_value(answer["data"])
                return _node(next(iter(value), None) if isinstance(value, list) else value, tree)
            case "find_duplicates":
                return [_connection(_lists(listing), listing, tree) for listing in answer["data"]]
            case "group_by":
                return [_group(group) for group in answer]
            case "restore_one":
                return next(iter(_only_value(answer["data"])), None)
        return _only_value(answer["data"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        drift = SchemaDrift(f"REST answered in a form that is not known ({type(error).__name__}: {error}).")
        drift.answered = True
    raise drift


def _only_value(data: Mapping[str, Any]) -> Any:
    (value,) = data.values()
    return value


def _lists(page: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in page.items() if isinstance(part, list)}


def _connection(data: Mapping[str, Any], page: Mapping[str, Any], tree: Tree | None) -> dict[str, Any]:
    """A page as a connection. Only its first and last record have a cursor."""
    nodes: Iterable[Any] = _only_value(data)
    edges = [{"node": _node(node, tree), "cursor": None} for node in nodes]
    info = page["pageInfo"]
    if edges:
        edges[0]["cursor"], edges[-1]["cursor"] = info.get("startCursor"), info.get("endCursor")
    return {"edges": edges, "pageInfo": info, "totalCount": page["totalCount"]}


def _node(node: Any, tree: Tree | None) -> Any:
    """A record with its lists as connections. A missing list counts as cut, so that it is fetched."""
    if tree is None or not isinstance(node, dict):
        return node
    for name, part in tree.fields.items():
        if part is not None and name in node:
            node[name] = _node(node[name], part)
    for name, list_ in tree.lists.items():
        listed = node.get(name)
        if isinstance(listed, list):
            node[name] = {"edges": [{"node": _node(related, list_.nodes)} for related in listed]}
        else:
            node[name] = {"edges": [], COUNT: 1}
    return node


def _group(group: Mapping[str, Any]) -> dict[str, Any]:
    """A group. REST has counts as texts."""
    made = {name: part if name == VALUES else _number(part) for name, part in group.items()}
    return made | {"totalCount": made.get(TOTAL)}


def _number(value: Any) -> Any:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return value
    return int(value) if _WHOLE.fullmatch(value) else float(value)
