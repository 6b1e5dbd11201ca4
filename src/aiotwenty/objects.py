"""The base of generated namespaces, such as `twenty.companies`. `from aiotwenty import objects as ns`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar, Unpack, overload

import typing_extensions

from aiotwenty.graphql.models import Input, Record
from aiotwenty.records.creating import Creates
from aiotwenty.records.duplicates import FindDuplicates, MergeMany
from aiotwenty.records.grouping import Groups
from aiotwenty.records.namespace import of_each_request
from aiotwenty.records.object_meta import ObjectMeta
from aiotwenty.records.raw_calls import RawCalls
from aiotwenty.records.reading import Reads
from aiotwenty.records.removing import Removals
from aiotwenty.records.updating import Updates

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable
    from pathlib import Path

    import pandas
    import polars
    import pyarrow

    from aiotwenty.bulk.exporting import ExportReport
    from aiotwenty.bulk.feed.changes import Changes, ChangesOptions, Since
    from aiotwenty.bulk.options import DtypeBackend, ExportOptions, FrameOptions, LoadSettings
    from aiotwenty.bulk.report import LoadReport
    from aiotwenty.bulk.source import Rows
    from aiotwenty.graphql.endpoint import Endpoint
    from aiotwenty.graphql.executor import EndpointName
    from aiotwenty.records.raw_records import RawRecords

__all__ = ["FindDuplicates", "Lazy", "MergeMany", "ObjectMeta", "RawCalls", "Records"]

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
C = TypeVar("C", bound=Input | Mapping[str, object])
U = TypeVar("U", bound=Input | Mapping[str, object])
F = TypeVar("F", bound=Input | Mapping[str, object])
O = TypeVar("O", bound=Input | Mapping[str, object])  # noqa: E741
G = TypeVar("G", bound=Input | Mapping[str, object])
Q = typing_extensions.TypeVar("Q", bound=Input | Mapping[str, object], default=Any)
N = TypeVar("N", covariant=True)


class Records(
    Reads[R, F, O, G],
    Groups[R, F, G, Q],
    Creates[R, C],
    Updates[R, U, F],
    Removals[R, F],
    Generic[R, C, U, F, O, G, Q],
):
    """The records of one object.

    R, C, U, F, O, G and Q are the types of its record, create input, update input, filter, order, group-by, and
    order of groups. All but the record may also be dicts with the same keys, which are validated; at run time,
    camelCase keys are accepted, too. A date in place of a time means the beginning of that day in UTC. All methods
    raise only `TwentyError`s.
    """

    async def load(self, rows: Rows, **options: Unpack[LoadSettings]) -> LoadReport:
        """Loads any number of rows, each exactly once: see `aiotwenty.bulk.load`, which has the same options."""
        from aiotwenty import bulk

        return await bulk.load(self, rows, **options)

    async def export(
        self, path: str | Path, *, filter: F | None = None, **options: Unpack[ExportOptions]
    ) -> ExportReport:
        """Writes every record to a file: see `aiotwenty.bulk.export`, which has the same options."""
        from aiotwenty import bulk

        return await bulk.export(self, path, filter=filter, **options)

    @overload
    def changes(self, since: Since = None, *, select: type[S], **options: Unpack[ChangesOptions]) -> Changes[S]: ...

    @overload
    def changes(self, since: Since = None, *, select: None = None, **options: Unpack[ChangesOptions]) -> Changes[R]: ...

    @of_each_request
    def changes(
        self, since: Since = None, *, select: type[Any] | None = None, **options: Unpack[ChangesOptions]
    ) -> Changes[Any]:
        """The changes since a state, or all records: created and updated ones in their current state, soft-deleted
        ones, and the ids of destroyed ones. See `docs/changes.md` for the guarantees.

            changes = twenty.companies.changes(since=state)
            async for change in changes: ...
            state = changes.state

        Each change comes at least once, and at the end, all changes together give the state of the workspace. `options`
        are those of `ChangesOptions`. Raises `InvalidArgument` at once for an invalid state, store or option, and any
        `TwentyError` while reading: continue from `changes.state` then.
        """
        from aiotwenty.bulk.feed.changes import changes_of

        return changes_of([(self, select)], since, {self.meta.singular: options.pop("known_ids", None)}, options)

    async def to_arrow(
        self,
        *,
        fields: Iterable[str] | None = None,
        select: type[Record] | None = None,
        filter: F | None = None,
        **options: Unpack[FrameOptions],
    ) -> pyarrow.Table:
        """All records that match, as an Arrow table: see `aiotwenty.data.frames.to_arrow`."""
        from aiotwenty.bulk import frames

        return await frames.to_arrow(self, fields=fields, select=select, filter=filter, **options)

    def to_arrow_batches(
        self,
        *,
        fields: Iterable[str] | None = None,
        select: type[Record] | None = None,
        filter: F | None = None,
        batch_rows: int | None = None,
        **options: Unpack[FrameOptions],
    ) -> AsyncGenerator[pyarrow.RecordBatch, None]:
        """The table of `to_arrow` in record batches: see `aiotwenty.data.frames.to_arrow_batches`."""
        from aiotwenty.bulk import frames

        return frames.to_arrow_batches(
            self, fields=fields, select=select, filter=filter, batch_rows=batch_rows, **options
        )

    async def to_polars(
        self,
        *,
        fields: Iterable[str] | None = None,
        select: type[Record] | None = None,
        filter: F | None = None,
        **options: Unpack[FrameOptions],
    ) -> polars.DataFrame:
        """All records that match, as a polars data frame: see `aiotwenty.data.frames.to_polars`."""
        from aiotwenty.bulk import frames

        return await frames.to_polars(self, fields=fields, select=select, filter=filter, **options)

    async def to_pandas(
        self,
        *,
        fields: Iterable[str] | None = None,
        select: type[Record] | None = None,
        filter: F | None = None,
        dtype_backend: DtypeBackend = "numpy_nullable",
        **options: Unpack[FrameOptions],
    ) -> pandas.DataFrame:
        """All records that match, as a pandas data frame: see `aiotwenty.data.frames.to_pandas`."""
        from aiotwenty.bulk import frames

        return await frames.to_pandas(
            self, fields=fields, select=select, filter=filter, dtype_backend=dtype_backend, **options
        )


class HasEndpoints(Protocol):
    """A client."""

    def _endpoint(self, name: EndpointName) -> Endpoint: ...


class Lazy(Generic[N]):
    """An attribute of a client: a namespace that is imported and created on first use, and kept."""

    def __init__(self, module: str, namespace: str) -> None:
        """`module` is in the package of the class that has the attribute."""
        self.module = module
        self.namespace = namespace

    def __set_name__(self, owner: type, name: str) -> None:
        self._package = owner.__module__
        self._name = name

    @property
    def kind(self) -> Callable[[Endpoint], N]:
        """The class of the namespace."""
        kind: Callable[[Endpoint], N] = getattr(import_module(f"{self._package}.{self.module}"), self.namespace)
        return kind

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(
        self: Lazy[Records[R, C, U, F, O, G, Q]], client: RawCalls, owner: type
    ) -> RawRecords[R, C, U, F, O, G, Q]: ...

    @overload
    def __get__(self, client: HasEndpoints, owner: type) -> N: ...

    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self
        # Without a __set__, the instance's attribute takes precedence from now on.
        namespace = client.__dict__[self._name] = self.kind(client._endpoint("graphql"))
        return namespace


def namespaces_of(client: type) -> dict[str, Lazy[Any]]:
    """The attributes of a client that are namespaces, by name. Imports none of them."""
    return {name: part for kind in client.__mro__ for name, part in vars(kind).items() if isinstance(part, Lazy)}
