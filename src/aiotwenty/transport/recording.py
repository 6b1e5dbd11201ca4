"""Keeps the HTTP response of a call with its result: status, headers, body, duration."""

from __future__ import annotations

import inspect
import time
from asyncio import Future
from collections.abc import Awaitable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiotwenty.errors import InvalidArgument
from aiotwenty.transport.exchange import Reply

T = TypeVar("T")

_BESIDE = frozenset({"IntrospectionQuery", "FieldsOfAll", "KeyCheck", "WorkspaceOfChanges"})
"""Requests that the client makes of its own accord, to check a document or a response."""


@dataclass(frozen=True, slots=True)
class RawResult(Generic[T]):
    """The result of a call, and its HTTP response.

    Some calls take several requests (long lists, lists of related records, writes after a lost response): the response
    is then the first successful one. If no request was needed, `status` and `attempts` are 0.
    """

    data: T
    """The result that the call returns without `raw`."""
    status: int
    """The HTTP status."""
    headers: Mapping[str, str]
    """The headers of the response; the case of names doesn't matter."""
    body: bytes = field(repr=False)
    """The body of the response, after decompression."""
    elapsed: float
    """The seconds of the whole call, including waits and failed attempts."""
    attempts: int
    """How often the request was sent."""
    requests: int
    """How many requests of the call got a response."""

    @property
    def retries(self) -> int:
        """How often the request was sent again."""
        return max(0, self.attempts - 1)


class Recorder:
    """Keeps the first response of a call, other than those to the client's own requests."""

    __slots__ = ("attempts", "beside", "reply", "requests")

    def __init__(self) -> None:
        self.reply: Reply | None = None
        self.attempts = self.requests = 0
        self.beside = True

    def record(self, operation: str, reply: Reply, attempts: int) -> None:
        self.requests += 1
        if self.reply is None or (self.beside and operation not in _BESIDE):
            self.reply, self.attempts, self.beside = reply, attempts, operation in _BESIDE


RECORDER: ContextVar[Recorder | None] = ContextVar("RECORDER", default=None)


async def recorded(call: Awaitable[T]) -> RawResult[T]:
    """The result of a call with its response. Raises what the call raises."""
    recorder = Recorder()
    token = RECORDER.set(recorder)
    begun = time.monotonic()
    try:
        data = await call
    finally:
        RECORDER.reset(token)
    seconds = time.monotonic() - begun
    reply, none = recorder.reply, dict[str, str]()
    return RawResult(
        data,
        reply.status if reply is not None else 0,
        reply.headers if reply is not None else none,
        reply.body if reply is not None else b"",
        seconds,
        recorder.attempts,
        recorder.requests,
    )


def checked_call(call: Any, name: str) -> Any:
    """The call. Raises `InvalidArgument` for anything but an awaitable that was not started."""
    if hasattr(call, "__anext__") or hasattr(call, "__aiter__"):
        raise InvalidArgument(f"{name} gives many answers, one after the other: take find_many() for a raw one.")
    if isinstance(call, Future) or not inspect.isawaitable(call):
        raise InvalidArgument(f"{name} is no call that waits to be awaited: raw() takes the coroutine itself.")
    return call
