"""Sends one batch: each record is written once, even if responses are lost or records are refused."""

from __future__ import annotations

from dataclasses import replace

from aiotwenty.bulk.batches import BatchLimits, Prepared, split_by_limits
from aiotwenty.bulk.lookups import RelationResolver
from aiotwenty.bulk.modes import Mode
from aiotwenty.bulk.outcomes import Outcome, Piece
from aiotwenty.bulk.refusals import (
    breaks_over_it,
    code_of,
    concerns_everything,
    is_foreign_key,
    is_taken,
    raw_message,
    refused_on_the_way,
    timed_out,
    too_large,
    too_many,
)
from aiotwenty.bulk.refused_rows import Culprits, culprits, emptied_field, is_empty
from aiotwenty.bulk.stored_records import StoredRecords
from aiotwenty.errors import TwentyError
from aiotwenty.transport.retry import Fate, fate_of

TIMEOUTS = 3
"""After this many consecutive time-outs of a batch, its records are taken for too many."""
STUBBORN = 4
"""After this many consecutive failures of the server over a batch, its contents are taken for the cause."""
BLOCKED = 20
"""After this many consecutive rows that a firewall refused singly, it is taken to refuse everything."""
FEW = 8
"""A batch of at most this many rows is sent row by row if one is bad; a larger one is halved first."""


class Delivery:
    """Sends batches of one object. It holds no state of a batch, so any number of batches can be in flight."""

    def __init__(self, mode: Mode, store: StoredRecords, relations: RelationResolver, limits: BatchLimits) -> None:
        self._mode = mode
        self._store = store
        self._relations = relations
        self._limits = limits
        self._blocked = 0
        """Number of consecutive rows that a firewall refused, each sent alone."""

    async def send(self, batch: list[Prepared]) -> Outcome:
        """Sends a batch. Raises a `TwentyError` that concerns every row, and `Stopped`."""
        outcome = Outcome()
        records, unresolved = await self._store.patience.ask(lambda: self._relations.resolve(batch))
        outcome.rejects += unresolved
        records = await self._mode.prepare(records, self._store, outcome)
        if records:
            # Before the first write: after a kill, the next run knows which responses are unknown.
            self._store.job.sending(record.row.number for record in records if not record.in_doubt)
        pending = [Piece(records, aimed=self._mode.aims(self._store))] if records else []
        while pending:
            piece = pending.pop()
            parts = split_by_limits(piece.records, self._limits)
            if len(parts) > 1:
                pending += [Piece(part, piece.in_doubt, piece.aimed, piece.again) for part in reversed(parts)]
                continue
            pending += reversed(await self._deliver(piece, outcome))
        return outcome

    async def _deliver(self, piece: Piece, outcome: Outcome) -> list[Piece]:
        """Sends one piece until there is a response. Returns the pieces to send instead, if it was refused."""
        attempts, too_slow, broken = self._store.patience.begin(), 0, 0
        while True:
            try:
                self._mode.settle(piece, await self._mode.send(piece.records, self._store), outcome)
                self._blocked = 0
                return []
            except TwentyError as error:
                failure, fate = error, fate_of(error)
            body = sum(len(record.body) for record in piece.records)
            if too_large(failure, body):
                return self._too_large(piece, failure, body, outcome)
            if fate is Fate.FAILED and await self._was_written(piece, outcome):
                return []
            if refused_on_the_way(failure):
                return await self._refused_on_the_way(piece, failure, outcome)
            if fate in (Fate.ANSWERED, Fate.FAILED):
                return await self._refused(piece, failure, outcome)
            # After an unclear response, reading can tell whether new records exist.
            if not fate.passing and not (fate is Fate.UNCLEAR and self._mode.can_look):
                raise failure
            piece.in_doubt = piece.in_doubt or fate is not Fate.NOT_ACTED
            broken = broken + 1 if breaks_over_it(failure) else 0
            stubborn = broken == (2 if piece.broken else STUBBORN)
            again = stubborn or await attempts.wait(failure)
            if piece.in_doubt and await self._was_written(piece, outcome):
                return []
            if stubborn:
                parts = await self._refused(piece, failure, outcome)
                return [replace(part, broken=True, in_doubt=piece.in_doubt) for part in parts]
            if not again:
                raise failure
            too_slow = too_slow + 1 if timed_out(failure) else 0
            if too_slow == TIMEOUTS and len(piece.records) > 1:
                self._limits.learn_records(len(piece.records), None)
                return [piece]

    async def _was_written(self, piece: Piece, outcome: Outcome) -> bool:
        """Whether the records of a lost response exist, as far as a query can tell."""
        written = self._mode.can_look and await self._store.are_there(piece.records)
        if written:
            outcome.loaded += piece.records
        return written

    def _too_large(self, piece: Piece, error: TwentyError, body: int, outcome: Outcome) -> list[Piece]:
        if len(piece.records) == 1:
            outcome.reject(piece.records[0], "TOO_LARGE", f"{body:,} bytes are more than the server takes ({error})")
            return []
        self._limits.learn_bytes(body)
        return [piece]

    async def _refused_on_the_way(self, piece: Piece, error: TwentyError, outcome: Outcome) -> list[Piece]:
        """Finds the rows whose content a firewall refuses, unless it refuses everything."""
        try:
            if await self._store.are_there(piece.records) and piece.in_doubt and self._mode.can_look:
                outcome.loaded += piece.records
                return []
        except TwentyError:
            raise error from None
        if len(piece.records) > 1:
            return [replace(half, in_doubt=piece.in_doubt) for half in piece.halves()]
        self._blocked += 1
        if self._blocked > BLOCKED:
            raise error
        outcome.reject(piece.records[0], code_of(error), raw_message(error))
        return []

    async def _refused(self, piece: Piece, error: TwentyError, outcome: Outcome) -> list[Piece]:
        """The pieces to send instead of a refused one. Nothing of it was written, because a batch is all or nothing."""
        excess, allowed = too_many(error)
        if excess and len(piece.records) > 1:
            self._limits.learn_records(len(piece.records), allowed)
            return [piece]
        if concerns_everything(error):
            raise error
        if is_taken(error) and (pieces := await self._mode.untangle(piece, self._store, outcome)) is not None:
            return pieces
        if (emptied := self._left_empty(piece, error)) is not None:
            self._store.never_null.add(emptied)
            return [piece]
        if len(piece.records) == 1:
            outcome.reject(piece.records[0], code_of(error), raw_message(error))
            return []
        if is_foreign_key(error):
            suspects = Culprits(await self._store.orphans(piece.records))
        else:
            suspects = culprits(piece.records, error, self._store.shape)
        for record in suspects.sure:
            outcome.reject(record, code_of(error), raw_message(error))
        return self._without(piece, suspects) if suspects else piece.halves()

    def _left_empty(self, piece: Piece, error: TwentyError) -> str | None:
        """The field that was refused because the server makes null of "" (Twenty, July 2026; older ones keep it)."""
        path = emptied_field(error, self._store.shape)
        return path if path and any(is_empty(record, path) for record in piece.records) else None

    def _without(self, piece: Piece, suspects: Culprits) -> list[Piece]:
        """The records of a piece as new pieces: each suspect alone, to get an error of its own; the others together."""
        named = {id(record) for record in (*suspects.sure, *suspects.likely)}
        rest = [record for record in piece.records if id(record) not in named]
        likely = Piece(suspects.likely, aimed=piece.aimed)
        if len(suspects.likely) <= FEW:
            pieces = [Piece([record], aimed=piece.aimed) for record in suspects.likely]
        else:
            pieces = [likely] if rest else likely.halves()
        return [*pieces, Piece(rest, aimed=piece.aimed)] if rest else pieces
