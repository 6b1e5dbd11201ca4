"""The folder of an exported workspace, and its two reports: of the export and of the last load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from aiotwenty.bulk.exporting import ExportReport
from aiotwenty.bulk.output import replacing
from aiotwenty.bulk.source import InputError
from aiotwenty.version import __version__

EXPORT_FILE = "export.json"
REPORT_FILE = "report.json"


class ExportedObject(BaseModel):
    """The export of one object."""

    records: int
    hidden: int = 0
    """Records that the server counts, but that the key could not see."""
    restricted: int = 0
    """Values that the server withheld."""
    files: int = 0
    missing_files: list[str] = []
    failure: str | None = None


class ExportSummary(BaseModel):
    """The summary of an export."""

    version: str = __version__
    complete: bool
    """Whether the folder has everything that the server has."""
    files: bool
    """Whether contents of files were exported."""
    objects: dict[str, ExportedObject]
    """By plural name."""


def write_export(folder: Path, reports: Iterable[ExportReport], *, files: bool) -> None:
    """Writes `export.json`, which `compare` reads, and a report with the same contents."""
    reports = list(reports)
    objects = {
        report.path.stem: ExportedObject(
            records=report.records,
            hidden=report.hidden,
            restricted=report.restricted,
            files=report.files,
            missing_files=list(report.missing_files),
            failure=report.failure,
        )
        for report in reports
    }
    summary = ExportSummary(complete=all(report.complete for report in reports), files=files, objects=objects)
    with replacing(folder / EXPORT_FILE) as part:
        part.write_text(summary.model_dump_json(indent=1))
    write_report(folder, {"export": summary.model_dump()}, {})


def read_export(folder: Path) -> ExportSummary | None:
    """The contents of `export.json`; None for a folder of an earlier version. Raises `InputError`."""
    path = folder / EXPORT_FILE
    try:
        return ExportSummary.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise InputError(f"{path}: is not what an export wrote ({error.error_count()} errors)") from None


def write_report(folder: Path, report: Mapping[str, Any], lists: Mapping[str, Iterable[Any]]) -> None:
    """Writes `report.json`: the report, followed by lists that may be too long for memory."""
    with replacing(folder / REPORT_FILE) as part, part.open("wb") as file:
        file.write(to_json(report, indent=1, serialize_unknown=True).rstrip(b"\n}"))
        for name, items in lists.items():
            file.write(b",\n " + to_json(name) + b": [")
            for number, item in enumerate(items):
                file.write((b",\n  " if number else b"\n  ") + to_json(item))
            file.write(b"\n ]")
        file.write(b"\n}\n")
