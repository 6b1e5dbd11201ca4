"""Addresses as Twenty stores them, and LINKS values, which the server takes as a whole."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from yarl import URL

from aiotwenty.sandbox.errors import javascript_failed
from aiotwenty.sandbox.records.refused_data import invalid_url

Value = dict[str, Any]

_HOST = re.compile(r"([\w-]+\.)+[^\W\d_][\w-]+|\d{1,3}(\.\d{1,3}){3}|localhost")
_PLAIN = re.compile(r"https?://([a-z0-9-]{1,63}\.){1,3}[a-z]{2,60}(/[A-Za-z0-9_~-]+)*/?")
"""Most addresses: valid without changes, apart from a final slash, and without a part of the host that is too long."""
_WEB = re.compile(r"https?://", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_HOST, _LONGEST_LABEL = 253, 63
_BLANKS = "".join(map(chr, range(33)))
"""Spaces and control characters, which are removed from the ends of a URL."""


def completed(value: Value) -> Value:
    """The links that have an address; the first one is the primary link."""
    more = value.get("secondaryLinks")
    if isinstance(more, dict):
        raise javascript_failed("(secondaryLinks ?? []) is not iterable")
    primary = {"url": value.get("primaryLinkUrl"), "label": value.get("primaryLinkLabel")}
    links = [primary, *(link for link in more or () if isinstance(link, dict))]
    with_url = [link for link in links if isinstance(link.get("url"), str) and link["url"]]
    for link in with_url:
        if not is_valid(link["url"]):
            raise invalid_url()
    kept = [{"url": normalised(link["url"]), "label": link.get("label") or ""} for link in with_url]
    first = kept[0] if kept else {"url": None, "label": None}
    return {"primaryLinkUrl": first["url"], "primaryLinkLabel": first["label"], "secondaryLinks": kept[1:]}


def is_valid(text: str) -> bool:
    """Whether the text with a scheme is a web address."""
    if _PLAIN.fullmatch(text):
        return True
    text = text.strip(_BLANKS)
    try:
        parts = urlsplit(text if _WEB.match(text) else f"https://{text}")
        host, _ = parts.hostname or "", parts.port
        host = _ascii_host(host)
    except ValueError:
        return False
    fits = len(host) <= _LONGEST_HOST and max(map(len, host.split("."))) <= _LONGEST_LABEL
    return fits and _HOST.fullmatch(host) is not None


def normalised(text: str) -> str:
    """The address with scheme and host in lower case, without user, default port and final slash.

    Without a scheme it stays as it is, so that http, https and none are different values.
    """
    if _PLAIN.fullmatch(text):
        return text.removesuffix("/")
    trimmed = text.strip(_BLANKS)
    if not _SCHEME.match(trimmed):
        return text
    if not _WEB.match(trimmed):
        # Other schemes than those of the web have no origin, and so become "null" (Twenty, July 2026).
        return "null" + trimmed.partition(":")[2].removesuffix("/")
    try:
        parts = urlsplit(trimmed)
        host, port = _ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        return text
    origin = f"{parts.scheme.lower()}://{host}"
    if port is not None and port != _DEFAULT_PORTS[parts.scheme.lower()]:
        origin += f":{port}"
    rest = unquote(_without_dots(parts.path or "/"))
    rest += f"?{_encoded(parts.query)}" if parts.query else ""
    rest += f"#{_encoded(parts.fragment)}" if parts.fragment else ""
    return (origin + rest).removesuffix("/")


def _ascii_host(host: str) -> str:
    """The host in lower case and as punycode. Raises `ValueError` for an invalid host."""
    if not host or any(letter in _BLANKS for letter in host):
        raise ValueError(host)
    return URL.build(scheme="https", host=host).raw_host or ""


def _without_dots(path: str) -> str:
    kept: list[str] = []
    *folders, last = path.removeprefix("/").split("/")
    for part in [*folders, last]:
        if part == "..":
            kept = kept[:-1]
        elif part != ".":
            kept.append(part)
    if last in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _encoded(text: str) -> str:
    """The text percent-encoded like a browser's."""
    return quote(text, safe="!$%&()*+,-./:;=?@[\\]^_`{|}~")
