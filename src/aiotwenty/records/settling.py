"""Creates that happen once: they carry an id made here, and one whose answer was lost is looked for by it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar, cast

from aiotwenty.errors import DuplicateRecord, TwentyError
from aiotwenty.transport.encode import encode_json
from aiotwenty.transport.models import UUID, Input, Record

R = TypeVar("R", bound=Record)

_TRIES = 4
"""How often a lost write is looked into and sent again; each of these requests has retries of its own."""


def with_ids(inputs: Sequence[Input]) -> tuple[bytes, list[int]]:
    """The inputs as a JSON list of objects that each have an id, their own or a new one; and the ids as integers.

    New ids are random, but share all digits but the last eight, and are put in front of the encoded fields as text:
    to make each a UUID and copy the caller's model for it would cost more than all the rest of a request.
    """
    base = UUID(bytes=os.urandom(16), version=4).int & ~0xFFFF_FFFF
    prefix = b'{"id":"%b' % str(UUID(int=base)).encode()[:-8]
    start = int.from_bytes(os.urandom(4)) % (0xFFFF_FFFF - len(inputs))
    texts: list[bytes] = []
    ids: list[int] = []
    for number, given in enumerate(inputs, start):
        own = getattr(given, "id", None)
        if own is None and "id" in given.model_fields_set:
            given = given.model_copy(update={"id": (own := UUID(int=base + number))})
        text = encode_json(given)
        if own is not None:
            texts.append(text)
            ids.append(_number(own))
        else:
            texts.append(b'%b%08x"%b%b' % (prefix, number, b"," if len(text) > 2 else b"", text[1:]))
            ids.append(base + number)
    return b"[%b]" % b",".join(texts), ids


def in_order(records: list[R], ids: Sequence[int]) -> list[R] | None:
    """The records in the order of the ids, None if one is missing.

    Older servers return created records in any order (Twenty, November 2025).
    """
    came = [_number(record.id) for record in cast("list[_HasId]", records)]
    if came == ids:
        return records
    found = dict(zip(came, records, strict=True))
    try:
        return [found[number] for number in ids]
    except KeyError:
        return None


class _HasId(Protocol):
    id: Any


def _number(identity: Any) -> int:
    return identity.int if isinstance(identity, UUID) else UUID(str(identity)).int


async def create_settled(
    ids: Sequence[int],
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
            if (found := in_order(await look_after(error, look()), ids)) is not None:
                return found
            if attempt == _TRIES:
                raise
            continue
        ordered = in_order(records, ids)
        return ordered if ordered is not None else (in_order(await look(), ids) or records)
    raise AssertionError("unreachable")


async def look_after(lost: TwentyError, look: Awaitable[list[R]]) -> list[R]:
    """What is there after a write was lost. If that can't be seen, the lost write is raised, not the failed look."""
    try:
        return await look
    except TwentyError as error:
        failure = error
    lost.add_note(f"Looking for the records failed, too: {failure}")
    raise lost
