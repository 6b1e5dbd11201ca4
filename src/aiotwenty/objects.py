"""`twenty.companies` and its kin: all that generated namespaces are made of. `from aiotwenty import objects as ns`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Generic, Literal, Protocol, Self, TypeVar, Unpack, overload

from aiotwenty.graphql.models import Input, Record
from aiotwenty.records.duplicates import FindDuplicates, MergeMany
from aiotwenty.records.grouping import Groups
from aiotwenty.records.meta import ObjectMeta
from aiotwenty.records.reading import Reads
from aiotwenty.records.writing import Writes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aiotwenty.bulk.export import ExportReport
    from aiotwenty.bulk.options import ExportOptions, LoadSettings, Rows
    from aiotwenty.bulk.report import LoadReport
    from aiotwenty.graphql.endpoint import TwentyTransport

__all__ = ["FindDuplicates", "Lazy", "MergeMany", "ObjectMeta", "Records"]

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=Input | Mapping[str, object])
U = TypeVar("U", bound=Input | Mapping[str, object])
F = TypeVar("F", bound=Input | Mapping[str, object])
O = TypeVar("O", bound=Input | Mapping[str, object])  # noqa: E741
G = TypeVar("G", bound=Input | Mapping[str, object])
N = TypeVar("N")


class Records(Reads[R, F, O, G], Groups[R, F, G], Writes[R, C, U, F], Generic[R, C, U, F, O, G]):
    """The records of one object.

    R, C, U, F, O and G are its record, create input, update input, filter, order and group-by types: a model, or a dict
    with the same keys, which is validated. At run time camelCase keys are taken too. A date in a dict that stands for a
    moment is the first of that day in UTC. Every call raises `TwentyError`s only.
    """

    async def load(self, rows: Rows, **options: Unpack[LoadSettings]) -> LoadReport:
        """Loads any number of rows, each exactly once: see `aiotwenty.bulk.load`, whose options are taken here."""
        from aiotwenty import bulk

        return await bulk.load(self, rows, **options)

    async def export(
        self, path: str | Path, *, filter: F | None = None, **options: Unpack[ExportOptions]
    ) -> ExportReport:
        """Writes every record to a file: see `aiotwenty.bulk.export`, whose options are taken here."""
        from aiotwenty import bulk

        return await bulk.export(self, path, filter=filter, **options)


class _HasEndpoints(Protocol):
    def endpoint(self, name: Literal["graphql", "metadata"]) -> TwentyTransport: ...


class Lazy(Generic[N]):
    """An attribute of a client: a namespace that is imported and made when it is first used, and kept."""

    def __init__(self, module: str, namespace: str) -> None:
        """`module` lies in the package of the class that has the attribute."""
        self.module = module
        self.namespace = namespace

    def __set_name__(self, owner: type, name: str) -> None:
        self._package = owner.__module__
        self._name = name

    @property
    def kind(self) -> Callable[[TwentyTransport], N]:
        """The class of the namespace."""
        kind: Callable[[TwentyTransport], N] = getattr(import_module(f"{self._package}.{self.module}"), self.namespace)
        return kind

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(self, client: _HasEndpoints, owner: type) -> N: ...

    def __get__(self, client: _HasEndpoints | None, owner: type) -> Self | N:
        if client is None:
            return self
        # Found in the instance from now on: this descriptor has no __set__.
        namespace = client.__dict__[self._name] = self.kind(client.endpoint("graphql"))
        return namespace
