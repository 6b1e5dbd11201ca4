"""Runs several calls concurrently, and yields their results in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def ahead(calls: Iterable[Callable[[], Awaitable[T]]], at_once: int) -> AsyncGenerator[T]:
    """The results, with at most `at_once` calls running. If it is left early, the others are cancelled."""
    waiting: deque[asyncio.Future[T]] = deque()
    try:
        for call in calls:
            waiting.append(asyncio.ensure_future(call()))
            if len(waiting) >= at_once:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
