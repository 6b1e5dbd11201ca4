"""Compares a stored record with the values that were sent, some of which the server normalizes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

from aiotwenty.graphql.models import UUID, set_fields
from aiotwenty.records.identity import canonical_url
from aiotwenty.records.partial_composites import plain

_SPELT_ANEW = re.compile(r"(?i)url|link|email|phone|markdown|blocknote|json")
"""Parts that the server may normalize, so that a different stored value proves nothing."""


def shows(record: BaseModel, sent: Mapping[str, Any]) -> bool | None:
    """Whether the record has all values that were sent (by GraphQL names); None if that can't be told."""
    stored = plain(record)
    equal = [_same(value, stored[name]) if name in stored else None for name, value in sent.items()]
    return False if False in equal else None if None in equal else True


def _same(sent: Any, stored: Any, name: str = "") -> bool | None:
    sent, stored = _comparable(sent), _comparable(stored)
    if sent in (None, "", []) and stored in (None, "", []):
        return True
    if isinstance(sent, Mapping):
        parts = stored if isinstance(stored, Mapping) else {}
        equal = [_same(value, parts.get(part), part) for part, value in sent.items()]
        # The server returns neither the condition that connected a relation nor values that it computes.
        return None if None in equal or False in equal else True
    if isinstance(sent, str) and isinstance(stored, str) and name:
        if canonical_url(sent.lower()) == canonical_url(stored.lower()):
            return True
        digits = re.sub(r"\D", "", stored)
        if "phone" in name.lower() and digits and re.sub(r"\D", "", sent).endswith(digits):
            return True
    if sent == stored:
        return True
    return None if isinstance(sent, list) or _SPELT_ANEW.search(name) else False


def _comparable(value: Any) -> Any:
    """The value in the form in which it is compared with a returned one."""
    if isinstance(value, BaseModel):
        return dict(set_fields(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    if isinstance(value, date):
        return value.isoformat()
    return value
