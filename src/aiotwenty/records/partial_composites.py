"""Keeps the other parts of a composite field when one part is written.

The server empties unsent parts of LINKS, the primary address of EMAILS and the additional phones of PHONES, and changes
nothing when a whole composite is null (Twenty, July 2026). So the stored parts are sent along, and null is sent for
each part. Data here has GraphQL names, and composites as mappings of their parts.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from aiotwenty.errors import InvalidArgument, RecordChanged
from aiotwenty.graphql.annotations import model_in, named_fields
from aiotwenty.graphql.models import graphql_name, set_fields

_LOST_UNLESS_SENT = {
    "primaryLinkUrl": ("primaryLinkUrl", "primaryLinkLabel", "secondaryLinks"),
    "primaryEmail": ("primaryEmail",),
    "primaryPhoneNumber": ("additionalPhones",),
}
"""The parts that the server empties if they are not sent, by a part that identifies the composite."""
_LISTS = frozenset({"secondaryLinks", "additionalEmails", "additionalPhones"})

_BY_EVERY_WRITE = frozenset({"updatedAt", "updatedBy", "searchVector", "position"})

M = TypeVar("M", bound=BaseModel)
Composites = Mapping[str, tuple[str, ...]]
"""The composite fields of an object, with their parts."""


class PartialWrite(NamedTuple):
    """The data to write to a record."""

    data: dict[str, Any]
    lacks: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """The parts that the server would empty unless they are sent too, by field."""

    def with_stored(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The data with the lacking parts from the record. `stored` has composites as `data` has them.

        Raises `InvalidArgument` for links that the server would move.
        """
        completed = dict(self.data)
        for name, parts in self.lacks.items():
            value = stored.get(name) or {}
            kept = {part: value.get(part) for part in parts}
            completed[name] = {part: [] if x is None and part in _LISTS else x for part, x in kept.items()} | dict(
                self.data[name]
            )
            _check_links(name, self.data[name], completed[name])
        return completed


def change_of(data: Mapping[str, Any], composites: Composites, replace: Collection[str] = ()) -> PartialWrite:
    """The change that leaves alone what `data` does not have, except for other parts of the fields in `replace`.

    Raises `InvalidArgument` for a composite that cannot be emptied, for unknown names in `replace`, and for links that
    the server would move.
    """
    names = {graphql_name(name) for name in replace}
    if unknown := names - composites.keys():
        raise InvalidArgument(f"replace: {sorted(unknown)[0]!r} is not a composite field.")
    lacks: dict[str, tuple[str, ...]] = {}
    change = PartialWrite(dict(data), lacks)
    for name, parts in composites.items():
        if name not in data:
            continue
        value = data[name]
        if value is None:
            if "source" in parts:
                raise InvalidArgument(f"{name} says who made a record, and cannot be emptied.")
            change.data[name] = _emptied(parts)
        elif not isinstance(value, Mapping):
            continue
        elif not value and name not in names:
            del change.data[name]
        else:
            change.data[name] = {part: [] if x is None and part in _LISTS else x for part, x in value.items()}
            if name in names:
                change.data[name] = _emptied(parts) | change.data[name]
            elif lost := tuple(part for part in _lost_unless_sent(parts) if part not in value):
                lacks[name] = lost
                continue
            _check_links(name, value, value)
    return change


def check_new(data: dict[str, Any], composites: Composites) -> None:
    """Removes from a new record the composites that are None.

    The server fails on a null rich text, and ignores other nulls (Twenty, November 2026). Raises `InvalidArgument` for
    links that the server would move.
    """
    for name in composites:
        if name in data:
            value = data[name]
            if value is None:
                del data[name]
            elif type(value) is dict or isinstance(value, Mapping):
                _check_links(name, value, value)


def as_new(model: M) -> M:
    """`check_new` for a model."""
    fields_set = model.model_fields_set
    for name, python in _fields_of_composites(type(model)):
        if python not in fields_set:
            continue
        value = getattr(model, python)
        if value is None:
            model = model.model_copy()
            model.model_fields_set.discard(python)
        elif not getattr(value, "primary_link_url", True):
            parts = dict(set_fields(value))
            _check_links(name, parts, parts)
    return model


def _check_links(name: str, sent: Mapping[str, Any], whole: Mapping[str, Any]) -> None:
    """Refuses links without a primary one, which the server would move or drop (Twenty, July 2026)."""
    if whole.get("primaryLinkUrl"):
        return
    if whole.get("secondaryLinks"):
        raise InvalidArgument(
            f"{name}: without a primary link, the server makes the first of the further ones the primary: say which is "
            "(primary_link_url), or empty them, too (secondary_links, or None for the whole)."
        )
    if sent.get("primaryLinkLabel"):
        raise InvalidArgument(f"{name}: without a link, the server drops its label: say the link (primary_link_url).")


def _emptied(parts: Iterable[str]) -> dict[str, Any]:
    return {part: [] if part in _LISTS else None for part in parts}


def _lost_unless_sent(parts: Collection[str]) -> tuple[str, ...]:
    return next((lost for mark, lost in _LOST_UNLESS_SENT.items() if mark in parts), ())


def warn_of_changes(before: Sequence[BaseModel], after: Sequence[BaseModel], sent: Collection[str]) -> None:
    """Warns about records that somebody else changed after they were read: fields that were not sent have changed."""
    earlier = {record.id: plain(record) for record in before}  # type: ignore[attr-defined]
    for record in after if before else ():
        was, now = earlier.get(record.id, {}), plain(record)  # type: ignore[attr-defined]
        changed = [
            name for name in was if name not in sent and name not in _BY_EVERY_WRITE and was[name] != now.get(name)
        ]
        if changed:
            warnings.warn(
                f"the record {record.id} was changed by somebody else ({', '.join(changed)}) between the read and the "  # type: ignore[attr-defined]
                f"write of {', '.join(sent)}: check these fields.",
                RecordChanged,
                stacklevel=3,
            )


@lru_cache(maxsize=1024)
def _fields_of_composites(model: type[BaseModel]) -> list[tuple[str, str]]:
    """The composite fields of an input model: their GraphQL and Python names."""
    composites = composites_of(model)
    return [(name, python) for name, python, _ in named_fields(model) if name in composites]


@lru_cache(maxsize=1024)
def composites_of(model: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """The composite fields of an input model, without relations that can be connected."""
    composites = {}
    for name, _, annotation in named_fields(model):
        if (inner := model_in(annotation)) is not None:
            parts = tuple(part for part, _, _ in named_fields(inner))
            if "connect" not in parts:
                composites[name] = parts
    return composites


def plain(model: BaseModel) -> dict[str, Any]:
    """The set fields of a model by GraphQL name, with composites as mappings of their parts."""
    composites = composites_of(type(model))
    return {
        name: dict(set_fields(value)) if name in composites and isinstance(value, BaseModel) else value
        for name, value in set_fields(model)
    }
