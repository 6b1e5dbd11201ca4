"""Which record a row is: ids made on the client, and the values two rows may not share."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

NAMESPACE = uuid5(NAMESPACE_URL, "urn:aiotwenty:record")


def id_from_key(object_name: str, values: Iterable[object]) -> str:
    """The id of the record that has these key values: the same in every run and on every machine."""
    return str(uuid5(NAMESPACE, "\x1f".join([object_name, *map(str, values)])))


def id_from_row(namespace: UUID, number: int) -> str:
    """The id of row `number` of the source that `namespace` stands for."""
    return str(uuid5(namespace, str(number)))


def source_namespace(object_name: str, fingerprint: str | None) -> UUID:
    """One namespace for one content; rows that can't be read twice get a namespace that nobody else has."""
    if fingerprint is None:
        return uuid4()
    return uuid5(NAMESPACE, "\x1f".join(["source", object_name, fingerprint]))


def canonical(path: str, value: object) -> str:
    """The value as the server compares it.

    A link is stored with its host in lower case and without the slash at its end, and http:// and https:// stay
    different values; an e-mail address is the same in upper and lower case (Twenty, July 2026).
    """
    text = str(value)
    if path.endswith("primaryLinkUrl"):
        return canonical_url(text)
    if path.endswith("primaryEmail"):
        return text.strip().lower()
    return text


def canonical_url(url: str) -> str:
    url = url.strip()
    if "://" not in url:
        host, slash, rest = url.partition("/")
        return (host.lower() + slash + rest).rstrip("/")
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower())).rstrip("/")
