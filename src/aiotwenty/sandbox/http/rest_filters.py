"""REST's `filter` and `order_by` parameters: `name[ilike]:"%air%",or(employees[gt]:5,name[eq]:x)`."""

from __future__ import annotations

import re
from typing import Any

from aiotwenty.sandbox.errors import invalid_query
from aiotwenty.sandbox.records.ordering import DIRECTIONS

_GROUP = re.compile(r"(and|or|not)\((.+)\)", re.DOTALL)
_TERM = re.compile(r"(.+?)\[(.+?)\]:(.+)", re.DOTALL)
_ORDER = re.compile(r"([\w.]+)(?:\[(\w+)\])?")
_MAX_DEPTH = 100
_OPEN, _CLOSE = "([", ")]"
_COMPARED = ("eq", "neq", "in", "containsAny", "is", "gt", "gte", "lt", "lte")
_COMPARATORS = (*_COMPARED, "startsWith", "endsWith", "like", "ilike")


def parse_filter(text: str) -> dict[str, Any]:
    """The filter in GraphQL's form; terms side by side must all hold."""
    _check_brackets(text)
    terms = [_term(part) for part in _split(text)]
    return terms[0] if len(terms) == 1 else {"and": terms}


def parse_order_by(text: str) -> list[dict[str, Any]]:
    """The order in GraphQL's form: `name,createdAt[DescNullsLast]`; by default ascending with NULLs first."""
    orders = []
    for part in _split(text):
        match = _ORDER.fullmatch(part.strip())
        if match is None:
            raise invalid_query(f"order_by '{part}' is invalid. It is written as field[direction]")
        if match[2] and match[2] not in DIRECTIONS:
            allowed = "', '".join(DIRECTIONS)
            raise invalid_query(
                f"'order_by' direction '{match[2]}' invalid. Allowed values are '{allowed}'. "
                "eg: ?order_by=field_1[AscNullsFirst],field_2[DescNullsLast],field_3"
            )
        orders.append(_nested(match[1], match[2] or "AscNullsFirst"))
    return orders


def _term(text: str) -> dict[str, Any]:
    text = text.strip()
    if (group := _GROUP.fullmatch(text)) is not None:
        inner = [_term(part) for part in _split(group[2])]
        if group[1] == "not" and len(inner) > 1:
            message = "'filter' invalid. 'not' conjunction should contain only 1 condition. eg: not(field[eq]:1)"
            raise invalid_query(message)
        return {"not": inner[0]} if group[1] == "not" else {group[1]: inner}
    match = _TERM.fullmatch(text)
    if match is None:
        raise invalid_query(f"'filter' invalid for '{text}'. eg: price[gte]:10")
    path, operator, value = match.groups()
    if operator not in _COMPARATORS:
        known = ", ".join(_COMPARATORS)
        raise invalid_query(f"'filter' invalid for '{text}', comparator {operator} not in {known}")
    if operator in ("in", "containsAny"):
        if not (value.startswith("[") and value.endswith("]")):
            raise invalid_query(
                f"'filter' invalid for '{operator}' operator. Received '{value}' but array value expected "
                f"eg: 'field[{operator}]:[value_1,value_2]'"
            )
        # Empty brackets contain one value, the empty text.
        return _nested(path, {operator: [_value(item) for item in value[1:-1].split(",")]})
    return _nested(path, {operator: _value(value)})


def _check_brackets(text: str) -> None:
    """Raises `RecursionError` for too many levels, because each is split separately."""
    depth = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth > _MAX_DEPTH:
            raise RecursionError(f"more than {_MAX_DEPTH} levels")
    missing = text.count("(") - text.count(")")
    if missing:
        kind, number = ("open" if missing > 0 else "close"), abs(missing)
        hint = f"{number} {kind} bracket{'s are' if number > 1 else ' is'}"
        raise invalid_query(f"'filter' invalid. {hint} missing in the query")


def _nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def _value(text: str) -> str:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def _split(text: str) -> list[str]:
    """The parts between commas that are in no quotes and no brackets."""
    parts, depth, quote, start = [], 0, "", 0
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in _OPEN:
            depth += 1
        elif letter in _CLOSE:
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]
