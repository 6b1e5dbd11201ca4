"""`twenty.raw`: calls that return the HTTP response with their result."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from aiotwenty.transport.recording import RawResult, checked_call, recorded

T = TypeVar("T")


class _RawCall(Protocol):
    def __call__(self, *args: Any, **options: Any) -> Coroutine[Any, Any, RawResult[Any]]: ...


class _RawPart(Protocol):
    def __getattr__(self, name: str) -> _RawCall: ...


class RawCalls:
    """The methods of a client, or of one of its parts, which return a `RawResult` here.

    `await twenty.raw.companies.find_many(first=10)`; or, for any call of this library and with all types,
    `await twenty.raw(twenty.core.find_many_companies(first=10))`.
    """

    def __init__(self, target: object) -> None:
        self._target = target

    def __repr__(self) -> str:
        return f"<raw calls of {self._target!r}>"

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._target) if not name.startswith("_")]

    def __call__(self, call: Awaitable[T]) -> Coroutine[Any, Any, RawResult[T]]:
        """The result and the HTTP responses of a call that was not awaited yet.

        Every request of the call is recorded, also if it is a function of yours. Raises `InvalidArgument` for tasks,
        which are running already, and for walks.
        """
        return recorded(checked_call(call, type(call).__name__))

    def object(self, name: str) -> _RawPart:
        """The methods of any object of the workspace: `await twenty.raw.object("rockets").find_many()`."""
        target: Any = self._target
        calls: Any = RawCalls(target.object(name))
        return calls  # type: ignore[no-any-return]

    if TYPE_CHECKING:
        # For these, only `twenty.raw(twenty.rest.get(…))` gives `.data` its type.
        core: _RawPart
        metadata: _RawPart
        rest: _RawPart
        workspace: _RawPart
        files: _RawPart
        execute: _RawCall
        search: _RawCall
    else:

        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(f"raw calls have no {name}")
            value = getattr(self._target, name)
            if not callable(value):
                return RawCalls(value)

            def call(*args, **options):
                return recorded(checked_call(value(*args, **options), f"{name}()"))

            call.__doc__ = value.__doc__
            call.__name__ = name
            return call
