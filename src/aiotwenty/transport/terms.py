"""The terms of a call: timeouts, priority, and the largest response."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypedDict, get_args

from aiotwenty.errors import InvalidArgument

Priority: TypeAlias = Literal["interactive", "bulk"]
"""Where calls wait for a connection or for the rate limit, interactive ones go before those of bulk work."""


class CallOptions(TypedDict, total=False):
    """Options of a call, which override those of its client."""

    timeout: float
    """Seconds for each attempt of a request, from sending to the end of the answer."""
    deadline: float | None
    """Seconds for all of the call: its requests, their attempts, and the waits between and before them."""
    priority: Priority
    max_answer_bytes: int
    """The largest answer that is read, in bytes after decompression."""
    max_wait: float | None
    """Seconds to wait for the rate limit at most: `RateLimited` where it would take longer."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The options of a call. `scope`, if there is one, is the call's deadline, which runs already."""

    timeout: float = 30.0
    deadline: float | None = None
    priority: Priority = "interactive"
    max_answer_bytes: int = 64_000_000
    scope: asyncio.Timeout | None = None
    max_wait: float | None = None
    shares: bool = False
    """Whether its requests may go in one with others that wait for the rate limit."""

    def __post_init__(self) -> None:
        for name, seconds in (("timeout", self.timeout), ("deadline", self.deadline)):
            if seconds is not None and not 0 < seconds < float("inf"):
                raise InvalidArgument(f"{name} must be a positive number of seconds, not {seconds!r}.")
        if self.max_wait is not None and not 0 <= self.max_wait < float("inf"):
            raise InvalidArgument(f"max_wait must be a number of seconds, or None, not {self.max_wait!r}.")
        if self.priority not in get_args(Priority):
            raise InvalidArgument(f'priority must be "interactive" or "bulk", not {self.priority!r}.')
        if self.max_answer_bytes < 1:
            raise InvalidArgument(f"max_answer_bytes must be at least 1, not {self.max_answer_bytes}.")

    @property
    def rank(self) -> int:
        """In a line, where the lower goes first."""
        return 0 if self.priority == "interactive" else 1

    def in_bulk(self) -> Terms:
        """Those of a load or an export: behind other calls, as long as it takes, and in one request with its like."""
        return replace(self, priority="bulk", deadline=None, scope=None, max_wait=None, shares=True)


STANDARD = Terms()
