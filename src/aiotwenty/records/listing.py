"""The list of an object's records that match a filter, and walks over it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

from aiotwenty.graphql.document import selecting
from aiotwenty.graphql.filters import Filter
from aiotwenty.graphql.models import UNSET, UUID, Record
from aiotwenty.graphql.operation import Operation
from aiotwenty.graphql.page import Page
from aiotwenty.records.id_filters import by_ids
from aiotwenty.records.paging import CursorWalk, Hidden, OrderedWalk, Walk

if TYPE_CHECKING:
    from aiotwenty.graphql.endpoint import Endpoint

R = TypeVar("R", bound=Record)

ReadPage: TypeAlias = "Callable[[Mapping[str, object]], Awaitable[tuple[Page[R], int]]]"
# Quoted, because naming such a page builds its class.
_BY_ID = [{"id": "AscNullsFirst"}]


class Identity(Record):
    """A record whose id alone is read."""

    id: UUID


class Listing(NamedTuple, Generic[R]):
    """The records that match a filter. `read` returns a page for the operation's variables, and its size in bytes."""

    endpoint: Endpoint
    operation: Operation
    read: ReadPage[R]
    only: Filter | None
    what: str

    def walk(
        self,
        order: Sequence[object] | None = None,
        page_size: int | None = None,
        limit: int | None = None,
        hidden: Hidden = "raise",
        *,
        first_page: int | None = None,
    ) -> Walk[R]:
        """Every record once, or `PaginationError`. Pages become smaller, from `first_page` on, if they are large."""
        ordered: OrderedWalk[R] = OrderedWalk(
            partial(self._ids, order or _BY_ID),
            self._those,
            self._others,
            page_size,
            limit,
            self.what,
            hidden,
            first_page=first_page,
        )
        if order or hidden == "skip":
            return Walk(ordered.start, limit)
        cursors: CursorWalk[R] = CursorWalk(
            self._page, page_size, limit, self.what, again=ordered, first_page=first_page
        )
        return Walk(cursors.batch, limit)

    async def _page(self, first: int, after: str | None) -> tuple[Page[R], int]:
        return await self.read({"filter": self.only or UNSET, "first": first, "after": after or UNSET})

    async def _ids(
        self, order: Sequence[object], first: int, offset: int, only: Filter | None = None
    ) -> tuple[list[UUID], int | None]:
        ids = selecting(self.operation, "{edges{node{id}}totalCount}")
        variables = {
            "filter": only or self.only or UNSET,
            "orderBy": order,
            "first": first,
            "offset": offset or UNSET,
        }
        page: Page[Identity] = await self.endpoint.run(ids, Page[Identity], variables)
        return [record.id for record in page.records], page.total_count

    async def _others(self, ids: list[UUID], first: int) -> tuple[list[UUID], int | None]:
        """The ids other than these, and the server's count of them."""
        others = {"not": {"id": {"in": ids}}} if ids else None
        both = {"and": [self.only, others]} if self.only and others else self.only or others
        return await self._ids(_BY_ID, first, 0, both)

    async def _those(self, ids: list[UUID]) -> tuple[list[R], int]:
        those = by_ids(ids)
        page, size = await self.read({"filter": {"and": [self.only, those]} if self.only else those, "first": len(ids)})
        return page.records, size
