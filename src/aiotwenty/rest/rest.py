"""`twenty.rest`: records by their object's name, class or namespace, the data model, and requests without types."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias, overload

from pydantic.alias_generators import to_snake
from typing_extensions import TypeVar

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.aggregate import Aggregate
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.graphql.object_facts import About
from aiotwenty.graphql.page import Group, Page
from aiotwenty.graphql.select import selected_record
from aiotwenty.objects import HasEndpoints, Records, namespaces_of
from aiotwenty.records.grouping import GroupOrders
from aiotwenty.records.object_meta import ObjectMeta
from aiotwenty.records.paging import Walk
from aiotwenty.rest.endpoint import RestEndpoint
from aiotwenty.rest.metadata import RestMetadata
from aiotwenty.rest.records import RestRecords
from aiotwenty.transport.engine import Engine
from aiotwenty.transport.terms import Terms

R = TypeVar("R", bound=Record)
K = TypeVar("K", bound=Record, default=Any)
"""Unbound for an object named by a text, of which type checkers know nothing."""
C = TypeVar("C", bound=Input | Mapping[str, object])
U = TypeVar("U", bound=Input | Mapping[str, object])
F = TypeVar("F", bound=Input | Mapping[str, object])
O = TypeVar("O", bound=Input | Mapping[str, object])  # noqa: E741
G = TypeVar("G", bound=Input | Mapping[str, object])
A = TypeVar("A", bound=Aggregate[Any])

Data: TypeAlias = Input | Mapping[str, object]
"""A generated input, or a dict that is validated as one. With a namespace in `of`, type checkers check it too."""
Filters: TypeAlias = Data
Orders: TypeAlias = Data | Sequence[Data]
AnyRecords: TypeAlias = Records[Any, Any, Any, Any, Any, Any]
Of: TypeAlias = type[K] | Records[K, Any, Any, Any, Any, Any] | str
"""An object: its plural name, its record, a selection of its record, or its namespace."""


class Rest(RestMetadata):
    """Twenty's REST API.

        people = await twenty.rest.find_many(Person, filter={"name": {"lastName": {"ilike": "%air%"}}}, limit=20)
        person = await twenty.rest.create_one("people", {"name": {"firstName": "Ana"}})
        typed = twenty.rest.of(twenty.people)

    An object is named by its plural (`"people"`), by its record (`Person`) or a selection of it, or by its namespace
    (`twenty.people`). Records are the generated ones, equal to those of GraphQL. `get`, `post` and the other HTTP
    methods send any request, and return the parsed JSON.
    """

    def __init__(self, base_url: str, engine: Engine, terms: Terms, client: HasEndpoints) -> None:
        super().__init__(base_url, engine, terms)
        self._client = client
        self._records_of: dict[type[AnyRecords], AnyRecords] = {}

    @overload
    def of(self, of: Records[R, C, U, F, O, G]) -> RestRecords[R, C, U, F, O, G]: ...

    @overload
    def of(self, of: type[R]) -> RestRecords[R, Data, Data, Data, Data, Data]: ...

    @overload
    def of(self, of: str) -> RestRecords[Any, Data, Data, Data, Data, Data]: ...

    def of(self, of: Of[Any]) -> RestRecords[Any, Any, Any, Any, Any, Any]:
        """The records of an object over REST. Raises `InvalidArgument` for an unknown object."""
        return self._of(of)

    def _of(self, of: Of[K]) -> RestRecords[K, Data, Data, Data, Data, Data]:
        kind: type[AnyRecords]
        select: type[Record] | None = None
        if isinstance(of, Records):
            kind = type(of)
        elif isinstance(of, str):
            kind = self._named(of)
        else:
            record = selected_record(of) if isinstance(of, type) and issubclass(of, Record) else None
            if record is None or not hasattr(record, "_object"):
                raise InvalidArgument(f"an object must be a plural name, a record class or a namespace, not {of!r}.")
            kind = _namespace_of(record)
            select = None if of is record else of
        if kind not in self._records_of:
            endpoint = RestEndpoint(self, self._client._endpoint("graphql"), kind.meta)
            self._records_of[kind] = kind(endpoint)
        return RestRecords(self._records_of[kind], select)

    def _named(self, name: str) -> type[AnyRecords]:
        """The namespace of the object with that plural name."""
        attributes = namespaces_of(type(self._client))
        first = attributes.get(to_snake(name))
        metas: list[ObjectMeta] = []
        # Nearly always the plural is the name of the attribute, which saves importing the others.
        for lazy in (*([first] if first else ()), *attributes.values()):
            kind: Any = lazy.kind
            if kind.meta.plural == name:
                namespace: type[AnyRecords] = kind
                return namespace
            metas.append(kind.meta)
        known = [meta.plural for meta in metas]
        singular = {meta.singular: meta.plural for meta in metas}
        hint = f" (did you mean {singular[name]!r}?)" if name in singular else did_you_mean(name, known)
        raise InvalidArgument(
            f"this client was not generated with an object {name!r}{hint}: generate it again, or use "
            f'twenty.rest.get("{name}"), which gives JSON.'
        )

    async def find_many(
        self,
        of: Of[K],
        *,
        filter: Filters | None = None,
        order_by: Orders | None = None,
        limit: int | None = None,
        depth: int = 0,
        starting_after: str | None = None,
        ending_before: str | None = None,
    ) -> Page[K]:
        """All records that match, or the first `limit`; never fewer without an error: see `RestRecords.find_many`."""
        return await self._of(of).find_many(
            filter=filter,
            order_by=order_by,
            limit=limit,
            depth=depth,
            starting_after=starting_after,
            ending_before=ending_before,
        )

    def iterate(
        self,
        of: Of[K],
        *,
        filter: Filters | None = None,
        order_by: Orders | None = None,
        limit: int | None = None,
        depth: int = 0,
    ) -> Walk[K]:
        """Every record once, or `PaginationError`."""
        return self._of(of).iterate(filter=filter, order_by=order_by, limit=limit, depth=depth)

    async def find_one(
        self, of: Of[K], id: UUID | str | None = None, *, filter: Filters | None = None, depth: int = 0
    ) -> K:
        """The record with that id, or the first that matches. Raises `NotFoundError`."""
        return await self._of(of).find_one(id, filter=filter, depth=depth)

    async def create_one(self, of: Of[K], data: Data, upsert: bool = False, *, replace: Collection[str] = ()) -> K:
        """The new record. The client sets its id, so it is created once, even after a lost response."""
        return await self._of(of).create_one(data, upsert, replace=replace)

    async def create_many(
        self, of: Of[K], data: Iterable[Data], upsert: bool = False, *, replace: Collection[str] = ()
    ) -> list[K]:
        """The new records in the order of `data`, all or none; at most 200 at a time."""
        return await self._of(of).create_many(data, upsert, replace=replace)

    async def update_one(self, of: Of[K], id: UUID | str, data: Data, *, replace: Collection[str] = ()) -> K:
        """The updated record. Fields and parts of composite fields that are not set don't change; None clears."""
        return await self._of(of).update_one(id, data, replace=replace)

    async def update_many(
        self,
        of: Of[K],
        data: Data,
        filter: Filters | None = None,
        *,
        all_records: bool = False,
        replace: Collection[str] = (),
    ) -> list[K]:
        """The updated records. Raises `InvalidArgument` for a filter without a condition, unless `all_records`."""
        return await self._of(of).update_many(data, filter, all_records=all_records, replace=replace)

    async def delete_one(self, of: Of[K], id: UUID | str) -> K:
        """Soft-deletes the record; `restore` restores it."""
        return await self._of(of).delete_one(id)

    async def delete_many(self, of: Of[K], filter: Filters | None = None, *, all_records: bool = False) -> list[K]:
        """Soft-deletes records. Raises `InvalidArgument` for a filter without a condition, unless `all_records`."""
        return await self._of(of).delete_many(filter, all_records=all_records)

    async def destroy_one(self, of: Of[Any], id: UUID | str) -> UUID:
        """Permanently destroys the record. Returns its id, because REST returns nothing else."""
        return await self._of(of).destroy_one(id)

    async def destroy_many(
        self, of: Of[Any], filter: Filters | None = None, *, all_records: bool = False
    ) -> list[UUID]:
        """Permanently destroys records and returns their ids. Raises `InvalidArgument` as `delete_many` does."""
        return await self._of(of).destroy_many(filter, all_records=all_records)

    async def restore(self, of: Of[K], id: UUID | str) -> K:
        """Restores a deleted record. Raises `NotFoundError`."""
        return await self._of(of).restore(id)

    async def restore_many(self, of: Of[K], filter: Filters | None = None, *, all_records: bool = False) -> list[K]:
        """Restores the records that match. Raises `InvalidArgument` as `delete_many` does."""
        return await self._of(of).restore_many(filter, all_records=all_records)

    async def find_duplicates(
        self, of: Of[K], *, ids: Sequence[UUID | str] | None = None, data: Sequence[Data] | None = None
    ) -> list[Page[K]]:
        """The similar records for each id, or for each item of data, in order."""
        return await self._of(of).find_duplicates(ids=ids, data=data)

    async def merge(
        self, of: Of[K], ids: Sequence[UUID | str], conflict_priority_index: int = 0, dry_run: bool = False
    ) -> K:
        """The merged record: 2 to 9 records are merged into the one at `conflict_priority_index`, whose values win."""
        return await self._of(of).merge(ids, conflict_priority_index, dry_run)

    restore_one = restore
    merge_many = merge

    @overload
    async def group_by(
        self,
        of: Of[Any],
        group_by: Data | Sequence[Data],
        *,
        select: type[A],
        filter: Filters | None = None,
        order_by: GroupOrders | Sequence[GroupOrders] | None = None,
        limit: int | None = None,
    ) -> list[A]: ...

    @overload
    async def group_by(
        self,
        of: Of[Any],
        group_by: Data | Sequence[Data],
        *,
        select: None = None,
        filter: Filters | None = None,
        order_by: GroupOrders | Sequence[GroupOrders] | None = None,
        limit: int | None = None,
    ) -> list[Group]: ...

    async def group_by(
        self,
        of: Of[Any],
        group_by: Data | Sequence[Data],
        *,
        select: type[Any] | None = None,
        filter: Filters | None = None,
        order_by: GroupOrders | Sequence[GroupOrders] | None = None,
        limit: int | None = None,
    ) -> list[Any]:
        """The groups of records with the same values. Counts are numbers, although REST has them as texts."""
        return await self._of(of).group_by(group_by, select=select, filter=filter, order_by=order_by, limit=limit)


@cache
def _namespace_of(record: type[Record]) -> type[AnyRecords]:
    """The namespace that was generated with a record."""
    about: About = record._object  # type: ignore[attr-defined]
    for kind in vars(import_module(record.__module__)).values():
        if isinstance(kind, type) and issubclass(kind, Records) and kind is not Records:
            namespace: type[AnyRecords] = kind
            if namespace.meta.type_name == about.type_name:
                return namespace
    raise InvalidArgument(f"{record.__name__} has no namespace in {record.__module__}: give the namespace.")
