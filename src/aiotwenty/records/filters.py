"""Filters as they are sent: one operator a field, no `startsWith`, and never an empty one where it would hit
everything.

A server refuses several operators on one field (Twenty, July 2026), or silently uses one of them (Twenty, November
2025). `startsWith` means a prefix on the one and `like` without a wildcard on the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from aiotwenty.errors import InvalidInput
from aiotwenty.transport.models import UUID

Filter = dict[str, Any]

_LOGIC = ("and", "or", "not")
_OPERATORS = frozenset(
    {"eq", "neq", "gt", "gte", "lt", "lte", "in", "is", "like", "ilike", "startsWith", "endsWith", "regex", "iregex"}
    | {"containsAny", "contains", "containsIlike", "isEmptyArray", "search"}
)


def normalise(value: BaseModel) -> Filter:
    """The filter as a mapping of what was set in it, in a form that older and newer servers take alike."""
    plain: Filter = {}
    further: list[Filter] = []
    for name, part in _set_fields(value):
        if name in ("and", "or") and part is not None:
            plain[name] = [normalise(item) for item in part if item is not None]
        elif name == "not" and part is not None:
            plain[name] = normalise(part)
        else:
            first, *rest = _conditions(part)
            plain[name] = first
            further += [{name: condition} for condition in rest]
    if further:
        plain["and"] = [*plain.get("and", ()), *further]
    return plain


def restricts(value: Filter | None) -> bool:
    """Whether a filter can leave anything out. Empty parts are no filter at all to the server (Twenty, July 2026)."""
    return any(_restricts(name, part) for name, part in (value or {}).items())


def guarded(value: Filter | None, all_records: bool, what: str) -> Filter:
    """The filter, unless it is empty and that was not asked for. Raises `InvalidInput`."""
    if not all_records and not restricts(value):
        raise InvalidInput(
            f"{what} with an empty filter would change every record: "
            "give a filter with a condition, or all_records=True."
        )
    return value or {}


def only_ids(value: Filter) -> list[UUID] | None:
    """The ids that a filter names, if it has no other condition."""
    match value:
        case {"id": {"eq": UUID() as one, **more}, **others} if not more and not others:
            return [one]
        case {"id": {"in": [*many], **more}, **others} if not more and not others:
            return [one for one in many if isinstance(one, UUID)] if all(isinstance(m, UUID) for m in many) else None
    return None


def by_ids(ids: list[UUID], *, deleted: bool = False) -> Filter:
    """Those records; with `deleted` also the soft-deleted ones, which only a filter on `deletedAt` brings up."""
    those: Filter = {"id": {"in": ids}}
    if not deleted:
        return those
    return {"and": [those, {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}]}


def _set_fields(value: BaseModel) -> Iterator[tuple[str, Any]]:
    fields = type(value).model_fields
    for name, info in fields.items():
        if name in value.model_fields_set:
            yield info.serialization_alias or info.alias or name, getattr(value, name)


def _conditions(part: Any) -> list[Any]:
    """What is asked of one field, as parts with one operator each; they all have to hold."""
    if not isinstance(part, BaseModel):
        return [part]
    aliases = {info.serialization_alias or info.alias or name for name, info in type(part).model_fields.items()}
    if {"and", "or", "not"} <= aliases:
        return [normalise(part)]
    if aliases <= _OPERATORS:
        return [_operator(name, operand) for name, operand in _set_fields(part)] or [{}]
    whole: Filter = {}
    further: list[Filter] = []
    for name, inner in _set_fields(part):
        first, *rest = _conditions(inner)
        whole[name] = first
        further += [{name: condition} for condition in rest]
    return [whole, *further]


def _operator(name: str, operand: Any) -> Filter:
    if name in ("startsWith", "endsWith") and isinstance(operand, str):
        literal = operand.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {"like": f"{literal}%" if name == "startsWith" else f"%{literal}"}
    return {name: operand}


def _restricts(name: str, part: Any) -> bool:
    if part is None:
        return False
    if name == "or":
        return bool(part) and all(restricts(item) for item in part)
    if name == "and":
        return any(restricts(item) for item in part)
    if isinstance(part, Mapping):
        return any(_restricts(inner, value) for inner, value in part.items())
    return True
