"""Decides how many batches are in flight: more while that raises the throughput, fewer when the server has trouble."""

from __future__ import annotations

from time import monotonic

WORTH_IT = 1.03
"""A further batch in flight is kept if it raises the throughput by at least 3 %."""


class AdaptiveConcurrency:
    """A limit between 1 and `maximum`, found by trying.

    It doubles until throughput stops growing, then tries one more every few rounds and keeps it only if that helped. A
    time-out or a 5xx halves it. A round with waits for a rate limit is not judged. A round has as many responses as the
    limit, at least four.
    """

    def __init__(self, maximum: int) -> None:
        if maximum < 1:
            raise ValueError("concurrency must be at least 1")
        self.maximum = maximum
        self.limit = min(4, maximum)
        self._doubling = True
        self._rate_before: float | None = None
        self._limit_before = self.limit
        self._pause = 0
        self._begin()

    def _begin(self, now: float | None = None) -> None:
        self._since = monotonic() if now is None else now
        self._answers = 0
        self._records = 0
        self._judge = True

    def answered(self, records: int, now: float | None = None) -> None:
        """Counts a response to a batch of `records`, success or failure."""
        self._answers += 1
        self._records += records
        if self._answers < max(4, 2 * self.limit):
            return
        now = monotonic() if now is None else now
        if self._judge and now > self._since:
            self._decide(self._records / (now - self._since))
        self._begin(now)

    def waited_for_rate_limit(self) -> None:
        """Records a wait for the rate limit: the round is not judged."""
        self._judge = False

    def in_trouble(self, now: float | None = None) -> None:
        """Records a time-out or a 5xx."""
        self.limit = max(1, self.limit // 2)
        self._doubling = False
        self._rate_before = None
        self._pause = 4
        self._begin(now)

    def _decide(self, rate: float) -> None:
        before, self._rate_before = self._rate_before, rate
        if before is not None and self.limit > self._limit_before and rate < before * WORTH_IT:
            self.limit, self._limit_before = self._limit_before, self._limit_before
            self._doubling = False
            self._pause = 8
            return
        self._limit_before = self.limit
        if self._pause:
            self._pause -= 1
            return
        self.limit = min(self.maximum, self.limit * 2 if self._doubling else self.limit + 1)
