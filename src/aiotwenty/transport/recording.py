"""Keeps the HTTP response of a call beside its result: status, headers, body, duration."""

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
"""What the client asks of its own accord, to check a document or an answer."""


@dataclass(frozen=True, slots=True)
class RawResult(Generic[T]):
    """What a call gave, and the answer that it came in.

    Some calls take several requests (long lists, lists of related records, writes whose answer was lost): the answer
    is then that of the first one that succeeded. Where nothing had to be asked, `status` and `attempts` are 0.
    """

    data: T
    """The result that the call returns without `raw`."""
    status: int
    """The HTTP status."""
    headers: Mapping[str, str]
    """Of the answer; names are found however they are written."""
    body: bytes = field(repr=False)
    """The body of the response, after decompression."""
    elapsed: float
    """Seconds for all of the call, waits and attempts that failed included."""
    attempts: int
    """How often the request was sent."""
    requests: int
    """How many requests were answered in the course of the call."""

    @property
    def retries(self) -> int:
        """How often the request was sent again."""
        return max(0, self.attempts - 1)


class Recorder:
    """Keeps the first answer of a call, but for those that the client asked for by itself."""

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
    """Awaits a call, and gives its answer with its result. Raises what the call raises."""
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
    """Raises `InvalidArgument` for what is no call that waits to be awaited."""
    if hasattr(call, "__anext__") or hasattr(call, "__aiter__"):
        raise InvalidArgument(f"{name} gives many answers, one after the other: take find_many() for a raw one.")
    if isinstance(call, Future) or not inspect.isawaitable(call):
        raise InvalidArgument(f"{name} is no call that waits to be awaited: raw() takes the coroutine itself.")
    return call
