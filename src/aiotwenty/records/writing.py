"""The base of an object's writes: unique values, stored values, and records read again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel

from aiotwenty.errors import InvalidArgument, NotFoundError
from aiotwenty.graphql.answer_schemas import id_of
from aiotwenty.graphql.filters import DELETED_TOO
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.page import Page
from aiotwenty.records.identity import SameRecords, filter_of_same
from aiotwenty.records.namespace import Namespace
from aiotwenty.records.partial_composites import PartialWrite, change_of, composites_of, plain
from aiotwenty.records.settling import read_back

R = TypeVar("R", bound=Record)


class Writing(Namespace[R]):
    """Base of writes that read the records they concern."""

    @cached_property
    def _where_unique(self) -> Any:
        """The input with the unique fields; None if the schema has none, because nothing connects to the object."""
        try:
            return self.meta.model("where_unique")
        except AttributeError:
            return None

    async def _same(self, data: Sequence[Mapping[str, Any]]) -> SameRecords | None:
        """The stored records, including deleted ones, with an id or unique value of `data`; None if it has none."""
        found = filter_of_same(data, self._where_unique)
        if found is None:
            return None
        variables = {"filter": {"and": [found, DELETED_TOO]}, "first": len(data) * 10}
        page: Page[R] = await self._run(self._ask("find_many", "page"), variables, verify=False)
        return SameRecords([plain(record) for record in page.records], self._where_unique)

    def _change(self, model: BaseModel, replace: Collection[str]) -> PartialWrite:
        if isinstance(replace, str):
            raise InvalidArgument(f"replace must be a collection of names, such as {{{replace!r}}}, not a text.")
        return change_of(plain(model), composites_of(type(model)), replace)

    async def _select(self, records: list[R], select: type[Any] | None) -> list[Any]:
        """The written records as `select` reads them."""
        if select is None or select is self._record:
            return records
        ids = [identity for record in records if (identity := id_of(record))]
        again = {id_of(record): record for record in await read_back(self._look(ids, select))}
        if missing := [identity for identity in ids if identity not in again]:
            raise NotFoundError(
                f"{missing[0]} was written, and then destroyed by somebody else before it could be read.",
                operation=self.meta.operation("find_many").name,
            )
        return [again[identity] for identity in ids]
