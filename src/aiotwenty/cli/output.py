"""Prints records and rows: as a table on a terminal, as tab-separated lines in a pipe."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeAlias

import typer

if TYPE_CHECKING:
    from rich.table import Table


class Output(StrEnum):
    """The formats of `--output`."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


Row: TypeAlias = Mapping[str, Any]
"""A record as JSON: GraphQL names, composites as objects."""

OutputOption: TypeAlias = Annotated[
    Output,
    typer.Option("--output", "-o", help="Output format; a table is tab-separated in a pipe."),
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Same as --output json.")]


def print_rows(rows: Iterable[Row], columns: Sequence[str], output: Output, *, headings: bool = True) -> None:
    """Prints rows. `columns` are dotted names, and the headings, which are left out for further rows of a table.

    JSON has everything of a row, whatever the columns.
    """
    if output is Output.JSON:
        print_json(list(rows))
    elif output is Output.JSONL:
        for row in rows:
            say(json.dumps(row, ensure_ascii=not _unicode()))
    elif output is Output.CSV:
        if headings:
            say(_csv_line(columns))
        for row in rows:
            say(_csv_line([cell(value_at(row, column)) for column in columns]))
    else:
        _print_table(rows, columns, columns, headings=headings)


def print_record(row: Row, columns: Sequence[str], output: Output) -> None:
    """Prints one record: as a table, a line for each field that has a value."""
    if output is Output.JSON:
        print_json(row)
    elif output is not Output.TABLE:
        print_rows([row], columns, output)
    else:
        values = ((column, value_at(row, column)) for column in columns)
        filled_rows = [{"field": column, "value": value} for column, value in values if value not in (None, "", [], {})]
        _print_table(filled_rows, ("field", "value"), ("field", "value"), headings=False)


def print_json(value: Any) -> None:
    """Prints indented JSON."""
    # Escaped, if the terminal lacks characters: the JSON is the same.
    say(json.dumps(value, indent=2, ensure_ascii=not _unicode()))


def value_at(row: Row, path: str) -> Any:
    """The value at a dotted name; None if a part of the path is missing."""
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def cell(value: Any) -> str:
    """A value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def say(line: str) -> None:
    """Prints a line at once, because a program at the other end of a pipe may wait for it."""
    typer.echo(line)
    # Standard output may be closed.
    if sys.stdout is not None:
        sys.stdout.flush()


def tell(text: str) -> None:
    """Prints text, folded between words on a terminal."""
    say(folded(text))


def piped() -> bool:
    """Whether standard output is read by a program."""
    return not (sys.stdout is not None and sys.stdout.isatty())


def folded(text: str, indent: str = "", *, on: TextIO | None = None) -> str:
    """Text folded between words if `on` (default: standard output) is a terminal; else unchanged."""
    stream = on or sys.stdout
    if stream is None or not stream.isatty():
        return text
    width = max(get_terminal_size().columns, 40)
    fold = partial(textwrap.fill, width=width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(
        fold(line, subsequent_indent=indent or re.match(r" *", line)[0]) if len(line) >= width else line  # type: ignore[index]
        for line in text.split("\n")
    )


def inform(text: str) -> None:
    """Prints a message on standard error, folded on a terminal."""
    typer.echo(folded(text, on=sys.stderr), err=True)


def fitting(rows: Sequence[Row], columns: Sequence[str], needed: int) -> list[str]:
    """The columns that fit the terminal with one line for each row; always the first `needed`."""
    room = get_terminal_size().columns + 2
    fit: list[str] = []
    for column in columns:
        heading = max(map(len, column.replace(".", "\n.").split("\n")))
        room -= 3 + max([heading, *(len(cell(value_at(row, column))) for row in rows)])
        if room < 0 and len(fit) >= needed:
            break
        fit.append(column)
    return fit


def _print_table(rows: Iterable[Row], columns: Sequence[str], title: Sequence[str], *, headings: bool = True) -> None:
    if piped():
        if headings:
            say("\t".join(title))
        for row in rows:
            say("\t".join(_field(cell(value_at(row, column))) for column in columns))
        return
    table = _table(title, headings)
    for row in rows:
        table.add_row(*(_plain(cell(value_at(row, column))) for column in columns))
    if table.row_count:
        from rich.console import Console

        Console().print(table)


def _table(title: Sequence[str], headings: bool) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_header=headings, pad_edge=False, expand=False)
    for place, name in enumerate(title):
        # A column without wrapping is cut off when there is no room: only one such column always fits.
        table.add_column(name.replace(".", "\n."), overflow="fold", no_wrap=name == "id" and place == 0)
    return table


def _plain(text: str) -> Any:
    from rich.text import Text

    # Control characters are escaped, because a terminal would obey them.
    return Text("".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text))


def _field(text: str) -> str:
    """A value for a tab-separated line, with tabs, line ends and backslashes escaped as in databases' exports."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _unicode() -> bool:
    return "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
