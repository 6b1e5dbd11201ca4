"""Works on several objects: in turn, or at once while the rate limit holds their requests back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

LANES = 20
"""The most objects at once: as many as share one request."""


async def in_lanes(
    work: Sequence[Callable[[], Coroutine[Any, Any, T]]],
    somebody_waits: Callable[[], Coroutine[Any, Any, None]],
    after: Sequence[Collection[int]] = (),
) -> list[T]:
    """The results of all calls, in order. The first failure ends the other calls and is raised.

    A call begins when the calls at the positions that `after` has for it are done. While no request waits for the rate
    limit, it also waits for the one before, because running together would not be faster. When `somebody_waits`
    returns, further calls begin, because requests that wait together are sent as one.
    """
    results: dict[int, T] = {}
    running: dict[asyncio.Task[T], int] = {}
    left = list(range(len(work)))
    watching: asyncio.Task[None] | None = None
    try:
        while left or running:
            free = [at for at in left if not after or results.keys() >= set(after[at])] if len(running) < LANES else []
            waits = watching is not None and watching.done()
            if waits:
                watching = None
            if free and (waits or not running):
                running[asyncio.create_task(work[free[0]]())] = free[0]
                left.remove(free[0])
                continue
            if free and watching is None:
                watching = asyncio.create_task(somebody_waits())
            waited_for = [*running, *([watching] if free and watching is not None else [])]
            await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in running if task.done()]:
                results[running.pop(task)] = task.result()
    finally:
        await _ended([*running, *([watching] if watching is not None else [])])
    return [results[at] for at in range(len(work))]


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancels the tasks, and waits for all of them even if the waiting task is cancelled too."""
    for task in tasks:
        task.cancel()
    while left := [task for task in tasks if not task.done()]:
        with suppress(asyncio.CancelledError):
            await asyncio.wait(left)
