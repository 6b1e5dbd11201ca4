"""Webhooks: who sent a delivery, what it says, and which webhooks the workspace has.

A receiver needs one call and no client:

    event = receive(await request.read(), request.headers, secret)

Twenty sends one POST for each record, waits 5 seconds for the answer, and does not try again (Twenty, July 2026).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field, JsonValue, SecretStr, ValidationError

from aiotwenty.errors import InvalidArgument, NotFoundError, TwentyError
from aiotwenty.graphql.models import UUID, DateTime, Record
from aiotwenty.graphql.problems import explained

if TYPE_CHECKING:
    from aiotwenty.workspace.served_schema import ServedSchema

SIGNATURE_HEADER = "X-Twenty-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twenty-Webhook-Timestamp"
MAX_AGE = 300.0
"""Seconds that a delivery stays good: enough for clocks that differ, too few to play an old one again."""

R = TypeVar("R", bound=Record)
_MILLISECONDS = re.compile(r"[0-9]{1,15}")


class WebhookRejected(TwentyError, ValueError):  # noqa: N818
    """A delivery that is not to be trusted or not understood. Answer 400 or 401 and do nothing else with it."""


class EventObject(Record):
    """The object whose record changed."""

    id: UUID
    name_singular: str


class WebhookEvent(Record):
    """One change of one record."""

    event_name: str
    """`company.created`, `company.updated`, `company.deleted` (softly), `company.destroyed`, …"""
    object_metadata: EventObject
    record: dict[str, JsonValue]
    """The record as Twenty sent it, names in camelCase."""
    event_date: DateTime
    workspace_id: UUID
    webhook_id: UUID
    target_url: str | None = None
    updated_fields: list[str] | None = None
    """Of an update: the names of the fields that changed."""

    @property
    def object_name(self) -> str:
        """`company`"""
        return self.object_metadata.name_singular

    @property
    def action(self) -> str:
        """`created`, `updated`, `deleted`, `destroyed`, `restored` or `upserted`."""
        return self.event_name.rpartition(".")[2]

    def record_as(self, model: type[R]) -> R:
        """The record as a generated model: `event.record_as(Company)`."""
        try:
            return model.model_validate(self.record)
        except ValidationError as error:
            raise WebhookRejected(
                f"The record of {self.event_name} is no {model.__name__}: {explained(error, most=1)}"
            ) from None


def sign(body: bytes, secret: str | SecretStr, timestamp: int) -> str:
    """The signature of a body sent at `timestamp` (milliseconds since 1970): for tests of a receiver."""
    return hmac.new(_plain(secret).encode(), b"%d:%b" % (timestamp, body), hashlib.sha256).hexdigest()


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | SecretStr | Sequence[str | SecretStr],
    *,
    max_age: float | None = MAX_AGE,
) -> None:
    """Return if the delivery was signed with the secret less than `max_age` seconds ago, else raise `WebhookRejected`.

    `body` are the bytes as received: JSON that was parsed and written again has another signature. Several secrets may
    be given while one is being replaced. `max_age=None` takes any age: whoever saw a delivery can then send it again.
    """
    accepted = [secret] if isinstance(secret, str | SecretStr) else list(secret)
    if not accepted or not all(_plain(key) for key in accepted):
        raise InvalidArgument("verify() needs the webhook's secret: with an empty one anybody can sign.")
    signature, timestamp = _header(headers, SIGNATURE_HEADER), _header(headers, TIMESTAMP_HEADER)
    if not _MILLISECONDS.fullmatch(timestamp):
        raise WebhookRejected(f"the {TIMESTAMP_HEADER} header is no number of milliseconds.")
    sent = int(timestamp)
    if not any(hmac.compare_digest(sign(body, key, sent).encode(), signature.encode()) for key in accepted):
        raise WebhookRejected("the signature does not fit: another secret, or a body that was changed on the way.")
    age = time.time() - sent / 1000
    if max_age is not None and abs(age) > max_age:
        way = f"{age:.0f} s old" if age > 0 else f"{-age:.0f} s in the future: compare the clocks"
        raise WebhookRejected(f"the delivery is {way}; {max_age:.0f} s are allowed.")


def parse(body: bytes) -> WebhookEvent:
    """What a delivery says. Call `verify` first, or `receive` for both."""
    try:
        return WebhookEvent.model_validate_json(body)
    except ValidationError as error:
        raise WebhookRejected(f"This is no delivery of a Twenty webhook: {explained(error, most=1)}") from None


def receive(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | SecretStr | Sequence[str | SecretStr],
    *,
    max_age: float | None = MAX_AGE,
) -> WebhookEvent:
    """Verify a delivery, then parse it."""
    verify(body, headers, secret, max_age=max_age)
    return parse(body)


class Webhook(Record):
    """A webhook of the workspace."""

    id: UUID
    target_url: str
    operations: list[str] = Field(default_factory=list)
    """`company.created`, `company.*`, `*.deleted`, `*.*`"""
    description: str | None = None
    secret: SecretStr | None = None
    """What its deliveries are signed with; hidden when printed (`.secret.get_secret_value()`)."""
    created_at: DateTime | None = None
    updated_at: DateTime | None = None


_WEBHOOK: dict[str, None] = dict.fromkeys(
    ("id", "targetUrl", "operations", "description", "secret", "createdAt", "updatedAt")
)


class Webhooks:
    """The webhooks of a workspace (`twenty.workspace.webhooks`), on servers old and new, whose arguments differ."""

    def __init__(self, served: ServedSchema) -> None:
        self._served = served

    async def list(self) -> list[Webhook]:
        """All of them."""
        answers = await self._served.call("query", "webhooks", select=_WEBHOOK)
        return [Webhook.model_validate(answer) for answer in answers]

    async def get(self, id: UUID | str) -> Webhook:
        """One webhook; `NotFoundError` if there is none."""
        answer = await self._served.call("query", "webhook", {"id": str(id)}, select=_WEBHOOK)
        if answer is None:
            raise NotFoundError(f"there is no webhook {id}.", operation="webhook")
        return Webhook.model_validate(answer)

    async def create(
        self,
        target_url: str,
        operations: Sequence[str] = ("*.*",),
        *,
        description: str | None = None,
        secret: str | SecretStr | None = None,
    ) -> Webhook:
        """Make a webhook. Without a `secret` one is made up: 64 hex digits, as newer servers do by themselves."""
        values: dict[str, Any] = {"targetUrl": target_url, "operations": [*operations]}
        if description is not None:
            values["description"] = description
        values["secret"] = _plain(secret) if secret is not None else secrets.token_hex(32)
        answer = await self._served.call("mutation", "createWebhook", values, select=_WEBHOOK)
        return Webhook.model_validate(answer)

    async def update(
        self,
        id: UUID | str,
        *,
        target_url: str | None = None,
        operations: Sequence[str] | None = None,
        description: str | None = None,
        secret: str | SecretStr | None = None,
    ) -> Webhook:
        """Change what is given and leave the rest."""
        before = await self.get(id)
        # Older servers take all of it anew; what isn't given has to be repeated for them.
        values = {
            "id": str(id),
            "targetUrl": before.target_url if target_url is None else target_url,
            "operations": [*(before.operations if operations is None else operations)],
            "description": before.description if description is None else description,
        }
        kept = before.secret if secret is None else secret
        if kept is not None:
            values["secret"] = _plain(kept)
        changed = await self._served.call("mutation", "updateWebhook", values, select=_WEBHOOK)
        return Webhook.model_validate(changed)

    async def delete(self, id: UUID | str) -> None:
        """Remove a webhook."""
        await self._served.call("mutation", "deleteWebhook", {"id": str(id)}, select={"id": None})


def _plain(secret: str | SecretStr) -> str:
    return secret.get_secret_value() if isinstance(secret, SecretStr) else secret


def _header(headers: Mapping[str, str], name: str) -> str:
    for key, value in headers.items():
        if key.lower() == name.lower():
            return value
    raise WebhookRejected(
        f"There is no {name} header: not from Twenty, or from a webhook with an empty secret (those are not signed)"
    )
