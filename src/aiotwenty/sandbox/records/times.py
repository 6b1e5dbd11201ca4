"""Parses dates and times as Twenty does, and stores them as `2026-11-23T15:00:18.735` (UTC, no zone letter)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

_DAY = r"(?:(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})|(?P<compact>\d{8})|(?P<american>\d{1,2}/\d{1,2}/\d{4}))"
_CLOCK = r"(?P<hour>\d{2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?"
_ZONE = r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
_MOMENT = re.compile(rf"{_DAY}(?:[T ]{_CLOCK}{_ZONE})?", re.ASCII)


_BEGUN = ContextVar("begun", default=timedelta(0))


def now() -> datetime:
    """The time of records written now: the beginning of their transaction, as in Postgres."""
    return datetime.now(UTC) - _BEGUN.get()


@contextmanager
def begun(seconds: float) -> Iterator[None]:
    """Makes transactions inside begin so many seconds ago, and commit now."""
    token = _BEGUN.set(timedelta(seconds=seconds))
    try:
        yield
    finally:
        _BEGUN.reset(token)


def stored_time(moment: datetime, digits: int = 3) -> str:
    """The stored form. `digits` of the second's fraction: 3 in responses, 6 in Postgres."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return text if digits == 6 else text[:23]


def parsed_time(value: Any) -> datetime | None:
    """The time of a day or a moment; without a zone it is UTC."""
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    day = _day(match) if match else None
    if match is None or day is None:
        return None
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    microsecond = int((match["fraction"] or "")[:6].ljust(6, "0"))
    try:
        zone = _zone(match["zone"])
        return datetime(day.year, day.month, day.day, hour, minute, second, microsecond, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parsed_day(value: Any) -> str | None:
    """A day, or that of a moment in UTC (with a final Z)."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None or (found["hour"] is not None and found["zone"] != "Z"):
        return None
    day = _day(found) if parsed_time(value) is not None else None
    return None if day is None else day.isoformat()


def _day(match: re.Match[str]) -> date | None:
    if match["compact"]:
        year, month, day = match["compact"][:4], match["compact"][4:6], match["compact"][6:]
    elif match["american"]:
        month, day, year = match["american"].split("/")
    else:
        year, month, day = match["year"], match["month"], match["day"]
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
