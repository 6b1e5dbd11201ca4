"""Decides whether a filter can exclude a record; changes of many records are refused without one that can.

Negations are pushed down to the conditions, and each condition is judged by what the server does with it (Twenty, July
2026). A condition that cannot be judged counts as excluding; doubtful ones, such as an empty `not` and a null operand,
don't.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from aiotwenty.graphql.input_scalars import read_moment

OPERATORS = frozenset(
    {"eq", "neq", "gt", "gte", "lt", "lte", "in", "is", "like", "ilike", "startsWith", "endsWith", "regex", "iregex"}
    | {"containsAny", "contains", "containsIlike", "isEmptyArray", "search"}
)
_NEVER_NULL = frozenset({"id", "createdAt", "updatedAt", "position"})
_TIMES_OF_RECORDS = frozenset({"createdAt", "updatedAt"})
_BOUNDS = frozenset({"gt", "gte", "lt", "lte"})
_BEFORE_ANY = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_ANY_TEXT = {
    "like": "%",
    "ilike": "%",
    "containsIlike": "%",
    "startsWith": "",
    "endsWith": "",
    "search": "",
    "regex": "^.*$?",
    "iregex": "^.*$?",
}
"""Operators that match any text if the operand has only these characters; an empty `like` does not."""
_OPPOSITES = {"eq": "neq", "gt": "lte", "gte": "lt"}
_OPPOSITES |= {opposite: operator for operator, opposite in _OPPOSITES.items()}


class _Holds(Enum):
    """The records for which a filter holds."""

    ALL = "all"
    SOME = "some"
    NONE = "none"


class _Condition(NamedTuple):
    path: tuple[str, ...]
    operator: str
    operand: Any
    negated: bool = False

    def opposite(self) -> _Condition:
        """The condition that holds for all other records, except those without a value."""
        if self.operator == "is" and self.operand in ("NULL", "NOT_NULL"):
            return self._replace(operand="NOT_NULL" if self.operand == "NULL" else "NULL")
        if self.operator == "eq" and isinstance(self.operand, bool):
            return self._replace(operand=not self.operand)
        if other := _OPPOSITES.get(self.operator):
            return self._replace(operator=other)
        return self._replace(negated=not self.negated)

    def holds(self) -> _Holds:
        name, operator, operand = self.path[-1] if self.path else "", self.operator, self.operand
        if operator == "is" and (name in _NEVER_NULL or (name == "deletedAt" and operand == "NULL")):
            # A filter that does not mention `deletedAt` sees no deleted records.
            return _Holds.ALL if (operand == "NOT_NULL") == (name in _NEVER_NULL) else _Holds.NONE
        if operator in _ANY_TEXT and isinstance(operand, str):
            is_any = not operand.strip(_ANY_TEXT[operator]) and (operand or operator not in ("like", "ilike"))
            return (_Holds.NONE if self.negated else _Holds.ALL) if is_any else _Holds.SOME
        if operand is None:
            return _Holds.ALL
        if self.path[-2:-1] in (("createdBy",), ("updatedBy",)) and name == "source" and operator == "is":
            return _Holds.ALL if operand == "NOT_NULL" else _Holds.NONE
        if name in _TIMES_OF_RECORDS and operator in _BOUNDS and (moment := read_moment(operand)) is not None:
            return _within(operator, moment)
        nothing = operator in ("in", "containsAny") and not any(item is not None for item in operand)
        if nothing or (operator == "eq" and operand == ""):
            return _Holds.ALL if self.negated else _Holds.NONE
        return _Holds.SOME


def _within(operator: str, moment: datetime.datetime) -> _Holds:
    """The records that a bound on their times matches: all or none if it is before 1970 or in the future."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    late = moment > datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    if moment <= _BEFORE_ANY or late:
        return _Holds.ALL if (operator in ("lt", "lte")) == late else _Holds.NONE
    return _Holds.SOME


def restricts(value: Mapping[str, Any] | None) -> bool:
    """Whether a filter can exclude a record. The server ignores empty parts of a filter (Twenty, July 2026)."""
    return _judged(value or {}, (), negated=False) is not _Holds.ALL


def _judged(value: Mapping[str, Any], path: tuple[str, ...], *, negated: bool) -> _Holds:
    """The records for which all parts hold; negated, those for which one does not."""
    parts = [(name, part) for name, part in value.items() if part is not None or (path and name in OPERATORS)]
    judged = [_part(name, part, path, negated=negated) for name, part in parts]
    return _any_of(judged) if negated else _all_of(judged)


def _part(name: str, part: Any, path: tuple[str, ...], *, negated: bool) -> _Holds:
    if name == "not" and isinstance(part, Mapping):
        return _judged(part, path, negated=not negated)
    if name in ("and", "or") and isinstance(part, list | tuple):
        items = [item for item in part if item is not None]
        judged = [_judged(item, path, negated=negated) for item in items]
        if (name == "and") != negated:
            return _all_of(judged)
        alone = [condition for item in items if (condition := _only_condition(item, path, negated=negated))]
        covered = any(condition.opposite() in alone for condition in alone)
        return _Holds.ALL if covered else _any_of(judged)
    if isinstance(part, Mapping):
        return _judged(part, (*path, name), negated=negated)
    condition = _condition(path, name, part)
    return (condition.opposite() if negated else condition).holds()


def _condition(path: tuple[str, ...], operator: str, operand: Any) -> _Condition:
    return _Condition(path, operator, operand.value if isinstance(operand, Enum) else operand)


def _all_of(judged: list[_Holds]) -> _Holds:
    if _Holds.NONE in judged:
        return _Holds.NONE
    return _Holds.SOME if _Holds.SOME in judged else _Holds.ALL


def _any_of(judged: list[_Holds]) -> _Holds:
    """The records for which any part holds. Without parts, the server has no filter, and a negation is doubtful."""
    if not judged or _Holds.ALL in judged:
        return _Holds.ALL
    return _Holds.SOME if _Holds.SOME in judged else _Holds.NONE


def _only_condition(value: Mapping[str, Any], path: tuple[str, ...], *, negated: bool) -> _Condition | None:
    """The condition, if the filter is a single one."""
    while len(value) == 1:
        ((name, part),) = value.items()
        if name == "not" and isinstance(part, Mapping):
            negated = not negated
        elif name in ("and", "or") and isinstance(part, list | tuple) and len(part) == 1:
            part = part[0]
        elif isinstance(part, Mapping):
            path = (*path, name)
        else:
            condition = _condition(path, name, part)
            return condition.opposite() if negated else condition
        if not isinstance(part, Mapping):
            return None
        value = part
    return None
