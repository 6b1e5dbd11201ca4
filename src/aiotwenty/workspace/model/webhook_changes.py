"""Changes the webhooks of a workspace. The server creates secrets for new webhooks; others keep theirs."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiotwenty.workspace.model.beside import WebhookDefinition
from aiotwenty.workspace.model.hanging import Hanging
from aiotwenty.workspace.model.state import State
from aiotwenty.workspace.webhooks import Webhook, Webhooks


class WebhookChanges(Hanging[WebhookDefinition]):
    """Webhooks, identified by their addresses."""

    part = "webhooks"
    kind = "webhook"

    def __init__(self, webhooks: Webhooks) -> None:
        super().__init__()
        self._webhooks = webhooks
        self._by_path: dict[str, Webhook] = {}

    async def read(self, state: State) -> None:
        listed = sorted(await self._webhooks.list(), key=lambda hook: (hook.target_url, *sorted(hook.operations)))
        written = [hook for hook in listed if not _has_password(hook.target_url)]
        if hidden := len(listed) - len(written):
            self.notes.append(f"{hidden} webhooks have a password in their address: they are in no file.")
        definitions = {id(definition := _define(hook)): (definition, hook) for hook in written}
        self.there = self.by_path([definition for definition, _ in definitions.values()])
        self._by_path = {path: definitions[id(definition)][1] for path, definition in self.there.items()}

    def key(self, definition: WebhookDefinition) -> str:
        return definition.target_url

    async def create(self, wanted: WebhookDefinition, state: State) -> None:
        await self._webhooks.create(wanted.target_url, wanted.operations, description=wanted.description)

    async def update(self, path: str, wanted: WebhookDefinition, state: State) -> None:
        await self._webhooks.update(
            self._by_path[path].id, operations=wanted.operations, description=wanted.description or ""
        )

    async def destroy(self, path: str) -> None:
        await self._webhooks.delete(self._by_path[path].id)


def _define(hook: Webhook) -> WebhookDefinition:
    return WebhookDefinition(
        target_url=hook.target_url,
        operations=tuple(sorted(hook.operations)) or ("*.*",),
        description=hook.description or None,
    )


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return False
