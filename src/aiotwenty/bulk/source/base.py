"""What every source of rows is: rows with a name, streamed, and what is wrong with them."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from aiotwenty.errors import InvalidArgument

NAMED_PROBLEMS = 20
"""How many malformed lines an error names; the rest is counted."""

RAW_TEXT = "_text"
"""Where a row that could not be read has its text. Correcting it empties this."""


class InputError(InvalidArgument):
    """A source or a mapping that cannot be right: what is wrong, where, and what to do. Nothing was sent."""

    suggests: bool = False
    """Whether it names what may have been meant."""


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
    guesses: Sequence[str] = ()
    """What was found out about the source rather than said: its delimiter, its encoding, where its header is."""

    @abstractmethod
    def rows(self) -> AsyncIterator[Row]:
        """The rows from the beginning. Only files can be read more than once."""

    def again(self) -> Iterator[Row] | None:
        """The rows from the beginning, for a look ahead of the load; None where they can be read only once."""
        return None

    def check(self) -> Check | None:
        """Reads everything ahead of the load where that is possible; None where it isn't (generators).

        It is called in a thread of its own, as `fingerprint` is: a service goes on answering while a file is read.
        """
        return None

    def fingerprint(self) -> str | None:
        """Tells whether the content is still the same; None where the content cannot be read twice."""
        return None


class FileSource(Source):
    """A file that is read from beginning to end as often as needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    @abstractmethod
    def read(self) -> Iterator[Row]: ...

    async def rows(self) -> AsyncIterator[Row]:
        for row in self.read():
            yield row

    def again(self) -> Iterator[Row]:
        return self.read()

    def check(self) -> Check:
        check = Check()
        for row in self.read():
            check.add(row)
        return check

    def fingerprint(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
