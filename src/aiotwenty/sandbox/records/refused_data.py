"""Errors about the data of a record, with a Twenty server's messages and codes (July 2026)."""

from __future__ import annotations

from typing import Any

from aiotwenty.sandbox.errors import GENERIC, RecordError, invalid_query, shown


def invalid_data(message: str, friendly: str = GENERIC) -> RecordError:
    return RecordError(message, sub_code="INVALID_ARGS_DATA", friendly=friendly)


def unknown_data_field(object_name: str, name: str) -> RecordError:
    return invalid_data(f'Object {object_name} doesn\'t have any "{name}" field.')


def refused(value: Any, what: str, name: str, kind: str = "", expected: str = "") -> RecordError:
    """A value of the wrong type. `what` names the type, `kind` names it in the message for users."""
    tail = f". Expected format: '{expected}'" if expected else ""
    friendly = f'Invalid value{" for " + kind if kind else ""}: "{shown(value)}"{tail}'
    article = "value" if what in ("date", "date-time") else f"{what} value"
    place = f"{what} field" if what in ("date", "date-time") else "field"
    return invalid_data(f'Invalid {article} {shown(value)} for {place} "{name}"{tail}', friendly)


def not_texts(value: Any, name: str) -> RecordError:
    return invalid_data(
        f'Invalid value {shown(value)} for field "{name} - Array values need to be string"',
        f'Invalid value: "{shown(value)}"',
    )


def invalid_part(part: str, of_type: str, name: str) -> RecordError:
    kind = of_type.lower().replace("_", " ")
    return invalid_data(f'Invalid subfield {part} for {kind} field "{name}"', f"Invalid value for {kind}.")


def invalid_url() -> RecordError:
    return RecordError("The URL of the link is not valid", sub_code="INVALID_URL", friendly="Invalid URL format.")


def invalid_blocknote(name: str) -> RecordError:
    return invalid_data(
        f'Invalid blocknote value for field "{name}" - must contain valid JSON', "Invalid value for rich text."
    )


def not_writable(name: str, of_type: str) -> RecordError:
    return invalid_data(f"{name} {of_type}-typed field does not support write operations")


def invalid_id(value: str) -> RecordError:
    return invalid_query(f'Value "{value}" is not a valid UUID', "Invalid UUID format.")


def unreadable_phones() -> RecordError:
    """The error of the sandbox without the package for phones, with the command to install it."""
    return RecordError(
        "the sandbox reads telephone numbers with the package phonenumbers: pip install 'aiotwenty[phones]'.",
        code="INTERNAL_SERVER_ERROR",
    )


def invalid_phone(value: Any) -> RecordError:
    message = f"Provided phone number is invalid {value}"
    return RecordError(message, sub_code="INVALID_PHONE_NUMBER", friendly=message)
