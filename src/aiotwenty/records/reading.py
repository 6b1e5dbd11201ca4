"""Reading the records of an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from aiotwenty.errors import InvalidArgument, NotFoundError
from aiotwenty.graphql.document import selecting
from aiotwenty.graphql.filters import Filter
from aiotwenty.graphql.models import UNSET, UUID, Input, Record
from aiotwenty.graphql.operation import Operation
from aiotwenty.graphql.page import Page
from aiotwenty.records.base import Namespace, by_id
from aiotwenty.records.filters import by_ids
from aiotwenty.records.inputs import as_models, in_turn
from aiotwenty.records.paging import CursorWalk, Hidden, OrderedWalk, Walk

R = TypeVar("R", bound=Record)
F = TypeVar("F", bound=Input)
O = TypeVar("O", bound=Input)  # noqa: E741
G = TypeVar("G", bound=Input)

_BY_ID = [{"id": "AscNullsFirst"}]


class Reads(Namespace[R], Generic[R, F, O, G]):
    """Finding, counting, grouping and walking over records."""

    async def find_many(
        self,
        *,
        filter: F | Mapping[str, Any] | None = None,
        order_by: O | Mapping[str, Any] | Sequence[O | Mapping[str, Any]] | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        offset: int | None = None,
    ) -> Page[R]:
        """One page, of 200 records when `first` is not given. To read everything, use `iterate`.

        Of several orders the first counts most: those of a list and the keys of a mapping, but not the fields of one
        model, which come in the order of the schema.

        Cursors are exact without `order_by` only; `offset` is exact with it, too (Twenty, July 2026).
        """
        if last is not None and before is None:
            # The server would return the first ones (Twenty, July 2026).
            raise InvalidArgument(
                "`last` needs `before`: for the last records of all, turn the order around and use `first`."
            )
        variables: dict[str, object] = {
            "filter": self._filter(filter),
            "orderBy": self._order(order_by),
            "first": first,
            "after": after,
            "last": last,
            "before": before,
            "offset": offset,
        }
        given = {name: value for name, value in variables.items() if value is not None}
        page: Page[R] = await self._run("find_many", self._page, given)
        return page

    def iterate(
        self,
        *,
        filter: F | Mapping[str, Any] | None = None,
        order_by: O | Mapping[str, Any] | Sequence[O | Mapping[str, Any]] | None = None,
        page_size: int | None = None,
        limit: int | None = None,
        hidden: Hidden = "raise",
    ) -> Walk[R]:
        """Every record once, or `PaginationError`.

        Without `order_by` in the order of ids: records created during the walk may or may not come (at the end, out
        of order), deleted ones don't. With `order_by` it is the records and the order of the moment it starts; those
        deleted meanwhile are left out. Pages have 1,000 records (fewer where they are large), and the next one is
        fetched while this one is worked on. A walk that is left early ends by itself, or at once with `aclose()`.

        Records that are counted but not given, because the key may not see them, raise `HiddenRecords`; with
        `hidden="skip"` the others come, of the moment that the walk starts.
        """
        if hidden not in ("raise", "skip"):
            raise InvalidArgument(f'hidden is "raise" or "skip", not {hidden!r}.')
        if page_size is not None and page_size < 1:
            raise InvalidArgument("page_size must be at least 1.")
        if limit is not None and limit < 0:
            raise InvalidArgument("limit must not be negative.")
        operation = self.meta.operation("find_many")
        only = self._filter(filter)
        order = self._order(order_by)
        what = self.meta.plural
        ordered: OrderedWalk[R] = OrderedWalk(
            partial(self._fetch_ids, operation, only, order or _BY_ID),
            partial(self._fetch_those, operation, only),
            partial(self._fetch_others, operation, only),
            page_size,
            limit,
            what,
            hidden,
        )
        if order or hidden == "skip":
            return Walk(ordered.start, limit)
        cursors: CursorWalk[R] = CursorWalk(
            partial(self._fetch_page, operation, only), page_size, limit, what, again=ordered
        )
        return Walk(cursors.batch, limit)

    async def find_one(
        self,
        id: UUID | str | None = None,
        *,
        filter: F | Mapping[str, Any] | None = None,
    ) -> R:
        """The record with that id, or the first that matches the filter. Raises `NotFoundError` if there is none."""
        if (id is None) == (filter is None):
            raise InvalidArgument("find_one needs an id or a filter, and not both.")
        only = by_id(id) if id is not None else self._filter(filter)
        record: R | None = await self._run("find_one", self._record | None, {"filter": only})
        if record is None:
            raise NotFoundError(
                f"no such record among {self.meta.plural}.", operation=self.meta.operation("find_one").name
            )
        return record

    async def count(self, filter: F | Mapping[str, Any] | None = None) -> int:
        """How many records match."""
        operation = selecting(self.meta.operation("find_many"), "{totalCount}")
        only = self._filter(filter)
        found: Total = await self._endpoint.run(operation, Total, {} if only is None else {"filter": only})
        return found.total_count

    def _order(self, value: O | Mapping[str, Any] | Sequence[O | Mapping[str, Any]] | None) -> list[O] | None:
        if value is None:
            return None
        models: list[O] = as_models(in_turn(value), self.meta.model("order_by"), "order_by")
        return [model for model in models if model.model_fields_set]

    async def _fetch_page(
        self, operation: Operation, only: Filter | None, first: int, after: str | None
    ) -> tuple[Page[R], int]:
        variables = {"filter": only or UNSET, "first": first, "after": after or UNSET}
        page, answer = await self._endpoint.run_raw(operation, self._page, variables)
        return page, len(answer)

    async def _fetch_ids(
        self, operation: Operation, only: Filter | None, order: Sequence[object], first: int, offset: int
    ) -> tuple[list[UUID], int | None]:
        ids = selecting(operation, "{edges{node{id}}totalCount}")
        variables = {"filter": only or UNSET, "orderBy": order, "first": first, "offset": offset or UNSET}
        page: Page[Identity] = await self._endpoint.run(ids, Page[Identity], variables)
        return [record.id for record in page.records], page.total_count

    async def _fetch_others(
        self, operation: Operation, only: Filter | None, ids: list[UUID], first: int
    ) -> tuple[list[UUID], int | None]:
        """All but those: the ids that are given, and how many are counted."""
        others = {"not": {"id": {"in": ids}}} if ids else None
        both = {"and": [only, others]} if only and others else only or others
        return await self._fetch_ids(operation, both, _BY_ID, first, 0)

    async def _fetch_those(self, operation: Operation, only: Filter | None, ids: list[UUID]) -> tuple[list[R], int]:
        those = by_ids(ids)
        variables = {"filter": {"and": [only, those]} if only else those, "first": len(ids)}
        page, answer = await self._endpoint.run_raw(operation, self._page, variables)
        return page.records, len(answer)


class Identity(Record):
    """A record of which only the id is asked for."""

    id: UUID


class Total(Record):
    """A list of which only the length is asked for."""

    total_count: int
