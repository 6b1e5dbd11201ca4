"""The loop that sends every request, GraphQL or REST. The limiter, retry policy and hooks are passed to it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from aiotwenty.errors import AuthenticationError, ConfigurationError, DeadlineExceeded, RateLimited, TwentyError
from aiotwenty.transport.event_loop import time_limit
from aiotwenty.transport.exchange import Call, Reply
from aiotwenty.transport.hooks import Hooks, Observers, RequestEvent, ResponseEvent, RetryEvent
from aiotwenty.transport.http import HttpSession
from aiotwenty.transport.keys import Key, Keys
from aiotwenty.transport.queueing import Gate
from aiotwenty.transport.rate_limit import Limiter, RateLimit, make_limiter
from aiotwenty.transport.recording import RECORDER
from aiotwenty.transport.request_headers import RequestHeaders
from aiotwenty.transport.retry import Fate, RetryPolicy, fate_of
from aiotwenty.transport.sharing import Sharing

if TYPE_CHECKING:
    import aiohttp
    from pydantic import SecretStr

    from aiotwenty.settings import ApiKey

T = TypeVar("T")

MAX_CONNECTIONS = 100
"""The most requests of a client at once: the number of connections in aiohttp's own sessions."""


class Engine:
    """Sends each call until there is a response or the retry policy gives up."""

    def __init__(
        self,
        http: HttpSession,
        *,
        retry: RetryPolicy,
        limiter: Limiter | None,
        observers: Observers,
        max_connections: int,
    ) -> None:
        self.http = http
        self.retry = retry
        self._limiter = limiter
        self._observers = observers
        # Not aiohttp's pool, in which waiting would count as time that the server took to respond.
        self._gate = Gate(max_connections)
        self._numbers = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.sharing = Sharing(self)
        """Sends calls that can share requests."""

    def __reduce__(self) -> Any:
        raise ConfigurationError("a client can't be pickled: create one in the other process, or use a Runner.")

    def send(self, call: Call[T]) -> Coroutine[Any, Any, T]:
        """The result of the call. Raises any `TwentyError`, with `outcome_unknown` after a write's lost response."""
        terms = call.terms
        if terms.deadline is None or terms.scope is not None:
            return self._send(call, terms.scope)
        return self._send_within(call, terms.deadline)

    async def _send_within(self, call: Call[T], deadline: float) -> T:
        try:
            async with time_limit(deadline) as scope:
                return await self._send(call, scope)
        except TimeoutError:
            late = DeadlineExceeded(_too_late(call, "between two attempts"), operation=call.name)
        late.outcome_unknown = not call.reads
        raise late

    async def _send(self, call: Call[T], scope: asyncio.Timeout | None) -> T:
        number = call.number or self.next_number()
        started = time.monotonic()
        attempt, delay, refused, queued = 1, 0.0, False, 0.0
        lost = under_way = other_key = False
        sent = started
        failed, notified = "", None
        key = self.http.keys.fixed
        while True:
            try:
                if notified is not None:
                    await notified
                # This comes before waiting for anything that belongs to an event loop.
                if self.http.check() is not self._loop:
                    self._bind()
                key = self.http.keys.fixed or await self.http.keys.current()
                if delay:
                    await self.http.pause(delay)
                if scope is not None and scope.expired():
                    raise DeadlineExceeded(_too_late(call, "before it was sent"), sent=False)
                waited = 0.0
                if not self._enters_at_once(call):
                    entered = time.monotonic()
                    queued += await self._enter(call, refused, queued)
                    waited = time.monotonic() - entered
                try:
                    sent = time.monotonic()
                    if attempt == 1:
                        started = sent
                    under_way = True
                    call = self._at_turn(call)
                    return await self._attempt(call, number, attempt, key, waited)
                finally:
                    self._gate.leave()
            except asyncio.CancelledError:
                if scope is None or not _is_due(scope):
                    raise
                raise _cut_off(call, attempt, under_way, lost, failed) from None
            except TwentyError as error:
                under_way = False
                error.operation = call.name
                error.attempts = attempt
                fate = fate_of(error)
                lost = lost or fate in (Fate.LOST, Fate.UNCLEAR, Fate.FAILED)
                again = fate.passing and (call.repeatable or fate is Fate.NOT_ACTED)
                wait = self._delay(call, error, attempt, time.monotonic() - started, scope, queued) if again else None
                if wait is None and key is not None and not other_key and _for_its_key(error, call):
                    other_key = await self._has_other_key(key, sent, scope)
                    wait = 0.0 if other_key else None
                if wait is None:
                    error.outcome_unknown = lost and fate is not Fate.ANSWERED and not call.reads
                    raise
                delay, failed = wait, error.message
                refused = isinstance(error, RateLimited)
                notified = self._observers.retry(
                    *(RetryEvent(of, part.name, attempt, delay, error) for of, part in _parts(call, number))
                )
                if call.on_retry is not None:
                    call.on_retry(error)
            attempt += 1

    async def _has_other_key(self, refused: Key, sent: float, scope: asyncio.Timeout | None) -> bool:
        """Whether there is another key than the refused one; False if the deadline ends first."""
        try:
            return await self.http.keys.other_than(refused, sent)
        except asyncio.CancelledError:
            if scope is None or not _is_due(scope):
                raise
            return False

    def next_number(self) -> int:
        """A new number for a call, for hooks and logs."""
        return next(self._numbers)

    @property
    def is_held_back(self) -> bool:
        """Whether a new call would wait for the rate limit, as far as is known."""
        return self._limiter is not None and self._limiter.wait() > 0

    @property
    def limits(self) -> tuple[RateLimit, ...] | None:
        """The known rate limits; None if the client has no limiter."""
        return None if self._limiter is None else tuple(self._limiter.limits)

    def _bind(self) -> None:
        """Binds to the running event loop. Raises `ConfigurationError` for a limiter of another one."""
        loop = self.http.check()
        if self._limiter is not None:
            self._limiter.bind(loop)
        self._loop = loop

    def _enters_at_once(self, call: Call[T]) -> bool:
        if not self._gate.try_enter():
            return False
        if not call.limited or self._limiter is None or self._limiter.try_acquire():
            return True
        self._gate.leave()
        return False

    async def _enter(self, call: Call[T], again: bool, queued: float) -> float:
        """Waits for a connection, and for the limiter, after `queued` seconds before. Returns the seconds waited.

        A call that waits for the limiter holds no connection, so that unlimited calls need not wait for it. But the
        limiter is asked only when there is a connection, so that calls waiting for one profit from what it learns. A
        refused request goes before those that have not been sent.
        """
        rank, wait = call.terms.rank, self.http.while_open
        await self._gate.enter(2 * rank + (not again), wait)
        limiter = self._limiter
        if not call.limited or limiter is None or limiter.try_acquire():
            return 0.0
        self._gate.leave()
        longest = call.terms.max_wait
        entered = time.monotonic()
        await limiter.acquire(
            rank=rank, again=again, wait=wait, max_wait=None if longest is None else max(0.0, longest - queued)
        )
        took = time.monotonic() - entered
        try:
            await self._gate.enter(2 * rank, wait)
        except BaseException:
            limiter.give_back()
            raise
        return took

    def _at_turn(self, call: Call[T]) -> Call[T]:
        """The call to send when its turn has come: the call itself, or one that includes others."""
        if call.at_turn is None:
            return call
        try:
            return call.at_turn()
        except BaseException:
            if call.limited and self._limiter is not None:
                self._limiter.give_back()
            raise

    def _delay(
        self,
        call: Call[T],
        error: TwentyError,
        attempt: int,
        elapsed: float,
        scope: asyncio.Timeout | None,
        queued: float,
    ) -> float | None:
        """Seconds until the next attempt; None if it would come too late, or could not succeed."""
        delay = self.retry.delay(error, attempt, elapsed)
        if delay is None:
            return None
        longest = self.retry.total
        if isinstance(error, RateLimited):
            if not error.sent:
                return None
            if call.terms.max_wait is not None:
                longest = min(longest, elapsed - queued + call.terms.max_wait)
        limiter = self._limiter if call.limited and isinstance(error, RateLimited) else None
        if limiter is not None and limiter.limits:
            # The limiter does the waiting, because it knows better for how long than the error does.
            wait, delay = limiter.wait(), 0.0
        else:
            wait = delay
        if elapsed + wait > longest:
            return None
        ends = None if scope is None else scope.when()
        return None if ends is not None and asyncio.get_running_loop().time() + wait > ends else delay

    async def _attempt(self, call: Call[T], number: int, attempt: int, key: Key, waited: float) -> T:
        observed = self._observers.active
        parts = _parts(call, number) if observed else []
        size = len(call.body or b"")
        if observed:
            notified = self._observers.request(
                *(
                    RequestEvent(
                        of, part.name, part.kind, part.address, attempt, size, part.document, waited, len(parts)
                    )
                    for of, part in parts
                )
            )
            if notified:
                await notified
        limiter = self._limiter if call.limited else None
        begun = time.monotonic()
        reply: Reply | None = None
        failure: TwentyError | None = None
        result: T | None = None
        try:
            reply = await self.http.exchange(call, key)
            result = call.read(reply)
        except TwentyError as error:
            failure = error
            if reply is not None and error.status is None:
                error.status = reply.status
            if limiter is not None and isinstance(error, RateLimited):
                limiter.refused(error, begun, self.retry.max_retry_after)
                limiter = None
            raise
        else:
            if limiter is not None:
                limiter.passed(begun)
                limiter = None
            if (recorder := RECORDER.get()) is not None:
                recorder.record(call.name, reply, attempt)
            return result
        finally:
            if limiter is not None:
                limiter.unanswered()
            if observed:
                status, received = (None, 0) if reply is None else (reply.status, len(reply.body))
                seconds = time.monotonic() - begun
                failures = _failures(result, failure, len(parts))
                notified = self._observers.response(
                    *(
                        ResponseEvent(of, part.name, attempt, status, received, seconds, error, len(parts))
                        for (of, part), error in zip(parts, failures, strict=True)
                    )
                )
                if notified:
                    await notified


def _parts(call: Call[Any], number: int) -> list[tuple[int, Call[Any]]]:
    """The calls in one request, each with its number."""
    return [(part.number, part) for part in call.calls] or [(number, call)]


def _failures(result: object, failure: TwentyError | None, calls: int) -> list[TwentyError | None]:
    """The error of each call of a request."""
    if failure is None and calls > 1 and isinstance(result, list):
        return [outcome if isinstance(outcome, TwentyError) else None for outcome in result]
    return [failure] * calls


def _for_its_key(error: TwentyError, call: Call[Any]) -> bool:
    """Whether the request was refused because of its key, and nothing was done, so that another key can be tried."""
    return isinstance(error, AuthenticationError) and (
        call.repeatable or all(value is None for value in (error.data or {}).values())
    )


def _too_late(call: Call[Any], when: str) -> str:
    return f"the deadline of {call.terms.deadline:g} s passed {when}."


def _cut_off(call: Call[Any], attempt: int, under_way: bool, lost: bool, failed: str) -> DeadlineExceeded:
    """The error for a call that its deadline ended. `failed` is the message of the previous attempt."""
    when = "before the answer came" if under_way else "before it was sent"
    late = DeadlineExceeded(_too_late(call, when), operation=call.name, sent=lost or under_way)
    late.attempts = attempt
    late.outcome_unknown = late.sent and not call.reads
    if failed:
        late.add_note(f"The previous attempt failed: {failed}")
    return late


def _is_due(scope: asyncio.Timeout) -> bool:
    """Whether the deadline is the only cause for cancelling the running task."""
    task = asyncio.current_task()
    return scope.expired() and (task is None or task.cancelling() <= 1)


def make_engine(
    api_key: ApiKey | Keys | None,
    *,
    base_url: str = "",
    timeout: float = 30.0,
    max_connections: int = MAX_CONNECTIONS,
    retry: RetryPolicy | None = None,
    rate_limit: Literal["auto"] | RateLimit | Limiter | None = "auto",
    session: aiohttp.ClientSession | None = None,
    hooks: Hooks | Sequence[Hooks] | None = None,
    headers: Mapping[str, str | SecretStr] | None = None,
    application: str | None = None,
    trust_env: bool = False,
) -> Engine:
    """An engine with its own session, or with the caller's. `headers` are sent to the server of `base_url` only."""
    http = HttpSession(
        api_key if isinstance(api_key, Keys) else Keys(api_key, timeout),
        base_url=base_url,
        max_connections=max_connections,
        session=session,
        headers=RequestHeaders(headers, application, session.headers if session is not None else ()),
        trust_env=trust_env,
    )
    return Engine(
        http,
        retry=retry or RetryPolicy(),
        limiter=make_limiter(rate_limit),
        observers=Observers(hooks),
        max_connections=max_connections,
    )
