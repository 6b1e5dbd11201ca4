"""Completes composite values: some parts are derived from others, and some are emptied if they aren't given.

A client that writes only some parts of links, e-mails or phones loses others, because the server takes them as the
whole value (the server's source, 2026).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiotwenty.sandbox.errors import javascript_failed
from aiotwenty.sandbox.javascript_messages import json_message
from aiotwenty.sandbox.records import links, phones, rich_text

Value = dict[str, Any]


def listed(value: Any) -> Any:
    """A list, or the list in a JSON text; empty for null."""
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError as error:
            raise javascript_failed(json_message(str(value), error)) from None
    return value or []


def _links(value: Value) -> Value:
    return links.completed({**value, "secondaryLinks": listed(value.get("secondaryLinks"))})


def _emails(value: Value) -> Value:
    """E-mails in lower case. Lists are compared without regard to case, like the primary address."""
    if "additionalEmails" not in value:
        return {"primaryEmail": "", **value}
    more = listed(value["additionalEmails"])
    return {"primaryEmail": "", **value, "additionalEmails": more}


def _phones(value: Value) -> Value:
    more = listed(value.get("additionalPhones"))
    if not isinstance(more, list):
        more = []
    if None in more:
        raise javascript_failed("Cannot read properties of null (reading 'callingCode')")
    return phones.completed(value) | {"additionalPhones": [phones.completed_more(phone) for phone in more]}


COMPLETED: dict[str, Callable[[Value], Value]] = {
    "LINKS": _links,
    "EMAILS": _emails,
    "PHONES": _phones,
    "RICH_TEXT": rich_text.completed,
}
