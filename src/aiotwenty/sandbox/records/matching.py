"""Decides whether a record in the form of a response matches a filter, for event streams."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Filter = dict[str, Any]


def matches(record: dict[str, Any], wanted: Filter) -> bool:
    """Whether all conditions hold. Unknown conditions hold for no record."""
    return all(_holds(record, name, condition) for name, condition in wanted.items() if condition is not None)


def _holds(record: dict[str, Any], name: str, condition: Any) -> bool:
    match name, condition:
        case "and", list():
            return all(matches(record, alternative) for alternative in condition)
        case "or", list():
            return not condition or any(matches(record, alternative) for alternative in condition)
        case "not", dict():
            return not matches(record, condition)
        case _, dict():
            value = record.get(name)
            if isinstance(value, dict) and not condition.keys() <= _OPERATORS.keys():
                return matches(value, condition)
            return all(
                operator in _OPERATORS and _OPERATORS[operator](value, operand)
                for operator, operand in condition.items()
            )
    return False


def _like(value: Any, pattern: Any, flags: int = 0) -> bool:
    text = re.escape(str(pattern)).replace("%", ".*").replace("_", ".")
    return re.fullmatch(text, str(value or ""), flags | re.DOTALL) is not None


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(value: Any, wanted: Any) -> bool:
        both = isinstance(value, int | float) and isinstance(wanted, int | float)
        return value is not None and compare(*((value, wanted) if both else (str(value), str(wanted))))

    return compared


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value is not None and value == wanted,
    "neq": lambda value, wanted: value is not None and value != wanted,
    "in": lambda value, wanted: isinstance(wanted, list) and value in wanted,
    "is": lambda value, wanted: (value in (None, "")) == (wanted == "NULL"),
    "gt": _ordered(lambda value, wanted: value > wanted),
    "gte": _ordered(lambda value, wanted: value >= wanted),
    "lt": _ordered(lambda value, wanted: value < wanted),
    "lte": _ordered(lambda value, wanted: value <= wanted),
    "like": _like,
    "ilike": lambda value, wanted: _like(value, wanted, re.IGNORECASE),
    "startsWith": lambda value, wanted: str(value or "").startswith(str(wanted)),
    "endsWith": lambda value, wanted: str(value or "").endswith(str(wanted)),
    "containsAny": lambda value, wanted: isinstance(value, list) and any(each in value for each in wanted or ()),
    "isEmptyArray": lambda value, wanted: (not value) is bool(wanted),
}
