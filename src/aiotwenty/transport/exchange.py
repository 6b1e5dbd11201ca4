"""One request and its response as plain values: nothing of a request lives on a shared object."""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic_core import from_json

from aiotwenty.errors import TwentyError
from aiotwenty.transport.terms import STANDARD, Terms

T = TypeVar("T")

_SECRET = 8
"""Shorter values don't count as secrets, because they would occur in every response by chance."""
_SHOWN = (
    *("Content-Type", "Location", "Retry-After"),
    *("Server", "Via", "CF-Ray", "WWW-Authenticate", "Proxy-Authenticate", "X-Powered-By"),
)
"""The headers that errors are made of."""


def redacted(text: str, secrets: Iterable[bytes]) -> str:
    """The text without the API key and other secrets."""
    for secret in secrets:
        if len(secret) >= _SECRET:
            text = text.replace(secret.decode("latin-1"), "***")
    return text


def is_broken_key(key: str) -> bool:
    """Whether a key begins like one of Twenty's, which are JWTs, but is incomplete.

    The server fails on such a key (INTERNAL_SERVER_ERROR) before it does anything else (Twenty, July 2026).
    """
    head, _, rest = key.partition(".")
    return _json_part(head) and not _json_part(rest.partition(".")[0])


def _json_part(text: str) -> bool:
    try:
        return isinstance(from_json(urlsafe_b64decode(text + "=" * (-len(text) % 4))), dict)
    except ValueError:
        return False


# Not frozen, although nothing changes them: frozen objects take four times as long to make.
@dataclass(slots=True)
class Reply:
    """A complete response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    request_bytes: int = 0
    secret: bytes = field(default=b"", repr=False)
    """The API key, which no error may show even if the server or a proxy echoes it. See `public`."""
    more_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """The values of secret headers that were sent, which no error may show either."""

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")

    @property
    def is_json(self) -> bool:
        """Whether the content type is JSON; a response without one may be."""
        kind = self.headers.get("Content-Type")
        return not kind or "json" in kind or "json" in kind.lower()

    def public(self) -> Reply:
        """The response without the API key and other secrets, for errors."""
        secrets = [secret for secret in (self.secret, *self.more_secrets) if len(secret) >= _SECRET]
        if not secrets:
            return self
        body = self.body
        for secret in secrets:
            body = body.replace(secret, b"***")
        shown = {name: redacted(self.headers[name], secrets) for name in _SHOWN if name in self.headers}
        return replace(self, headers=shown, body=body)


Receive: TypeAlias = Callable[[int, Mapping[str, str], AsyncIterator[bytes]], Awaitable[bytes]]
"""Gets the status, headers and body of a response, and returns the rest of the body. Raises `TwentyError`s."""


@dataclass(slots=True)
class Call(Generic[T]):
    """A request for the engine, and how its response is read.

    `reads` calls change nothing; `repeatable` ones have the same effect however often they arrive. `limited` ones count
    against the workspace's rate limit. `read` turns a reply into the result or raises a `TwentyError`.
    """

    name: str
    kind: str
    url: str = field(repr=False)
    """The URL with its query, which may have a token. Errors and logs show `address` instead."""
    read: Callable[[Reply], T]
    body: bytes | None = field(default=None, repr=False)
    form: Callable[[], Any] | None = field(default=None, repr=False)
    """Makes another kind of body for each attempt if `body` is None: multipart, or a stream."""
    headers: Callable[[], Mapping[str, str]] | None = field(default=None, repr=False)
    """Makes headers for each attempt, in addition to those of every request."""
    receive: Receive | None = field(default=None, repr=False)
    """Receives the body of a successful response in pieces."""
    method: str = "POST"
    reads: bool = False
    repeatable: bool = False
    limited: bool = True
    authorized: bool = True
    """Whether the API key is sent; not to an address that the server assigned, such as a file's."""
    document: str | None = field(default=None, repr=False)
    terms: Terms = STANDARD
    on_retry: Callable[[TwentyError], object] | None = None
    """Called with the error of each attempt that will be repeated."""
    joining: Joining | None = field(default=None, repr=False)
    """How the call can share a request with others; None if it can't."""
    at_turn: Callable[[], Call[T]] | None = field(default=None, repr=False)
    """Returns the call to send instead, when its turn has come."""
    calls: Sequence[Call[Any]] = field(default=(), repr=False)
    """The calls that share this request; `read` then returns the result of each."""
    number: int = 0
    """The number of the call, if it has one before it is sent."""

    @property
    def address(self) -> str:
        """The URL without its query, which may have personal data; for files also without the path with its token."""
        whole = self.url.partition("?")[0]
        return whole if self.authorized else "/".join(whole.split("/")[:3])


class Joining(ABC):
    """How a call shares a request with others of the same `group`. Their `name`s must differ."""

    group: Hashable
    name: str

    @abstractmethod
    def together(self, calls: Sequence[Call[Any]]) -> Call[list[Any]]:
        """One call for all of these. Its result has for each a result, a `TwentyError`, or `UNTOLD`.

        Reading the response raises an error that concerns all calls.
        """


class Untold(Enum):
    """The result of a call of a shared request that was not executed, without a reason."""

    UNTOLD = "untold"


UNTOLD = Untold.UNTOLD
