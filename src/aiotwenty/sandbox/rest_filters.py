"""REST's `filter` and `order_by` parameters: `name[ilike]:"%air%",or(employees[gt]:5,name[eq]:x)`."""

from __future__ import annotations

import re
from typing import Any

from aiotwenty.sandbox.errors import invalid_query

_GROUP = re.compile(r"(and|or|not)\((.*)\)", re.DOTALL)
_TERM = re.compile(r"([\w.]+)\[(\w+)\]:(.*)", re.DOTALL)
_ORDER = re.compile(r"([\w.]+)(?:\[(\w+)\])?")
_OPEN, _CLOSE = "([", ")]"


def parse_filter(text: str) -> dict[str, Any]:
    """The same filter as GraphQL has it; terms side by side must all be true."""
    terms = [_term(part) for part in _split(text)]
    return terms[0] if len(terms) == 1 else {"and": terms}


def parse_order_by(text: str) -> list[dict[str, Any]]:
    """`name,createdAt[DescNullsLast]`; ascending with NULLs first if nothing is said."""
    made = []
    for part in _split(text):
        match = _ORDER.fullmatch(part.strip())
        if match is None:
            raise invalid_query(f"order_by '{part}' is invalid. It is written as field[direction]")
        made.append(_nested(match[1], match[2] or "AscNullsFirst"))
    return made


def _term(text: str) -> dict[str, Any]:
    text = text.strip()
    if (group := _GROUP.fullmatch(text)) is not None:
        inner = [_term(part) for part in _split(group[2])]
        return {"not": inner[0] if len(inner) == 1 else {"and": inner}} if group[1] == "not" else {group[1]: inner}
    match = _TERM.fullmatch(text)
    if match is None:
        raise invalid_query(f"filter '{text}' is invalid. It is written as field[comparator]:value")
    path, operator, value = match.groups()
    if operator in ("in", "containsAny"):
        items = value.strip().removeprefix("[").removesuffix("]")
        return _nested(path, {operator: [_value(each) for each in _split(items)]})
    return _nested(path, {operator: _value(value)})


def _nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def _value(text: str) -> Any:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return {"true": True, "false": False}.get(text, text)


def _split(text: str) -> list[str]:
    """At commas that stand in no quotes and no brackets."""
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
