"""Bulk work: loads, changes and exports of any number of records. Names are imported at their first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiotwenty.lazy_names import importing

if TYPE_CHECKING:
    from aiotwenty.bulk.changes import change, delete, destroy
    from aiotwenty.bulk.exporting import ExportReport, export
    from aiotwenty.bulk.journal import Journal
    from aiotwenty.bulk.loading import load, update
    from aiotwenty.bulk.output import FileFailed
    from aiotwenty.bulk.report import LoadReport, Progress, Reject
    from aiotwenty.bulk.source import InputError, SourceChanged, open_source
    from aiotwenty.bulk.target import Target
    from aiotwenty.bulk.transforms import (
        boolean,
        country,
        date,
        decimal_comma,
        domain,
        email,
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
    from aiotwenty.bulk.workspace_catalogue import serve_catalogue

__all__ = [
    "ExportReport",
    "FileFailed",
    "InputError",
    "Journal",
    "LoadReport",
    "Progress",
    "Reject",
    "SourceChanged",
    "Target",
    "boolean",
    "change",
    "country",
    "date",
    "decimal_comma",
    "delete",
    "destroy",
    "domain",
    "email",
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
    "serve_catalogue",
    "split",
    "text",
    "trim",
    "update",
    "upper",
    "url",
]

_MODULES = {
    "bulk.changes": ("change", "delete", "destroy"),
    "bulk.exporting": ("ExportReport", "export"),
    "bulk.journal": ("Journal",),
    "bulk.loading": ("load", "update"),
    "bulk.output": ("FileFailed",),
    "bulk.report": ("LoadReport", "Progress", "Reject"),
    "bulk.source": ("InputError", "SourceChanged", "open_source"),
    "bulk.target": ("Target",),
    "bulk.workspace_catalogue": ("serve_catalogue",),
    "migrate": (  # moved there; the old module still works
        "ObjectComparison",
        "StepReport",
        "compare_workspace",
        "export_workspace",
        "load_plan",
        "load_workspace",
    ),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


if not TYPE_CHECKING:  # A module `__getattr__` would make type checkers accept any name.
    # Names without another home are transforms.
    __getattr__ = importing(__name__, dict.fromkeys(__all__, "bulk.transforms") | _HOME)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
