"""Reads the records of a feed: as models, or as the JSON of the response."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic_core import to_json

from aiotwenty.bulk.raw_page import RawPage
from aiotwenty.bulk.target import Target
from aiotwenty.errors import AnswerTooLarge
from aiotwenty.graphql.answer_schemas import Wanted, id_of
from aiotwenty.graphql.document import compose, selection_of
from aiotwenty.graphql.filters import DELETED_ONLY, DELETED_TOO, Filter
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.page import Page
from aiotwenty.records.id_filters import by_ids
from aiotwenty.records.listing import Identity
from aiotwenty.records.namespace import Namespace
from aiotwenty.records.paging import PAGE_SIZE
from aiotwenty.records.reading import WITH_LISTS

T = TypeVar("T")
_co = TypeVar("_co", covariant=True)
_TRIES = 3
"""The most times that records are read which are deleted and restored meanwhile."""


@dataclass(frozen=True, slots=True)
class Read(Generic[_co]):
    """The present state of a record."""

    id: UUID
    deleted: bool
    record: _co
    content: Callable[[], bytes]
    """All of its content, for comparing."""


class FeedReader(Protocol[_co]):
    """Reads the records that match a filter."""

    @property
    def size(self) -> int:
        """The records in one request."""
        ...

    async def read(self, only: Filter, first: int) -> Sequence[tuple[UUID, _co, Callable[[], bytes]]]: ...


class ModelReader(FeedReader[Any]):
    """Reads records as models of a namespace, or as models of `select`."""

    def __init__(self, records: Namespace[Any], select: type[Record] | None) -> None:
        self._records = records
        self._ask = records._ask("find_many", "page", select, identified=True)
        lists = isinstance(self._ask.result, Wanted) and self._ask.result.has_lists
        self._size = WITH_LISTS if lists else PAGE_SIZE

    @property
    def size(self) -> int:
        return self._size

    async def read(self, only: Filter, first: int) -> Sequence[tuple[UUID, Any, Callable[[], bytes]]]:
        page, _ = await self._records._read_page(self._ask, {"filter": only, "first": first})
        return [(identity, record, _json_of(record)) for record in page.records if (identity := id_of(record))]


def _json_of(record: Record) -> Callable[[], bytes]:
    return lambda: record.model_dump_json().encode()


class RawReader(FeedReader[dict[str, Any]]):
    """Reads records as JSON of the response, with the fields of `selectors`."""

    def __init__(
        self, target: Target, selectors: Sequence[str], parts: Mapping[str, Collection[str]] | None = None
    ) -> None:
        self._parts = parts
        names = target.names
        self.restricted = 0
        """The values that the server withheld, which are null."""
        self._endpoint = target.endpoint
        self._operation = compose(
            f"ReadSome{names.type_name}",
            "query",
            names.plural,
            {"filter": f"{names.type_name}FilterInput", "first": "Int"},
            f"{{edges{{node{selection_of(dict.fromkeys(['id', *selectors]))}}}pageInfo{{hasNextPage}}totalCount}}",
        )

    @property
    def size(self) -> int:
        return PAGE_SIZE

    async def read(self, only: Filter, first: int) -> Sequence[tuple[UUID, dict[str, Any], Callable[[], bytes]]]:
        variables = {"filter": only, "first": first}
        page: Page[Identity]
        page, answer = await self._endpoint.run_raw(self._operation, Page[Identity], variables)
        raw = RawPage(answer, self._operation.root or "", len(page.records), self._parts)
        self.restricted += raw.restricted
        return [(UUID(record["id"]), record, _bytes_of(record)) for record in raw]


def _bytes_of(record: dict[str, Any]) -> Callable[[], bytes]:
    return lambda: to_json(record)


class Looks(Generic[T]):
    """Reads records by id, including soft-deleted ones."""

    def __init__(self, target: Target, reader: FeedReader[T]) -> None:
        self._reader = reader
        self._identities = RawReader(target, ())
        self.requests = 0

    @property
    def size(self) -> int:
        return self._reader.size

    async def look(self, ids: list[UUID]) -> tuple[dict[UUID, Read[T]], set[UUID]]:
        """The records, and the ids that don't exist. Records deleted or restored repeatedly are in neither."""
        reads: dict[UUID, Read[T]] = {}
        left = ids
        there: set[UUID] = set()
        for _ in range(_TRIES):
            for deleted in (False, True):
                only: Filter = {"and": [by_ids(left), DELETED_ONLY]} if deleted else by_ids(left)
                for identity, record, content in await self._some(only, left):
                    reads[identity] = Read(identity, deleted, record, content)
                left = [identity for identity in left if identity not in reads]
                if not left:
                    return reads, set()
            there = await self.there(left)
            if not there:
                break
            left = [identity for identity in left if identity in there]
        return reads, {identity for identity in ids if identity not in reads and identity not in there}

    async def there(self, ids: list[UUID]) -> set[UUID]:
        """Those ids that exist."""
        only: Filter = {"and": [by_ids(ids), DELETED_TOO]}
        self.requests += 1
        return {identity for identity, *_ in await self._identities.read(only, len(ids))}

    async def _some(self, only: Filter, ids: list[UUID]) -> Sequence[tuple[UUID, T, Callable[[], bytes]]]:
        self.requests += 1
        try:
            return await self._reader.read(only, len(ids))
        except AnswerTooLarge:
            if len(ids) == 1:
                raise
        half = len(ids) // 2
        parts = [{"and": [only, by_ids(part)]} for part in (ids[:half], ids[half:])]
        first, second = parts
        return [*await self._some(first, ids[:half]), *await self._some(second, ids[half:])]
