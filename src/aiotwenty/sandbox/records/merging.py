"""Merges the values of several records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aiotwenty.sandbox.model.data_model import Composite, ModelObject
from aiotwenty.sandbox.records.field_values import compact_json

Values = dict[str, Any]
_KEPT_FROM_SURVIVOR = frozenset({"id", "createdAt", "updatedAt", "deletedAt", "position", "createdBy", "updatedBy"})
_LISTS = frozenset({"ARRAY", "MULTI_SELECT", "FILES"})
_WITH_MORE = {
    "EMAILS": ("primaryEmail", "additionalEmails"),
    "PHONES": ("primaryPhoneNumber", "additionalPhones"),
    "LINKS": ("primaryLinkUrl", "secondaryLinks"),
}


def merged(of: ModelObject, records: Sequence[Values]) -> Values:
    """The columns of the merged record; the first of `records` has priority.

    The first non-empty value wins. Lists are joined, and the other e-mails, phones and links become additional ones.
    """
    merged_values: Values = {}
    for name, column in of.scalars.items():
        if name in _KEPT_FROM_SURVIVOR or column.type == "TS_VECTOR":
            continue
        values = [record[name] for record in records]
        merged_values[name] = _joined(values) if column.type in _LISTS else _first(values)
    for name, composite in of.composites.items():
        if name not in _KEPT_FROM_SURVIVOR:
            merged_values.update(_composite(composite, records))
    return merged_values


def _first(values: Sequence[Any]) -> Any:
    return next((value for value in values if value not in (None, "", "[]")), values[0])


def _joined(values: Sequence[str | None]) -> str | None:
    items = [item for value in values if value for item in json.loads(value)]
    unique = [item for place, item in enumerate(items) if item not in items[:place]]
    return compact_json(unique) if unique else values[0]


def _composite(composite: Composite, records: Sequence[Values]) -> Values:
    names = [column.name for column in composite.columns.values()]
    filled = [record for record in records if any(record[name] not in (None, "", "[]") for name in names)]
    parts = {name: (filled or records)[0][name] for name in names}
    if composite.type not in _WITH_MORE or not filled:
        return parts
    primary_part, more_part = _WITH_MORE[composite.type]
    primary, more = composite.columns[primary_part].name, composite.columns[more_part].name
    listed: list[Any] = []
    for place, record in enumerate(filled):
        if place and record[primary]:
            listed.append(_as_additional(composite, record))
        listed += json.loads(record[more] or "[]")
    unique = [item for place, item in enumerate(listed) if item not in listed[:place] and item != parts[primary]]
    parts[more] = compact_json(unique) if unique else parts[more]
    return parts


def _as_additional(composite: Composite, record: Values) -> Any:
    """A primary value in the form of an additional one."""
    part = {name: record[column.name] for name, column in composite.columns.items()}
    if composite.type == "EMAILS":
        return part["primaryEmail"]
    if composite.type == "LINKS":
        return {"url": part["primaryLinkUrl"], "label": part["primaryLinkLabel"] or ""}
    return {
        "number": part["primaryPhoneNumber"],
        "countryCode": part["primaryPhoneCountryCode"] or "",
        "callingCode": part["primaryPhoneCallingCode"] or "",
    }
