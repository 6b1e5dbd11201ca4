"""The `/metadata` endpoint: the introspected schema, executed and validated as usual, over the sandbox's workspace.

What the sandbox doesn't have answers with an error that says so, under the code `NOT_IN_SANDBOX`.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLNonNull,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)

from aiotwenty.sandbox import field_changes, index_changes, object_changes
from aiotwenty.sandbox.failures import ValidationFailedError, entry, reason
from aiotwenty.sandbox.files import Files
from aiotwenty.sandbox.metadata_nodes import (
    ApiKeyNode,
    Connection,
    FieldNode,
    IndexNode,
    ObjectNode,
    RoleNode,
    WebhookNode,
    WorkspaceNode,
    index_nodes,
    snake,
)
from aiotwenty.sandbox.model import DataModel, universal_identifier
from aiotwenty.sandbox.multipart import Upload
from aiotwenty.sandbox.scalars import checked_uuid
from aiotwenty.sandbox.validating import Answer, forbidden, run
from aiotwenty.sandbox.workspace import Webhook, Workspace, new_id, now

Resolver = Callable[..., Any]
_MISSING = object()
_FOR_USERS = frozenset({"currentUser", "addQueryToEventStream", "removeQueryFromEventStream", "onEventSubscription"})
"""Refused to an API key by the real server (Twenty, July 2026)."""


def _session_needed() -> GraphQLError:
    return GraphQLError(
        "This endpoint requires a session access token",
        extensions={
            "subCode": "FORBIDDEN_EXCEPTION",
            "userFriendlyMessage": "You do not have permission to perform this action.",
            "code": "FORBIDDEN",
        },
    )


def _not_with_these_records(error: sqlite3.IntegrityError) -> GraphQLError:
    message = f"The records that are there don't allow this change: {error}"
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT", "userFriendlyMessage": message})


def _not_found(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "NOT_FOUND", "userFriendlyMessage": "An error occurred."})


@lru_cache(maxsize=4)
def served_schema(sdl: str | None) -> GraphQLSchema:
    """The schema of `/metadata`, as introspected from the real server unless another is given; parsed once."""
    if sdl is None:
        sdl = resources.files("aiotwenty.sandbox").joinpath("metadata.graphql").read_text("utf-8")
    schema = build_schema(sdl, assume_valid=True)
    uuid = schema.type_map.get("UUID")
    if isinstance(uuid, GraphQLScalarType):
        checked_uuid(uuid)
    return schema


class Metadata:
    """Answers documents sent to `/metadata`. `apply` is told of each change to the data model, to follow it."""

    def __init__(
        self,
        workspace: Workspace,
        apply: Callable[[DataModel], None],
        files: Files,
        *,
        sdl: str | None = None,
        strict: bool = False,
        url: Callable[[], str] = lambda: "http://127.0.0.1",
    ) -> None:
        self._workspace = workspace
        self._apply = apply
        self._files = files
        self._sdl = sdl
        self._strict = strict
        self._url = url
        self._resolvers = self._table()

    def execute(
        self,
        source: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        authenticated: bool,
    ) -> Answer:
        """Answers one document; without a key only `__typename` works."""
        return run(
            served_schema(self._sdl),
            source,
            variables,
            operation_name,
            resolver=self._resolve,
            context=authenticated,
            limits=not self._strict,
            introspection=authenticated or self._strict,
        )

    def _resolve(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        name = info.field_name
        if info.path.prev is None:
            return self._resolve_root(name, info, arguments)
        value = source.get(name, _MISSING) if isinstance(source, dict) else getattr(source, snake(name), _MISSING)
        if callable(value):
            return value(**arguments)
        if value is _MISSING:
            if isinstance(info.return_type, GraphQLNonNull):
                raise not_in_sandbox(f"{info.parent_type.name}.{name}")
            return None
        return value

    def _resolve_root(self, name: str, info: GraphQLResolveInfo, arguments: dict[str, Any]) -> Any:
        if not info.context or (name in _FOR_USERS):
            raise forbidden(self._strict)
        resolver = self._resolvers.get(name)
        if resolver is None:
            raise not_in_sandbox(f"{info.parent_type.name}.{name}")
        answer = resolver(**arguments)
        if isinstance(answer, WebhookNode) and get_named_type(info.return_type) is GraphQLBoolean:
            # A schema of 2025 only says that the webhook was deleted.
            return True
        return answer

    def _change(self, action: Callable[[], Any]) -> Any:
        """A change to the data model, followed by the database, or neither."""
        before = self._workspace.model.to_json()
        try:
            changed = action()
            self._apply(self._workspace.model)
        except ValidationFailedError:
            # Refused before anything was changed.
            raise
        except BaseException as error:
            self._workspace.model.restore(before)
            self._apply(self._workspace.model)
            if isinstance(error, sqlite3.IntegrityError):
                raise _not_with_these_records(error) from None
            raise
        self._workspace.save()
        return changed

    def _table(self) -> dict[str, Resolver]:
        return {
            "objects": self._objects,
            "object": self._object,
            "fields": self._fields,
            "field": self._field,
            "indexMetadatas": self._indexes,
            "index": self._index,
            "createOneObject": self._create_object,
            "updateOneObject": self._update_object,
            "deleteOneObject": self._delete_object,
            "createOneField": self._create_field,
            "updateOneField": self._update_field,
            "deleteOneField": self._delete_field,
            "createOneIndex": self._create_index,
            "deleteOneIndex": self._delete_index,
            "webhooks": lambda: [WebhookNode(each) for each in self._workspace.webhooks.values()],
            "webhook": self._webhook,
            "createWebhook": self._create_webhook,
            "updateWebhook": self._update_webhook,
            "deleteWebhook": self._delete_webhook,
            "apiKeys": lambda: [ApiKeyNode(self._workspace, each) for each in self._workspace.api_keys.values()],
            "apiKey": self._api_key,
            "getRoles": lambda: [RoleNode(self._workspace, each) for each in self._workspace.roles],
            "currentWorkspace": lambda: WorkspaceNode(self._workspace, self._url()),
            "createApiKey": self._create_api_key,
            "updateApiKey": self._update_api_key,
            "revokeApiKey": self._revoke_api_key,
            "generateApiKeyToken": self._generate_token,
            "uploadFilesFieldFile": self._upload,
            "uploadFilesFieldFileByUniversalIdentifier": self._upload_by_universal_identifier,
            "createFileUpload": lambda filename, size, **_: self._files.begin(filename, int(size)),
            "completeFileUpload": lambda fileId: self._files.complete(fileId),  # noqa: N803
        }

    # Objects, fields, indexes

    def _object_nodes(self) -> list[ObjectNode]:
        found = [ObjectNode(self._workspace, each) for each in self._workspace.model.objects.values()]
        return sorted(found, key=lambda node: node.id, reverse=True)

    def _objects(self, paging: dict[str, Any], filter: dict[str, Any]) -> Connection[ObjectNode]:
        return Connection(self._object_nodes(), paging, filter)

    def _object(self, id: str) -> ObjectNode:
        of = self._workspace.model.object_by_id(id)
        if of is None:
            raise _not_found("Object not found")
        return ObjectNode(self._workspace, of)

    def _fields(self, paging: dict[str, Any], filter: dict[str, Any]) -> Connection[FieldNode]:
        found = [field for node in self._object_nodes() for field in node.fields_list]
        return Connection(sorted(found, key=lambda node: node.id, reverse=True), paging, filter)

    def _field(self, id: str) -> FieldNode:
        found = self._workspace.model.field_by_id(id)
        if found is None:
            raise _not_found("Field not found")
        return FieldNode(self._workspace, *found)

    def _index_nodes(self) -> list[IndexNode]:
        objects = self._workspace.model.objects.values()
        found = [index for of in objects for index in index_nodes(self._workspace, of)]
        return sorted(found, key=lambda node: node.id, reverse=True)

    def _indexes(self, paging: dict[str, Any], filter: dict[str, Any]) -> Connection[IndexNode]:
        return Connection(self._index_nodes(), paging, filter)

    def _index(self, id: str) -> IndexNode:
        for each in self._index_nodes():
            if each.id == id:
                return each
        raise _not_found("Index not found")

    def _create_object(self, input: dict[str, Any]) -> ObjectNode:  # noqa: A002
        model, given = self._workspace.model, input["object"]
        of = self._change(lambda: object_changes.create_object(model, given, strict=self._strict))
        return ObjectNode(self._workspace, of)

    def _update_object(self, input: dict[str, Any]) -> ObjectNode:  # noqa: A002
        model = self._workspace.model
        of = self._change(lambda: object_changes.update_object(model, input["id"], input["update"]))
        return ObjectNode(self._workspace, of)

    def _delete_object(self, input: dict[str, Any]) -> ObjectNode:  # noqa: A002
        model = self._workspace.model
        of = self._change(lambda: object_changes.delete_object(model, input["id"]))
        return ObjectNode(self._workspace, of)

    def _create_field(self, input: dict[str, Any]) -> FieldNode:  # noqa: A002
        model, given = self._workspace.model, input["field"]
        field = self._change(lambda: field_changes.create_field(model, given, strict=self._strict))
        return self._field(field.id)

    def _update_field(self, input: dict[str, Any]) -> FieldNode:  # noqa: A002
        model = self._workspace.model
        field = self._change(lambda: field_changes.update_field(model, input["id"], input["update"]))
        return self._field(field.id)

    def _delete_field(self, input: dict[str, Any]) -> FieldNode:  # noqa: A002
        node = self._field(input["id"])
        self._change(lambda: field_changes.delete_field(self._workspace.model, input["id"]))
        return node

    def _create_index(self, input: dict[str, Any]) -> IndexNode:  # noqa: A002
        model = self._workspace.model
        of, index = self._change(lambda: index_changes.create_index(model, input["index"]))
        return IndexNode(self._workspace, of, index.fields, asked_for=index)

    def _delete_index(self, input: dict[str, Any]) -> IndexNode:  # noqa: A002
        node = self._index(input["id"])
        self._change(lambda: index_changes.delete_index(self._workspace.model, input["id"]))
        return node

    def _upload(self, file: Upload, fieldMetadataId: str) -> dict[str, Any]:  # noqa: N803
        found = self._workspace.model.field_by_id(fieldMetadataId)
        if found is None or found[1].type != "FILES":
            message = "A file can only be uploaded for a field of type FILES"
            raise GraphQLError(message, extensions={"code": "BAD_USER_INPUT", "userFriendlyMessage": message})
        return self._files.described(self._files.save(file))

    def _upload_by_universal_identifier(self, file: Upload, fieldMetadataUniversalIdentifier: str) -> dict[str, Any]:  # noqa: N803
        objects = self._workspace.model.objects.values()
        ids = {universal_identifier(field.id): field.id for of in objects for field in of.fields.values()}
        return self._upload(file, ids.get(fieldMetadataUniversalIdentifier, ""))

    # Webhooks

    def _webhook(self, id: str = "", input: dict[str, Any] | None = None) -> WebhookNode | None:  # noqa: A002
        found = self._workspace.webhooks.get(input["id"] if input else id)
        return WebhookNode(found) if found else None

    def _create_webhook(self, input: dict[str, Any]) -> WebhookNode:  # noqa: A002
        self._check_url(input["targetUrl"], "create")
        secret = input.get("secret")
        if secret is None and self._strict:
            message = 'null value in column "secret" of relation "webhook" violates not-null constraint'
            raise GraphQLError(message)
        hook = Webhook(
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

    def _existing_webhook(self, hook_id: str) -> Webhook:
        hook = self._workspace.webhooks.get(hook_id)
        if hook is None:
            raise _not_found("Webhook not found")
        return hook

    def _check_url(self, url: str, action: Any) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return
        message = "Invalid target URL provided"
        if self._strict:
            raise GraphQLError(
                message, extensions={"code": "BAD_USER_INPUT", "userFriendlyMessage": "An error occurred."}
            )
        refused = reason("INVALID_TARGET_URL", message, "Please provide a valid HTTP or HTTPS URL")
        raise ValidationFailedError(
            action, "webhook", {"webhook": [entry("webhook", action, [refused], targetUrl=url)]}
        )

    # API keys: an older server lets a key manage keys (Twenty 1.10, November 2025)

    def _api_key(self, input: dict[str, Any]) -> ApiKeyNode | None:  # noqa: A002
        found = self._workspace.api_keys.get(input["id"])
        return ApiKeyNode(self._workspace, found) if found else None

    def _create_api_key(self, input: dict[str, Any]) -> ApiKeyNode:  # noqa: A002
        if not self._strict:
            raise _session_needed()
        if input["roleId"] not in {role.id for role in self._workspace.roles}:
            raise _not_found("Role not found")
        key = self._workspace.new_api_key(input["name"], input["expiresAt"], input["roleId"])
        self._workspace.save()
        return ApiKeyNode(self._workspace, key)

    def _update_api_key(self, input: dict[str, Any]) -> ApiKeyNode | None:  # noqa: A002
        if not self._strict:
            raise _session_needed()
        key = self._workspace.api_keys.get(input["id"])
        if key is None:
            return None
        key.name = input.get("name") or key.name
        key.expires_at = input.get("expiresAt") or key.expires_at
        key.revoked_at = input.get("revokedAt", key.revoked_at)
        return self._saved_key(key.id)

    def _revoke_api_key(self, input: dict[str, Any]) -> ApiKeyNode | None:  # noqa: A002
        if not self._strict:
            raise _session_needed()
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
        if not self._strict:
            raise _session_needed()
        key = self._workspace.api_keys.get(arguments["apiKeyId"])
        if key is None:
            raise _not_found("API key not found")
        return {"token": key.token}


def not_in_sandbox(what: str) -> GraphQLError:
    """For what the real server has and the sandbox has not."""
    return GraphQLError(
        f"The sandbox doesn't have {what}",
        extensions={"code": "NOT_IN_SANDBOX", "userFriendlyMessage": "An error occurred."},
    )
