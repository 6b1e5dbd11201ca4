"""Makes filters safe to send: one operator a field, no `startsWith`, and none that is empty and would match everything.

Newer servers refuse several operators on one field (Twenty, July 2026), older ones silently use one of them (Twenty,
November 2025). `startsWith` is a prefix for some, and `like` without a wildcard for others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_snake

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.filter_guard import OPERATORS, restricts
from aiotwenty.graphql.models import set_fields
from aiotwenty.graphql.operation import Operation

Filter = dict[str, Any]

_CHANGE_MANY = re.compile(r"(update|delete|destroy|restore)([A-Z]\w*)")


def normalise(value: BaseModel | Mapping[str, Any]) -> Filter:
    """The set parts of a filter as a mapping that older and newer servers understand alike.

    The keys of a mapping are GraphQL names.
    """
    plain: Filter = {}
    further: list[Filter] = []
    for name, part in _set_parts(value):
        if part is None:
            # Newer servers ignore an empty part, older ones crash (Twenty, November 2025).
            continue
        if name in ("and", "or"):
            plain[name] = [normalise(item) for item in part if item is not None]
        elif name == "not":
            plain[name] = normalise(part)
        else:
            first, *rest = _conditions(part)
            plain[name] = first
            further += [{name: condition} for condition in rest]
    if further:
        plain["and"] = [*plain.get("and", ()), *further]
    return plain


DELETED_TOO: Filter = {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}
"""All records with the soft-deleted ones, which only a filter on `deletedAt` includes (Twenty, July 2026)."""
DELETED_ONLY: Filter = DELETED_TOO["or"][1]
"""Only the soft-deleted records."""


_ALL_RECORDS = ("all_records", "all_records=True")


def has_value(name: str) -> Filter:
    """The records whose field is not null."""
    return {name: {"is": "NOT_NULL"}}


def with_deleted(only: Filter | None) -> Filter:
    """The filter, with deleted records included."""
    return {"and": [only, DELETED_TOO]} if only else DELETED_TOO


def guarded(value: Filter | None, all_records: bool, what: str) -> Filter:
    """The filter. Raises `InvalidArgument` if it is empty and `all_records` is false."""
    if not all_records and not restricts(value):
        raise _empty(what, _ALL_RECORDS)
    return value or {}


def with_filters(operation: Operation, variables: Mapping[str, object]) -> Mapping[str, object]:
    """The variables with safe filters. Raises `InvalidArgument` for a change of many with an empty filter."""
    for name in operation.filters:
        value = variables.get(name)
        if isinstance(value, BaseModel):
            value = normalise(value)
            variables = {**variables, name: value}
        if operation.kind == "mutation" and not (isinstance(value, Mapping) and restricts(value)):
            names = _CHANGE_MANY.fullmatch(operation.root or "")
            method = f"twenty.{to_snake(names[2])}.{names[1]}_many" if names else ""
            raise _empty(operation.name, ("all_records", f"{method}(all_records=True)") if names else None)
    return variables


def _empty(what: str, suggested: tuple[str, str] | None) -> InvalidArgument:
    return InvalidArgument(
        f"{what} with a filter that is empty, or that every record matches, would change every record: "
        f"add a condition{f', or use {suggested[1]}' if suggested else ''}.",
        suggested=suggested,
    )


def _set_parts(value: BaseModel | Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return set_fields(value) if isinstance(value, BaseModel) else value.items()


def _conditions(part: Any) -> list[Any]:
    """The conditions on one field as filters with one operator each, all of which must hold."""
    if isinstance(part, BaseModel):
        aliases = {info.serialization_alias or info.alias or name for name, info in type(part).model_fields.items()}
        is_filter = {"and", "or", "not"} <= aliases
    elif isinstance(part, Mapping):
        aliases = set(part)
        is_filter = not aliases.isdisjoint({"and", "or", "not"})
    else:
        return [part]
    if is_filter:
        return [normalise(part)]
    if aliases <= OPERATORS:
        return [_operator(name, operand) for name, operand in _set_parts(part)] or [{}]
    whole: Filter = {}
    further: list[Filter] = []
    for name, inner in _set_parts(part):
        if inner is None:
            continue
        first, *rest = _conditions(inner)
        whole[name] = first
        further += [{name: condition} for condition in rest]
    return [whole, *further]


def _operator(name: str, operand: Any) -> Filter:
    if name in ("startsWith", "endsWith") and isinstance(operand, str):
        literal = operand.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {"like": f"{literal}%" if name == "startsWith" else f"%{literal}"}
    return {name: operand}
