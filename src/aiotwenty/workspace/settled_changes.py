"""Changes the data model and, after a lost response, checks whether the object or field exists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiotwenty.errors import TwentyError
from aiotwenty.records.settling import look_after, settle
from aiotwenty.transport.retry import Fate, fate_of

T = TypeVar("T")

Send = Callable[[], Awaitable[dict[str, Any]]]


async def made(
    send: Send, look: Callable[[], Awaitable[T | None]], is_it: Callable[[T], bool], name: str
) -> dict[str, Any] | T:
    """The result of `send`, or what `look` finds of that name after a lost response.

    Names are unique, so sending again is safe if nothing was found. If the name belongs to something else, another
    client created that, and ours was refused.
    """

    async def decide(failure: TwentyError, lost: bool) -> T | None:
        if not lost and not failure.outcome_unknown:
            raise failure
        existing = await look_after(failure, look())
        if existing is not None and is_it(existing):
            return existing
        if existing is None and failure.outcome_unknown and fate_of(failure) is not Fate.FAILED:
            failure.look = f"look whether there is a {name}"
            return None
        failure.outcome_unknown = False
        if existing is not None:
            failure.add_note(f"There is another {name}: it was not created.")
        raise failure

    return await settle(send, decide)


async def removed(send: Send, is_gone: Callable[[], Awaitable[bool]]) -> None:
    """Calls `send` until the thing is gone; there is no result."""

    async def remove() -> bool:
        await send()
        return True

    async def decide(failure: TwentyError, lost: bool) -> bool | None:
        if not lost and not failure.outcome_unknown:
            raise failure
        if await look_after(failure, is_gone()):
            return True
        failure.outcome_unknown = failure.outcome_unknown and fate_of(failure) is not Fate.FAILED
        if not failure.outcome_unknown:
            raise failure
        return None

    await settle(remove, decide)


async def changed(send: Send) -> dict[str, Any]:
    """The result of `send`, which is repeated after a lost response: setting the same values twice changes nothing."""

    async def decide(failure: TwentyError, lost: bool) -> None:
        if not failure.outcome_unknown or fate_of(failure) is Fate.FAILED:
            raise failure

    return await settle(send, decide)
