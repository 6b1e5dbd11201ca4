"""The arguments of root fields: names, types, and the server's errors about others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.model.data_model import Operation
from aiotwenty.sandbox.model.scalars import RECORD_ID
from aiotwenty.sandbox.records.field_values import is_number

_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "number": ("a number", is_number),
    "string": ("a string", lambda value: isinstance(value, str)),
    "boolean": ("a boolean", lambda value: isinstance(value, bool)),
    "object": ("an object", lambda value: isinstance(value, dict)),
    "array": ("an array", lambda value: isinstance(value, list)),
    "UUID": ("a UUID", lambda value: isinstance(value, str) and RECORD_ID.fullmatch(value) is not None),
    "order": ("an array", lambda value: isinstance(value, list | dict)),
}
_PAGE = {"first": "number", "last": "number", "offset": "number", "before": "string", "after": "string"}
_GROUPS = {
    "filter": "object",
    "orderBy": "order",
    "orderByForRecords": "order",
    "viewId": "UUID",
    "limit": "number",
    "offsetForRecords": "number",
}
_COUNTS = frozenset({"first", "last", "offset", "limit", "offsetForRecords"})
_LARGEST = 2**53
_BY_ID, _BY_FILTER = {"id": "UUID"}, {"filter": "object"}
_REQUIRED: dict[Operation, dict[str, str]] = {
    "group_by": {"groupBy": "order"},
    "create_one": {"data": "object"},
    "create_many": {"data": "array"},
    "update_one": {**_BY_ID, "data": "object"},
    "update_many": {"data": "object", **_BY_FILTER},
    "delete_one": _BY_ID,
    "delete_many": _BY_FILTER,
    "destroy_one": _BY_ID,
    "destroy_many": _BY_FILTER,
    "restore_one": _BY_ID,
    "restore_many": _BY_FILTER,
    "merge_many": {"ids": "array", "conflictPriorityIndex": "number"},
}
_OPTIONAL: dict[Operation, dict[str, str]] = {
    "find_one": _BY_FILTER,
    "find_many": {**_PAGE, "filter": "object", "orderBy": "order"},
    "find_duplicates": {"ids": "array", "data": "array"},
    "group_by": _GROUPS,
    "create_one": {"upsert": "boolean"},
    "create_many": {"upsert": "boolean"},
    "merge_many": {"dryRun": "boolean"},
}


def checked(operation: Operation, passed: dict[str, Any]) -> dict[str, Any]:
    """The arguments without nulls. Raises `RecordError` for invalid ones."""
    required, optional = _REQUIRED.get(operation, {}), _OPTIONAL.get(operation, {})
    for name in passed:
        if name not in required and name not in optional:
            raise errors.unknown_argument(name)
    for name, kind in required.items():
        if not _KINDS[kind][1](passed.get(name)):
            raise errors.missing_argument(name, "array" if kind == "order" else kind)
    for name, kind in optional.items():
        if passed.get(name) is not None and not _KINDS[kind][1](passed[name]):
            raise errors.invalid_argument(name, _KINDS[kind][0])
    arguments = {name: value for name, value in passed.items() if value is not None}
    for name in _COUNTS & arguments.keys():
        arguments[name] = int(max(-_LARGEST, min(arguments[name], _LARGEST)))
    return arguments


def check_paging(passed: dict[str, Any]) -> None:
    """Refuses contradictory arguments. `last` without `before` is accepted, and counts from the front."""
    for first, other in (("first", "last"), ("before", "after"), ("before", "first"), ("after", "last")):
        if passed.get(first) and passed.get(other):
            if (first, other) == ("before", "after"):
                raise errors.conflicting_arguments("before", "after")
            raise errors.conflicting_arguments(first, other)
    for name in ("first", "last"):
        if passed.get(name, 0) < 0:
            raise errors.negative_argument(name)
    if passed.get("offset", 0) < 0:
        raise errors.data_not_valid()
