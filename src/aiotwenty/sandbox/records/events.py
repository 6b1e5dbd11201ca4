"""Reports changes of records to webhooks and event streams, with Twenty's gaps (July 2026)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.model.data_model import ModelObject
from aiotwenty.sandbox.model.workspace import Caller
from aiotwenty.sandbox.records.plans import Planner
from aiotwenty.sandbox.records.reading import Node, RecordReader
from aiotwenty.sandbox.records.writing import RecordChange

_NOT_TOLD = frozenset({"updatedAt", "updatedBy", "searchVector"})
"""Fields that every write changes."""


@dataclass(frozen=True, slots=True)
class SandboxEvent:
    """An event of one record."""

    object: ModelObject
    action: str
    """`created`, `updated`, `deleted`, `destroyed`, `restored` or, with an older server, `upserted`."""
    record: Node
    updated_fields: list[str] | None = None
    before: Node | None = None
    """The former record; None for a new one."""
    by: Caller | None = None

    @property
    def diff(self) -> dict[str, Any] | None:
        """The changed fields, with both values, of a record that still exists."""
        if self.before is None or self.action in ("created", "destroyed"):
            return None
        names = self.updated_fields or ()
        return {name: {"before": self.before.get(name), "after": self.record.get(name)} for name in names}


class Audience(Protocol):
    """A receiver of events."""

    def wants(self, object_name: str, action: str) -> bool:
        """Whether anybody listens; otherwise no event is needed."""
        ...

    def publish(self, events: Sequence[SandboxEvent]) -> None:
        """Reports the events of one write."""
        ...


class Announcer:
    """Makes events of changes, for webhooks and event streams."""

    def __init__(
        self, audiences: Sequence[Audience], planner: Planner, records: RecordReader, dialect: Dialect
    ) -> None:
        self._audiences = audiences
        self._planner = planner
        self._records = records
        self._dialect = dialect

    def wants(self, of: ModelObject, *actions: str) -> bool:
        return any(audience.wants(of.name_singular, action) for audience in self._audiences for action in actions)

    def before(self, of: ModelObject, ids: Sequence[str], *actions: str) -> dict[str, Node]:
        """The records before a write, if anybody listens to it."""
        return self._shown(of, ids) if ids and self.wants(of, *actions) else {}

    def changed(self, changes: Sequence[RecordChange], before: dict[str, Node], by: Caller) -> None:
        """Reports created, updated, deleted and restored records with present values, but no unchanged ones."""
        wanted = [change for change in changes if self.wants(change.object, change.action)]
        if not wanted:
            return
        now = self._shown(wanted[0].object, [change.id for change in wanted])
        events = []
        for change in wanted:
            if change.id not in now or (change.action == "upserted" and not self._dialect.tells_of_upserts):
                continue
            record, was = now[change.id], before.get(change.id)
            fields = change.fields
            if was is not None and change.action != "created":
                fields = [name for name in record if name not in _NOT_TOLD and record[name] != was.get(name)]
                if not fields:
                    continue
            events.append(SandboxEvent(change.object, change.action, record, fields, was, by))
        self._tell(events)

    def destroyed(self, of: ModelObject, before: dict[str, Node], by: Caller, many: bool = False) -> None:
        """Reports destroyed records. Of several in one request, the server reports only one."""
        events = [SandboxEvent(of, "destroyed", record, None, record, by) for record in before.values()]
        self._tell(events[:1] if many and not self._dialect.tells_of_each_destroyed else events)

    def _tell(self, events: Sequence[SandboxEvent]) -> None:
        if events:
            for audience in self._audiences:
                audience.publish(events)

    def _shown(self, of: ModelObject, ids: Sequence[str]) -> dict[str, Node]:
        return self._records.by_ids(self._planner.everything(of), list(ids))
