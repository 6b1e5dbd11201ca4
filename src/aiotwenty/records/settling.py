"""Creates each record once: its id is made here, and if the response is lost, the record is looked for by that id."""

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
"""How many times a lost write is looked for and sent again; each of these requests has its own retries."""


def with_ids(inputs: Sequence[Input]) -> tuple[bytes, list[int]]:
    """The inputs as a JSON list of objects that each have an id, their own or a new one; and the ids as integers."""
    if any("id" in model.model_fields_set for model in inputs):
        own = [model if getattr(model, "id", None) else model.model_copy(update={"id": uuid4()}) for model in inputs]
        return encode_json(own), [_number(model) for model in own]
    # To make each id a UUID and copy the caller's model for it would cost more than all the rest of a request. So new
    # ids are random, but share all digits but the last eight; each is encoded as a text in front of its input, all in
    # one pass, and then moved into it. The random mark at its end tells it from whatever the inputs hold.
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
    """The records in the order of the ids, None if one is missing.

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
    """Sends a write until it is known what became of it, and gives what `send` gives.

    `decide` is told of each failure, and whether an answer was lost before. It gives what is there in place of the
    answer, or None if the write is to be sent again; or raises the failure.
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
    """Sends `create`; if its answer is lost, looks for the records and sends it again only if they are not there.

    `look` gives what `create` would have answered, None if the records are not there. One create is atomic, so that
    they are there all together or not at all. A request that is still on its way when the second one arrives (or an
    insert that a slow database has yet to commit) makes one of the two fail on the id: looking again tells.
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
            # The server broke over it and was done with it: what is not there now will not come.
            failure.outcome_unknown = lost
            raise failure
        return settled

    return await settle(create, decide)


def _how_to_look(ids: Sequence[int] | Sequence[str]) -> str:
    first = UUID(int=ids[0]) if isinstance(ids[0], int) else ids[0]
    return f"ask for id {first}" if len(ids) == 1 else f"ask for id {first}, one of {len(ids)} that come together,"


async def look_after(lost: TwentyError, look: Awaitable[T]) -> T:
    """The records after a lost write. If they can't be read, the lost write is raised, not the failed look."""
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
