"""The file of rejects: each row as it was read, with its number and its error, to be corrected and loaded again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from aiotwenty.bulk.mapping import REJECT_COLUMNS
from aiotwenty.bulk.report import Reject
from aiotwenty.bulk.sources import InputError


def check_rejects_path(path: str | Path, source_path: Path | None) -> Path:
    """Raises `InputError` if rejects can't be written there."""
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".jsonl", ".ndjson"):
        raise InputError(f"{path}: rejects are written as .csv or .jsonl")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    if source_path is not None and path.resolve() == source_path.resolve():
        raise InputError(f"{path}: the rejects would overwrite the rows; name another file")
    return path


def write_rejects(path: Path, rejects: Sequence[Reject], source: str, columns: Iterable[str] = ()) -> None:
    """Replaces the file. `_row` and `_source` say which row it was, so that it keeps its id when it is loaded again."""
    part = path.with_name(path.name + ".part")
    if path.suffix.lower() == ".csv":
        _write_csv(part, rejects, source, columns)
    else:
        with part.open("wb") as file:
            for one in rejects:
                file.write(to_json({**dict(one.values), **_about(one, source)}) + b"\n")
    part.replace(path)


def _about(one: Reject, source: str) -> dict[str, Any]:
    row = one.values.get("_row", one.row)
    return dict(zip(REJECT_COLUMNS, (row, one.values.get("_source", source), one.code, one.message), strict=True))


def _write_csv(path: Path, rejects: Sequence[Reject], source: str, columns: Iterable[str]) -> None:
    names = dict.fromkeys(name for name in columns if name not in REJECT_COLUMNS)
    for one in rejects:
        names.update(dict.fromkeys(name for name in one.values if name not in REJECT_COLUMNS))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*REJECT_COLUMNS, *names])
        for one in rejects:
            cells = [as_cell(one.values.get(name)) for name in names]
            writer.writerow([*_about(one, source).values(), *cells])


def as_cell(value: Any) -> Any:
    """A value as CSV holds it: lists and objects as JSON, null as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return to_json(value).decode()
    return value
