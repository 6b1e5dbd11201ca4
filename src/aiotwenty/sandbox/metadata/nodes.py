"""What `/metadata` says of objects, fields, indexes, roles, keys and webhooks: one class for each type of its schema.

An attribute is the GraphQL field in snake_case; a method is a field with arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from aiotwenty.sandbox.metadata.pages import Connection
from aiotwenty.sandbox.model.model import (
    CUSTOM_APPLICATION,
    STANDARD_APPLICATION,
    Field,
    Index,
    Object,
    Relation,
    stable_id,
    universal_identifier,
)
from aiotwenty.sandbox.model.names import index_name, snake
from aiotwenty.sandbox.model.workspace import (
    MEMBER_EMAIL,
    MEMBER_ID,
    MEMBER_NAME,
    USER_ID,
    ApiKey,
    Role,
    Webhook,
    Workspace,
)


def _application(custom: bool) -> str:
    return CUSTOM_APPLICATION if custom else STANDARD_APPLICATION


class Node:
    def get(self, name: str) -> Any:
        """A field without arguments, by its GraphQL name."""
        return getattr(self, snake(name))


class ObjectNode(Node):
    is_remote = False
    image_identifier_field_metadata_id = None
    open_record_in = "SIDE_PANEL"
    readability = "OPEN"
    writability = "OPEN"
    readability_parent_field_universal_identifiers = None

    def __init__(self, workspace: Workspace, of: Object) -> None:
        self._workspace = workspace
        self._of = of
        self.id = of.id
        self.universal_identifier = universal_identifier(of.id)
        self.name_singular = of.name_singular
        self.name_plural = of.name_plural
        self.label_singular = of.label_singular
        self.label_plural = of.label_plural
        self.description = of.description
        self.icon = of.icon
        self.shortcut = of.shortcut
        self.color = of.color
        self.is_active = of.is_active
        self.is_system = of.is_system
        self.is_ui_editable = not of.is_ui_read_only
        self.is_ui_creatable = not of.is_ui_read_only
        self.is_ui_read_only = of.is_ui_read_only
        self.is_searchable = of.is_searchable
        self.is_custom = of.is_custom
        self.application_id = _application(of.is_custom)
        self.created_at = of.created_at
        self.updated_at = of.updated_at
        self.is_label_synced_with_name = of.is_label_synced_with_name
        self.duplicate_criteria = of.duplicate_criteria

    @property
    def label_identifier_field_metadata_id(self) -> str | None:
        named = self._of.fields.get(self._of.label_identifier)
        return named.id if named else None

    @property
    def fields_list(self) -> list[FieldNode]:
        return [FieldNode(self._workspace, self._of, each) for each in self._of.fields.values()]

    @property
    def index_metadata_list(self) -> list[IndexNode]:
        return list(index_nodes(self._workspace, self._of))

    @property
    def search_field_metadata_list(self) -> list[dict[str, Any]]:
        named, vector = self._of.fields.get(self._of.label_identifier), self._of.fields.get("searchVector")
        if named is None or vector is None or not self._of.is_searchable:
            return []
        return [
            {
                "id": stable_id("search field", self._of.id, named.id),
                "fieldMetadataId": named.id,
                "tsVectorFieldMetadataId": vector.id,
                "position": 0,
                "createdAt": self._of.created_at,
                "updatedAt": self._of.updated_at,
            }
        ]

    def fields(self, paging: dict[str, Any], filter: dict[str, Any]) -> Connection[FieldNode]:
        return Connection(self.fields_list, paging, filter)

    def index_metadatas(self, paging: dict[str, Any], filter: dict[str, Any]) -> Connection[IndexNode]:
        return Connection(self.index_metadata_list, paging, filter)


class FieldNode(Node):
    is_searchable = None
    is_audit_logged = None
    writability = "OPEN"

    def __init__(self, workspace: Workspace, owner: Object, of: Field) -> None:
        self._workspace = workspace
        self._owner = owner
        self._of = of
        self.id = of.id
        self.universal_identifier = universal_identifier(of.id)
        self.type = of.type
        self.name = of.name
        self.label = of.label
        self.description = of.description
        self.icon = of.icon
        self.is_active = of.is_active
        self.is_system = of.is_system
        self.is_ui_editable = not of.is_system
        self.is_ui_read_only = of.is_system
        self.is_nullable = of.is_nullable
        self.is_unique = of.is_unique
        self.is_custom = of.is_custom
        self.default_value = of.default_value
        self.options = of.options
        self.settings = of.settings
        self.object_metadata_id = owner.id
        self.is_label_synced_with_name = False
        self.morph_id = stable_id("morph", of.id) if of.type == "MORPH_RELATION" else None
        self.created_at = of.created_at
        self.updated_at = of.updated_at
        self.application_id = _application(of.is_custom)

    @property
    def object(self) -> ObjectNode:
        return ObjectNode(self._workspace, self._owner)

    @property
    def relation(self) -> RelationNode | None:
        if self._of.type != "RELATION" or not self._of.relations:
            return None
        return RelationNode(self._workspace, self._owner, self._of, self._of.relations[0])

    @property
    def morph_relations(self) -> list[RelationNode] | None:
        if self._of.type != "MORPH_RELATION":
            return None
        return [RelationNode(self._workspace, self._owner, self._of, each) for each in self._of.relations]


class RelationNode:
    def __init__(self, workspace: Workspace, owner: Object, field: Field, relation: Relation) -> None:
        target = workspace.model.objects[relation.target]
        self.type = relation.kind
        self.source_object_metadata = ObjectNode(workspace, owner)
        self.target_object_metadata = ObjectNode(workspace, target)
        self.source_field_metadata = FieldNode(workspace, owner, field)
        self.target_field_metadata = FieldNode(workspace, target, target.fields[relation.target_field])


class IndexNode:
    index_where_clause = None

    def __init__(
        self,
        workspace: Workspace,
        of: Object,
        fields: list[tuple[str, str | None]],
        *,
        unique: bool = False,
        kind: str = "BTREE",
        asked_for: Index | None = None,
    ) -> None:
        self._workspace = workspace
        self._of = of
        self._fields = fields
        self.name = index_name(of.name_singular, *(name + (part or "") for name, part in fields), unique=unique)
        self.id = asked_for.id if asked_for else stable_id("index", of.id, self.name)
        self.is_custom = of.is_custom or asked_for is not None
        self.is_unique = unique
        self.index_type = kind
        self.created_at = asked_for.created_at if asked_for else of.created_at
        self.updated_at = self.created_at

    @property
    def index_field_metadata_list(self) -> list[dict[str, Any]]:
        return [
            {
                "id": stable_id("index field", self.id, name, part or ""),
                "fieldMetadataId": self._of.fields[name].id,
                "order": place,
                "subFieldName": part,
                "createdAt": self.created_at,
                "updatedAt": self.updated_at,
            }
            for place, (name, part) in enumerate(self._fields)
        ]

    def object_metadata(self, paging: dict[str, Any], filter: dict[str, Any]) -> Connection[ObjectNode]:
        return Connection([ObjectNode(self._workspace, self._of)], paging, filter)


def index_nodes(workspace: Workspace, of: Object) -> Iterable[IndexNode]:
    """Its unique indexes, the one for searching, one for each relation that it holds, and those asked for."""
    for names in of.unique_indexes:
        yield IndexNode(workspace, of, [(name, None) for name in names], unique=True)
    if "searchVector" in of.fields:
        yield IndexNode(workspace, of, [("searchVector", None)], kind="GIN")
    for each in of.fields.values():
        if any(relation.join_column for relation in each.relations):
            yield IndexNode(workspace, of, [(each.name, None)])
    for index in of.indexes:
        yield IndexNode(workspace, of, index.fields, asked_for=index)


class ApiKeyNode(Node):
    def __init__(self, workspace: Workspace, of: ApiKey) -> None:
        self._workspace = workspace
        self._of = of
        self.id = of.id
        self.name = of.name
        self.expires_at = of.expires_at
        self.revoked_at = of.revoked_at
        self.created_at = of.created_at
        self.updated_at = of.updated_at

    @property
    def role(self) -> RoleNode:
        return RoleNode(self._workspace, self._workspace.role(self._of.role_id))


class RoleNode:
    workspace_members: Sequence[object] = ()
    agents: Sequence[object] = ()
    permission_flags: Sequence[object] = ()
    object_permissions: Sequence[object] = ()
    field_permissions: Sequence[object] = ()
    row_level_permission_predicates: Sequence[object] = ()
    row_level_permission_predicate_groups: Sequence[object] = ()
    can_read_all_object_records = True
    can_update_all_object_records = True
    can_soft_delete_all_object_records = True
    can_destroy_all_object_records = True
    can_be_assigned_to_users = True
    can_be_assigned_to_agents = False

    def __init__(self, workspace: Workspace, of: Role) -> None:
        self._workspace = workspace
        self.id = of.id
        self.universal_identifier = universal_identifier(of.id)
        self.label = of.label
        self.description = of.description
        self.icon = of.icon
        self.is_editable = of.editable
        self.can_be_assigned_to_api_keys = of.everything
        self.can_update_all_settings = of.everything
        self.can_access_all_tools = of.everything

    @property
    def api_keys(self) -> list[ApiKeyNode]:
        return [
            ApiKeyNode(self._workspace, each) for each in self._workspace.api_keys.values() if each.role_id == self.id
        ]


class WebhookNode(Node):
    application_id = CUSTOM_APPLICATION
    deleted_at = None

    def __init__(self, of: Webhook) -> None:
        self.id = of.id
        self.target_url = of.target_url
        self.operations = of.operations
        self.description = of.description
        self.secret = of.secret
        self.created_at = of.created_at
        self.updated_at = of.updated_at


class WorkspaceNode:
    """The workspace, with the settings that nobody has touched yet."""

    activation_status = "ACTIVE"
    workspace_discoverability = "PUBLIC"
    trash_retention_days = 14
    event_log_retention_days = 90
    allow_impersonation = is_public_invite_link_enabled = True
    is_password_auth_enabled = is_google_auth_enabled = is_microsoft_auth_enabled = True
    is_password_auth_bypass_enabled = is_google_auth_bypass_enabled = is_microsoft_auth_bypass_enabled = False
    is_two_factor_authentication_enforced = is_custom_domain_enabled = is_internal_messages_import_enabled = False
    has_valid_signed_enterprise_key = has_valid_enterprise_validity_token = False
    fast_model = smart_model = router_model = "auto"
    use_recommended_models = True
    billing_subscriptions = billing_entitlements = installed_applications = ()
    subdomain = "sandbox"
    workspace_members_count = 1
    workspace_custom_application_id = CUSTOM_APPLICATION

    def __init__(self, workspace: Workspace, url: str) -> None:
        self._workspace = workspace
        self.id = workspace.id
        self.display_name = workspace.display_name
        self.created_at = workspace.created_at
        self.updated_at = workspace.created_at
        self.metadata_version = workspace.model.revision
        self.creator_user_id = USER_ID
        self.workspace_urls = {"customUrl": None, "subdomainUrl": url}

    @property
    def default_role(self) -> RoleNode:
        return RoleNode(self._workspace, self._workspace.roles[-1])


class ApplicationNode(Node):
    """One of the two applications that objects belong to.

    Its lists are not there, although they may not be null: the real server fails when it is asked for them
    (Twenty, July 2026).
    """

    description = logo = logo_file_id = package_json_checksum = package_json_file_id = None
    yarn_lock_checksum = yarn_lock_file_id = application_registration_id = default_role_id = None
    settings_custom_tab_front_component_id = default_logic_function_role = application_registration = None
    agents = front_components = command_menu_items = logic_functions = objects = application_variables = None
    version = "1.0.0"
    can_be_uninstalled = False

    def __init__(self, *, custom: bool) -> None:
        self.id = _application(custom)
        self.universal_identifier = universal_identifier(self.id)
        self.name = "Sandbox's custom application" if custom else "Standard"
        self.available_packages: dict[str, str] = {}


class MemberNode(Node):
    """The one person of a fresh workspace, as a member of it."""

    id = MEMBER_ID
    user_email = MEMBER_EMAIL
    color_scheme = "System"
    locale = "en"
    time_zone = "system"
    date_format = time_format = number_format = "SYSTEM"
    calendar_start_day = 7
    avatar_url = None

    def __init__(self, workspace: Workspace) -> None:
        self.name = dict(zip(("firstName", "lastName"), MEMBER_NAME, strict=True))
        self.roles = [RoleNode(workspace, workspace.roles[0])]
        self.user_workspace_id = stable_id("user workspace")


class UserNode(Node):
    """The same person with an account, which `currentUser` gives to a session."""

    id = USER_ID
    first_name, last_name = MEMBER_NAME
    email = MEMBER_EMAIL
    is_email_verified = has_password = True
    disabled = can_impersonate = can_access_full_admin_panel = False
    deleted_at = support_user_hash = None
    locale = "en"
    onboarding_status = "COMPLETED"
    deleted_workspace_members: Sequence[object] = ()

    def __init__(self, workspace: Workspace, url: str) -> None:
        self.created_at = self.updated_at = workspace.created_at
        self.user_vars: dict[str, Any] = {}
        self.workspace_member = MemberNode(workspace)
        self.workspace_members = [self.workspace_member]
        self.current_workspace = WorkspaceNode(workspace, url)
        self.current_user_workspace = {
            "id": stable_id("user workspace"),
            "user": self,
            "userId": USER_ID,
            "locale": "en",
            "createdAt": workspace.created_at,
            "updatedAt": workspace.created_at,
            "objectPermissions": [],
            "objectsPermissions": [],
            "permissionFlags": [],
            "twoFactorAuthenticationMethodSummary": [],
        }
        self.user_workspaces = self.workspaces = [self.current_user_workspace]
        self.available_workspaces: dict[str, Any] = {
            "availableWorkspacesForSignIn": [],
            "availableWorkspacesForSignUp": [],
        }
