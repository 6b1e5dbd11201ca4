"""Validates input for Twenty's scalars. Values that the server refuses are refused here, never converted.

Measured in July 2026: the server takes ISO 8601 for times and JSON numbers and booleans, keeps every number as a
double, cuts fractions of millionths, drops extensions of phone numbers, and stores `[]` as null.
"""

from __future__ import annotations

import datetime
import math
import re
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, LiteralString, TypeAlias

from pydantic import AfterValidator, BeforeValidator, JsonValue
from pydantic_core import PydanticCustomError, from_json

from aiotwenty.graphql.ids import id_problem

LARGEST_EXACT = 2**53
"""Integers up to this one are kept exactly; for larger ones the server keeps the nearest double (Twenty, July 2026)."""

_BITS_OF_A_DOUBLE = 1023
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?|\d{8}T\d{4}(\d{2}(\.\d{1,9})?)?) ?(Z|[+-]\d{2}(:?\d{2})?)?"
)
_OTHER_TIMES = "the transforms date(...), excel_date and epoch read other forms"
_CUT_FROM_PHONES = re.compile(r"\D*\d.*([^\W\d_]|[;,#*])", re.DOTALL)
_PLAIN_PHONE = re.compile(r"[\d\s+()./-]*")
_TEL = re.compile(r"tel:", re.IGNORECASE)
_WITH_USER = re.compile(r"\s*https?://[^/?#]*@", re.IGNORECASE)
_MAIL_LINK = re.compile(r"\s*mailto:", re.IGNORECASE)


def as_uuid(value: Any) -> uuid.UUID:
    if problem := id_problem(value):
        raise _refused("uuid", problem)
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise _refused("uuid", "must be a UUID or its text") from None


def as_moment(value: Any) -> datetime.datetime:
    """A datetime with a zone. A day is its first moment in UTC, as for the server; a time without a zone is refused."""
    moment = value if type(value) is datetime.datetime else read_moment(value)
    if moment is None:
        raise _refused("moment", f"must be a datetime or ISO 8601 text such as 2026-01-31T09:00:00Z; {_OTHER_TIMES}")
    if moment.tzinfo is None:
        raise _refused("moment_zone", "a time needs a time zone, such as 2026-01-31T09:00:00Z")
    return moment


def as_day(value: Any) -> datetime.date:
    """A date. A datetime is accepted only at the start of its day, because the time would be lost."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    moment = read_moment(value)
    if moment is None:
        raise _refused("day", f"must be a date or ISO 8601 text such as 2026-01-31; {_OTHER_TIMES}")
    if moment.time() != datetime.time() or moment.utcoffset():
        raise _refused("day_time", "must be a date without a time of day, which would be lost")
    return moment.date()


def read_moment(value: object) -> datetime.datetime | None:
    """The datetime for ISO 8601 text, a datetime or a date (its first moment in UTC); None for any other value."""
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
    if not isinstance(value, str):
        return None
    try:
        if _is_usual(value):
            return datetime.datetime.fromisoformat(value)
        if _MOMENT.fullmatch(value):
            return datetime.datetime.fromisoformat(value.replace(" ", "T", 1) if " " in value else value)
        if _DAY.fullmatch(value):
            return datetime.datetime.fromisoformat(value).replace(tzinfo=datetime.UTC)
        return None
    except ValueError:
        return None


def _is_usual(value: str) -> bool:
    """Whether a text has the most common form of a time: 2026-01-31T09:00:00Z, with or without milliseconds."""
    size = len(value)
    return (
        (size == 20 or (size == 24 and value[19] == "."))
        and value[4] == value[7] == "-"
        and value[10] == "T"
        and value[13] == value[16] == ":"
        and value[-1] == "Z"
    )


def as_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _refused("boolean", "must be true or false; the transform boolean reads other forms")
    return value


def as_number(value: Any) -> int | float:
    """An int or float. A Decimal is accepted if a double has exactly its value."""
    if type(value) is int and -LARGEST_EXACT <= value <= LARGEST_EXACT:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _refused("number", "must be a number; the transform number reads texts")
    number: int | float = _of_decimal(value) if isinstance(value, Decimal) else value
    if not _is_kept(number):
        if isinstance(number, int):
            raise _refused("number_size", "is a whole number beyond 2**53, which the server would change")
        raise _refused("number_finite", "must be a finite number")
    return number


def _is_kept(number: float) -> bool:
    """Whether the server returns the same number. It writes a double with the fewest digits that identify it."""
    if isinstance(number, int):
        if -LARGEST_EXACT <= number <= LARGEST_EXACT:
            return True
        return number.bit_length() <= _BITS_OF_A_DOUBLE and int(Decimal(repr(float(number)))) == number
    return math.isfinite(number)


def _of_decimal(value: Decimal) -> int | float:
    if not value.is_finite():
        raise _refused("number_finite", "must be a finite number")
    if value == value.to_integral_value():
        return int(value) if value.adjusted() < 20 else float(value)
    if Decimal(repr(float(value))) != value:
        raise _refused("number_digits", "has more digits than the server keeps")
    return float(value)


def as_integer(value: Any) -> int:
    if type(value) is int and -LARGEST_EXACT <= value <= LARGEST_EXACT:
        return value
    number = as_number(value)
    if number != int(number):
        raise _refused("integer", "must be a whole number")
    return int(as_number(int(number)))


def as_micros(value: Any) -> int:
    if type(value) is int and -LARGEST_EXACT <= value <= LARGEST_EXACT:
        return value
    if isinstance(value, str) or (number := as_number(value)) != int(number):
        raise _refused(
            "micros",
            "must be an integer number of micros (millionths); the transform micros converts 12.5 to 12500000, and so "
            'does Money("12.50", "EUR")',
        )
    return int(as_number(int(number)))


def as_position(value: Any) -> Any:
    return value if type(value) is int and -LARGEST_EXACT <= value <= LARGEST_EXACT else _as_position(value)


def _as_position(value: Any) -> Any:
    return value if value in ("first", "last") else as_number(value)


def as_json(value: Any) -> Any:
    """An object, a list, or the JSON text of either. `{}` is sent as a text: as an object, it is stored as null."""
    if isinstance(value, str):
        try:
            parsed = from_json(value, allow_inf_nan=False)
        except ValueError:
            parsed = 0
        if not isinstance(parsed, dict | list | str):
            raise _refused("json", "must be an object, a list, or JSON text of one")
    elif isinstance(value, Mapping | list | tuple):
        parsed = value
    elif value is not None:
        raise _refused("json", "must be an object, a list, or JSON text of one")
    else:
        return None
    if not isinstance(parsed, Mapping | str) and not parsed:
        raise _refused("json_empty", "an empty list would be stored as null: pass null, or {}")
    try:
        _check_numbers(parsed)
    except RecursionError:
        raise _refused("json_depth", "is nested too deeply") from None
    return "{}" if isinstance(value, Mapping) and not value else value


def _check_numbers(value: Any) -> None:
    if isinstance(value, int | float):
        if not _is_kept(value):
            raise _refused("json_number", "holds a number that the server would change: beyond 2**53, or not finite")
    elif isinstance(value, Mapping):
        for inner in value.values():
            _check_numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_numbers(inner)


def as_link(value: str) -> str:
    if not value.startswith("http") and _MAIL_LINK.match(value):
        raise _refused("link", "is an e-mail address, not a link")
    if "@" in value and _WITH_USER.match(value):
        raise _refused("link_user", "has a user name, which the server would drop")
    return value


def as_phone(value: str) -> str:
    """A phone number. Letters and extensions are refused: the server would cut them off and store another number."""
    if not _PLAIN_PHONE.fullmatch(value) and _CUT_FROM_PHONES.match(_TEL.sub("", value, count=1)):
        raise _refused("phone", "has letters or an extension, which the server would cut off")
    return value


def _refused(kind: LiteralString, message: str) -> PydanticCustomError:
    # Braces in the message itself would be placeholders.
    return PydanticCustomError(kind, "{message}", {"message": message})


UUIDInput: TypeAlias = Annotated[uuid.UUID, BeforeValidator(as_uuid)]
DateTimeInput: TypeAlias = Annotated[datetime.datetime, BeforeValidator(as_moment)]
DateInput: TypeAlias = Annotated[datetime.date, BeforeValidator(as_day)]
BooleanInput: TypeAlias = Annotated[bool, BeforeValidator(as_boolean)]
IntInput: TypeAlias = Annotated[int, BeforeValidator(as_integer)]
NumberInput: TypeAlias = Annotated[int | float, BeforeValidator(as_number)]
MicrosInput: TypeAlias = Annotated[int, BeforeValidator(as_micros)]
PositionInput: TypeAlias = Annotated[int | float | Literal["first", "last"], BeforeValidator(as_position)]
JsonInput: TypeAlias = Annotated[JsonValue, BeforeValidator(as_json)]
LinkInput: TypeAlias = Annotated[str, AfterValidator(as_link)]
PhoneInput: TypeAlias = Annotated[str, AfterValidator(as_phone)]
