"""The API key that requests go with: one that was given, or one that a function is asked for, again and again."""

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
"""For how long a function that gives keys is not asked again, unless the server refuses the key."""


class Key:
    """One key, in the forms that it is needed in. Nothing that is printed shows it."""

    __slots__ = ("authorization", "secret")

    def __init__(self, text: str) -> None:
        self.secret = text.encode()
        self.authorization = Hidden(f"Bearer {text}")


class Keys:
    """Gives requests their key.

    A function is asked when the first request is sent, then at most once in `KEY_SECONDS` (requests go on with the key
    that there is meanwhile), and whenever the server has refused the key. However many requests wait, it is asked once;
    one that is no coroutine function runs in a thread. It has `seconds` to answer.
    """

    def __init__(self, source: ApiKey | None, seconds: float) -> None:
        self._function: KeyFunction | None = source if callable(source) else None
        self._key = None if callable(source) else Key(check_key(source))
        self.fixed = self._key
        """The key that never changes; None where a function gives it."""
        self._seconds = seconds
        self._asked = self._again = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    async def current(self) -> Key:
        """The key to send. Raises `ConfigurationError` if there is none because the function failed."""
        if self._key is None:
            await self._ask()
        elif self._function is not None and time.monotonic() >= self._again:
            self._begin()
        if self._key is None:
            raise ConfigurationError(f"the api_key function returned no key: {_told(self._failure)}") from self._failure
        return self._key

    async def other_than(self, refused: Key, sent: float) -> bool:
        """Whether there is another key than the one that the server refused, of a request that was sent then."""
        # An answer from before then says nothing of what the function would say now.
        while self._function is not None and self._key is refused and self._asked <= sent:
            await self._ask()
        return self._key is not refused

    async def _ask(self) -> None:
        # A caller that is cancelled while it waits must not cancel the call of the function for others.
        await asyncio.wait([self._begin()])

    def _begin(self) -> asyncio.Task[None]:
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask_function())
        return self._asking

    async def _ask_function(self) -> None:
        asked = time.monotonic()
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
            self._asked = asked
            self._again = asked + KEY_SECONDS

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
        """Has no key any more, nor a way to one."""
        self._key = self.fixed = self._function = None

    def close(self) -> None:
        """Stops asking."""
        if self._asking is not None:
            self._asking.cancel()


def _call(function: KeyFunction) -> Any:
    try:
        return function()
    except StopIteration as error:
        # No future takes it, and who waits for one would wait for ever.
        raise LookupError("the api_key function has no more keys") from error


def _told(failure: Exception | None) -> str:
    if failure is None:
        return "it was cancelled."
    return failure.message if isinstance(failure, TwentyError) else f"{type(failure).__name__} was raised."
