"""A walk over all records of an object, page by page, in the form that the server wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from typing import Any
from uuid import UUID

from aiotwenty.bulk.raw_page import RawPage
from aiotwenty.bulk.requests import on_its_way
from aiotwenty.bulk.target import Target
from aiotwenty.graphql.document import compose, selection_of
from aiotwenty.graphql.filters import Filter
from aiotwenty.graphql.page import Page
from aiotwenty.records.id_filters import by_ids
from aiotwenty.records.listing import Identity
from aiotwenty.records.paging import Batch, CursorWalk, OrderedWalk


class RawWalk:
    """All records of an object in the order of ids, page by page; the next page is fetched meanwhile."""

    def __init__(
        self,
        target: Target,
        paths: list[str],
        only: Filter | None = None,
        page_size: int | None = None,
        limit: int | None = None,
        parts: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """After `limit` records no further page is requested."""
        names = target.names
        self._parts = parts
        filter_ = {"filter": f"{names.type_name}FilterInput", "first": "Int"}
        node = selection_of(dict.fromkeys(["id", *paths]))
        self._operation = compose(
            f"ReadAll{names.type_name}",
            "query",
            names.plural,
            {**filter_, "after": "String"},
            f"{{edges{{node{node}}}pageInfo{{hasNextPage endCursor}}totalCount}}",
        )
        self._ids = compose(
            f"ReadIds{names.type_name}",
            "query",
            names.plural,
            {**filter_, "orderBy": f"[{names.type_name}OrderByInput]", "offset": "Int"},
            "{edges{node{id}}totalCount}",
        )
        self._endpoint = target.endpoint
        self._answer = b""
        self._only = only
        self._after_resumed: Filter | None = None
        self.total: int | None = None
        self.requests = 0
        self.seen = 0
        self.hidden = 0
        """Records that are counted but that the key can't see."""
        self.restricted = 0
        """Values that the server withheld; they are null."""
        missing_records: OrderedWalk[Identity] = OrderedWalk(
            self._fetch_ids, self._fetch_those, self._fetch_others, page_size, None, names.plural, "skip"
        )
        self._cursors: CursorWalk[Identity] = CursorWalk(self._fetch, page_size, limit, names.plural, missing_records)
        self.position = self._cursors.position

    def resume(self, state: Mapping[str, Any]) -> int:
        """Continues from a saved state. Returns the length of the file at that state."""
        last_id = int(state["last_id"])
        self._cursors.resume(state["cursor"], last_id, state["seen"])
        self._after_resumed = {"id": {"gt": str(UUID(int=last_id))}} if last_id >= 0 else None
        self.position = self._cursors.position
        self.seen = state["seen"]
        self.restricted = state.get("restricted", 0)
        return int(state["bytes"])

    async def _fetch(self, first: int, after: str | None) -> tuple[Page[Identity], int]:
        variables: dict[str, object] = {"first": first}
        if self._only:
            variables["filter"] = self._only
        if after:
            variables["after"] = after
        page = await self._read(variables)
        self.total = page.total_count
        return page, len(self._answer)

    async def _fetch_those(self, ids: list[UUID]) -> tuple[list[Identity], int]:
        page = await self._read({"filter": _both(self._only, by_ids(ids)), "first": len(ids)})
        return page.records, len(self._answer)

    async def _fetch_ids(self, first: int, offset: int, but: Filter | None = None) -> tuple[list[UUID], int | None]:
        variables: dict[str, object] = {"first": first, "offset": offset, "orderBy": [{"id": "AscNullsFirst"}]}
        if only := _both(self._only, self._after_resumed, but):
            variables["filter"] = only
        self.requests += 1
        page: Page[Identity] = await self._endpoint.run(self._ids, Page[Identity], variables)
        return [record.id for record in page.records], page.total_count

    async def _fetch_others(self, ids: list[UUID], first: int) -> tuple[list[UUID], int | None]:
        found, counted = await self._fetch_ids(first, 0, {"not": by_ids(ids)} if ids else None)
        self.hidden = 0 if found else counted or 0
        return found, counted

    async def _read(self, variables: dict[str, object]) -> Page[Identity]:
        self.requests += 1
        page: Page[Identity]
        page, self._answer = await self._endpoint.run_raw(self._operation, Page[Identity], variables)
        return page

    async def pages(self) -> AsyncGenerator[RawPage]:
        """Pages of records, unparsed. `position` is the one after the page returned last."""
        task: asyncio.Future[Batch[Identity]] | None = asyncio.ensure_future(self._cursors.batch())
        try:
            while task is not None:
                batch = await task
                position = self._cursors.position
                page = RawPage(self._answer, self._operation.root or "", len(batch.records), self._parts)
                task = asyncio.ensure_future(batch.following()) if batch.following else None
                await on_its_way()
                self.position = position
                if batch.records:
                    self.seen += len(batch.records)
                    self.restricted += page.restricted
                    yield page
        finally:
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])


def _both(*filters: Filter | None) -> Filter | None:
    wanted = [filter for filter in filters if filter]
    return {"and": wanted} if len(wanted) > 1 else wanted[0] if wanted else None
