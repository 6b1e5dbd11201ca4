"""Deletes, restores and destroys the records of an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar, Unpack, overload

from aiotwenty.graphql.filters import Filter, guarded
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.records.id_filters import by_ids, only_ids
from aiotwenty.records.namespace import as_id, of_all_requests
from aiotwenty.records.settled_changes import SettledChanges
from aiotwenty.transport.terms import CallOptions

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
F = TypeVar("F", bound=Input | Mapping[str, object])


class Removals(SettledChanges[R], Generic[R, F]):
    """Methods that delete (for `restore_one`), restore and destroy records."""

    @overload
    async def delete_one(self, id: UUID | str, *, select: type[S], **options: Unpack[CallOptions]) -> S: ...

    @overload
    async def delete_one(self, id: UUID | str, *, select: None = None, **options: Unpack[CallOptions]) -> R: ...

    @of_all_requests
    async def delete_one(
        self, id: UUID | str, *, select: type[Any] | None = None, **options: Unpack[CallOptions]
    ) -> Any:
        """Soft-deletes the record; `restore_one` restores it."""
        return await self._set_deleted_one("delete_one", as_id(id), select, deleted=True)

    @overload
    async def delete_many(
        self, filter: F | None = None, *, select: type[S], all_records: bool = False, **options: Unpack[CallOptions]
    ) -> list[S]: ...

    @overload
    async def delete_many(
        self, filter: F | None = None, *, select: None = None, all_records: bool = False, **options: Unpack[CallOptions]
    ) -> list[R]: ...

    @of_all_requests
    async def delete_many(
        self,
        filter: F | None = None,
        *,
        select: type[Any] | None = None,
        all_records: bool = False,
        **options: Unpack[CallOptions],
    ) -> list[Any]:
        """Soft-deletes any number of records; `restore_many` restores them.

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "delete_many")
        return await self._set_deleted("delete_many", only, select, deleted=True)

    @overload
    async def restore_one(self, id: UUID | str, *, select: type[S], **options: Unpack[CallOptions]) -> S: ...

    @overload
    async def restore_one(self, id: UUID | str, *, select: None = None, **options: Unpack[CallOptions]) -> R: ...

    @of_all_requests
    async def restore_one(
        self, id: UUID | str, *, select: type[Any] | None = None, **options: Unpack[CallOptions]
    ) -> Any:
        """Restores a deleted record."""
        return await self._set_deleted_one("restore_one", as_id(id), select, deleted=False)

    @overload
    async def restore_many(
        self, filter: F | None = None, *, select: type[S], all_records: bool = False, **options: Unpack[CallOptions]
    ) -> list[S]: ...

    @overload
    async def restore_many(
        self, filter: F | None = None, *, select: None = None, all_records: bool = False, **options: Unpack[CallOptions]
    ) -> list[R]: ...

    @of_all_requests
    async def restore_many(
        self,
        filter: F | None = None,
        *,
        select: type[Any] | None = None,
        all_records: bool = False,
        **options: Unpack[CallOptions],
    ) -> list[Any]:
        """Restores the records that match.

        With a filter on `deletedAt`, records are restored, but the result is empty (Twenty, July 2026).

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "restore_many")
        return await self._set_deleted("restore_many", only, select, deleted=False)

    @overload
    async def destroy_one(self, id: UUID | str, *, select: type[S], **options: Unpack[CallOptions]) -> S: ...

    @overload
    async def destroy_one(self, id: UUID | str, *, select: None = None, **options: Unpack[CallOptions]) -> R: ...

    @of_all_requests
    async def destroy_one(
        self, id: UUID | str, *, select: type[Any] | None = None, **options: Unpack[CallOptions]
    ) -> Any:
        """Permanently destroys the record, and returns it. Raises `AnswerLost` if only the response was lost."""
        ask = self._ask("destroy_one", "one", select)

        async def destroy(ids: Sequence[UUID]) -> list[Any]:
            return [await self._run(ask, {"id": ids[0]})]

        return (await self._destroyed([as_id(id)], destroy, deleted=True))[0]

    @overload
    async def destroy_many(
        self, filter: F | None = None, *, select: type[S], all_records: bool = False, **options: Unpack[CallOptions]
    ) -> list[S]: ...

    @overload
    async def destroy_many(
        self, filter: F | None = None, *, select: None = None, all_records: bool = False, **options: Unpack[CallOptions]
    ) -> list[R]: ...

    @of_all_requests
    async def destroy_many(
        self,
        filter: F | None = None,
        *,
        select: type[Any] | None = None,
        all_records: bool = False,
        **options: Unpack[CallOptions],
    ) -> list[Any]:
        """Permanently destroys any number of records.

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true; `AnswerLost` if the
        filter names ids and the records are destroyed, but a response with some of them was lost.
        """
        only = guarded(self._filter(filter), all_records, "destroy_many")
        ask = self._ask("destroy_many", "many", select)

        async def destroy(ids: Sequence[UUID]) -> list[Any]:
            records: list[Any] = await self._run(ask, {"filter": by_ids(list(ids))})
            return records

        ids = only_ids(only)
        if ids is None:
            with self._untold("destroyed"):
                records: list[Any] = await self._run(ask, {"filter": only})
                return records
        return await self._destroyed(ids, destroy, deleted=False)

    async def _set_deleted_one(self, kind: str, identity: UUID, select: type[Any] | None, *, deleted: bool) -> Any:
        ask = self._ask(kind, "one", select)

        async def change(ids: Sequence[UUID]) -> list[Any]:
            return [await self._run(ask, {"id": ids[0]}, repeatable=False)]

        return (await self._settled([identity], change, partial(_is_deleted, deleted), select))[0]

    async def _set_deleted(self, kind: str, only: Filter, select: type[Any] | None, *, deleted: bool) -> list[Any]:
        ask = self._ask(kind, "many", select)
        ids = only_ids(only)

        async def change(some: Sequence[UUID]) -> list[Any]:
            records: list[Any] = await self._run(ask, {"filter": by_ids(list(some))}, repeatable=False)
            return records

        if ids is None:
            with self._untold("deleted" if deleted else "restored"):
                records: list[Any] = await self._run(ask, {"filter": only}, repeatable=False)
                return records
        return await self._settled(ids, change, partial(_is_deleted, deleted), select)


def _is_deleted(wanted: bool, record: Any) -> bool:
    return (record.deleted_at is not None) is wanted
