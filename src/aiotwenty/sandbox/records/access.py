"""Objects that API keys can't write to, and records that they can't see.

Messages and calendar events belong to channels, and a channel shows everything of them, a part, or nothing. A record
that no channel shows is counted and not returned; in a record that is shown in part, a text replaces the rest (Twenty,
July 2026).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiotwenty.sandbox.model import refused_callers
from aiotwenty.sandbox.model.data_model import ModelObject
from aiotwenty.sandbox.model.workspace import VISIBILITIES
from aiotwenty.sandbox.records.store import RecordStore, quoted

RESTRICTED = "FIELD_RESTRICTED_ADDITIONAL_PERMISSIONS_REQUIRED"


def check_creatable(of: ModelObject) -> None:
    """Refuses objects whose records no key may create, whatever its role."""
    match of.name_singular:
        case "workflowVersion" | "workflowRun":
            raise refused_callers.method_not_allowed()
        case "workspaceMember":
            raise refused_callers.permission_denied()
        case "blocklist":
            raise refused_callers.user_required()


@dataclass(frozen=True, slots=True)
class _Shared:
    """How the records of an object belong to channels."""

    association: str
    record: str
    channel: str
    restricted: Mapping[str, frozenset[str]]
    """The hidden fields, by what the channel shows."""


_SHARED = {
    "message": _Shared(
        "messageChannelMessageAssociation",
        "messageId",
        "messageChannelId",
        {"METADATA": frozenset({"subject", "text"}), "SUBJECT": frozenset({"text"})},
    ),
    "calendarEvent": _Shared(
        "calendarChannelEventAssociation",
        "calendarEventId",
        "calendarChannelId",
        {"METADATA": frozenset({"title", "description"})},
    ),
}


class Visibility:
    """Decides which records everybody may see. `channels` has the visibility of each channel by id."""

    def __init__(self, store: RecordStore, channels: Mapping[str, str]) -> None:
        self._store = store
        self._channels = channels

    def restricted(self, of: ModelObject, ids: Iterable[str]) -> dict[str, frozenset[str]] | None:
        """The hidden fields of visible records, by id; None if everything is visible."""
        shared = _SHARED.get(of.name_singular)
        if shared is None:
            return None
        rows = self._store.rows(
            f"SELECT {quoted(shared.record)}, {quoted(shared.channel)} FROM {quoted(shared.association)} "
            f'WHERE {quoted(shared.record)} IN (SELECT value FROM json_each(?)) AND "deletedAt" IS NULL',
            [json.dumps(list(ids))],
        )
        most: dict[str, int] = {}
        for record_id, channel in rows:
            if channel in self._channels:
                shown = VISIBILITIES.index(self._channels[channel])
                most[record_id] = max(shown, most.get(record_id, 0))
        return {record_id: shared.restricted.get(VISIBILITIES[shown], frozenset()) for record_id, shown in most.items()}


def hide(node: dict[str, Any], fields: frozenset[str]) -> None:
    """Replaces the hidden fields of a record by the server's text."""
    for name in fields & node.keys():
        node[name] = RESTRICTED
