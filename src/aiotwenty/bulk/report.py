"""The results of a load, while it runs and at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Any, TypeAlias

from aiotwenty.graphql.html import ROWS, facts, table


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not loaded: its number (from 1), the row as read, and the reason.

    `code` is the server's code or sub-code, or one of the client's: MALFORMED, INVALID, KEY_MISSING, DUPLICATE,
    NOT_FOUND, AMBIGUOUS, RELATION_NOT_FOUND, TOO_LARGE, NOT_EMPTIED, RESTRICTED.
    """

    row: int
    values: Mapping[str, Any]
    code: str
    message: str
    line: int | None = None
    source: str = ""


@dataclass
class Progress:
    """Progress. `total` is None if it isn't known; `concurrency` is the number of batches that may be in flight."""

    received: int = 0
    loaded: int = 0
    rejected: int = 0
    already_loaded: int = 0
    requests: int = 0
    retries: int = 0
    total: int | None = None
    concurrency: int = 1
    batch_size: int = 0
    what: str = ""
    started: float = field(default_factory=monotonic, repr=False)

    @property
    def done(self) -> int:
        return self.loaded + self.rejected + self.already_loaded

    @property
    def seconds(self) -> float:
        return monotonic() - self.started

    @property
    def rate(self) -> float:
        """Records per second since the start."""
        return (self.loaded + self.rejected) / max(self.seconds, 1e-6)

    @property
    def seconds_left(self) -> float | None:
        if self.total is None or not self.rate:
            return None
        return max(0.0, (self.total - self.done) / self.rate)


OnProgress: TypeAlias = Callable[[Progress], object]
"""Called after every batch, with the same object each time."""


@dataclass
class LoadReport:
    """What a load did. `received` = `loaded` + `rejected` + `already_loaded`, unless it was interrupted."""

    received: int = 0
    loaded: int = 0
    rejected: int = 0
    already_loaded: int = 0
    """Rows that an earlier run with the same journal loaded."""
    requests: int = 0
    """All requests, including look-ups and repetitions."""
    retries: int = 0
    seconds: float = 0.0
    rejects: Sequence[Reject] = field(default=(), repr=False)
    """The rows that were not loaded, with their errors, read from disk when accessed."""
    rejects_failure: str | None = None
    """The reason why the file of rejects could not be written; `rejects` has them in any case."""
    deed: str = "loaded"
    """The participle for rows that count as loaded: loaded, updated, deleted or destroyed."""
    dry_run: bool = False
    created: Mapping[str, int] = field(default_factory=dict)
    """Records that were created because rows refer to them (`create_missing`), by type."""
    notes: Sequence[str] = ()
    """Guesses about the source and its columns, the columns that were left out, and how to update existing records
    for which rows were rejected."""
    mapping: str = field(default="", repr=False)
    """For a dry run: the mapping as TOML, for a plan or a preset."""
    preview: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    """For a dry run: the first converted values of each column."""

    def __str__(self) -> str:
        if self.dry_run:
            return f"{counted(self.received, 'row')} checked, {self.rejected:,} rejected; nothing was changed"
        already = f", {self.already_loaded:,} were {self.deed} before" if self.already_loaded else ""
        rate = f" ({self.loaded / self.seconds:,.0f} records/s)" if self.loaded and self.seconds else ""
        for_them = "".join(f", {number:,} {name} made for them" for name, number in self.created.items())
        return (
            f"{self.loaded:,} of {counted(self.received, 'row')} {self.deed}, {self.rejected:,} rejected"
            f"{already}{for_them}; {counted(self.requests, 'request')} in {self.seconds:,.1f} s{rate}"
        )

    def _repr_html_(self) -> str:
        """The HTML for notebooks: the counts, and the first rejects."""
        names = ("received", "loaded", "rejected", "already_loaded", "requests", "retries", "seconds")
        summary = facts({name: getattr(self, name) for name in names} | {"seconds": round(self.seconds, 2)}, str(self))
        rejects = [(reject.row, reject.code, reject.message) for reject in islice(self.rejects, ROWS)]
        caption = f"the first {ROWS} rejected rows" if self.rejected > ROWS else "rejected rows"
        return summary + (table(("row", "code", "message"), rejects, caption) if rejects else "")


def counted(number: int, what: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
