"""The settings of fields with Python names: `create_field(..., settings={"data_type": "int"})`.

The description of each class names its field types. Other settings that a server has can be passed too, in snake_case
or camelCase.
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
"""The number of files in a field if its settings don't have one."""


class TextSettings(TypedDict, total=False):
    """Settings of TEXT."""

    displayed_max_rows: int
    """The number of lines shown: 1 to 99."""


class NumberSettings(TypedDict, total=False):
    """Settings of NUMBER. Values are stored as sent, neither rounded nor refused (Twenty, November 2026)."""

    data_type: Literal["float", "int", "bigint"]
    decimals: int
    """The number of decimals shown."""
    type: Literal["number", "percentage", "shortNumber"]
    """The format in which it is shown."""


class DateSettings(TypedDict, total=False):
    """Settings of DATE and DATE_TIME."""

    display_format: Literal["RELATIVE", "USER_SETTINGS", "CUSTOM"]
    custom_unicode_date_format: str
    """The format for CUSTOM: `dd.MM.yyyy`."""


class ValuesSettings(TypedDict, total=False):
    """Settings of FILES, which needs them, and of EMAILS, LINKS, PHONES and ARRAY."""

    max_number_of_values: int
    """The most values of the field; 1 to 60 for FILES."""


FieldSettings: TypeAlias = TextSettings | NumberSettings | DateSettings | ValuesSettings | Mapping[str, JsonValue]


def sent_settings(of_type: str, settings: FieldSettings | None) -> dict[str, JsonValue] | None:
    """The settings as the server expects them. FILES always have a number of files, because the server requires it."""
    if settings is None and of_type != "FILES":
        return None
    passed: Mapping[str, object] = settings or {}
    sent: dict[str, JsonValue] = {
        to_camel(name) if "_" in name else name: value  # type: ignore[misc]
        for name, value in passed.items()
    }
    if of_type == "FILES":
        sent.setdefault("maxNumberOfValues", USUAL_FILES)
        number = sent["maxNumberOfValues"]
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MAX_FILES:
            raise InvalidArgument(
                f"settings: max_number_of_values is {number!r}; a FILES field holds from 1 to {MAX_FILES} files."
            )
    return sent
