"""Webhooks are delivered as the real server delivers them."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web
from multidict import CIMultiDictProxy

from aiotwenty.sandbox.model.workspace import RegisteredWebhook, SandboxWorkspace
from aiotwenty.sandbox.records.events import SandboxEvent
from aiotwenty.sandbox.records.store import open_database
from aiotwenty.sandbox.records.webhooks import WebhookSender

SECRET = "whisper"


@dataclass
class Delivery:
    headers: CIMultiDictProxy[str]
    body: bytes


class Receiver:
    """A real HTTP server that keeps what is posted to it."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.status = 200
        self.url = ""

    async def receive(self, request: web.Request) -> web.Response:
        self.deliveries.append(Delivery(request.headers, await request.read()))
        return web.Response(status=self.status)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/hook"
    yield receiver
    await runner.cleanup()


@pytest.fixture
def workspace() -> SandboxWorkspace:
    return SandboxWorkspace(open_database(None))


@pytest.fixture
async def sender(workspace: SandboxWorkspace) -> AsyncIterator[WebhookSender]:
    sender = WebhookSender(workspace)
    yield sender
    await sender.aclose()


def listen(workspace: SandboxWorkspace, url: str, *operations: str, secret: str = SECRET) -> None:
    hook = RegisteredWebhook(
        id=f"hook-{len(workspace.webhooks)}", target_url=url, operations=[*operations], secret=secret
    )
    workspace.webhooks[hook.id] = hook


def event(workspace: SandboxWorkspace, action: str = "created", name: str = "company") -> SandboxEvent:
    return SandboxEvent(workspace.model.objects[name], action, {"id": "1", "name": "Ærø"})


async def test_a_delivery_is_signed_over_its_timestamp_and_raw_body(
    workspace: SandboxWorkspace, sender: WebhookSender, receiver: Receiver
) -> None:
    listen(workspace, receiver.url, "company.created")
    sender.publish([event(workspace)])
    await sender.drain()

    [delivery] = receiver.deliveries
    signed = delivery.headers["X-Twenty-Webhook-Timestamp"].encode() + b":" + delivery.body
    assert delivery.headers["X-Twenty-Webhook-Signature"] == hmac.digest(SECRET.encode(), signed, hashlib.sha256).hex()
    assert len(bytes.fromhex(delivery.headers["X-Twenty-Webhook-Nonce"])) == 16


async def test_a_delivery_says_what_happened_to_which_record(
    workspace: SandboxWorkspace, sender: WebhookSender, receiver: Receiver
) -> None:
    listen(workspace, receiver.url, "*.*")
    sender.publish([SandboxEvent(workspace.model.objects["company"], "updated", {"id": "1"}, ["name"])])
    await sender.drain()

    body = json.loads(receiver.deliveries[0].body)
    assert body["eventName"] == "company.updated"
    assert body["objectMetadata"] == {"id": workspace.model.objects["company"].id, "nameSingular": "company"}
    assert body["record"] == {"id": "1"}
    assert body["updatedFields"] == ["name"]
    assert {"targetUrl", "workspaceId", "webhookId", "eventDate"} < body.keys()


@pytest.mark.parametrize(
    ("operation", "delivered"),
    [
        ("company.created", True),
        ("*.created", True),
        ("company.*", True),
        ("*.*", True),
        ("company.updated", False),
        ("person.created", False),
        ("person.*", False),
    ],
)
async def test_only_what_was_subscribed_to_is_delivered(
    workspace: SandboxWorkspace, sender: WebhookSender, receiver: Receiver, operation: str, delivered: bool
) -> None:
    listen(workspace, receiver.url, operation)
    sender.publish([event(workspace)])
    await sender.drain()

    assert len(receiver.deliveries) == delivered
    assert sender.wants("company", "created") is delivered


async def test_without_a_secret_nothing_is_signed(
    workspace: SandboxWorkspace, sender: WebhookSender, receiver: Receiver
) -> None:
    listen(workspace, receiver.url, "*.*", secret="")
    sender.publish([event(workspace)])
    await sender.drain()

    assert not [name for name in receiver.deliveries[0].headers if name.startswith("X-Twenty-Webhook")]


async def test_a_receiver_that_fails_disturbs_nothing(
    workspace: SandboxWorkspace, sender: WebhookSender, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 500
    listen(workspace, "http://127.0.0.1:1/", "*.*")
    listen(workspace, receiver.url, "*.*")
    with caplog.at_level(logging.WARNING):
        sender.publish([event(workspace)])
        await sender.drain()

    assert len(receiver.deliveries) == 1
    assert "hook-0 was not delivered" in caplog.text
    assert SECRET not in caplog.text
