"""The events of a subscription."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from aiotwenty.graphql.models import UUID, Json, Record

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Gap:
    """The connection was lost for a while, and events of that time are missing.

    A program that needs all changes has to read those since `since` (less a little, because clocks differ).
    """

    since: datetime
    """The last sign of life before, by this machine's clock, in UTC."""
    until: datetime
    """The time from which events arrive again."""
    reason: str
    """The reason for the loss."""


class RecordEvent(Record):
    """The change of one record."""

    action: Literal["CREATED", "UPDATED", "DELETED", "RESTORED", "DESTROYED"] | str
    object_name_singular: str
    record_id: UUID
    user_id: UUID | None = None
    """The user who made the change; None for an API key."""
    workspace_member_id: UUID | None = None
    updated_fields: list[str] | None = None
    """The changed fields by GraphQL name; None if the record was created or destroyed."""
    before: dict[str, Json] | None = None
    """The former record as JSON; None for a new one."""
    after: dict[str, Json] | None = None
    """The present record as JSON; None for a destroyed one."""
    diff: dict[str, Json] | None = None
    """The changed fields, each with `before` and `after`."""

    def record_as(self, model: type[R]) -> R:
        """The record as a generated model: the present one, or the former one if it was destroyed."""
        return model.model_validate(self.after or self.before)


def record_event(told: dict[str, Any]) -> RecordEvent:
    """The event in the server's data, with its properties at the top level."""
    return RecordEvent.model_validate({**told, **(told.get("properties") or {})})
