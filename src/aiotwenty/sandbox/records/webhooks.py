"""Delivers webhooks as Twenty does: one POST for each record, signed with the webhook's secret."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Sequence
from typing import Any

import aiohttp

from aiotwenty.sandbox.model.workspace import RegisteredWebhook, SandboxWorkspace, now
from aiotwenty.sandbox.records.events import SandboxEvent

TIMEOUT_SECONDS = 5.0
MAX_CONNECTIONS = 16
_log = logging.getLogger(__name__)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Hex HMAC-SHA256 over `timestamp:body` (Twenty, July 2026)."""
    return hmac.new(secret.encode(), f"{timestamp}:".encode() + body, hashlib.sha256).hexdigest()


def _matches(operations: list[str], object_name: str, action: str) -> bool:
    wanted = {f"{a}.{b}" for a in (object_name, "*") for b in (action, "*")}
    return not wanted.isdisjoint(operations)


class WebhookSender:
    """Sends in the background. The responses of receivers have no effect, as on the real server."""

    def __init__(self, workspace: SandboxWorkspace) -> None:
        self._workspace = workspace
        self._session: aiohttp.ClientSession | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        """Acquired before the timeout of a delivery starts."""

    def wants(self, object_name: str, action: str) -> bool:
        """Whether any webhook listens; otherwise no event is needed."""
        hooks = self._workspace.webhooks.values()
        return any(_matches(hook.operations, object_name, action) for hook in hooks)

    def publish(self, events: Sequence[SandboxEvent]) -> None:
        """Starts the deliveries and returns at once."""
        hooks = list(self._workspace.webhooks.values())
        for event, hook in ((event, hook) for event in events for hook in hooks):
            if _matches(hook.operations, event.object.name_singular, event.action):
                task = asyncio.get_running_loop().create_task(self._deliver(hook, event))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def drain(self) -> None:
        """Waits until everything published so far was delivered or has failed."""
        while self._running:
            await asyncio.gather(*self._running)

    async def aclose(self) -> None:
        """Cancels running deliveries."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _deliver(self, hook: RegisteredWebhook, event: SandboxEvent) -> None:
        body = self._body(hook, event)
        headers = {"Content-Type": "application/json", "User-Agent": "axios/1.16.0"}
        if hook.secret:
            timestamp = str(int(time.time() * 1000))
            headers |= {
                "X-Twenty-Webhook-Timestamp": timestamp,
                "X-Twenty-Webhook-Signature": signature(hook.secret, timestamp, body),
                "X-Twenty-Webhook-Nonce": secrets.token_hex(16),
            }
        try:
            if self._session is None:
                self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
            async with self._slots, self._session.post(hook.target_url, data=body, headers=headers) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("webhook %s was not delivered: %s", hook.id, type(error).__name__)

    def _body(self, hook: RegisteredWebhook, event: SandboxEvent) -> bytes:
        content: dict[str, Any] = {
            "targetUrl": hook.target_url,
            "eventName": f"{event.object.name_singular}.{event.action}",
            "objectMetadata": {"id": event.object.id, "nameSingular": event.object.name_singular},
            "workspaceId": self._workspace.id,
            "webhookId": hook.id,
            "eventDate": now(),
            "record": event.record,
        }
        if event.updated_fields is not None:
            content["updatedFields"] = event.updated_fields
        return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
