"""Changing the records of an object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Generic, TypeVar, overload

from pydantic import BaseModel

from aiotwenty.errors import DuplicateRecord, InvalidArgument, NotFoundError, Reason, TwentyError
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.filters import DELETED_TOO, Filter, guarded
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.graphql.page import Page
from aiotwenty.graphql.wire import id_of
from aiotwenty.records.base import Ask, Namespace, as_id
from aiotwenty.records.filters import by_ids, only_ids
from aiotwenty.records.identity import SameRecords, filter_of_same, in_order_of, repeat_each_other, unique_key
from aiotwenty.records.inputs import as_model, as_models
from aiotwenty.records.partial import PartialWrite, change_of, composites_of, plain, warn_of_changes
from aiotwenty.records.settling import create_settled, look_after, with_ids

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
C = TypeVar("C", bound=Input | Mapping[str, object])
U = TypeVar("U", bound=Input | Mapping[str, object])
F = TypeVar("F", bound=Input | Mapping[str, object])

MOST_AT_ONCE = 200
"""Records that one update may change (Twenty, July 2026)."""


class Writes(Namespace[R], Generic[R, C, U, F]):
    """Creating, updating, deleting, restoring and destroying records."""

    @overload
    async def create_one(
        self,
        data: C,
        upsert: bool = False,
        *,
        select: type[S],
        replace: Collection[str] = (),
    ) -> S: ...

    @overload
    async def create_one(
        self,
        data: C,
        upsert: bool = False,
        *,
        select: None = None,
        replace: Collection[str] = (),
    ) -> R: ...

    async def create_one(
        self,
        data: C,
        upsert: bool = False,
        *,
        select: type[Any] | None = None,
        replace: Collection[str] = (),
    ) -> Any:
        """The new record. With `upsert`, a record with the same id or unique value is updated instead (and
        undeleted), as by `update_one`, where `replace` is explained.

        Without `upsert` the record gets its id here, so that a create whose answer is lost is settled: one record,
        once. An upsert is repeated after a lost answer only if `data` has an id or all the unique values.
        """
        model: Input = as_model(data, self.meta.model("create"), "data")
        if upsert:
            (change,) = await self._upserts([model], replace)
            record: R = await self._upsert(self._ask("create_one", "one"), change, [model])
            return (await self._select([record], select))[0]
        encoded, ids = with_ids([model])
        ask = self._ask("create_one", "one", select, identified=True)
        body = b'%b{"data":%b}}' % (ask.operation.body_prefix, encoded[1:-1])

        async def create() -> list[Any]:
            return [await self._post(ask, body)]

        return (await self._created([model], ids, create, select))[0]

    @overload
    async def create_many(
        self,
        data: Iterable[C],
        upsert: bool = False,
        *,
        select: type[S],
        replace: Collection[str] = (),
    ) -> list[S]: ...

    @overload
    async def create_many(
        self,
        data: Iterable[C],
        upsert: bool = False,
        *,
        select: None = None,
        replace: Collection[str] = (),
    ) -> list[R]: ...

    async def create_many(
        self,
        data: Iterable[C],
        upsert: bool = False,
        *,
        select: type[Any] | None = None,
        replace: Collection[str] = (),
    ) -> list[Any]:
        """The new records in the order of `data`, all or none; at most 200 at a time (`load` takes any number).

        See `create_one` for `upsert` and lost answers.
        """
        if isinstance(data, Mapping | BaseModel | str) or not isinstance(data, Iterable):
            raise InvalidArgument(f"data must be a list, not {type(data).__name__}: `create_one` takes one record.")
        models: list[Input] = as_models(list(data), self.meta.model("create"), "data")
        if not models:
            return []
        if upsert:
            changes = await self._upserts(models, replace)
            records: list[R] = await self._upsert(self._ask("create_many", "many"), changes, models)
            return await self._select(in_order_of(models, records, self._where_unique), select)
        encoded, ids = with_ids(models)
        ask = self._ask("create_many", "many", select, identified=True)
        body = b'%b{"data":%b}}' % (ask.operation.body_prefix, encoded)

        async def create() -> list[Any]:
            created: list[Any] = await self._post(ask, body)
            return created

        return await self._created(models, ids, create, select)

    async def _created(
        self,
        models: Sequence[BaseModel],
        ids: Sequence[int],
        create: Callable[[], Awaitable[list[Any]]],
        select: type[Any] | None,
    ) -> list[Any]:
        try:
            return await create_settled(ids, create, partial(self._look_for, list(ids), select))
        except DuplicateRecord as error:
            if error.conflicting_id is None:
                await self._name_holder(error, [plain(model) for model in models])
            raise

    async def _name_holder(self, error: DuplicateRecord, data: Sequence[Mapping[str, Any]]) -> None:
        """Says which record has the value: the server does not, of deleted ones and ids (Twenty, July 2026)."""
        try:
            same = await self._same(data)
        except TwentyError:
            return
        holder = next((found for item in data if (found := same.of(item))), None) if same else None
        if holder is None:
            if repeat_each_other(data, self._where_unique):
                error.reason = Reason.DUPLICATE_IN_REQUEST
            return
        error.conflicting_id, error.conflicting_object = str(holder["id"]), self.meta.singular
        error.reason = Reason.DUPLICATE_OF_DELETED if holder.get("deletedAt") else Reason.DUPLICATE_OF_LIVE
        if holder.get("deletedAt"):
            error.args = (
                f"{error.message.rstrip('.')}: the {self.meta.singular} {holder['id']} has it and is deleted. "
                "restore_one brings it back, an upsert does and changes it, destroy_one makes room.",
            )

    async def _same(self, data: Sequence[Mapping[str, Any]]) -> SameRecords | None:
        """The records, deleted ones too, that have an id or a unique value of `data`; None if it has none."""
        found = filter_of_same(data, self._where_unique)
        if found is None:
            return None
        variables = {"filter": {"and": [found, DELETED_TOO]}, "first": len(data) * 10}
        page: Page[R] = await self._run(self._ask("find_many", "page"), variables, verify=False)
        return SameRecords([plain(record) for record in page.records], self._where_unique)

    @overload
    async def update_one(
        self,
        id: UUID | str,
        data: U,
        *,
        select: type[S],
        replace: Collection[str] = (),
    ) -> S: ...

    @overload
    async def update_one(
        self,
        id: UUID | str,
        data: U,
        *,
        select: None = None,
        replace: Collection[str] = (),
    ) -> R: ...

    async def update_one(
        self,
        id: UUID | str,
        data: U,
        *,
        select: type[Any] | None = None,
        replace: Collection[str] = (),
    ) -> Any:
        """The record as it is now. What is not set stays as it is, parts of composite fields too; None clears.

        The server would empty some parts of links, e-mails and phones that are not sent (Twenty, July 2026): where
        `data` has some parts and not those, the record is read first and they are sent along. Whoever changes the same
        field in the moment between loses that change; of changes to other fields, which are not lost, `RecordChanged`
        warns. Fields named in `replace` are written as `data` has them, their other parts emptied: nothing is read.
        """
        identity = as_id(id)
        change = self._change(as_model(data, self.meta.model("update"), "data"), replace)
        before = await self._look([identity]) if change.lacks else []
        written = change.with_stored(plain(before[0])) if before else change.data
        # What else changed meanwhile, only whole records tell.
        ask = self._ask("update_one", "one", None if before else select)
        record = await self._run(ask, {"id": identity, "data": written})
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
    ) -> list[R]: ...

    async def update_many(
        self,
        data: U,
        filter: F | None = None,
        *,
        select: type[Any] | None = None,
        all_records: bool = False,
        replace: Collection[str] = (),
    ) -> list[Any]:
        """The updated records. Newer servers refuse to update more than 200 at once (Twenty, July 2026).

        What is not set stays as it is, as by `update_one`. Where stored parts have to be sent along, the records are
        read first, and those that have the same parts are updated together: all or none of these.

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
        records: list[Any] = await self._run(
            self._ask("update_many", "many", select),
            {"data": data, "filter": only},
            repeatable=only_ids(only) is not None,
        )
        return records

    async def _matching(self, only: Filter) -> list[R]:
        """All records of a filter. Raises `InvalidArgument` for more than can be updated at once."""
        variables = {"filter": only, "first": MOST_AT_ONCE + 1}
        page: Page[R] = await self._run(self._ask("find_many", "page"), variables, verify=False)
        if len(page.records) > MOST_AT_ONCE:
            raise InvalidArgument(
                f"update_many: more than {MOST_AT_ONCE} records match. Parts of their composite fields are to be kept, "
                "so that each is read: narrow the filter, name the fields in replace, or use bulk.update."
            )
        return page.records

    def _change(self, model: BaseModel, replace: Collection[str]) -> PartialWrite:
        if isinstance(replace, str):
            raise InvalidArgument(f"replace must be a collection of names, such as {{{replace!r}}}, not a text.")
        return change_of(plain(model), composites_of(type(model)), replace)

    async def _upserts(self, models: Sequence[BaseModel], replace: Collection[str]) -> list[dict[str, Any]]:
        """The data of upserts; those that would empty parts of the record that they find are completed from it."""
        changes = [self._change(model, replace) for model in models]
        lacking = [change.data for change in changes if change.lacks]
        stored = await self._same(lacking) if lacking else None
        if stored is None:
            return [change.data for change in changes]
        return [
            change.with_stored(same) if change.lacks and (same := stored.of(change.data)) else change.data
            for change in changes
        ]

    @overload
    async def delete_one(
        self,
        id: UUID | str,
        *,
        select: type[S],
    ) -> S: ...

    @overload
    async def delete_one(
        self,
        id: UUID | str,
        *,
        select: None = None,
    ) -> R: ...

    async def delete_one(
        self,
        id: UUID | str,
        *,
        select: type[Any] | None = None,
    ) -> Any:
        """Soft: the record is hidden, `restore_one` brings it back."""
        return await self._run(self._ask("delete_one", "one", select), {"id": as_id(id)})

    @overload
    async def delete_many(
        self,
        filter: F | None = None,
        *,
        select: type[S],
        all_records: bool = False,
    ) -> list[S]: ...

    @overload
    async def delete_many(
        self,
        filter: F | None = None,
        *,
        select: None = None,
        all_records: bool = False,
    ) -> list[R]: ...

    async def delete_many(
        self,
        filter: F | None = None,
        *,
        select: type[Any] | None = None,
        all_records: bool = False,
    ) -> list[Any]:
        """Soft, and without any limit on how many.

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "delete_many")
        return await self._change_many("delete_many", only, select)

    @overload
    async def restore_one(
        self,
        id: UUID | str,
        *,
        select: type[S],
    ) -> S: ...

    @overload
    async def restore_one(
        self,
        id: UUID | str,
        *,
        select: None = None,
    ) -> R: ...

    async def restore_one(
        self,
        id: UUID | str,
        *,
        select: type[Any] | None = None,
    ) -> Any:
        """Brings a soft-deleted record back."""
        return await self._run(self._ask("restore_one", "one", select), {"id": as_id(id)})

    @overload
    async def restore_many(
        self,
        filter: F | None = None,
        *,
        select: type[S],
        all_records: bool = False,
    ) -> list[S]: ...

    @overload
    async def restore_many(
        self,
        filter: F | None = None,
        *,
        select: None = None,
        all_records: bool = False,
    ) -> list[R]: ...

    async def restore_many(
        self,
        filter: F | None = None,
        *,
        select: type[Any] | None = None,
        all_records: bool = False,
    ) -> list[Any]:
        """Brings back what matches. A filter on `deletedAt` restores, but returns nothing (Twenty, July 2026).

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "restore_many")
        return await self._change_many("restore_many", only, select)

    @overload
    async def destroy_one(
        self,
        id: UUID | str,
        *,
        select: type[S],
    ) -> S: ...

    @overload
    async def destroy_one(
        self,
        id: UUID | str,
        *,
        select: None = None,
    ) -> R: ...

    async def destroy_one(
        self,
        id: UUID | str,
        *,
        select: type[Any] | None = None,
    ) -> Any:
        """Final. Returns the record as it was."""
        identity = as_id(id)
        ask = self._ask("destroy_one", "one", select)
        try:
            return await self._run(ask, {"id": identity})
        except TwentyError as error:
            if not error.outcome_unknown:
                raise
            if not await look_after(error, self._look([identity])):
                error.add_note("The record is gone now: most likely this call destroyed it.")
                raise
        return await self._run(ask, {"id": identity})

    @overload
    async def destroy_many(
        self,
        filter: F | None = None,
        *,
        select: type[S],
        all_records: bool = False,
    ) -> list[S]: ...

    @overload
    async def destroy_many(
        self,
        filter: F | None = None,
        *,
        select: None = None,
        all_records: bool = False,
    ) -> list[R]: ...

    async def destroy_many(
        self,
        filter: F | None = None,
        *,
        select: type[Any] | None = None,
        all_records: bool = False,
    ) -> list[Any]:
        """Final, and without any limit on how many.

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "destroy_many")
        records: list[Any] = await self._run(self._ask("destroy_many", "many", select), {"filter": only})
        return records

    @cached_property
    def _where_unique(self) -> Any:
        """None for an object that nothing can be connected to: its schema does not say what is unique."""
        try:
            return self.meta.model("where_unique")
        except AttributeError:
            return None

    async def _upsert(self, ask: Ask, data: object, models: list[Input]) -> Any:
        """Repeats safely if every one would be found again."""
        repeatable = all(unique_key(model, self._where_unique) for model in models)
        variables = {"data": data, "upsert": True}
        try:
            return await self._run(ask, variables, repeatable=repeatable)
        except DuplicateRecord as error:
            if error.attempts == 1 or not repeatable:
                raise
        # The one whose answer was lost was still at work when the next came. By now it is done, and its record found.
        return await self._run(ask, variables, repeatable=repeatable)

    async def _look_for(self, numbers: list[int], select: type[Any] | None) -> list[Any]:
        return await self._look([UUID(int=number) for number in numbers], select)

    async def _select(self, records: list[R], select: type[Any] | None) -> list[Any]:
        """Those records again, as `select` wants them."""
        if select is None or select is self._record:
            return records
        ids = [identity for record in records if (identity := id_of(record))]
        again = {id_of(record): record for record in await self._look(ids, select)}
        if missing := [identity for identity in ids if identity not in again]:
            raise NotFoundError(
                f"{missing[0]} was written, and then destroyed by somebody else before it could be read.",
                operation=self.meta.operation("find_many").name,
            )
        return [again[identity] for identity in ids]

    async def _change_many(self, kind: str, only: Filter, select: type[Any] | None) -> list[Any]:
        """Deletes or restores. When the answer is lost and the filter names ids, it is repeated and they are read."""
        ids = only_ids(only)
        ask = self._ask(kind, "many", select)
        try:
            records: list[Any] = await self._run(ask, {"filter": only}, repeatable=False)
        except TwentyError as error:
            if not error.outcome_unknown or ids is None:
                raise
        else:
            return records
        await self._run(ask, {"filter": only}, repeatable=True)
        return await self._look(ids, select)
