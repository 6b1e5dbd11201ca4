"""Makes the events that a receiver missed from the present records."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from aiotwenty.errors import InvalidArgument
from aiotwenty.webhooks.event import EventObject, WebhookEvent

if TYPE_CHECKING:
    from aiotwenty.client import Client
    from aiotwenty.objects import Records

    AnyRecords: TypeAlias = Records[Any, Any, Any, Any, Any, Any]

OVERLAP = timedelta(seconds=60)
"""Writes in progress when the mark was taken have earlier times, and the server's clock differs from this machine's."""


@dataclass(slots=True)
class Reconciled:
    """The result of `WebhookReceiver.reconcile`."""

    mark: datetime
    """The time of its start, for `since` of the next call."""
    events: int = 0
    failed: list[WebhookEvent] = field(default_factory=list)
    """Events with a failed handler; the errors are logged."""


async def missed(
    twenty: Client, records: AnyRecords, since: datetime, *, overlap: timedelta = OVERLAP
) -> AsyncIterator[WebhookEvent]:
    """Every record of one object that changed since then, once, in its current state: created, updated or deleted.

    Destroyed records can't be found, and restored ones count as updated. `webhook_id` and `updated_fields` are None.
    Raises the errors of `iterate`.
    """
    if since.tzinfo is None:
        raise InvalidArgument("since needs a time zone: datetime.now(UTC).")
    start = since.astimezone(UTC) - overlap
    kind = await twenty.workspace.object(records.meta.singular)
    known = EventObject(id=kind.id, name_singular=kind.name_singular)
    workspace = await twenty.execute("{ currentWorkspace { id } }", endpoint="metadata")
    after = {"gte": start.isoformat()}
    # A filter that mentions deleted_at also matches deleted records.
    async for record in records.iterate(filter={"or": [{"updated_at": after}, {"deleted_at": after}]}):
        if record.deleted_at is not None and record.deleted_at >= start:
            action, moment = "deleted", max(record.deleted_at, record.updated_at)
        else:
            action, moment = "created" if record.created_at >= start else "updated", record.updated_at
        yield WebhookEvent(
            event_name=f"{known.name_singular}.{action}",
            object_metadata=known,
            record=record.model_dump(mode="json", by_alias=True),
            event_date=moment,
            workspace_id=workspace["currentWorkspace"]["id"],
        )
