"""Creates and upserts the records of an object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar, Unpack, overload

from pydantic import BaseModel

from aiotwenty.errors import DuplicateRecord, InvalidArgument, Reason, TwentyError
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.records.identity import in_order_of, repeat_each_other, unique_key
from aiotwenty.records.inputs import as_model, as_models
from aiotwenty.records.namespace import Ask, of_all_requests
from aiotwenty.records.partial_composites import as_new, plain
from aiotwenty.records.settling import create_settled, in_order, look_still, with_ids
from aiotwenty.records.writing import Writing
from aiotwenty.transport.terms import CallOptions

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
C = TypeVar("C", bound=Input | Mapping[str, object])


class Creates(Writing[R], Generic[R, C]):
    """Methods that create records, each exactly once."""

    @overload
    async def create_one(
        self,
        data: C,
        upsert: bool = False,
        *,
        select: type[S],
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> S: ...

    @overload
    async def create_one(
        self,
        data: C,
        upsert: bool = False,
        *,
        select: None = None,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> R: ...

    @of_all_requests
    async def create_one(
        self,
        data: C,
        upsert: bool = False,
        *,
        select: type[Any] | None = None,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> Any:
        """The new record. With `upsert`, a record with the same id or unique value is updated instead (and
        undeleted), as by `update_one`, where `replace` is explained.

        Without `upsert`, the client sets the id, so it can find out after a lost response whether the record was
        created. An upsert is retried after a lost response only if `data` has an id or all unique values.
        """
        model: Input = as_model(data, self.meta.model("create"), "data")
        if upsert:
            (change,) = await self._upserts([model], replace)
            record: R = await self._upsert(self._ask("create_one", "one"), change, [model])
            return (await self._select([record], select))[0]
        encoded, ids = with_ids([as_new(model)])
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
        **options: Unpack[CallOptions],
    ) -> list[S]: ...

    @overload
    async def create_many(
        self,
        data: Iterable[C],
        upsert: bool = False,
        *,
        select: None = None,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> list[R]: ...

    @of_all_requests
    async def create_many(
        self,
        data: Iterable[C],
        upsert: bool = False,
        *,
        select: type[Any] | None = None,
        replace: Collection[str] = (),
        **options: Unpack[CallOptions],
    ) -> list[Any]:
        """The new records in the order of `data`, all or none; at most 200 (`load` takes any number).

        See `create_one` for `upsert` and lost responses.
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
        encoded, ids = with_ids(list(map(as_new, models)))
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
        async def look() -> list[Any] | None:
            return in_order(await self._look([UUID(int=number) for number in ids], select), ids)

        try:
            records = await create_settled(ids, create, look)
            ordered = in_order(records, ids)
            if ordered is None:
                ordered = await look_still(look())
            return records if ordered is None else ordered
        except DuplicateRecord as error:
            if error.conflicting_id is None:
                await self._name_holder(error, [plain(model) for model in models])
            raise

    async def _name_holder(self, error: DuplicateRecord, data: Sequence[Mapping[str, Any]]) -> None:
        """Adds the record with the value, which the server omits for deleted records and ids (Twenty, July 2026)."""
        try:
            same = await self._same(data)
        except TwentyError:
            return
        holder = next((stored for item in data if (stored := same.of(item))), None) if same else None
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

    async def _upserts(self, models: Sequence[BaseModel], replace: Collection[str]) -> list[dict[str, Any]]:
        """The data of upserts. Stored parts that the server would empty are added to it."""
        changes = [self._change(model, replace) for model in models]
        lacking = [change.data for change in changes if change.lacks]
        stored = await self._same(lacking) if lacking else None
        if stored is None:
            return [change.data for change in changes]
        return [
            change.with_stored(same) if change.lacks and (same := stored.of(change.data)) else change.data
            for change in changes
        ]

    async def _upsert(self, ask: Ask, data: object, models: list[Input]) -> Any:
        """Sends upserts; repeats them if a repetition would find all records again."""
        repeatable = all(unique_key(model, self._where_unique) for model in models)
        variables = {"data": data, "upsert": True}
        try:
            return await self._run(ask, variables, repeatable=repeatable)
        except DuplicateRecord as error:
            if error.attempts == 1 or not repeatable:
                raise
        # The request whose response was lost was still running when the next one arrived. Now its record can be found.
        return await look_still(self._run(ask, variables, repeatable=repeatable))
