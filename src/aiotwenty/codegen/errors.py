"""What can go wrong while a client is generated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiotwenty.errors import TwentyError


@dataclass(frozen=True)
class Problem:
    """One thing to correct, with the place where it stands."""

    path: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


class CodegenError(TwentyError):
    """Generation stopped before the package was touched. `problems` names each place to correct."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__("\n".join([message, *(f"  {problem}" for problem in problems)]))
        self.problems = tuple(problems)
