"""Resolvers of `/metadata` for roles and their rights to settings, objects and fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from aiotwenty.sandbox.language.schema_execution import not_found
from aiotwenty.sandbox.metadata.workspace_nodes import RoleNode
from aiotwenty.sandbox.model.data_model import stable_id
from aiotwenty.sandbox.model.workspace import DEFAULT_ROLE_ID, RegisteredRole, SandboxWorkspace, new_id

_TEXTS = ("label", "description", "icon")


class RoleResolvers:
    def __init__(self, workspace: SandboxWorkspace) -> None:
        self._workspace = workspace

    def table(self) -> dict[str, Callable[..., Any]]:
        """The root fields by name."""
        return {
            "getRoles": lambda: [RoleNode(self._workspace, role) for role in self._workspace.roles],
            "createOneRole": self._create,
            "updateOneRole": self._update,
            "deleteOneRole": self._delete,
            "upsertObjectPermissions": self._permit_objects,
            "upsertFieldPermissions": self._permit_fields,
            "upsertPermissionFlags": self._permit_settings,
        }

    def _create(self, createRoleInput: dict[str, Any]) -> RoleNode:  # noqa: N803
        requested = createRoleInput
        self._check_label(requested["label"])
        role = RegisteredRole(requested.get("id") or new_id(), "", None, None, everything=False, editable=True)
        role.rights = {"canBeAssignedToApiKeys": True, "canReadAllObjectRecords": False}
        self._workspace.roles.append(role)
        return self._changed(role, requested)

    def _update(self, updateRoleInput: dict[str, Any]) -> RoleNode:  # noqa: N803
        role, update = self._editable(updateRoleInput["id"]), updateRoleInput["update"]
        if update.get("label", role.label) != role.label:
            self._check_label(update["label"])
        return self._changed(role, update)

    def _changed(self, role: RegisteredRole, requested: dict[str, Any]) -> RoleNode:
        for name in _TEXTS:
            if name in requested and (requested[name] is not None or name != "label"):
                setattr(role, name, requested[name])
        rights = {name: value for name, value in requested.items() if name.startswith("can") and value is not None}
        role.rights = {**role.rights, **rights}
        self._workspace.save()
        return RoleNode(self._workspace, role)

    def _delete(self, roleId: str) -> str:  # noqa: N803
        role = self._editable(roleId)
        if role.id == DEFAULT_ROLE_ID:
            raise _refused("Default role cannot be deleted")
        for key in self._workspace.api_keys.values():
            if key.role_id == role.id:
                key.role_id = DEFAULT_ROLE_ID
        self._workspace.roles.remove(role)
        self._workspace.save()
        return role.id

    def _permit_objects(self, upsertObjectPermissionsInput: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: N803
        role = self._editable(upsertObjectPermissionsInput["roleId"])
        for permission in upsertObjectPermissionsInput["objectPermissions"]:
            role.objects[permission["objectMetadataId"]] = {**permission, "restrictedFields": {}}
        self._workspace.save()
        return list(role.objects.values())

    def _permit_fields(self, upsertFieldPermissionsInput: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: N803
        role = self._editable(upsertFieldPermissionsInput["roleId"])
        for permission in upsertFieldPermissionsInput["fieldPermissions"]:
            field_id = permission["fieldMetadataId"]
            own_id = stable_id("field permission", role.id, field_id)
            role.fields[field_id] = {**permission, "id": own_id, "roleId": role.id}
        self._workspace.save()
        return list(role.fields.values())

    def _permit_settings(self, upsertPermissionFlagsInput: dict[str, Any]) -> Any:  # noqa: N803
        role = self._editable(upsertPermissionFlagsInput["roleId"])
        role.flags = list(upsertPermissionFlagsInput["permissionFlagKeys"])
        self._workspace.save()
        return RoleNode(self._workspace, role).permission_flags

    def _editable(self, role_id: str) -> RegisteredRole:
        role = next((role for role in self._workspace.roles if role.id == role_id), None)
        if role is None:
            raise not_found("RoleEntity", role_id)
        if not role.editable:
            raise _refused("This role cannot be edited")
        return role

    def _check_label(self, label: str) -> None:
        if any(role.label == label for role in self._workspace.roles):
            raise _refused("A role with this label already exists")


def _refused(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT", "userFriendlyMessage": message})
