"""Interleaved rounds of several contenders in one run, and what they say as ratios."""

from __future__ import annotations

import gc
import platform
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Series:
    """What one contender cost, one figure a round, in the unit of its table."""

    name: str
    figures: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.figures)

    def ratio_to(self, other: Series) -> tuple[float, float, float]:
        """Median, least and greatest of the ratios round by round: both were measured moments apart."""
        ratios = [mine / theirs for mine, theirs in zip(self.figures, other.figures, strict=True)]
        return statistics.median(ratios), min(ratios), max(ratios)


@dataclass(frozen=True)
class Limit:
    """A promise: `subject` costs at most `ratio` times what `base` costs."""

    subject: str
    base: str
    ratio: float


@dataclass(frozen=True)
class Bound:
    """A promise: the median of `subject` is at least, or at most, a figure."""

    subject: str
    least: float = 0
    most: float = float("inf")

    def words(self) -> str:
        return f"at least {self.least:,.0f}" if self.least else f"at most {self.most:,.0f}"


@dataclass(frozen=True)
class Table:
    """One experiment: its contenders, the promises it checks, and how to read a figure."""

    title: str
    unit: str
    series: Sequence[Series]
    limits: Sequence[Limit] = ()
    bounds: Sequence[Bound] = ()
    note: str = ""

    def verdicts(self) -> list[tuple[bool, str]]:
        """Each promise: whether it holds, and in words."""
        by_name = {series.name: series for series in self.series}
        verdicts = []
        for limit in self.limits:
            middle, least, greatest = by_name[limit.subject].ratio_to(by_name[limit.base])
            spread = f"{middle:.2f} x {limit.base} ({least:.2f} - {greatest:.2f})"
            words = f"{limit.subject}: {spread}, promised at most {limit.ratio:g}"
            verdicts.append((middle <= limit.ratio, words))
        for bound in self.bounds:
            figure = by_name[bound.subject].median
            words = f"{bound.subject}: {figure:,.0f} {self.unit}, promised {bound.words()}"
            verdicts.append((bound.least <= figure <= bound.most, words))
        return verdicts

    def failures(self) -> list[str]:
        """The promises that do not hold."""
        return [f"{self.title}: {words}" for holds, words in self.verdicts() if not holds]

    def markdown(self) -> str:
        """The table and its promises, as RESULTS.md has them."""
        base = self.series[0]
        lines = [f"## {self.title}", ""]
        if self.note:
            lines += [self.note, ""]
        lines += [f"| | {self.unit}, median | x {base.name} | least - greatest |", "|---|---|---|---|"]
        for series in self.series:
            middle, least, greatest = series.ratio_to(base)
            lines.append(f"| {series.name} | {series.median:,.4g} | {middle:.2f} | {least:.2f} - {greatest:.2f} |")
        lines += [
            line
            for holds, words in self.verdicts()
            for line in ("", f"{words}: {'holds' if holds else 'DOES NOT HOLD'}.")
        ]
        return "\n".join(lines) + "\n"


async def cpu_seconds(
    contenders: Mapping[str, Callable[[], Awaitable[object]]], rounds: int, calls: int, per: int = 1
) -> list[Series]:
    """CPU milliseconds of this process for each of the `per` requests of a call, `calls` calls a round, in turns."""
    series = [Series(name) for name in contenders]
    for call in contenders.values():
        await call()
    for _ in range(rounds):
        for one, call in zip(series, contenders.values(), strict=True):
            gc.collect()
            start = time.process_time()
            for _ in range(calls):
                await call()
            one.figures.append((time.process_time() - start) / (calls * per) * 1000)
    return series


def machine() -> str:
    """The machine and the versions that the figures were taken on."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("pydantic", "aiohttp", "gql", "graphql-core", "ariadne-codegen")
    )
    return f"{cpu}, {platform.system()} {platform.machine()}, Python {sys.version.split()[0]}; {packages}."


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
