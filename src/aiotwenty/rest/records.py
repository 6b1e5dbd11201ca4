"""The records of one object over REST: the methods of `twenty.people`, as far as REST has them, with its parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

from aiotwenty.errors import ConfigurationError, InvalidArgument
from aiotwenty.graphql.aggregate import Aggregate
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.graphql.page import Group, Page, PageInfo
from aiotwenty.objects import FindDuplicates, MergeMany, Records
from aiotwenty.records.grouping import GroupOrders
from aiotwenty.records.paging import Walk
from aiotwenty.rest.related import at_depth
from aiotwenty.rest.requests import MOST

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=Input | Mapping[str, object])
U = TypeVar("U", bound=Input | Mapping[str, object])
F = TypeVar("F", bound=Input | Mapping[str, object])
O = TypeVar("O", bound=Input | Mapping[str, object])  # noqa: E741
G = TypeVar("G", bound=Input | Mapping[str, object])
A = TypeVar("A", bound=Aggregate[Any])


class RestRecords(Generic[R, C, U, F, O, G]):
    """The records of one object over REST, typed like its namespace: `twenty.rest.of(twenty.people)`.

    Requests are checked, completed and settled as over GraphQL: parts of composites are kept, a filter that matches
    everything is refused, a create is settled by its id after a lost response. Operations that REST can't express go
    over GraphQL, which returns the same records: see `aiotwenty.rest.endpoint`.
    """

    def __init__(self, records: Records[Any, Any, Any, Any, Any, Any], select: type[Record] | None = None) -> None:
        """`records` work on a REST endpoint; `select` is a model of the caller's."""
        self._records = records
        # Also if it is None, because overloads take one type or the other.
        self._select: type[Any] = select  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._records.meta.plural} over REST>"

    async def find_many(
        self,
        *,
        filter: F | None = None,
        order_by: O | Sequence[O] | None = None,
        limit: int | None = None,
        depth: int = 0,
        starting_after: str | None = None,
        ending_before: str | None = None,
    ) -> Page[R]:
        """All records that match, or the first `limit`; never fewer without an error.

        With `depth=1` they have their relations as attributes, with complete lists. `starting_after` and
        `ending_before` are cursors of `page_info`, exact without `order_by` only (Twenty, July 2026).

        Raises `PaginationError` if the server's paging can't be trusted to be complete. All records are held in memory;
        `iterate` isn't limited by it.
        """
        if limit is not None and limit < 0:
            raise InvalidArgument("limit must not be negative.")
        select = self._model(depth)
        if limit is None and starting_after is None and ending_before is None:
            walk = self._records.iterate(select=select, filter=filter, order_by=order_by, page_size=MOST)
            return _whole([record async for record in walk])
        if ending_before is not None:
            if starting_after is not None:
                raise InvalidArgument("find_many takes starting_after or ending_before, not both.")
            return await self._records.find_many(
                select=select, filter=filter, order_by=order_by, last=limit or MOST, before=ending_before
            )
        first = MOST if limit is None else limit
        return await self._records.find_many(
            select=select, filter=filter, order_by=order_by, first=first, after=starting_after
        )

    def iterate(
        self,
        *,
        filter: F | None = None,
        order_by: O | Sequence[O] | None = None,
        limit: int | None = None,
        depth: int = 0,
    ) -> Walk[R]:
        """Every record once, or `PaginationError`: see `iterate` of the object's namespace. Pages have 200 records."""
        return self._records.iterate(
            select=self._model(depth), filter=filter, order_by=order_by, page_size=MOST, limit=limit
        )

    async def find_one(self, id: UUID | str | None = None, *, filter: F | None = None, depth: int = 0) -> R:
        """The record with that id, or the first that matches the filter. Raises `NotFoundError`."""
        record: R = await self._records.find_one(id, select=self._model(depth), filter=filter)
        return record

    async def create_one(self, data: C, upsert: bool = False, *, replace: Collection[str] = ()) -> R:
        """The new record. The client sets its id, so it is created once, even after a lost response."""
        record: R = await self._records.create_one(data, upsert, select=self._select, replace=replace)
        return record

    async def create_many(self, data: Iterable[C], upsert: bool = False, *, replace: Collection[str] = ()) -> list[R]:
        """The new records in the order of `data`, all or none; at most 200 at a time."""
        return await self._records.create_many(data, upsert, select=self._select, replace=replace)

    async def update_one(self, id: UUID | str, data: U, *, replace: Collection[str] = ()) -> R:
        """The updated record. Fields and parts of composite fields that are not set don't change; None clears."""
        record: R = await self._records.update_one(id, data, select=self._select, replace=replace)
        return record

    async def update_many(
        self, data: U, filter: F | None = None, *, all_records: bool = False, replace: Collection[str] = ()
    ) -> list[R]:
        """The updated records. Raises `InvalidArgument` for a filter without a condition, unless `all_records`."""
        return await self._records.update_many(
            data, filter, select=self._select, all_records=all_records, replace=replace
        )

    async def delete_one(self, id: UUID | str) -> R:
        """Soft-deletes the record. Sent over GraphQL, because a server without `soft_delete` would destroy it."""
        record: R = await self._records.delete_one(id, select=self._select)
        return record

    async def delete_many(self, filter: F | None = None, *, all_records: bool = False) -> list[R]:
        """Soft-deletes records. Raises `InvalidArgument` for a filter without a condition, unless `all_records`."""
        return await self._records.delete_many(filter, select=self._select, all_records=all_records)

    async def destroy_one(self, id: UUID | str) -> UUID:
        """Permanently destroys the record. Returns its id, because REST returns nothing else."""
        record: Any = await self._records.destroy_one(id)
        identity: UUID = record.id
        return identity

    async def destroy_many(self, filter: F | None = None, *, all_records: bool = False) -> list[UUID]:
        """Permanently destroys records and returns their ids. Raises `InvalidArgument` as `delete_many` does."""
        records: list[Any] = await self._records.destroy_many(filter, all_records=all_records)
        return [record.id for record in records]

    async def restore(self, id: UUID | str) -> R:
        """Restores a deleted record. Raises `NotFoundError`.

        Sent with a filter on the id: the path with an id in Twenty's documentation is refused by its server (July
        2026).
        """
        record: R = await self._records.restore_one(id, select=self._select)
        return record

    async def restore_many(self, filter: F | None = None, *, all_records: bool = False) -> list[R]:
        """Restores the records that match. Raises `InvalidArgument` as `delete_many` does."""
        return await self._records.restore_many(filter, select=self._select, all_records=all_records)

    async def find_duplicates(
        self, *, ids: Sequence[UUID | str] | None = None, data: Sequence[C] | None = None
    ) -> list[Page[R]]:
        """The similar records for each id, or for each item of data, in order."""
        if not isinstance(self._records, FindDuplicates):
            raise self._lacks("find_duplicates")
        return await self._records.find_duplicates(select=self._select, ids=ids, data=data)

    async def merge(self, ids: Sequence[UUID | str], conflict_priority_index: int = 0, dry_run: bool = False) -> R:
        """The merged record: 2 to 9 records are merged into the one at `conflict_priority_index`, whose values win."""
        if not isinstance(self._records, MergeMany):
            raise self._lacks("merge_many")
        record: R = await self._records.merge_many(ids, conflict_priority_index, dry_run, select=self._select)
        return record

    @overload
    async def group_by(
        self,
        group_by: G | Sequence[G],
        *,
        select: type[A],
        filter: F | None = None,
        order_by: GroupOrders | Sequence[GroupOrders] | None = None,
        limit: int | None = None,
    ) -> list[A]: ...

    @overload
    async def group_by(
        self,
        group_by: G | Sequence[G],
        *,
        select: None = None,
        filter: F | None = None,
        order_by: GroupOrders | Sequence[GroupOrders] | None = None,
        limit: int | None = None,
    ) -> list[Group]: ...

    async def group_by(
        self,
        group_by: G | Sequence[G],
        *,
        select: type[Any] | None = None,
        filter: F | None = None,
        order_by: GroupOrders | Sequence[GroupOrders] | None = None,
        limit: int | None = None,
    ) -> list[Any]:
        """The groups of records with the same values: see `group_by` of the object's namespace.

        Counts are numbers, although REST has them as texts. Raises `PaginationError` if groups are left out.
        """
        if select is None:
            return await self._records.group_by(group_by, filter=filter, order_by=order_by, limit=limit)
        return await self._records.group_by(group_by, select=select, filter=filter, order_by=order_by, limit=limit)

    restore_one = restore
    merge_many = merge

    def _model(self, depth: int) -> type[Any]:
        """The model of the records at a depth."""
        if self._select is None:
            model: Any = at_depth(self._records.meta.model("record"), depth)
            return model
        if depth:
            raise InvalidArgument(f"{self._select.__name__} says itself what is read: leave depth away.")
        return self._select

    def _lacks(self, kind: str) -> ConfigurationError:
        meta = self._records.meta
        return ConfigurationError(f"{meta.plural} have no {kind} in the schema this client was generated from.")


def _whole(records: list[Any]) -> Page[Any]:
    return Page.model_construct(records=records, page_info=PageInfo(), total_count=len(records))
