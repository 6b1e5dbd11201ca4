"""Looks up existing records for a load: by id, by key, by unique values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic_core import from_json

from aiotwenty.bulk.batches import Prepared
from aiotwenty.bulk.fields import FieldPath, Shape
from aiotwenty.bulk.journal import Job
from aiotwenty.bulk.lookups import having, wanted_values
from aiotwenty.bulk.refused_rows import without_empty
from aiotwenty.bulk.requests import BulkRequests, nest, value_at
from aiotwenty.bulk.retrying import Patience
from aiotwenty.bulk.stored_parts import complete
from aiotwenty.records.identity import canonical


@dataclass(frozen=True)
class Holder:
    """A record that has an id or a unique value."""

    id: str
    deleted: bool


@dataclass
class StoredRecords:
    """The records of one object. Look-ups are repeated after lost responses; writes are sent once."""

    wire: BulkRequests
    wire_to: Callable[[str], BulkRequests]
    shape: Shape
    key: tuple[FieldPath, ...]
    job: Job
    patience: Patience
    deleted_too: bool = False
    """Whether rows may identify deleted records."""
    never_null: set[str] = field(default_factory=set)
    """Texts that can't be empty, as the server's errors showed: empty ones are left out."""

    async def existing(self, records: Sequence[Prepared]) -> set[str]:
        """The ids of those records that exist, deleted ones included."""
        ids = [record.id for record in records]
        return await self.patience.ask(lambda: self.wire.existing(ids))

    async def are_there(self, records: Sequence[Prepared]) -> bool:
        """Whether all of them exist: a batch is written as a whole or not at all."""
        return (await self.existing(records)).issuperset(record.id for record in records)

    async def create(self, records: Sequence[Prepared], *, upsert: bool) -> list[dict[str, Any]]:
        for record in records if self.never_null else ():
            record.emptied += without_empty(record, self.never_null)
        emptied = {path for record in records for path in record.emptied}
        return await self.wire.create(records, upsert=upsert, paths=sorted(emptied))

    async def complete(self, records: Sequence[Prepared], *, by_id: bool) -> list[tuple[Prepared, str]]:
        """Adds the parts of composite fields that the server would empty. Returns invalid records, with reasons."""
        return await self.patience.ask(lambda: complete(records, self.wire, self.shape, by_id=by_id))

    @property
    def key_is_unique(self) -> bool:
        """Whether the server finds records by the key, or by the id derived from it."""
        return not self.key or any(target.dotted in self.shape.unique for target in self.key)

    def key_of(self, record: Prepared) -> tuple[str, ...]:
        """The key values in the form of stored records: a relation by its id."""
        return tuple(
            record.links.get(target.relation.join, value) if target.relation else value
            for target, value in zip(self.key, record.keys, strict=True)
        )

    def named_by_id(self, record: Prepared) -> bool:
        return record.own_id or not self.key

    async def by_id(self, records: Sequence[Prepared]) -> set[str]:
        """The ids of the records that rows may identify."""
        if not records:
            return set()
        wanted = {"id": {"in": [record.id for record in records]}}
        nodes = await self.patience.ask(lambda: self.wire.find(wanted, deleted_too=self.deleted_too))
        return {node["id"] for node in nodes}

    async def by_key(self, records: Sequence[Prepared]) -> dict[tuple[str, ...], list[str]]:
        """The ids of the records with each key."""
        if not records:
            return {}
        keys = [self.key_of(record) for record in records]
        paths = [target.relation.join if target.relation else target.dotted for target in self.key]
        parts = []
        for position, path in enumerate(paths):
            values = list(dict.fromkeys(key[position] for key in keys))
            parts.append(having(self.shape, path, values))
        nodes = await self.patience.ask(lambda: self.wire.find({"and": parts}, paths, deleted_too=self.deleted_too))
        ids: dict[tuple[str, ...], list[str]] = {}
        for node in nodes:
            key = tuple(canonical(path, value_at(node, path)) for path in paths)
            ids.setdefault(key, []).append(node["id"])
        return ids

    async def holders(self, records: Sequence[Prepared], *, ids: bool = True) -> dict[str, Holder]:
        """The records that have the ids and unique values of these, by identity; deleted records included."""
        wanted: list[dict[str, Any]] = [{"id": {"in": [record.id for record in records]}}] if ids else []
        for path in self.shape.unique:
            values = [value for record in records if (value := record.identity(path))]
            if values:
                wanted.append(nest(path, {"in": wanted_values(self.shape, path, values)}))
        if not wanted:
            return {}
        paths = [*self.shape.unique, "deletedAt"]
        nodes = await self.patience.ask(lambda: self.wire.find({"or": wanted}, paths, deleted_too=True))
        holders: dict[str, Holder] = {}
        for node in nodes:
            holder = Holder(node["id"], bool(node.get("deletedAt")))
            holders["id=" + holder.id] = holder
            for path in self.shape.unique:
                if (value := value_at(node, path)) not in (None, ""):
                    holders[f"{path}={canonical(path, value)}"] = holder
        return holders

    async def aim_at_unique(self, records: Sequence[Prepared]) -> None:
        """Gives each record the id of the stored one with its key, or else with a unique value.

        Otherwise the id derived from a key and the key itself could belong to two records, if the key of the first was
        changed in the workspace: UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT (Twenty, July 2026).
        """
        holders = await self.holders(records, ids=False)
        of_key = tuple(target.dotted + "=" for target in self.key)
        for record in records:
            if record.own_id:
                continue
            held = [identity for identity in record.identities if identity in holders]
            by_key = [identity for identity in held if identity.startswith(of_key)] if of_key else []
            if held:
                record.id = holders[(by_key or held)[0]].id

    async def orphans(self, records: Sequence[Prepared]) -> list[Prepared]:
        """The records that refer to a missing id."""
        rows: list[Mapping[str, Any]] = [from_json(record.json()) for record in records]
        orphans: dict[int, Prepared] = {}
        for relation in self.shape.relations.values():
            wanted = {row[relation.join] for row in rows if row.get(relation.join)}
            if not wanted:
                continue
            other = self.wire_to(relation.type_name)
            there = await self.patience.ask(partial(other.existing, sorted(wanted)))
            for record, row in zip(records, rows, strict=True):
                if row.get(relation.join) in wanted - there:
                    orphans[id(record)] = record
        return list(orphans.values())
