"""Writes records. Each call is one transaction: one invalid record, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.limits import MAX_WRITTEN_RECORDS
from aiotwenty.sandbox.model.data_model import DataModel, ModelObject
from aiotwenty.sandbox.model.workspace import Caller
from aiotwenty.sandbox.records import refused_data
from aiotwenty.sandbox.records.filters import Condition, table_name
from aiotwenty.sandbox.records.inputs import Inputs, Written
from aiotwenty.sandbox.records.store import RecordStore, quoted, stored_default, violated_not_null, violated_unique
from aiotwenty.sandbox.records.times import now, stored_time

Values = dict[str, Any]


@dataclass(slots=True)
class RecordChange:
    """The change of one record, for webhooks."""

    object: ModelObject
    action: str
    id: str
    fields: list[str] | None = None


class Writer:
    """The writing operations of one revision of the data model. They return ids and changes."""

    def __init__(self, store: RecordStore, model: DataModel, dialect: Dialect) -> None:
        self.store = store
        self.model = model
        self.dialect = dialect
        self.inputs = Inputs(dialect)
        self._defaults: dict[str, Values] = {}

    def create(
        self, of: ModelObject, data: Sequence[Any], upsert: bool, actor: Caller
    ) -> tuple[list[str], list[RecordChange]]:
        """Creates or upserts records. Returns the ids in the order of the input, and the changes."""
        if len(data) > MAX_WRITTEN_RECORDS:
            raise errors.too_many_written(MAX_WRITTEN_RECORDS, self.dialect)
        written = [self.inputs.read(of, item) for item in data]
        changes: list[RecordChange] = []
        with self._writing(of, written):
            self._connect(written)
            matches = self._matches(of, written) if upsert else [None] * len(written)
            fresh = [record for record, match in zip(written, matches, strict=True) if match is None]
            self._insert(of, fresh, actor)
            ids = []
            for record, match in zip(written, matches, strict=True):
                if match is not None:
                    record.columns["id"] = match
                    kept = self._without_creator(of, record.columns)
                    self._update(of, [match], {"deletedAt": None, **kept}, actor)
                ids.append(record.columns["id"])
                action = "created" if match is None else "updated"
                changes.append(RecordChange(of, action, ids[-1], None if match is None else record.fields))
                if upsert:
                    changes.append(RecordChange(of, "upserted", ids[-1]))
        return ids, changes

    @staticmethod
    def _without_creator(of: ModelObject, columns: Values) -> Values:
        """The columns without the creator, which an upsert never changes (Twenty, July 2026)."""
        creator = of.composites.get("createdBy")
        names = {column.name for column in creator.columns.values()} if creator else set()
        return {name: value for name, value in columns.items() if name not in names}

    def update(self, of: ModelObject, ids: list[str], data: Any, actor: Caller) -> list[RecordChange]:
        written = self.inputs.read(of, data)
        with self._writing(of, [written], ids):
            self._connect([written])
            if self._update(of, ids, written.columns, actor) == 0 and ids:
                raise errors.record_not_found()
        # A record may get another id; for several records, the database refuses it.
        renamed = written.columns.get("id")
        return [RecordChange(of, "updated", renamed or each, written.fields) for each in ids]

    def set_deleted(self, of: ModelObject, ids: list[str], deleted: bool) -> list[RecordChange]:
        """Soft-deletes (each time with a new time) or restores."""
        moment = self._now()
        with self._writing(of, ()):
            self.store.execute(
                f'UPDATE {quoted(of.name_singular)} SET "deletedAt" = ?, "updatedAt" = ? '
                f'WHERE "id" IN (SELECT value FROM json_each(?))',
                [moment if deleted else None, moment, json.dumps(ids)],
            )
        return [RecordChange(of, "deleted" if deleted else "restored", each) for each in ids]

    def destroy(self, of: ModelObject, ids: list[str]) -> None:
        """Destroys records; those that refer to them get null."""
        with self._writing(of, ()):
            self._remove(of, ids)
        self.store.note_position(of, None)

    def _remove(self, of: ModelObject, ids: list[str]) -> None:
        table = quoted(of.name_singular)
        self.store.execute(f'DELETE FROM {table} WHERE "id" IN (SELECT value FROM json_each(?))', [json.dumps(ids)])

    def ids(self, of: ModelObject, where: Condition, limit: int | None = None) -> list[str]:
        tail = "" if limit is None else f" LIMIT {limit}"
        table = quoted(of.name_singular)
        sql = f'SELECT t."id" FROM {table} t{where.where} ORDER BY t."id"{tail}'
        return [row[0] for row in self.store.rows(sql, where.parameters)]

    # Inserting and updating

    def _now(self) -> str:
        return stored_time(now(), self.dialect.time_digits)

    def _default_values(self, of: ModelObject) -> Values:
        if of.name_singular not in self._defaults:
            self._defaults[of.name_singular] = {each.name: stored_default(each) for each in of.columns.values()}
        return self._defaults[of.name_singular]

    def _insert(self, of: ModelObject, written: list[Written], actor: Caller) -> None:
        if not written:
            return
        defaults = {**self._default_values(of), **self._stamps(of, actor, new=True)}
        lowest = self.store.lowest_position(of) if "position" in of.columns else 0
        creator = of.composites.get("createdBy")
        for record in written:
            values = record.columns
            if values.setdefault("id", str(uuid.uuid4())) is None:
                raise errors.not_null("id", table_name(of))
            if creator is not None and any(column.name in values for column in creator.columns.values()):
                values.setdefault(creator.columns["context"].name, None)
            if "position" in of.columns:
                position = values.get("position", "first")
                if position == "first":
                    values["position"] = lowest - 1
                elif position == "last":
                    values["position"] = self._after_last(of)
                if values["position"] is not None:
                    lowest = min(lowest, values["position"])
        columns = list(of.columns)
        self.store.insert(of, columns, (tuple({**defaults, **record.columns}.values()) for record in written))
        if "position" in of.columns:
            self.store.note_position(of, lowest)

    def _after_last(self, of: ModelObject) -> float:
        highest = self.store.rows(f'SELECT max("position") FROM {quoted(of.name_singular)}')[0][0]
        return 1 if highest is None else float(highest) + 1

    def _stamps(self, of: ModelObject, actor: Caller, new: bool) -> Values:
        """The columns that the server itself sets: times, creator and updater."""
        moment = self._now()
        timed = (column.name for column in of.columns.values() if column.default_function == "now")
        stamps: Values = dict.fromkeys(timed, moment) if new else {"updatedAt": moment}
        for name in ("createdBy", "updatedBy") if new else ("updatedBy",):
            if name in of.composites:
                source = "MANUAL" if actor.is_person else "API"
                stamps |= {f"{name}Source": source, f"{name}Name": actor.name, f"{name}Context": "{}"}
                stamps[f"{name}WorkspaceMemberId"] = actor.member_id
        return {name: value for name, value in stamps.items() if name in of.columns}

    def _update(self, of: ModelObject, ids: list[str], columns: Values, actor: Caller) -> int:
        values = {**self._stamps(of, actor, new=False), **columns}
        if len(ids) == 1 and values.get("id") == ids[0]:
            del values["id"]
        if "position" in values:
            if values["position"] in ("first", "last"):
                first = values["position"] == "first"
                values["position"] = self.store.lowest_position(of) - 1 if first else self._after_last(of)
            self.store.note_position(of, None)
        assignments = ", ".join(f"{quoted(name)} = ?" for name in values)
        return self.store.execute(
            f'UPDATE {quoted(of.name_singular)} SET {assignments} WHERE "id" IN (SELECT value FROM json_each(?))',
            [*values.values(), json.dumps(ids)],
        )

    # Upsert and connect

    def _matches(self, of: ModelObject, written: list[Written]) -> list[str | None]:
        """The record for each input, found by its id or any unique value; soft-deleted ones too."""
        return [self._match(of, each) for each in written]

    def matching(self, of: ModelObject, data: Sequence[Any]) -> list[str]:
        """The ids of records that an upsert of these would update."""
        found = self._matches(of, [self.inputs.read(of, each) for each in data])
        return [each for each in found if each is not None]

    def _match(self, of: ModelObject, written: Written) -> str | None:
        matches: set[str] = set()
        looked_for: list[str] = []
        for names in [["id"], *of.unique_columns]:
            values = [written.columns.get(name) for name in names]
            if names == ["id"] and not self.dialect.finds_ids_in_upper_case:
                values = [written.given_id]
            if None not in values:
                matches.update(self._find(of, names, values))
                looked_for += [f"{of.columns[name].path}: {value}" for name, value in zip(names, values, strict=True)]
        if len(matches) > 1:
            raise errors.ambiguous_upsert(looked_for)
        return next(iter(matches), None)

    def _find(self, of: ModelObject, names: Sequence[str], values: Sequence[Any], living: bool = False) -> list[str]:
        condition = " AND ".join(f"{quoted(name)} = ?" for name in names)
        alive = ' AND +"deletedAt" IS NULL' if living else ""
        sql = f'SELECT "id" FROM {quoted(of.name_singular)} WHERE {condition}{alive}'
        return [row[0] for row in self.store.rows(sql, values)]

    def _connect(self, written: Iterable[Written]) -> None:
        for record in written:
            for relation, where in record.connects:
                target = self.model.objects[relation.target]
                wanted = dict(_unique_values(target, where))
                unique = [["id"], *target.unique_columns]
                if not any(set(names) <= wanted.keys() for names in unique):
                    raise errors.connects_by_no_unique_value(relation.name)
                fields = {target.columns[name].field.name for names in unique for name in names}
                if (other := next((name for name in where if name not in fields), None)) is not None:
                    raise errors.RecordError(
                        f"Field {other} is not a unique constraint field for '{relation.name}'.",
                        friendly=errors.GENERIC,
                    )
                ids = self._find(target, list(wanted), list(wanted.values()), living=True)
                if len(ids) != 1:
                    condition = ", ".join(f"{name} = {value}" for name, value in wanted.items())
                    raise errors.connect_failed(relation.name, len(ids), condition)
                record.columns[relation.join_column] = ids[0]

    # Merging

    def merge(
        self, of: ModelObject, ids: list[str], survivor: str, columns: Values, actor: Caller
    ) -> list[RecordChange]:
        """Gives the survivor these values and everything that referred to the others, and removes the others."""
        with self._writing(of, ()):
            self.merge_within(of, ids, survivor, columns, actor)
        self.store.note_position(of, None)
        gone = "deleted" if self.dialect.merges_softly else "destroyed"
        merged_ids = (identity for identity in ids if identity != survivor)
        return [
            *(RecordChange(of, gone, identity) for identity in merged_ids),
            RecordChange(of, "updated", survivor, list(columns)),
        ]

    def merge_within(self, of: ModelObject, ids: list[str], survivor: str, columns: Values, actor: Caller) -> None:
        """`merge` inside a transaction of the caller."""
        merged_ids = [identity for identity in ids if identity != survivor]
        for child in self.model.objects.values():
            for relation in child.to_one.values():
                if relation.target == of.name_singular:
                    join = quoted(relation.join_column)
                    self.store.execute(
                        f"UPDATE OR IGNORE {quoted(child.name_singular)} SET {join} = ? "
                        f"WHERE {join} IN (SELECT value FROM json_each(?))",
                        [survivor, json.dumps(merged_ids)],
                    )
        if self.dialect.merges_softly:
            self._clear_unique(of, merged_ids)
            moment = self._now()
            for identity in merged_ids:
                self._update(of, [identity], {"deletedAt": moment}, actor)
        else:
            self._remove(of, merged_ids)
        self._update(of, [survivor], columns, actor)

    def _clear_unique(self, of: ModelObject, ids: list[str]) -> None:
        """Clears the unique values of records that stay soft-deleted, because the survivor takes them over."""
        names = {name for unique in of.unique_columns for name in unique if of.columns[name].nullable}
        if names:
            assignments = ", ".join(f"{quoted(name)} = NULL" for name in sorted(names))
            self.store.execute(
                f'UPDATE {quoted(of.name_singular)} SET {assignments} WHERE "id" IN (SELECT value FROM json_each(?))',
                [json.dumps(ids)],
            )

    # Errors of the database

    @contextmanager
    def _writing(self, of: ModelObject, written: Iterable[Written], ids: Sequence[str] = ()) -> Iterator[None]:
        try:
            with self.store.transaction():
                yield
        except sqlite3.IntegrityError as error:
            raise self._explained(error, of, list(written), ids) from None

    def _explained(
        self, error: sqlite3.IntegrityError, of: ModelObject, written: list[Written], ids: Sequence[str]
    ) -> errors.RecordError:
        if (unique := violated_unique(error)) is not None:
            return self._duplicate(of, unique, written, ids)
        if (column := violated_not_null(error)) is not None:
            return self._database_error(errors.not_null(column, table_name(of)))
        if (broken := self._broken_column(of, written)) is not None:
            return self._database_error(errors.broken_reference(table_name(of), _constraint(of, broken)))
        return self._database_error(self._still_referred_to(of, ids))

    def _database_error(self, error: errors.RecordError) -> errors.RecordError:
        if self.dialect.hides_database_errors:
            error.code = "INTERNAL_SERVER_ERROR"
        return error

    def _duplicate(
        self, of: ModelObject, names: list[str], written: list[Written], ids: Sequence[str]
    ) -> errors.RecordError:
        if names == ["id"]:
            return errors.duplicate()
        label = of.columns[names[0]].field.label
        for record in written:
            values = [record.columns.get(name) for name in names]
            if None in values:
                continue
            holders = self._find(of, names, values, living=True)
            same_id = record.columns.get("id")
            for holder in holders:
                if holder != same_id and holder not in ids:
                    return self._duplicate_error(of, label, values, holder)
        values = next(
            (held for record in written if None not in (held := [record.columns.get(n) for n in names])), [None]
        )
        return self._duplicate_error(of, label, values, None)

    def _duplicate_error(
        self, of: ModelObject, label: str, values: Sequence[Any], holder: str | None
    ) -> errors.RecordError:
        if not self.dialect.names_conflicting_records:
            return errors.duplicate_value(label, values[0])
        return errors.duplicate(label, holder, of.name_singular)

    def _broken_column(self, of: ModelObject, written: list[Written]) -> str | None:
        """The first column with a foreign key to a missing record."""
        for column in of.columns.values():
            if column.reference is None:
                continue
            referred = {record.columns.get(column.name) for record in written} - {None}
            target = quoted(column.reference.target)
            sql = f'SELECT 1 FROM json_each(?) WHERE value NOT IN (SELECT "id" FROM {target}) LIMIT 1'
            if referred and self.store.rows(sql, [json.dumps(list(referred))]):
                return column.name
        return None

    def _still_referred_to(self, of: ModelObject, ids: Sequence[str]) -> errors.RecordError:
        """Postgres's error about changing the id of a record that others refer to."""
        child, relation = next(
            (child, relation)
            for child in self.model.objects.values()
            for relation in child.to_one.values()
            if relation.target == of.name_singular and any(self._find(child, [relation.join_column], [i]) for i in ids)
        )
        constraint = _constraint(child, relation.join_column)
        return errors.broken_reference(table_name(of), constraint, table_name(child))


def _constraint(of: ModelObject, column: str) -> str:
    """A name for a foreign key, in the style of Twenty's."""
    return "FK_" + hashlib.sha1(f"{of.name_singular}_{column}".encode()).hexdigest()[:27]


def _unique_values(of: ModelObject, where: Values) -> Iterator[tuple[str, Any]]:
    """The columns and values of a `...WhereUniqueInput`; values are compared unchanged."""
    for name, value in where.items():
        if (composite := of.composites.get(name)) is not None and isinstance(value, dict):
            for part, part_value in value.items():
                if part not in composite.columns:
                    raise refused_data.unknown_data_field(of.name_singular, f"{name}.{part}")
                yield composite.columns[part].name, str(part_value)
        elif name in of.scalars and not isinstance(value, dict | list):
            yield name, value
        else:
            raise refused_data.unknown_data_field(of.name_singular, name)
