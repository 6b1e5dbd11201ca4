"""The options of bulk work, each said once; every function that takes some takes them by these names."""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict

from pydantic import BaseModel

from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.mapping import FieldMapping
from aiotwenty.bulk.report import OnProgress
from aiotwenty.bulk.source import Source

Rows: TypeAlias = str | Path | Source | Iterable[Any] | AsyncIterable[Any]
"""A path, `-` or an address (`open_source` says which), or an iterable or async iterable of models or mappings."""
AnyFilter: TypeAlias = Mapping[str, Any] | BaseModel


class RunOptions(TypedDict, total=False):
    """How a job runs: `load` says what each means."""

    concurrency: int
    batch_size: int
    max_bytes: int
    journal: str | Path | Journal | None
    rejects: str | Path | None
    on_progress: OnProgress | None
    dry_run: bool


class ReadOptions(TypedDict, total=False):
    """How rows are read."""

    mapping: FieldMapping | None
    malformed: Literal["refuse", "reject"]
    encoding: str | None
    delimiter: str | None
    source: str | None
    skip_lines: int | None
    sheet: str | None
    gaps: Iterable[str]
    preset: str | Path | None
    region: str | None


class RemoveOptions(RunOptions, ReadOptions, total=False):
    """What `delete` and `destroy` take, beside what says which records are meant."""


class UpdateOptions(RunOptions, ReadOptions, total=False):
    """What `update` takes."""

    key: str | Sequence[str] | None
    constants: Mapping[str, Any] | None
    ignore: Iterable[str]
    nulls: Literal["skip", "send"] | None
    replace: Collection[str]


class LoadSettings(UpdateOptions, total=False):
    """What `load` takes."""

    upsert: bool
    create_missing: bool
    add_options: bool


class ExportOptions(TypedDict, total=False):
    """What `export` takes, beside the filter."""

    fields: Iterable[str] | None
    deleted: bool
    page_size: int | None
    journal: str | Path | Journal | None
    on_progress: OnProgress | None


def split_run(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """How the job runs, and all the rest."""
    run = {name: value for name, value in options.items() if name in RunOptions.__annotations__}
    return run, {name: value for name, value in options.items() if name not in run}
