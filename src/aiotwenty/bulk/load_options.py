"""All that can be said of a load, beside how the job runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aiotwenty.bulk.mapping import FieldMapping
from aiotwenty.bulk.modes import Insert, Mode


@dataclass
class LoadOptions:
    """How rows become records; `load` says what each means."""

    mode: Mode = field(default_factory=Insert)
    mapping: FieldMapping | None = None
    key: str | Sequence[str] | None = None
    constants: Mapping[str, Any] | None = None
    ignore: Iterable[str] = ()
    nulls: Literal["skip", "send"] | None = None
    malformed: Literal["refuse", "reject"] = "refuse"
    encoding: str | None = None
    delimiter: str | None = None
    source: str | None = None
    skip_lines: int | None = None
    sheet: str | None = None
    gaps: Iterable[str] = ()
    preset: str | Path | None = None
    region: str | None = None
    add_options: bool = False
    create_missing: bool = False
    replace: Collection[str] = ()
    """The fields of which a row says the whole."""
    only: Iterable[str] | None = None
    """The fields that are read; everything else is left alone."""
    deleted: bool = False
    """Rows of an update may mean deleted records, too."""

    def __post_init__(self) -> None:
        self.ignore = (self.ignore,) if isinstance(self.ignore, str) else tuple(self.ignore)
        self.gaps = (self.gaps,) if isinstance(self.gaps, str) else tuple(self.gaps)
