"""The types of `twenty.raw.companies` for type checkers: the methods of `Records`, which return a `RawResult`.

At run time `RawCalls` wraps the namespace; a test compares these signatures with those of `Records`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar, Unpack, overload

from aiotwenty.graphql.aggregate import Aggregate
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.graphql.page import Group, Page
from aiotwenty.transport.recording import RawResult
from aiotwenty.transport.terms import CallOptions

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
A = TypeVar("A", bound=Aggregate[Any])
C = TypeVar("C", bound=Input | Mapping[str, object])
U = TypeVar("U", bound=Input | Mapping[str, object])
F = TypeVar("F", bound=Input | Mapping[str, object])
O = TypeVar("O", bound=Input | Mapping[str, object])  # noqa: E741
G = TypeVar("G", bound=Input | Mapping[str, object])
Q = TypeVar("Q", bound=Input | Mapping[str, object])

Id: TypeAlias = UUID | str


class RawReads(Generic[R, F, O, G, Q]):
    """Methods that find, count and group."""

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
    ) -> RawResult[Page[S]]: ...
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
    ) -> RawResult[Page[R]]: ...
    async def find_many(self, **given: Any) -> Any: ...

    @overload
    async def find_one(
        self, id: Id | None = None, *, select: type[S], filter: F | None = None, **options: Unpack[CallOptions]
    ) -> RawResult[S]: ...
    @overload
    async def find_one(
        self, id: Id | None = None, *, select: None = None, filter: F | None = None, **options: Unpack[CallOptions]
    ) -> RawResult[R]: ...
    async def find_one(self, id: Id | None = None, **given: Any) -> Any: ...

    @overload
    async def find_by_ids(
        self, ids: Iterable[Id], *, select: type[S], **options: Unpack[CallOptions]
    ) -> RawResult[list[S | None]]: ...
    @overload
    async def find_by_ids(
        self, ids: Iterable[Id], *, select: None = None, **options: Unpack[CallOptions]
    ) -> RawResult[list[R | None]]: ...
    async def find_by_ids(self, ids: Iterable[Id], **given: Any) -> Any: ...

    async def count(self, filter: F | None = None, **options: Unpack[CallOptions]) -> RawResult[int]:
        raise NotImplementedError

    async def aggregate(self, select: type[A], filter: F | None = None, **options: Unpack[CallOptions]) -> RawResult[A]:
        raise NotImplementedError

    @overload
    async def group_by(
        self,
        group_by: G | Sequence[G],
        *,
        filter: F | None = None,
        order_by: Q | Sequence[Q] | None = None,
        limit: int | None = None,
        **options: Unpack[CallOptions],
    ) -> RawResult[list[Group]]: ...
    @overload
    async def group_by(
        self,
        group_by: G | Sequence[G],
        *,
        select: type[A],
        filter: F | None = None,
        order_by: Q | Sequence[Q] | None = None,
        limit: int | None = None,
        **options: Unpack[CallOptions],
    ) -> RawResult[list[A]]: ...
    async def group_by(self, group_by: G | Sequence[G], **given: Any) -> Any: ...


class RawWrites(Generic[R, C, U, F]):
    """Methods that create and update."""

    @overload
    async def create_one(
        self,
        data: C,
        upsert: bool = False,
        *,
        select: type[S],
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> RawResult[S]: ...
    @overload
    async def create_one(
        self,
        data: C,
        upsert: bool = False,
        *,
        select: None = None,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> RawResult[R]: ...
    async def create_one(self, data: C, upsert: bool = False, **given: Any) -> Any: ...

    @overload
    async def create_many(
        self,
        data: Iterable[C],
        upsert: bool = False,
        *,
        select: type[S],
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> RawResult[list[S]]: ...
    @overload
    async def create_many(
        self,
        data: Iterable[C],
        upsert: bool = False,
        *,
        select: None = None,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> RawResult[list[R]]: ...
    async def create_many(self, data: Iterable[C], upsert: bool = False, **given: Any) -> Any: ...

    @overload
    async def update_one(
        self,
        id: Id,
        data: U,
        *,
        select: type[S],
        replace: Collection[str] = (),
        if_unchanged: Record | datetime | None = None,
        **options: Unpack[CallOptions],
    ) -> RawResult[S]: ...
    @overload
    async def update_one(
        self,
        id: Id,
        data: U,
        *,
        select: None = None,
        replace: Collection[str] = (),
        if_unchanged: Record | datetime | None = None,
        **options: Unpack[CallOptions],
    ) -> RawResult[R]: ...
    async def update_one(self, id: Id, data: U, **given: Any) -> Any: ...

    @overload
    async def update_many(
        self,
        data: U,
        filter: F | None = None,
        *,
        select: type[S],
        all_records: bool = False,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> RawResult[list[S]]: ...
    @overload
    async def update_many(
        self,
        data: U,
        filter: F | None = None,
        *,
        select: None = None,
        all_records: bool = False,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> RawResult[list[R]]: ...
    async def update_many(self, data: U, filter: F | None = None, **given: Any) -> Any: ...


class RawRemovals(Generic[R, F]):
    """Methods that delete, destroy and restore."""

    @overload
    async def delete_one(self, id: Id, *, select: type[S], **options: Unpack[CallOptions]) -> RawResult[S]: ...
    @overload
    async def delete_one(self, id: Id, *, select: None = None, **options: Unpack[CallOptions]) -> RawResult[R]: ...
    async def delete_one(self, id: Id, **given: Any) -> Any: ...

    @overload
    async def delete_many(
        self, filter: F | None = None, *, select: type[S], all_records: bool = False, **options: Unpack[CallOptions]
    ) -> RawResult[list[S]]: ...
    @overload
    async def delete_many(
        self, filter: F | None = None, *, select: None = None, all_records: bool = False, **options: Unpack[CallOptions]
    ) -> RawResult[list[R]]: ...
    async def delete_many(self, filter: F | None = None, **given: Any) -> Any: ...

    @overload
    async def destroy_one(self, id: Id, *, select: type[S], **options: Unpack[CallOptions]) -> RawResult[S]: ...
    @overload
    async def destroy_one(self, id: Id, *, select: None = None, **options: Unpack[CallOptions]) -> RawResult[R]: ...
    async def destroy_one(self, id: Id, **given: Any) -> Any: ...

    @overload
    async def destroy_many(
        self, filter: F | None = None, *, select: type[S], all_records: bool = False, **options: Unpack[CallOptions]
    ) -> RawResult[list[S]]: ...
    @overload
    async def destroy_many(
        self, filter: F | None = None, *, select: None = None, all_records: bool = False, **options: Unpack[CallOptions]
    ) -> RawResult[list[R]]: ...
    async def destroy_many(self, filter: F | None = None, **given: Any) -> Any: ...

    @overload
    async def restore_one(self, id: Id, *, select: type[S], **options: Unpack[CallOptions]) -> RawResult[S]: ...
    @overload
    async def restore_one(self, id: Id, *, select: None = None, **options: Unpack[CallOptions]) -> RawResult[R]: ...
    async def restore_one(self, id: Id, **given: Any) -> Any: ...

    @overload
    async def restore_many(
        self, filter: F | None = None, *, select: type[S], all_records: bool = False, **options: Unpack[CallOptions]
    ) -> RawResult[list[S]]: ...
    @overload
    async def restore_many(
        self, filter: F | None = None, *, select: None = None, all_records: bool = False, **options: Unpack[CallOptions]
    ) -> RawResult[list[R]]: ...
    async def restore_many(self, filter: F | None = None, **given: Any) -> Any: ...


class RawRecords(RawReads[R, F, O, G, Q], RawWrites[R, C, U, F], RawRemovals[R, F], Generic[R, C, U, F, O, G, Q]):
    """The methods of an object. Duplicates and merging, which not all objects have, go by `twenty.raw(call)`."""
