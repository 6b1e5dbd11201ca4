"""The aiohttp session of a client: opened at first use, bound to one event loop, closed with it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import weakref
from collections.abc import AsyncGenerator, Awaitable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict

from aiotwenty.errors import AnswerTooLarge, ConfigurationError, ConnectionFailed, RequestTimeout, TwentyError
from aiotwenty.transport.answer_body import read_body
from aiotwenty.transport.event_loop import running_loop
from aiotwenty.transport.exchange import Call, Reply, redacted
from aiotwenty.transport.keys import Key, Keys
from aiotwenty.transport.netrc import before_netrc
from aiotwenty.transport.proxies import Proxies
from aiotwenty.transport.request_headers import RequestHeaders

LARGE_BODY = 1_000_000
_TIMEOUT = ("timeout", "`timeout`")
_JSON = {"Content-Type": "application/json"}
IDLE_SECONDS = 4.0
"""Seconds after which idle connections are closed; older servers close them after 5 s (Twenty, November 2025)."""


@lru_cache(maxsize=64)
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    """The timeouts of a request. Connecting has less time, to tell unsent requests from late responses."""
    return aiohttp.ClientTimeout(total=seconds, connect=0.8 * seconds)


class _Once(str):
    """The name of a method that aiohttp doesn't recognise as one that it repeats when a kept connection breaks."""

    __slots__ = ()

    def upper(self) -> str:
        return self

    def __hash__(self) -> int:
        return ~super().__hash__()


_NOTHING_MORE: dict[str, Any] = {}
_SESSIONS: weakref.WeakSet[HttpSession] = weakref.WeakSet()
_INHERITED: list[Any] = []
"""Sessions inherited by a fork. They are never collected: that would close connections of the parent."""


class HttpSession:
    """Sends single requests with the bearer key and reads whole responses. Redirects are not followed.

    A session of the caller is used unchanged and left open; the key and `headers` are sent with each request, never put
    into the session. Neither is sent to other servers than that of `base_url`.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        base_url: str = "",
        max_connections: int,
        session: aiohttp.ClientSession | None = None,
        headers: RequestHeaders | None = None,
        trust_env: bool = False,
    ) -> None:
        self.keys = keys
        self._server = urlsplit(base_url)[:2]
        self._headers = headers or RequestHeaders()
        self._usual: tuple[Key | None, Mapping[str, str], Mapping[str, str]] = (None, {}, {})
        """The headers of most requests, without and with a body, for one key."""
        self._proxies = Proxies() if trust_env else None
        self._max_connections = max_connections
        self._session = session
        self._owned = session is None
        self._guard: AsyncGenerator[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._waiting: set[asyncio.Future[bool]] = set()
        self._in_flight: set[asyncio.Task[Any] | None] = set()
        self._landed = asyncio.Event()
        self._why_closed = "this client is closed: create a new one, or close it later."
        _SESSIONS.add(self)

    def forget(self) -> None:
        """Forgets the key and connections that a forked process inherits from its parent, without closing them."""
        _INHERITED.append((self._session, self._guard, self._waiting, self._in_flight))
        self._session = self._guard = self._loop = None
        self._waiting, self._in_flight = set(), set()
        self.keys.forget()
        self._headers, self._usual = RequestHeaders(), (None, {}, {})
        self._closed = True
        self._why_closed = (
            "this client was created before a fork, and has no key here: create a new one in this process, or use a "
            "Runner, which does so by itself."
        )

    @property
    def closed(self) -> bool:
        return self._closed

    async def exchange(self, call: Call[Any], key: Key) -> Reply:
        """Sends a request. Raises `ConnectionFailed`, `RequestTimeout` or `ConfigurationError`."""
        session = self._session
        if session is None or session.closed or self._closed:
            session = await self.open()
        headers = self._headers_of(call, key)
        if call.headers is not None:
            headers = {**headers, **call.headers()}
        timeout = _timeout(call.terms.timeout)
        if call.receive is not None:
            # The time limit is for the next bytes, not for the whole.
            timeout = aiohttp.ClientTimeout(connect=timeout.connect, sock_read=call.terms.timeout)
        task = asyncio.current_task()
        if task is not None:
            self._in_flight.add(task)
        try:
            response = await self._request(session, call, key, headers, timeout)
            try:
                if call.receive is None or response.status >= 300:
                    body = await read_body(response, call.terms.max_answer_bytes)
                else:
                    body = await call.receive(response.status, response.headers, response.content.iter_any())
            except BaseException:
                response.close()
                raise
            # The connection of a response that was read is in use by others or idle: there is nothing to cancel.
            if body is not None:
                size = 0 if call.body is None else len(call.body)
                return Reply(response.status, response.headers, body, size, key.secret, self._headers.secrets)
            response.close()
            error: TwentyError = self._too_large(response, call, key)
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            error = self._error_for(failure, call, key, timeout)
        except RuntimeError as failure:
            if not session.closed:
                raise
            error = ConfigurationError(f"the aiohttp session was closed while in use: {failure}.")
        finally:
            if task is not None:
                self._in_flight.discard(task)
                if self._closed:
                    self._landed.set()
        # Raised here, not chained to aiohttp's error, which holds the request's headers with the key.
        raise error

    def _request(
        self,
        session: aiohttp.ClientSession,
        call: Call[Any],
        key: Key,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> Awaitable[aiohttp.ClientResponse]:
        more: dict[str, Any] = _NOTHING_MORE
        if call.authorized and session.trust_env:
            headers = {name: value for name, value in headers.items() if name != "Authorization"}
            more = before_netrc(key, session)
        return session.request(
            call.method if call.reads else _Once(call.method),
            call.url,
            data=_body_of(call),
            headers=headers,
            proxy=None if self._proxies is None else self._proxies.proxy_for(call.url),
            timeout=timeout,
            allow_redirects=False,
            raise_for_status=False,
            auto_decompress=False,
            **more,
        )

    def _error_for(
        self, failure: Exception, call: Call[Any], key: Key, timeout: aiohttp.ClientTimeout
    ) -> ConnectionFailed | ConfigurationError:
        match failure:
            case aiohttp.ConnectionTimeoutError():
                return RequestTimeout(f"no connection to {call.address} within {timeout.connect:g} s.", sent=False)
            case TimeoutError():
                error = RequestTimeout(
                    f"no response from {call.address} within {call.terms.timeout:g} s. Twenty never answers some "
                    f"malformed bodies; otherwise raise {_TIMEOUT[1]} or ask for less at a time."
                )
                error.suggested = _TIMEOUT
                return error
        reason = self._aiohttp_message(failure, key)
        match failure:
            case aiohttp.ClientConnectorError() | aiohttp.ClientHttpProxyError() | aiohttp.ServerFingerprintMismatch():
                # The server has not seen the request.
                return ConnectionFailed(f"no connection to {call.address}: {reason}.", sent=False)
            case ValueError():
                # aiohttp's InvalidURL, and its error about a session with an `auth` of its own.
                return ConfigurationError(f"can't send a request to {call.address}: {reason}.")
            case aiohttp.ClientPayloadError():
                return ConnectionFailed(f"the response of {call.address} was truncated: {reason}.")
            case aiohttp.ClientResponseError():
                return ConnectionFailed(f"the response of {call.address} can't be read: {reason}.")
        return ConnectionFailed(f"the connection to {call.address} broke: {reason}.")

    def _too_large(self, response: aiohttp.ClientResponse, call: Call[Any], key: Key) -> AnswerTooLarge:
        return AnswerTooLarge(
            f"the response of {call.address} has more than {call.terms.max_answer_bytes:,} bytes: ask for less at a "
            "time, or raise max_answer_bytes.",
            status=response.status,
            content_type=redacted(response.headers.get("Content-Type", ""), (key.secret, *self._headers.secrets)),
        )

    def _headers_of(self, call: Call[Any], key: Key) -> Mapping[str, str]:
        if not call.authorized:
            ours = urlsplit(call.url)[:2] == self._server
            headers = {**(self._headers.all if ours else self._headers.elsewhere)}
            return headers if call.body is None else {**headers, **_JSON}
        if self._usual[0] is not key:
            headers = {**self._headers.all, "Authorization": key.authorization}
            self._usual = key, CIMultiDict(headers), CIMultiDict({**headers, **_JSON})
        _, plain, with_json = self._usual
        return plain if call.body is None else with_json

    def _aiohttp_message(self, failure: BaseException, key: Key) -> str:
        """The message of aiohttp on one line, without the key, which it may quote from unreadable input."""
        if isinstance(failure, aiohttp.ClientHttpProxyError):
            return f"the proxy answered HTTP {failure.status} {failure.message}"
        if isinstance(failure, aiohttp.ServerFingerprintMismatch):
            return f"the fingerprint of its certificate is {failure.got.hex()}"
        if isinstance(failure, aiohttp.ServerDisconnectedError):
            return "the server closed it before responding"
        if isinstance(failure, aiohttp.ClientConnectorDNSError):
            return f"the name {failure.host!r} is unknown, or the network is down"
        if type(failure) is aiohttp.ClientConnectorError and failure.os_error.errno:
            # Without the address, which the text has twice.
            return os.strerror(failure.os_error.errno).lower()
        text = failure.message if isinstance(failure, aiohttp.ClientResponseError) else str(failure)
        return redacted(" ".join(text.split()), (key.secret, *self._headers.secrets)) or type(failure).__name__

    def check(self) -> asyncio.AbstractEventLoop:
        """The running event loop. Raises `ConfigurationError` if the client is used in another one, or is closed."""
        loop = running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigurationError(
                "this client belongs to another event loop: create one client in each loop, or one Runner for all."
            )
        if self.closed:
            raise ConfigurationError(self._why_closed)
        return loop

    async def open(self) -> aiohttp.ClientSession:
        """The session, created in the running loop at first use."""
        loop = self.check()
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._max_connections, keepalive_timeout=IDLE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            self._guard = _close_with_loop(self._session)
            await anext(self._guard)
            weakref.finalize(self, _close_later, loop, self._guard).atexit = False
        elif self._session.closed:
            raise ConfigurationError("the aiohttp session of this client is closed.")
        return self._session

    async def pause(self, seconds: float) -> None:
        """Sleeps. Raises `ConfigurationError` if the client is closed meanwhile."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[bool] = loop.create_future()
        timer = loop.call_later(seconds, _come_true, over)
        try:
            await self.while_open(over)
        finally:
            timer.cancel()

    async def while_open(self, awaited: asyncio.Future[bool]) -> None:
        """Waits for a future. Raises `ConfigurationError` if the client is closed meanwhile."""
        self._waiting.add(awaited)
        try:
            if not self._closed:
                await awaited
        finally:
            self._waiting.discard(awaited)
        if self._closed:
            raise ConfigurationError("this client was closed while a request waited to be sent.")

    async def _landing(self, mine: asyncio.Task[Any] | None) -> None:
        while self._in_flight - {mine}:
            self._landed.clear()
            await self._landed.wait()

    async def close(self, grace: float) -> None:
        """Lets running requests finish within `grace` seconds, then cancels them."""
        running_loop()
        self._closed = True
        self.keys.close()
        for awaited in self._waiting:
            if not awaited.done():
                awaited.set_result(False)
        current = asyncio.current_task()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._landing(current)
        for task in self._in_flight - {current}:
            if task is not None:
                task.cancel()
        await self._landing(current)
        if self._guard is not None:
            guard, self._guard = self._guard, None
            await guard.aclose()
        if self._owned:
            self._session = None


async def _close_with_loop(session: aiohttp.ClientSession) -> AsyncGenerator[None]:
    """Closes the session when the generator is closed, or when its event loop shuts down.

    Event loops close asynchronous generators when they shut down, so a forgotten client leaves no open connection.
    """
    try:
        yield
    finally:
        await session.close()


def _close_later(loop: asyncio.AbstractEventLoop, guard: AsyncGenerator[None]) -> None:
    """Closes the session of a client that was collected without being closed."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(lambda: asyncio.ensure_future(guard.aclose(), loop=loop))


def _come_true(awaited: asyncio.Future[bool]) -> None:
    if not awaited.done():
        awaited.set_result(True)


def _body_of(call: Call[Any]) -> Any:
    """The body in the form for aiohttp."""
    if call.body is None:
        return None if call.form is None else call.form()
    # aiohttp warns about larger bytes, because it writes them in one go.
    return io.BytesIO(call.body) if len(call.body) > LARGE_BODY else call.body


def _forget_in_child() -> None:
    for session in list(_SESSIONS):
        session.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
