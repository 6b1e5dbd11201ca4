"""Deliveries of webhooks: which are believed, and what they say."""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
import time
from typing import Any

import pytest
from pydantic import SecretStr

from aiotwenty.graphql.models import Record
from aiotwenty.webhooks import WebhookRejected, parse, receive, sign, verify

SECRET = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
DELIVERY: dict[str, Any] = {
    "targetUrl": "https://receiver.example/hook",
    "eventName": "company.updated",
    "objectMetadata": {"id": "119d7554-adef-4728-af12-a063c6368c6f", "nameSingular": "company"},
    "workspaceId": "20202020-1c25-4d02-bf25-6aeccf7ea419",
    "webhookId": "399ee631-2004-4c99-b6c6-0c6f5d799727",
    "eventDate": "2026-11-23T15:26:17.239Z",
    "record": {"id": "c41ce307-facf-4e13-aaf4-6ef288534c09", "name": "Zoë & Søn", "employees": 12},
    "updatedFields": ["name"],
    "somethingNew": {"of": "tomorrow"},
}
BODY = json.dumps(DELIVERY, ensure_ascii=False).encode()


def headers(body: bytes = BODY, *, secret: str = SECRET, age: float = 0) -> dict[str, str]:
    timestamp = str(int((time.time() - age) * 1000))
    signature = hmac.new(secret.encode(), timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "X-Twenty-Webhook-Timestamp": timestamp,
        "X-Twenty-Webhook-Signature": signature,
        "X-Twenty-Webhook-Nonce": "00112233445566778899aabbccddeeff",
    }


def test_a_signed_delivery_is_believed_and_read() -> None:
    event = receive(BODY, headers(), SECRET)
    assert (event.object_name, event.action, event.updated_fields) == ("company", "updated", ["name"])
    assert event.record["name"] == "Zoë & Søn"
    assert event.event_date.tzinfo is not None


def test_header_names_may_have_any_case() -> None:
    verify(BODY, {name.lower(): value for name, value in headers().items()}, SECRET)


def test_a_secret_may_be_hidden_and_there_may_be_two_while_one_is_replaced() -> None:
    verify(BODY, headers(), [SecretStr("the old one"), SecretStr(SECRET)])


def test_sign_makes_what_verify_takes() -> None:
    now = int(time.time() * 1000)
    signed = {"X-Twenty-Webhook-Timestamp": str(now), "X-Twenty-Webhook-Signature": sign(BODY, SECRET, now)}
    verify(BODY, signed, SECRET)


@pytest.mark.parametrize(
    ("body", "sent", "reason"),
    [
        (BODY + b" ", headers(), "does not match"),
        (BODY, headers(secret="another"), "does not match"),
        (BODY, {**headers(), "X-Twenty-Webhook-Signature": "é"}, "does not match"),
        (BODY, {**headers(), "X-Twenty-Webhook-Signature": ""}, "does not match"),
        (BODY, {**headers(), "X-Twenty-Webhook-Timestamp": "yesterday"}, "not a number of milliseconds"),
        (BODY, {**headers(), "X-Twenty-Webhook-Timestamp": "٣"}, "not a number of milliseconds"),
        (BODY, headers(age=4000), r"\d+ s old; 300 s are allowed"),
        (BODY, headers(age=-4000), "in the future"),
        (BODY, {}, "there is no X-Twenty-Webhook-Signature header"),
        (BODY, {"X-Twenty-Webhook-Signature": "ab"}, "there is no X-Twenty-Webhook-Timestamp header"),
    ],
)
def test_a_delivery_that_is_not_to_be_trusted_is_rejected_with_the_reason(
    body: bytes, sent: dict[str, str], reason: str
) -> None:
    with pytest.raises(WebhookRejected, match=reason) as rejected:
        verify(body, sent, SECRET)
    assert SECRET not in str(rejected.value)
    assert isinstance(pickle.loads(pickle.dumps(rejected.value)), WebhookRejected)


def test_any_age_is_taken_when_asked_for() -> None:
    verify(BODY, headers(age=86_400), SECRET, max_age=None)


@pytest.mark.parametrize("secret", ["", [], [SECRET, ""]])
def test_an_empty_secret_is_refused_because_anybody_could_sign_with_it(secret: str | list[str]) -> None:
    with pytest.raises(ValueError, match="needs the webhook's secret"):
        verify(BODY, headers(secret=""), secret)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not a delivery"),
        (b"[]", "not a delivery"),
        (b'{"eventName":"company.created"}', "objectMetadata"),
        (BODY.replace(b"2026-11-23T15:26:17.239Z", b"soon"), "eventDate"),
    ],
)
def test_what_is_no_delivery_is_rejected_with_the_place(body: bytes, reason: str) -> None:
    with pytest.raises(WebhookRejected, match=reason):
        parse(body)


def test_a_record_is_read_as_a_model() -> None:
    class Company(Record):
        id: str
        name: str | None = None

    assert parse(BODY).record_as(Company).name == "Zoë & Søn"


def test_a_record_that_does_not_fit_the_model_names_the_field() -> None:
    class Company(Record):
        domain_name: str

    with pytest.raises(WebhookRejected, match=r"company\.updated is no Company: domainName"):
        parse(BODY).record_as(Company)
