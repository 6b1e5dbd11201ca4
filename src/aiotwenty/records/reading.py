"""Reads the records of an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar, Unpack, overload

from aiotwenty.errors import InvalidArgument, NotFoundError
from aiotwenty.graphql.answer_schemas import Wanted, id_of
from aiotwenty.graphql.document import selecting
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.graphql.page import Page
from aiotwenty.records.id_filters import by_ids
from aiotwenty.records.inputs import as_models, in_turn
from aiotwenty.records.listing import Listing
from aiotwenty.records.namespace import Namespace, as_ids, by_id, of_all_requests, of_each_request
from aiotwenty.records.paging import Hidden, Walk
from aiotwenty.records.related_lists import together
from aiotwenty.transport.terms import CallOptions

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
F = TypeVar("F", bound=Input | Mapping[str, object])
O = TypeVar("O", bound=Input | Mapping[str, object])  # noqa: E741
G = TypeVar("G", bound=Input | Mapping[str, object])

IDS = 200
"""The records in one request of `find_by_ids`."""
WITH_LISTS = 100
"""The records on the first page of a walk if each has lists of related records."""


class Reads(Namespace[R], Generic[R, F, O, G]):
    """Methods that find, count, group and iterate over records."""

    @overload
    async def find_many(
        self,
        *,
        select: type[S],
        filter: F | None = None,
        order_by: O | Sequence[O] | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        offset: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Page[S]: ...

    @overload
    async def find_many(
        self,
        *,
        select: None = None,
        filter: F | None = None,
        order_by: O | Sequence[O] | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        offset: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Page[R]: ...

    @of_all_requests
    async def find_many(
        self,
        *,
        select: type[Any] | None = None,
        filter: F | None = None,
        order_by: O | Sequence[O] | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        offset: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Page[Any]:
        """One page, of 200 records unless `first` is set. To read everything, use `iterate`.

        If there are several orders, the first one counts most: the items of a list and the keys of a mapping, but not
        the fields of one model, which have the order of the schema.

        Cursors are exact only without `order_by`; `offset` is also exact with it (Twenty, July 2026).
        """
        if last is not None and before is None:
            # The server would silently return the first page (Twenty, July 2026).
            raise InvalidArgument(
                "`last` needs `before`: for the last records of all, reverse the order and use `first`."
            )
        variables: dict[str, object] = {}
        if first is not None:
            variables["first"] = first
        if after is not None:
            variables["after"] = after
        if before is not None:
            variables |= {"before": before} if last is None else {"before": before, "last": last}
        if offset is not None:
            variables["offset"] = offset
        if filter is not None:
            variables["filter"] = self._filter(filter)
        if order_by is not None:
            variables["orderBy"] = self._order(order_by)
        page: Page[Any] = await self._run(self._ask("find_many", "page", select), variables)
        return page

    @overload
    def iterate(
        self,
        *,
        select: type[S],
        filter: F | None = None,
        order_by: O | Sequence[O] | None = None,
        page_size: int | None = None,
        limit: int | None = None,
        hidden: Hidden = "raise",
        **options: Unpack[CallOptions],
    ) -> Walk[S]: ...

    @overload
    def iterate(
        self,
        *,
        select: None = None,
        filter: F | None = None,
        order_by: O | Sequence[O] | None = None,
        page_size: int | None = None,
        limit: int | None = None,
        hidden: Hidden = "raise",
        **options: Unpack[CallOptions],
    ) -> Walk[R]: ...

    @of_each_request
    def iterate(
        self,
        *,
        select: type[Any] | None = None,
        filter: F | None = None,
        order_by: O | Sequence[O] | None = None,
        page_size: int | None = None,
        limit: int | None = None,
        hidden: Hidden = "raise",
        **options: Unpack[CallOptions],
    ) -> Walk[Any]:
        """Every record once, or `PaginationError`.

        Without `order_by`, in the order of ids: records created meanwhile may or may not come (at the end, out of
        order), deleted ones don't. With `order_by`, the records and the order at the start; records deleted meanwhile
        are left out. Pages have 1,000 records (fewer if they are large), and the next page is fetched in the
        background. An iterator that is left early ends by itself, or at once with `aclose()`.

        If the server counts records that the key can't see, `HiddenRecords` is raised; with `hidden="skip"`, the
        visible records at the start are returned.
        """
        if hidden not in ("raise", "skip"):
            raise InvalidArgument(f'hidden is "raise" or "skip", not {hidden!r}.')
        if page_size is not None and page_size < 1:
            raise InvalidArgument("page_size must be at least 1.")
        if limit is not None and limit < 0:
            raise InvalidArgument("limit must not be negative.")
        ask = self._ask("find_many", "page", select, identified=True)
        listing: Listing[Any] = Listing(
            self._endpoint, ask.operation, partial(self._read_page, ask), self._filter(filter), self.meta.plural
        )
        # A page of records with lists is many times as large.
        lists = isinstance(ask.result, Wanted) and ask.result.has_lists
        first_page = WITH_LISTS if lists else None
        return listing.walk(self._order(order_by), page_size, limit, hidden, first_page=first_page)

    @overload
    async def find_one(
        self, id: UUID | str | None = None, *, select: type[S], filter: F | None = None, **options: Unpack[CallOptions]
    ) -> S: ...

    @overload
    async def find_one(
        self,
        id: UUID | str | None = None,
        *,
        select: None = None,
        filter: F | None = None,
        **options: Unpack[CallOptions],
    ) -> R: ...

    @of_all_requests
    async def find_one(
        self,
        id: UUID | str | None = None,
        *,
        select: type[Any] | None = None,
        filter: F | None = None,
        **options: Unpack[CallOptions],
    ) -> Any:
        """The record with this id, or the first that matches the filter. Raises `NotFoundError`."""
        if (id is None) == (filter is None):
            raise InvalidArgument("find_one needs an id or a filter, not both.")
        only = by_id(id) if id is not None else self._filter(filter)
        record = await self._run(self._ask("find_one", "maybe", select), {"filter": only})
        if record is None:
            raise NotFoundError(f"{self.meta.plural}: no such record.", operation=self.meta.operation("find_one").name)
        return record

    @overload
    async def find_by_ids(
        self, ids: Iterable[UUID | str], *, select: type[S], **options: Unpack[CallOptions]
    ) -> list[S | None]: ...

    @overload
    async def find_by_ids(
        self, ids: Iterable[UUID | str], *, select: None = None, **options: Unpack[CallOptions]
    ) -> list[R | None]: ...

    @of_all_requests
    async def find_by_ids(
        self, ids: Iterable[UUID | str], *, select: type[Any] | None = None, **options: Unpack[CallOptions]
    ) -> list[Any]:
        """The records in the order of the ids, None for those that don't exist: a load function for a DataLoader.

        Equal ids are read once, 200 per request, with several requests at a time. Deleted records give None.
        """
        wanted = as_ids(ids)
        ask = self._ask("find_many", "page", select, identified=True)
        different = list(dict.fromkeys(wanted))

        async def read(some: list[UUID]) -> list[Any]:
            page: Page[Any] = await self._run(ask, {"filter": by_ids(some), "first": len(some)})
            return page.records

        batches = [different[start : start + IDS] for start in range(0, len(different), IDS)]
        records = {id_of(record): record for batch in await together(map(read, batches)) for record in batch}
        return [records.get(identity) for identity in wanted]

    @of_all_requests
    async def count(self, filter: F | None = None, **options: Unpack[CallOptions]) -> int:
        """The number of records that match."""
        operation = selecting(self.meta.operation("find_many"), "{totalCount}")
        only = self._filter(filter)
        found: Total = await self._endpoint.run(operation, Total, {} if only is None else {"filter": only})
        return found.total_count

    def _order(self, value: O | Sequence[O] | None) -> list[Input] | None:
        if value is None:
            return None
        models: list[Input] = as_models(in_turn(value), self.meta.model("order_by"), "order_by")
        return [model for model in models if model.model_fields_set]


class Total(Record):
    """A list whose length alone is read."""

    total_count: int
