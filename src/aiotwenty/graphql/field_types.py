"""Whether a field that somebody declared can hold what the schema says is read."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, JsonValue

from aiotwenty.graphql.annotations import alternatives

_NUMBERS = frozenset({int, float})
_TEXTS = frozenset({uuid.UUID, datetime.datetime, datetime.date})
"""What is a text in JSON, and may be read as one."""
_KNOWN = _NUMBERS | _TEXTS | {str, bytes, bool, Decimal, datetime.time, datetime.timedelta, dict, complex}
_COLLECTIONS = (list, tuple, set, frozenset)


def kinds(annotation: Any) -> Iterator[Any]:
    """The types that a value may have beside None, type aliases looked through."""
    for kind in alternatives(annotation):
        if _is_alias(kind) and not _takes_anything(kind):
            yield from kinds(kind.__value__)
        elif kind is not type(None):
            yield kind


def may_be_none(annotation: Any) -> bool:
    """Whether None is a value of it; whatever may be anything may be None."""
    for kind in alternatives(annotation):
        if kind is type(None) or _takes_anything(kind) or (_is_alias(kind) and may_be_none(kind.__value__)):
            return True
    return False


def can_hold(declared: Any, served: Any) -> bool:
    """Whether all that is read as `served` fits into `declared`, None apart.

    Beside the very type of the schema: any number for a number, a text for whatever is a text in JSON, an enum or
    Literal with all the options of a select field, any collection for a list. A type that is none of Python's own reads
    its values as it likes.
    """
    wanted = list(kinds(declared))
    return any(_takes_anything(kind) for kind in wanted) or all(
        any(_takes(kind, served_kind, wanted) for kind in wanted) for served_kind in _without_openness(served)
    )


def said(annotation: Any) -> str:
    """An annotation as one would write it."""
    names = [_name(kind) for kind in kinds(annotation)]
    if any(isinstance(kind, type) and issubclass(kind, enum.Enum) for kind in kinds(annotation)):
        names = [name for name in names if name != "str"]
    if any(kind is type(None) for kind in alternatives(annotation)):
        names.append("None")
    return " | ".join(dict.fromkeys(names))


def _name(kind: Any) -> str:
    if (origin := get_origin(kind)) in _COLLECTIONS:
        return f"{origin.__name__}[{', '.join(said(item) for item in get_args(kind))}]"
    name: str = getattr(kind, "__name__", None) or str(kind)
    return name


def _without_openness(served: Any) -> list[Any]:
    """What comes as of today: the text beside an enum stands for options of tomorrow."""
    found = list(kinds(served))
    enums = [kind for kind in found if isinstance(kind, type) and issubclass(kind, enum.Enum)]
    return enums or found


def _takes_anything(kind: Any) -> bool:
    return kind is Any or kind is object or kind is JsonValue


def _is_alias(kind: Any) -> bool:
    # There are two of them, of `typing` and of `typing_extensions`.
    return type(kind).__name__ == "TypeAliasType"


def _takes(kind: Any, served: Any, wanted: list[Any]) -> bool:
    if _takes_anything(served):  # any JSON: what fits is seen when it comes
        return True
    if kind == served:
        return True
    if get_origin(served) is list:
        return _takes_list(kind, served)
    if get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, enum.Enum)):
        return isinstance(served, type) and issubclass(served, enum.Enum) and _options(served) <= _all_options(wanted)
    if kind in _NUMBERS or kind is Decimal:
        return served in _NUMBERS
    if kind is str:
        return served in _TEXTS or (isinstance(served, type) and issubclass(served, enum.Enum))
    if not isinstance(kind, type) or kind in _KNOWN or kind in _COLLECTIONS:
        return False
    if issubclass(kind, BaseModel):
        return isinstance(served, type) and issubclass(served, BaseModel)
    return True


def _takes_list(kind: Any, served: Any) -> bool:
    if kind in _COLLECTIONS:
        return True
    if get_origin(kind) not in _COLLECTIONS:
        return not isinstance(kind, type) or (kind not in _KNOWN and not issubclass(kind, enum.Enum | BaseModel))
    items = [item for item in get_args(kind) if item is not Ellipsis]
    # The schema has them nullable, and the server never gives null in a list.
    return all(can_hold(item, get_args(served)[0]) for item in items)


def _options(enum_type: type[enum.Enum]) -> set[object]:
    return {member.value for member in enum_type}


def _all_options(wanted: list[Any]) -> set[object]:
    options: set[object] = set()
    for kind in wanted:
        if get_origin(kind) is Literal:
            options.update(value.value if isinstance(value, enum.Enum) else value for value in get_args(kind))
        elif isinstance(kind, type) and issubclass(kind, enum.Enum):
            options |= _options(kind)
    return options
