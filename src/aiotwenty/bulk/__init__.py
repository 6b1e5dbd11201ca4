"""Bulk work: any number of rows in, everything out, nothing lost or doubled."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from aiotwenty.bulk.changes import change, delete, destroy
from aiotwenty.bulk.export import ExportReport, export
from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.load import load, update
from aiotwenty.bulk.report import LoadReport, Progress, Reject
from aiotwenty.bulk.source import InputError, open_source
from aiotwenty.bulk.transforms import (
    boolean,
    country,
    date,
    decimal_comma,
    domain,
    epoch,
    excel_date,
    first_and_rest,
    full_name,
    lookup,
    lower,
    micros,
    money,
    number,
    option,
    phone,
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
    "Progress",
    "Reject",
    "boolean",
    "change",
    "country",
    "date",
    "decimal_comma",
    "delete",
    "destroy",
    "domain",
    "epoch",
    "excel_date",
    "export",
    "first_and_rest",
    "full_name",
    "load",
    "lookup",
    "lower",
    "micros",
    "money",
    "number",
    "open_source",
    "option",
    "phone",
    "split",
    "text",
    "trim",
    "update",
    "upper",
    "url",
]

_MOVED = (
    "ObjectComparison",
    "StepReport",
    "compare_workspace",
    "export_workspace",
    "load_plan",
    "load_workspace",
)
"""Names that are in `aiotwenty.migrate` now."""


if not TYPE_CHECKING:  # To type checkers, any name would be there.

    def __getattr__(name):
        if name in _MOVED:
            return getattr(import_module("aiotwenty.migrate"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
