"""The options of bulk work, each said once, with its unit and default.

Every function that takes some takes them by these names, and the command line says what they are in these words.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypedDict, get_type_hints

from typing_extensions import Doc

from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.mapping import FieldMapping
from aiotwenty.bulk.report import OnProgress
from aiotwenty.bulk.source import Source

Rows: TypeAlias = str | Path | Source | Iterable[Any] | AsyncIterable[Any]
"""A path, `-` or an address (`open_source` says which), or an iterable or async iterable of models or mappings."""


class RunOptions(TypedDict, total=False):
    """How a job runs."""

    concurrency: Annotated[int, Doc("Batches in flight at most (8), fewer if more bring nothing.")]
    batch_size: Annotated[int, Doc("Records in a batch at most: 200, as the server takes.")]
    max_bytes: Annotated[int, Doc("Bytes in a batch at most: 8,000,000; the server takes 10 MB.")]
    journal: Annotated[str | Path | Journal | None, Doc("A file that remembers what is done: run again to go on.")]
    rejects: Annotated[str | Path | None, Doc("Where rows that were refused go, to be corrected: .csv or .jsonl.")]
    on_progress: Annotated[OnProgress | None, Doc("Called after every batch, with the same object each time.")]
    dry_run: Annotated[bool, Doc("Check everything, change nothing.")]


class ReadOptions(TypedDict, total=False):
    """How rows are read."""

    mapping: Annotated[FieldMapping | None, Doc("Where columns go: FIELD, FIELD with a transform, or nowhere.")]
    malformed: Annotated[Literal["refuse", "reject"], Doc("Stop at broken lines (refuse), or reject them.")]
    encoding: Annotated[str | None, Doc("Of a text file; UTF-8 unless it says otherwise.")]
    delimiter: Annotated[str | None, Doc("Of a CSV file; found in its header.")]
    source: Annotated[str | None, Doc("A name for the rows, by which a journal knows them.")]
    skip_lines: Annotated[int | None, Doc("Lines above the header; found out if none is said.")]
    sheet: Annotated[str | None, Doc("Of a workbook; the first that has anything in it.")]
    gaps: Annotated[Iterable[str], Doc("Texts that stand for an empty cell.")]
    preset: Annotated[str | Path | None, Doc("What another tool's headers mean: hubspot, salesforce, ..., or a .toml.")]
    region: Annotated[str | None, Doc("The country of phone numbers that name none, as DE.")]


class RemoveOptions(RunOptions, ReadOptions, total=False):
    """What `delete` and `destroy` take, beside what says which records are meant."""


class UpdateOptions(RunOptions, ReadOptions, total=False):
    """What `update` takes."""

    key: Annotated[str | Sequence[str] | None, Doc("Columns or fields by which records are told apart.")]
    constants: Annotated[Mapping[str, Any] | None, Doc("Fields that have the same value in every row.")]
    ignore: Annotated[Iterable[str], Doc("Columns to leave out.")]
    nulls: Annotated[
        Literal["skip", "send"] | None,
        Doc("Whether null is left out or sent; if not said, empty cells are left out, None of a mapping is sent."),
    ]
    replace: Annotated[Collection[str], Doc("Composite fields of which a row says the whole: other parts are emptied.")]


class LoadSettings(UpdateOptions, total=False):
    """What `load` takes."""

    upsert: Annotated[bool, Doc("Change records that are there already.")]
    create_missing: Annotated[bool, Doc("Make the records that relations name and that are not there.")]
    add_options: Annotated[bool, Doc("Add to picklists what the transform `option` does not find there.")]


class ExportOptions(TypedDict, total=False):
    """What `export` takes, beside the filter."""

    fields: Annotated[Iterable[str] | None, Doc("Fields to write, as dotted paths: all but search vectors if none.")]
    deleted: Annotated[bool, Doc("Deleted records, too.")]
    page_size: Annotated[int | None, Doc("Records in a page; found out by the size of answers if none is said.")]
    journal: Annotated[str | Path | Journal | None, Doc("A file that remembers what is done: run again to go on.")]
    on_progress: Annotated[OnProgress | None, Doc("Called after every page, with the same object each time.")]


def described(options: type, name: str) -> str:
    """What an option is."""
    (doc,) = get_type_hints(options, include_extras=True)[name].__metadata__
    assert isinstance(doc, Doc)
    return doc.documentation


def split_run(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """How the job runs, and all the rest."""
    run = {name: value for name, value in options.items() if name in RunOptions.__annotations__}
    return run, {name: value for name, value in options.items() if name not in run}
