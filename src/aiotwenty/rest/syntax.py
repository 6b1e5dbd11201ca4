"""Filters and orders as REST's parameters have them: `name[ilike]:"%air%",or(employees[gt]:5,id[in]:[a,b])`.

REST has fewer words than GraphQL: no way to quote a quote, a comma or a bracket that is certain, no null, and not every
operator (Twenty, July 2026). What it cannot say for certain raises `Unsayable`, and is asked over GraphQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import to_json

OPERATORS = frozenset(
    {"eq", "neq", "in", "containsAny", "is", "gt", "gte", "lt", "lte", "startsWith", "endsWith", "like", "ilike"}
)
_LISTS = frozenset({"in", "containsAny"})
_GROUPS = frozenset({"and", "or", "not"})
_STRUCTURE = frozenset(",()[]\"'")
"""What separates one part of a filter from the next."""


class Unsayable(Exception):  # noqa: N818
    """REST has no words for it."""


def filter_text(value: Mapping[str, Any] | None) -> str:
    """The filter, which is plain JSON; empty for one without any condition. Raises `Unsayable`."""
    return ",".join(_terms(value)) if value else ""


def order_text(value: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> str:
    """The order, which is plain JSON. Raises `Unsayable`."""
    entries = [value] if isinstance(value, Mapping) else value or []
    return ",".join(part for entry in entries for part in _directions(entry, ""))


def _terms(value: Mapping[str, Any]) -> list[str]:
    """Conditions that all have to hold."""
    terms: list[str] = []
    for name, part in value.items():
        if name == "not" and isinstance(part, Mapping):
            terms.append(f"not({_together(part)})")
        elif name in ("and", "or") and isinstance(part, list):
            if not part:
                raise Unsayable
            terms.append(f"{name}({','.join(_together(term) for term in part)})")
        else:
            terms += _conditions(name, part)
    return terms


def _together(value: Any) -> str:
    """One condition, of whatever number."""
    if not isinstance(value, Mapping):
        raise Unsayable
    match _terms(value):
        case []:
            # To the server a group with an empty part is no filter at all.
            raise Unsayable
        case [term]:
            return term
        case terms:
            return f"and({','.join(terms)})"


def _conditions(path: str, value: Any) -> Iterator[str]:
    """What is asked of a field, a part of it, or a field of the one record that it leads to."""
    if not isinstance(value, Mapping) or not value or not _GROUPS.isdisjoint(value):
        raise Unsayable
    for name, part in value.items():
        if name in OPERATORS and not isinstance(part, Mapping):
            yield f"{path}[{name}]:{_operand(name, part)}"
        else:
            yield from _conditions(f"{path}.{name}", part)


def _operand(operator: str, value: Any) -> str:
    if operator in _LISTS:
        if not isinstance(value, list) or not value:
            raise Unsayable
        return f"[{','.join(map(_item, value))}]"
    if isinstance(value, str):
        return value if operator == "is" else f'"{_safe(value)}"'
    return _scalar(value)


def _item(value: Any) -> str:
    """One of a list. Quotes do not keep the blanks at its ends."""
    if isinstance(value, str):
        if not value or value != value.strip():
            raise Unsayable
        return _safe(value)
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return to_json(value).decode()
    raise Unsayable


def _safe(text: str) -> str:
    if not _STRUCTURE.isdisjoint(text) or not text.isprintable():
        raise Unsayable
    return text


def _directions(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _directions(part, f"{path}.{name}" if path else name)
    elif isinstance(value, str) and path:
        yield f"{path}[{value}]"
    else:
        raise Unsayable
