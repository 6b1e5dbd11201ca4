"""Counts the records that use objects and fields that a plan would destroy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from aiotwenty.graphql.document import compose
from aiotwenty.graphql.executor import Executor
from aiotwenty.graphql.filters import DELETED_TOO, has_value
from aiotwenty.workspace.data_model import camel_case, relations_of
from aiotwenty.workspace.model.plan import Action, ModelChange, OptionChange
from aiotwenty.workspace.model.renames import Renames
from aiotwenty.workspace.model.state import State


class Usage:
    """Counts records, including deleted ones, which keep their values when restored."""

    def __init__(self, client: Executor, state: State, renames: Renames) -> None:
        self._client = client
        self._state = state
        self._renames = renames

    async def of(self, change: ModelChange) -> ModelChange:
        """The change with the numbers of records whose data it destroys."""
        path = self._renames.before(change.path)
        if change.action is Action.DESTROY and change.kind == "object":
            return replace(change, records=await self._count(path))
        if change.action is Action.DESTROY and change.kind == "field":
            return replace(change, records=await self._of_field(path))
        if any(option.action is Action.DESTROY for option in change.options):
            options = [await self._of_option(path, option) for option in change.options]
            return replace(change, options=tuple(options))
        return change

    async def _of_field(self, path: str) -> int | None:
        owner, _, name = path.partition(".")
        field = self._state.objects[owner].field(name)
        if not relations_of(field):
            return await self._count(owner, aggregate=f"countNotEmpty{_upper_first(name)}")
        counts = [await self._count(holder, {"or": held}) for holder, held in self._keys(path)]
        return None if None in counts else sum(count or 0 for count in counts)

    def _keys(self, path: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """The objects that have the foreign keys of a relation, with filters for records in which they are set."""
        owner, _, name = path.partition(".")
        keys: dict[str, list[dict[str, Any]]] = {}
        for relation in relations_of(self._state.objects[owner].field(name)):
            if relation.type == "ONE_TO_MANY":
                holder, column, target = relation.target_object, relation.target_field, owner
            else:
                holder, column, target = owner, name, relation.target_object
            of = self._state.objects.get(holder)
            if of is not None and of.field(column).type == "MORPH_RELATION":
                column += _upper_first(target)
            keys.setdefault(holder, []).append(has_value(f"{column}Id"))
        yield from keys.items()

    async def _of_option(self, path: str, option: OptionChange) -> OptionChange:
        if option.action is not Action.DESTROY:
            return option
        owner, _, name = path.partition(".")
        several = self._state.objects[owner].field(name).type == "MULTI_SELECT"
        condition: dict[str, Any] = {"containsAny": [option.value]} if several else {"eq": option.value}
        return replace(option, records=await self._count(owner, {name: condition}))

    async def _count(
        self, owner: str, filter: Mapping[str, Any] | None = None, aggregate: str = "totalCount"
    ) -> int | None:
        """The number of records; None if the server doesn't return it."""
        of = self._state.objects[owner]
        type_name, root = _upper_first(camel_case(of.name_singular)), camel_case(of.name_plural)
        wanted = " ".join(dict.fromkeys(["totalCount", aggregate]))
        operation = compose(f"Count{type_name}", "query", root, {"filter": f"{type_name}FilterInput"}, f"{{{wanted}}}")
        chosen = {"and": [dict(filter), DELETED_TOO]} if filter else DELETED_TOO
        answer = (await self._client.execute(operation, {"filter": chosen}))[root]
        counts = answer if isinstance(answer, Mapping) else {}
        # Without records, the server returns null for all other aggregates (Twenty, July 2026).
        count = counts.get(aggregate) if counts.get("totalCount") else counts.get("totalCount")
        return count if isinstance(count, int) else None


def _upper_first(name: str) -> str:
    return name[:1].upper() + name[1:]
