"""Shared requests: of the calls that wait for the rate limit, the first with a turn takes others along."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Coroutine
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from aiotwenty.errors import AnswerTooLarge, QueryTooComplex, RateLimited, TwentyError
from aiotwenty.transport.exchange import UNTOLD, Call, Joining
from aiotwenty.transport.recording import RECORDER
from aiotwenty.transport.retry import Fate, fate_of

T = TypeVar("T")

MOST_CALLS = 20
"""The most calls in one request: the root fields that a document may have (Twenty, July 2026)."""
MOST_BYTES = 8_000_000
"""The most bytes of their bodies together: the server accepts 10 MB (Twenty, July 2026)."""


class Sender(Protocol):
    """Sends a call alone: an engine."""

    @property
    def is_held_back(self) -> bool:
        """Whether a new call would wait for the rate limit, as far as is known."""
        ...

    def next_number(self) -> int:
        """A new number for a call, for hooks and logs."""
        ...

    def send(self, call: Call[T]) -> Coroutine[Any, Any, T]:
        """The result of the call. Raises any `TwentyError`."""
        ...


@dataclass(eq=False)
class _Waiting:
    """A call that waits for its turn and its result."""

    call: Call[Any]
    joining: Joining
    answer: Future[Any]
    request: _SharedRequest


@dataclass(eq=False)
class _SharedRequest:
    """A call or several that wait for a turn, and then take others along."""

    carried: list[_Waiting] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class Sharing:
    """Sends those calls of an engine that can share a request. If none has to wait, each is sent alone and at once.

    Each waits for a turn of its own; the first with a turn takes along those after it. Results, errors and
    cancellations are separate. If a request fails as a whole and nothing was done, its calls are sent alone, so that
    none fails because of another; and for a while, fewer calls share a request.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._most = self._limit = MOST_CALLS
        self._begin(None)

    def _begin(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._waiting: list[_Waiting] = []
        self._watching: set[Future[None]] = set()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """The event loop. Calls that waited in another one are dropped."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._begin(loop)
        return loop

    async def send(self, call: Call[T]) -> T:
        """The result of the call. Raises any `TwentyError`."""
        joining, loop = call.joining, self._running_loop()
        # A recorder needs the HTTP response of the call alone.
        if joining is None or not (self._waiting or self._sender.is_held_back) or RECORDER.get() is not None:
            return await self._sender.send(call)
        request = _SharedRequest()
        numbered = replace(call, number=self._sender.next_number())
        waiting = _Waiting(numbered, joining, loop.create_future(), request)
        request.carried.append(waiting)
        self._waiting.append(waiting)
        for watching in self._watching:
            if not watching.done():
                watching.set_result(None)
        request.task = loop.create_task(self._carry(request))
        try:
            answer: T = await waiting.answer
        except asyncio.CancelledError:
            await self._leave(waiting)
            raise
        return answer

    async def somebody_waits(self) -> None:
        """Returns when a call that can share a request waits for the rate limit."""
        watching: Future[None] = self._running_loop().create_future()
        if self._waiting:
            return
        self._watching.add(watching)
        try:
            await watching
        finally:
            self._watching.discard(watching)

    async def _leave(self, gone: _Waiting) -> None:
        """Gives up the request of a cancelled caller, unless other callers wait for it too."""
        gone.answer.cancel()
        if gone in self._waiting:
            self._waiting.remove(gone)
        task = gone.request.task
        if task is not None and all(waiting.answer.done() for waiting in gone.request.carried):
            task.cancel()
            await asyncio.wait([task])

    async def _carry(self, request: _SharedRequest, *, alone: bool = False) -> None:
        """Sends a request at its turn, and gives every call its result."""
        (first,) = request.carried
        call = _listed(first.call)
        try:
            outcomes = await self._sender.send(call if alone else replace(call, at_turn=lambda: self._fill(request)))
            self._most = min(self._limit, 2 * self._most)
        except Exception as error:
            outcomes = self._failed(request, error)
        except BaseException:
            for waiting in request.carried:
                waiting.answer.cancel()
            raise
        finally:
            if first in self._waiting:
                self._waiting.remove(first)
        shared = len(request.carried) > 1
        for waiting, outcome in zip(request.carried, outcomes, strict=True):
            if not waiting.answer.done():
                self._settle(waiting, outcome, shared=shared)

    def _fill(self, request: _SharedRequest) -> Call[list[Any]]:
        """The call to send at its turn: for the request's own calls and for those that it takes along."""
        if request.carried[0] in self._waiting:
            self._waiting.remove(request.carried[0])
        # A repeated request leaves out calls that were cancelled meanwhile.
        carried = request.carried = [waiting for waiting in request.carried if not waiting.answer.done()]
        if not carried:
            raise asyncio.CancelledError
        first = carried[0]
        names = {waiting.joining.name for waiting in carried}
        size = sum(len(waiting.call.body or b"") for waiting in carried)
        for other in list(self._waiting):
            if len(carried) >= self._most:
                break
            more, fits = len(other.call.body or b""), other.joining.group == first.joining.group
            if not fits or other.joining.name in names or size + more > MOST_BYTES or other.answer.done():
                continue
            names.add(other.joining.name)
            size += more
            self._waiting.remove(other)
            other.request.carried.remove(other)
            if other.request.task is not None:
                other.request.task.cancel()
            other.request = request
            carried.append(other)
        if len(carried) == 1:
            return replace(_listed(first.call), at_turn=lambda: self._fill(request))
        calls = [waiting.call for waiting in carried]
        joined = first.joining.together(calls)
        return replace(joined, at_turn=lambda: self._fill(request), calls=calls, number=first.call.number)

    def _failed(self, request: _SharedRequest, error: Exception) -> list[Any]:
        """The error of each call of a request that failed as a whole."""
        calls = [waiting.call for waiting in request.carried]
        if len(calls) <= 1 or not isinstance(error, TwentyError):
            return [error] * len(calls)
        if isinstance(error, AnswerTooLarge | QueryTooComplex):
            self._limit = max(1, len(calls) // 2)
        if not isinstance(error, RateLimited):
            self._most = 1
        fate = fate_of(error)
        reads = all(call.reads for call in calls)
        if fate in (Fate.ANSWERED, Fate.TURNED_AWAY) or (reads and not fate.passing):
            return [UNTOLD] * len(calls)
        # The engine has tried as often as is useful. Each caller decides what to do about its own write.
        return [_of_call(copy(error), call) for call in calls]

    def _settle(self, waiting: _Waiting, outcome: Any, *, shared: bool) -> None:
        call = waiting.call
        if shared and isinstance(outcome, TwentyError):
            fate = fate_of(outcome)
            again = fate.passing and (call.repeatable or fate is Fate.NOT_ACTED)
            outcome = UNTOLD if again else _of_call(outcome, call)
        if outcome is UNTOLD:
            request = waiting.request = _SharedRequest([waiting])
            request.task = asyncio.get_running_loop().create_task(self._carry(request, alone=True))
        elif isinstance(outcome, Exception):
            waiting.answer.set_exception(outcome)
        else:
            waiting.answer.set_result(outcome)


def _of_call(error: TwentyError, call: Call[Any]) -> TwentyError:
    unsettled = fate_of(error) in (Fate.LOST, Fate.UNCLEAR, Fate.FAILED)
    error.operation = call.name
    error.outcome_unknown = not call.reads and (error.outcome_unknown or unsettled)
    return error


def _listed(call: Call[Any]) -> Call[list[Any]]:
    return replace(call, read=lambda reply: [call.read(reply)])
