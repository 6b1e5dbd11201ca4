"""What all parts of an object's namespace stand on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.filters import Filter, normalise
from aiotwenty.graphql.ids import id_problem
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.graphql.page import Page
from aiotwenty.records.filters import by_ids
from aiotwenty.records.inputs import as_model
from aiotwenty.records.meta import ObjectMeta
from aiotwenty.records.paging import PAGE_SIZE

if TYPE_CHECKING:
    from aiotwenty.graphql.endpoint import TwentyTransport

R = TypeVar("R", bound=Record)


class Namespace(Generic[R]):
    """What all parts of a namespace stand on: its object and its endpoint."""

    meta: ClassVar[ObjectMeta]

    def __init__(self, endpoint: TwentyTransport) -> None:
        self._endpoint = endpoint

    def __repr__(self) -> str:
        return f"<{self.meta.plural} of {self._endpoint.url.removesuffix('/graphql')!r}>"

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

    def _filter(self, value: object) -> Filter | None:
        if value is None:
            return None
        return normalise(as_model(value, self.meta.model("filter"), "filter"))

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


def as_id(value: UUID | str) -> UUID:
    """The id. Raises `InvalidArgument` when it is none, or one that the server would not take and call missing."""
    if problem := id_problem(value):
        raise InvalidArgument(f"{problem}.")
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        hint = ": give its `id`" if isinstance(value, Record) else ""
        if isinstance(value, Mapping | Input):
            hint = ": a filter goes into `filter=`"
        raise InvalidArgument(f"an id is a UUID or the text of one, not {type(value).__name__}{hint}.")
    try:
        return UUID(value)
    except ValueError:
        pass
    raise InvalidArgument(f"{value!r} is not an id: ids are UUIDs.")


def as_ids(values: Iterable[UUID | str]) -> list[UUID]:
    """The ids. Raises `InvalidArgument` like `as_id`."""
    if isinstance(values, str | UUID) or not isinstance(values, Iterable):
        raise InvalidArgument(f"ids must be a list, not {type(values).__name__}.")
    return [as_id(value) for value in values]


def by_id(value: UUID | str) -> Filter:
    """A filter for one record."""
    return {"id": {"eq": as_id(value)}}
