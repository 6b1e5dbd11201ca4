"""`delete`, `destroy` and `change`: many records at once, named by rows or by a filter."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Unpack

from pydantic import BaseModel

from aiotwenty.bulk.catalogue import AnyFilter
from aiotwenty.bulk.loading import run_load
from aiotwenty.bulk.modes import ChangeAlike, Delete, Destroy, Mode
from aiotwenty.bulk.options import RemoveOptions, RunOptions, load_options, split_run, texts
from aiotwenty.bulk.raw_walk import RawWalk
from aiotwenty.bulk.report import LoadReport
from aiotwenty.bulk.source import InputError, Rows
from aiotwenty.bulk.target import AnyRecords, Target
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.filters import Filter, guarded
from aiotwenty.records.partial_composites import change_of, composites_of, plain


async def delete(
    records: AnyRecords,
    rows: Rows | None = None,
    *,
    filter: AnyFilter | None = None,
    all_records: bool = False,
    **options: Unpack[RemoveOptions],
) -> LoadReport:
    """Deletes records; they can be restored. `loaded` of the report counts them.

    The records are those of `rows`, each with an `id` or the fields of `key` (other columns are ignored), or those that
    match `filter`. An empty filter is refused (`InvalidArgument`) unless `all_records` is true. Rows without a record
    are rejected. Takes `concurrency`, `rejects`, `on_progress` and `dry_run`; for rows, also `journal` and the options
    of `load` for reading files. To continue an interrupted call with a filter, call it again.
    """
    return await _remove(Delete(), Target.of(records), rows, filter, all_records, options)


async def destroy(
    records: AnyRecords,
    rows: Rows | None = None,
    *,
    filter: AnyFilter | None = None,
    all_records: bool = False,
    **options: Unpack[RemoveOptions],
) -> LoadReport:
    """Permanently destroys records; otherwise like `delete`. Rows may also name deleted records."""
    return await _remove(Destroy(), Target.of(records), rows, filter, all_records, options)


async def change(
    records: AnyRecords,
    data: Mapping[str, Any] | BaseModel,
    *,
    filter: AnyFilter | None,
    all_records: bool = False,
    replace: Collection[str] = (),
    **options: Unpack[RunOptions],
) -> LoadReport:
    """Sets the same values in every record that matches. An empty filter is refused unless `all_records` is true.

    Fields that are not in `data` don't change: parts of composite fields that the server would empty are read, once per
    batch, and sent as well. Fields in `replace` are set as a whole, and not read.
    """
    target = Target.of(records)
    wanted = target.filter(filter)
    model = target.change(data)
    if not model.model_fields_set:
        raise InputError("change: pass at least one field")
    values = change_of(plain(model), composites_of(type(model)), texts(replace))
    mode = ChangeAlike(encode_json(values.data), values.lacks)
    return await _of_filter(mode, target, wanted, all_records, options)


async def _remove(
    mode: Delete | Destroy,
    target: Target,
    rows: Rows | None,
    filter: AnyFilter | None,
    all_records: bool,
    options: Mapping[str, Any],
) -> LoadReport:
    if rows is None:
        by_filter = dataclasses.replace(mode, known=True)
        return await _of_filter(by_filter, target, target.filter(filter), all_records, options)
    if filter is not None or all_records:
        raise InputError(f"{mode.name}: say which records by rows or by a filter, not by both")
    run, reading = split_run(options)
    options = load_options(mode, {**reading, "only": ["id", *texts(reading.get("key"))]})
    return await run_load(target, rows, options, **run)


async def _of_filter(
    mode: Mode, target: Target, wanted: Filter | None, all_records: bool, options: Mapping[str, Any]
) -> LoadReport:
    chosen = guarded(wanted, all_records, f"{mode.name} of {target.names.plural}")
    if options.get("journal") is not None:
        raise InputError(f"{mode.name} by a filter needs no journal: run it again, it goes on with what is left")
    walk = RawWalk(target, ["id"], chosen)

    async def ids() -> AsyncIterator[dict[str, Any]]:
        async for page in walk.pages():
            for record in page:
                yield record

    run, reading = split_run(options)
    return await run_load(target, ids(), load_options(mode, reading), **run)
