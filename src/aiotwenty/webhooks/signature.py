"""Verifies the sender and time of a delivery: its headers, and the signature over time and body.

A stranger's request either passes or raises `WebhookRejected`; the program's own mistakes (in secrets or `max_age`)
raise `InvalidArgument`. Nothing else is raised.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from pydantic import SecretStr

from aiotwenty.errors import InvalidArgument
from aiotwenty.webhooks.errors import WebhookRejected

SIGNATURE_HEADER = "X-Twenty-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twenty-Webhook-Timestamp"
NONCE_HEADER = "X-Twenty-Webhook-Nonce"
MAX_AGE = 300.0
"""The seconds for which a delivery is valid: enough for clocks that differ, and too few for a later replay."""

Body: TypeAlias = bytes | bytearray | memoryview
Headers: TypeAlias = (
    Mapping[str, str] | Mapping[bytes, bytes] | Iterable[tuple[bytes, bytes]] | Iterable[tuple[str, str]]
)
"""Headers of any framework: a mapping, or pairs as in ASGI; texts or bytes."""
Secret: TypeAlias = str | SecretStr
Secrets: TypeAlias = Secret | Sequence[Secret]

_HEADERS = {name.lower(): name for name in (SIGNATURE_HEADER, TIMESTAMP_HEADER, NONCE_HEADER)}
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_MILLISECONDS = re.compile(r"[0-9]{1,14}")
_NONCE = re.compile(r"[!-~]{1,128}")
_LONGEST_AGE = 1e9


@dataclass(frozen=True, slots=True)
class Signed:
    """The headers of a delivery whose signature is valid."""

    signature: str
    """The signature over time and body; no two deliveries have the same."""
    milliseconds: int
    """Milliseconds from 1970 to the sending. Signed."""
    nonce: str | None
    """The server's name for this delivery, 32 hex digits. Not signed: a replayed delivery can have another."""

    @property
    def sent_at(self) -> datetime:
        return datetime.fromtimestamp(self.milliseconds / 1000, UTC)


def sign(body: Body, secret: Secret, timestamp: int) -> str:
    """The signature of a body sent at `timestamp` (milliseconds since 1970): for tests of a receiver."""
    return _signature(_key(secret), str(timestamp), bytes(body))


def verify(body: Body, headers: Headers, secret: Secrets, *, max_age: float | None = MAX_AGE) -> Signed:
    """Raises `WebhookRejected` unless the delivery was signed with the secret less than `max_age` seconds ago.

    `body` are the bytes as received: JSON that was parsed and written again has another signature. Pass several secrets
    while one is being replaced. `max_age=None` accepts any age: whoever saw a delivery can then send it again.
    """
    return check(body, headers, keys_of(secret), age_of(max_age))


def keys_of(secret: Secrets) -> tuple[bytes, ...]:
    """The keys of one or several secrets. Raises `InvalidArgument`, which does not repeat them."""
    if isinstance(secret, str | SecretStr):
        return (_key(secret),)
    if not isinstance(secret, Iterable) or isinstance(secret, bytes | bytearray | memoryview):
        raise InvalidArgument(f"the webhook's secret is a text or a list of texts, not {type(secret).__name__}.")
    keys = tuple(map(_key, secret))
    if not keys:
        raise InvalidArgument("verify() needs the webhook's secret.")
    return keys


def age_of(max_age: float | None) -> float | None:
    """`max_age`. Raises `InvalidArgument` for invalid numbers: with NaN, for instance, any age would be accepted."""
    if max_age is None:
        return None
    if isinstance(max_age, bool) or not isinstance(max_age, int | float) or not 0 < max_age <= _LONGEST_AGE:
        raise InvalidArgument("max_age must be a number of seconds above 0, or None for any age.")
    return max_age


def check(body: Body, headers: Headers, keys: Sequence[bytes], max_age: float | None) -> Signed:
    """`verify` with the keys of the secrets."""
    if not isinstance(body, bytes | bytearray | memoryview):
        raise WebhookRejected(
            f"the body must be the bytes as they were received, not {type(body).__name__}, which were signed."
        )
    read = _read(headers)
    signature, timestamp = _wanted(read, SIGNATURE_HEADER), _wanted(read, TIMESTAMP_HEADER)
    if not _MILLISECONDS.fullmatch(timestamp):
        raise WebhookRejected(f"the {TIMESTAMP_HEADER} header is not a number of milliseconds.")
    shaped = _SIGNATURE.fullmatch(signature) is not None
    # Every secret is compared, so that the time taken doesn't tell which one matches.
    fits = [hmac.compare_digest(_signature(key, timestamp, bytes(body)), signature) for key in keys if shaped]
    if not any(fits):
        raise WebhookRejected("the signature does not match: the secret differs, or the body was changed.")
    sent = int(timestamp)
    age = time.time() - sent / 1000
    if max_age is not None and abs(age) > max_age:
        way = f"{age:.0f} s old" if age > 0 else f"{-age:.0f} s in the future: compare the clocks"
        raise WebhookRejected(f"the delivery is {way}; {max_age:.0f} s are allowed.")
    nonce = read.get(NONCE_HEADER)
    if nonce is not None and not _NONCE.fullmatch(nonce):
        raise WebhookRejected(f"the {NONCE_HEADER} header is not a nonce.")
    return Signed(signature, sent, nonce)


def _signature(key: bytes, timestamp: str, body: bytes) -> str:
    return hmac.digest(key, b"%b:%b" % (timestamp.encode(), body), "sha256").hex()


def _key(secret: Secret) -> bytes:
    text = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    if not isinstance(text, str):
        raise InvalidArgument(f"the webhook's secret is a text, not {type(text).__name__}.")
    if not text:
        raise InvalidArgument("verify() needs the webhook's secret: it must not be empty.")
    try:
        return text.encode()
    except UnicodeEncodeError:
        pass
    # Raised here, because the other error holds the secret.
    raise InvalidArgument("the webhook's secret contains a lone surrogate: copy it again.")


def _read(headers: Headers) -> dict[str, str]:
    """The headers of Twenty in the request."""
    items: Any = getattr(headers, "items", None)
    pairs: Any = items() if callable(items) else headers
    if pairs is None:
        return {}
    if isinstance(pairs, str | bytes) or not isinstance(pairs, Iterable):
        raise InvalidArgument(f"headers must be a mapping or pairs, not {type(headers).__name__}.")
    values: dict[str, str] = {}
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InvalidArgument("headers must be a mapping or pairs of a name and a value.")
        name = _HEADERS.get(_text(pair[0]).lower())
        if name is None:
            continue
        if name in values:
            raise WebhookRejected(f"there are two {name} headers: one of them is not Twenty's.")
        if not isinstance(pair[1], str | bytes):
            raise WebhookRejected(f"the {name} header is not a string.")
        values[name] = _text(pair[1])
    return values


def _text(value: object) -> str:
    """A header as text: each byte is a character, as in HTTP."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def _wanted(given: Mapping[str, str], name: str) -> str:
    try:
        return given[name]
    except KeyError:
        raise WebhookRejected(
            f"there is no {name} header: not from Twenty, or from a webhook with an empty secret (those are not "
            "signed)."
        ) from None
