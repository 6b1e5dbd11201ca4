"""What a receiver of webhooks needs, under its public name."""

from __future__ import annotations

from aiotwenty.workspace.webhooks import EventObject, WebhookEvent, WebhookRejected, parse, receive, sign, verify

__all__ = ["EventObject", "WebhookEvent", "WebhookRejected", "parse", "receive", "sign", "verify"]
