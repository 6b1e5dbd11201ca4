"""Errors of generating a client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphql import GraphQLError, Node

from aiotwenty.errors import TwentyError


@dataclass(frozen=True)
class DocumentProblem:
    """A thing to correct in a file, with its place."""

    path: Path
    line: int
    reason: str

    @classmethod
    def at(cls, node: Node, reason: str) -> DocumentProblem:
        """A problem at the place of a parsed node."""
        if node.loc is None:
            return cls(Path("?"), 1, reason)
        return cls(Path(node.loc.source.name), node.loc.start_token.line, reason)

    @classmethod
    def of(cls, error: GraphQLError, path: Path) -> DocumentProblem:
        """An error that GraphQL reports about the text of a file."""
        return cls(path, error.locations[0].line if error.locations else 1, error.message)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


class CodegenError(TwentyError):
    """Generation stopped before the package was touched. `problems` are the places to correct."""

    def __init__(self, message: str, problems: Sequence[DocumentProblem] = ()) -> None:
        super().__init__("\n".join([message, *(f"  {problem}" for problem in problems)]))
        self.problems = tuple(problems)
