"""What a subscription tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from aiotwenty.graphql.models import UUID, Json, Record

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Gap:
    """The connection was lost for a while: what happened meanwhile is not told.

    Whoever must not miss anything asks for it: all that has changed since `since` (less a little, for clocks differ).
    """

    since: datetime
    """When the server was last heard of, by this machine's clock, in UTC."""
    until: datetime
    """From when on events are told again."""
    reason: str
    """Why the connection was lost."""


class RecordEvent(Record):
    """Something that happened to one record."""

    action: Literal["CREATED", "UPDATED", "DELETED", "RESTORED", "DESTROYED"] | str
    object_name_singular: str
    record_id: UUID
    user_id: UUID | None = None
    """Who did it; None for an API key."""
    workspace_member_id: UUID | None = None
    updated_fields: list[str] | None = None
    """By their names on the wire; None of a record that was created or destroyed."""
    before: dict[str, Json] | None = None
    """The record as it was, as JSON; None of a new one."""
    after: dict[str, Json] | None = None
    """The record as it is, as JSON; None of one that was destroyed."""
    diff: dict[str, Json] | None = None
    """Each field that changed with its `before` and `after`."""

    def record_as(self, model: type[R]) -> R:
        """The record as a generated model: as it is, or as it was if it was destroyed."""
        return model.model_validate(self.after or self.before)


def record_event(told: dict[str, Any]) -> RecordEvent:
    """The event as the server tells it, its properties beside the rest."""
    return RecordEvent.model_validate({**told, **(told.get("properties") or {})})
