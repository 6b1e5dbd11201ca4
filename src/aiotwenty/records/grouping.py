"""Numbers about all records of an object, or about each group of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, Unpack, overload

import typing_extensions
from pydantic import BaseModel

from aiotwenty.errors import InvalidArgument, InvalidInput, Reason
from aiotwenty.graphql.aggregate import VALUES, Aggregate, aggregated_record, aggregates_of, package_of
from aiotwenty.graphql.annotations import item_in, model_in, named_fields
from aiotwenty.graphql.document import selecting, without_variables
from aiotwenty.graphql.models import GroupOrder, Input, Json, Record, set_fields
from aiotwenty.graphql.page import Group
from aiotwenty.records.inputs import as_models, in_turn, without_utc
from aiotwenty.records.namespace import Namespace, of_all_requests
from aiotwenty.transport.terms import CallOptions

if TYPE_CHECKING:
    from aiotwenty.graphql.object_facts import About
    from aiotwenty.graphql.operation import Operation

R = TypeVar("R", bound=Record)
F = TypeVar("F", bound=Input | Mapping[str, object])
G = TypeVar("G", bound=Input | Mapping[str, object])
Q = typing_extensions.TypeVar("Q", bound=Input | Mapping[str, object], default=Any)
A = TypeVar("A", bound="Aggregate[Any]")  # quoted, because the class is built at its first use

GroupOrders: TypeAlias = GroupOrder | Mapping[str, object]
"""The order of groups: the order input of their object, or a dict that is validated at run time."""

_ALL_GROUPS = 100_000
"""A `limit` above any number of groups: without one, Twenty cuts a grouping at 50 silently (Twenty, July 2026)."""
_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|$)|([^,{}"]+)')


class Groups(Namespace[R], Generic[R, F, G, Q]):
    """Methods that aggregate and group."""

    @of_all_requests
    async def aggregate(self, select: type[A], filter: F | None = None, **options: Unpack[CallOptions]) -> A:
        """Counts, sums and other numbers about all records that match: the fields of an `Aggregate` model."""
        names = self._aggregates(select)
        operation = selecting(self.meta.operation("find_many"), "{" + " ".join(names) + "}")
        only = self._filter(filter)
        totals: A = await self._endpoint.run(operation, select, {} if only is None else {"filter": only})
        return totals

    @overload
    async def group_by(
        self,
        group_by: G | Sequence[G],
        *,
        filter: F | None = None,
        order_by: Q | Sequence[Q] | None = None,
        limit: int | None = None,
        **options: Unpack[CallOptions],
    ) -> list[Group]: ...

    @overload
    async def group_by(
        self,
        group_by: G | Sequence[G],
        *,
        select: type[A],
        filter: F | None = None,
        order_by: Q | Sequence[Q] | None = None,
        limit: int | None = None,
        **options: Unpack[CallOptions],
    ) -> list[A]: ...

    @of_all_requests
    async def group_by(
        self,
        group_by: G | Sequence[G],
        *,
        select: type[Any] | None = None,
        filter: F | None = None,
        order_by: Q | Sequence[Q] | None = None,
        limit: int | None = None,
        **options: Unpack[CallOptions],
    ) -> list[Any]:
        """The groups of records with the same values; all groups, unless `limit` is set.

        A group has its `values`, in the order of `group_by`, and its number of records; with `select`, an `Aggregate`
        model, it has the numbers of that model. `order_by` takes the fields of `group_by`, or `{"aggregate":
        {"total_count": "DescNullsLast"}}`.

        Newer servers need a time zone for dates: `{"created_at": {"granularity": "DAY", "timeZone": "UTC"}}`. Older
        ones support only UTC, and return `2026-11-23T00:00:00.000Z` where newer ones return `2026-11-23`.
        """
        if limit is not None and limit < 0:
            raise InvalidArgument("limit must not be negative.")
        operation = self.meta.operation("group_by")
        result: type[Any] = Group
        if select is not None:
            result = select
            operation = selecting(operation, "{" + " ".join((VALUES, *self._aggregates(select))) + "}")
        by = as_models(in_turn(group_by), self.meta.model("group_by"), "group_by")
        variables: dict[str, object] = {
            "groupBy": by,
            "filter": self._filter(filter),
            "orderBy": order_by and as_models(in_turn(order_by), self.meta.model("group_order"), "order_by"),
            # Older servers have no `limit`, and return all groups.
            "limit": (limit or _ALL_GROUPS) if "limit" in dict(operation.variables) else None,
        }
        sent = {name: value for name, value in variables.items() if value is not None}
        groups = await self._groups(operation, result, sent)
        kinds = [_kind(self._record, dimension) for dimension in by]
        for group in groups:
            group._values = [_made_right(value, kind) for value, kind in zip(group._values, kinds, strict=False)]
        return groups if limit is None else groups[:limit]

    async def _groups(self, operation: Operation, result: type[Any], variables: dict[str, object]) -> list[Any]:
        while True:
            try:
                groups: list[Any] = await self._endpoint.run(operation, list[result], variables)  # type: ignore[valid-type]
                return groups
            except InvalidInput as error:
                # The server may be older than the schema of the client.
                if "limit" in variables and (error.reason, error.field) == (Reason.UNKNOWN_ARGUMENT, "limit"):
                    variables.pop("limit")
                    operation = without_variables(operation, "limit", "offsetForRecords")
                elif error.field == "timeZone" and (plain := without_utc(variables["groupBy"])):
                    variables["groupBy"] = plain
                else:
                    raise

    def _aggregates(self, model: type[Aggregate[Any]]) -> tuple[str, ...]:
        if not (isinstance(model, type) and issubclass(model, Aggregate)):
            raise InvalidArgument(f"select must be a subclass of Aggregate[{self._record.__name__}], not {model!r}.")
        names = aggregates_of(model)
        record = aggregated_record(model)
        if record is not None and record is not self._record:
            raise InvalidArgument(
                f"{model.__name__} has aggregates of {record.__name__}, not of {self._record.__name__}."
            )
        return names


def _kind(record: type[Record], dimension: BaseModel) -> str:
    """ "number" or "list" for a group's value that the server writes as a text of its own form, otherwise empty."""
    for name, inner in set_fields(dimension):
        annotation = next((part for wire, _, part in named_fields(record) if wire == name), None)
        if not isinstance(inner, BaseModel):
            return "number" if name == "amountMicros" else "list" if item_in(annotation) is not None else ""
        composite = model_in(annotation)
        if composite is not None and issubclass(composite, Record):
            return _kind(composite, inner)
        about: About | None = getattr(record, "_object", None)
        if about is not None and name in about.to_one:
            return _kind(getattr(import_module(package_of(record)), about.to_one[name]), inner)
    return ""


def _made_right(value: Json, kind: str) -> Json:
    """The value as elsewhere: the server writes "75000000000" for money and "{A,B}" for lists (Twenty, July 2026)."""
    if not isinstance(value, str) or not kind:
        return value
    if kind == "number":
        return int(value) if re.fullmatch(r"-?\d+", value) else float(value)
    if not (value.startswith("{") and value.endswith("}")):
        return value
    return list(_items(value))


def _items(text: str) -> Iterator[Json]:
    for quoted, plain in _ITEM.findall(text[1:-1]):
        yield plain or re.sub(r"\\(.)", r"\1", quoted)
