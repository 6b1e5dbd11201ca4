"""An event loop in a thread of its own, with an open context, for callers without a loop."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import threading
from collections.abc import AsyncIterable, Awaitable, Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Generic, TypeVar, cast

from aiotwenty.errors import ConfigurationError

logger = logging.getLogger("aiotwenty")

C = TypeVar("C")
T = TypeVar("T")

_PATIENCE = 5.0
"""The seconds that the end of a program waits for the thread."""


class LoopJob(Generic[T]):
    """A coroutine that runs in the loop of another thread."""

    def __init__(self, awaitable: Awaitable[T]) -> None:
        self._awaitable = awaitable
        self._task: asyncio.Task[tuple[T | None, BaseException | None]] | None = None
        self.listed: set[LoopJob[Any]] = set()
        """The set that it is in until it is done."""
        self.outcome: Future[T] = Future()

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Starts the coroutine. Called in the loop."""
        self._task = loop.create_task(_guarded(self._awaitable))
        self._task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[tuple[T | None, BaseException | None]]) -> None:
        result, error = (None, asyncio.CancelledError()) if task.cancelled() else task.result()
        self._task = None
        self.settle(result, error)

    def settle(self, result: T | None, error: BaseException | None) -> None:
        discard(self._awaitable)
        self.listed.discard(self)
        # The thread that adds a job and the one that ends the loop may both find it too late.
        with suppress(InvalidStateError):
            if error is not None:
                self.outcome.set_exception(error)
            else:
                self.outcome.set_result(cast("T", result))

    def cancel(self) -> None:
        """Cancels the coroutine. Called in the loop."""
        if self._task is not None:
            self._task.cancel()
        elif not self.outcome.done():
            self.settle(None, asyncio.CancelledError())


async def _guarded(awaitable: Awaitable[T]) -> tuple[T | None, BaseException | None]:
    try:
        return await awaitable, None
    except BaseException as error:  # a SystemExit would end the loop for all jobs
        return None, error


class LoopThread(Generic[C]):
    """Runs an event loop in a daemon thread of this process until it is stopped, with `make()` open in it."""

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[C]]) -> None:
        self._make = make
        self._jobs: set[LoopJob[Any]] = set()
        self._opened: Future[C] = Future()
        self._process = os.getpid()
        self._stopping = self._forgotten = False
        # After a fork the thread is gone. Its frames are kept, because collecting them in the child would close the
        # parent's connections.
        self._thread = threading.Thread(target=self._main, name="aiotwenty", daemon=True)

    def start(self) -> C:
        """The open context. Raises the error of opening it."""
        self._thread.start()
        try:
            return self._opened.result()
        except BaseException:
            self.stop()
            raise

    @property
    def running(self) -> bool:
        """Whether it accepts jobs: in this process, and not stopped."""
        return self._process == os.getpid() and self._thread.is_alive() and not self._stopping

    @property
    def opened(self) -> C:
        return self._opened.result()

    @property
    def inside(self) -> bool:
        """Whether the caller is in the thread of the loop, which must not wait for itself."""
        return threading.current_thread() is self._thread  # idents of ended threads are reused

    def _main(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            if not self._opened.done():
                self._opened.set_exception(error)
            elif not self._forgotten:  # at the end of a program, asyncio can't start the thread that ends its others
                logger.exception("the event loop of a Runner failed")
        finally:
            self._stopping = True
            for job in list(self._jobs):
                # It came too late to begin.
                job.settle(None, asyncio.CancelledError())

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with self._make() as opened:
            self._opened.set_result(opened)
            if not self._stopping:
                await self._stop.wait()

    def run(self, awaitable: Awaitable[T]) -> T:
        """The result of the coroutine. An interruption of the wait (Ctrl-C, the signal of a time limit) cancels it."""
        job = LoopJob(awaitable)
        try:
            self.begin(job)
            job.outcome.exception()
        except BaseException:
            self.cancel(job)
            raise
        try:
            return self.result(job)
        finally:
            del job  # an error refers to this frame, and the job to the error

    def begin(self, job: LoopJob[Any]) -> None:
        """Runs the job in the loop, in the context of the caller."""
        self._jobs.add(job)
        job.listed = self._jobs
        if not self._soon(job.begin, self._loop):
            job.settle(None, asyncio.CancelledError())

    def cancel(self, job: LoopJob[Any], seconds: float | None = None) -> None:
        """Cancels the job, and waits until it is done, at most `seconds`."""
        if self._process != os.getpid() or job.outcome.done():
            return
        if self._soon(job.cancel) and not self.inside:
            with suppress(TimeoutError):
                job.outcome.exception(seconds)

    def result(self, job: LoopJob[T]) -> T:
        """The result of a job that is done."""
        error = job.outcome.exception()
        try:
            if isinstance(error, asyncio.CancelledError) and self._stopping:
                raise ConfigurationError("this Runner was closed while a call was running.")
            if error is not None:
                # The traceback has the lines of the coroutine, and now those of the caller before them.
                raise error
            return job.outcome.result()
        finally:
            del error, job

    def _soon(self, callback: Callable[..., object], *arguments: object) -> bool:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def stop(self, *, at_once: bool = False) -> None:
        """Closes the context after the running jobs; `at_once` cancels them."""
        self._stopping = True
        if self._process == os.getpid() and self._thread.is_alive() and self._opened.done():
            self._soon(self._end, at_once)

    def _end(self, at_once: bool) -> None:
        self._stop.set()
        if at_once:
            for job in list(self._jobs):
                job.cancel()

    def join(self, seconds: float | None = None) -> None:
        """Waits for the end of the thread."""
        if self._process == os.getpid() and not self.inside:
            self._thread.join(seconds)

    def forget(self) -> None:
        """Drops everything: the program ends, or the owner was collected."""
        self._forgotten = True
        self.stop(at_once=True)
        self.join(_PATIENCE)


def discard(awaitable: object) -> None:
    """Closes a coroutine that will not be awaited, so that Python doesn't warn about it."""
    if inspect.iscoroutine(awaitable):
        awaitable.close()


class ReadAhead(Generic[T]):
    """Items that an asynchronous iterator returned and nobody has taken yet: at most `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: list[T] = []
        self._changed = threading.Condition()
        self._over = False
        self._resume: Callable[[], object] | None = None

    async def fill(self, walk: AsyncIterable[T]) -> None:
        """Takes items while there is room, and closes the iterator at the end. Called in the loop."""
        loop = asyncio.get_running_loop()
        iterator = aiter(walk)
        try:
            async for item in iterator:
                room = self._put(item, loop)
                if room is not None:
                    await room
        finally:
            if (close := getattr(iterator, "aclose", None)) is not None:
                await close()

    def _put(self, item: T, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None] | None:
        with self._changed:
            self._items.append(item)
            self._changed.notify()
            if len(self._items) < self._limit:
                return None
            room: asyncio.Future[None] = loop.create_future()
            self._resume = lambda: loop.call_soon_threadsafe(_done, room)
            return room

    def end(self, _: object) -> None:
        """Marks the end of the items."""
        with self._changed:
            self._over = True
            self._changed.notify()

    def take(self) -> list[T]:
        """Waits for items, and returns all available ones; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._over)
            items, self._items = self._items, []
            resume, self._resume = self._resume, None
        if resume is not None:
            with suppress(RuntimeError):  # the loop is closed
                resume()
        return items


def _done(room: asyncio.Future[None]) -> None:
    if not room.done():
        room.set_result(None)
