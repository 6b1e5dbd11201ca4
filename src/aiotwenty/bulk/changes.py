"""`delete`, `destroy` and `change`: many records at once, named by rows or by a filter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Unpack

from pydantic import BaseModel

from aiotwenty.bulk.catalogue import Catalogue, GeneratedCatalogue
from aiotwenty.bulk.export import RawWalk
from aiotwenty.bulk.load import AnyRecords, run_load
from aiotwenty.bulk.load_options import LoadOptions
from aiotwenty.bulk.options import AnyFilter, RemoveOptions, Rows, RunOptions, split_run
from aiotwenty.bulk.report import LoadReport
from aiotwenty.bulk.served import ServedCatalogue
from aiotwenty.bulk.source import InputError
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.endpoint import TwentyTransport
from aiotwenty.graphql.filters import Filter, guarded
from aiotwenty.records.inputs import as_model
from aiotwenty.records.partial import change_of, composites_of, plain

Removal = Literal["delete", "destroy"]


@dataclass(frozen=True)
class Selection:
    """The records of a filter; `all_records` says that an empty one is meant."""

    filter: Filter | None
    all_records: bool = False


async def delete(
    records: AnyRecords,
    rows: Rows | None = None,
    *,
    filter: AnyFilter | None = None,
    all_records: bool = False,
    key: str | Sequence[str] | None = None,
    **options: Unpack[RemoveOptions],
) -> LoadReport:
    """Deletes records; they can be restored. `loaded` of the report counts them.

    Which ones is said by `rows`, each with an `id` or the fields of `key` (their other columns don't matter), or by
    `filter`. An empty filter is refused (`InvalidArgument`) unless `all_records` is given. Rows whose record is not
    there are rejects. Takes `concurrency`, `rejects`, `on_progress`, `dry_run`, for rows also `journal` and what `load`
    has to read files; deleting by a filter is simply repeated when it was stopped.
    """
    return await _remove(records, "delete", rows, filter, all_records, key, options)


async def destroy(
    records: AnyRecords,
    rows: Rows | None = None,
    *,
    filter: AnyFilter | None = None,
    all_records: bool = False,
    key: str | Sequence[str] | None = None,
    **options: Unpack[RemoveOptions],
) -> LoadReport:
    """Destroys records for good; otherwise like `delete`. Rows may name deleted records, too."""
    return await _remove(records, "destroy", rows, filter, all_records, key, options)


async def change(
    records: AnyRecords,
    data: Mapping[str, Any] | BaseModel,
    *,
    filter: AnyFilter | None,
    all_records: bool = False,
    **options: Unpack[RunOptions],
) -> LoadReport:
    """Gives every record that matches the same values. An empty filter is refused unless `all_records` is given."""
    model = as_model(data, records.meta.model("update"), "data")
    which = Selection(records._filter(filter), all_records)
    return await _Change(records._endpoint, _catalogue(records), records.meta.type_name).change(model, which, options)


async def remove_records(
    endpoint: TwentyTransport,
    catalogue: ServedCatalogue,
    mode: Removal,
    name: str,
    which: Rows | Selection,
    *,
    key: str | Sequence[str] | None = None,
    **options: Any,
) -> LoadReport:
    """`delete` or `destroy` for any object of the workspace."""
    names = catalogue.find(name)
    if isinstance(which, Selection):
        catalogue.check_filter(names, which.filter)
    change = _Change(endpoint, catalogue, names.type_name)
    return await change.remove(mode, which, key, options)


async def change_records(
    endpoint: TwentyTransport,
    catalogue: ServedCatalogue,
    name: str,
    data: Mapping[str, Any],
    which: Selection,
    **options: Any,
) -> LoadReport:
    """`change` for any object of the workspace."""
    names = catalogue.find(name)
    catalogue.check_filter(names, which.filter)
    model = as_model(data, catalogue.update_model(names.type_name), "data")
    return await _Change(endpoint, catalogue, names.type_name).change(model, which, options)


def _catalogue(records: AnyRecords) -> Catalogue:
    return GeneratedCatalogue(records.meta.package)


async def _remove(
    records: AnyRecords,
    mode: Removal,
    rows: Rows | None,
    only: AnyFilter | None,
    all_records: bool,
    key: str | Sequence[str] | None,
    options: Mapping[str, Any],
) -> LoadReport:
    if rows is not None and (only is not None or all_records):
        raise InputError(f"{mode}: say which records by rows or by a filter, not by both")
    which = rows if rows is not None else Selection(records._filter(only), all_records)
    return await _Change(records._endpoint, _catalogue(records), records.meta.type_name).remove(
        mode, which, key, options
    )


@dataclass(frozen=True)
class _Change:
    """Changes to one object."""

    endpoint: TwentyTransport
    catalogue: Catalogue
    type_name: str

    async def remove(
        self, mode: Removal, which: Rows | Selection, key: str | Sequence[str] | None, options: Mapping[str, Any]
    ) -> LoadReport:
        if isinstance(which, Selection):
            return await self._selected(which, LoadOptions(mode=mode, known=True), options)
        keys = [key] if isinstance(key, str) else list(key or ())
        return await self._run(which, LoadOptions(mode=mode, key=key, only=["id", *keys]), options)

    async def change(self, model: BaseModel, which: Selection, options: Mapping[str, Any]) -> LoadReport:
        if not model.model_fields_set:
            raise InputError("change: there is nothing to change; give at least one field")
        change = change_of(plain(model), composites_of(type(model)))
        prepared = LoadOptions(mode="change", known=True, change=encode_json(change.data), lacks=change.lacks)
        return await self._selected(which, prepared, options)

    async def _selected(self, which: Selection, prepared: LoadOptions, options: Mapping[str, Any]) -> LoadReport:
        names = self.catalogue.names(self.type_name)
        only = guarded(which.filter, which.all_records, f"{prepared.mode} of {names.plural}")
        if options.get("journal") is not None:
            raise InputError(
                f"{prepared.mode} by a filter needs no journal: run it again, it goes on with what is left"
            )
        walk = RawWalk(self.endpoint, names, ["id"], only)

        async def ids() -> AsyncIterator[dict[str, Any]]:
            async for page in walk.pages():
                for record in page:
                    yield record

        return await self._run(ids(), prepared, options)

    async def _run(self, rows: Rows, prepared: LoadOptions, options: Mapping[str, Any]) -> LoadReport:
        run, read = split_run(options)
        return await run_load(self.endpoint, self.catalogue, self.type_name, rows, replace(prepared, **read), **run)
