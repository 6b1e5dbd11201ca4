"""Applies a plan in an order that works. It can be interrupted and run again.

Before each phase the workspace is read again, and the changes still to be made are derived from its state. So nothing
is done twice after an interruption, or when the server creates more than requested.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from aiotwenty.errors import TwentyError
from aiotwenty.graphql.executor import Executor
from aiotwenty.workspace.model.definition import RELATIONS
from aiotwenty.workspace.model.differences import Differences
from aiotwenty.workspace.model.hanging import Hanging
from aiotwenty.workspace.model.making import Making
from aiotwenty.workspace.model.plan import Action, ModelChange, Plan
from aiotwenty.workspace.model.reading import read_state
from aiotwenty.workspace.model.state import State
from aiotwenty.workspace.model.usage import Usage
from aiotwenty.workspace.objects_and_fields import ObjectsAndFields

Phase = Callable[[ModelChange, State], ModelChange | None]


class NotApplied(TwentyError):  # noqa: N818 - as in aiotwenty.errors
    """The plan was applied, but the workspace still differs from the model. `remaining` has the differences."""

    def __init__(self, message: str, remaining: Plan) -> None:
        super().__init__(message)
        self.remaining = remaining


class Watch:
    """Receives calls about each change: when it begins, and when it is done or has failed."""

    apart = False
    """Whether attributes are changed one by one, so that one refusal doesn't prevent the others."""

    def begins(self, change: ModelChange) -> None:
        """Called before a change."""

    def done(self, change: ModelChange) -> None:
        """Called after a change."""

    def failed(self, change: ModelChange, error: TwentyError) -> None:
        """Called when a change failed. Raises the error to stop all further changes."""
        error.add_note(f"It was to {change.action} the {change.kind} {change.path}.")
        raise error


class Applying:
    """Applies a plan's changes of objects, fields and indexes, phase by phase.

    With `system`, the fields that every object has are compared too.
    """

    def __init__(
        self,
        plan: Plan,
        editor: ObjectsAndFields,
        client: Executor,
        watch: Watch,
        *,
        system: bool = False,
    ) -> None:
        self._plan = plan
        self._watch = watch
        self._read = partial(read_state, editor, system=system)
        self._usage = partial(Usage, client)
        self._making = Making(editor)
        self._destroyed = {(change.kind, change.path) for change in plan.changes if change.action is Action.DESTROY}
        self._places = {change.path: place for place, change in enumerate(plan.changes)}
        self._made = {c.path for c in plan.changes if c.kind == "object" and c.action is Action.CREATE}
        self._owners = {change.owner for change in plan.changes} - {""}
        self.done: list[ModelChange] = []

    async def run(self, allowed: Collection[str]) -> State:
        """Applies the plan, phase by phase, and returns the model of the workspace afterwards.

        Raises `DestroyRefused` before anything is destroyed that records use.
        """
        state = await self._read()
        for phase in _PHASES:
            tried: set[str] = set()
            while chosen := self._chosen(phase, state, tried):
                await self._do(chosen, state, tried, allowed)
                state = await self._read()
        return state

    def _chosen(self, phase: Phase, state: State, tried: Collection[str]) -> list[ModelChange]:
        """The changes of a phase, by the current state of the workspace."""
        changes = [
            narrowed
            for change in Differences(self._plan.model, state).changes()
            if self._planned(change) and (narrowed := phase(change, state)) is not None and change.path not in tried
        ]
        # A field needs its object, and a relation is created from one of its ends only.
        ready = [
            change
            for change in changes
            if change.kind == "object"
            or (
                change.owner in state.objects
                and (change.action is not Action.CREATE or self._plan.model.begins(change.path))
            )
        ]
        return sorted(ready, key=lambda change: self._places.get(change.path, len(self._places)))

    async def _do(self, chosen: Sequence[ModelChange], state: State, tried: set[str], allowed: Collection[str]) -> None:
        """Makes the changes. Stops after destroying a relation, because its other ends went with it."""
        renames = Differences(self._plan.model, state).renames
        for change in chosen:
            if any(True for _ in change.destroys):
                counted = await self._usage(state, renames).of(change)
                replace(self._plan, changes=(counted,)).check_destroyed(allowed)
            tried.add(change.path)
            for part in change.apart() if self._watch.apart else (change,):
                with self._telling(part):
                    await self._making.do(part, self._plan.model, state)
            if change.action is Action.DESTROY and change.type in RELATIONS:
                return

    async def hang(self, kinds: Sequence[Hanging[Any]]) -> None:
        """Changes views, roles and webhooks, which need their objects and fields first."""
        model = self._plan.model
        if all(getattr(model, kind.part) is None for kind in kinds):
            return
        state = await self._read()
        for kind in kinds:
            if (wanted := getattr(model, kind.part)) is None:
                continue
            await kind.read(state)
            for change in kind.changes(wanted, model.complete):
                # The server changes the views of an object whose fields change, so those are compared in any case.
                if self._planned(change) or (change.owner in self._owners and change.action is not Action.DESTROY):
                    with self._telling(change):
                        await kind.do(change, wanted, state)

    @contextmanager
    def _telling(self, change: ModelChange) -> Iterator[None]:
        self._watch.begins(change)
        try:
            yield
        except TwentyError as error:
            self._watch.failed(change, error)
        else:
            self.done.append(change)
            self._watch.done(change)

    def _planned(self, change: ModelChange) -> bool:
        """Whether the plan has the change; what others have changed since is not touched."""
        if change.action is Action.DESTROY:
            # The server gives a new object a field `name`, which the model may define differently.
            return (change.kind, change.path) in self._destroyed or (change.replaced and change.owner in self._made)
        return change.path in self._places or change.owner in self._made


def _only(kind: str, *actions: Action) -> Phase:
    return lambda change, state: change if change.kind == kind and change.action in actions else None


def _identifiers(change: ModelChange, state: State) -> ModelChange | None:
    """Changes of label identifiers to existing fields. Only then can the former identifier be removed."""
    if change.kind != "object" or change.action is not Action.UPDATE:
        return None
    fields = {field.name for field in state.objects[change.path].fields}
    details = tuple(
        detail for detail in change.details if detail.attribute == "label_identifier" and detail.after in fields
    )
    return replace(change, details=details) if details else None


def _replaced(change: ModelChange, state: State) -> ModelChange | None:
    return change if change.replaced and change.action is Action.DESTROY else None


def _plain_fields(change: ModelChange, state: State) -> ModelChange | None:
    return _relations(change, state) if change.type not in RELATIONS else None


def _relations(change: ModelChange, state: State) -> ModelChange | None:
    return change if change.kind == "field" and change.action is Action.CREATE else None


def _updates(change: ModelChange, state: State) -> ModelChange | None:
    """All changes of a field except deactivation, which is refused for a label identifier."""
    if change.kind != "field" or change.action is not Action.UPDATE:
        return None
    details = tuple(detail for detail in change.details if (detail.attribute, detail.after) != ("active", False))
    return replace(change, details=details) if details or change.options else None


def _remaining(change: ModelChange, state: State) -> ModelChange | None:
    return change if change.kind == "field" and change.action is Action.UPDATE else None


_PHASES: tuple[Phase, ...] = (
    _only("object", Action.RENAME),
    _only("object", Action.CREATE),
    _only("field", Action.RENAME),
    _identifiers,
    _replaced,
    _plain_fields,
    _relations,
    _updates,
    _only("object", Action.UPDATE),
    _remaining,
    _only("index", Action.DESTROY),
    _only("index", Action.CREATE),
    _only("field", Action.DESTROY),
    _only("object", Action.DESTROY),
)
