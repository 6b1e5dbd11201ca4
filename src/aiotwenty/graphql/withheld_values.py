"""Finds values that the server withholds: it writes a text in their place, which must not pass for data.

In a message or an event whose channel shares metadata only, the subject, text, title and description read
FIELD_RESTRICTED_ADDITIONAL_PERMISSIONS_REQUIRED (Twenty, July 2026). Here they are None, and `restricted_fields` tells
them from empty ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from aiotwenty.graphql.page import Page

RESTRICTED = "FIELD_RESTRICTED_ADDITIONAL_PERMISSIONS_REQUIRED"
"""The text that the server writes in place of a value that the key may not see."""

_QUOTED = f'"{RESTRICTED}"'.encode()
_KEPT = "aiotwenty.restricted_fields"
"""The key under which a record keeps the names of its restricted fields. No field's name has a dot."""


def restricted_fields(record: BaseModel | Mapping[str, Any]) -> frozenset[str]:
    """The fields of a record that the key may not see, by Python name; they read None.

    For a mapping, the keys whose values are the server's text.
    """
    if isinstance(record, BaseModel):
        kept: frozenset[str] = vars(record).get(_KEPT, frozenset())
        return kept
    return frozenset(key for key, value in record.items() if value == RESTRICTED)


def without_restricted(answer: bytes) -> bytes:
    """The JSON with null for each withheld value; the same object if there is none."""
    return answer.replace(_QUOTED, b"null") if _QUOTED in answer else answer


def count_restricted(answer: bytes) -> int:
    """The number of withheld values in a response."""
    return answer.count(_QUOTED)


def note_restricted(result: object, raw: object) -> None:
    """Marks the records in a result with their fields that the response withheld."""
    for record, node in _records(result, raw):
        withheld = [
            name
            for name, info in type(record).model_fields.items()
            if node.get(info.validation_alias or info.alias or name) == RESTRICTED
        ]
        if withheld:
            vars(record)[_KEPT] = frozenset(withheld)


def _records(result: object, raw: object) -> Iterator[tuple[BaseModel, Mapping[Any, Any]]]:
    if isinstance(result, list) and isinstance(raw, list):
        for item, part in zip(result, raw, strict=False):
            yield from _records(item, part)
    elif isinstance(result, list) and isinstance(raw, dict) and "edges" in raw:
        yield from _records(result, [edge["node"] for edge in raw["edges"]])
    elif isinstance(result, dict) and isinstance(raw, dict):
        for key, value in result.items():
            yield from _records(value, raw.get(key))
    elif isinstance(result, Page):
        yield from _records(result.records, raw)
    elif isinstance(result, BaseModel) and isinstance(raw, dict):
        yield result, raw
        for name, info in type(result).model_fields.items():
            yield from _records(getattr(result, name), raw.get(info.validation_alias or info.alias or name))
