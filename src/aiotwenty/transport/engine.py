"""The one loop that sends every request, GraphQL or REST. Limiter, retry policy and hooks are objects it is given."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Literal, TypeVar

from aiotwenty.errors import RateLimited, TwentyError
from aiotwenty.settings import check_key
from aiotwenty.transport.exchange import Call, Reply
from aiotwenty.transport.hooks import Hooks, Observers, RequestEvent, ResponseEvent, RetryEvent
from aiotwenty.transport.http import HttpSession
from aiotwenty.transport.rate_limit import RateLimit, RateLimiter, make_limiter
from aiotwenty.transport.retry import Fate, RetryPolicy, fate_of

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")


class Engine:
    """Sends calls until they are answered, or until the policy gives up."""

    def __init__(
        self,
        http: HttpSession,
        *,
        retry: RetryPolicy,
        limiter: RateLimiter | None,
        observers: Observers,
        max_connections: int,
    ) -> None:
        self.http = http
        self.retry = retry
        self._limiter = limiter
        self._observers = observers
        # So many requests wait for the limiter or are under way. The others wait before it, and thus profit from what
        # it learns; calls that are not limited never wait behind those that are.
        self._limited = asyncio.Semaphore(max_connections)
        # Here rather than in aiohttp's pool, where the wait would count as time that the server took to answer.
        self._connections = asyncio.Semaphore(max_connections)
        self._numbers = itertools.count(1)

    async def send(self, call: Call[T]) -> T:
        """The result of the call. Raises any `TwentyError`, `outcome_unknown` on a write whose answer was lost."""
        number = next(self._numbers)
        started = time.monotonic()
        attempt, lost, refused, delay = 1, False, False, 0.0
        while True:
            try:
                # Before anything that belongs to one event loop is waited for.
                self.http.check()
                if delay:
                    await self.http.pause(delay)
                # A request that was refused keeps its turn: it does not queue up behind those that have not been
                # sent.
                async with self._limited if call.limited and not refused else nullcontext():
                    if call.limited and self._limiter is not None:
                        await self._limiter.acquire(again=refused, wait=self.http.while_open)
                    async with self._connections:
                        if attempt == 1:
                            started = time.monotonic()
                        return await self._attempt(call, number, attempt)
            except TwentyError as error:
                error.operation = call.name
                error.attempts = attempt
                fate = fate_of(error)
                lost = lost or fate in (Fate.LOST, Fate.UNCLEAR, Fate.FAILED)
                again = fate.passing and (call.repeatable or fate is Fate.NOT_ACTED)
                wait = self._delay(call, error, attempt, time.monotonic() - started) if again else None
                if wait is None:
                    error.outcome_unknown = lost and fate is not Fate.ANSWERED and not call.reads
                    raise
                delay = wait
                refused = isinstance(error, RateLimited)
                self._observers.retry(RetryEvent(number, call.name, attempt, delay, error))
                if call.on_retry is not None:
                    call.on_retry(error)
            attempt += 1

    def _delay(self, call: Call[T], error: TwentyError, attempt: int, elapsed: float) -> float | None:
        delay = self.retry.delay(error, attempt, elapsed)
        limiter = self._limiter if call.limited and isinstance(error, RateLimited) else None
        if delay is None or limiter is None or not limiter.limits:
            return delay
        # The limiter does the waiting, and knows better for how long than the error does.
        return 0.0 if elapsed + limiter.wait() <= self.retry.total else None

    async def _attempt(self, call: Call[T], number: int, attempt: int) -> T:
        observed = self._observers.active
        size = len(call.body or b"")
        if observed:
            self._observers.request(
                RequestEvent(number, call.name, call.kind, call.address, attempt, size, call.document)
            )
        begun = time.monotonic()
        reply: Reply | None = None
        failure: TwentyError | None = None
        try:
            reply = await self.http.exchange(call)
            result = call.read(reply)
        except TwentyError as error:
            failure = error
            if reply is not None and error.status is None:
                error.status = reply.status
            if isinstance(error, RateLimited) and call.limited and self._limiter is not None:
                self._limiter.refused(error, begun, self.retry.max_retry_after)
            raise
        else:
            if call.limited and self._limiter is not None:
                self._limiter.passed(begun)
            return result
        finally:
            if observed:
                status, received = (None, 0) if reply is None else (reply.status, len(reply.body))
                seconds = time.monotonic() - begun
                self._observers.response(ResponseEvent(number, call.name, attempt, status, received, seconds, failure))


def make_engine(
    api_key: str | None,
    *,
    timeout: float = 30.0,
    max_connections: int = 16,
    retry: RetryPolicy | None = None,
    rate_limit: Literal["auto"] | RateLimit | RateLimiter | None = "auto",
    session: aiohttp.ClientSession | None = None,
    hooks: Hooks | Sequence[Hooks] | None = None,
) -> Engine:
    """An engine with a session of its own, or with the caller's."""
    http = HttpSession(check_key(api_key), timeout=timeout, max_connections=max_connections, session=session)
    return Engine(
        http,
        retry=retry or RetryPolicy(),
        limiter=make_limiter(rate_limit),
        observers=Observers(hooks),
        max_connections=max_connections,
    )
