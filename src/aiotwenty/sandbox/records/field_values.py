"""Checks input values for each type of field, and converts them to the form in which they are stored.

Stored forms: times as `2026-11-23T15:00:18.735` (UTC, no zone letter, so that text compares as time does), JSON and
lists as JSON text, booleans as 0 and 1, empty strings of nullable fields as NULL.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.errors import data_not_valid, shown
from aiotwenty.sandbox.model.composites import ACTOR_SOURCES
from aiotwenty.sandbox.model.data_model import TableColumn
from aiotwenty.sandbox.model.scalars import RECORD_ID
from aiotwenty.sandbox.records.refused_data import (
    invalid_blocknote,
    invalid_data,
    invalid_id,
    not_texts,
    not_writable,
    refused,
)
from aiotwenty.sandbox.records.refused_filters import invalid_syntax
from aiotwenty.sandbox.records.times import now, parsed_day, parsed_time, stored_time

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_LARGEST = sys.float_info.max
_LONGEST = 400
"""The most digits of an integer; doubles have fewer."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)

Check = Callable[[Any, str], Any]
"""Takes a non-null value and the name of its field; returns the stored form, or raises `RecordError`."""


def is_number(value: Any) -> bool:
    """Whether the value is a finite number; a number in JSON may be too large for a double."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


def compact_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def exact_number(value: Any) -> int | float | None:
    """A number or a numeric string; integers stay integers, whatever their size."""
    if is_number(value):
        return cast(int | float, value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        number = int(value) if value.strip().lstrip("+-").isdecimal() and len(value) < _LONGEST else float(value)
        return number if is_number(number) else None
    return None


def fitting(value: int | float) -> int | float:
    """The number within SQLite's 64 bits. Larger integers become doubles, as Twenty returns them anyway."""
    return value if isinstance(value, float) or -(2**63) <= value < 2**63 else float(value)


# One check for each type


def text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise invalid_data(f'Invalid string value {shown(value)} for text field "{name}"', _friendly(value))
    if "\0" in value:
        raise data_not_valid()
    return well_formed(value)


def well_formed(value: str) -> str:
    """The text with U+FFFD for lone surrogates, which JSON can express and databases refuse."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def email(value: Any, name: str) -> str:
    address = text(value, name)
    if address and not _EMAIL.fullmatch(address):
        raise invalid_data(f'Invalid string value {shown(value)} for email field "{name}"', _friendly(value))
    return address.lower()


def more_emails(value: Any, name: str) -> str:
    """Additional addresses, each checked like the first one. A text is parsed as JSON later."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise not_texts(value, name)
    return compact_json([email(each, name) for each in value])


def more_phones(value: Any, name: str) -> str:
    """Additional numbers; values other than lists are handled later."""
    return value if isinstance(value, str) else raw_json(value, name)


def blocks(value: Any, name: str) -> str:
    made = text(value, name)
    if made:
        try:
            json.loads(made)
        except ValueError:
            raise invalid_blocknote(name) from None
    return made


def number(value: Any, name: str) -> int | float:
    if not is_number(value):
        raise refused(value, "number", name, "number")
    return fitting(value)


def numeric(value: Any, name: str) -> int | float:
    """The number that JavaScript's `Number` makes of a value: also of texts (0 of an empty one) and of true (1)."""
    if isinstance(value, bool):
        return int(value)
    made = 0 if isinstance(value, str) and not value.strip() else exact_number(value)
    if made is None:
        raise refused(math.nan, "number", name, "number")
    return fitting(made)


def micros(value: Any, name: str) -> int | float:
    made = numeric(value, name)
    return made if abs(made) >= 2**63 else int(made)


def boolean(value: Any, name: str) -> int:
    if not isinstance(value, bool):
        raise refused(value, "boolean", name)
    return int(value)


def uuid_text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not RECORD_ID.fullmatch(value):
        raise refused(value, "UUID", name, "UUID")
    return value.lower()


def record_id(value: Any, name: str) -> str:
    if isinstance(value, str) and value and not RECORD_ID.fullmatch(value):
        raise invalid_id(value)
    return uuid_text(value, name)


def date_text(value: Any, name: str) -> str:
    day = parsed_day(value)
    if day is None:
        raise refused(value, "date", name, "date", "YYYY-MM-DD")
    return day


def time_text(value: Any, name: str) -> str:
    moment = parsed_time(value)
    if moment is None:
        raise refused(value, "date-time", name, "date-time", "YYYY-MM-DDTHH:mm:ssZ")
    return stored_time(moment)


def raw_json(value: Any, name: str) -> str:
    if isinstance(value, str):
        try:
            return _finite_json(json.loads(value), name)
        except ValueError:
            raise invalid_data(
                f'Invalid object value {shown(value)} for field "{name}"', "Invalid value for JSON."
            ) from None
    if not isinstance(value, dict | list):
        raise refused(value, "object", name, "JSON")
    return _finite_json(value, name)


def _finite_json(value: Any, name: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise refused(value, "object", name, "JSON") from None


def string_list(value: Any, name: str) -> str:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise not_texts(value, name)
    return compact_json(value)


def file_list(value: Any, name: str) -> str:
    if not isinstance(value, list):
        raise refused(value, "array", name, "files")
    for item in value:
        if not isinstance(item, dict) or not {"fileId", "label"} <= set(item):
            raise refused(item, "file", name, "file")
        uuid_text(item["fileId"], f"{name}.fileId")
        text(item["label"], f"{name}.label")
    return compact_json([{"fileId": item["fileId"].lower(), "label": item["label"]} for item in value])


def position(value: Any, name: str) -> int | float | str:
    """A number, or `first` or `last`, which the writer replaces by one."""
    if value in ("first", "last"):
        return str(value)
    if not is_number(value):
        raise refused(value, "position", name, "position")
    return fitting(value)


def search_words(value: Any, name: str) -> str:
    raise not_writable(name, "TS_VECTOR")


def one_of(options: list[str]) -> Check:
    def check(value: Any, name: str) -> str:
        if text(value, name) not in options:
            raise invalid_data(
                f'Invalid value "{value}" for field "{name}". Valid values are: {", ".join(options)}',
                f'Invalid value for field "{name}"',
            )
        return str(value)

    return check


def some_of(options: list[str]) -> Check:
    def check(value: Any, name: str) -> str:
        chosen = string_list(value, name)
        if not all(each in options for each in json.loads(chosen)):
            raise invalid_data(
                f'Invalid value {shown(value)} for multi select field "{name}". Valid values are: {", ".join(options)}',
                f'Invalid value for field "{name}"',
            )
        return chosen

    return check


def _friendly(value: Any) -> str:
    return f'Invalid value: "{shown(value)}"'


_CHECKS: dict[str, Check] = {
    "TEXT": text,
    "UUID": uuid_text,
    "RELATION": uuid_text,
    "NUMBER": number,
    "NUMERIC": numeric,
    "BOOLEAN": boolean,
    "DATE": date_text,
    "DATE_TIME": time_text,
    "RAW_JSON": raw_json,
    "ARRAY": string_list,
    "FILES": file_list,
    "POSITION": position,
    "TS_VECTOR": search_words,
}


def check_of(column: TableColumn) -> Check:
    """The check for values that a client writes into a column."""
    if column.subfield == "amountMicros":
        return micros
    if column.subfield == "primaryEmail":
        return email
    if column.subfield == "additionalEmails":
        return more_emails
    if column.subfield == "additionalPhones":
        return more_phones
    if column.subfield == "blocknote":
        return blocks
    if column.name == "id":
        return record_id
    if column.type in ("SELECT", "RATING") and column.subfield is None:
        return one_of(column.field.option_values)
    if column.type == "SELECT":
        return one_of(list(ACTOR_SOURCES))
    if column.type == "MULTI_SELECT":
        return some_of(column.field.option_values)
    return _CHECKS[column.type]


# Checks that a validating server (1.10, November 2025) leaves to Postgres

_SPECIAL_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


def postgres_time(value: Any, _name: str = "") -> str:
    """A time in any form that Postgres accepts, names of days included."""
    if isinstance(value, str) and value.strip().lower() in _SPECIAL_DAYS:
        today = now().replace(hour=0, minute=0, second=0, microsecond=0)
        return stored_time(today + timedelta(_SPECIAL_DAYS[value.strip().lower()]))
    moment = now() if value == "now" else parsed_time(value)
    if moment is None:
        raise invalid_syntax("timestamp with time zone", value)
    return stored_time(moment)


def _postgres_date(value: Any, _name: str) -> str:
    moment = parsed_time(value)
    if moment is None:
        raise invalid_syntax("date", value)
    return str(value)[:10]


def _postgres_json(value: Any, name: str) -> str:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise invalid_syntax("json", value) from None
    return _finite_json(value, name)


def _big_integer(value: Any, name: str) -> int | float:
    made = exact_number(value)
    if made is None or isinstance(made, float):
        return number(value, name)
    return fitting(made)


def _unchecked(column: TableColumn) -> Check | None:
    """A looser check for a column that a validating server leaves to the database."""
    if column.subfield in _UNCHECKED_PARTS:
        return _UNCHECKED_PARTS[column.subfield]
    if column.type == "NUMBER" and column.field.number_type == "bigint":
        return _big_integer
    return _UNCHECKED.get(column.type)


_UNCHECKED_PARTS: dict[str | None, Check] = {
    "primaryEmail": text,
    "additionalEmails": raw_json,
    "amountMicros": numeric,
}
_UNCHECKED: dict[str, Check] = {"DATE_TIME": postgres_time, "DATE": _postgres_date, "RAW_JSON": _postgres_json}


_STORED_AS_NULL: dict[str, tuple[str, ...]] = {
    "TEXT": ("",),
    "ARRAY": ("[]",),
    "MULTI_SELECT": ("[]",),
    "FILES": ("[]",),
    "RAW_JSON": ("[]", "{}", "null"),
}
"""The empty values that are stored as NULL, by type."""


def store_form(column: TableColumn, dialect: Dialect) -> Check:
    """`check_of`, or a check like the database's. Empty values are stored as NULL.

    So a non-null text may not be empty either, unless it is left out. A validating server stores empty lists and
    objects unchanged, and empty texts in non-null columns.
    """
    check = (_unchecked(column) if dialect.leaves_values_to_database else None) or check_of(column)
    empty = _STORED_AS_NULL.get(column.type, ())
    kept = not empty or (dialect.stores_empty_lists and column.type != "TEXT")
    if kept or (not column.nullable and (dialect.stores_empty_texts or column.subfield is not None)):
        return check

    def checked(value: Any, name: str) -> Any:
        stored = check(value, name)
        return None if stored in empty and value != "{}" else stored

    return checked
