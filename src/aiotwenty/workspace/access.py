"""Roles and API keys of a workspace, as far as the key may see them."""

from __future__ import annotations

import datetime

from pydantic.alias_generators import to_camel

from aiotwenty.graphql.models import UUID, Record
from aiotwenty.workspace.served_schema import Select, ServedSchema


class RoleObjectPermission(Record):
    """The rights of a role to the records of one object; None means the role's right to all objects."""

    object_metadata_id: UUID
    can_read_object_records: bool | None = None
    can_update_object_records: bool | None = None
    can_soft_delete_object_records: bool | None = None
    can_destroy_object_records: bool | None = None


class RoleFieldPermission(Record):
    """The rights of a role to one field; None means that no right is set."""

    object_metadata_id: UUID
    field_metadata_id: UUID
    can_read_field_value: bool | None = None
    can_update_field_value: bool | None = None


class RoleFlag(Record):
    """A setting that a role may change: `DATA_MODEL`."""

    flag: str


class Role(Record):
    """A role of members and API keys."""

    id: UUID
    label: str
    description: str | None = None
    icon: str | None = None
    is_editable: bool = True
    can_update_all_settings: bool = False
    can_access_all_tools: bool = False
    can_read_all_object_records: bool = False
    can_update_all_object_records: bool = False
    can_soft_delete_all_object_records: bool = False
    can_destroy_all_object_records: bool = False
    can_be_assigned_to_users: bool = True
    can_be_assigned_to_agents: bool = True
    can_be_assigned_to_api_keys: bool = True
    permission_flags: list[RoleFlag] | None = None
    object_permissions: list[RoleObjectPermission] | None = None
    field_permissions: list[RoleFieldPermission] | None = None


class _KeyRole(Record):
    id: UUID
    label: str


class ApiKey(Record):
    """An API key, without the key itself, which the server shows only once."""

    id: UUID
    name: str
    expires_at: datetime.datetime | None = None
    revoked_at: datetime.datetime | None = None
    role: _KeyRole | None = None


ROLE: Select = {
    **{to_camel(name): None for name in Role.model_fields},
    "permissionFlags": {"flag": None},
    "objectPermissions": {to_camel(name): None for name in RoleObjectPermission.model_fields},
    "fieldPermissions": {to_camel(name): None for name in RoleFieldPermission.model_fields},
}
_KEY: Select = {
    **dict.fromkeys(("id", "name", "expiresAt", "revokedAt")),
    "role": {"id": None, "label": None},
}


async def roles(served: ServedSchema) -> list[Role]:
    """All roles with their permissions."""
    answers = await served.call("query", "getRoles", select=ROLE)
    return [Role.model_validate(answer) for answer in answers]


async def api_keys(served: ServedSchema) -> list[ApiKey]:
    """All API keys, including revoked ones."""
    answers = await served.call("query", "apiKeys", select=_KEY)
    return [ApiKey.model_validate(answer) for answer in answers]
