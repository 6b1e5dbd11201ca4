"""Updates the records of an object."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar, Unpack, overload

from aiotwenty.errors import InvalidArgument, StaleRecord, TwentyError
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.filters import Filter, guarded
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.graphql.page import Page
from aiotwenty.records.id_filters import by_ids, only_ids
from aiotwenty.records.inputs import as_model
from aiotwenty.records.namespace import as_id, of_all_requests
from aiotwenty.records.partial_composites import plain, warn_of_changes
from aiotwenty.records.settled_changes import SettledChanges
from aiotwenty.records.settling import look_after, look_still
from aiotwenty.records.stored_values import shows
from aiotwenty.transport.terms import CallOptions

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
U = TypeVar("U", bound=Input | Mapping[str, object])
F = TypeVar("F", bound=Input | Mapping[str, object])

_PRECISION = timedelta(milliseconds=1)
"""The precision of times in responses."""
MOST_AT_ONCE = 200
"""The most records that one update may change (Twenty, July 2026)."""


class Updates(SettledChanges[R], Generic[R, U, F]):
    """Methods that update records. Fields that are not set don't change."""

    @overload
    async def update_one(
        self,
        id: UUID | str,
        data: U,
        *,
        select: type[S],
        replace: Collection[str] = (),
        if_unchanged: Record | datetime | None = None,
        **options: Unpack[CallOptions],
    ) -> S: ...

    @overload
    async def update_one(
        self,
        id: UUID | str,
        data: U,
        *,
        select: None = None,
        replace: Collection[str] = (),
        if_unchanged: Record | datetime | None = None,
        **options: Unpack[CallOptions],
    ) -> R: ...

    @of_all_requests
    async def update_one(
        self,
        id: UUID | str,
        data: U,
        *,
        select: type[Any] | None = None,
        replace: Collection[str] = (),
        if_unchanged: Record | datetime | None = None,
        **options: Unpack[CallOptions],
    ) -> Any:
        """The updated record. Fields and parts of composite fields that are not set don't change; None clears.

        The server would empty some parts of links, e-mails and phones that are not sent (Twenty, July 2026): if
        `data` has only some parts, the record is read first, and the others are sent with them. A change of the same
        field between read and write is lost; changes of other fields are not lost, and `RecordChanged`
        warns of them. For fields named in `replace`, the other parts are emptied, and nothing is read.

        With `if_unchanged`, the record as it was read (or its `updated_at`), it is only written if nobody has
        changed it since: otherwise `StaleRecord` is raised. Without it, an update whose response was lost is retried
        only if the record was not changed meanwhile; a delayed attempt can still undo a newer change.
        """
        identity = as_id(id)
        change = self._change(as_model(data, self.meta.model("update"), "data"), replace)
        before = await self._look([identity]) if change.lacks else []
        written = change.with_stored(plain(before[0])) if before else change.data
        if if_unchanged is not None:
            record = await self._update_unchanged(identity, written, _as_read(identity, if_unchanged))
            return (await self._select([record], select))[0]
        # Only whole records show whether other fields changed meanwhile.
        ask = self._ask("update_one", "one", None if before else select)

        async def update(ids: Sequence[UUID]) -> list[Any]:
            return [await self._run(ask, {"id": ids[0], "data": written}, repeatable=False)]

        kept = partial(shows, sent=written)
        (record,) = await self._settled([identity], update, kept, None if before else select)
        if not before:
            return record
        warn_of_changes(before, [record], change.data)
        return (await self._select([record], select))[0]

    @overload
    async def update_many(
        self,
        data: U,
        filter: F | None = None,
        *,
        select: type[S],
        all_records: bool = False,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> list[S]: ...

    @overload
    async def update_many(
        self,
        data: U,
        filter: F | None = None,
        *,
        select: None = None,
        all_records: bool = False,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> list[R]: ...

    @of_all_requests
    async def update_many(
        self,
        data: U,
        filter: F | None = None,
        *,
        select: type[Any] | None = None,
        all_records: bool = False,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> list[Any]:
        """The updated records. Newer servers refuse to update more than 200 at once (Twenty, July 2026).

        Fields that are not set don't change, as in `update_one`. If stored parts have to be sent as well, the records
        are read first, and records with the same parts are updated together: all or none of them.

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true.
        """
        change = self._change(as_model(data, self.meta.model("update"), "data"), replace)
        only = guarded(self._filter(filter), all_records, "update_many")
        if not change.lacks:
            return await self._update_many(change.data, only, select)
        before = await self._matching(only)
        alike: dict[bytes, list[R]] = {}
        for record in before:
            alike.setdefault(encode_json(change.with_stored(plain(record))), []).append(record)
        updated: list[R] = []
        for records in alike.values():
            ids = by_ids([as_id(record.id) for record in records])  # type: ignore[attr-defined]
            updated += await self._update_many(change.with_stored(plain(records[0])), ids)
        warn_of_changes(before, updated, change.data)
        return await self._select(updated, select)

    async def _update_many(self, data: Mapping[str, Any], only: Filter, select: type[Any] | None = None) -> list[Any]:
        ask = self._ask("update_many", "many", select)

        async def update(ids: Sequence[UUID]) -> list[Any]:
            records: list[Any] = await self._run(ask, {"data": data, "filter": by_ids(list(ids))}, repeatable=False)
            return records

        ids = only_ids(only)
        if ids is None:
            with self._untold("updated"):
                records: list[Any] = await self._run(ask, {"data": data, "filter": only}, repeatable=False)
                return records
        return await self._settled(ids, update, partial(shows, sent=data), select)

    async def _update_unchanged(self, identity: UUID, data: Mapping[str, Any], moment: datetime) -> R:
        """Updates the record if it was last changed at this moment; the server compares within the update.

        The response has the records that still match afterwards, which is none (Twenty, July 2026), so the record is
        read. A delayed attempt finds the record changed, and does nothing.
        """
        unchanged = [{"updatedAt": {"gte": moment}}, {"updatedAt": {"lt": moment + _PRECISION}}]
        variables = {"data": data, "filter": {"and": [{"id": {"eq": identity}}, *unchanged]}}
        lost: TwentyError | None = None
        try:
            records: list[R] = await self._run(self._ask("update_many", "many"), variables, repeatable=True)
            if records:
                return records[0]
        except TwentyError as error:
            if not error.outcome_unknown:
                raise
            lost = error
        look = self._look([identity])
        stored = await (look_after(lost, look) if lost else look_still(look))
        if not stored:
            raise StaleRecord(f"{identity} is gone: it was destroyed after it was read.") from lost
        current: R = stored[0]
        there = shows(current, data)
        if there:
            return current
        changed: datetime = current.updated_at  # type: ignore[attr-defined]
        if moment <= changed < moment + _PRECISION:
            raise lost or StaleRecord(f"{identity} was not updated, though it is unchanged.", current=current)
        stale = StaleRecord(
            f"{identity} was changed at {changed:%Y-%m-%d %H:%M:%S}, after it was read: read it again.", current=current
        )
        stale.outcome_unknown, stale.look = there is None, "see by `current`"
        raise stale from lost

    async def _matching(self, only: Filter) -> list[R]:
        """All records that match a filter. Raises `InvalidArgument` if there are too many for one update."""
        variables = {"filter": only, "first": MOST_AT_ONCE + 1}
        page: Page[R] = await self._run(self._ask("find_many", "page"), variables, verify=False)
        if len(page.records) > MOST_AT_ONCE:
            raise InvalidArgument(
                f"update_many: more than {MOST_AT_ONCE} records match. Each must be read to keep parts of its "
                "composite fields: narrow the filter, name the fields in replace, or use bulk.update."
            )
        return page.records


def _as_read(identity: UUID, record: Record | datetime) -> datetime:
    """The time of the record's last change when it was read."""
    moment = record if isinstance(record, datetime) else getattr(record, "updated_at", None)
    if not isinstance(moment, datetime):
        raise InvalidArgument("if_unchanged must be a record with its updated_at, or that time.")
    if moment.tzinfo is None:
        raise InvalidArgument("if_unchanged: the time has no time zone.")
    if getattr(record, "id", identity) != identity:
        raise InvalidArgument(f"if_unchanged is the record {getattr(record, 'id', None)}, and {identity} is updated.")
    return moment
