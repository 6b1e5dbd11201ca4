"""Deliveries as Twenty sends them, signed."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from aiotwenty.webhooks import sign

SECRET = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
ACTOR = {"source": "API", "name": "a key", "workspaceMemberId": None, "context": None}


def company(**values: Any) -> dict[str, Any]:
    """A record of a company, all that its model needs."""
    now = datetime.now(UTC).isoformat()
    plain = dict.fromkeys(
        ("accountOwnerId", "address", "annualRevenue", "domainName", "linkedinLink", "deletedAt", "searchVector")
    )
    return {
        "id": str(uuid.uuid4()),
        "name": "Air",
        "position": 1,
        "createdAt": now,
        "updatedAt": now,
        "createdBy": ACTOR,
        "updatedBy": ACTOR,
        **plain,
        **values,
    }


def delivery(name: str = "company.created", record: dict[str, Any] | None = None, **more: Any) -> bytes:
    """The body of a delivery of that event."""
    content = {
        "targetUrl": "https://receiver.example/hook",
        "eventName": name,
        "objectMetadata": {"id": "119d7554-adef-4728-af12-a063c6368c6f", "nameSingular": name.partition(".")[0]},
        "workspaceId": "20202020-1c25-4d02-bf25-6aeccf7ea419",
        "webhookId": "399ee631-2004-4c99-b6c6-0c6f5d799727",
        "eventDate": datetime.now(UTC).isoformat(),
        "record": company() if record is None else record,
        **more,
    }
    return json.dumps(content, ensure_ascii=False).encode()


def signed(body: bytes, *, secret: str = SECRET, age: float = 0) -> dict[str, str]:
    """The headers of a delivery that was sent `age` seconds ago."""
    milliseconds = int((time.time() - age) * 1000)
    return {
        "X-Twenty-Webhook-Timestamp": str(milliseconds),
        "X-Twenty-Webhook-Signature": sign(body, secret, milliseconds),
        "X-Twenty-Webhook-Nonce": secrets.token_hex(16),
    }
