"""Errors about filters, with a Twenty server's messages and codes (July 2026)."""

from __future__ import annotations

import json
from typing import Any

from aiotwenty.sandbox.errors import GENERIC, RecordError


def invalid_filter(message: str, friendly: str) -> RecordError:
    return RecordError(message, sub_code="INVALID_ARGS_FILTER", friendly=friendly)


def unknown_filter_field(object_name: str, name: str) -> RecordError:
    text = f'{object_name} object doesn\'t have any "{name}" field.'
    message = f'Object {object_name} doesn\'t have any "{name}" field.'
    return invalid_filter(message, f"Invalid filter : {text}")


def invalid_operator(operator: str, name: str, of_type: str, allowed: tuple[str, ...]) -> RecordError:
    return invalid_filter(
        f'Operator "{operator}" is not valid for field "{name}" of type {of_type} - '
        f"Allowed operators: {', '.join(allowed)}",
        f'Invalid filter : Operator "{operator}" is not valid for this "{name}" {of_type} field',
    )


def unknown_sub_field(name: str, of_type: str) -> RecordError:
    return invalid_filter(f'Sub field "{name}" not found for composite type: {of_type}', GENERIC)


def not_a_list(operator: str, name: str) -> RecordError:
    message = f'Filter operator "{operator}" requires an array value for field {name}'
    return invalid_filter(message, f'Invalid filter: "{operator}" operator requires an array')


def not_a_text(operator: str, name: str, value: Any) -> RecordError:
    """A value that isn't a text; the message has its JavaScript type."""
    kinds = {bool: "boolean", int: "number", float: "number"}
    message = f'Filter operator "{operator}" requires a string value for field "{name}"'
    return invalid_filter(
        f"{message}, got {kinds.get(type(value), 'object')}", f'Invalid filter: "{operator}" operator requires a String'
    )


def relation_by_its_column(name: str, column: str) -> RecordError:
    return invalid_filter(
        f'Cannot filter by relation field "{name}": use "{column}" instead',
        f'Invalid filter: use "{column}" to filter by this relation field',
    )


def relation_not_filterable(name: str) -> RecordError:
    return invalid_filter(
        f'Cannot filter by relation field "{name}"',
        f'Invalid filter: filtering by relation field "{name}" is not supported',
    )


def filter_too_deep(allowed: int) -> RecordError:
    return invalid_filter(
        f"Relation filter nesting deeper than {allowed} hop is not supported",
        "Relation filters can only traverse one relation deep",
    )


def not_an_enum_value(enum: str, value: Any) -> RecordError:
    """Postgres's message about a value that isn't an option; `enum` is the name of the type."""
    text = value if isinstance(value, str) else json.dumps(value)
    return RecordError(f'invalid input value for enum {enum}: "{text}"', friendly="Invalid input provided.")


def not_castable(enum: str, of_type: str) -> RecordError:
    return RecordError(f"cannot cast type {enum} to {of_type}", code="INTERNAL_SERVER_ERROR", friendly=GENERIC)


def unsupported_operator(operator: str) -> RecordError:
    """An unknown operator in the words of a validating server (Twenty 1.10, November 2025)."""
    return RecordError(f'Operator "{operator}" is not supported', sub_code="UNSUPPORTED_OPERATOR", friendly=GENERIC)


def not_iterable(value: Any) -> RecordError:
    """The JavaScript error of a validating server for a field's filter that is null or has no operator."""
    what = "undefined is not iterable (cannot read property Symbol(Symbol.iterator))"
    message = "Cannot convert undefined or null to object" if value is None else what
    return RecordError(message, code="INTERNAL_SERVER_ERROR", friendly=GENERIC)


def invalid_syntax(of_type: str, value: Any) -> RecordError:
    """Postgres's message about a value that a validating server doesn't check."""
    text = value if isinstance(value, str) else json.dumps(value)
    message = f'invalid input syntax for type {of_type}: "{text}"'
    return RecordError(message, code="INTERNAL_SERVER_ERROR", friendly=GENERIC)
