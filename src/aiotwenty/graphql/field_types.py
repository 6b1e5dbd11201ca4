"""Decides whether a declared type can hold the values that the schema has for a field."""

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
"""Types whose values are texts in JSON, so that str can hold them."""
_KNOWN = _NUMBERS | _TEXTS | {str, bytes, bool, Decimal, datetime.time, datetime.timedelta, dict, complex}
_COLLECTIONS = (list, tuple, set, frozenset)


def kinds(annotation: Any) -> Iterator[Any]:
    """The possible types of a value without None, with type aliases resolved."""
    for kind in alternatives(annotation):
        if _is_alias(kind) and not _takes_anything(kind):
            yield from kinds(kind.__value__)
        elif kind is not type(None):
            yield kind


def may_be_none(annotation: Any) -> bool:
    """Whether None is a possible value, as it is for a type that allows anything."""
    for kind in alternatives(annotation):
        if kind is type(None) or _takes_anything(kind) or (_is_alias(kind) and may_be_none(kind.__value__)):
            return True
    return False


def can_hold(declared: Any, served: Any) -> bool:
    """Whether every value of type `served`, apart from None, fits into `declared`.

    Beside the schema's own type these fit: any number for a number, a str for what is a text in JSON, an enum or
    Literal with all options of a select field, any collection for a list. Classes that are not built into Python decide
    themselves what they accept.
    """
    wanted = list(kinds(declared))
    return any(_takes_anything(kind) for kind in wanted) or all(
        any(_takes(kind, served_kind, wanted) for kind in wanted) for served_kind in _without_openness(served)
    )


def said(annotation: Any) -> str:
    """An annotation as a programmer would write it."""
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
    """The served types, without the str that stands beside an enum for future options."""
    found = list(kinds(served))
    enums = [kind for kind in found if isinstance(kind, type) and issubclass(kind, enum.Enum)]
    return enums or found


def _takes_anything(kind: Any) -> bool:
    return kind is Any or kind is object or kind is JsonValue


def _is_alias(kind: Any) -> bool:
    # `typing` and `typing_extensions` each have such a class.
    return type(kind).__name__ == "TypeAliasType"


def _takes(kind: Any, served: Any, wanted: list[Any]) -> bool:
    if _takes_anything(served):  # any JSON: whether it fits is known only when it is read
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
    # The schema has nullable items, but the server never returns null in a list.
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
