"""The nodes of `/metadata` other than the data model: roles, keys, webhooks, applications, members, users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiotwenty.sandbox.metadata.model_nodes import Node, application_of
from aiotwenty.sandbox.model.data_model import CUSTOM_APPLICATION, stable_id, universal_identifier
from aiotwenty.sandbox.model.names import snake
from aiotwenty.sandbox.model.workspace import (
    DEFAULT_ROLE_ID,
    MEMBER_EMAIL,
    MEMBER_ID,
    MEMBER_NAME,
    USER_ID,
    RegisteredKey,
    RegisteredRole,
    RegisteredWebhook,
    SandboxWorkspace,
)


class ApiKeyNode(Node):
    def __init__(self, workspace: SandboxWorkspace, of: RegisteredKey) -> None:
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
    row_level_permission_predicates: Sequence[object] = ()
    row_level_permission_predicate_groups: Sequence[object] = ()
    can_read_all_object_records = True
    can_update_all_object_records = True
    can_soft_delete_all_object_records = True
    can_destroy_all_object_records = True
    can_be_assigned_to_users = True
    can_be_assigned_to_agents = False

    def __init__(self, workspace: SandboxWorkspace, of: RegisteredRole) -> None:
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
        for name, allowed in of.rights.items():
            setattr(self, snake(name), allowed)
        self.permission_flags = [
            {"id": stable_id("permission flag", of.id, flag), "roleId": of.id, "flag": flag} for flag in of.flags
        ]
        self.object_permissions = list(of.objects.values())
        self.field_permissions = list(of.fields.values())

    @property
    def api_keys(self) -> list[ApiKeyNode]:
        return [
            ApiKeyNode(self._workspace, each) for each in self._workspace.api_keys.values() if each.role_id == self.id
        ]


class WebhookNode(Node):
    application_id = CUSTOM_APPLICATION
    deleted_at = None

    def __init__(self, of: RegisteredWebhook) -> None:
        self.id = of.id
        self.target_url = of.target_url
        self.operations = of.operations
        self.description = of.description
        self.secret = of.secret
        self.created_at = of.created_at
        self.updated_at = of.updated_at


class WorkspaceNode:
    """The workspace, with default settings."""

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

    def __init__(self, workspace: SandboxWorkspace, url: str) -> None:
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
        return RoleNode(self._workspace, self._workspace.role(DEFAULT_ROLE_ID))


class ApplicationNode(Node):
    """One of the two applications that objects belong to.

    Its lists are missing although the schema has them non-null: the real server fails on them too (Twenty, July 2026).
    """

    description = logo = logo_file_id = package_json_checksum = package_json_file_id = None
    yarn_lock_checksum = yarn_lock_file_id = application_registration_id = default_role_id = None
    settings_custom_tab_front_component_id = default_logic_function_role = application_registration = None
    agents = front_components = command_menu_items = logic_functions = objects = application_variables = None
    version = "1.0.0"
    can_be_uninstalled = False

    def __init__(self, *, custom: bool) -> None:
        self.id = application_of(custom)
        self.universal_identifier = universal_identifier(self.id)
        self.name = "Sandbox's custom application" if custom else "Standard"
        self.available_packages: dict[str, str] = {}


class MemberNode(Node):
    """The only person of a fresh workspace, as a member."""

    id = MEMBER_ID
    user_email = MEMBER_EMAIL
    color_scheme = "System"
    locale = "en"
    time_zone = "system"
    date_format = time_format = number_format = "SYSTEM"
    calendar_start_day = 7
    avatar_url = None

    def __init__(self, workspace: SandboxWorkspace) -> None:
        self.name = dict(zip(("firstName", "lastName"), MEMBER_NAME, strict=True))
        self.roles = [RoleNode(workspace, workspace.roles[0])]
        self.user_workspace_id = stable_id("user workspace")


class UserNode(Node):
    """The same person as a user, which `currentUser` returns to a session."""

    id = USER_ID
    first_name, last_name = MEMBER_NAME
    email = MEMBER_EMAIL
    is_email_verified = has_password = True
    disabled = can_impersonate = can_access_full_admin_panel = False
    deleted_at = support_user_hash = None
    locale = "en"
    onboarding_status = "COMPLETED"
    deleted_workspace_members: Sequence[object] = ()

    def __init__(self, workspace: SandboxWorkspace, url: str) -> None:
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
