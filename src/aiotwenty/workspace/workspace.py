"""`twenty.workspace`: the data model of a workspace, its views, roles, API keys and webhooks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from aiotwenty.errors import InvalidArgument, NotFoundError
from aiotwenty.graphql.executor import Executor
from aiotwenty.workspace.access import ApiKey, Role, api_keys, roles
from aiotwenty.workspace.data_model import Field, Object, RelationTo, in_order, relations_of
from aiotwenty.workspace.field_settings import FieldSettings, sent_settings
from aiotwenty.workspace.indexes import Indexes
from aiotwenty.workspace.model.apply import Applying, NotApplied, Watch
from aiotwenty.workspace.model.differences import Differences, check_new, hints
from aiotwenty.workspace.model.hanging import Hanging
from aiotwenty.workspace.model.model import Model, Part, checked
from aiotwenty.workspace.model.plan import ModelChange, Plan
from aiotwenty.workspace.model.reading import read_state
from aiotwenty.workspace.model.renames import state_with_new_names
from aiotwenty.workspace.model.role_changes import RoleChanges
from aiotwenty.workspace.model.toml_files import read_model
from aiotwenty.workspace.model.usage import Usage
from aiotwenty.workspace.model.view_changes import ViewChanges
from aiotwenty.workspace.model.webhook_changes import WebhookChanges
from aiotwenty.workspace.objects_and_fields import ObjectRef, ObjectsAndFields, OptionLike, grown
from aiotwenty.workspace.webhooks import Webhooks


class _ChangeCallback(Watch):
    """Calls a function before each change."""

    def __init__(self, tell: Callable[[ModelChange], object]) -> None:
        self._tell = tell

    def begins(self, change: ModelChange) -> None:
        self._tell(change)


class Workspace(ObjectsAndFields):
    """The data model: `twenty.workspace`.

    Reads are never cached, and changes are in `/graphql` with the next request.
    """

    def __init__(self, client: Executor) -> None:
        super().__init__(client)
        self._client = client

    @cached_property
    def webhooks(self) -> Webhooks:
        """The webhooks of the workspace."""
        return Webhooks(self.served)

    @cached_property
    def indexes(self) -> Indexes:
        """The indexes of its objects."""
        return Indexes(self)

    async def roles(self) -> list[Role]:
        """All roles with their permissions."""
        return await roles(self.served)

    async def api_keys(self) -> list[ApiKey]:
        """All API keys, including revoked ones. Creating one requires the session of a user (Twenty, July 2026)."""
        return await api_keys(self.served)

    async def model(self, parts: Collection[Part] = ()) -> Model:
        """The whole data model without ids, as `aiotwenty model pull` writes it.

        `parts` are "views", "roles" and "webhooks", to be included with objects and fields.
        """
        state = await read_state(self)
        notes, beside = [*state.notes], {}
        for kind in self._hanging():
            if kind.part in parts:
                await kind.read(state)
                beside[kind.part] = tuple(kind.there.values())
                notes += kind.notes
        return Model(objects=state.definitions, complete=True, notes=tuple(notes), **beside)

    def _hanging(self) -> list[Hanging[Any]]:
        """The kinds of definitions, in the order in which they are created."""
        return [RoleChanges(self.served), ViewChanges(self.served), WebhookChanges(self.webhooks)]

    async def plan(self, model: Model | str | Path) -> Plan:
        """The changes that bring the workspace to this model, or to the one in a folder. Changes nothing.

        Raises `DefinitionError` if the model contradicts itself.
        """
        model = checked(model) if isinstance(model, Model) else read_model(model)
        return await self._plan(model, counted=True)

    async def apply(
        self,
        plan: Plan | Model | str | Path,
        *,
        allow_destroy: Collection[str] = (),
        on_change: Callable[[ModelChange], object] = lambda change: None,
    ) -> list[ModelChange]:
        """Applies a plan, and returns the changes made. For a model, or a folder with one, the plan is made first.

        `allow_destroy` names parts in use that may be destroyed: `company.tier`, an option as `company.tier.GOLD`, an
        object as `rocket`. Otherwise, `DestroyRefused` is raised before anything is changed. `on_change` is called
        before each change.

        After an interruption, it can be run again with a new plan. Parts that others have changed since the plan was
        made are not touched. Raises `NotApplied` if changes are left at the end.
        """
        if not isinstance(plan, Plan):
            plan = await self.plan(plan)
        plan.check_destroyed(allow_destroy)
        applying = Applying(plan, self, self._client, _ChangeCallback(on_change))
        await applying.run(allow_destroy)
        await applying.hang(self._hanging())
        if remaining := await self._plan(plan.model, counted=False):
            changes = "; ".join(f"{change.action} {change.kind} {change.path}" for change in remaining.changes[:5])
            raise NotApplied(
                f"the plan was applied, but {len(remaining.changes)} changes remain ({changes}): "
                "somebody changed the workspace meanwhile, or the server does not keep what it was sent.",
                remaining,
            )
        return applying.done

    async def _plan(self, model: Model, *, counted: bool) -> Plan:
        state = await read_state(self)
        differences = Differences(model, state)
        changes = list(differences.changes())
        check_new(model, changes)
        if counted:
            usage = Usage(self._client, state, differences.renames)
            changes = [await usage.of(change) for change in changes]
        renamed = state_with_new_names(state, differences.renames)
        for kind in self._hanging():
            if (wanted := getattr(model, kind.part)) is not None:
                kind.check(wanted, model, renamed)
                await kind.read(renamed)
                changes += kind.changes(wanted, model.complete)
                differences.notes += kind.notes
        return Plan(model, tuple(changes), (*differences.notes, *hints(changes)))

    async def ensure_object(
        self,
        name_singular: str,
        name_plural: str,
        *,
        label_singular: str | None = None,
        label_plural: str | None = None,
        description: str | None = None,
        icon: str | None = None,
        **more: JsonValue,
    ) -> Object:
        """The object with this name: created if it doesn't exist, updated if it differs from the arguments.

        Settings that are not passed don't change. Raises `InvalidArgument` if the object has another plural.
        """
        labels = {"label_singular": label_singular, "label_plural": label_plural, "description": description}
        attributes: dict[str, JsonValue] = {name: value for name, value in labels.items() if value is not None}
        attributes |= {**({"icon": icon} if icon is not None else {}), **more}
        try:
            there = await self.object(name_singular)
        except NotFoundError:
            return await self.create_object(name_singular, name_plural, **attributes)  # type: ignore[arg-type]
        if (there.name_singular, there.name_plural) != (name_singular, name_plural):
            raise InvalidArgument(
                f"there is an object {there.name_singular}, many of which are {there.name_plural}, not {name_plural}: "
                "rename it, or choose other names."
            )
        attributes.pop("skip_name_field", None)
        changes = {name: value for name, value in attributes.items() if getattr(there, name, None) != value}
        return await self.update_object(there, **changes) if changes else there

    async def ensure_field(
        self,
        object: ObjectRef,
        name: str,
        type: str,
        *,
        options: Sequence[OptionLike] | None = None,
        settings: FieldSettings | None = None,
        relation: RelationTo | Sequence[RelationTo] | None = None,
        **attributes: JsonValue,
    ) -> Field:
        """The field with this name: created if it doesn't exist, updated if it differs from the arguments.

        The arguments are those of `create_field`. Labels and settings that are not passed don't change, and options are
        only added. Raises `InvalidArgument` if the field has another type, or another target.
        """
        of = await self.object(object)
        there = next((field for field in of.fields if field.name == name), None)
        if there is None:
            return await self.create_field(
                of,
                name,
                type,
                options=options,
                settings=settings,
                relation=relation,
                **attributes,  # type: ignore[arg-type]
            )
        _check_same(of, there, type, relation)
        changes: dict[str, Any] = {
            attribute: value for attribute, value in attributes.items() if getattr(there, attribute, None) != value
        }
        kept = there.settings or {}
        if settings is not None:
            wanted_settings = sent_settings(type, {**kept, **(sent_settings("", settings) or {})})
            if wanted_settings != kept:
                changes["settings"] = wanted_settings
        wanted_options = grown(in_order(there), options or ())
        if wanted_options is not None:
            changes["options"] = wanted_options
        return await self.update_field(of, there, **changes) if changes else there


def _check_same(of: Object, there: Field, type: str, relation: RelationTo | Sequence[RelationTo] | None) -> None:
    if there.type != type:
        raise InvalidArgument(f"{of.name_singular}.{there.name} is there, as a {there.type} and not a {type}.")
    wanted = [relation] if isinstance(relation, RelationTo) else relation or ()
    leads = {(end.target_object, end.type) for end in relations_of(there)}
    for end in wanted:
        if (end.object, end.type) not in leads:
            places = ", ".join(f"{target} ({kind})" for target, kind in sorted(leads))
            raise InvalidArgument(
                f"{of.name_singular}.{there.name} is there, and leads to {places}, not to {end.object} ({end.type})."
            )
