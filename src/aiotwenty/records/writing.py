"""Changing the records of an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from aiotwenty.errors import DuplicateRecord, InvalidArgument, TwentyError
from aiotwenty.graphql.filters import Filter, guarded
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.records.base import Namespace, as_id
from aiotwenty.records.filters import only_ids
from aiotwenty.records.inputs import as_model, as_models
from aiotwenty.records.settling import create_settled, look_after, with_ids
from aiotwenty.records.unique import in_order_of, unique_key

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=Input)
U = TypeVar("U", bound=Input)
F = TypeVar("F", bound=Input)


class Writes(Namespace[R], Generic[R, C, U, F]):
    """Creating, updating, deleting, restoring and destroying records."""

    async def create_one(self, data: C | Mapping[str, Any], upsert: bool = False) -> R:
        """The new record. With `upsert`, a record with the same id or unique value is updated instead (and
        undeleted).

        Without `upsert` the record gets its id here, so that a create whose answer is lost is settled: one record,
        once. An upsert is repeated after a lost answer only if `data` has an id or all the unique values.
        """
        model: C = as_model(data, self.meta.model("create"), "data")
        if upsert:
            record: R = await self._upsert("create_one", self._record, model, [model])
            return record
        encoded, ids = with_ids([model])
        operation = self.meta.operation("create_one")
        body = b'%b{"data":%b}}' % (operation.body_prefix, encoded[1:-1])

        async def create() -> list[R]:
            return [await self._endpoint.post(operation, body, self._record)]

        return (await create_settled(ids, create, partial(self._look_for, ids)))[0]

    async def create_many(self, data: Iterable[C | Mapping[str, Any]], upsert: bool = False) -> list[R]:
        """The new records in the order of `data`, all or none; at most 200 at a time (`load` takes any number).

        See `create_one` for `upsert` and lost answers.
        """
        if isinstance(data, Mapping | BaseModel | str) or not isinstance(data, Iterable):
            raise InvalidArgument(f"data must be a list, not {type(data).__name__}: `create_one` takes one record.")
        models: list[C] = as_models(list(data), self.meta.model("create"), "data")
        if not models:
            return []
        if upsert:
            records: list[R] = await self._upsert("create_many", self._records, models, models)
            return in_order_of(models, records, self._where_unique)
        encoded, ids = with_ids(models)
        operation = self.meta.operation("create_many")
        body = b'%b{"data":%b}}' % (operation.body_prefix, encoded)

        async def create() -> list[R]:
            created: list[R] = await self._endpoint.post(operation, body, self._records)
            return created

        return await create_settled(ids, create, partial(self._look_for, ids))

    async def update_one(self, id: UUID | str, data: U | Mapping[str, Any]) -> R:
        """The record as it is now. Fields that are not set stay as they are; None clears."""
        model: U = as_model(data, self.meta.model("update"), "data")
        record: R = await self._run("update_one", self._record, {"id": as_id(id), "data": model})
        return record

    async def update_many(
        self,
        data: U | Mapping[str, Any],
        filter: F | Mapping[str, Any] | None = None,
        *,
        all_records: bool = False,
    ) -> list[R]:
        """The updated records. Newer servers refuse to update more than 200 at once (Twenty, July 2026).

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true.
        """
        model: U = as_model(data, self.meta.model("update"), "data")
        only = guarded(self._filter(filter), all_records, "update_many")
        records: list[R] = await self._run(
            "update_many", self._records, {"data": model, "filter": only}, repeatable=only_ids(only) is not None
        )
        return records

    async def delete_one(self, id: UUID | str) -> R:
        """Soft: the record is hidden, `restore_one` brings it back."""
        record: R = await self._run("delete_one", self._record, {"id": as_id(id)})
        return record

    async def delete_many(
        self,
        filter: F | Mapping[str, Any] | None = None,
        *,
        all_records: bool = False,
    ) -> list[R]:
        """Soft, and without any limit on how many.

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "delete_many")
        return await self._change_many("delete_many", only)

    async def restore_one(self, id: UUID | str) -> R:
        """Brings a soft-deleted record back."""
        record: R = await self._run("restore_one", self._record, {"id": as_id(id)})
        return record

    async def restore_many(
        self,
        filter: F | Mapping[str, Any] | None = None,
        *,
        all_records: bool = False,
    ) -> list[R]:
        """Brings back what matches. A filter on `deletedAt` restores, but returns nothing (Twenty, July 2026).

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "restore_many")
        return await self._change_many("restore_many", only)

    async def destroy_one(self, id: UUID | str) -> R:
        """Final. Returns the record as it was."""
        identity = as_id(id)
        try:
            return await self._destroy(identity)
        except TwentyError as error:
            if not error.outcome_unknown:
                raise
            if not await look_after(error, self._look([identity])):
                error.add_note("The record is gone now: most likely this call destroyed it.")
                raise
        return await self._destroy(identity)

    async def destroy_many(
        self,
        filter: F | Mapping[str, Any] | None = None,
        *,
        all_records: bool = False,
    ) -> list[R]:
        """Final, and without any limit on how many.

        Raises `InvalidArgument` for a filter without any condition, unless `all_records` is true.
        """
        only = guarded(self._filter(filter), all_records, "destroy_many")
        records: list[R] = await self._run("destroy_many", self._records, {"filter": only})
        return records

    @cached_property
    def _where_unique(self) -> Any:
        """None for an object that nothing can be connected to: its schema does not say what is unique."""
        try:
            return self.meta.model("where_unique")
        except AttributeError:
            return None

    async def _upsert(self, kind: str, result: Any, data: object, models: list[C]) -> Any:
        """Repeats safely if every one would be found again."""
        repeatable = all(unique_key(model, self._where_unique) for model in models)
        variables = {"data": data, "upsert": True}
        try:
            return await self._run(kind, result, variables, repeatable=repeatable)
        except DuplicateRecord as error:
            if error.attempts == 1 or not repeatable:
                raise
        # The one whose answer was lost was still at work when the next came. By now it is done, and its record found.
        return await self._run(kind, result, variables, repeatable=repeatable)

    async def _look_for(self, numbers: list[int]) -> list[R]:
        return await self._look([UUID(int=number) for number in numbers])

    async def _change_many(self, kind: str, only: Filter) -> list[R]:
        """Deletes or restores. When the answer is lost and the filter names ids, it is repeated and they are read."""
        ids = only_ids(only)
        try:
            records: list[R] = await self._run(kind, self._records, {"filter": only}, repeatable=False)
        except TwentyError as error:
            if not error.outcome_unknown or ids is None:
                raise
        else:
            return records
        await self._run(kind, self._records, {"filter": only}, repeatable=True)
        return await self._look(ids)

    async def _destroy(self, identity: UUID) -> R:
        record: R = await self._run("destroy_one", self._record, {"id": identity})
        return record
