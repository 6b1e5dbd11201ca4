"""What Twenty keeps from API keys: objects that only it writes, and records that only some may see.

Messages and calendar events belong to channels, and a channel shows everything of them, a part, or nothing. A record
without a channel that shows it is counted and not given; one of which a part is shown has a text in place of the rest
(Twenty, July 2026).
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
    """Refuses what no key may create, whatever its role."""
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
    """By what the channel shows: the fields that it doesn't."""


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
    """Which records everybody may see. `channels` says by id what each shows."""

    def __init__(self, store: RecordStore, channels: Mapping[str, str]) -> None:
        self._store = store
        self._channels = channels

    def restricted(self, of: ModelObject, ids: Iterable[str]) -> dict[str, frozenset[str]] | None:
        """The fields that aren't shown, by the ids of the records that are; None where everything is shown."""
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
    """Puts the text that stands for what may not be seen into a record."""
    for name in fields & node.keys():
        node[name] = RESTRICTED
