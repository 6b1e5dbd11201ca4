"""The requests of bulk work: compact operations that select only ids, with bodies put together from JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from aiotwenty.bulk.batches import Prepared
from aiotwenty.bulk.concurrency import AdaptiveConcurrency
from aiotwenty.errors import RateLimited, TwentyError
from aiotwenty.graphql.document import compose, selection_of
from aiotwenty.graphql.endpoint import Endpoint
from aiotwenty.graphql.filters import DELETED_TOO
from aiotwenty.graphql.operation import Kind, Operation
from aiotwenty.graphql.page import every_node
from aiotwenty.records.object_meta import ObjectNames

LOOKUP_PAGE = 1000
_TURNS_TO_SEND = 4


@dataclass
class Meter:
    """Counts requests, and reports waits for the rate limit to the concurrency."""

    concurrency: AdaptiveConcurrency
    requests: int = 0
    retries: int = 0

    def retried(self, error: TwentyError) -> None:
        self.requests += 1
        self.retries += 1
        if isinstance(error, RateLimited):
            self.concurrency.waited_for_rate_limit()


@dataclass
class BulkRequests:
    """The bulk operations of one object."""

    endpoint: Endpoint
    names: ObjectNames
    meter: Meter
    _operations: dict[str, Operation] = field(default_factory=dict)

    async def create(
        self, records: Sequence[Prepared], *, upsert: bool, paths: Iterable[str] = ()
    ) -> list[dict[str, Any]]:
        """The written records: ids, and the values of `paths`.

        Sent once: the caller decides about a lost response.
        """
        names = self.names
        operation = self._operation(
            f"Load{names.type_name}",
            "mutation",
            names.create_many,
            {"data": f"[{names.type_name}CreateInput!]!", "upsert": "Boolean"},
            selection_of(dict.fromkeys(["id", *paths])),
        )
        data = b",".join([record.json() for record in records])
        tail = b'],"upsert":true}}' if upsert else b'],"upsert":false}}'
        created: list[dict[str, Any]] = await self._post(operation, b'{"data":[' + data + tail)
        return created

    async def update(self, ids: Sequence[str], data: bytes) -> list[str]:
        """Sets the same values in all records, at most 200 (Twenty, July 2026); repeatable."""
        names = self.names
        operation = self._operation(
            f"Update{names.type_name}",
            "mutation",
            names.update_many,
            {"data": f"{names.type_name}UpdateInput!", "filter": f"{names.type_name}FilterInput!"},
            "{id}",
        )
        variables = b'{"data":' + data + b',"filter":' + to_json({"id": {"in": ids}}) + b"}}"
        return _ids(await self._post(operation, variables))

    async def remove(self, ids: Sequence[str], *, destroy: bool) -> list[str]:
        """The ids that existed and were deleted (restorable), or destroyed for good."""
        names = self.names
        operation = self._operation(
            f"{'Destroy' if destroy else 'Delete'}{names.type_name}",
            "mutation",
            names.destroy_many if destroy else names.delete_many,
            {"filter": f"{names.type_name}FilterInput!"},
            "{id}",
        )
        wanted: dict[str, Any] = {"id": {"in": ids}}
        if destroy:
            wanted = {"and": [wanted, DELETED_TOO]}
        return _ids(await self._post(operation, b'{"filter":' + to_json(wanted) + b"}}"))

    async def find(
        self, wanted: Mapping[str, Any], paths: Iterable[str] = (), *, deleted_too: bool = False
    ) -> list[dict[str, Any]]:
        """The records that match a filter by values, with `paths` selected, in the order of their ids."""
        names = self.names
        if deleted_too:
            wanted = {"and": [wanted, DELETED_TOO]}
        selection = selection_of(dict.fromkeys(["id", *paths]))
        operation = self._operation(
            f"LookUp{names.type_name}",
            "query",
            names.plural,
            {"filter": f"{names.type_name}FilterInput", "first": "Int", "after": "String"},
            f"{{edges{{node{selection}}}pageInfo{{hasNextPage endCursor}}}}",
        )

        async def fetch(after: str | None) -> dict[str, Any]:
            variables = {"filter": wanted, "first": LOOKUP_PAGE, **({"after": after} if after else {})}
            page: dict[str, Any] = await self._post(operation, to_json(variables) + b"}", dict[str, Any])
            return page

        return await every_node(fetch, operation.name)

    async def existing(self, ids: Sequence[str]) -> set[str]:
        """Those ids that exist, deleted ones included."""
        return {node["id"] for node in await self.find({"id": {"in": list(ids)}}, deleted_too=True)}

    def _operation(self, name: str, kind: Kind, root: str, variables: Mapping[str, str], selection: str) -> Operation:
        key = f"{name}{selection}"
        if key not in self._operations:
            self._operations[key] = compose(name, kind, root, variables, selection)
        return self._operations[key]

    async def _post(self, operation: Operation, variables: bytes, result_type: Any = list[dict[str, Any]]) -> Any:
        self.meter.requests += 1
        return await self.endpoint.post(
            operation, operation.body_prefix + variables, result_type, repeatable=False, on_retry=self.meter.retried
        )


async def on_its_way() -> None:
    """Lets the event loop send a request just begun, so that the server works on it meanwhile."""
    for _ in range(_TURNS_TO_SEND):
        await asyncio.sleep(0)


def _ids(answer: list[dict[str, Any]]) -> list[str]:
    return [record["id"] for record in answer]


def value_at(node: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of a record of the response."""
    value: Any = node
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def nest(path: str, value: Any) -> dict[str, Any]:
    """`{"domainName": {"primaryLinkUrl": value}}` for domainName.primaryLinkUrl."""
    for part in reversed(path.split(".")):
        value = {part: value}
    return dict(value)
