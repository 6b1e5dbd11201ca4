"""`load` and `update`: rows into the workspace."""

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
from aiotwenty.bulk.workspace_catalogue import serve_catalogue
from aiotwenty.errors import InvalidInput, Reason
from aiotwenty.transport.event_loop import running_loop


async def load(records: AnyRecords, rows: Rows, **options: Unpack[LoadSettings]) -> LoadReport:
    """Loads any number of rows, each exactly once; a bad row costs that row only.

    `rows` is a path (.csv, .tsv, .jsonl, .json, .xlsx, .parquet, packed or not), `-` for standard input, an address, or
    an iterable or async iterable of create models or mappings.
    `mapping` says where columns go: `{"Website": "domainName.primaryLinkUrl", "Revenue": ("annualRevenue.amountMicros",
    micros), "Notes": None}`; what it leaves out goes by its obvious name (`Domain Name`, `domain_name`, `city`), and
    through a relation by a natural key (`company.domainName`). `constants` gives every row the same values. `ignore`
    names columns to leave out. Empty cells of CSV and Parquet are left out, None of a mapping is sent as null; `nulls`
    says otherwise.

    `key` names the columns or fields that tell records apart. The id of each record is made from them, or else from
    the content of the source and the row number, so that loading the same rows again makes no second record. Without
    `upsert` a record that is there already is a reject; with it, the record that has the key, the id or another unique
    value is changed, and undeleted if need be. What a row does not say stays as it is: of composite fields that the
    server would empty in part, the stored parts are read, once a batch, and sent along. `replace` names fields of which
    rows say the whole.

    A column goes through transforms on its way (`aiotwenty.bulk`; by name: `"money"`, `"first_and_rest|phone"`), and to
    several places if a list of such pairs is given. `preset` maps the headers of another tool (hubspot, salesforce,
    pipedrive, apollo, linkedin, google-contacts, outlook, or a path to a file like those); `mapping` has the last word.
    `gaps` are texts that stand for an empty cell, `skip_lines` the lines above the header, `sheet` one of a workbook,
    `region` the country of telephone numbers that name none. What was guessed is in the report's `notes`.

    `create_missing` makes the record that a relation names, if there is none, exactly once. `add_options` adds to
    picklists what the transform `option` does not find there.

    With a `journal` (a file, made if it isn't there) the same call goes on where it was, whatever stopped it; with
    other rows or settings it is refused. Rows of a generator it knows by their numbers only: give each run of new ones
    a journal of its own, or a name (`source`).

    `rejects` (.csv or .jsonl) receives the rows that were not loaded, to be corrected and loaded again. `on_progress`
    is called after every batch. `dry_run` checks every row and sends nothing.

    At most `concurrency` batches (8) are in flight, fewer if more bring nothing; at most `batch_size` records (200, as
    the server takes) and `max_bytes` (8 MB) in each. Memory is bounded by the two, whatever the number of rows.

    Raises `InputError` before anything is sent, for files, columns, lines and keys that cannot be right. Raises another
    `TwentyError` if the load cannot go on (no connection for five minutes, key revoked, schema changed). Cancelled, it
    finishes what is in flight and writes the journal first.
    """
    run, reading = split_run(options)
    mode = Upsert() if reading.pop("upsert", False) else Insert()
    return await run_load(Target.of(records), rows, load_options(mode, reading), **run)


async def update(records: AnyRecords, rows: Rows, **options: Unpack[UpdateOptions]) -> LoadReport:
    """Changes records that exist; takes what `load` takes.

    Each row says which record it means by its `id`, or by `key`, and has the fields to change; the key is not written.
    A row whose record is not there, or deleted, is a reject (NOT_FOUND), and so is one whose key several records have
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
    """What all modes come to."""
    running_loop()
    rows_in = await open_rows(rows, target, options, remembered=journal is not None)
    lacking = rows_in.mapper.new_options()
    if lacking or rows_in.mapped.is_outdated:
        if not dry_run:
            await add_missing_options(rows_in.mapped, target.endpoint)
        # What the client was generated from does not know these options.
        catalogue = await serve_catalogue(target.endpoint)
        if dry_run:
            catalogue = catalogue.foreseeing(target.type_name, {name: new.values() for name, new in lacking.items()})
        target, told = replace(target, catalogue=catalogue), rows_in.mapped.notes
        rows_in = await open_rows(rows_in.source, target, options, remembered=journal is not None)
        rows_in.mapped.notes = list(dict.fromkeys([*told, *rows_in.mapped.notes]))
    await target.has(rows_in.mapped.places())
    path = rows_in.source.path if isinstance(rows_in.source, FileSource) else None
    check_apart([("the source", path), ("the journal", path_of(journal)), ("the rejects", rejects)])
    if dry_run:
        # A rehearsal leaves no trace that a real run would take for its own.
        journal = None
    opened = journal if isinstance(journal, Journal) else Journal(journal)
    try:
        return await Loader(target, rows_in, options, journal=opened, rejects=rejects, **run).run(dry_run=dry_run)
    except InvalidInput as error:
        # Columns of mappings are not known beforehand.
        if error.reason is Reason.UNKNOWN_FIELD and error.field:
            await target.has([error.field])
        raise
    finally:
        if journal is not None and opened is not journal:
            opened.close()
