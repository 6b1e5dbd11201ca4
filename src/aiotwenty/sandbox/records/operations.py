"""The operations on records, one method each: from arguments to the value of the root field."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.language.documents import Document, Reader, RootField, Selected
from aiotwenty.sandbox.limits import DEFAULT_PAGE, MAX_MERGED_RECORDS, MAX_WRITTEN_RECORDS, MIN_COMPARED_LENGTH
from aiotwenty.sandbox.model.data_model import DataModel, ModelObject, Operation
from aiotwenty.sandbox.model.workspace import Caller
from aiotwenty.sandbox.records import arguments
from aiotwenty.sandbox.records.access import Visibility, check_creatable
from aiotwenty.sandbox.records.events import Announcer, Audience
from aiotwenty.sandbox.records.filters import Condition, Filters
from aiotwenty.sandbox.records.grouping import Grouper
from aiotwenty.sandbox.records.merging import merged
from aiotwenty.sandbox.records.ordering import CursorFilter, Orders
from aiotwenty.sandbox.records.plans import ConnectionPlan, Planner, RecordPlan
from aiotwenty.sandbox.records.reading import Node, RecordReader
from aiotwenty.sandbox.records.store import RecordStore, quoted
from aiotwenty.sandbox.records.writing import RecordChange, Writer

Arguments = dict[str, Any]
Plan = TypeVar("Plan", RecordPlan, ConnectionPlan)
Selection = dict[str, Selected] | None


class RecordFiles(Protocol):
    """The part of the file store that records need."""

    def show(self, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The value of a FILES field as responses have it."""
        ...

    def check(self, file_ids: Iterable[str]) -> None:
        """Raises `RecordError` for files that records may not have."""
        ...


class Operations:
    """The operations of one revision of the data model, with caches for it."""

    def __init__(
        self,
        store: RecordStore,
        model: DataModel,
        files: RecordFiles,
        audiences: Sequence[Audience],
        dialect: Dialect,
        *,
        channels: Mapping[str, str],
    ) -> None:
        self.store = store
        self.model = model
        self.dialect = dialect
        self.planner = Planner(model, files.show, dialect)
        self.records = RecordReader(store, dialect, Visibility(store, channels))
        self.writer = Writer(store, model, dialect)
        self.grouper = Grouper(model, self.planner, self.records, dialect)
        self.files = files
        self.announcer = Announcer(audiences, self.planner, self.records, dialect)

    def run(self, root: RootField, document: Document, reader: Reader, actor: Caller) -> Any:
        """The value of one root field. Raises `RecordError`."""
        found = self.model.by_root(root.name)
        assert found is not None, root.name
        of, operation = found
        request = _Request(self, document, root, reader, of, actor)
        return getattr(request, operation)(arguments.checked(operation, root.arguments))

    def call(self, of: ModelObject, operation: Operation, given: Arguments, selection: Selection, actor: Caller) -> Any:
        """The value of an operation without a document, for REST."""
        request = _Request(self, None, None, None, of, actor, selection)
        return getattr(request, operation)(arguments.checked(operation, given))


class _Request:
    """One root field of one request."""

    def __init__(
        self,
        operations: Operations,
        document: Document | None,
        root: RootField | None,
        reader: Reader | None,
        of: ModelObject,
        actor: Caller,
        selection: Selection = None,
    ) -> None:
        self.operations = operations
        self.records = operations.records
        self.writer = operations.writer
        self.announcer = operations.announcer
        self.document = document
        self.root = root
        self.reader = reader
        self.of = of
        self.actor = actor
        self.selection = selection

    # Reading

    def find_many(self, sent: Arguments) -> Node:
        arguments.check_paging(sent)
        plan = self._plan(self.operations.planner.connection)
        where = self._where(sent)
        keys = Orders(self.operations.model, self.operations.dialect).keys(self.of, sent.get("orderBy"))
        cursors = CursorFilter(keys, self.operations.dialect)
        backwards = bool(sent.get("before"))
        text = sent.get("before") or sent.get("after")
        cursor = cursors.condition(text, backwards) if text else None
        limit = sent["first"] if "first" in sent else sent.get("last", DEFAULT_PAGE)
        return self.records.page(plan, where, keys, cursor, limit, sent.get("offset", 0), backwards)

    def find_one(self, given: Arguments) -> Node:
        if not given.get("filter") and not self.operations.dialect.finds_without_filter:
            raise errors.invalid_query("Missing filter argument")
        return self.records.one(self._record_plan(), self._where(given))

    def group_by(self, given: Arguments) -> list[Node]:
        plan = self._plan(self.operations.planner.groups)
        keys = Orders(self.operations.model, self.operations.dialect).keys(self.of, given.get("orderByForRecords"))
        return self.operations.grouper.groups(plan, self._where(given), given, keys)

    def find_duplicates(self, arguments: Arguments) -> list[Node]:
        if "ids" not in arguments and "data" not in arguments:
            raise errors.invalid_query('You have to provide either "data" or "ids" argument')
        if "ids" in arguments and "data" in arguments:
            raise errors.invalid_query('You cannot provide both "data" and "ids" arguments')
        if "ids" not in arguments and not arguments["data"]:
            raise errors.invalid_query('The "data" condition can not be empty when "ids" input not provided')
        plan = self._plan(self.operations.planner.connection)
        if "ids" in arguments:
            candidates = self._stored([_as_uuid(identity) for identity in arguments["ids"]])
        else:
            candidates = [self.writer.inputs.read(self.of, data or {}).columns for data in arguments["data"]]
        return [self._duplicates_of(plan, candidate) for candidate in candidates]

    def _duplicates_of(self, plan: ConnectionPlan, columns: dict[str, Any]) -> Node:
        alternatives, parameters = [], []
        for names in self.of.duplicate_criteria or ():
            values = [columns.get(name) for name in names]
            if all(value is not None and len(str(value)) >= MIN_COMPARED_LENGTH for value in values):
                alternatives.append("(" + " AND ".join(f"t.{quoted(name)} = ?" for name in names) + ")")
                parameters += values
        where = Condition(" OR ".join(alternatives) or "FALSE", parameters, living=True)
        if columns.get("id") is not None:
            where = where.joined('t."id" <> ?', [columns["id"]])
        return self.records.page(plan, where, [], None, DEFAULT_PAGE)

    # Writing

    def create_one(self, given: Arguments) -> Node:
        return self._create([given["data"]], given)[0]

    def create_many(self, given: Arguments) -> list[Node]:
        return self._create(given["data"], given)

    def _create(self, data: list[Any], arguments: Arguments) -> list[Node]:
        if self.operations.dialect.restricts_records:
            check_creatable(self.of)
        plan = self._record_plan()
        self._check_files(data)
        upsert = arguments.get("upsert") is True
        there = self.writer.matching(self.of, data) if upsert and self.announcer.wants(self.of, "updated") else []
        before = self.announcer.before(self.of, there, "updated")
        ids, changes = self.writer.create(self.of, data, upsert, self.actor)
        self.announcer.changed(changes, before, self.actor)
        # The old server reads the records again without an order.
        return self._nodes(plan, ids if self.operations.dialect.answers_in_input_order else sorted(ids))

    def update_one(self, given: Arguments) -> Node:
        plan = self._record_plan()
        return self._update(plan, [given["id"].lower()], given["data"])[0]

    def update_many(self, given: Arguments) -> list[Node]:
        plan = self._record_plan()
        limit = MAX_WRITTEN_RECORDS if self.operations.dialect.limits_updates else None
        where = self._where(given, with_deleted=self.operations.dialect.updates_deleted_records)
        ids = self.writer.ids(self.of, where, None if limit is None else limit + 1)
        if limit is not None and len(ids) > limit:
            raise errors.too_many_updated(limit)
        return self._update(plan, ids, given["data"], where)

    def _update(self, plan: RecordPlan, ids: list[str], data: Any, where: Condition | None = None) -> list[Node]:
        """Updates records. The response has those that the filter still matches (Twenty, July 2026)."""
        self._check_files([data])
        before = self.announcer.before(self.of, ids, "updated")
        changes = self.writer.update(self.of, ids, data, self.actor)
        self.announcer.changed(self._still_found(changes, where, before), before, self.actor)
        return self._nodes(plan, [change.id for change in changes])

    def delete_one(self, given: Arguments) -> Node:
        return self._set_deleted([self._existing(given["id"])], deleted=True)[0]

    def delete_many(self, given: Arguments) -> list[Node]:
        return self._set_deleted(self.writer.ids(self.of, self._where(given)), deleted=True)

    def restore_one(self, given: Arguments) -> Node:
        return self._set_deleted([self._existing(given["id"])], deleted=False)[0]

    def restore_many(self, given: Arguments) -> list[Node]:
        where = self._where(given, with_deleted=True)
        ids = self.writer.ids(self.of, where)
        restored = self._set_deleted(ids, deleted=False, where=where)
        if not self.operations.dialect.asks_filters_again:
            return restored
        # The filter is applied again afterwards, so one for deleted records then matches none.
        still = set(self.writer.ids(self.of, where))
        return [node for node, record_id in zip(restored, ids, strict=True) if record_id in still]

    def _still_found(
        self, changes: list[RecordChange], where: Condition | None, before: dict[str, Node]
    ) -> list[RecordChange]:
        if where is None or not before or not self.operations.dialect.asks_filters_again:
            return changes
        found = set(self.writer.ids(self.of, where))
        return [change for change in changes if change.id in found]

    def _set_deleted(self, ids: list[str], deleted: bool, where: Condition | None = None) -> list[Node]:
        plan = self._record_plan()
        before = self.announcer.before(self.of, ids, "deleted" if deleted else "restored")
        changes = self._still_found(self.writer.set_deleted(self.of, ids, deleted), where, before)
        self.announcer.changed(changes, before, self.actor)
        return self._nodes(plan, ids)

    def destroy_one(self, given: Arguments) -> Node:
        return self._destroy([self._existing(given["id"])])[0]

    def destroy_many(self, given: Arguments) -> list[Node]:
        return self._destroy(self.writer.ids(self.of, self._where(given, with_deleted=True)), many=True)

    def _destroy(self, ids: list[str], many: bool = False) -> list[Node]:
        nodes = self._nodes(self._record_plan(), ids)
        before = self.announcer.before(self.of, ids, "destroyed")
        self.writer.destroy(self.of, ids)
        self.announcer.destroyed(self.of, before, self.actor, many)
        return nodes

    def merge_many(self, arguments: Arguments) -> Node:
        ids = list(dict.fromkeys(str(identity).lower() for identity in arguments["ids"]))
        priority = arguments["conflictPriorityIndex"]
        if len(ids) < 2:
            raise errors.invalid_query("At least 2 record IDs are required for merge")
        if len(ids) > MAX_MERGED_RECORDS:
            raise errors.invalid_query(
                f"Maximum {MAX_MERGED_RECORDS} records can be merged at once",
                f"You can merge up to {MAX_MERGED_RECORDS} records at once.",
            )
        if not isinstance(priority, int) or not 0 <= priority < len(ids):
            raise errors.invalid_query(
                f"Invalid conflict priority '{priority}'. Valid options for {len(ids)} records: 0-{len(ids) - 1}"
            )
        plan = self._record_plan()
        survivor = ids[priority]
        ordered = [survivor, *(identity for identity in ids if identity != survivor)]
        stored = self._stored(ordered)
        if len(stored) < len(ordered):
            raise errors.records_not_found()
        columns = merged(self.of, stored)
        if arguments.get("dryRun") is True:
            return self._merge_preview(plan, ordered, columns)
        before = self.announcer.before(self.of, ordered, "updated", "deleted", "destroyed")
        changes = self.writer.merge(self.of, ordered, survivor, columns, self.actor)
        if self.operations.dialect.merges_softly:
            self.announcer.changed(changes, before, self.actor)
        else:
            gone = {record_id: node for record_id, node in before.items() if record_id != survivor}
            self.announcer.destroyed(self.of, gone, self.actor)
        return self._nodes(plan, [survivor])[0]

    def _merge_preview(self, plan: RecordPlan, ids: list[str], columns: dict[str, Any]) -> Node:
        """Merges, reads and rolls back. The returned record has an id of its own (Twenty, July 2026)."""
        node: Node = {}
        try:
            with self.operations.store.transaction():
                self.writer.merge_within(self.of, ids, ids[0], columns, self.actor)
                node = self._nodes(plan, ids[:1])[0]
                raise _TakenBackError
        except _TakenBackError:
            pass
        return {key: str(uuid.uuid4()) if value == ids[0] else value for key, value in node.items()}

    # Helpers

    def _check_files(self, data: Any) -> None:
        """Refuses files that don't exist."""
        names = [field.name for field in self.of.fields.values() if field.type == "FILES"]
        if not names or not isinstance(data, list):
            return
        for value in (row.get(name) for row in data if isinstance(row, dict) for name in names):
            items = value if isinstance(value, list) else []
            self.operations.files.check(str(item.get("fileId")) for item in items if isinstance(item, dict))

    def _plan(self, make: Callable[[ModelObject, Selection], Plan]) -> Plan:
        if self.document is None or self.root is None or self.reader is None:
            return make(self.of, self.selection)
        key = (id(self.root.node), self.operations.model.revision)
        if (kept := self.document.cache.get(key)) is not None:
            return kept  # type: ignore[no-any-return]
        plan = make(self.of, self.document.below(self.root.node, self.reader))
        if not self.reader.used_variables:
            self.document.cache[key] = plan
        return plan

    def _record_plan(self) -> RecordPlan:
        return self._plan(self.operations.planner.record)

    def _where(self, given: Arguments, with_deleted: bool = False) -> Condition:
        filters = Filters(self.operations.model, self.operations.dialect)
        return filters.condition(self.of, given.get("filter"), with_deleted)

    def _nodes(self, plan: RecordPlan, ids: list[str]) -> list[Node]:
        found = self.records.by_ids(plan, ids)
        return [found[each] for each in ids]

    def _existing(self, record_id: str) -> str:
        record_id = record_id.lower()
        if not self.operations.store.rows(f'SELECT 1 FROM {quoted(self.of.name_singular)} WHERE "id" = ?', [record_id]):
            raise errors.record_not_found()
        return record_id

    def _stored(self, ids: list[str]) -> list[dict[str, Any]]:
        """The stored columns of living records, in the order of the ids."""
        names = list(self.of.columns)
        table = quoted(self.of.name_singular)
        sql = f'SELECT {", ".join(map(quoted, names))} FROM {table} WHERE "id" = ? AND "deletedAt" IS NULL'
        stored_rows = (self.operations.store.rows(sql, [identity]) for identity in ids)
        return [dict(zip(names, row, strict=True)) for rows in stored_rows for row in rows]


def _as_uuid(value: Any) -> str:
    """An id in any notation that Postgres accepts, which are more than Twenty's."""
    try:
        return str(uuid.UUID(errors.as_text(value)))
    except ValueError:
        raise errors.invalid_uuid_syntax(errors.as_text(value)) from None


class _TakenBackError(Exception):
    """Rolls a transaction back after reading."""
