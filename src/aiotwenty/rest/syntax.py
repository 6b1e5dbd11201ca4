"""Filters and orders as parameters of REST: `name[ilike]:"%air%",or(employees[gt]:5,id[in]:[a,b])`.

REST can express less than GraphQL: it has no certain way to quote a quote, a comma or a bracket, no null, and not every
operator (Twenty, July 2026). For these, `Unsayable` is raised, and the request goes over GraphQL.
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
"""Characters that separate the parts of a filter."""


class Unsayable(Exception):  # noqa: N818
    """REST can't express it."""


def filter_text(value: Mapping[str, Any] | None) -> str:
    """The parameter of a filter, which is plain JSON; empty without a condition. Raises `Unsayable`."""
    return ",".join(_terms(value)) if value else ""


def order_text(value: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> str:
    """The parameter of an order, which is plain JSON. Raises `Unsayable`."""
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
    """Several conditions as a single one."""
    if not isinstance(value, Mapping):
        raise Unsayable
    match _terms(value):
        case []:
            # The server ignores a group with an empty part.
            raise Unsayable
        case [term]:
            return term
        case terms:
            return f"and({','.join(terms)})"


def _conditions(path: str, value: Any) -> Iterator[str]:
    """The conditions on a field, a part of it, or a field of a related record."""
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
    """An item of a list. Quotes do not keep the spaces at its ends."""
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
