"""The shapes that every object's reads share: pages and groups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import ConfigDict, PrivateAttr

from aiotwenty.errors import PaginationError
from aiotwenty.graphql.models import Json, Record

R = TypeVar("R")


class PageInfo(Record):
    """Where a page lies in its list."""

    has_next_page: bool = False
    has_previous_page: bool = False
    start_cursor: str | None = None
    end_cursor: str | None = None


class Edge(Record, Generic[R]):
    """A record and the cursor to go on from it."""

    node: R
    cursor: str | None = None


class Page(Record, Generic[R]):
    """A part of a list of records."""

    edges: list[Edge[R]]
    page_info: PageInfo | None = None
    total_count: int | None = None
    """How many records match the filter in all."""

    @cached_property
    def records(self) -> list[R]:
        """The records of this page, in order."""
        return [edge.node for edge in self.edges]

    @property
    def cursors(self) -> list[str | None]:
        """The cursor of each record, in the order of `records`."""
        return [edge.cursor for edge in self.edges]

    @property
    def has_next_page(self) -> bool:
        """Whether the server says that more records follow."""
        return self.page_info is not None and self.page_info.has_next_page


class Group(Record):
    """One group of a `group_by`: the values it stands for and how many records it has."""

    model_config = ConfigDict(extra="allow")

    group_by_dimension_values: list[Json]
    """The values as the server writes them; `values` are as they are elsewhere."""
    total_count: int | None = None
    _values: list[Json] = PrivateAttr(default_factory=list)

    def model_post_init(self, context: Any) -> None:
        self._values = list(self.group_by_dimension_values)

    @property
    def values(self) -> list[Json]:
        """What its records have in common, in the order of the grouping.

        As JSON has it: options and dates are texts, MULTI_SELECT a list of options, `amountMicros` an int.
        """
        return self._values


async def every_node(fetch: Callable[[str | None], Awaitable[Mapping[str, Any]]], what: str) -> list[dict[str, Any]]:
    """All nodes of a short list, read page by page; `fetch` gives the connection after a cursor, as it came.

    Raises `PaginationError` when the server says that more follow, and not where. Whoever walks over records needs more
    proof than that: `aiotwenty.records.paging`.
    """
    nodes: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await fetch(after)
        nodes += [edge["node"] for edge in page["edges"]]
        info = page["pageInfo"]
        if not info["hasNextPage"]:
            return nodes
        if info["endCursor"] in (None, "", after):
            raise PaginationError(f"{what}: the server says that more follow, and not where.", seen=len(nodes))
        after = info["endCursor"]
