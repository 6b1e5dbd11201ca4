"""One request and its one response, as plain values: nothing of a request lives on a shared object."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from pydantic_core import from_json

from aiotwenty.errors import TwentyError

T = TypeVar("T")

_SECRET = 8
"""What is shorter is no secret, and would be found in every answer."""
_SHOWN = (
    *("Content-Type", "Location", "Retry-After"),
    *("Server", "Via", "CF-Ray", "WWW-Authenticate", "Proxy-Authenticate", "X-Powered-By"),
)
"""The headers that errors are made from."""


def redacted(text: str, secret: bytes) -> str:
    """The text without the API key."""
    return text if len(secret) < _SECRET else text.replace(secret.decode(), "***")


def is_broken_key(key: str) -> bool:
    """Whether a key begins like one of Twenty's (they are JWTs) and can't be read on: a part of it is missing.

    The server breaks over such a key (INTERNAL_SERVER_ERROR) before it does anything else (Twenty, July 2026).
    """
    head, _, rest = key.partition(".")
    return _json_part(head) and not _json_part(rest.partition(".")[0])


def _json_part(text: str) -> bool:
    try:
        return isinstance(from_json(urlsafe_b64decode(text + "=" * (-len(text) % 4))), dict)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    request_bytes: int = 0
    secret: bytes = field(default=b"", repr=False)
    """What no error may show, should the server (or a proxy) echo it: see `public`."""

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")

    @property
    def is_json(self) -> bool:
        """By what it says of itself; an answer that says nothing may be."""
        kind = self.content_type
        return not kind or "json" in kind.lower()

    def public(self) -> Reply:
        """The same without the API key: what errors are made from."""
        if len(self.secret) < _SECRET:
            return self
        shown = {name: redacted(self.headers[name], self.secret) for name in _SHOWN if name in self.headers}
        return replace(self, headers=shown, body=self.body.replace(self.secret, b"***"))


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """What the engine sends, as often as it takes, and how the answer is read.

    `reads` calls change nothing; `repeatable` ones do the same however often they arrive. `limited` ones count
    against the workspace's rate limit. `read` turns a reply into the result or raises a `TwentyError`.
    """

    name: str
    kind: str
    url: str
    read: Callable[[Reply], T]
    body: bytes | None = field(default=None, repr=False)
    form: Callable[[], Any] | None = field(default=None, repr=False)
    """Makes a multipart body anew for each attempt, where `body` is None."""
    method: str = "POST"
    reads: bool = False
    repeatable: bool = False
    limited: bool = True
    authorized: bool = True
    """Whether the API key goes along; not to an address that the server made up, such as a file's."""
    document: str | None = field(default=None, repr=False)
    timeout: float | None = None
    on_retry: Callable[[TwentyError], object] | None = None
    """Told of every failed attempt that another one will follow."""

    @property
    def address(self) -> str:
        """The URL as it may be shown: the query can hold personal data, that of a file (or its path) a token."""
        whole = self.url.partition("?")[0]
        return whole if self.authorized else "/".join(whole.split("/")[:3])
