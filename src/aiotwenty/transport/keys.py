"""The API key of requests: a fixed one, or one that a function returns repeatedly."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from typing import Any, cast

from aiotwenty.errors import ConfigurationError, InvalidArgument, TwentyError
from aiotwenty.settings import ApiKey, Hidden, KeyFunction, check_key

logger = logging.getLogger("aiotwenty")

KEY_SECONDS = 60.0
"""The seconds between calls of a key function, unless the server refuses the key."""


class Key:
    """A key in the forms that requests need. Its `repr` doesn't show it."""

    __slots__ = ("authorization", "secret")

    def __init__(self, text: str) -> None:
        self.secret = text.encode()
        self.authorization = Hidden(f"Bearer {text}")


class Keys:
    """Supplies requests with their key.

    A function is called before the first request, then at most once in `KEY_SECONDS` (requests use the present key
    meanwhile), and whenever the server has refused the key. It is called once for all waiting requests, in a thread
    unless it is a coroutine function, and has `seconds` to return.
    """

    def __init__(self, source: ApiKey | None, seconds: float) -> None:
        self._function: KeyFunction | None = source if callable(source) else None
        self._key = None if callable(source) else Key(check_key(source))
        self.fixed = self._key
        """The key that never changes; None if a function supplies it."""
        self._seconds = seconds
        self._asked = self._again = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    async def current(self) -> Key:
        """The key to send. Raises `ConfigurationError` if the function failed and there is none."""
        if self._key is None:
            await self._ask()
        elif self._function is not None and time.monotonic() >= self._again:
            self._begin()
        if self._key is None:
            raise ConfigurationError(
                f"the api_key function returned no key: {_failure_text(self._failure)}"
            ) from self._failure
        return self._key

    async def other_than(self, refused: Key, sent: float) -> bool:
        """Whether there is another key than the refused one of a request sent at this time."""
        # A key that the function returned before the request was sent doesn't count.
        while self._function is not None and self._key is refused and self._asked <= sent:
            await self._ask()
        return self._key is not refused

    async def _ask(self) -> None:
        # A waiting caller that is cancelled must not cancel the function's call for others.
        await asyncio.wait([self._begin()])

    def _begin(self) -> asyncio.Task[None]:
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask_function())
        return self._asking

    async def _ask_function(self) -> None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                key = Key(await self._answer())
            self._failure = None
            if self._key is None or key.secret != self._key.secret:
                self._key = key
        except Exception as error:
            self._failure = error
            if self._key is not None:
                logger.warning("the api_key function failed (%s): the key stays", type(error).__name__)
        finally:
            self._asking = None
            self._asked = started
            self._again = started + KEY_SECONDS

    async def _answer(self) -> Hidden:
        function = cast("KeyFunction", self._function)
        if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
            answer: Any = function()
        else:
            answer = await asyncio.to_thread(_call, function)
        if inspect.isawaitable(answer):
            answer = await answer
        if callable(answer):
            raise InvalidArgument("it returned another function.")
        return Hidden(check_key(answer))

    def forget(self) -> None:
        """Drops the key and the function."""
        self._key = self.fixed = self._function = None

    def close(self) -> None:
        """Stops calling the function."""
        if self._asking is not None:
            self._asking.cancel()


def _call(function: KeyFunction) -> Any:
    try:
        return function()
    except StopIteration as error:
        # No future accepts StopIteration, so that callers would wait for ever.
        raise LookupError("the api_key function has no more keys") from error


def _failure_text(failure: Exception | None) -> str:
    if failure is None:
        return "it was cancelled."
    return failure.message if isinstance(failure, TwentyError) else f"{type(failure).__name__} was raised."
