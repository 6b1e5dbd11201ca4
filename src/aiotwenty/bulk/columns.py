"""The target field of a column, and the conversion of its values."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, TypeAlias

from pydantic_core import from_json

from aiotwenty.bulk.fields import FieldPath
from aiotwenty.bulk.source.base import NumberText
from aiotwenty.bulk.transforms import Transform
from aiotwenty.bulk.transforms.base import Chain, Composite
from aiotwenty.graphql.input_scalars import read_moment

Shortcut: TypeAlias = Literal["text", "count", "read", "parts"]
"""Unchanged text, digits, text read by the kind of its field, a composite field's primary part, or all of its parts."""
_AS_IT_IS = ("text", "other", "date")
"""Kinds of fields that accept text unchanged."""
LONGEST_SURE = 15
"""The most digits that any number keeps."""
WHOLE = re.compile(r"[+-]?\d+(\.\d*)?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
"""Strings that are numbers without doubt: no exponents, no thousands separators."""
BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\u00a0\u1680\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"  # two have no width
    + "".join(map(chr, range(0x2000, 0x200E)))  # the last three, too
)
"""Characters that are stripped from both ends of a value: white space, visible or not."""


class ValueRefused(ValueError):  # noqa: N818 - named for what it says of a row
    """A value that the target field of its column does not accept."""


@dataclass(frozen=True)
class MappedColumn:
    """The target of one column, and the conversion of its values."""

    name: str
    target: FieldPath
    plain_path: tuple[str, ...]
    transform: Transform | None
    shortcut: Shortcut | None = None
    """The form of most values, which need no further conversion."""
    composite: Composite | None = None
    """The kind of the composite field that is the target, or contains it."""
    several: bool = False
    """Whether the kind holds several values."""
    trims: bool = False
    """Whether white space around values is stripped."""
    also: tuple[MappedColumn, ...] = ()
    """Further targets of the column."""
    guess: str = ""
    """The reason for a guessed mapping; empty if the caller chose it."""
    spec: str = ""
    """The transforms as text."""

    @cached_property
    def route(self) -> tuple[Shortcut | None, bool, str, str | None]:
        """The facts for converting and placing most values, read once for each of them."""
        first, *more = self.plain_path or ("",)
        return self.shortcut, self.trims, first, more[0] if more else None

    @property
    def place(self) -> str:
        """The dotted path for a plain value."""
        return self.target.dotted if self.target.relation else ".".join(self.plain_path)

    @property
    def all(self) -> tuple[MappedColumn, ...]:
        return (self, *self.also)


_TRIMMED_PARTS = {
    *("primaryEmail", "primary_email", "additionalEmails", "additional_emails"),
    *("primaryLinkUrl", "primary_link_url", "primaryPhoneNumber", "primary_phone_number"),
}


def steps_of(column: MappedColumn) -> Sequence[Transform]:
    transform = column.transform
    return transform.steps if isinstance(transform, Chain) else [] if transform is None else [transform]


def shortcut_of(target: FieldPath, *, is_text: bool, hidden: Collection[str]) -> Shortcut | None:
    """The shortcut of a column without transforms and relations. `is_text`: texts are read by the kind of the field."""
    if target.kind == "composite":
        return None if target.path[0] in hidden else "parts"
    if target.kind in ("text", "other") and target.path[-1:] != ("amountMicros",):
        return "read" if is_text and target.path[-1:] == ("primaryEmail",) else "text"
    if not is_text:
        return None
    return "count" if target.kind == "number" else "read" if target.kind in ("boolean", "date", "datetime") else None


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
    """The text without white space at its ends, invisible characters included."""
    return text if type(text) is NumberText else text.strip(BLANKS)


def trimmed_parts(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A composite value with its addresses trimmed, like those in cells of their own."""
    changed: dict[str, Any] = {}
    for part, inner in value.items():
        if part not in _TRIMMED_PARTS:
            continue
        if type(inner) is str:
            if (text := inner.strip(BLANKS)) != inner:
                changed[part] = text
        elif type(inner) is list:
            changed[part] = [item.strip(BLANKS) if type(item) is str else item for item in inner]
    return {**value, **changed} if changed else value


def from_text(column: MappedColumn, value: str) -> Any:
    kind = column.target.kind
    if column.plain_path[-1:] == ("primaryEmail",) and value[:1] != "{":
        return checked_address(column, value)
    if kind == "number" and len(value) <= LONGEST_SURE and value.isascii() and value.isdigit():
        return int(value)
    if kind in ("date", "datetime"):
        moment = _read_date(column, value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)) if kind == "datetime" else value
    if column.target.path[-1:] == ("amountMicros",) and not value.lstrip("-").isdigit():
        raise ValueRefused(
            f"{column.name}: {value!r} is no whole number of micros; the transform `money` reads amounts, `micros` "
            "decimal numbers"
        )
    if kind in _AS_IT_IS:
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


_NO_ADDRESS = re.compile("(?i)[\\s<>,;|\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|mailto:")
"""A sign of several e-mail addresses in a cell, or an invisible character."""


def checked_address(column: MappedColumn, value: str) -> str:
    """The address. Refuses those that the server refuses only in the real load, or that nobody would find."""
    odd = _NO_ADDRESS.search(value)
    if odd is None or "@" not in value:
        return value
    if not odd[0].isascii() and not odd[0].isspace():
        hint = f"it has the character U+{ord(odd[0]):04X}, which is invisible"
    elif value.count("@") > 1:
        hint = "the transform `first_and_rest` takes several"
    else:
        hint = "the transform `email` reads the address in it"
    raise ValueRefused(f"{column.name}: {value!r} is not one e-mail address; {hint}")


def _read_date(column: MappedColumn, value: str) -> datetime.datetime:
    """An ISO 8601 date; a number isn't one. Raises `ValueRefused` that names the transform for its form."""
    if (moment := read_moment(value)) is not None:
        return moment
    if WHOLE.fullmatch(value):
        likely = "epoch" if abs(float(value)) > 1e8 else "excel_date"
        hint = f"the transform `{likely}` reads such numbers"
    else:
        hint = 'the transform `date` reads others: date("%d.%m.%Y", "%Y-%m-%d")'
    raise ValueRefused(f"{column.name}: {value!r} is no date in ISO 8601 (2025-12-31); {hint}")


def in_utc(value: Any) -> Any:
    """A date or a time without a zone in UTC, as for Twenty (July 2026); other values unchanged."""
    if isinstance(value, str):
        moment = read_moment(value)
        return value if moment is None or moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    if isinstance(value, datetime.datetime):
        return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
    return value
