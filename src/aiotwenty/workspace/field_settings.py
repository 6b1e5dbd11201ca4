"""The settings of fields, as Python spells them: `create_field(..., settings={"data_type": "int"})`.

Each is for the types that its description names. What a server knows beyond these may be said all the same, in
snake_case or in camelCase.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, TypedDict

from pydantic import JsonValue
from pydantic.alias_generators import to_camel

from aiotwenty.errors import InvalidArgument

MAX_FILES = 60
"""The largest number of files in a field of type FILES (Twenty, November 2026)."""
USUAL_FILES = 10
"""The number of files that a field takes if its settings do not say it."""


class TextSettings(TypedDict, total=False):
    """Of TEXT."""

    displayed_max_rows: int
    """Number of lines that are shown: 1 to 99."""


class NumberSettings(TypedDict, total=False):
    """For NUMBER. Values are stored as they are sent: nothing is rounded or refused (Twenty, November 2026)."""

    data_type: Literal["float", "int", "bigint"]
    decimals: int
    """How many are shown."""
    type: Literal["number", "percentage", "shortNumber"]
    """How it is shown."""


class DateSettings(TypedDict, total=False):
    """Of DATE and DATE_TIME."""

    display_format: Literal["RELATIVE", "USER_SETTINGS", "CUSTOM"]
    custom_unicode_date_format: str
    """Of CUSTOM: `dd.MM.yyyy`."""


class ValuesSettings(TypedDict, total=False):
    """Of FILES, where it is needed, and of EMAILS, LINKS, PHONES and ARRAY."""

    max_number_of_values: int
    """1 to 60 for FILES."""


FieldSettings: TypeAlias = TextSettings | NumberSettings | DateSettings | ValuesSettings | Mapping[str, JsonValue]


def sent_settings(of_type: str, settings: FieldSettings | None) -> dict[str, JsonValue] | None:
    """As the server takes them. FILES have a number of files in any case: without one they are refused."""
    if settings is None and of_type != "FILES":
        return None
    told: Mapping[str, object] = settings or {}
    sent: dict[str, JsonValue] = {
        to_camel(name) if "_" in name else name: value  # type: ignore[misc]
        for name, value in told.items()
    }
    if of_type == "FILES":
        sent.setdefault("maxNumberOfValues", USUAL_FILES)
        number = sent["maxNumberOfValues"]
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MAX_FILES:
            raise InvalidArgument(
                f"settings: max_number_of_values is {number!r}; a FILES field holds from 1 to {MAX_FILES} files."
            )
    return sent
