"""`twenty.companies` and its kin: what every object can do, written once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack

from aiotwenty.errors import InvalidInput
from aiotwenty.records.base import Namespace, as_ids
from aiotwenty.records.inputs import as_models
from aiotwenty.records.meta import ObjectMeta
from aiotwenty.records.reading import Reads
from aiotwenty.records.writing import Writes
from aiotwenty.transport.models import UNSET, UUID, Input, Record
from aiotwenty.transport.page import Group, Page

__all__ = ["FindDuplicates", "Group", "MergeMany", "ObjectMeta", "Page", "Records"]

if TYPE_CHECKING:
    from pathlib import Path

    from aiotwenty.bulk.export import ExportReport
    from aiotwenty.bulk.options import ExportOptions, LoadSettings, Rows
    from aiotwenty.bulk.report import LoadReport

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=Input)
U = TypeVar("U", bound=Input)
F = TypeVar("F", bound=Input)
O = TypeVar("O", bound=Input)  # noqa: E741
G = TypeVar("G", bound=Input)


class Records(Reads[R, F, O, G], Writes[R, C, U, F], Generic[R, C, U, F, O, G]):
    """The records of one object.

    R, C, U, F, O and G are its record, create input, update input, filter, order and group-by types. Wherever a model
    is taken, a mapping with camelCase or snake_case keys is taken too and validated; a date in it that stands for a
    moment is the first of that day in UTC. Every call raises `TwentyError`s only.
    """

    async def load(self, rows: Rows, **options: Unpack[LoadSettings]) -> LoadReport:
        """Loads any number of rows, each exactly once: see `aiotwenty.bulk.load`, whose options are taken here."""
        from aiotwenty import bulk

        return await bulk.load(self, rows, **options)

    async def export(
        self, path: str | Path, *, filter: F | Mapping[str, Any] | None = None, **options: Unpack[ExportOptions]
    ) -> ExportReport:
        """Writes every record to a file: see `aiotwenty.bulk.export`, whose options are taken here."""
        from aiotwenty import bulk

        return await bulk.export(self, path, filter=filter, **options)


class FindDuplicates(Namespace[R], Generic[R, C]):
    """For objects that have duplicate detection."""

    async def find_duplicates(
        self, *, ids: Sequence[UUID | str] | None = None, data: Sequence[C | Mapping[str, Any]] | None = None
    ) -> list[Page[R]]:
        """For each id or each piece of data, in their order, the records that look like it."""
        if (ids is None) == (data is None):
            raise InvalidInput("find_duplicates needs ids or data, and not both.")
        variables: dict[str, object] = (
            {"ids": as_ids(ids)} if ids is not None else {"data": as_models(data, self.meta.model("create"), "data")}
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
                "ids": as_ids(ids),
                "conflictPriorityIndex": conflict_priority_index,
                "dryRun": dry_run or UNSET,
            },
            repeatable=dry_run,
        )
        return record
