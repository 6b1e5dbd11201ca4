"""Creates each record once: the client makes its id, and looks for it after a lost response."""

from __future__ import annotations

import os
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import uuid4

from aiotwenty.errors import AnswerLost, DuplicateRecord, TwentyError
from aiotwenty.graphql.answer_schemas import id_of
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.transport.retry import Fate, fate_of

R = TypeVar("R", bound=Record)
T = TypeVar("T")

TRIES = 4
"""The most attempts to look for a lost write and send it again; each request has its own retries."""


def with_ids(inputs: Sequence[Input]) -> tuple[bytes, list[int]]:
    """The inputs as a JSON list of objects with ids, existing or new ones; and the ids as integers."""
    if any("id" in model.model_fields_set for model in inputs):
        own = [model if getattr(model, "id", None) else model.model_copy(update={"id": uuid4()}) for model in inputs]
        return encode_json(own), [_number(model) for model in own]
    # A UUID and a copy of the caller's model for each input would take longer than the rest of the request. So the new
    # ids share all digits but the last eight, and everything is encoded in one pass: each id as a text in front of its
    # input, and then moved into it. The random mark at the end of an id cannot occur in an input by chance.
    base = uuid4().int & ~0xFFFF_FFFF
    start = int.from_bytes(os.urandom(4)) % (0xFFFF_FFFF - len(inputs))
    head, mark = str(UUID(int=base))[:-8], os.urandom(8).hex()
    tails = struct.pack(f">{len(inputs)}I", *range(start, start + len(inputs))).hex(" ", 4).split()
    texts = [f"{head}{tail}{mark}" for tail in tails]
    encoded = encode_json([part for pair in zip(texts, inputs, strict=True) for part in pair])
    end = mark.encode() + b'",{'
    moved = encoded.replace(end + b"}", b'"}').replace(end, b'",')
    ids = range(base + start, base + start + len(inputs))
    return moved.replace(b'"' + head.encode(), b'{"id":"' + head.encode()), list(ids)


def in_order(records: list[R], ids: Sequence[int]) -> list[R] | None:
    """The records in the order of the ids; None if one is missing.

    Older servers return created records in any order (Twenty, November 2025).
    """
    came = [_number(record) for record in records]
    if came == ids:
        return records
    by_number = dict(zip(came, records, strict=True))
    try:
        return [by_number[number] for number in ids]
    except KeyError:
        return None


def _number(model: Any) -> int:
    identity = id_of(model) or model.id
    return identity.int if isinstance(identity, UUID) else UUID(str(identity)).int


async def settle(send: Callable[[], Awaitable[T]], decide: Callable[[TwentyError, bool], Awaitable[T | None]]) -> T:
    """Sends a write until its outcome is known. Returns the result of `send`.

    `decide` gets each failure, and whether a response was lost before. It returns a result in place of the response, or
    None to send the write again, or raises the failure.
    """
    lost = False
    failure = TwentyError("it was not sent.")
    for _ in range(TRIES):
        try:
            return await send()
        except TwentyError as error:
            failure = error
        if (settled := await decide(failure, lost)) is not None:
            return settled
        lost = True
    raise failure


async def create_settled(
    ids: Sequence[int] | Sequence[str], create: Callable[[], Awaitable[T]], look: Callable[[], Awaitable[T | None]]
) -> T:
    """Sends `create`; after a lost response it looks for the records, and sends again only if they don't exist.

    `look` returns the result that `create` would have, or None if the records don't exist. A create is atomic: all
    records exist, or none. If the first request is still running when the second arrives (or a slow database has yet to
    commit), one of them fails because of the id, and the next look finds the records.
    """

    async def decide(failure: TwentyError, lost: bool) -> T | None:
        if isinstance(failure, DuplicateRecord):
            if not lost or (settled := await look_still(look())) is None:
                raise failure
            return settled
        failure.look = _how_to_look(ids)
        if not failure.outcome_unknown:
            failure.outcome_unknown = lost
            raise failure
        settled = await look_after(failure, look())
        if settled is None and fate_of(failure) is Fate.FAILED:
            # The server failed and is done: records that don't exist now will not be created.
            failure.outcome_unknown = lost
            raise failure
        return settled

    return await settle(create, decide)


def _how_to_look(ids: Sequence[int] | Sequence[str]) -> str:
    first = UUID(int=ids[0]) if isinstance(ids[0], int) else ids[0]
    return f"ask for id {first}" if len(ids) == 1 else f"ask for id {first}, one of {len(ids)} that come together,"


async def look_after(lost: TwentyError, look: Awaitable[T]) -> T:
    """The records after a lost write. If they can't be read, the error of the write is raised, not that of the look."""
    try:
        return await look
    except TwentyError as error:
        failure = error
    lost.add_note(f"Looking the records up failed too: {failure}")
    raise lost


async def look_still(look: Awaitable[T]) -> T:
    """The result of a look for a lost write. If the look fails, the outcome of the write is unknown."""
    try:
        return await look
    except TwentyError as error:
        error.outcome_unknown = True
        raise


async def read_back(look: Awaitable[T]) -> T:
    """Reads records that were written. Raises `AnswerLost` if that fails, because the write happened."""
    try:
        return await look
    except TwentyError as error:
        failure = error
    raise AnswerLost(
        f"the write happened, but reading the records failed: {failure}", operation=failure.operation
    ) from failure
