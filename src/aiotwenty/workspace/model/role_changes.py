"""Changes the roles of a workspace, with their rights to objects, fields and settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic.alias_generators import to_camel

from aiotwenty.workspace.access import ROLE, Role, roles
from aiotwenty.workspace.model.beside import FieldPermission, ObjectPermission, RoleDefinition
from aiotwenty.workspace.model.definition import DefinitionError
from aiotwenty.workspace.model.hanging import Hanging, names_of
from aiotwenty.workspace.model.model import Model
from aiotwenty.workspace.model.state import State
from aiotwenty.workspace.served_schema import ServedSchema
from aiotwenty.workspace.settled_changes import changed, made, removed

_RIGHTS = {
    "update_all_settings": "can_update_all_settings",
    "access_all_tools": "can_access_all_tools",
    "read_all_records": "can_read_all_object_records",
    "update_all_records": "can_update_all_object_records",
    "delete_all_records": "can_soft_delete_all_object_records",
    "destroy_all_records": "can_destroy_all_object_records",
    "for_users": "can_be_assigned_to_users",
    "for_agents": "can_be_assigned_to_agents",
    "for_api_keys": "can_be_assigned_to_api_keys",
}
_OF_OBJECTS = {
    "read": "can_read_object_records",
    "update": "can_update_object_records",
    "delete": "can_soft_delete_object_records",
    "destroy": "can_destroy_object_records",
}
_OF_FIELDS = {"read": "can_read_field_value", "update": "can_update_field_value"}


class RoleChanges(Hanging[RoleDefinition]):
    """Roles, identified by their labels."""

    part = "roles"
    kind = "role"

    def __init__(self, served: ServedSchema) -> None:
        super().__init__()
        self._served = served
        self._by_path: dict[str, Role] = {}
        self._default: str | None = None

    async def read(self, state: State) -> None:
        listed = sorted((role for role in await roles(self._served) if role.is_editable), key=lambda role: role.label)
        definitions = [_define(role, state) for role in listed]
        self.there = self.by_path(definitions)
        self._by_path = dict(zip(self.there, listed, strict=True))
        workspace = await self._served.call("query", "currentWorkspace", select={"defaultRole": {"id": None}})
        self._default = (workspace.get("defaultRole") or {}).get("id")

    def may_go(self, path: str) -> bool:
        """Whether the role can be removed; the default role can't."""
        return str(self._by_path[path].id) != self._default

    def key(self, definition: RoleDefinition) -> str:
        return definition.label

    def check(self, wanted: Sequence[RoleDefinition], model: Model, state: State) -> None:
        for role in wanted:
            owners = [(name, "") for name in role.objects]
            for owner, name in [*owners, *((o, f) for o, _, f in (path.partition(".") for path in role.fields))]:
                known = names_of(owner, model, state)
                if known is None or (name and name not in known):
                    what = f"field {owner}.{name}" if name else f"object {owner}"
                    raise DefinitionError(f"role {role.label}: there is no {what}.")

    async def create(self, wanted: RoleDefinition, state: State) -> None:
        async def look() -> Role | None:
            return next((role for role in await roles(self._served) if role.label == wanted.label), None)

        send = partial(self._served.call, "mutation", "createOneRole", _values(wanted), select=ROLE)
        answer = await made(send, look, lambda role: role.description == wanted.description, f"role {wanted.label}")
        role = answer if isinstance(answer, Role) else Role.model_validate(answer)
        await self._permit(role, wanted, RoleDefinition(label=wanted.label), state)

    async def update(self, path: str, wanted: RoleDefinition, state: State) -> None:
        role = self._by_path[path]
        values = {**_values(wanted), "id": str(role.id)}
        await changed(partial(self._served.call, "mutation", "updateOneRole", values, select=ROLE))
        await self._permit(role, wanted, self.there[path], state)

    async def destroy(self, path: str) -> None:
        id_ = str(self._by_path[path].id)

        async def is_gone() -> bool:
            return all(str(role.id) != id_ for role in await roles(self._served))

        await removed(partial(self._served.call, "mutation", "deleteOneRole", {"roleId": id_}), is_gone)

    async def _permit(self, role: Role, wanted: RoleDefinition, before: RoleDefinition, state: State) -> None:
        call = partial(self._served.call, "mutation")
        role_id = {"roleId": str(role.id)}
        if wanted.objects != before.objects:
            sent = [
                {
                    "objectMetadataId": str(state.objects[name].id),
                    **_permission(wanted.objects.get(name, ObjectPermission()), _OF_OBJECTS),
                }
                for name in sorted({*wanted.objects, *before.objects} & set(state.objects))
            ]
            values = {**role_id, "objectPermissions": sent}
            await changed(partial(call, "upsertObjectPermissions", values, select={"objectMetadataId": None}))
        if wanted.fields != before.fields:
            sent = [
                {
                    "objectMetadataId": str(state.objects[owner].id),
                    "fieldMetadataId": str(state.objects[owner].field(name).id),
                    **_permission(wanted.fields.get(path, FieldPermission()), _OF_FIELDS),
                }
                for path in sorted({*wanted.fields, *before.fields})
                for owner, _, name in (path.partition("."),)
                if owner in state.objects and any(field.name == name for field in state.objects[owner].fields)
            ]
            values = {**role_id, "fieldPermissions": sent}
            await changed(partial(call, "upsertFieldPermissions", values, select={"fieldMetadataId": None}))
        if set(wanted.settings) != set(before.settings):
            values = {**role_id, "permissionFlagKeys": sorted(wanted.settings)}
            await changed(partial(call, "upsertPermissionFlags", values, select={"flag": None}))


def _values(wanted: RoleDefinition) -> dict[str, Any]:
    rights = {wire: getattr(wanted, name) for name, wire in _RIGHTS.items()}
    texts = {"label": wanted.label, "description": wanted.description, "icon": wanted.icon}
    return {to_camel(name): value for name, value in {**texts, **rights}.items()}


def _permission(permission: ObjectPermission | FieldPermission, names: dict[str, str]) -> dict[str, bool | None]:
    return {to_camel(wire): getattr(permission, name) for name, wire in names.items()}


def _define(role: Role, state: State) -> RoleDefinition:
    objects = {of.id: name for name, of in state.objects.items()}
    fields = {field.id: f"{name}.{field.name}" for name, of in state.objects.items() for field in of.fields}
    of_objects = {
        objects[permission.object_metadata_id]: ObjectPermission(
            **{name: getattr(permission, wire) for name, wire in _OF_OBJECTS.items()}
        )
        for permission in role.object_permissions or ()
        if permission.object_metadata_id in objects
    }
    of_fields = {
        fields[permission.field_metadata_id]: FieldPermission(
            **{name: getattr(permission, wire) for name, wire in _OF_FIELDS.items()}
        )
        for permission in role.field_permissions or ()
        if permission.field_metadata_id in fields
    }
    return RoleDefinition(
        label=role.label,
        description=role.description or None,
        icon=role.icon or None,
        settings=tuple(sorted(flag.flag for flag in role.permission_flags or ())),
        objects={name: of_objects[name] for name in sorted(of_objects) if of_objects[name] != ObjectPermission()},
        fields={path: of_fields[path] for path in sorted(of_fields) if of_fields[path] != FieldPermission()},
        **{name: getattr(role, wire) for name, wire in _RIGHTS.items()},
    )
