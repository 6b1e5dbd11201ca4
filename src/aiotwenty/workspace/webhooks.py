"""The webhooks of a workspace. `aiotwenty.webhooks` reads the deliveries."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field, SecretStr

from aiotwenty.errors import InvalidArgument, NotFoundError, TwentyError
from aiotwenty.graphql.models import UUID, DateTime, Record
from aiotwenty.records.settling import look_after
from aiotwenty.workspace.settled_changes import removed
from aiotwenty.workspace.webhook_operations import check_operation

if TYPE_CHECKING:
    from aiotwenty.workspace.served_schema import ServedSchema


class Webhook(Record):
    """A webhook of the workspace."""

    id: UUID
    target_url: str
    operations: list[str] = Field(default_factory=list)
    """`company.created`, `company.*`, `*.deleted`, `*.*`"""
    description: str | None = None
    secret: SecretStr | None = None
    """The secret that signs the deliveries; hidden when printed (`.secret.get_secret_value()`)."""
    created_at: DateTime | None = None
    updated_at: DateTime | None = None


_WEBHOOK: dict[str, None] = dict.fromkeys(
    ("id", "targetUrl", "operations", "description", "secret", "createdAt", "updatedAt")
)


class Webhooks:
    """The webhooks of a workspace (`twenty.workspace.webhooks`). Works with servers old and new."""

    def __init__(self, served: ServedSchema) -> None:
        self._served = served

    async def list(self) -> list[Webhook]:
        """All webhooks."""
        answers = await self._served.call("query", "webhooks", select=_WEBHOOK)
        return [Webhook.model_validate(answer) for answer in answers]

    async def get(self, id: UUID | str) -> Webhook:
        """A webhook. Raises `NotFoundError`."""
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
        """Creates a webhook. Without a `secret`, a random one is used: 64 hex digits, as newer servers do."""
        values: dict[str, Any] = {"targetUrl": target_url, "operations": _checked(operations)}
        if description is not None:
            values["description"] = description
        values["secret"] = _plain(secret) if secret is not None else secrets.token_hex(32)
        try:
            answer = await self._served.call("mutation", "createWebhook", values, select=_WEBHOOK)
        except TwentyError as error:
            if not error.outcome_unknown:
                raise
            error.look = f"look for a webhook to {target_url}"
            # No other client can have a random secret that was made here.
            for webhook in await look_after(error, self.list()) if secret is None else ():
                if webhook.secret is not None and webhook.secret.get_secret_value() == values["secret"]:
                    return webhook
            raise
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
        """Changes the attributes that are passed."""
        before = await self.get(id)
        # Older servers require all attributes, so those that aren't passed are repeated.
        values = {
            "id": str(id),
            "targetUrl": before.target_url if target_url is None else target_url,
            "operations": before.operations if operations is None else _checked(operations),
            "description": before.description if description is None else description,
        }
        kept = before.secret if secret is None else secret
        if kept is not None:
            values["secret"] = _plain(kept)
        changed = await self._served.call("mutation", "updateWebhook", values, select=_WEBHOOK)
        return Webhook.model_validate(changed)

    async def delete(self, id: UUID | str) -> None:
        """Removes a webhook."""

        async def is_gone() -> bool:
            return all(str(webhook.id) != str(id) for webhook in await self.list())

        await removed(
            partial(self._served.call, "mutation", "deleteWebhook", {"id": str(id)}, select={"id": None}), is_gone
        )


def _checked(operations: Sequence[str]) -> list[str]:
    """The operations. Raises `InvalidArgument` for unknown ones, which the server accepts (Twenty, July 2026)."""
    if isinstance(operations, str) or not operations:
        raise InvalidArgument('operations must be a list of at least one: ["company.created"].')
    return [check_operation(operation) for operation in operations]


def _plain(secret: str | SecretStr) -> str:
    return secret.get_secret_value() if isinstance(secret, SecretStr) else secret
