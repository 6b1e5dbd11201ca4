"""What a load does with its rows: insert, upsert, update, change, delete or destroy.

A mode prepares a batch (looks up which records are meant), sends it, and settles what became of each row. How batches
are split, repeated and narrowed down is the same for all of them: `delivery.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from aiotwenty.bulk.batches import Prepared
from aiotwenty.bulk.outcomes import Outcome, Piece
from aiotwenty.bulk.requests import value_at
from aiotwenty.bulk.stored_records import StoredRecords
from aiotwenty.errors import UnexpectedResponse


class Mode(ABC):
    """One of the things that can be done with rows."""

    name: ClassVar[str]
    deed: ClassVar[str]
    """What became of the rows that count as loaded."""
    names_records: ClassVar[bool] = True
    """Rows must say which record they mean: it must be there."""
    changes_records: ClassVar[bool] = False
    """There may be a record already, of which what a row does not say stays as it is."""
    reaches_deleted: ClassVar[bool] = False
    """Rows may mean deleted records, too."""
    only_new: ClassVar[bool] = False
    """No row means a record that is there."""
    can_look: ClassVar[bool] = False
    """Whether a look at the ids tells if a batch whose answer was lost was written."""

    @abstractmethod
    async def prepare(self, records: list[Prepared], store: StoredRecords, outcome: Outcome) -> list[Prepared]:
        """The records that are to be sent; what became of the others is in the outcome."""

    @abstractmethod
    async def send(self, records: list[Prepared], store: StoredRecords) -> Any:
        """Writes them, once; what the server answered. Raises any `TwentyError`."""

    @abstractmethod
    def settle(self, piece: Piece, answer: Any, outcome: Outcome) -> None:
        """What became of each record of a piece that was answered."""

    def aims(self, store: StoredRecords) -> bool:
        """Whether `prepare` looked up which records are meant."""
        return True

    async def untangle(self, piece: Piece, store: StoredRecords, outcome: Outcome) -> list[Piece] | None:
        """What to send instead of a piece that holds a value which is taken; None if nobody seems to have it."""
        return None

    def claims(self, records: Sequence[Prepared], store: StoredRecords) -> list[tuple[bytes, int]]:
        """The ids that no later row may have."""
        return []


class _Creating(Mode):
    """Sends whole records; they are answered by their ids."""

    upserts: ClassVar[bool] = True

    async def send(self, records: list[Prepared], store: StoredRecords) -> list[dict[str, Any]]:
        return await store.create(records, upsert=self.upserts)

    def settle(self, piece: Piece, answer: Sequence[Mapping[str, Any]], outcome: Outcome) -> None:
        """Answers are matched by id: older servers give a batch back in any order (Twenty, November 2025).

        An upsert that found a record by a unique value answers with the id of that one.
        """
        answered = {node["id"]: node for node in answer}
        strangers = len(answered.keys() - {record.id for record in piece.records})
        missing = [record for record in piece.records if record.id not in answered]
        if len(missing) > (strangers if self.upserts else 0):
            raise UnexpectedResponse(
                f"{len(piece.records)} records were sent and {len(answer)} came back: what became of rows "
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


@dataclass(frozen=True)
class Insert(_Creating):
    """Each row is a new record."""

    name = "insert"
    deed = "loaded"
    names_records = False
    only_new = True
    can_look = True
    upserts = False

    def aims(self, store: StoredRecords) -> bool:
        return False

    async def prepare(self, records: list[Prepared], store: StoredRecords, outcome: Outcome) -> list[Prepared]:
        """Sorts out what this job has loaded already: under the same key, or in a run that did not hear the answer."""
        doubtful = [record for record in records if record.in_doubt]
        there = await store.existing(doubtful) if doubtful else set()
        fresh = []
        for record in records:
            earlier = store.job.claimed(UUID(record.id).bytes) if _is_shared(record, store) else None
            if earlier is not None:
                outcome.reject(record, "DUPLICATE", f"has the same key as row {earlier}")
            elif record.in_doubt and record.id in there:
                outcome.loaded.append(record)
            else:
                fresh.append(record)
        return fresh

    async def untangle(self, piece: Piece, store: StoredRecords, outcome: Outcome) -> list[Piece] | None:
        """Rejects the rows whose id or unique value is in the workspace already; one request names them all."""
        holders = await store.holders(piece.records)
        if piece.in_doubt and all("id=" + record.id in holders for record in piece.records):
            outcome.loaded += piece.records
            return []
        rest = []
        for record in piece.records:
            taken = next((identity for identity in record.identities if identity in holders), None)
            if taken is None:
                rest.append(record)
            elif "id=" + record.id in holders:
                self._there_already(record, store, outcome)
            else:
                # What the server said may name a value of another row.
                holder, (path, _, value) = holders[taken], taken.partition("=")
                message = f"A duplicate entry was detected: record {holder.id} has {path} = {value!r}"
                if holder.deleted:
                    message += "; it is deleted: restore it with restore_one, or upsert"
                outcome.reject(record, "DUPLICATE", message)
        if len(rest) == len(piece.records):
            return None
        return [Piece(rest, piece.in_doubt)] if rest else []

    def _there_already(self, record: Prepared, store: StoredRecords, outcome: Outcome) -> None:
        """An id that was made from this row of this source can only come from an earlier attempt to load it."""
        if record.in_doubt or not _is_shared(record, store):
            outcome.loaded.append(record)
        else:
            outcome.reject(record, "DUPLICATE", f"a record with the id {record.id} exists; an upsert would update it")

    def claims(self, records: Sequence[Prepared], store: StoredRecords) -> list[tuple[bytes, int]]:
        return [(UUID(record.id).bytes, record.row.number) for record in records if _is_shared(record, store)]


def _is_shared(record: Prepared, store: StoredRecords) -> bool:
    """Whether another row can have its id: it was made from a key, or is the row's own."""
    return bool(store.key) or record.own_id


@dataclass(frozen=True)
class Upsert(_Creating):
    """Each row is a new record, or changes the one that has its key, id or another unique value."""

    name = "upsert"
    deed = "loaded"
    names_records = False
    changes_records = True

    def aims(self, store: StoredRecords) -> bool:
        return not store.key_is_unique

    async def prepare(self, records: list[Prepared], store: StoredRecords, outcome: Outcome) -> list[Prepared]:
        if self.aims(store):
            records = await _aimed(records, store, outcome, new=True)
        return await _completed(records, store, outcome, by_id=False)

    async def untangle(self, piece: Piece, store: StoredRecords, outcome: Outcome) -> list[Piece] | None:
        return await _aim_again(piece, store)


@dataclass(frozen=True)
class Update(_Creating):
    """Each row changes a record that is there."""

    name = "update"
    deed = "updated"
    changes_records = True

    async def prepare(self, records: list[Prepared], store: StoredRecords, outcome: Outcome) -> list[Prepared]:
        aimed = await _aimed(records, store, outcome)
        for record in aimed if store.key else ():
            if store.named_by_id(record):
                continue
            for target in store.key:
                # What a record is found by is no change to it.
                if target.relation:
                    record.links.pop(target.relation.join, None)
        return await _completed(aimed, store, outcome, by_id=True)


class _ByIds(Mode):
    """Says the ids of records, and what is to become of all of them; answered by the ids that were there."""

    removes: ClassVar[bool] = False

    def settle(self, piece: Piece, answer: Sequence[str], outcome: Outcome) -> None:
        """All of them were there a moment ago. What a repeated removal does not find, the first attempt removed."""
        answered = set(answer)
        for record in piece.records:
            if record.id in answered or (self.removes and (piece.in_doubt or record.in_doubt)):
                outcome.loaded.append(record)
            else:
                outcome.reject(record, "NOT_FOUND", f"the record {record.id} no longer exists")


@dataclass(frozen=True)
class ChangeAlike(_ByIds):
    """All records of a filter get the same values."""

    values: bytes
    """As JSON."""
    lacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The parts of composite fields that they would empty."""

    name = "change"
    deed = "updated"

    async def prepare(self, records: list[Prepared], store: StoredRecords, outcome: Outcome) -> list[Prepared]:
        for record in records if self.lacks else ():
            record.body, record.lacks = self.values, self.lacks
        return await _completed(records, store, outcome, by_id=True)

    async def send(self, records: list[Prepared], store: StoredRecords) -> list[str]:
        if not self.lacks:
            return await store.wire.update([record.id for record in records], self.values)
        alike: dict[bytes, list[str]] = {}
        for record in records:
            alike.setdefault(record.body, []).append(record.id)
        return [updated for body, ids in alike.items() for updated in await store.wire.update(ids, body)]


@dataclass(frozen=True)
class _Removal(_ByIds):
    known: bool = False
    """The ids are those of records, so nothing needs to be looked up."""

    removes = True

    async def prepare(self, records: list[Prepared], store: StoredRecords, outcome: Outcome) -> list[Prepared]:
        return records if self.known else await _aimed(records, store, outcome, gone_is_done=True)


@dataclass(frozen=True)
class Delete(_Removal):
    """Rows name records to be deleted; they can be restored."""

    name = "delete"
    deed = "deleted"

    async def send(self, records: list[Prepared], store: StoredRecords) -> list[str]:
        return await store.wire.remove([record.id for record in records], destroy=False)


@dataclass(frozen=True)
class Destroy(_Removal):
    """Rows name records to be destroyed for good."""

    name = "destroy"
    deed = "destroyed"
    reaches_deleted = True

    async def send(self, records: list[Prepared], store: StoredRecords) -> list[str]:
        return await store.wire.remove([record.id for record in records], destroy=True)


async def _completed(records: list[Prepared], store: StoredRecords, outcome: Outcome, *, by_id: bool) -> list[Prepared]:
    """With what the server would empty of composite fields filled in."""
    refused = await store.complete(records, by_id=by_id)
    for record, message in refused:
        outcome.reject(record, "INVALID", message)
    wrong = {id(record) for record, _ in refused}
    return [record for record in records if id(record) not in wrong] if wrong else records


async def _aimed(
    records: list[Prepared], store: StoredRecords, outcome: Outcome, *, new: bool = False, gone_is_done: bool = False
) -> list[Prepared]:
    """Finds the records meant by key or id: one for each row, or if rows may be `new` none.

    `gone_is_done`: what is not there, and was sent by a run that did not hear the answer, is what that run did.
    """
    there = set() if new else await store.by_id([record for record in records if store.named_by_id(record)])
    by_key = await store.by_key([record for record in records if not store.named_by_id(record)])
    aimed = []
    for record in records:
        described = ""
        if store.named_by_id(record):
            ids = [record.id] if new or record.id in there else []
            missing = f"no record {record.id}, or it is deleted"
        else:
            ids = by_key.get(store.key_of(record), [])
            described = " and ".join(
                f"{target.dotted} = {value!r}" for target, value in zip(store.key, record.keys, strict=True)
            )
            missing = f"no record has {described}"
        if len(ids) > 1:
            outcome.reject(record, "AMBIGUOUS", f"{len(ids)} records have {described}")
        elif ids or new:
            record.id = ids[0] if ids else record.id
            aimed.append(record)
        elif gone_is_done and record.in_doubt:
            outcome.loaded.append(record)
        else:
            outcome.reject(record, "NOT_FOUND", missing)
    return aimed


async def _aim_again(piece: Piece, store: StoredRecords) -> list[Piece] | None:
    if not piece.aimed:
        await store.aim_at_unique(piece.records)
        return [Piece(piece.records, aimed=True)]
    if not piece.again:
        # Somebody else may have made the record between the look-up and the write.
        return [Piece(piece.records, aimed=True, again=True)]
    return None
