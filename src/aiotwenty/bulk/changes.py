"""`delete`, `destroy` and `change`: many records at once, named by rows or by a filter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from aiotwenty.bulk.catalogue import GeneratedCatalogue, Names
from aiotwenty.bulk.export import RawWalk
from aiotwenty.bulk.load import AnyRecords, Rows, run_load
from aiotwenty.bulk.loader import LoadOptions
from aiotwenty.bulk.report import LoadReport
from aiotwenty.bulk.sources import InputError
from aiotwenty.records.filters import Filter, guarded
from aiotwenty.records.inputs import as_model
from aiotwenty.transport.encode import encode_json

AnyFilter = Mapping[str, Any] | BaseModel


async def delete(
    records: AnyRecords,
    rows: Rows | None = None,
    *,
    filter: AnyFilter | None = None,
    all_records: bool = False,
    key: str | Sequence[str] | None = None,
    **options: Any,
) -> LoadReport:
    """Deletes records; they can be restored. `loaded` of the report counts them.

    Which ones is said by `rows`, each with an `id` or the fields of `key` (their other columns don't matter), or by
    `filter`. An empty filter is refused (`InvalidInput`) unless `all_records` is given. Rows whose record is not there
    are rejects. Takes `concurrency`, `rejects`, `on_progress`, `dry_run`, for rows also `journal` and what `load` has
    to read files; deleting by a filter is simply repeated when it was stopped.
    """
    return await _remove("delete", records, rows, filter, all_records, key, options)


async def destroy(
    records: AnyRecords,
    rows: Rows | None = None,
    *,
    filter: AnyFilter | None = None,
    all_records: bool = False,
    key: str | Sequence[str] | None = None,
    **options: Any,
) -> LoadReport:
    """Destroys records for good; otherwise like `delete`. Rows may name deleted records, too."""
    return await _remove("destroy", records, rows, filter, all_records, key, options)


async def change(
    records: AnyRecords,
    data: Mapping[str, Any] | BaseModel,
    *,
    filter: AnyFilter | None,
    all_records: bool = False,
    **options: Any,
) -> LoadReport:
    """Gives every record that matches the same values. An empty filter is refused unless `all_records` is given."""
    model = as_model(data, records.meta.model("update"), "data")
    if not model.model_fields_set:
        raise InputError("change: there is nothing to change; give at least one field")
    only = guarded(records._filter(filter), all_records, f"changing {records.meta.plural}")
    return await _by_filter("change", records, only, options, change=encode_json(model))


async def _remove(
    mode: Literal["delete", "destroy"],
    records: AnyRecords,
    rows: Rows | None,
    only: AnyFilter | None,
    all_records: bool,
    key: str | Sequence[str] | None,
    options: dict[str, Any],
) -> LoadReport:
    if rows is None:
        guard = guarded(records._filter(only), all_records, f"{mode} of {records.meta.plural}")
        return await _by_filter(mode, records, guard, options)
    if only is not None or all_records:
        raise InputError(f"{mode}: say which records by rows or by a filter, not by both")
    keys = [key] if isinstance(key, str) else list(key or ())
    return await _run(records, rows, LoadOptions(mode=mode, key=key, only=["id", *keys]), options)


async def _by_filter(
    mode: Literal["change", "delete", "destroy"],
    records: AnyRecords,
    only: Filter,
    options: dict[str, Any],
    change: bytes = b"{}",
) -> LoadReport:
    if options.get("journal") is not None:
        raise InputError(f"{mode} by a filter needs no journal: run it again, it goes on with what is left")
    meta = records.meta
    walk = RawWalk(records._endpoint, Names(meta.type_name, meta.singular, meta.plural), ["id"], only)

    async def ids() -> AsyncIterator[dict[str, Any]]:
        async for page in walk.pages():
            for record in page:
                yield record

    return await _run(records, ids(), LoadOptions(mode=mode, known=True, change=change), options)


async def _run(records: AnyRecords, rows: Rows, prepared: LoadOptions, options: dict[str, Any]) -> LoadReport:
    for name in ("mapping", "encoding", "delimiter", "malformed"):
        if name in options:
            setattr(prepared, name, options.pop(name))
    catalogue = GeneratedCatalogue(records.meta.package)
    return await run_load(records._endpoint, catalogue, records.meta.type_name, rows, prepared, **options)
