"""Getting one batch into the workspace: each record once, whatever is lost or refused on the way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any, Literal, TypeAlias, TypeVar
from uuid import UUID

from pydantic_core import from_json

from aiotwenty.bulk.batches import BatchLimits, Prepared, split_by_limits
from aiotwenty.bulk.catalogue import Catalogue
from aiotwenty.bulk.completing import complete
from aiotwenty.bulk.culprits import Culprits, culprits, emptied_field, is_empty, without_empty
from aiotwenty.bulk.fields import Shape, Target
from aiotwenty.bulk.journal import Job
from aiotwenty.bulk.lookups import RelationResolver, having, wanted_values
from aiotwenty.bulk.pieces import Outcome, Piece
from aiotwenty.bulk.refusals import (
    breaks_over_it,
    code_of,
    concerns_everything,
    is_foreign_key,
    raw_message,
    timed_out,
    too_large,
    too_many,
)
from aiotwenty.bulk.wire import Wire, nest, value_at
from aiotwenty.errors import ApiError, DuplicateRecord, TwentyError, UnexpectedResponse
from aiotwenty.records.identity import canonical
from aiotwenty.transport.retry import Fate, fate_of

T = TypeVar("T")
Mode: TypeAlias = Literal["insert", "upsert", "update", "change", "delete", "destroy"]
"""insert: each row is a new record. upsert: new, or an existing one is changed. update: existing ones only.
change: existing records all get the same values. delete and destroy: rows name the records."""

PATIENCE = 300.0
"""Seconds for which a batch is sent again while its answers are lost; then the load gives up (the journal stays)."""
LONGEST_PAUSE = 15.0
TIMEOUTS = 3
"""After so many time-outs on end of one batch, so many records at once are taken for too many."""


STUBBORN = 4
"""A server that says so often in a row that it failed over a batch is taken to fail over what is in it."""
FEW = 8
"""Rows that are sent one by one if one of them is bad; of more, halves are tried first."""


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked for it
    """The load is to stop, and this batch has no answer yet."""


class Sender:
    """Sends batches of one object. Holds no state of a batch: any number of batches may be under way."""

    def __init__(
        self,
        wire: Wire,
        shape: Shape,
        catalogue: Catalogue,
        wire_to: Callable[[str], Wire],
        job: Job,
        limits: BatchLimits,
        mode: Mode,
        key: tuple[Target, ...],
        *,
        known: bool = False,
        change: bytes = b"{}",
        lacks: Mapping[str, tuple[str, ...]] | None = None,
        deleted: bool = False,
        create_missing: bool = False,
    ) -> None:
        self._wire = wire
        self._shape = shape
        self._catalogue = catalogue
        self._wire_to = wire_to
        self._relations = RelationResolver(catalogue, wire_to, create_missing=create_missing)
        self._job = job
        self._limits = limits
        self._mode = mode
        self._key = key
        self._known = known
        self._change = change
        self._lacks = lacks or {}
        self._deleted_too = deleted
        self._never_null: set[str] = set()
        """Texts that can't be empty here, as the server had us know: they are left out where they are."""
        self.stopping = asyncio.Event()

    @property
    def created(self) -> dict[str, int]:
        """The records that were made because rows refer to them, by type."""
        return self._relations.created

    async def send(self, batch: list[Prepared]) -> Outcome:
        """Raises a `TwentyError` that concerns every row, and `Stopped`."""
        outcome = Outcome()
        records, unresolved = await self._persistently(lambda: self._relations.resolve(batch))
        outcome.rejects += unresolved
        aims = self._aims()
        if self._mode == "insert":
            records = await self._not_there_yet(records, outcome)
        elif aims and not self._known:
            records = await self._persistently(lambda: self._aim(records, outcome))
        if self._lacks:
            for record in records:
                record.body, record.lacks = self._change, self._lacks
        await self._persistently(lambda: complete(records, self._wire, self._shape, by_id=self._mode != "upsert"))
        pending = [Piece(records, aimed=aims)] if records else []
        while pending:
            piece = pending.pop()
            parts = split_by_limits(piece.records, self._limits)
            if len(parts) > 1:
                pending += [Piece(part, piece.in_doubt, piece.aimed, piece.again) for part in reversed(parts)]
                continue
            pending += reversed(await self._deliver(piece, outcome))
        return outcome

    def _aims(self) -> bool:
        """Whether records are looked up first: they must exist, or the key is not one that the server matches by."""
        if self._mode not in ("insert", "upsert"):
            return True
        return bool(self._key) and not any(target.dotted in self._shape.unique for target in self._key)

    async def _not_there_yet(self, records: list[Prepared], outcome: Outcome) -> list[Prepared]:
        """Sorts out what this job has loaded already: under the same key, or in a run that did not hear the answer."""
        doubtful = [record.id for record in records if record.in_doubt]
        there: set[str] = await self._persistently(lambda: self._wire.existing(doubtful)) if doubtful else set()
        fresh = []
        for record in records:
            earlier = self._job.claimed(UUID(record.id).bytes) if self._has_claims(record) else None
            if earlier is not None:
                outcome.reject(record, "DUPLICATE", f"has the same key as row {earlier}")
            elif record.in_doubt and record.id in there:
                outcome.loaded.append(record)
            else:
                fresh.append(record)
        return fresh

    def _has_claims(self, record: Prepared) -> bool:
        return bool(self._key) or record.own_id

    def claims(self, records: Sequence[Prepared]) -> list[tuple[bytes, int]]:
        """The ids that no later row of an insert may have: those that rows can share, made from keys or given."""
        if self._mode != "insert":
            return []
        return [(UUID(record.id).bytes, record.row.number) for record in records if self._has_claims(record)]

    async def _deliver(self, piece: Piece, outcome: Outcome) -> list[Piece]:
        """Sends one piece until there is an answer. Gives back what is to be sent in its place."""
        started, attempt, too_slow, broken = monotonic(), 0, 0, 0
        while True:
            attempt += 1
            try:
                if self._mode in ("insert", "upsert", "update"):
                    return self._accepted(piece, await self._create(piece.records), outcome)
                return self._changed(piece, await self._change_or_remove(piece.records), outcome)
            except TwentyError as error:
                body = sum(len(record.body) for record in piece.records)
                if too_large(error, body):
                    return self._too_large(piece, error, body, outcome)
                fate = fate_of(error)
                if fate is Fate.FAILED and self._mode == "insert" and await self._are_there(piece):
                    outcome.loaded += piece.records
                    return []
                if fate in (Fate.ANSWERED, Fate.FAILED):
                    return await self._refused(piece, error, outcome)
                # Whether new records are there in spite of an unclear answer is looked up below.
                if not fate.passing and not (fate is Fate.UNCLEAR and self._mode == "insert"):
                    raise
                broken = broken + 1 if breaks_over_it(error) else 0
                if broken == (2 if piece.broken else STUBBORN):
                    return [replace(part, broken=True) for part in await self._refused(piece, error, outcome)]
                await self._trouble(error, attempt, started)
                too_slow = too_slow + 1 if timed_out(error) else 0
            piece.in_doubt = True
            if self._mode == "insert" and await self._are_there(piece):
                outcome.loaded += piece.records
                return []
            if too_slow == TIMEOUTS and len(piece.records) > 1:
                self._limits.learn_records(len(piece.records), None)
                return [piece]

    async def _are_there(self, piece: Piece) -> bool:
        """Whether all of the piece is in the workspace: a batch is written as a whole or not at all."""
        ids = [record.id for record in piece.records]
        return (await self._persistently(lambda: self._wire.existing(ids))).issuperset(ids)

    async def _create(self, records: list[Prepared]) -> list[dict[str, Any]]:
        for record in records if self._never_null else ():
            record.emptied += without_empty(record, self._never_null)
        emptied = {path for record in records for path in record.emptied}
        return await self._wire.create(records, upsert=self._mode != "insert", paths=sorted(emptied))

    async def _change_or_remove(self, records: list[Prepared]) -> list[str]:
        ids = [record.id for record in records]
        if self._mode != "change":
            return await self._wire.remove(ids, destroy=self._mode == "destroy")
        if not self._lacks:
            return await self._wire.update(ids, self._change)
        alike: dict[bytes, list[str]] = {}
        for record in records:
            alike.setdefault(record.body, []).append(record.id)
        return [updated for body, some in alike.items() for updated in await self._wire.update(some, body)]

    def _changed(self, piece: Piece, ids: list[str], outcome: Outcome) -> list[Piece]:
        """All of them were there a moment ago. What a repeated removal does not find, the first attempt removed."""
        answered = set(ids)
        for record in piece.records:
            if record.id in answered or (piece.in_doubt and self._mode != "change"):
                outcome.loaded.append(record)
            else:
                outcome.reject(record, "NOT_FOUND", f"the record {record.id} is gone")
        return []

    def _accepted(self, piece: Piece, created: list[dict[str, Any]], outcome: Outcome) -> list[Piece]:
        """Answers are matched by id: older servers give a batch back in any order (Twenty, November 2025).

        An upsert that found a record by a unique value answers with the id of that one.
        """
        answered = {node["id"]: node for node in created}
        strangers = len(answered.keys() - {record.id for record in piece.records})
        missing = [record for record in piece.records if record.id not in answered]
        if len(missing) > (strangers if self._mode != "insert" else 0):
            raise UnexpectedResponse(
                f"{len(piece.records)} records were sent and {len(created)} came back: what became of rows "
                f"{', '.join(str(record.row.number) for record in missing[:10])} is unknown"
            )
        for record in piece.records:
            node = answered.get(record.id, {})
            kept = [path for path in record.emptied if value_at(node, path)]
            if kept:
                values = " and ".join(f"{path} = {value_at(node, path)!r}" for path in kept)
                message = f"the server can't empty this field, so that it has {values}; all else of the row is written"
                outcome.reject(record, "NOT_EMPTIED", message)
            else:
                outcome.loaded.append(record)
        return []

    async def _trouble(self, error: TwentyError, attempt: int, started: float) -> None:
        """Slows down, and gives up after a while."""
        if self.stopping.is_set():
            raise Stopped from error
        if monotonic() - started > PATIENCE:
            raise error
        self._wire.meter.concurrency.in_trouble()
        self._wire.meter.retries += 1
        pause = random.uniform(0.05, min(LONGEST_PAUSE, 0.2 * 2 ** min(attempt, 10)))
        try:
            async with asyncio.timeout(pause):
                await self.stopping.wait()
        except TimeoutError:
            return
        raise Stopped from error

    async def _persistently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """A look-up, asked again while its answers are lost."""
        started, attempt = monotonic(), 0
        while True:
            attempt += 1
            try:
                return await ask()
            except TwentyError as error:
                if not fate_of(error).passing:
                    raise
                await self._trouble(error, attempt, started)

    def _too_large(self, piece: Piece, error: TwentyError, body: int, outcome: Outcome) -> list[Piece]:
        if len(piece.records) == 1:
            outcome.reject(piece.records[0], "TOO_LARGE", f"{body:,} bytes are more than the server takes ({error})")
            return []
        self._limits.learn_bytes(body)
        return [piece]

    async def _refused(self, piece: Piece, error: TwentyError, outcome: Outcome) -> list[Piece]:
        """What to send instead of a refused piece: nothing was written, a batch is all or nothing."""
        excess, told = too_many(error)
        if excess and len(piece.records) > 1:
            self._limits.learn_records(len(piece.records), told)
            return [piece]
        if concerns_everything(error):
            raise error
        if self._mode in ("insert", "upsert") and (isinstance(error, DuplicateRecord) or _is_conflict(error)):
            pieces = await self._persistently(lambda: self._untangle(piece, error, outcome))
            if pieces is not None:
                return pieces
        if (emptied := self._left_empty(piece, error)) is not None:
            self._never_null.add(emptied)
            return [piece]
        if len(piece.records) == 1:
            outcome.reject(piece.records[0], code_of(error), raw_message(error))
            return []
        if is_foreign_key(error):
            found = Culprits(await self._persistently(lambda: self._orphans(piece)))
        else:
            found = culprits(piece.records, error, self._shape)
        for record in found.sure:
            outcome.reject(record, code_of(error), raw_message(error))
        named = [*found.sure, *found.likely]
        return self._without(piece, found) if named else piece.halves()

    def _left_empty(self, piece: Piece, error: TwentyError) -> str | None:
        """The field that is refused because the server makes null of "" (Twenty, July 2026; older ones keep it)."""
        path = emptied_field(error, self._shape)
        return path if path and any(is_empty(record, path) for record in piece.records) else None

    def _without(self, piece: Piece, found: Culprits) -> list[Piece]:
        """What is left of the piece: suspects each alone, so that their own errors speak, and the others together."""
        named = {id(record) for record in (*found.sure, *found.likely)}
        rest = [record for record in piece.records if id(record) not in named]
        likely = Piece(found.likely, aimed=piece.aimed)
        if len(found.likely) <= FEW:
            pieces = [Piece([record], aimed=piece.aimed) for record in found.likely]
        else:
            pieces = [likely] if rest else likely.halves()
        return [*pieces, Piece(rest, aimed=piece.aimed)] if rest else pieces

    async def _untangle(self, piece: Piece, error: TwentyError, outcome: Outcome) -> list[Piece] | None:
        """What to do about a value that is taken; None if nothing is found that has it."""
        if self._mode == "insert":
            return await self._taken(piece, outcome)
        if not piece.aimed:
            await self._aim_at_unique(piece.records)
            return [Piece(piece.records, aimed=True)]
        if not piece.again:
            # Somebody else may have made the record between the look-up and the write.
            return [Piece(piece.records, aimed=True, again=True)]
        return None

    async def _taken(self, piece: Piece, outcome: Outcome) -> list[Piece] | None:
        """Rejects the rows whose id or unique value is in the workspace already; one request names them all."""
        deleted: set[str] = set()
        holders = await self._holders(piece.records, deleted=deleted)
        if piece.in_doubt and all(holders.get("id=" + record.id) for record in piece.records):
            outcome.loaded += piece.records
            return []
        rest = []
        for record in piece.records:
            taken = next((one for one in record.identities if one in holders), None)
            if taken is None:
                rest.append(record)
            elif holders.get("id=" + record.id) == record.id:
                self._there_already(record, outcome)
            else:
                # What the server said may name a value of another row.
                holder, (path, _, value) = holders[taken], taken.partition("=")
                message = f"A duplicate entry was detected: record {holder} has {path} = {value!r}"
                if holder in deleted:
                    message += "; it is deleted: restore_one brings it back, an upsert does and changes it"
                outcome.reject(record, "DUPLICATE", message)
        if len(rest) == len(piece.records):
            return None
        return [Piece(rest, piece.in_doubt)] if rest else []

    def _there_already(self, record: Prepared, outcome: Outcome) -> None:
        """An id that was made from this row of this source can only come from an earlier attempt to load it."""
        if record.in_doubt or not self._has_claims(record):
            outcome.loaded.append(record)
        else:
            outcome.reject(
                record, "DUPLICATE", f"a record with the id {record.id} is there already; an upsert would change it"
            )

    async def _holders(
        self, records: Sequence[Prepared], *, ids: bool = True, deleted: set[str] | None = None
    ) -> dict[str, str]:
        """Who has the ids and unique values of these records: identity to id, deleted records too, whose ids are
        added to `deleted`.
        """
        wanted: list[dict[str, Any]] = [{"id": {"in": [record.id for record in records]}}] if ids else []
        for path in self._shape.unique:
            prefix = path + "="
            values = [one[len(prefix) :] for record in records for one in record.identities if one.startswith(prefix)]
            if values:
                wanted.append(nest(path, {"in": wanted_values(self._shape, path, values)}))
        holders: dict[str, str] = {}
        if wanted:
            paths = [*self._shape.unique, *(() if deleted is None else ("deletedAt",))]
            for node in await self._wire.find({"or": wanted}, paths, deleted_too=True):
                holders["id=" + node["id"]] = node["id"]
                if deleted is not None and node.get("deletedAt"):
                    deleted.add(node["id"])
                for path in self._shape.unique:
                    if (value := value_at(node, path)) not in (None, ""):
                        holders[f"{path}={canonical(path, value)}"] = node["id"]
        return holders

    async def _aim_at_unique(self, records: Sequence[Prepared]) -> None:
        """Gives each record the id of the one that has its key (or else a unique value): that is the one meant.

        Otherwise an id made from the key and the key itself may point at two records, if the key of the first was
        changed in the workspace: UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT (Twenty, July 2026).
        """
        holders = await self._holders(records, ids=False)
        of_key = tuple(target.dotted + "=" for target in self._key)
        for record in records:
            found = {one: holders[one] for one in record.identities if one in holders}
            by_key = [holder for one, holder in found.items() if one.startswith(of_key)] if of_key else []
            if found and not record.own_id:
                record.id = (by_key or list(found.values()))[0]

    async def _aim(self, records: list[Prepared], outcome: Outcome) -> list[Prepared]:
        """Finds the records meant by key or id: one for each row, or in an upsert none."""
        if not records:
            return []
        by_id = [record for record in records if not self._key or record.own_id]
        there: set[str] = set()
        must_be_there = self._mode != "upsert"
        if must_be_there and by_id:
            wanted = {"id": {"in": [one.id for one in by_id]}}
            there = {node["id"] for node in await self._wire.find(wanted, deleted_too=self._deleted_too)}
        by_key = [record for record in records if self._key and not record.own_id]
        found = await self._find_by_key(by_key) if by_key else {}
        aimed = []
        for record in records:
            if record.own_id or not self._key:
                if not must_be_there or record.id in there:
                    aimed.append(record)
                else:
                    outcome.reject(record, "NOT_FOUND", f"there is no record {record.id}, or it is deleted")
                continue
            ids = found.get(self._key_of(record), [])
            described = " and ".join(f"{t.dotted} = {v!r}" for t, v in zip(self._key, record.keys, strict=True))
            if len(ids) > 1:
                outcome.reject(record, "AMBIGUOUS", f"{len(ids)} records have {described}")
            elif not ids and must_be_there:
                outcome.reject(record, "NOT_FOUND", f"no record has {described}")
            else:
                if self._mode == "update":
                    # What a record is found by is no change to it.
                    for target in self._key:
                        if target.relation:
                            record.links.pop(target.relation.join, None)
                record.id = ids[0] if ids else record.id
                aimed.append(record)
        return aimed

    def _key_of(self, record: Prepared) -> tuple[str, ...]:
        """The key values as records have them: a relation by its id."""
        return tuple(
            record.links.get(target.relation.join, value) if target.relation else value
            for target, value in zip(self._key, record.keys, strict=True)
        )

    async def _find_by_key(self, records: Sequence[Prepared]) -> dict[tuple[str, ...], list[str]]:
        keys = [self._key_of(record) for record in records]
        paths = [target.relation.join if target.relation else target.dotted for target in self._key]
        parts = []
        for position, path in enumerate(paths):
            values = list(dict.fromkeys(key[position] for key in keys))
            parts.append(having(self._shape, path, values))
        found: dict[tuple[str, ...], list[str]] = {}
        for node in await self._wire.find({"and": parts}, paths, deleted_too=self._deleted_too):
            key = tuple(canonical(path, value_at(node, path)) for path in paths)
            found.setdefault(key, []).append(node["id"])
        return found

    async def _orphans(self, piece: Piece) -> list[Prepared]:
        """The records that refer to an id that isn't there."""
        rows = [from_json(record.json()) for record in piece.records]
        orphans: dict[int, Prepared] = {}
        for relation in self._shape.relations.values():
            wanted = {row[relation.join] for row in rows if row.get(relation.join)}
            if wanted:
                there = await self._wire_to(relation.type_name).existing(sorted(wanted))
                for record, row in zip(piece.records, rows, strict=True):
                    if row.get(relation.join) in wanted - there:
                        orphans[id(record)] = record
        return list(orphans.values())


def _is_conflict(error: TwentyError) -> bool:
    return isinstance(error, ApiError) and error.sub_code == "UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT"
