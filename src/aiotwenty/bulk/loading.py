"""`load` and `update`: write rows to the workspace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from aiotwenty.bulk.journal import Journal, path_of
from aiotwenty.bulk.loader import Loader, open_rows
from aiotwenty.bulk.modes import Insert, Update, Upsert
from aiotwenty.bulk.options import LoadOptions, LoadSettings, UpdateOptions, load_options, split_run
from aiotwenty.bulk.output import check_apart
from aiotwenty.bulk.report import LoadReport
from aiotwenty.bulk.source import FileSource, Rows
from aiotwenty.bulk.source_mapping import add_missing_options
from aiotwenty.bulk.target import AnyRecords, Target
from aiotwenty.errors import InvalidInput, Reason
from aiotwenty.transport.event_loop import running_loop


async def load(records: AnyRecords, rows: Rows, **options: Unpack[LoadSettings]) -> LoadReport:
    """Loads any number of rows, each exactly once. Invalid rows are rejected, and don't stop the load.

    `rows` is a path (.csv, .tsv, .jsonl, .json, .xlsx, .parquet, compressed or not), `-` for standard input, a URL, or
    an iterable or async iterable of create models or mappings.
    `mapping` maps columns to fields: `{"Website": "domainName.primaryLinkUrl", "Revenue":
    ("annualRevenue.amountMicros", micros), "Notes": None}`; other columns are matched by their name (`Domain Name`,
    `domain_name`, `city`), also through a relation, by a natural key (`company.domainName`). `constants` are values for
    every row. `ignore` names columns to leave out. Empty cells of CSV and Parquet are left out, None in a mapping is
    sent as null; `nulls` changes that.

    `key` names the columns or fields that identify a record. The id of each record is derived from them, or else from
    the content of the source and the row number, so loading the same rows again creates no duplicates. Without
    `upsert`, rows of existing records are rejected; with it, the record with the same key, id or other unique
    value is updated, and restored if it was deleted. Fields that a row doesn't have don't change: parts of composite
    fields that the server would empty are read, once per batch, and sent as well. `replace` names fields that rows
    set as a whole.

    A column can have transforms (`aiotwenty.bulk`; by name: `"money"`, `"first_and_rest|phone"`), and a list of such
    pairs for several fields. `preset` maps the headers of another tool (hubspot, salesforce,
    pipedrive, apollo, linkedin, google-contacts, outlook, or a path to a file like those); `mapping` takes precedence.
    `gaps` are texts that mean an empty cell, `skip_lines` the number of lines above the header, `sheet` a sheet of a
    workbook, `region` the country of telephone numbers without one. The report's `notes` list what was guessed.

    `create_missing` creates the record that a relation refers to, if there is none, exactly once. `add_options` adds
    options to picklists if the transform `option` doesn't find them.

    With a `journal` (a file, created if necessary), the same call resumes where it stopped, for whatever reason; with
    other rows or settings, it is refused. Rows of a generator are identified only by their numbers: use a new journal
    or a new name (`source`) for new rows.

    `rejects` (.csv or .jsonl) receives the rows that were not loaded, to be corrected and loaded again. `on_progress`
    is called after every batch. `dry_run` checks every row and sends nothing.

    At most `concurrency` batches (8) are in flight, fewer if more don't help; each has at most `batch_size` records
    (200, the server's limit) and `max_bytes` (8 MB). These limit the memory, for any number of rows.

    Raises `InputError` before anything is sent, for invalid files, columns, lines and keys. Raises another
    `TwentyError` if the load can't continue (no connection for five minutes, key revoked, schema changed). If it is
    cancelled, it finishes the batches in flight, and writes the journal.
    """
    run, reading = split_run(options)
    mode = Upsert() if reading.pop("upsert", False) else Insert()
    return await run_load(Target.of(records), rows, load_options(mode, reading), **run)


async def update(records: AnyRecords, rows: Rows, **options: Unpack[UpdateOptions]) -> LoadReport:
    """Updates existing records; has the options of `load`.

    Each row has the `id` of its record or the fields of `key`, and the fields to change; the key is not written.
    A row is rejected if its record doesn't exist or is deleted (NOT_FOUND), or if several records have its key
    (AMBIGUOUS).
    """
    run, reading = split_run(options)
    return await run_load(Target.of(records), rows, load_options(Update(), reading), **run)


async def run_load(
    target: Target,
    rows: Rows,
    options: LoadOptions,
    *,
    journal: str | Path | Journal | None = None,
    rejects: str | Path | None = None,
    dry_run: bool = False,
    **run: Any,
) -> LoadReport:
    """Runs a load in any mode."""
    running_loop()
    rows_in = await open_rows(rows, target, options, remembered=journal is not None)
    lacking = rows_in.mapper.new_options()
    if lacking or rows_in.mapped.is_outdated:
        if not dry_run:
            await add_missing_options(rows_in.mapped, target.endpoint)
        # The client was generated before these options existed.
        from aiotwenty.bulk.workspace_catalogue import serve_catalogue

        catalogue = await serve_catalogue(target.endpoint)
        if dry_run:
            catalogue = catalogue.foreseeing(target.type_name, {name: new.values() for name, new in lacking.items()})
        target, notes = replace(target, catalogue=catalogue), rows_in.mapped.notes
        rows_in = await open_rows(rows_in.source, target, options, remembered=journal is not None)
        rows_in.mapped.notes = list(dict.fromkeys([*notes, *rows_in.mapped.notes]))
    await target.has(rows_in.mapped.places())
    path = rows_in.source.path if isinstance(rows_in.source, FileSource) else None
    check_apart([("the source", path), ("the journal", path_of(journal)), ("the rejects", rejects)])
    if dry_run:
        # A dry run must leave no records in the journal that a real run would take for its own.
        journal = None
    opened = journal if isinstance(journal, Journal) else Journal(journal)
    try:
        return await Loader(target, rows_in, options, journal=opened, rejects=rejects, **run).run(dry_run=dry_run)
    except InvalidInput as error:
        # The columns of mappings are not known beforehand.
        if error.reason is Reason.UNKNOWN_FIELD and error.field:
            await target.has([error.field])
        raise
    finally:
        if journal is not None and opened is not journal:
            opened.close()
