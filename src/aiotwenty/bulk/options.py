"""The options of bulk work, each declared once, with its unit and default.

Functions take them by these names; plans and the command line are made of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Required, TypeAlias, TypedDict, cast, get_type_hints

from typing_extensions import Doc

from aiotwenty.graphql.advice import did_you_mean

if TYPE_CHECKING:  # the command line reads the options without the rest of the library
    from aiotwenty.bulk.feed.store import ChangeStore
    from aiotwenty.bulk.journal import Journal
    from aiotwenty.bulk.mapping import FieldMapping
    from aiotwenty.bulk.modes import Mode
    from aiotwenty.bulk.report import OnProgress
    from aiotwenty.records.paging import Hidden

_CLASSES: dict[str, Any] = dict.fromkeys(
    ("ChangeStore", "FieldMapping", "Hidden", "Journal", "Mode", "OnProgress"), Any
)

DtypeBackend: TypeAlias = Literal["numpy_nullable", "pyarrow"]
"""The types of columns in a pandas data frame."""
CONCURRENCY = 8


class RunOptions(TypedDict, total=False):
    """Options for running a job."""

    concurrency: Annotated[int, Doc("Maximum number of batches in flight (8).")]
    batch_size: Annotated[int, Doc("Maximum number of records in a batch (200).")]
    max_bytes: Annotated[int, Doc("Maximum bytes of a batch (8,000,000).")]
    journal: Annotated[str | Path | Journal | None, Doc("A file that stores progress: run again to resume.")]
    rejects: Annotated[str | Path | None, Doc("A file for rejected rows: .csv or .jsonl.")]
    on_progress: Annotated[OnProgress | None, Doc("Called after every batch, with the same object each time.")]
    dry_run: Annotated[bool, Doc("Check all rows, send nothing.")]


class ReadOptions(TypedDict, total=False):
    """Options for reading rows."""

    mapping: Annotated[FieldMapping | None, Doc("The field of each column, with a transform if needed.")]
    malformed: Annotated[Literal["refuse", "reject"], Doc("Stop at malformed lines (refuse), or reject them.")]
    encoding: Annotated[str | None, Doc("Encoding of a text file (UTF-8).")]
    delimiter: Annotated[str | None, Doc("Delimiter of a CSV file; detected by default.")]
    source: Annotated[str | None, Doc("A name of the source, for the journal.")]
    skip_lines: Annotated[int | None, Doc("Number of lines above the header; detected by default.")]
    sheet: Annotated[str | None, Doc("Sheet of a workbook; default: the first that isn't empty.")]
    gaps: Annotated[Iterable[str], Doc("Texts that count as empty cells.")]
    preset: Annotated[
        str | Path | None, Doc("Mapping for another tool's export: hubspot, salesforce, ..., or a .toml.")
    ]
    region: Annotated[str | None, Doc("Country of phone numbers without a country code, such as DE.")]


class RemoveOptions(RunOptions, ReadOptions, total=False):
    """Options of `delete` and `destroy`, in addition to those that choose the records."""

    key: Annotated[str | Sequence[str] | None, Doc("Columns or fields that identify a record.")]


class UpdateOptions(RemoveOptions, total=False):
    """Options of `update`."""

    constants: Annotated[Mapping[str, Any] | None, Doc("Fields with the same value in every row.")]
    ignore: Annotated[Iterable[str], Doc("Columns to ignore.")]
    nulls: Annotated[
        Literal["skip", "send"] | None,
        Doc("Skip or send empty values; by default, empty cells are skipped, and None in mappings is sent."),
    ]
    replace: Annotated[
        Collection[str], Doc("Composite fields to replace as a whole: parts that a row doesn't set are cleared.")
    ]


class LoadSettings(UpdateOptions, total=False):
    """Options of `load`."""

    upsert: Annotated[bool, Doc("Update existing records.")]
    create_missing: Annotated[bool, Doc("Create related records that don't exist.")]
    add_options: Annotated[bool, Doc("Add unknown options to picklists (transform `option`).")]


class LoadOptions(LoadSettings, total=False):
    """All options of a job for its rows, in any mode. Made by `load_options`."""

    mode: Required[Annotated[Mode, Doc("The operation.")]]
    only: Annotated[Iterable[str] | None, Doc("The fields to read; others are ignored.")]
    deleted: Annotated[bool, Doc("Update deleted records too.")]


class WholeExportOptions(TypedDict, total=False):
    """Options of an export of all objects."""

    fields: Annotated[
        Iterable[str] | None, Doc("Fields to export, as dotted names; default: all except search vectors.")
    ]
    deleted: Annotated[bool, Doc("Deleted records, too.")]
    spreadsheet_safe: Annotated[
        bool,
        Doc("Put an apostrophe before text that a spreadsheet would run as a formula (= + - @, tab, line break)."),
    ]
    page_size: Annotated[int | None, Doc("Records per page; default: by the size of responses.")]
    journal: Annotated[str | Path | Journal | None, Doc("A file that stores progress: run again to resume.")]
    on_progress: Annotated[OnProgress | None, Doc("Called after every page, with the same object each time.")]


class ExportOptions(WholeExportOptions, total=False):
    """Options of `export`, in addition to the filter."""

    incremental: Annotated[
        str | Path | ChangeStore | None,
        Doc("A file that stores what was exported: run again to update the export, deletions included."),
    ]


class FrameOptions(TypedDict, total=False):
    """Options of data frames, in addition to the filter and the columns."""

    uuids: Annotated[Literal["text", "binary"], Doc("Ids as text, or as 16 bytes.")]
    micros: Annotated[Literal["int64", "decimal"], Doc("Amounts in micros as int64, or as decimals of 38 digits.")]
    deleted: Annotated[bool, Doc("Deleted records, too.")]
    hidden: Annotated[Hidden, Doc("For records that the key can't see: raise (default) or skip.")]
    limit: Annotated[int | None, Doc("Maximum number of records, in the order of ids.")]
    page_size: Annotated[int | None, Doc("Records per page; default: by the size of responses.")]
    on_progress: Annotated[OnProgress | None, Doc("Called after every page, with the same object each time.")]


def types_of(options: type) -> dict[str, Any]:
    """The types of options; classes of this library, which only programs pass, are `Any`."""
    return get_type_hints(options, localns=_CLASSES)


def described(options: type, name: str) -> str:
    """The description of an option."""
    (doc,) = get_type_hints(options, localns=_CLASSES, include_extras=True)[name].__metadata__
    assert isinstance(doc, Doc)
    return doc.documentation


def split_run(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options for running the job, and the others."""
    run = {name: value for name, value in options.items() if name in RunOptions.__annotations__}
    return run, {name: value for name, value in options.items() if name not in run}


def load_options(mode: Mode, settings: Mapping[str, Any]) -> LoadOptions:
    """The options for making records of rows. Raises `TypeError` for an unknown option."""
    check_options("bulk work", settings, LoadOptions.__annotations__.keys() - {"mode"}, LoadSettings.__annotations__)
    options = cast(LoadOptions, {"mode": mode, **settings})
    # Both are iterated more than once.
    options["ignore"], options["gaps"] = texts(options.get("ignore")), texts(options.get("gaps"))
    options["replace"] = texts(options.get("replace"))
    return options


def check_options(
    work: str, given: Iterable[str], known: Collection[str], suggested: Collection[str] | None = None
) -> None:
    """Raises `TypeError` for an unknown option."""
    for name in given:
        if name not in known:
            raise TypeError(f"there is no option {name!r} of {work}{did_you_mean(name, suggested or known)}.")


def texts(several: str | Iterable[str] | None) -> list[str]:
    """One text, several, or none, as a list."""
    return [several] if isinstance(several, str) else list(several or ())
