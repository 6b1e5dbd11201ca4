"""Creates that happen once: they carry an id made here, and one whose answer was lost is looked for by it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from aiotwenty.errors import DuplicateRecord, TwentyError
from aiotwenty.transport.models import UUID, Input, Record

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=Input)

_TRIES = 4
"""How often a lost write is looked into and sent again; each of these requests has retries of its own."""


def new_ids(count: int) -> list[UUID]:
    """Random ids, from one call to the system."""
    entropy = os.urandom(16 * count)
    return [UUID(bytes=entropy[start : start + 16], version=4) for start in range(0, 16 * count, 16)]


def with_ids(inputs: Sequence[C]) -> tuple[list[C], list[UUID]]:
    """The inputs, each with an id: its own or a new one. The caller's models are not touched."""
    fresh = iter(new_ids(len(inputs)))
    result, ids = [], []
    for given in inputs:
        own = getattr(given, "id", None)
        if own is None:
            identity = next(fresh)
            given = given.model_copy(update={"id": identity})
        else:
            identity = own if isinstance(own, UUID) else UUID(str(own))
        result.append(given)
        ids.append(identity)
    return result, ids


def in_order(records: Sequence[R], ids: Sequence[UUID]) -> list[R] | None:
    """The records in the order of the ids, None if one is missing.

    Older servers return created records in any order (Twenty, November 2025).
    """
    found = {_identity(record): record for record in records}
    if any(identity not in found for identity in ids):
        return None
    return [found[identity] for identity in ids]


def _identity(record: BaseModel) -> UUID:
    identity: Any = getattr(record, "id")  # noqa: B009
    return identity if isinstance(identity, UUID) else UUID(str(identity))


async def create_settled(
    ids: Sequence[UUID],
    create: Callable[[], Awaitable[list[R]]],
    look: Callable[[], Awaitable[list[R]]],
) -> list[R]:
    """Sends `create`; if its answer is lost, looks for the records and sends it again only if they are not there.

    One create is atomic, so that the records are there all together or not at all. A request that is still on its way
    when the second one arrives makes one of the two fail on the id: looking again tells.
    """
    lost = False
    for attempt in range(1, _TRIES + 1):
        try:
            records = await create()
        except DuplicateRecord:
            if not lost:
                raise
            if (found := in_order(await look(), ids)) is None:
                raise
            return found
        except TwentyError as error:
            if not error.outcome_unknown:
                if lost:
                    error.outcome_unknown = True
                raise
            lost = True
            if (found := await _seen(look, ids, error)) is not None:
                return found
            if attempt == _TRIES:
                raise
            continue
        ordered = in_order(records, ids)
        return ordered if ordered is not None else (in_order(await look(), ids) or records)
    raise AssertionError("unreachable")


async def _seen(look: Callable[[], Awaitable[list[R]]], ids: Sequence[UUID], lost: TwentyError) -> list[R] | None:
    try:
        return in_order(await look(), ids)
    except TwentyError as error:
        failure = error
    # It can't be settled now: what is reported is the lost write, not the failed look.
    lost.add_note(f"Looking for the records failed, too: {failure}")
    raise lost
