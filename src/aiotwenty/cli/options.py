"""The options that several commands of bulk work take, in the words of `aiotwenty.bulk.options`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aiotwenty.bulk.options import ExportOptions, LoadSettings, described


def option(name: str, *flags: str, more: str = "", options: type = LoadSettings, **settings: Any) -> Any:
    """An option of a command: `flags` where they aren't the name, and what else is to be said of it here."""
    return typer.Option(*flags, help=described(options, name) + more, **settings)


_REPEATABLE = " Repeatable."

Object = Annotated[str | None, typer.Argument(help="An object: companies, people, rockets.")]
Source = Annotated[
    str | None,
    typer.Argument(help="A .csv, .xlsx, .json, .jsonl or .parquet file, packed or not; - is standard input."),
]
Key = Annotated[list[str] | None, option("key", "--key", more=_REPEATABLE)]
Map = Annotated[
    list[str] | None,
    option("mapping", "--map", more=" COLUMN=FIELD, COLUMN=FIELD:TRANSFORM(ARG) or COLUMN=; repeatable."),
]
Constant = Annotated[list[str] | None, option("constants", "--set", more=" FIELD=VALUE; repeatable.")]
Ignore = Annotated[list[str] | None, option("ignore", "--ignore", more=" * is the rest; repeatable.")]
SkipLines = Annotated[int | None, option("skip_lines", "--skip-lines", min=0)]
Sheet = Annotated[str | None, option("sheet", "--sheet")]
Gaps = Annotated[list[str] | None, option("gaps", "--gap", "--gaps", more=_REPEATABLE)]
PresetName = Annotated[str | None, option("preset", "--preset")]
Region = Annotated[str | None, option("region", "--region")]
CreateMissing = Annotated[bool, option("create_missing", "--create-missing")]
AddOptions = Annotated[bool, option("add_options", "--add-options")]
Upsert = Annotated[bool, option("upsert", "--upsert")]
JournalFile = Annotated[Path | None, option("journal", "--journal")]
Rejects = Annotated[Path | None, option("rejects", "--rejects")]
Concurrency = Annotated[int, option("concurrency", "--concurrency", min=1, max=64)]
DryRun = Annotated[bool, option("dry_run", "--dry-run")]
Encoding = Annotated[str | None, option("encoding", "--encoding")]
Delimiter = Annotated[str | None, option("delimiter", "--delimiter")]
Malformed = Annotated[bool, typer.Option("--reject-malformed", help="Reject broken lines instead of stopping.")]
Fields = Annotated[list[str] | None, option("fields", "--field", more=_REPEATABLE, options=ExportOptions)]
Deleted = Annotated[bool, option("deleted", "--deleted", options=ExportOptions)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line: progress, then the report.")]
FilterText = Annotated[str | None, typer.Option("--filter", help='As JSON: \'{"name":{"like":"A%"}}\'.')]
AllRecords = Annotated[bool, typer.Option("--all-records", help="Yes, every record of the object.")]
