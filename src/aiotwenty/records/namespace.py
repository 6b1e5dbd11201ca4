"""`twenty.companies` and its kin: what every object can do, written once for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import cached_property, partial
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from aiotwenty.errors import InvalidInput, NotFoundError, TwentyError
from aiotwenty.records.derive import with_selection
from aiotwenty.records.filters import Filter, by_ids, guarded, normalise, only_ids
from aiotwenty.records.inputs import as_model, as_models
from aiotwenty.records.meta import ObjectMeta
from aiotwenty.records.paging import PAGE_SIZE, CursorWalk, OrderedWalk, Walk
from aiotwenty.records.writes import create_settled, with_ids
from aiotwenty.transport.models import UNSET, UUID, Input, Record
from aiotwenty.transport.operation import Operation
from aiotwenty.transport.page import Group, Page

if TYPE_CHECKING:
    from aiotwenty.client import Client

__all__ = ["FindDuplicates", "Group", "MergeMany", "ObjectMeta", "Page", "Records"]

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=Input)
U = TypeVar("U", bound=Input)
F = TypeVar("F", bound=Input)
O = TypeVar("O", bound=Input)  # noqa: E741
G = TypeVar("G", bound=Input)

_ALL_GROUPS = 100_000
"""A `limit` above any number of groups: without one, Twenty cuts a grouping at 50 silently (Twenty, July 2026)."""


class Namespace(Generic[R]):
    """What all parts of a namespace stand on: its object and its client."""

    meta: ClassVar[ObjectMeta]

    def __init__(self, client: Client) -> None:
        self._client = client
        self._endpoint = client.endpoint("graphql")

    def __repr__(self) -> str:
        return f"<{self.meta.plural} of {self._client!r}>"

    @cached_property
    def _record(self) -> Any:
        return self.meta.model("record")

    @cached_property
    def _page(self) -> Any:
        return Page.__class_getitem__(self._record)

    @cached_property
    def _records(self) -> Any:
        return GenericAlias(list, (self._record,))

    async def _run(
        self, kind: str, result: Any, variables: Mapping[str, object], *, repeatable: bool | None = None
    ) -> Any:
        return await self._endpoint.run(self.meta.operation(kind), result, variables, repeatable=repeatable)


class Records(Namespace[R], Generic[R, C, U, F, O, G]):
    """The records of one object.

    R, C, U, F, O and G are its record, create input, update input, filter, order and group-by types. Wherever a model
    is taken, a mapping with camelCase or snake_case keys is taken too and validated. Every call raises `TwentyError`s
    only.
    """

    # Reading

    async def find_many(
        self,
        *,
        filter: F | Mapping[str, Any] | None = None,  # noqa: A002
        order_by: O | Mapping[str, Any] | Sequence[O | Mapping[str, Any]] | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        offset: int | None = None,
    ) -> Page[R]:
        """One page, of 200 records when `first` is not given. To read everything, use `iterate`.

        Cursors are exact without `order_by` only; `offset` is exact with it, too (Twenty, July 2026).
        """
        if last is not None and before is None:
            # The server would return the first ones (Twenty, July 2026).
            raise InvalidInput(
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
        filter: F | Mapping[str, Any] | None = None,  # noqa: A002
        order_by: O | Mapping[str, Any] | Sequence[O | Mapping[str, Any]] | None = None,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[R]:
        """Every record once, or `PaginationError`.

        Without `order_by` in the order of ids: records created during the walk may or may not come, deleted ones
        don't. With `order_by` it is the records and the order of the moment it starts; those deleted meanwhile are
        left out. Pages have 1,000 records (fewer where they are large), and the next one is fetched while this one is
        worked on.
        """
        if page_size is not None and page_size < 1:
            raise InvalidInput("page_size must be at least 1.")
        if limit is not None and limit < 0:
            raise InvalidInput("limit must not be negative.")
        operation = self.meta.operation("find_many")
        only = self._filter(filter)
        order = self._order(order_by)
        if not order:
            cursors: CursorWalk[R] = CursorWalk(
                partial(self._fetch_page, operation, only), page_size, limit, self.meta.plural
            )
            return Walk(cursors.batch, limit)
        ordered: OrderedWalk[R] = OrderedWalk(
            partial(self._fetch_ids, operation, only, order),
            partial(self._fetch_those, operation, only),
            page_size,
            limit,
            self.meta.plural,
        )
        return Walk(ordered.start, limit)

    async def find_one(
        self,
        id: UUID | str | None = None,  # noqa: A002
        *,
        filter: F | Mapping[str, Any] | None = None,  # noqa: A002
    ) -> R:
        """The record with that id, or the first that matches the filter. Raises `NotFoundError` if there is none."""
        if (id is None) == (filter is None):
            raise InvalidInput("find_one needs an id or a filter, and not both.")
        only = by_id(id) if id is not None else self._filter(filter)
        record: R | None = await self._run("find_one", self._record | None, {"filter": only})
        if record is None:
            raise NotFoundError(
                f"no such record among {self.meta.plural}.", operation=self.meta.operation("find_one").name
            )
        return record

    async def count(self, filter: F | Mapping[str, Any] | None = None) -> int:  # noqa: A002
        """How many records match."""
        operation = with_selection(self.meta.operation("find_many"), "totalCount")
        only = self._filter(filter)
        found: Total = await self._endpoint.run(operation, Total, {} if only is None else {"filter": only})
        return found.total_count

    async def group_by(
        self,
        group_by: G | Mapping[str, Any] | Sequence[G | Mapping[str, Any]],
        *,
        filter: F | Mapping[str, Any] | None = None,  # noqa: A002
        order_by: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        limit: int | None = None,
    ) -> list[Group]:
        """How many records there are for each combination of values; all groups unless `limit` says otherwise.

        Newer servers need a time zone for dates: `{"created_at": {"granularity": "DAY", "timeZone": "UTC"}}`.
        """
        operation = self.meta.operation("group_by")
        variables: dict[str, object] = {
            "groupBy": as_models(group_by, self.meta.model("group_by"), "group_by"),
            "filter": self._filter(filter),
            "orderBy": order_by,
            # Older servers have no `limit` here, and return all groups.
            "limit": (limit or _ALL_GROUPS) if "$limit" in operation.text else None,
        }
        given = {name: value for name, value in variables.items() if value is not None}
        groups: list[Group] = await self._endpoint.run(operation, list[Group], given)
        return groups if limit is None else groups[:limit]

    # Writing

    async def create_one(self, data: C | Mapping[str, Any], upsert: bool = False) -> R:
        """The new record. With `upsert`, a record with the same id or unique value is updated instead (and
        undeleted).

        Without `upsert` the record gets its id here, so that a create whose answer is lost is settled: one record,
        once. An upsert is repeated after a lost answer only if `data` has an id.
        """
        model: C = as_model(data, self.meta.model("create"), "data")
        if upsert:
            record: R = await self._run(
                "create_one",
                self._record,
                {"data": model, "upsert": True},
                repeatable=getattr(model, "id", None) is not None,
            )
            return record
        encoded, ids = with_ids([model])
        operation = self.meta.operation("create_one")
        body = b'%b{"data":%b}}' % (operation.body_prefix, encoded[1:-1])

        async def create() -> list[R]:
            return [await self._endpoint.post(operation, body, self._record)]

        return (await create_settled(ids, create, partial(self._look_for, ids)))[0]

    async def create_many(self, data: Iterable[C | Mapping[str, Any]], upsert: bool = False) -> list[R]:
        """The new records in the order of `data`, all or none; at most 200 at a time (`load` takes any number).

        See `create_one` for `upsert` and lost answers.
        """
        models: list[C] = as_models(list(data), self.meta.model("create"), "data")
        if not models:
            return []
        if upsert:
            records: list[R] = await self._run(
                "create_many",
                self._records,
                {"data": models, "upsert": True},
                repeatable=all(getattr(model, "id", None) is not None for model in models),
            )
            return records
        encoded, ids = with_ids(models)
        operation = self.meta.operation("create_many")
        body = b'%b{"data":%b}}' % (operation.body_prefix, encoded)

        async def create() -> list[R]:
            created: list[R] = await self._endpoint.post(operation, body, self._records)
            return created

        return await create_settled(ids, create, partial(self._look_for, ids))

    async def update_one(self, id: UUID | str, data: U | Mapping[str, Any]) -> R:  # noqa: A002
        """The record as it is now. Fields that are not set stay as they are; None clears."""
        model: U = as_model(data, self.meta.model("update"), "data")
        record: R = await self._run("update_one", self._record, {"id": as_id(id), "data": model}, repeatable=True)
        return record

    async def update_many(
        self,
        data: U | Mapping[str, Any],
        filter: F | Mapping[str, Any] | None = None,  # noqa: A002
        *,
        all_records: bool = False,
    ) -> list[R]:
        """The updated records. Newer servers refuse to update more than 200 at once (Twenty, July 2026).

        Raises `InvalidInput` for a filter without any condition, unless `all_records` is true.
        """
        model: U = as_model(data, self.meta.model("update"), "data")
        only = guarded(self._filter(filter), all_records, "update_many")
        records: list[R] = await self._run(
            "update_many", self._records, {"data": model, "filter": only}, repeatable=only_ids(only) is not None
        )
        return records

    async def delete_one(self, id: UUID | str) -> R:  # noqa: A002
        """Soft: the record is hidden, `restore_one` brings it back."""
        record: R = await self._run("delete_one", self._record, {"id": as_id(id)}, repeatable=True)
        return record

    async def delete_many(
        self,
        filter: F | Mapping[str, Any] | None = None,  # noqa: A002
        *,
        all_records: bool = False,
    ) -> list[R]:
        """Soft, and without any limit on how many.

        Raises `InvalidInput` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "delete_many")
        return await self._change_many("delete_many", only)

    async def restore_one(self, id: UUID | str) -> R:  # noqa: A002
        """Brings a soft-deleted record back."""
        record: R = await self._run("restore_one", self._record, {"id": as_id(id)}, repeatable=True)
        return record

    async def restore_many(
        self,
        filter: F | Mapping[str, Any] | None = None,  # noqa: A002
        *,
        all_records: bool = False,
    ) -> list[R]:
        """Brings back what matches. A filter on `deletedAt` restores, but returns nothing (Twenty, July 2026).

        Raises `InvalidInput` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "restore_many")
        return await self._change_many("restore_many", only)

    async def destroy_one(self, id: UUID | str) -> R:  # noqa: A002
        """Final. Returns the record as it was."""
        identity = as_id(id)
        try:
            return await self._destroy(identity)
        except TwentyError as error:
            if not error.outcome_unknown:
                raise
            if not await self._look([identity]):
                error.add_note("The record is gone now: most likely this call destroyed it.")
                raise
        return await self._destroy(identity)

    async def destroy_many(
        self,
        filter: F | Mapping[str, Any] | None = None,  # noqa: A002
        *,
        all_records: bool = False,
    ) -> list[R]:
        """Final, and without any limit on how many.

        Raises `InvalidInput` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "destroy_many")
        records: list[R] = await self._run("destroy_many", self._records, {"filter": only})
        return records

    # Bulk

    async def load(self, rows: Any, **options: Any) -> Any:
        """Loads any number of rows: see `aiotwenty.bulk.load`."""
        from aiotwenty import bulk

        return await bulk.load(self, rows, **options)

    def export(self, *arguments: Any, **options: Any) -> Any:
        """Exports any number of records: see `aiotwenty.bulk.export`."""
        from aiotwenty import bulk

        return bulk.export(self, *arguments, **options)

    # Parts of the above

    def _filter(self, value: F | Mapping[str, Any] | None) -> Filter | None:
        if value is None:
            return None
        return normalise(as_model(value, self.meta.model("filter"), "filter"))

    def _order(self, value: O | Mapping[str, Any] | Sequence[O | Mapping[str, Any]] | None) -> list[O] | None:
        if value is None:
            return None
        return [model for model in as_models(value, self.meta.model("order_by"), "order_by") if model.model_fields_set]

    async def _fetch_page(
        self, operation: Operation, only: Filter | None, first: int, after: str | None
    ) -> tuple[Page[R], int]:
        variables = {"filter": only or UNSET, "first": first, "after": after or UNSET}
        page: tuple[Page[R], int] = await self._endpoint.measure(operation, self._page, variables)
        return page

    async def _fetch_ids(
        self, operation: Operation, only: Filter | None, order: list[O], first: int, offset: int
    ) -> tuple[list[UUID], int | None]:
        ids = with_selection(operation, "edges{node{id}}totalCount")
        variables = {"filter": only or UNSET, "orderBy": order, "first": first, "offset": offset or UNSET}
        page: Page[Identity] = await self._endpoint.run(ids, Page[Identity], variables)
        return [record.id for record in page.records], page.total_count

    async def _fetch_those(self, operation: Operation, only: Filter | None, ids: list[UUID]) -> tuple[list[R], int]:
        those = by_ids(ids)
        variables = {"filter": {"and": [only, those]} if only else those, "first": len(ids)}
        page, size = await self._endpoint.measure(operation, self._page, variables)
        return page.records, size

    async def _look_for(self, numbers: list[int]) -> list[R]:
        return await self._look([UUID(int=number) for number in numbers])

    async def _look(self, ids: list[UUID]) -> list[R]:
        """Those records, the soft-deleted among them included."""
        found: list[R] = []
        for start in range(0, len(ids), PAGE_SIZE):
            some = ids[start : start + PAGE_SIZE]
            page: Page[R] = await self._run(
                "find_many", self._page, {"filter": by_ids(some, deleted=True), "first": len(some)}
            )
            found += page.records
        return found

    async def _change_many(self, kind: str, only: Filter) -> list[R]:
        """Deletes or restores. When the answer is lost and the filter names ids, it is repeated and they are read."""
        ids = only_ids(only)
        try:
            records: list[R] = await self._run(kind, self._records, {"filter": only}, repeatable=False)
        except TwentyError as error:
            if not error.outcome_unknown or ids is None:
                raise
        else:
            return records
        await self._run(kind, self._records, {"filter": only}, repeatable=True)
        return await self._look(ids)

    async def _destroy(self, identity: UUID) -> R:
        record: R = await self._run("destroy_one", self._record, {"id": identity})
        return record


class FindDuplicates(Namespace[R], Generic[R, C]):
    """For objects that have duplicate detection."""

    async def find_duplicates(
        self, *, ids: Sequence[UUID | str] | None = None, data: Sequence[C | Mapping[str, Any]] | None = None
    ) -> list[Page[R]]:
        """For each id or each piece of data, in their order, the records that look like it."""
        if (ids is None) == (data is None):
            raise InvalidInput("find_duplicates needs ids or data, and not both.")
        variables: dict[str, object] = (
            {"ids": [as_id(one) for one in ids]}
            if ids is not None
            else {"data": as_models(data, self.meta.model("create"), "data")}
        )
        pages: list[Page[R]] = await self._run("find_duplicates", GenericAlias(list, (self._page,)), variables)
        return pages


class MergeMany(Namespace[R]):
    """For objects whose records can be merged."""

    async def merge_many(self, ids: Sequence[UUID | str], conflict_priority_index: int = 0, dry_run: bool = False) -> R:
        """The merged record: 2 to 9 become the one at `conflict_priority_index`, whose values win.

        The others are gone for good on newer servers, soft-deleted on older ones (Twenty, July 2026). A dry run
        changes nothing and returns a record with a random id.
        """
        record: R = await self._run(
            "merge_many",
            self._record,
            {
                "ids": [as_id(one) for one in ids],
                "conflictPriorityIndex": conflict_priority_index,
                "dryRun": dry_run or UNSET,
            },
            repeatable=dry_run,
        )
        return record


class Identity(Record):
    """A record of which only the id is asked for."""

    id: UUID


class Total(Record):
    """A list of which only the length is asked for."""

    total_count: int


def as_id(value: UUID | str) -> UUID:
    """The id. Raises `InvalidInput` when it is none: the server would call it missing (Twenty, July 2026)."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        pass
    raise InvalidInput(f"{value!r} is not an id: ids are UUIDs.")


def by_id(value: UUID | str) -> Filter:
    """A filter for one record."""
    return {"id": {"eq": as_id(value)}}
