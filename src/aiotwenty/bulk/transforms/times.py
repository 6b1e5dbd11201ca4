"""Dates and times in other forms than ISO 8601."""

from __future__ import annotations

import datetime
import re
from typing import Any

from aiotwenty.bulk.transforms.base import Transform

_EXCEL_BEGAN = datetime.datetime(1899, 12, 30)
_LAST_SERIAL = 2_958_466  # the first day of the year 10000
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")


def date(*patterns: str) -> Transform:
    """A date or time in the form of the first pattern that fits, as for `datetime.strptime`.

    `date("%d.%m.%Y", "%Y-%m-%d")`. Without a zone: UTC.
    """
    if not patterns:
        raise ValueError('date: pass the pattern of the dates, such as date("%d.%m.%Y")')
    for pattern in patterns:
        if "%" not in pattern:
            raise ValueError(f'date: {pattern!r} is not a pattern such as "%d.%m.%Y"')

    def parse(value: Any) -> str:
        if isinstance(value, datetime.date):
            return value.isoformat()
        text = " ".join(str(value).split())
        for pattern in patterns:
            try:
                moment = datetime.datetime.strptime(text, pattern)
            except ValueError:
                continue
            if not re.search("%[HIcXs]", pattern):
                return moment.date().isoformat()
            return moment.replace(tzinfo=moment.tzinfo or datetime.UTC).isoformat()
        written = " or ".join(map(repr, patterns))
        raise ValueError(f"{value!r} is not written like {written}")

    parse.__name__ = "date"
    parse.arguments = patterns  # type: ignore[attr-defined]
    return parse


def excel_date(value: Any) -> str:
    """A date by Excel's count: 45659 is 2025-01-01, 45292.5 is noon of 2024-01-01. ISO 8601 is accepted unchanged."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        return _iso(text, "neither a number of days, as Excel counts them, nor ISO 8601")
    days = float(text)
    if not 1 <= days < _LAST_SERIAL:
        raise ValueError(f"{value!r} is no date of Excel: those are numbers of days from 1 to {_LAST_SERIAL - 1:,}")
    seconds = round(days * 86_400)
    moment = _EXCEL_BEGAN + datetime.timedelta(seconds=seconds)
    # Excel has a 29 February 1900, which did not exist.
    moment += datetime.timedelta(days=1 if days < 60 else 0)
    return moment.date().isoformat() if seconds % 86_400 == 0 else moment.replace(tzinfo=datetime.UTC).isoformat()


def epoch(value: Any) -> str:
    """Seconds since 1970, or milliseconds if as seconds they would be after the year 5000."""
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        return _iso(text, "neither a number of seconds nor ISO 8601")
    seconds = float(text)
    if abs(seconds) >= 1e11:
        seconds /= 1000
    try:
        return (datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        raise ValueError(f"{value!r} is no time that calendars have") from None


def _iso(text: str, otherwise: str) -> str:
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is {otherwise}") from None
    return text
