"""The interface of sources of rows: named, streamed, with their problems."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import islice
from typing import Any, NamedTuple

from aiotwenty.errors import InvalidArgument, TwentyError

NAMED_PROBLEMS = 20
"""The most malformed lines that an error names; the others are counted."""

RAW_TEXT = "_text"
"""The column with the text of a row that could not be read. Correcting the row empties it."""


class InputError(InvalidArgument):
    """A source or a mapping is wrong. The message says what, where, and what to do. Nothing was sent."""

    suggests: bool = False
    """Whether the message has a suggestion."""


def library(name: str, what: str, extra: str) -> Any:
    """An optional library. Raises `InputError` that says how to install it."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise InputError(f"{what} needs {name}: pip install 'aiotwenty[{extra}]'") from None


class SourceChanged(TwentyError):  # noqa: N818 - as in aiotwenty.errors
    """A source changed between two readings: only what was checked is loaded.

    `loaded` counts the rows that were loaded until then, including those of earlier runs with the same journal.
    """

    loaded: int = 0


class NumberText(str):
    """A number from a file without notations of numbers: its decimal separator is a point."""

    __slots__ = ()


class Row(NamedTuple):
    """A row as it was read. `number` counts the rows of a source from 1; `line` is where it starts in a text file."""

    number: int
    values: Mapping[str, Any]
    line: int | None = None
    problem: str | None = None


@dataclass
class Check:
    """The result of reading a source from beginning to end."""

    total: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    """Each column with the number of the first row that has it."""
    problems: list[str] = field(default_factory=list)
    malformed: int = 0

    def add(self, row: Row) -> None:
        self.total += 1
        if row.problem:
            self.malformed += 1
            if len(self.problems) < NAMED_PROBLEMS:
                where = f"line {row.line}" if row.line else f"row {row.number}"
                self.problems.append(f"{where}: {row.problem}")
        elif row.values.keys() - self.columns.keys():
            for column in row.values:
                self.columns.setdefault(column, row.number)


class Source(ABC):
    """Rows with a name. `is_text`: texts are read by the kind of the field, as in CSV: JSON, lists, dates."""

    name: str
    is_text = False
    nulls_are_gaps = False
    """Whether null is the format's only way to leave a cell empty (CSV, Parquet)."""
    columns: tuple[str, ...] | None = None
    """The columns, if they are known without reading the rows."""
    unnamed: Mapping[str, int] = {}
    """Columns without a name in the file, by their name here, with their position from 1."""
    doubled: Mapping[str, str] = {}
    """Columns that share their name in the file, by their name here, with the one in the file."""
    found: Sequence[str] = ()
    """The kind of the content, if the name of the file says otherwise."""
    guesses: Sequence[str] = ()
    """Guesses about the source: its delimiter, its encoding, the line of its header."""

    is_copy = False
    """Whether it can be read only once, and this is a copy: standard input, a pipe, an address."""

    @abstractmethod
    def rows(self) -> AsyncIterator[Row]:
        """The rows from the beginning. Only files can be read more than once."""

    def again(self) -> Iterator[Row] | None:
        """The rows from the beginning, to be read before the load; None for sources that can be read only once."""
        return None

    def samples(self, most: int) -> dict[str, list[Any]]:
        """The first values of each column, if the columns are known and can be read ahead."""
        samples: dict[str, list[Any]] = {}
        for row in islice((self.again() if self.columns is not None else None) or (), most):
            if not row.problem:
                for name, value in row.values.items():
                    samples.setdefault(name, []).append(value)
        return samples

    def use(self, columns: Collection[str]) -> None:  # noqa: B027
        """Restricts reading to the columns that are needed, if the format allows it. Rows then lack the others."""

    def check(self) -> Check | None:
        """Reads everything before the load; None if that isn't possible (generators).

        Like `fingerprint`, it is called in a thread, so that a service can respond while a file is read.
        """
        return None

    def fingerprint(self) -> str | None:
        """A text that changes with the content; None if the content cannot be read twice."""
        return None

    def confirm(self) -> None:  # noqa: B027
        """Called, in a thread, after all rows were read. Raises `SourceChanged` if the content has changed."""
