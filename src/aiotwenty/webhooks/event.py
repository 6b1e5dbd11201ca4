"""The event in a delivery: one change of one record."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from pydantic import JsonValue, PrivateAttr, ValidationError

from aiotwenty.graphql.input_problems import explained
from aiotwenty.graphql.models import UUID, DateTime, Record
from aiotwenty.webhooks.errors import WebhookMalformed
from aiotwenty.webhooks.signature import MAX_AGE, Body, Headers, Secrets, Signed, verify

R = TypeVar("R", bound=Record)

_LONGEST = 300


class EventObject(Record):
    """The object whose record changed."""

    id: UUID
    name_singular: str


class WebhookEvent(Record):
    """One change of one record."""

    event_name: str
    """`company.created`, `company.updated`, `company.deleted` (softly), `company.restored`, `company.destroyed`."""
    object_metadata: EventObject
    record: dict[str, JsonValue]
    """The record as Twenty sent it, with names in camelCase."""
    event_date: DateTime
    """The time of the change."""
    workspace_id: UUID
    webhook_id: UUID | None = None
    """None for an event of `reconcile`."""
    target_url: str | None = None
    updated_fields: list[str] | None = None
    """For an update: the names of the changed fields."""
    _signed: Signed | None = PrivateAttr(None)

    @property
    def object_name(self) -> str:
        """`company`"""
        return self.object_metadata.name_singular

    @property
    def action(self) -> str:
        """`created`, `updated`, `deleted`, `restored` or `destroyed`."""
        return self.event_name.rpartition(".")[2]

    @property
    def nonce(self) -> str | None:
        """The server's name for this delivery; None without one. It is not signed: see `Signed`."""
        return self._signed.nonce if self._signed is not None else None

    @property
    def sent_at(self) -> datetime | None:
        """The time of sending; None if the delivery was only parsed."""
        return self._signed.sent_at if self._signed is not None else None

    def record_as(self, model: type[R]) -> R:
        """The record as a generated model: `event.record_as(Company)`."""
        try:
            return model.model_validate(self.record)
        except ValidationError as error:
            raise WebhookMalformed(
                f"the record of {_shown(self.event_name)} is no {model.__name__}: {_shown(explained(error, most=1))}."
            ) from None


def parse(body: Body) -> WebhookEvent:
    """The event of a delivery. Call `verify` first, or `receive` for both. Raises `WebhookMalformed`."""
    if not isinstance(body, bytes | bytearray | memoryview):
        raise WebhookMalformed(f"the body must be the bytes as they were received, not {type(body).__name__}.")
    try:
        return WebhookEvent.model_validate_json(bytes(body))
    except ValidationError as error:
        problem = explained(error, most=1)
    raise WebhookMalformed(f"this is not a delivery of a Twenty webhook: {_shown(problem)}.")


def receive(body: Body, headers: Headers, secret: Secrets, *, max_age: float | None = MAX_AGE) -> WebhookEvent:
    """Verifies a delivery, and parses it."""
    return event_of(body, verify(body, headers, secret, max_age=max_age))


def event_of(body: Body, signed: Signed) -> WebhookEvent:
    """The event of a delivery with a valid signature."""
    event = parse(body)
    event._signed = signed
    return event


def _shown(text: str) -> str:
    """The text shortened to one line of a log."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:_LONGEST])
    return shown + "..." if len(text) > _LONGEST else shown
