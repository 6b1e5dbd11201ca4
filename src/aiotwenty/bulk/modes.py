"""What a load does with its rows: insert, upsert, update, change, delete or destroy.

A mode prepares a batch (looks up the records of rows), sends it, and assigns the results to rows. Splitting, repeating
and narrowing down is the same for all modes: `delivery.py`.
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
    """An operation on rows."""

    name: ClassVar[str]
    deed: ClassVar[str]
    """The participle for rows that count as loaded."""
    names_records: ClassVar[bool] = True
    """Whether rows must identify an existing record."""
    changes_records: ClassVar[bool] = False
    """Whether a record may exist, whose fields stay if the row doesn't have them."""
    reaches_deleted: ClassVar[bool] = False
    """Whether rows may identify deleted records."""
    only_new: ClassVar[bool] = False
    """Whether rows never identify an existing record."""
    can_look: ClassVar[bool] = False
    """Whether reading the ids tells if a batch with a lost response was written."""

    @abstractmethod
    async def prepare(self, records: list[Prepared], store: StoredRecords, outcome: Outcome) -> list[Prepared]:
        """The records to send. The results of the others are in the outcome."""

    @abstractmethod
    async def send(self, records: list[Prepared], store: StoredRecords) -> Any:
        """Writes the records, once. Returns the server's answer; raises any `TwentyError`."""

    @abstractmethod
    def settle(self, piece: Piece, answer: Any, outcome: Outcome) -> None:
        """Puts the result of each record of an answered piece into the outcome."""

    def aims(self, store: StoredRecords) -> bool:
        """Whether `prepare` looked up the records of rows."""
        return True

    async def untangle(self, piece: Piece, store: StoredRecords, outcome: Outcome) -> list[Piece] | None:
        """The pieces to send instead of one with a taken value; None if no record seems to have the value."""
        return None

    def claims(self, records: Sequence[Prepared], store: StoredRecords) -> list[tuple[bytes, int]]:
        """The ids that no later row may have."""
        return []


class _Creating(Mode):
    """Sends whole records. The response has their ids."""

    upserts: ClassVar[bool] = True

    async def send(self, records: list[Prepared], store: StoredRecords) -> list[dict[str, Any]]:
        return await store.create(records, upsert=self.upserts)

    def settle(self, piece: Piece, answer: Sequence[Mapping[str, Any]], outcome: Outcome) -> None:
        """Assigns results by id, because older servers return a batch in any order (Twenty, November 2025).

        An upsert that found a record by a unique value returns the id of that record.
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
        """Leaves out rows that this job loaded already: with the same key, or in a run that didn't get the response."""
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
        """Rejects the rows whose id or unique value exists in the workspace; one request finds all of them."""
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
                # The server's message may name a value of another row.
                holder, (path, _, value) = holders[taken], taken.partition("=")
                message = f"A duplicate entry was detected: record {holder.id} has {path} = {value!r}"
                if holder.deleted:
                    message += "; it is deleted: restore it with restore_one, or upsert"
                outcome.reject(record, "DUPLICATE", message)
                outcome.taken.append(path)
        if len(rest) == len(piece.records):
            return None
        return [Piece(rest, piece.in_doubt)] if rest else []

    def _there_already(self, record: Prepared, store: StoredRecords, outcome: Outcome) -> None:
        """Handles an existing id: one derived from this row can only come from an earlier attempt to load it."""
        if record.in_doubt or not _is_shared(record, store):
            outcome.loaded.append(record)
        else:
            outcome.reject(record, "DUPLICATE", f"a record with the id {record.id} exists")
            outcome.taken.append("id")

    def claims(self, records: Sequence[Prepared], store: StoredRecords) -> list[tuple[bytes, int]]:
        return [(UUID(record.id).bytes, record.row.number) for record in records if _is_shared(record, store)]


def _is_shared(record: Prepared, store: StoredRecords) -> bool:
    """Whether another row can have its id: it is derived from a key, or the row's own."""
    return bool(store.key) or record.own_id


@dataclass(frozen=True)
class Upsert(_Creating):
    """Each row is a new record, or changes the one with its key, id or another unique value."""

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
    """Each row changes an existing record."""

    name = "update"
    deed = "updated"
    changes_records = True

    async def prepare(self, records: list[Prepared], store: StoredRecords, outcome: Outcome) -> list[Prepared]:
        aimed = await _aimed(records, store, outcome)
        for record in aimed if store.key else ():
            if store.named_by_id(record):
                continue
            for target in store.key:
                # The key is not changed by the row that it identifies.
                if target.relation:
                    record.links.pop(target.relation.join, None)
        return await _completed(aimed, store, outcome, by_id=True)


class _ByIds(Mode):
    """Sends the ids of records with one change for all. The response has the ids that existed."""

    removes: ClassVar[bool] = False

    def settle(self, piece: Piece, answer: Sequence[str], outcome: Outcome) -> None:
        """Counts all as done: they existed just before, and one that is missing was removed by an earlier attempt."""
        answered = set(answer)
        for record in piece.records:
            if record.id in answered or (self.removes and (piece.in_doubt or record.in_doubt)):
                outcome.loaded.append(record)
            else:
                outcome.reject(record, "NOT_FOUND", f"the record {record.id} no longer exists")


@dataclass(frozen=True)
class ChangeAlike(_ByIds):
    """Sets the same values in all records of a filter."""

    values: bytes
    """The values as JSON."""
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
    """Whether the ids are known to be those of records, so that nothing needs to be looked up."""

    removes = True

    async def prepare(self, records: list[Prepared], store: StoredRecords, outcome: Outcome) -> list[Prepared]:
        return records if self.known else await _aimed(records, store, outcome, gone_is_done=True)


@dataclass(frozen=True)
class Delete(_Removal):
    """Rows identify records to delete; they can be restored."""

    name = "delete"
    deed = "deleted"

    async def send(self, records: list[Prepared], store: StoredRecords) -> list[str]:
        return await store.wire.remove([record.id for record in records], destroy=False)


@dataclass(frozen=True)
class Destroy(_Removal):
    """Rows identify records to destroy for good."""

    name = "destroy"
    deed = "destroyed"
    reaches_deleted = True

    async def send(self, records: list[Prepared], store: StoredRecords) -> list[str]:
        return await store.wire.remove([record.id for record in records], destroy=True)


async def _completed(records: list[Prepared], store: StoredRecords, outcome: Outcome, *, by_id: bool) -> list[Prepared]:
    """The records, with the parts of composite fields that the server would empty filled in."""
    refused = await store.complete(records, by_id=by_id)
    for record, message in refused:
        outcome.reject(record, "INVALID", message)
    wrong = {id(record) for record, _ in refused}
    return [record for record in records if id(record) not in wrong] if wrong else records


async def _aimed(
    records: list[Prepared], store: StoredRecords, outcome: Outcome, *, new: bool = False, gone_is_done: bool = False
) -> list[Prepared]:
    """Finds the record of each row by key or id: exactly one, or none if rows may be `new`.

    `gone_is_done`: a missing record that an earlier run sent, without getting the response, counts as done.
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
        # Another client may have created the record between the look-up and the write.
        return [Piece(piece.records, aimed=True, again=True)]
    return None
