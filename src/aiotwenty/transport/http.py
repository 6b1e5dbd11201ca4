"""The aiohttp session under a client: opened at first use, bound to one event loop, closed without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import io
import weakref
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp

from aiotwenty.errors import ConfigurationError, ConnectionFailed, RequestTimeout, TwentyError
from aiotwenty.transport.exchange import Call, Reply, redacted

LARGE_BODY = 1_000_000
IDLE_SECONDS = 4.0
"""Older servers close an idle connection after 5 s (Twenty, November 2025): give it up before they do."""

_UNCONNECTED = (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.ServerFingerprintMismatch)
"""Of these the server has not seen the request."""


def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    """With less time for the connection than for all, which tells a request that was not sent from an answer that is
    late."""
    return aiohttp.ClientTimeout(total=seconds, connect=0.8 * seconds)


class _Hidden(str):
    """A text that tools which report an error with the variables of each frame do not see."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class _Once(str):
    """A method that aiohttp does not find among those that it sends again by itself when a kept connection breaks."""

    __slots__ = ()

    def upper(self) -> str:
        return self

    def __hash__(self) -> int:
        return ~super().__hash__()


class HttpSession:
    """Sends single requests with the bearer key and reads whole answers. Redirects are not followed.

    A session given by the caller is used as it is and left open; the key goes with each request, never onto the
    session.
    """

    def __init__(
        self,
        api_key: str,
        *,
        timeout: float = 30.0,
        max_connections: int = 16,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self._secret = api_key.encode()
        self._authorization = _Hidden(f"Bearer {api_key}")
        self._timeout = _timeout(timeout)
        self._seconds = timeout
        self._max_connections = max_connections
        self._session = session
        self._owned = session is None
        self._guard: AsyncGenerator[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._waiting: set[asyncio.Future[bool]] = set()
        self._in_flight: set[asyncio.Task[Any] | None] = set()
        self._landed = asyncio.Event()

    @property
    def closed(self) -> bool:
        return self._closed

    async def exchange(self, call: Call[Any]) -> Reply:
        """Raises `ConnectionFailed`, `RequestTimeout` or `ConfigurationError`."""
        session = await self.open()
        headers = {"Accept": "application/json"}
        if call.authorized:
            headers["Authorization"] = self._authorization
        data: Any = call.body
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            # aiohttp warns of larger bytes, because it writes them in one go.
            if len(call.body) > LARGE_BODY:
                data = io.BytesIO(call.body)
        elif call.form is not None:
            data = call.form()
        seconds = self._seconds if call.timeout is None else call.timeout
        timeout = self._timeout if call.timeout is None else _timeout(call.timeout)
        task = asyncio.current_task()
        if task is not None:
            self._in_flight.add(task)
        error: TwentyError
        try:
            async with session.request(
                call.method if call.reads else _Once(call.method),
                call.url,
                data=data,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                body = await response.read()
                return Reply(response.status, response.headers, body, len(call.body or b""), self._secret)
        except aiohttp.ConnectionTimeoutError:
            error = RequestTimeout(f"no connection to {call.address} within {timeout.connect:g} s.", sent=False)
        except TimeoutError:
            error = RequestTimeout(
                f"no answer from {call.address} within {seconds:g} s. Twenty never answers some malformed bodies; "
                "otherwise raise `timeout` or ask for less at a time."
            )
        except _UNCONNECTED as failure:
            error = ConnectionFailed(f"no connection to {call.address}: {self._told(failure)}.", sent=False)
        except ValueError as failure:
            # aiohttp's InvalidURL, and what it says of a session with an `auth` of its own.
            error = ConfigurationError(f"there is no way to send a request to {call.address}: {self._told(failure)}.")
        except aiohttp.ClientPayloadError as failure:
            error = ConnectionFailed(f"the answer of {call.address} was cut short: {self._told(failure)}.")
        except aiohttp.ClientResponseError as failure:
            error = ConnectionFailed(f"the answer of {call.address} can't be read: {self._told(failure)}.")
        except (aiohttp.ClientError, OSError) as failure:
            error = ConnectionFailed(f"the connection to {call.address} broke: {self._told(failure)}.")
        except RuntimeError as failure:
            if not session.closed:
                raise
            error = ConfigurationError(f"the aiohttp session was closed while in use: {failure}.")
        finally:
            if task is not None:
                self._in_flight.discard(task)
                self._landed.set()
        # Raised out here so that aiohttp's error is not chained to ours: it holds the request's headers, key and all.
        raise error

    def _told(self, failure: BaseException) -> str:
        """What aiohttp says of it, on one line; it quotes what it could not read, which may echo the key."""
        if isinstance(failure, aiohttp.ClientHttpProxyError):
            return f"the proxy answered HTTP {failure.status} {failure.message}"
        if isinstance(failure, aiohttp.ServerFingerprintMismatch):
            return f"the fingerprint of its certificate is {failure.got.hex()}"
        if isinstance(failure, aiohttp.ServerDisconnectedError):
            return "the server closed it before it had answered"
        text = failure.message if isinstance(failure, aiohttp.ClientResponseError) else str(failure)
        return redacted(" ".join(text.split()), self._secret) or type(failure).__name__

    def check(self) -> asyncio.AbstractEventLoop:
        """The loop this is used in. Raises `ConfigurationError` if that is not the first one's, or if it is closed."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigurationError(
                "this client belongs to another event loop: make one client for each loop, in the loop that uses it."
            )
        if self.closed:
            raise ConfigurationError("this client is closed: make a new one, or close it later.")
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
            raise ConfigurationError("the aiohttp session that this client was given is closed.")
        return self._session

    async def pause(self, seconds: float) -> None:
        """Sleeps, unless the client is closed meanwhile: then raises `ConfigurationError`."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[bool] = loop.create_future()
        timer = loop.call_later(seconds, _come_true, over)
        try:
            await self.while_open(over)
        finally:
            timer.cancel()

    async def while_open(self, awaited: asyncio.Future[bool]) -> None:
        """Waits for it to come true, unless the client is closed meanwhile: then raises `ConfigurationError`."""
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

    async def close(self, grace: float | None = None) -> None:
        """Lets what is in flight finish (for `grace` seconds, by default a request's time-out), then cancels it."""
        self._closed = True
        for awaited in self._waiting:
            if not awaited.done():
                awaited.set_result(False)
        mine = asyncio.current_task()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._seconds if grace is None else grace):
                await self._landing(mine)
        for task in self._in_flight - {mine}:
            if task is not None:
                task.cancel()
        await self._landing(mine)
        if self._guard is not None:
            guard, self._guard = self._guard, None
            await guard.aclose()
        if self._owned:
            self._session = None


async def _close_with_loop(session: aiohttp.ClientSession) -> AsyncGenerator[None]:
    """Closes the session when it is itself closed, or when its event loop shuts down.

    That is what event loops do with asynchronous generators; so a forgotten client leaves no open connection behind.
    """
    try:
        yield
    finally:
        await session.close()


def _close_later(loop: asyncio.AbstractEventLoop, guard: AsyncGenerator[None]) -> None:
    """For a client that was collected without being closed."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(lambda: asyncio.ensure_future(guard.aclose(), loop=loop))


def _come_true(awaited: asyncio.Future[bool]) -> None:
    if not awaited.done():
        awaited.set_result(True)
