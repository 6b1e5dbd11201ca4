"""Receives webhooks. For one delivery a call, and no client:

    event = receive(await request.read(), request.headers, secret)

Twenty sends one POST for each record, waits 5 seconds for the response, and does not retry (Twenty, July 2026).
"""

from __future__ import annotations

from aiotwenty.webhooks.errors import (
    ReplayStoreFailed,
    WebhookHandlerFailed,
    WebhookMalformed,
    WebhookRejected,
    WebhookReplayed,
)
from aiotwenty.webhooks.event import EventObject, WebhookEvent, parse, receive
from aiotwenty.webhooks.receiver import WebhookReceiver
from aiotwenty.webhooks.reconcile import Reconciled, missed
from aiotwenty.webhooks.signature import Signed, sign, verify
from aiotwenty.webhooks.store import MemoryStore, ReplayStore, SQLiteStore

__all__ = [
    "EventObject",
    "MemoryStore",
    "Reconciled",
    "ReplayStore",
    "ReplayStoreFailed",
    "SQLiteStore",
    "Signed",
    "WebhookEvent",
    "WebhookHandlerFailed",
    "WebhookMalformed",
    "WebhookReceiver",
    "WebhookRejected",
    "WebhookReplayed",
    "missed",
    "parse",
    "receive",
    "sign",
    "verify",
]
