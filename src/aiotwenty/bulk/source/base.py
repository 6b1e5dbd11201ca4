"""What every source of rows is: rows with a name, streamed, and what is wrong with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import islice
from typing import Any, NamedTuple

from aiotwenty.errors import InvalidArgument, TwentyError

NAMED_PROBLEMS = 20
"""How many malformed lines an error names; the rest is counted."""

RAW_TEXT = "_text"
"""Where a row that could not be read has its text. Correcting it empties this."""


class InputError(InvalidArgument):
    """A source or a mapping that cannot be right: what is wrong, where, and what to do. Nothing was sent."""

    suggests: bool = False
    """Whether it names what may have been meant."""


def library(name: str, what: str, extra: str) -> Any:
    """An optional library. Raises `InputError` that says how to get it."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise InputError(f"{what} needs {name}: pip install 'aiotwenty[{extra}]'") from None


class SourceChanged(TwentyError):  # noqa: N818 - as in aiotwenty.errors
    """A source that was changed between two readings of it: nothing is loaded of it but what was checked.

    `loaded` counts the rows that a load had loaded by then, of earlier runs with its journal, too.
    """

    loaded: int = 0


class NumberText(str):
    """A cell that is a number in its file, which nobody wrote in any way: the digits have a decimal point."""

    __slots__ = ()


class Row(NamedTuple):
    """One row as it was read. `number` counts the rows of a source from 1; `line` is where it starts in a text file."""

    number: int
    values: Mapping[str, Any]
    line: int | None = None
    problem: str | None = None


@dataclass
class Check:
    """What reading a source from beginning to end found."""

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
    """Rows with a name. `is_text` says that text is to be understood by its field, as in CSV: JSON, lists, dates."""

    name: str
    is_text = False
    nulls_are_gaps = False
    """Whether a null only says that the format has no other way to leave a cell empty (CSV, Parquet)."""
    columns: tuple[str, ...] | None = None
    """The columns, where they are known without reading the rows."""
    unnamed: Mapping[str, int] = {}
    """Columns without a name in the file, by the name they have here, with their place from 1."""
    doubled: Mapping[str, str] = {}
    """Columns that share their name in the file, by the name they have here, with the one they have there."""
    found: Sequence[str] = ()
    """What its content is, where its name says otherwise."""
    guesses: Sequence[str] = ()
    """What was found out about the source rather than said: its delimiter, its encoding, where its header is."""

    is_copy = False
    """Whether it can be read only once, and this is a copy: standard input, a pipe, an address."""

    @abstractmethod
    def rows(self) -> AsyncIterator[Row]:
        """The rows from the beginning. Only files can be read more than once."""

    def again(self) -> Iterator[Row] | None:
        """The rows from the beginning, for a look ahead of the load; None where they can be read only once."""
        return None

    def samples(self, most: int) -> dict[str, list[Any]]:
        """The first values of each column, where the columns are known and can be read ahead."""
        samples: dict[str, list[Any]] = {}
        for row in islice((self.again() if self.columns is not None else None) or (), most):
            if not row.problem:
                for name, value in row.values.items():
                    samples.setdefault(name, []).append(value)
        return samples

    def use(self, columns: Collection[str]) -> None:  # noqa: B027
        """Says which columns are needed: where others can be left unread, they are, and rows lack them."""

    def check(self) -> Check | None:
        """Reads everything ahead of the load where that is possible; None where it isn't (generators).

        It is called in a thread of its own, as `fingerprint` is: a service goes on answering while a file is read.
        """
        return None

    def fingerprint(self) -> str | None:
        """Tells whether the content is still the same; None where the content cannot be read twice."""
        return None

    def confirm(self) -> None:  # noqa: B027
        """Called, in a thread, when all rows were read. Raises `SourceChanged` if it holds others by now."""
