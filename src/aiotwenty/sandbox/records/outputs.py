"""Stored values in the form of responses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.model.data_model import ModelObject, TableColumn
from aiotwenty.sandbox.records.store import quoted

Decode = Callable[[Any], Any]
ShowFiles = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
"""Adds the extension and signed URL to stored files."""

_LARGEST_EXACT = 2**53
_WORD = re.compile(r"\w+")
_LISTS_OF_COMPOSITES = frozenset({"secondaryLinks", "additionalEmails", "additionalPhones"})
_NULL_TEXTS = frozenset({"currencyCode", "blocknote"})
"""Parts whose missing text is null; other texts are then empty."""
_SEARCHED = frozenset({"TEXT", "FULL_NAME", "EMAILS", "PHONES", "LINKS", "RICH_TEXT"})
_SEARCHED_PARTS = frozenset(
    {"firstName", "lastName", "primaryEmail", "primaryPhoneNumber", "primaryLinkUrl", "markdown"}
)

_SEARCHED_FIELDS = {
    "company": ("name", "domainName"),
    "person": ("name", "emails", "phones", "jobTitle"),
    "note": ("title", "bodyV2"),
    "task": ("title", "bodyV2"),
    "workspaceMember": ("name", "userEmail"),
}
"""Fields that are searched in addition to the label identifier, or in place of it."""


def read_sql(column: TableColumn, alias: str = "t") -> str:
    """The SQL expression that reads a column for a response; SQLite formats times and texts."""
    name = f"{alias}.{quoted(column.name)}"
    if column.type == "DATE_TIME":
        return f"substr({name}, 1, 23) || 'Z'"
    if column.type == "TEXT" and column.subfield not in _NULL_TEXTS:
        return f"coalesce({name}, '')"
    return name


def decoder(column: TableColumn, dialect: Dialect, show_files: ShowFiles) -> Decode | None:
    """The conversion left for Python; None if there is none."""
    if column.subfield in _LISTS_OF_COMPOSITES:
        return _list_from_json
    match column.type:
        case "ARRAY" | "MULTI_SELECT" if not dialect.reads_null_lists:
            return _list_from_json
        case "RAW_JSON" | "ARRAY" | "MULTI_SELECT":
            return _from_json
        case "BOOLEAN":
            return lambda value: None if value is None else bool(value)
        case "NUMERIC":
            return as_double
        case "NUMBER" if column.field.number_type == "bigint":
            return _as_text if dialect.reads_big_integers_as_texts else as_double
        case "FILES":
            return lambda value: None if value is None else show_files(json.loads(value))
    return None


def _list_from_json(value: str | None) -> Any:
    return [] if value is None else json.loads(value)


def _from_json(value: str | None) -> Any:
    if value is None:
        return None
    # The most frequent value, in `createdBy` and `updatedBy`.
    return {} if value == "{}" else json.loads(value)


def as_double(value: Any) -> Any:
    """The number as a double, as JavaScript has it: 9007199254740993 becomes 9007199254740992."""
    if isinstance(value, int) and not -_LARGEST_EXACT <= value <= _LARGEST_EXACT:
        return int(float(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value


def _as_text(value: Any) -> Any:
    return None if value is None else str(as_double(value))


def search_columns(of: ModelObject) -> list[TableColumn]:
    """The columns whose words are in `searchVector`."""
    return [
        column
        for column in of.columns.values()
        if column.field.name in _SEARCHED_FIELDS.get(of.name_singular, (of.label_identifier,))
        and column.field.type in _SEARCHED
        and (column.subfield is None or column.subfield in _SEARCHED_PARTS)
    ]


def search_vector(texts: list[str | None]) -> str:
    """The words and their positions in Postgres's format of a tsvector: `'n3':1 'x':2`."""
    places: dict[str, list[int]] = {}
    number = 0
    for text in texts:
        for word in _WORD.findall((text or "").lower()):
            number += 1
            places.setdefault(word, []).append(number)
    return " ".join(f"'{word}':{','.join(map(str, positions))}" for word, positions in sorted(places.items()))
