"""The terms of a call: timeouts, priority, and the largest response."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypedDict, get_args

from aiotwenty.errors import InvalidArgument

Priority: TypeAlias = Literal["interactive", "bulk"]
"""Interactive calls go before bulk ones in waiting for a connection or for the rate limit."""


class CallOptions(TypedDict, total=False):
    """Options of a call, which override those of its client."""

    timeout: float
    """Seconds for each attempt of a request, from sending to the end of the response."""
    deadline: float | None
    """Seconds for the whole call: its requests, attempts, and all waits."""
    priority: Priority
    max_answer_bytes: int
    """The largest response that is read, in bytes after decompression."""
    max_wait: float | None
    """The most seconds to wait for the rate limit: `RateLimited` is raised if it would take longer."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The options of a call. `scope` is the running deadline of the call, if it has one."""

    timeout: float = 30.0
    deadline: float | None = None
    priority: Priority = "interactive"
    max_answer_bytes: int = 64_000_000
    scope: asyncio.Timeout | None = None
    max_wait: float | None = None
    shares: bool = False
    """Whether its requests can be joined with others that wait for the rate limit."""

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
        """The rank in a queue, in which the lower goes first."""
        return 0 if self.priority == "interactive" else 1

    def in_bulk(self) -> Terms:
        """The terms of a load or an export: behind other calls, without a limit on waiting, and in shared requests."""
        return replace(self, priority="bulk", deadline=None, scope=None, max_wait=None, shares=True)


STANDARD = Terms()
