"""The file of rejects: each row as it was read, with its number and its error, to be corrected and loaded again."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from aiotwenty.bulk.mapping import REJECT_COLUMNS
from aiotwenty.bulk.output import check_folder, replacing
from aiotwenty.bulk.report import Reject
from aiotwenty.bulk.source import CsvSource, InputError, Source, TextSource


def check_rejects_path(path: str | Path) -> Path:
    """Raises `InputError` if rejects can't be written there."""
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".jsonl", ".ndjson"):
        raise InputError(f"{path}: rejects are written as .csv or .jsonl")
    check_folder(path)
    return path


def write_rejects(path: Path, rejects: Sequence[Reject], namespace: str, like: Source) -> None:
    """Replaces the file. `_row` and `_source` identify the row, so that it keeps its id when it is loaded again."""
    with replacing(path) as part:
        if path.suffix.lower() == ".csv":
            _write_csv(part, rejects, namespace, like)
            return
        with part.open("wb") as file:
            file.write(_mark(like))
            for reject in rejects:
                file.write(to_json({**dict(reject.values), **_about(reject, namespace)}) + b"\n")


def _about(reject: Reject, namespace: str) -> dict[str, Any]:
    row = reject.values.get("_row", reject.row)
    return dict(
        zip(REJECT_COLUMNS, (row, reject.values.get("_source", namespace), reject.code, reject.message), strict=True)
    )


def _mark(like: Source) -> bytes:
    """A byte order mark for a source other than UTF-8: it precedes the encoding that the next run is told."""
    return b"" if not isinstance(like, TextSource) or like.encoding.startswith("utf-8") else codecs.BOM_UTF8


def _write_csv(path: Path, rejects: Sequence[Reject], namespace: str, like: Source) -> None:
    names = dict.fromkeys(name for name in like.columns or () if name not in REJECT_COLUMNS)
    for reject in rejects:
        names.update(dict.fromkeys(name for name in reject.values if name not in REJECT_COLUMNS))
    path.write_bytes(_mark(like))
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=like.delimiter if isinstance(like, CsvSource) else ",")
        writer.writerow([*REJECT_COLUMNS, *names])
        for reject in rejects:
            cells = [as_cell(reject.values.get(name)) for name in names]
            writer.writerow([*_about(reject, namespace).values(), *cells])


def as_cell(value: Any) -> Any:
    """A value in CSV's form: lists and objects as JSON, null as an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return to_json(value).decode()
    return value
