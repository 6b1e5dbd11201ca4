"""Bulk work: any number of rows in, everything out, nothing lost or doubled."""

from __future__ import annotations

from aiotwenty.bulk.changes import change, delete, destroy
from aiotwenty.bulk.export import ExportReport, export
from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.load import load, update
from aiotwenty.bulk.move import ObjectComparison, compare_workspace, export_workspace, load_workspace
from aiotwenty.bulk.plan import StepReport, load_plan
from aiotwenty.bulk.report import LoadReport, Progress, Reject
from aiotwenty.bulk.sources import InputError, open_source
from aiotwenty.bulk.transforms import (
    boolean,
    date,
    decimal_comma,
    lower,
    micros,
    number,
    option,
    split,
    text,
    trim,
    upper,
    url,
)

__all__ = [
    "ExportReport",
    "InputError",
    "Journal",
    "LoadReport",
    "ObjectComparison",
    "Progress",
    "Reject",
    "StepReport",
    "boolean",
    "change",
    "compare_workspace",
    "date",
    "decimal_comma",
    "delete",
    "destroy",
    "export",
    "export_workspace",
    "load",
    "load_plan",
    "load_workspace",
    "lower",
    "micros",
    "number",
    "open_source",
    "option",
    "split",
    "text",
    "trim",
    "update",
    "upper",
    "url",
]
