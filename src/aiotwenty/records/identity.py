"""Which record a row is: ids made on the client, and the values two rows may not share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha1
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

_URL = re.compile(r"([a-z][a-z0-9+.-]*://)?([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""The digit of a UUID that says which kind it is has two bits of its own."""
NAMESPACE = uuid5(NAMESPACE_URL, "urn:aiotwenty:record")


def id_from_key(object_name: str, values: Iterable[object]) -> str:
    """The id of the record that has these key values: the same in every run and on every machine."""
    return _uuid5(NAMESPACE, "\x1f".join([object_name, *map(str, values)]))


def id_from_row(namespace: UUID, number: int) -> str:
    """The id of row `number` of the source that `namespace` stands for."""
    return _uuid5(namespace, str(number))


def _uuid5(namespace: UUID, name: str) -> str:
    """`str(uuid.uuid5(namespace, name))` in a quarter of the time: it is made for every row."""
    text = sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def source_namespace(object_name: str, fingerprint: str | None) -> UUID:
    """One namespace for one content; rows that can't be read twice get a namespace that nobody else has."""
    if fingerprint is None:
        return uuid4()
    return uuid5(NAMESPACE, "\x1f".join(["source", object_name, fingerprint]))


def canonical(path: str, value: object) -> str:
    """The value as the server compares it.

    A link is stored with its host in lower case and without the slash at its end, and http:// and https:// stay
    different values; an e-mail address is the same in upper and lower case; times have milliseconds and are in UTC
    (Twenty, July 2026).
    """
    text = value if type(value) is str else _as_text(value)
    if path.endswith("primaryLinkUrl"):
        return canonical_url(text)
    if path.endswith("primaryEmail") or path == "userEmail":
        return text.strip().lower()
    return text


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return str(value)


def canonical_url(url: str) -> str:
    url = url.strip()
    if url.islower() and not url.endswith("/"):
        return url
    match = _URL.fullmatch(url)
    assert match is not None, "it matches any text"
    scheme, host, rest = match.groups("")
    return f"{scheme.lower()}{host.lower()}{rest}".rstrip("/")
