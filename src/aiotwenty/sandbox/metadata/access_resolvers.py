"""Resolvers of `/metadata` for access from outside: webhooks, API keys, sessions and files."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLError

from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.language.schema_execution import known_uuid, not_found
from aiotwenty.sandbox.metadata.failures import Action, ValidationFailedError, entry, reason
from aiotwenty.sandbox.metadata.files import FileStore
from aiotwenty.sandbox.metadata.multipart import FilePart
from aiotwenty.sandbox.metadata.workspace_nodes import (
    ApiKeyNode,
    ApplicationNode,
    UserNode,
    WebhookNode,
    WorkspaceNode,
)
from aiotwenty.sandbox.model.data_model import universal_identifier
from aiotwenty.sandbox.model.tokens import TokenType
from aiotwenty.sandbox.model.workspace import (
    MEMBER_EMAIL,
    SESSION_MINUTES,
    RegisteredWebhook,
    SandboxWorkspace,
    later,
    new_id,
    now,
)


class AccessResolvers:
    def __init__(self, workspace: SandboxWorkspace, files: FileStore, dialect: Dialect, url: Callable[[], str]) -> None:
        self._workspace = workspace
        self._files = files
        self._dialect = dialect
        self._url = url

    def table(self) -> dict[str, Callable[..., Any]]:
        """The root fields by name."""
        return {
            "webhooks": lambda: [WebhookNode(webhook) for webhook in self._workspace.webhooks.values()],
            "webhook": self._webhook,
            "createWebhook": self._create_webhook,
            "updateWebhook": self._update_webhook,
            "deleteWebhook": self._delete_webhook,
            "apiKeys": lambda: [ApiKeyNode(self._workspace, key) for key in self._workspace.api_keys.values()],
            "apiKey": self._api_key,
            "currentWorkspace": lambda: WorkspaceNode(self._workspace, self._url()),
            "currentUser": lambda: UserNode(self._workspace, self._url()),
            "getLoginTokenFromCredentials": self._log_in,
            "signIn": self._sign_in,
            "getAuthTokensFromLoginToken": self._tokens_for,
            "renewToken": self._renew,
            "findManyApplications": lambda: [ApplicationNode(custom=False), ApplicationNode(custom=True)],
            "createApiKey": self._create_api_key,
            "updateApiKey": self._update_api_key,
            "revokeApiKey": self._revoke_api_key,
            "generateApiKeyToken": self._generate_token,
            "uploadFilesFieldFile": self._upload,
            "uploadFilesFieldFileByUniversalIdentifier": self._upload_by_universal_identifier,
            "createFileUpload": self._begin_upload,
            "completeFileUpload": lambda fileId: self._files.complete(fileId),  # noqa: N803
        }

    # Files

    def _begin_upload(
        self,
        filename: str,
        size: float,
        fileFolder: str,  # noqa: N803
        fieldMetadataId: str | None = None,  # noqa: N803
        fieldMetadataUniversalIdentifier: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        return self._files.begin(filename, size, fileFolder, bool(fieldMetadataId or fieldMetadataUniversalIdentifier))

    def _upload(self, file: FilePart, fieldMetadataId: str) -> dict[str, Any]:  # noqa: N803
        found = self._workspace.model.field_by_id(fieldMetadataId)
        if found is None or found[1].type != "FILES":
            message = "A file can only be uploaded for a field of type FILES"
            raise GraphQLError(message, extensions={"code": "BAD_USER_INPUT", "userFriendlyMessage": message})
        return self._files.described(self._files.save(file))

    def _upload_by_universal_identifier(
        self,
        file: FilePart,
        fieldMetadataUniversalIdentifier: str,  # noqa: N803
    ) -> dict[str, Any]:
        objects = self._workspace.model.objects.values()
        ids = {universal_identifier(field.id): field.id for of in objects for field in of.fields.values()}
        return self._upload(file, ids.get(fieldMetadataUniversalIdentifier, ""))

    # Webhooks

    def _webhook(self, id: str = "", input: dict[str, Any] | None = None) -> WebhookNode | None:  # noqa: A002
        found = self._workspace.webhooks.get(known_uuid(input["id"] if input else id))
        return WebhookNode(found) if found else None

    def _create_webhook(self, input: dict[str, Any]) -> WebhookNode:  # noqa: A002
        self._check_url(input["targetUrl"], "create")
        secret = input.get("secret")
        if secret is None and self._dialect.wants_webhook_secrets:
            message = 'null value in column "secret" of relation "webhook" violates not-null constraint'
            extensions = {"code": "INTERNAL_SERVER_ERROR", "userFriendlyMessage": "An error occurred."}
            raise GraphQLError(message, extensions=extensions)
        hook = RegisteredWebhook(
            id=input.get("id") or new_id(),
            target_url=input["targetUrl"],
            operations=list(input["operations"]),
            description=input.get("description"),
            secret=secrets.token_hex(32) if secret is None else secret,
        )
        self._workspace.webhooks[hook.id] = hook
        self._workspace.save()
        return WebhookNode(hook)

    def _update_webhook(self, input: dict[str, Any]) -> WebhookNode:  # noqa: A002
        # Flat in a schema of 2025.
        hook, update = self._existing_webhook(input["id"]), input.get("update", input)
        if update.get("targetUrl") is not None:
            self._check_url(update["targetUrl"], "update")
            hook.target_url = update["targetUrl"]
        if update.get("operations") is not None:
            hook.operations = list(update["operations"])
        if "description" in update:
            hook.description = update["description"]
        if update.get("secret") is not None:
            hook.secret = update["secret"]
        hook.updated_at = now()
        self._workspace.save()
        return WebhookNode(hook)

    def _delete_webhook(self, id: str = "", input: dict[str, Any] | None = None) -> WebhookNode:  # noqa: A002
        hook = self._existing_webhook(input["id"] if input else id)
        del self._workspace.webhooks[hook.id]
        self._workspace.save()
        return WebhookNode(hook)

    def _existing_webhook(self, hook_id: str) -> RegisteredWebhook:
        hook = self._workspace.webhooks.get(known_uuid(hook_id))
        if hook is None:
            message = "Webhook not found"
            extensions = {"subCode": "WEBHOOK_NOT_FOUND", "userFriendlyMessage": f"{message}.", "code": "NOT_FOUND"}
            raise GraphQLError(message, extensions=extensions)
        return hook

    def _check_url(self, url: str, action: Action) -> None:
        if _is_address(url):
            return
        message = "Invalid target URL provided"
        if not self._dialect.validates_webhooks:
            raise GraphQLError(
                message, extensions={"code": "BAD_USER_INPUT", "userFriendlyMessage": "An error occurred."}
            )
        refused = reason("INVALID_TARGET_URL", message, "Please provide a valid HTTP or HTTPS URL")
        raise ValidationFailedError(
            action, "webhook", {"webhook": [entry("webhook", action, [refused], targetUrl=url)]}
        )

    # API keys

    def _api_key(self, input: dict[str, Any]) -> ApiKeyNode | None:  # noqa: A002
        found = self._workspace.api_keys.get(input["id"])
        return ApiKeyNode(self._workspace, found) if found else None

    def _create_api_key(self, input: dict[str, Any]) -> ApiKeyNode:  # noqa: A002
        if input["roleId"] not in {role.id for role in self._workspace.roles}:
            raise not_found("RoleEntity", input["roleId"])
        key = self._workspace.new_api_key(input["name"], input["expiresAt"], input["roleId"])
        self._workspace.save()
        return ApiKeyNode(self._workspace, key)

    def _update_api_key(self, input: dict[str, Any]) -> ApiKeyNode | None:  # noqa: A002
        key = self._workspace.api_keys.get(input["id"])
        if key is None:
            return None
        key.name = input.get("name") or key.name
        key.expires_at = input.get("expiresAt") or key.expires_at
        key.revoked_at = input.get("revokedAt", key.revoked_at)
        return self._saved_key(key.id)

    def _revoke_api_key(self, input: dict[str, Any]) -> ApiKeyNode | None:  # noqa: A002
        key = self._workspace.api_keys.get(input["id"])
        if key is None:
            return None
        key.revoked_at = now()
        return self._saved_key(key.id)

    def _saved_key(self, key_id: str) -> ApiKeyNode:
        key = self._workspace.api_keys[key_id]
        key.updated_at = now()
        self._workspace.save()
        return ApiKeyNode(self._workspace, key)

    def _generate_token(self, **arguments: Any) -> dict[str, str]:
        key = self._workspace.api_keys.get(arguments["apiKeyId"])
        if key is None:
            raise not_found("ApiKeyEntity", arguments["apiKeyId"])
        return {"token": self._workspace.token_of(key, arguments["expiresAt"])}

    # Sessions

    def _log_in(self, email: str, password: str, **_: Any) -> dict[str, Any]:
        """Signs in the only member, whose password is the e-mail address."""
        self._check_password(email, password)
        return {"loginToken": self._token("LOGIN")}

    def _sign_in(self, email: str, password: str, **_: Any) -> dict[str, Any]:
        self._check_password(email, password)
        available: dict[str, Any] = {
            "id": self._workspace.id,
            "displayName": self._workspace.display_name,
            "loginToken": self._token("LOGIN")["token"],
            "personalInviteToken": None,
            "inviteHash": None,
            "workspaceUrls": {"customUrl": None, "subdomainUrl": self._url()},
            "logo": None,
            "sso": [],
        }
        workspaces = {"availableWorkspacesForSignIn": [available], "availableWorkspacesForSignUp": []}
        return {**self._tokens(), "availableWorkspaces": workspaces}

    def _tokens_for(self, loginToken: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._workspace.check_token(loginToken, "LOGIN")
        return self._tokens()

    def _renew(self, appToken: str) -> dict[str, Any]:  # noqa: N803
        self._workspace.check_token(appToken, "REFRESH")
        return self._tokens()

    def _tokens(self) -> dict[str, Any]:
        return {
            "tokens": {"accessOrWorkspaceAgnosticToken": self._token("ACCESS"), "refreshToken": self._token("REFRESH")}
        }

    def _token(self, of_type: TokenType) -> dict[str, str]:
        expires = later(minutes=SESSION_MINUTES)
        return {"token": self._workspace.session_token(of_type, expires), "expiresAt": expires}

    def _check_password(self, email: str, password: str) -> None:
        known = email == MEMBER_EMAIL
        if known and password == MEMBER_EMAIL:
            return
        message = "Wrong password" if known else "User not found"
        extensions = {"subCode": "FORBIDDEN_EXCEPTION", "userFriendlyMessage": message, "code": "FORBIDDEN"}
        raise GraphQLError(message, extensions=extensions)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
