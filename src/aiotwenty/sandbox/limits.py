"""The limits of a Twenty server, and the token bucket behind its rate limit."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

MAX_ROOT_FIELDS = 20
MAX_WRITTEN_RECORDS = 200
MAX_AFFECTED_RECORDS = 100
"""Only announced, never enforced (Twenty, July 2026)."""
MAX_MERGED_RECORDS = 9
DEFAULT_PAGE = 200
MAX_NESTED_RECORDS = 60
MAX_GROUPS = 50
MIN_COMPARED_LENGTH = 3
"""Shorter values are not compared in the search for duplicates."""
MAX_SEARCH_RESULTS = 100
MAX_BODY_BYTES = 10 * 1024 * 1024
REST_DEFAULT_PAGE = 60
REST_MAX_PAGE = 200

_RATE = re.compile(r"(\d+)\s*/\s*(\d*\.?\d+)\s*(ms|s|m|min)?")
_UNITS = {"ms": 1, "s": 1000, None: 1000, "m": 60_000, "min": 60_000}

RateLimits = str | tuple[int, float] | list[tuple[int, float]] | None


@dataclass(slots=True)
class TokenBucket:
    """`tokens` per `milliseconds`. A refusal by an empty bucket doesn't restart its clock.

    As Twenty counts (July 2026): whole tokens come back for the time since the last success, and the fraction is lost,
    so that more frequent requests than one per token gain nothing.
    """

    tokens: int
    milliseconds: int
    clock: Callable[[], float] = time.monotonic
    _left: int = field(init=False)
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.tokens
        self._last = self.clock()

    def available(self) -> int:
        elapsed = (self.clock() - self._last) * 1000
        return min(self.tokens, self._left + int(elapsed * self.tokens / self.milliseconds))

    def take(self) -> None:
        self._left = self.available() - 1
        self._last = self.clock()


class TokenBuckets:
    """Several buckets: a request takes a token from each, or is refused by the first empty one."""

    def __init__(self, buckets: Iterable[TokenBucket]) -> None:
        self.buckets = list(buckets)

    def take(self) -> TokenBucket | None:
        """Takes a token; returns the empty bucket if there is one."""
        empty = next((bucket for bucket in self.buckets if bucket.available() < 1), None)
        if empty is None:
            for bucket in self.buckets:
                bucket.take()
        return empty


def rate_limiter(limits: RateLimits) -> TokenBuckets:
    """Reads `"100/60s"`, `"100/1s,100/60s"`, `(100, 60)` (seconds) or a list of such pairs; None limits nothing."""
    if limits is None:
        return TokenBuckets(())
    if isinstance(limits, str):
        return TokenBuckets(_bucket(part.strip()) for part in limits.split(","))
    pairs = [limits] if isinstance(limits, tuple) else limits
    for tokens, seconds in pairs:
        if tokens < 1 or seconds <= 0:
            raise ValueError(f"rate limit {tokens} per {seconds} s: both numbers must be above 0")
    return TokenBuckets(TokenBucket(tokens, round(seconds * 1000)) for tokens, seconds in pairs)


def _bucket(text: str) -> TokenBucket:
    match = _RATE.fullmatch(text)
    if match is None or not int(match[1]) or not float(match[2]):
        raise ValueError(f"rate limit {text!r}: write it as requests per time, for instance 100/60s")
    return TokenBucket(int(match[1]), round(float(match[2]) * _UNITS[match[3]]))
