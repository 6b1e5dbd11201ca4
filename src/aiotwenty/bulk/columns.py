"""Where one column goes, and how its values get there."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic_core import from_json

from aiotwenty.bulk.fields import FieldPath
from aiotwenty.bulk.transforms import Transform
from aiotwenty.bulk.transforms.base import Chain, Composite
from aiotwenty.graphql.values import read_moment

AS_IT_IS = ("text", "other", "date")
"""Kinds of fields that take text as it is."""
WHOLE = re.compile(r"[+-]?\d+(\.\d*)?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
"""What is certainly meant as a number: no exponents, no separators of thousands."""
_EDGES = "\u200b\u200c\u200d\u2060\ufeff \t\r\n\u00a0"


class ValueRefused(ValueError):  # noqa: N818 - named for what it says of a row
    """A value that cannot go where its column goes."""


@dataclass(frozen=True)
class Column:
    """Where one column goes, and how."""

    name: str
    target: FieldPath
    plain_path: tuple[str, ...]
    transform: Transform | None
    as_it_is: bool = False
    """Text goes to its place without further ado."""
    composite: Composite | None = None
    """What kind of composite field it goes to, or to a part of."""
    several: bool = False
    """Whether that kind holds several values."""
    trims: bool = False
    """Blanks around a value are no part of it."""
    also: tuple[Column, ...] = ()
    """The other places where its values go."""
    guess: str = ""
    """Why it goes there, where nobody said so."""
    spec: str = ""
    """The transforms as text."""

    @property
    def place(self) -> str:
        """Where a plain value goes, dotted."""
        return self.target.dotted if self.target.relation else ".".join(self.plain_path)

    @property
    def all(self) -> tuple[Column, ...]:
        return (self, *self.also)


def steps_of(column: Column) -> Sequence[Transform]:
    transform = column.transform
    return transform.steps if isinstance(transform, Chain) else [] if transform is None else [transform]


def put_at(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    name = path[0]
    if len(path) == 2:
        inner = data.get(name)
        if type(inner) is dict:
            inner[path[1]] = value
        else:
            data[name] = {path[1]: value}
    elif type(value) is dict or isinstance(value, Mapping):
        data[name] = {**data[name], **value} if type(data.get(name)) is dict else dict(value)
    else:
        data[name] = value


def trimmed(text: str) -> str:
    """Without the blanks around it, those among them that nobody sees."""
    stripped = text.strip(_EDGES)
    return stripped.strip() if stripped[:1].isspace() or stripped[-1:].isspace() else stripped


def from_text(column: Column, value: str) -> Any:
    kind = column.target.kind
    if kind in ("date", "datetime"):
        _check_date(column, value)
        return in_utc(value) if kind == "datetime" else value
    if column.target.path[-1:] == ("amountMicros",) and not value.lstrip("-").isdigit():
        raise ValueRefused(
            f"{column.name}: {value!r} is no whole number of micros; the transform `money` reads amounts, `micros` "
            "decimal numbers"
        )
    if kind in AS_IT_IS:
        return value
    if kind == "number":
        return Decimal(text) if _NUMBER.fullmatch(text := value.strip()) else value
    if kind == "boolean":
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    if kind == "composite":
        if not value.startswith("{"):
            return value
    elif kind == "list" and not value.startswith("["):
        return [part.strip() for part in value.split(";") if part.strip()]
    try:
        return from_json(value)
    except ValueError as error:
        raise ValueRefused(f"{column.name}: is not JSON ({error})") from None


def _check_date(column: Column, value: str) -> None:
    """Dates are ISO 8601; a number is none. Raises `ValueRefused` that names the transform for what it looks like."""
    if read_moment(value) is not None:
        return
    if WHOLE.fullmatch(value):
        likely = "epoch" if abs(float(value)) > 1e8 else "excel_date"
        hint = f"the transform `{likely}` reads such numbers"
    else:
        hint = 'the transform `date` reads others: date("%d.%m.%Y", "%Y-%m-%d")'
    raise ValueRefused(f"{column.name}: {value!r} is no date in ISO 8601 (2025-12-31); {hint}")


def in_utc(value: Any) -> Any:
    """A date or a time without a zone is taken as UTC, as Twenty does (July 2026); everything else is left as it is."""
    if isinstance(value, str):
        moment = read_moment(value)
        return value if moment is None or moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    if isinstance(value, datetime.datetime):
        return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
    return value
