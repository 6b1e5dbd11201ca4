"""The retries of a batch: the client's policy, with more patience. Stopping the load ends its pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from aiotwenty.bulk.requests import Meter
from aiotwenty.errors import TwentyError
from aiotwenty.transport.retry import RetryPolicy, fate_of

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked for it
    """The load is to stop, and this batch has no response yet."""


class Patience:
    """The retries of a load after temporary failures, for all its batches."""

    def __init__(self, policy: RetryPolicy, meter: Meter) -> None:
        self._policy = policy.patient()
        self._meter = meter
        self.stopping = asyncio.Event()
        """Set when nothing is to be sent again."""

    def begin(self) -> Attempts:
        """The attempts at one request."""
        return Attempts(self, self._policy)

    async def ask(self, look: Callable[[], Awaitable[T]]) -> T:
        """The result of a look-up, repeated after lost responses."""
        attempts = self.begin()
        while True:
            try:
                return await look()
            except TwentyError as error:
                if not fate_of(error).passing or not await attempts.wait(error):
                    raise

    async def pause(self, seconds: float, error: TwentyError) -> None:
        self._meter.concurrency.in_trouble()
        self._meter.retries += 1
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return
        raise Stopped from error


class Attempts:
    """The number of attempts at one request, and their start."""

    def __init__(self, patience: Patience, policy: RetryPolicy) -> None:
        self._patience = patience
        self._policy = policy
        self._started = monotonic()
        self._number = 0

    async def wait(self, error: TwentyError) -> bool:
        """Waits before the next attempt; False after the last one. Raises `Stopped`."""
        self._number += 1
        if self._patience.stopping.is_set():
            raise Stopped from error
        delay = self._policy.delay(error, self._number, monotonic() - self._started)
        if delay is not None:
            await self._patience.pause(delay, error)
        return delay is not None
