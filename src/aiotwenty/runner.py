"""`Runner`: the client for programs that don't await, such as scripts, notebooks, Celery tasks and WSGI views."""

from __future__ import annotations

import inspect
import os
import threading
import weakref
from collections.abc import AsyncIterable, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from aiotwenty.client import Twenty
from aiotwenty.errors import ConfigurationError, InvalidArgument
from aiotwenty.loop_thread import LoopJob, LoopThread, ReadAhead, discard
from aiotwenty.settings import hide, hide_values

T = TypeVar("T")
P = ParamSpec("P")

_READ_AHEAD = 200
_PATIENCE = 1.0
"""Seconds for a walk to close when its loop is left, perhaps by the garbage collector, which runs in any thread."""
_SECRETS = ("api_key", "session_token")

if TYPE_CHECKING:
    import typing_extensions

    # The default is for pyright, which loses the type of `self` below.
    C = typing_extensions.TypeVar("C", default=Twenty)

    def _as_twenty(
        made: Callable[P, Twenty],
    ) -> Callable[[Callable[..., None]], Callable[Concatenate[Runner[Twenty], P], None]]:
        """Gives the constructor the parameters of `Twenty`."""
        ...
else:
    C = TypeVar("C")


class Runner(Generic[C]):
    """One event loop in a thread of its own, with one client on it; usable from any thread of a program.

    Takes the arguments of `Twenty`, or a function that creates another client, and its arguments:
    `Runner(my_crm.Twenty, timeout=10)`. The function may also be an `@asynccontextmanager` that yields a client.

        with Runner() as run:
            company = run(run.twenty.companies.find_one(id))
            for company in run.iterate(run.twenty.companies.iterate()):
                ...

    Session, connections and the learned limit live as long as the runner: create one for the program, not one per call.
    It starts on first use. A forked process starts its own, with the same arguments: use `run.twenty` again there. It
    is closed at the end of `with`, by `close()`, or else when the program ends.
    """

    if TYPE_CHECKING:

        @overload
        @_as_twenty(Twenty)
        def __init__(self, *args: Any, **kwargs: Any) -> None: ...
        @overload
        def __init__(
            self, client: Callable[P, AbstractAsyncContextManager[C]], /, *args: P.args, **kwargs: P.kwargs
        ) -> None: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[misc]  # mypy and ParamSpec
        # Reports of errors may show the variables of this frame and its callers.
        kwargs = {name: hide(value) if name in _SECRETS else value for name, value in kwargs.items()}
        if "headers" in kwargs:
            kwargs["headers"] = hide_values(kwargs["headers"])
        factory: Callable[..., AbstractAsyncContextManager[C]]
        factory, args = (args[0], args[1:]) if args and callable(args[0]) else (Twenty, args)  # type: ignore[assignment]
        inspect.signature(factory).bind(*args, **kwargs)
        if kwargs.get("session") is not None:
            raise InvalidArgument(
                "a session belongs to the event loop in which it was created. Pass a function that creates session "
                "and client in the runner's loop: an @asynccontextmanager."
            )
        # A closure, because the `repr` of a partial would show the key.
        self._make = lambda: factory(*args, **kwargs)
        self._lock = threading.Lock()
        self._live: LoopThread[C] | None = None
        self._closed = False
        _runners.add(self)

    def __repr__(self) -> str:
        # Reports of errors also print runners whose constructor failed.
        live = getattr(self, "_live", None)
        return f"Runner({live.opened!r})" if live is not None and live.running else "Runner()"

    def __reduce__(self) -> Any:
        raise ConfigurationError("a Runner can't be pickled: create it in a module that the other processes import.")

    @property
    def twenty(self) -> C:
        """The client of this process. Its calls are awaited by the runner: `run(run.twenty.companies.count())`.

        Raises what making the client raises, such as `ConfigurationError`.
        """
        return self._alive().opened

    def __call__(self, awaitable: Awaitable[T]) -> T:
        """The result of a coroutine, such as a call of `twenty` or a function of yours that awaits several of them.

        Raises what it raises, and `ConfigurationError` in the runner's own thread. Whatever interrupts the wait, such
        as Ctrl-C or a signal that raises an error, cancels it. In a thread whose event loop is running (a notebook)
        that loop waits, too: there, `await asyncio.to_thread(run, …)` doesn't stop it.
        """
        if not inspect.isawaitable(awaitable):
            hint = ": use run.iterate()" if isinstance(awaitable, AsyncIterable) else ""
            raise InvalidArgument(f"run() takes a coroutine, not {type(awaitable).__name__}{hint}.")
        try:
            live = self._outside()
        except BaseException:
            discard(awaitable)
            raise
        return live.run(awaitable)

    def iterate(self, walk: AsyncIterable[T], *, read_ahead: int = _READ_AHEAD) -> Generator[T]:
        """The items of an asynchronous iterator, such as `twenty.companies.iterate()`, one after the other.

        It starts with the first item, and then reads up to about `read_ahead` items ahead. When you leave the loop, or
        close this iterator, the other one is closed. Raises its errors, after the items before them.
        """
        if not isinstance(walk, AsyncIterable):
            raise InvalidArgument(f"run.iterate() takes an asynchronous iterator, not {type(walk).__name__}.")
        if read_ahead < 1:
            raise InvalidArgument("read_ahead must be at least 1.")
        return self._iterate(walk, read_ahead)

    def _iterate(self, walk: AsyncIterable[T], limit: int) -> Generator[T]:
        live = self._outside()
        ahead: ReadAhead[T] = ReadAhead(limit)
        job = LoopJob(ahead.fill(walk))
        job.outcome.add_done_callback(ahead.end)
        try:
            live.begin(job)
            while True:
                if live is not self._live:
                    raise ConfigurationError("this iteration started in another process: start again after a fork.")
                if live.inside:
                    raise ConfigurationError(_INSIDE)
                if not (items := ahead.take()):
                    return live.result(job)
                yield from items
        finally:
            live.cancel(job, _PATIENCE)
            del job

    def close(self) -> None:
        """Waits for the calls in flight (for `timeout` of the client), closes the client and ends the thread.

        Closing twice is fine.
        """
        with self._lock:
            live, self._closed = self._live, True
        if live is not None:
            if live.inside:
                raise ConfigurationError("a Runner can't be closed from a coroutine in its own thread.")
            live.stop()
            live.join()

    def __enter__(self) -> Self:
        self._alive()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _outside(self) -> LoopThread[C]:
        live = self._alive()
        if live.inside:
            raise ConfigurationError(_INSIDE)
        return live

    def _alive(self) -> LoopThread[C]:
        live = self._live
        if live is not None and live.running:
            return live
        with self._lock:
            if self._closed:
                raise ConfigurationError("this Runner is closed: create a new one, or close it later.")
            if self._live is None or not self._live.running:
                live = LoopThread(self._make)
                live.start()
                self._live = live
                weakref.finalize(self, live.forget)
            return self._live

    def _after_fork(self) -> None:
        # The lock may be held by a thread that doesn't exist here, and the loop is the parent's.
        self._lock = threading.Lock()
        if self._live is not None:
            _of_parents.append(self._live)
            self._live = None


_INSIDE = "this is the Runner's own thread: use `await` instead of run()."
_runners: weakref.WeakSet[Runner[Any]] = weakref.WeakSet()
_of_parents: list[LoopThread[Any]] = []
"""Loops inherited by a fork. They are never collected: that would close connections of the parent."""


def _after_fork_in_child() -> None:
    for runner in list(_runners):
        runner._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
