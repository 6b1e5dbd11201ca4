"""`to_arrow`, `to_polars`, `to_pandas`: the records of an object as columns with the types of the schema."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from importlib import import_module
from typing import TYPE_CHECKING, Any, Unpack, get_args

from aiotwenty.bulk.catalogue import AnyFilter
from aiotwenty.bulk.options import DtypeBackend, FrameOptions, check_options
from aiotwenty.bulk.raw_walk import RawWalk
from aiotwenty.bulk.record_columns import RecordColumn, chosen_columns, usual_columns
from aiotwenty.bulk.report import OnProgress, Progress, counted
from aiotwenty.bulk.source import InputError, library
from aiotwenty.bulk.target import AnyRecords, Target
from aiotwenty.errors import HiddenRecords, InvalidArgument, RestrictedValues
from aiotwenty.graphql.filters import with_deleted
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.related_cuts import level_of_the_caller
from aiotwenty.graphql.select import selection_of
from aiotwenty.graphql.selection import Tree
from aiotwenty.records.paging import Hidden

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from aiotwenty.bulk.arrow_pages import ArrowPages, Micros, Uuids


_COLUMNS = frozenset({"fields", "select", "filter"})
_OPTIONS = frozenset(FrameOptions.__annotations__)


async def to_arrow(
    records: AnyRecords,
    *,
    fields: Iterable[str] | None = None,
    select: type[Record] | None = None,
    filter: AnyFilter | None = None,
    **options: Unpack[FrameOptions],
) -> pyarrow.Table:
    """All records that match, as a table: every record once in the order of ids, or an error.

    `fields` are dotted paths, also through to-one relations: `["name", "address.addressCity",
    "accountOwner.name.firstName"]`. They are the columns, in this order; a composite field means all its parts.
    By default all fields except search vectors, the id first. A `select` model can be used instead.

    Times are timestamps in UTC (µs), dates are dates, options of picklists a dictionary, lists are lists, JSON fields
    are texts. `amountMicros` is int64, or decimal128 with `micros="decimal"`; ids are texts, or 16 bytes with
    `uuids="binary"`. Hidden values are null, with the warning `RestrictedValues`.

    Needs the extra `arrow`. Raises `HiddenRecords` if there are records that the key can't see (unless
    `hidden="skip"`), another `PaginationError` if records would be missing, `SchemaDrift` for removed fields and
    values that don't fit, `InputError` for an unknown field.
    """
    check_options("a data frame", options, _OPTIONS, _OPTIONS | _COLUMNS)
    frame = FrameWalk(Target.of(records), fields, select, filter, **options)
    return frame.pages.table([batch async for batch in frame.batches()])


async def to_arrow_batches(
    records: AnyRecords,
    *,
    fields: Iterable[str] | None = None,
    select: type[Record] | None = None,
    filter: AnyFilter | None = None,
    batch_rows: int | None = None,
    **options: Unpack[FrameOptions],
) -> AsyncGenerator[pyarrow.RecordBatch, None]:
    """The table of `to_arrow` in record batches, as they come, with constant memory for any number of records.

    A batch is a page, or as many pages as have `batch_rows` rows together. `HiddenRecords` is raised after the last
    batch.
    """
    check_options("a data frame", options, _OPTIONS, _OPTIONS | _COLUMNS)
    frame = FrameWalk(Target.of(records), fields, select, filter, **options)
    waiting: list[pyarrow.RecordBatch] = []
    async with aclosing(frame.batches()) as batches:
        async for batch in batches:
            waiting.append(batch)
            if batch_rows is None or sum(part.num_rows for part in waiting) >= batch_rows:
                yield frame.pages.joined(waiting)
                waiting = []
    if waiting:
        yield frame.pages.joined(waiting)


async def to_polars(
    records: AnyRecords,
    *,
    fields: Iterable[str] | None = None,
    select: type[Record] | None = None,
    filter: AnyFilter | None = None,
    **options: Unpack[FrameOptions],
) -> polars.DataFrame:
    """The table of `to_arrow` as a polars data frame, which shares its memory. Needs the extra `polars`."""
    from_arrow = library("polars", "a data frame", "polars").from_arrow
    frame: polars.DataFrame = from_arrow(
        await to_arrow(records, fields=fields, select=select, filter=filter, **options)
    )
    return frame


async def to_pandas(
    records: AnyRecords,
    *,
    fields: Iterable[str] | None = None,
    select: type[Record] | None = None,
    filter: AnyFilter | None = None,
    dtype_backend: DtypeBackend = "numpy_nullable",
    **options: Unpack[FrameOptions],
) -> pandas.DataFrame:
    """The table of `to_arrow` as a pandas data frame. Needs the extra `pandas`.

    Whole numbers are `Int64` and booleans `boolean`, so that missing values don't make them floats; with
    `dtype_backend="pyarrow"` all columns stay Arrow's.
    """
    if dtype_backend not in get_args(DtypeBackend):
        raise InvalidArgument(f"dtype_backend is one of {', '.join(get_args(DtypeBackend))}, not {dtype_backend!r}.")
    pandas_library = library("pandas", "a data frame", "pandas")
    table = await to_arrow(records, fields=fields, select=select, filter=filter, **options)
    if dtype_backend == "pyarrow":
        mapper = pandas_library.ArrowDtype
    else:
        arrow = import_module("pyarrow")
        mapper = {arrow.int64(): pandas_library.Int64Dtype(), arrow.bool_(): pandas_library.BooleanDtype()}.get
    frame: pandas.DataFrame = table.to_pandas(types_mapper=mapper)
    return frame


class FrameWalk:
    """The parts of a data frame: its columns, and the walk over its records."""

    def __init__(
        self,
        target: Target,
        fields: Iterable[str] | None,
        select: type[Record] | None,
        filter: AnyFilter | None,
        *,
        uuids: Uuids = "text",
        micros: Micros = "int64",
        deleted: bool = False,
        hidden: Hidden = "raise",
        limit: int | None = None,
        page_size: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        _check("uuids", uuids, ("text", "binary"))
        _check("micros", micros, ("int64", "decimal"))
        _check("hidden", hidden, ("raise", "skip"))
        if limit is not None and limit < 0:
            raise InvalidArgument("limit must not be negative.")
        if page_size is not None and page_size < 1:
            raise InvalidArgument("page_size must be at least 1.")
        library("pyarrow", "a data frame", "arrow")
        self._target = target
        self._columns = _columns(target, fields, select)
        self._only = with_deleted(target.filter(filter)) if deleted else target.filter(filter)
        self._hidden = hidden
        self._limit = limit
        self._page_size = page_size
        self._on_progress = on_progress
        pages = import_module("aiotwenty.bulk.arrow_pages")
        self.pages: ArrowPages = pages.ArrowPages(self._columns, target.names.plural, uuids, micros)

    async def batches(self) -> AsyncGenerator[pyarrow.RecordBatch, None]:
        """A record batch for each page, made in a thread while the next page is fetched."""
        await self._target.has(column.path for column in self._columns)
        if self._limit == 0:
            return
        selectors = [column.selector for column in self._columns]
        walk = RawWalk(self._target, selectors, self._only, self._page_size, self._limit)
        progress = Progress(what=self._target.names.plural)
        async with aclosing(walk.pages()) as pages:
            async for page in pages:
                batch = await asyncio.to_thread(self.pages.batch, page)
                left = None if self._limit is None else self._limit - progress.loaded
                batch = batch if left is None else batch.slice(0, left)
                progress.loaded += batch.num_rows
                progress.received, progress.total, progress.requests = walk.seen, walk.total, walk.requests
                if self._on_progress is not None:
                    self._on_progress(progress)
                yield batch
                if left is not None and batch.num_rows == left:
                    break
        self._tell(walk)

    def _tell(self, walk: RawWalk) -> None:
        plural = self._target.names.plural
        if walk.restricted:
            values = counted(walk.restricted, "value")
            warnings.warn(
                f"{plural}: {values} that this key may not see read null.", RestrictedValues, level_of_the_caller()
            )
        if walk.hidden and self._hidden == "raise":
            raise HiddenRecords(
                f"of the {plural}, {walk.hidden} are counted that this key may not see, beside {walk.seen} that it "
                'may: hidden="skip" gives those.',
                seen=walk.seen,
                expected=walk.seen + walk.hidden,
            )


def _check(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidArgument(f"{name} is one of {', '.join(allowed)}, not {value!r}.")


def _columns(target: Target, fields: Iterable[str] | None, select: Any) -> list[RecordColumn]:
    catalogue, type_name = target.catalogue, target.type_name
    if select is None:
        if fields is None:
            return usual_columns(catalogue, type_name)
        if columns := chosen_columns(catalogue, type_name, fields):
            return columns
        raise InputError("fields names no column")
    if fields is not None:
        raise InvalidArgument("pass select or fields, not both.")
    if not (isinstance(select, type) and issubclass(select, Record)):
        raise InvalidArgument(f"select is a model, such as a subclass of Select[{type_name}].")
    selection = selection_of(select)
    if selection.about is None or selection.about.type_name != type_name:
        raise InvalidArgument(f"{select.__name__} selects of {selection.record.__name__}, and these are {type_name}s.")
    return chosen_columns(catalogue, type_name, _paths(selection.tree, select.__name__))


def _paths(tree: Tree, model: str, prefix: str = "") -> Iterator[str]:
    """The selection of a model as dotted paths."""
    if tree.lists:
        raise InvalidArgument(
            f"{model} has many {', '.join(tree.lists)} of each record, and a column holds one value: make a frame of "
            "those records, with the id of this one among their fields."
        )
    for name, part in tree.fields.items():
        if part is None:
            yield prefix + name
        else:
            yield from _paths(part, model, f"{prefix}{name}.")
