"""The shapes that every object's reads share: pages and groups."""

from __future__ import annotations

from functools import cached_property
from typing import Generic, TypeVar

from pydantic import ConfigDict

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
    """One group of a `group_by`: the values it stands for and how many records it has, plus any aggregates selected."""

    model_config = ConfigDict(extra="allow")

    group_by_dimension_values: list[Json]
    total_count: int | None = None
