"""Event streams: the events of records that a session subscribed to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiotwenty.sandbox.records.events import SandboxEvent
from aiotwenty.sandbox.records.matching import matches

Entry = dict[str, Any]


@dataclass(eq=False, slots=True)
class EventStream:
    """A listening connection. `frames` has the entries still to be sent, those of one write each."""

    id: str
    queries: dict[str, Entry] = field(default_factory=dict)
    frames: asyncio.Queue[list[Entry]] = field(default_factory=asyncio.Queue)
    silent: bool = False
    """Whether another connection with the same id was closed, which ends this one without a message."""

    def entry(self, event: SandboxEvent) -> Entry | None:
        wanted = [name for name, query in self.queries.items() if _concerns(query, event)]
        return {"queryIds": wanted, "objectRecordEvent": _shown(event)} if wanted else None


class EventStreams:
    """All streams of a workspace, by the ids that their listeners chose."""

    def __init__(self) -> None:
        self._open: dict[str, list[EventStream]] = {}

    def open(self, stream_id: str) -> EventStream:
        stream = EventStream(stream_id)
        others = self._open.setdefault(stream_id, [])
        if others:
            stream.queries = others[0].queries
        others.append(stream)
        return stream

    def close(self, stream: EventStream) -> None:
        for other in self._open.pop(stream.id, ()):
            other.silent = True

    def add(self, input: Entry) -> bool:  # noqa: A002
        """Adds a query to a stream. Returns whether there is such a stream."""
        streams = self._open.get(input["eventStreamId"], [])
        signature = input.get("operationSignature")
        for stream in streams:
            stream.queries[input["queryId"]] = signature if isinstance(signature, dict) else {}
        return bool(streams)

    def remove(self, input: Entry) -> bool:  # noqa: A002
        removed = False
        for stream in self._open.get(input["eventStreamId"], []):
            removed = stream.queries.pop(input["queryId"], None) is not None or removed
        return removed

    # The interface for record events

    def wants(self, object_name: str, action: str) -> bool:
        queries = (query for streams in self._open.values() for stream in streams for query in stream.queries.values())
        return action != "upserted" and any(query.get("objectNameSingular") == object_name for query in queries)

    def publish(self, events: Sequence[SandboxEvent]) -> None:
        for stream in [open_stream for streams in self._open.values() for open_stream in streams]:
            entries = [entry for event in events if (entry := stream.entry(event)) is not None]
            if entries and not stream.silent:
                stream.frames.put_nowait(entries)


def _concerns(query: Entry, event: SandboxEvent) -> bool:
    if query.get("objectNameSingular") != event.object.name_singular:
        return False
    variables = query.get("variables")
    wanted = variables.get("filter") if isinstance(variables, dict) else None
    if not isinstance(wanted, dict) or not wanted:
        return True
    return any(matches(record, wanted) for record in (event.before, event.record) if record is not None)


def _shown(event: SandboxEvent) -> Entry:
    gone = event.action == "destroyed"
    return {
        "action": event.action.upper(),
        "objectNameSingular": event.object.name_singular,
        "recordId": event.record["id"],
        "userId": event.by.user_id if event.by else None,
        "workspaceMemberId": event.by.member_id if event.by else None,
        "properties": {
            "updatedFields": None if event.action in ("created", "destroyed") else event.updated_fields,
            "before": event.before if event.action != "created" else None,
            "after": None if gone else event.record,
            "diff": event.diff,
        },
    }
