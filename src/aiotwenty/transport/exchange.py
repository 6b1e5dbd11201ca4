"""One request and its one response, as plain values: nothing of a request lives on a shared object."""

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
"""Shorter values are no secrets, and would be found in every response."""
_SHOWN = (
    *("Content-Type", "Location", "Retry-After"),
    *("Server", "Via", "CF-Ray", "WWW-Authenticate", "Proxy-Authenticate", "X-Powered-By"),
)
"""The headers that errors are made from."""


def redacted(text: str, secrets: Iterable[bytes]) -> str:
    """The text without the API key, and without what else is secret."""
    for secret in secrets:
        if len(secret) >= _SECRET:
            text = text.replace(secret.decode("latin-1"), "***")
    return text


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


# Nobody changes them; but to have that guarded makes each four times as dear to make.
@dataclass(slots=True)
class Reply:
    """A complete response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    request_bytes: int = 0
    secret: bytes = field(default=b"", repr=False)
    """The API key: what no error may show, should the server (or a proxy) echo it. See `public`."""
    more_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """The values of headers that went along, likewise."""

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")

    @property
    def is_json(self) -> bool:
        """By its content type; a response without one may be JSON."""
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
"""Gets the status, the headers and the body of an answer, and gives what is left of it. Raises `TwentyError`s."""


@dataclass(slots=True)
class Call(Generic[T]):
    """What the engine sends, as often as it takes, and how the answer is read.

    `reads` calls change nothing; `repeatable` ones do the same however often they arrive. `limited` ones count
    against the workspace's rate limit. `read` turns a reply into the result or raises a `TwentyError`.
    """

    name: str
    kind: str
    url: str = field(repr=False)
    """The URL with its query, which may have a token. Errors and logs show `address` instead."""
    read: Callable[[Reply], T]
    body: bytes | None = field(default=None, repr=False)
    form: Callable[[], Any] | None = field(default=None, repr=False)
    """Makes a body of another kind anew for each attempt, where `body` is None: multipart, or a stream."""
    headers: Callable[[], Mapping[str, str]] | None = field(default=None, repr=False)
    """Gives each attempt headers of its own, beside those of every request."""
    receive: Receive | None = field(default=None, repr=False)
    """Receives the body of a successful response in pieces."""
    method: str = "POST"
    reads: bool = False
    repeatable: bool = False
    limited: bool = True
    authorized: bool = True
    """Whether the API key goes along; not to an address that the server made up, such as a file's."""
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
        """The URL as it may be shown: the query can hold personal data, that of a file (or its path) a token."""
        whole = self.url.partition("?")[0]
        return whole if self.authorized else "/".join(whole.split("/")[:3])


class Joining(ABC):
    """How a call is put into one request with others of the same `group`, no two of which have the same `name`."""

    group: Hashable
    name: str

    @abstractmethod
    def together(self, calls: Sequence[Call[Any]]) -> Call[list[Any]]:
        """The one call for all of these: it gives for each its result, its `TwentyError`, or `UNTOLD`.

        Reading its answer raises where that tells nothing of each.
        """


class Untold(Enum):
    """The result of a call of a shared request that was not executed, without a reason."""

    UNTOLD = "untold"


UNTOLD = Untold.UNTOLD
