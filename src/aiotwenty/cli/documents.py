"""GraphQL documents from the command line, and their mistakes, with place, line and a caret."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

import typer
from graphql import GraphQLSyntaxError, parse
from rich.cells import cell_len

from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.output import inform
from aiotwenty.errors import ApiError, InvalidArgument
from aiotwenty.graphql.document_check import MISFIT
from aiotwenty.graphql.root_fields import check_operation

_INDENT = " " * 4
_LINE_END = re.compile(r"\r\n|[\n\r]")
_WIDTH = 120
"""Width of lines in a pipe or a log, in characters."""


@dataclass(frozen=True)
class QueryText:
    """The text of a document, and its file; None for text from the command line or standard input."""

    text: str
    path: str | None = None

    @classmethod
    def read(cls, argument: str) -> QueryText:
        """The text of an argument: itself, a file, or standard input (`-`). Raises `typer.BadParameter`."""
        if argument == "-":
            return cls(sys.stdin.read())
        return cls(argument) if "{" in argument or not argument.strip() else cls(_content(argument), argument)

    def check(self, operation_name: str | None) -> None:
        """Exits with code 2 if the text is not GraphQL, or if the operation is ambiguous."""
        try:
            parse(self.text, no_location=True)
        except GraphQLSyntaxError as error:
            raise self._not_graphql(error) from None
        check_operation(self.text, operation_name)

    def explain(self, error: ApiError | InvalidArgument) -> None:
        """Adds line and caret to an error about the document; other errors don't change."""
        if isinstance(error, InvalidArgument):
            head = MISFIT
        elif error.reason is not None and error.reason.about_schema:
            head = "the server refused the document:"
        else:
            return
        if error.errors and all(problem.get("locations") for problem in error.errors):
            error.args = (self._with_excerpts(head, error.errors),)

    def _not_graphql(self, error: GraphQLSyntaxError) -> Exception:
        if not self.text.strip():
            return typer.BadParameter("the document is empty", param_hint="DOCUMENT")
        message = error.description.replace("Unexpected <EOF>", "Unexpected end")
        message = message.replace("<EOF>", "the end of the document")
        place = error.locations[0] if error.locations else None
        at_end = place is None or not any(map(str.strip, self._lines[place.line - 1 :]))
        line, column = self._end if place is None or at_end else (place.line, place.column)
        problem = {"message": message, "locations": [{"line": line, "column": column}]}
        text = f"Error: {self._with_excerpts('the document is not valid GraphQL:', [problem])}"
        inform(text)
        return typer.Exit(ExitCode.USAGE)

    @property
    def _lines(self) -> list[str]:
        return _LINE_END.split(self.text)

    @property
    def _end(self) -> tuple[int, int]:
        """Line and column after the last character that is not white space."""
        lines = _LINE_END.split(self.text.rstrip())
        return len(lines), len(lines[-1]) + 1

    def _with_excerpts(self, head: str, problems: Iterable[dict[str, Any]]) -> str:
        lines = [head]
        for problem in problems:
            line, column = problem["locations"][0]["line"], problem["locations"][0]["column"]
            place = f"{self.path}:{line}:{column}" if self.path else f"line {line}, column {column}"
            lines += [f"  {place}: {problem['message']}", *self._excerpt(line, column)]
        return "\n".join(lines)

    def _excerpt(self, line: int, column: int) -> list[str]:
        """The line, cut to the width of the terminal, and a caret below the column."""
        lines = self._lines
        if not 0 < line <= len(lines):
            return []
        text = "".join(char if char.isprintable() else " " for char in lines[line - 1])
        indent = len(text) - len(text.lstrip())
        text, at = text.strip(), max(column - 1 - indent, 0)
        room = (max(get_terminal_size().columns, 40) if sys.stderr.isatty() else _WIDTH) - len(_INDENT) - 3
        start, end = _window(text, at, room)
        before, after = "…" * (start > 0), "…" * (end < len(text))
        caret = " " * cell_len(before + text[start:at])
        return [f"{_INDENT}{before}{text[start:end]}{after}", f"{_INDENT}{caret}^"]


def _window(text: str, at: int, room: int) -> tuple[int, int]:
    """Start and end of a part that includes the character and fits; some characters take two columns."""
    start = end = min(at, len(text))
    while start > 0 or end < len(text):
        # Extend to the right first, then alternately.
        to_left = start > 0 and (end == len(text) or at - start < end - at)
        wider = (start - 1, end) if to_left else (start, end + 1)
        if cell_len(text[slice(*wider)]) > room:
            break
        start, end = wider
    return start, end


def _content(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise typer.BadParameter(f"neither a file nor a document: {path}", param_hint="DOCUMENT") from None
    except OSError as error:
        raise typer.BadParameter(f"cannot read {path!r}: {error.strerror}", param_hint="DOCUMENT") from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{path} is not UTF-8", param_hint="DOCUMENT") from None
