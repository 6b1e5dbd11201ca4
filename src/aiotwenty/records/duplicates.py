"""Finds and merges duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, Unpack, overload

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.models import UNSET, UUID, Input, Record
from aiotwenty.graphql.page import Page
from aiotwenty.records.inputs import as_models
from aiotwenty.records.namespace import Namespace, as_ids, of_all_requests
from aiotwenty.transport.terms import CallOptions

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
C = TypeVar("C", bound=Input | Mapping[str, object])


class FindDuplicates(Namespace[R], Generic[R, C]):
    """Methods of objects with duplicate detection."""

    @overload
    async def find_duplicates(
        self,
        *,
        select: type[S],
        ids: Sequence[UUID | str] | None = None,
        data: Sequence[C] | None = None,
        **options: Unpack[CallOptions],
    ) -> list[Page[S]]: ...

    @overload
    async def find_duplicates(
        self,
        *,
        select: None = None,
        ids: Sequence[UUID | str] | None = None,
        data: Sequence[C] | None = None,
        **options: Unpack[CallOptions],
    ) -> list[Page[R]]: ...

    @of_all_requests
    async def find_duplicates(
        self,
        *,
        select: type[Any] | None = None,
        ids: Sequence[UUID | str] | None = None,
        data: Sequence[C] | None = None,
        **options: Unpack[CallOptions],
    ) -> list[Page[Any]]:
        """The similar records for each id, or for each item of data, in order."""
        if (ids is None) == (data is None):
            raise InvalidArgument("find_duplicates needs ids or data, not both.")
        variables: dict[str, object] = (
            {"ids": as_ids(ids)} if ids is not None else {"data": as_models(data, self.meta.model("create"), "data")}
        )
        pages: list[Page[Any]] = await self._run(self._ask("find_duplicates", "pages", select), variables)
        return pages


class MergeMany(Namespace[R]):
    """Methods of objects whose records can be merged."""

    @overload
    async def merge_many(
        self,
        ids: Sequence[UUID | str],
        conflict_priority_index: int = 0,
        dry_run: bool = False,
        *,
        select: type[S],
        **options: Unpack[CallOptions],
    ) -> S: ...

    @overload
    async def merge_many(
        self,
        ids: Sequence[UUID | str],
        conflict_priority_index: int = 0,
        dry_run: bool = False,
        *,
        select: None = None,
        **options: Unpack[CallOptions],
    ) -> R: ...

    @of_all_requests
    async def merge_many(
        self,
        ids: Sequence[UUID | str],
        conflict_priority_index: int = 0,
        dry_run: bool = False,
        *,
        select: type[Any] | None = None,
        **options: Unpack[CallOptions],
    ) -> Any:
        """The merged record: 2 to 9 records are merged into the one at `conflict_priority_index`, whose values win.

        The others are destroyed on newer servers, soft-deleted on older ones (Twenty, July 2026). A dry run changes
        nothing and returns a record with a random id.
        """
        return await self._run(
            self._ask("merge_many", "one", select),
            {
                "ids": as_ids(ids),
                "conflictPriorityIndex": conflict_priority_index,
                "dryRun": dry_run or UNSET,
            },
            repeatable=dry_run,
        )
