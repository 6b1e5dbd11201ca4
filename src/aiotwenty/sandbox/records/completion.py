"""What a composite value is taken for: some parts follow from others, and some that aren't given are emptied.

A client that writes only some parts of links, e-mails or phones loses others: they are read as the whole value
(the server's source, 2026).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

from aiotwenty.sandbox.errors import invalid_url
from aiotwenty.sandbox.records.phones import completed, completed_more
from aiotwenty.sandbox.records.values import compact_json, link

Value = dict[str, Any]

_HOST = r"(([\w-]+\.)+[^\W\d_][\w-]+|\d{1,3}(\.\d{1,3}){3}|localhost)"
_URL = re.compile(rf"([a-z]+://)?{_HOST}(:\d+)?([/?#]\S*)?", re.IGNORECASE)


def _links(value: Value) -> Value:
    """Links without an address are left out, and the first that has one is the primary one."""
    more = _listed(value.get("secondaryLinks"))
    primary = value.get("primaryLinkUrl")
    if more is None or not all(isinstance(each, dict) for each in more) or not isinstance(primary, str | None):
        return value
    given = [{"url": primary, "label": value.get("primaryLinkLabel")}, *more]
    found = [{"url": each["url"], "label": each.get("label") or ""} for each in given if each.get("url")]
    for each in found:
        if not isinstance(each["url"], str) or not _URL.fullmatch(each["url"]):
            raise invalid_url()
    first = found[0] if found else {"url": "", "label": ""}
    rest = [each | {"url": link(each["url"], "secondaryLinks")} for each in found[1:]]
    return {**value, "primaryLinkUrl": first["url"], "primaryLinkLabel": first["label"], "secondaryLinks": rest}


def _emails(value: Value) -> Value:
    return {"primaryEmail": "", **value}


def _phones(value: Value) -> Value:
    more = _listed(value.get("additionalPhones"))
    if more is None or not all(isinstance(each, dict) for each in more):
        return completed(value)
    return completed(value) | {"additionalPhones": [completed_more(each) for each in more]}


def _listed(value: Any) -> list[Any] | None:
    """A list or the JSON text of one; nothing is the empty list, and None stands for anything else."""
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if isinstance(value, list):
        return value
    return None if value else []


def _rich_text(value: dict[str, Any]) -> dict[str, Any]:
    """Markdown and blocks follow from each other; lines become paragraphs."""
    markdown, blocks = value.get("markdown"), value.get("blocknote")
    if isinstance(markdown, str) and markdown and blocks is None:
        return {**value, "blocknote": compact_json([_paragraph(line) for line in markdown.splitlines()])}
    if isinstance(blocks, str) and blocks and markdown is None:
        return {**value, "markdown": _as_markdown(blocks)}
    return value


def _paragraph(text: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "type": "paragraph",
        "props": {"textColor": "default", "backgroundColor": "default", "textAlignment": "left"},
        "content": [{"type": "text", "text": text, "styles": {}}] if text else [],
        "children": [],
    }


def _as_markdown(blocks: str) -> str:
    try:
        parsed = json.loads(blocks)
        return "\n".join("".join(part.get("text", "") for part in block.get("content") or ()) for block in parsed)
    except (ValueError, AttributeError, TypeError):
        return ""


COMPLETED: dict[str, Callable[[Value], Value]] = {
    "LINKS": _links,
    "EMAILS": _emails,
    "PHONES": _phones,
    "RICH_TEXT": _rich_text,
}
