"""Compares and changes views, roles and webhooks in the same way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar, Generic, TypeVar

from aiotwenty.workspace.model.definition import Definition
from aiotwenty.workspace.model.model import Model, Part
from aiotwenty.workspace.model.plan import Action, Detail, Kind, ModelChange
from aiotwenty.workspace.model.state import State
from aiotwenty.workspace.model.toml_files import plain

D = TypeVar("D", bound=Definition)


class Hanging(Generic[D]):
    """A kind of definition: views, roles or webhooks. `read` must be called before the other methods."""

    part: ClassVar[Part]
    kind: ClassVar[Kind]

    def __init__(self) -> None:
        self.there: dict[str, D] = {}
        """The definitions of the workspace, by path."""
        self.notes: list[str] = []

    async def read(self, state: State) -> None:
        """Reads all of them from the workspace."""
        raise NotImplementedError

    def key(self, definition: D) -> str:
        """The path that identifies a definition."""
        raise NotImplementedError

    async def create(self, wanted: D, state: State) -> None:
        raise NotImplementedError

    async def update(self, path: str, wanted: D, state: State) -> None:
        raise NotImplementedError

    async def destroy(self, path: str) -> None:
        raise NotImplementedError

    def by_path(self, definitions: Sequence[D]) -> dict[str, D]:
        """The definitions by path; the second with the same path is `path #2`."""
        counts: Counter[str] = Counter()
        paths: dict[str, D] = {}
        for definition in definitions:
            key = self.key(definition)
            counts[key] += 1
            paths[key if counts[key] == 1 else f"{key} #{counts[key]}"] = definition
        return paths

    def changes(self, wanted: Sequence[D], complete: bool) -> Iterator[ModelChange]:
        """The changes from the existing definitions to the wanted ones."""
        paths = self.by_path(wanted)
        for path, definition in paths.items():
            current = self.there.get(path)
            if current is None:
                yield ModelChange(Action.CREATE, self.kind, path)
                continue
            details = tuple(_details(definition, current, complete))
            if details:
                yield ModelChange(Action.UPDATE, self.kind, path, details=details)
        for path in self.there if complete else ():
            if path not in paths and self.may_go(path):
                yield ModelChange(Action.DESTROY, self.kind, path)

    def check(self, wanted: Sequence[D], model: Model, state: State) -> None:
        """Raises `DefinitionError` for references to unknown objects and fields."""

    def may_go(self, path: str) -> bool:
        """Whether it can be removed."""
        return True

    async def do(self, change: ModelChange, wanted: Sequence[D], state: State) -> None:
        """Makes a change."""
        if change.action is Action.DESTROY:
            await self.destroy(change.path)
        elif change.action is Action.CREATE:
            await self.create(self.by_path(wanted)[change.path], state)
        else:
            await self.update(change.path, self.by_path(wanted)[change.path], state)


BASE = ("id", "createdAt", "createdBy", "deletedAt", "position", "searchVector", "updatedAt", "updatedBy")
"""Fields that every object has and that models leave out."""


def names_of(owner: str, model: Model, state: State) -> set[str] | None:
    """The names of the fields that an object has or will have; None without such an object."""
    wanted, there = model.object(owner), state.objects.get(owner)
    if wanted is None and there is None:
        return None
    return {*BASE, *(wanted.fields if wanted else ()), *(field.name for field in (there.fields if there else ()))}


def _details(wanted: Definition, current: Definition, complete: bool) -> Iterator[Detail]:
    before, after = plain(current), plain(wanted)
    names = [info.alias or name for name, info in type(wanted).model_fields.items()]
    for name in names:
        if before.get(name) != after.get(name) and (complete or name in after):
            yield Detail(name, before.get(name), after.get(name))
