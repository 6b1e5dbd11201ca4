"""`twenty.companies` and its kin: all that generated namespaces are made of. `from aiotwenty import objects as ns`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, Self, TypeVar, Unpack, overload

from aiotwenty.graphql.models import Input, Record
from aiotwenty.records.duplicates import FindDuplicates, MergeMany
from aiotwenty.records.grouping import Groups
from aiotwenty.records.meta import ObjectMeta
from aiotwenty.records.reading import Reads
from aiotwenty.records.writing import Writes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from aiotwenty.bulk.export import ExportReport
    from aiotwenty.bulk.options import ExportOptions, LoadSettings, Rows
    from aiotwenty.bulk.report import LoadReport
    from aiotwenty.graphql.endpoint import TwentyTransport

__all__ = ["FindDuplicates", "Lazy", "MergeMany", "ObjectMeta", "Records"]

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=Input)
U = TypeVar("U", bound=Input)
F = TypeVar("F", bound=Input)
O = TypeVar("O", bound=Input)  # noqa: E741
G = TypeVar("G", bound=Input)
N = TypeVar("N")


class Records(Reads[R, F, O, G], Groups[R, F, G], Writes[R, C, U, F], Generic[R, C, U, F, O, G]):
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


class _HasEndpoints(Protocol):
    def endpoint(self, name: Literal["graphql", "metadata"]) -> TwentyTransport: ...


class Lazy(Generic[N]):
    """An attribute of a client that is made from its endpoint when it is first used, and kept."""

    def __init__(self, make: Callable[[TwentyTransport], N]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(self, client: _HasEndpoints, owner: type) -> N: ...

    def __get__(self, client: _HasEndpoints | None, owner: type) -> Self | N:
        if client is None:
            return self
        # Found in the instance from now on: this descriptor has no __set__.
        made = client.__dict__[self._name] = self._make(client.endpoint("graphql"))
        return made
