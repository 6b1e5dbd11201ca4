"""Whatever a stranger sends to a receiver of webhooks is taken or is `WebhookRejected`: never another exception."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from aiotwenty import InvalidArgument
from aiotwenty.core import Company
from aiotwenty.webhooks import WebhookMalformed, WebhookRejected, parse, receive, sign, verify

SECRET = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
SIGNATURE, TIMESTAMP, NONCE = (f"X-Twenty-Webhook-{name}" for name in ("Signature", "Timestamp", "Nonce"))
DELIVERY: dict[str, Any] = {
    "targetUrl": "https://receiver.example/hook",
    "eventName": "company.updated",
    "objectMetadata": {"id": "119d7554-adef-4728-af12-a063c6368c6f", "nameSingular": "company"},
    "workspaceId": "20202020-1c25-4d02-bf25-6aeccf7ea419",
    "webhookId": "399ee631-2004-4c99-b6c6-0c6f5d799727",
    "eventDate": "2026-11-23T15:26:17.239Z",
    "record": {"id": "c41ce307-facf-4e13-aaf4-6ef288534c09", "name": "Zoë & Søn"},
    "updatedFields": ["name"],
}
BODY = json.dumps(DELIVERY, ensure_ascii=False).encode()


def signed(body: bytes = BODY) -> dict[str, str]:
    timestamp = int(time.time() * 1000)
    return {TIMESTAMP: str(timestamp), SIGNATURE: sign(body, SECRET, timestamp), NONCE: "00" * 16}


# What no header and no file has, and Python's strings may.
LONE = st.text(st.characters(codec=None), max_size=80)
TEXTS = st.one_of(
    LONE, st.binary(max_size=80), st.sampled_from(["", "٣", "1e3", "+1", "-1", "1_0", "NaN", " 1", "1\n"])
)
STAMPS = st.one_of(TEXTS, st.integers(-(10**20), 10**20).map(str), st.integers(0, 9).map(lambda n: str(n) * 5000))
VALUES = st.one_of(TEXTS, st.none(), st.integers(), st.lists(LONE, max_size=2), st.floats())
NAMES = st.one_of(st.sampled_from([SIGNATURE, TIMESTAMP, NONCE, SIGNATURE.lower(), TIMESTAMP.encode()]), TEXTS)
HEADERS = st.one_of(
    st.none(),
    st.dictionaries(NAMES, VALUES, max_size=6),
    st.lists(st.tuples(NAMES, VALUES), max_size=8),
    st.fixed_dictionaries({SIGNATURE: TEXTS, TIMESTAMP: STAMPS}),
    st.builds(lambda more: [*signed().items(), *more], st.lists(st.tuples(NAMES, VALUES), max_size=3)),
    st.builds(lambda more: {**signed(), **more}, st.dictionaries(NAMES, VALUES, max_size=3)),
)
BODIES = st.one_of(
    st.binary(max_size=200),
    LONE,
    st.none(),
    st.integers(),
    st.sampled_from([BODY, bytearray(BODY), memoryview(BODY), memoryview(BODY + BODY)[::2], BODY.decode()]),
)


def in_one_line(error: WebhookRejected) -> bool:
    """Fit for a log, and without the secret."""
    return str(error).isprintable() and len(str(error)) < 600 and SECRET not in str(error)


@given(BODIES, HEADERS)
def test_forged_headers_and_bodies_are_rejected_and_nothing_else(body: Any, headers: Any) -> None:
    try:
        event = receive(body, headers, [SecretStr("the old one"), SECRET])
    except WebhookRejected as error:
        told: WebhookRejected | None = error
    else:
        told = None
        assert bytes(body) == BODY
        assert event.record["name"] == "Zoë & Søn"
    assert told is None or in_one_line(told)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=20), inner, max_size=4)),
    max_leaves=20,
)
DELIVERIES = st.builds(lambda changed: {**DELIVERY, **changed}, st.dictionaries(st.sampled_from([*DELIVERY]), JSON))
DOCUMENTS = st.one_of(
    st.binary(max_size=300),
    st.one_of(JSON, DELIVERIES).map(lambda value: json.dumps(value).encode()),
    st.builds(
        lambda at, put: BODY[:at] + put + BODY[at:], st.integers(0, len(BODY)), st.binary(min_size=1, max_size=9)
    ),
    st.builds(lambda at: BODY[:at], st.integers(0, len(BODY))),
)


def refusal_of(body: bytes) -> WebhookRejected | None:
    """Why it is refused, its signature being right; None if it is taken."""
    try:
        event = receive(body, signed(body), SECRET)
        assert isinstance(event.object_name + event.action, str)
        event.record_as(Company)
    except WebhookMalformed as error:
        return error
    return None


@given(DOCUMENTS)
def test_a_signed_body_that_is_no_delivery_is_malformed_and_nothing_else(body: bytes) -> None:
    refusal = refusal_of(body)
    assert refusal is None or in_one_line(refusal)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        BODY.replace(b'"name": "', b'"name": ' + b"[" * 100_000 + b"]" * 100_000 + b', "b": "'),
        b"null",
        b"3",
        b'"text"',
        b"[]",
        b"\xff\xfe{}",
        BODY.replace(b"Zo", b"\xed\xa0\x80"),
        BODY.replace(b"Zo", b"\\ud800"),
        BODY.replace(b'"name"', b'"n\x00ame"'),
        BODY.replace(b'"2026-11-23T15:26:17.239Z"', b"1" * 5000),
        BODY.replace(b'"2026-11-23T15:26:17.239Z"', b'"999999999-01-01T00:00:00Z"'),
        BODY.replace(b'{"id": "c41', b'["id"] {"c41'),
    ],
    ids=range(14),
)
def test_what_breaks_readers_of_json_is_malformed(body: bytes) -> None:
    with pytest.raises(WebhookMalformed):
        receive(body, signed(body), SECRET)


def test_a_number_of_five_thousand_digits_harms_nothing() -> None:
    refusal = refusal_of(BODY.replace(b'"Zo', b"1" * 5000 + b', "b": "Zo'))
    assert refusal is not None
    assert in_one_line(refusal)


@pytest.mark.parametrize("body", [bytearray(BODY), memoryview(BODY), memoryview(BODY + BODY)[: len(BODY)]])
def test_bytes_of_every_kind_are_taken(body: bytes) -> None:
    assert receive(body, signed(), SECRET).event_name == "company.updated"


def test_a_text_is_not_what_was_signed() -> None:
    with pytest.raises(WebhookRejected, match="must be the bytes as they were received, not str"):
        receive(BODY.decode(), signed(), SECRET)  # type: ignore[arg-type]
    with pytest.raises(WebhookRejected, match="must be the bytes as they were received, not str"):
        parse(BODY.decode())  # type: ignore[arg-type]


def test_headers_may_be_the_bytes_of_asgi() -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in signed().items()]
    assert verify(BODY, pairs, SECRET).nonce == "00" * 16
    assert verify(BODY, dict(pairs), SECRET).milliseconds == int(dict(pairs)[TIMESTAMP.lower().encode()])


def test_a_header_that_is_there_twice_is_refused_even_if_both_are_equal() -> None:
    with pytest.raises(WebhookRejected, match="there are two X-Twenty-Webhook-Signature headers"):
        verify(BODY, [*signed().items(), (SIGNATURE.lower(), signed()[SIGNATURE])], SECRET)


@pytest.mark.parametrize("max_age", [float("nan"), float("inf"), float("-inf"), -1, 0, 10**400, "300", True, [1]])
def test_a_max_age_that_is_none_is_the_programs_own_mistake(max_age: Any) -> None:
    with pytest.raises(InvalidArgument, match="max_age must be a number of seconds"):
        verify(BODY, signed(), SECRET, max_age=max_age)


@pytest.mark.parametrize(
    "secret", [None, 5, b"secret", [b"secret"], "\ud800", ["good", "\ud800"], [None], [], SecretStr("")]
)
def test_a_secret_that_is_none_is_the_programs_own_mistake(secret: Any) -> None:
    with pytest.raises(InvalidArgument) as refused:
        verify(BODY, signed(), secret)
    assert "\ud800" not in repr(refused.value)


def test_the_nonce_and_the_time_of_a_delivery_are_told() -> None:
    headers = signed()
    event = receive(BODY, headers, SECRET)
    assert event.nonce == "00" * 16
    assert event.sent_at is not None
    assert event.sent_at.timestamp() == int(headers[TIMESTAMP]) / 1000
    assert (parse(BODY).nonce, parse(BODY).sent_at) == (None, None)


def test_a_nonce_in_the_body_is_not_the_deliverys() -> None:
    body = BODY.replace(b"{", b'{"nonce": "mine", "_signed": 1, ', 1)
    assert receive(body, signed(body), SECRET).nonce == "00" * 16
