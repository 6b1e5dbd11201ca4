"""`/rest/metadata/…`: the data model of `/metadata` over REST."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.javascript_messages import whole_number
from aiotwenty.sandbox.metadata.access_resolvers import AccessResolvers
from aiotwenty.sandbox.metadata.entities import KINDS, Entity, Kind, ViewEntities
from aiotwenty.sandbox.metadata.failures import ValidationFailedError
from aiotwenty.sandbox.metadata.model_nodes import FieldNode, Node, ObjectNode, RelationNode
from aiotwenty.sandbox.metadata.model_resolvers import ModelResolvers
from aiotwenty.sandbox.metadata.workspace_nodes import ApiKeyNode, WebhookNode
from aiotwenty.sandbox.model.scalars import UUID_TEXT
from aiotwenty.sandbox.model.workspace import Caller, SandboxWorkspace

Answer = tuple[int, Any]
"""Status and body; the body `NoEntity` is sent empty."""
_OBJECT_KEYS = (
    *("id", "universalIdentifier", "nameSingular", "namePlural", "labelSingular", "labelPlural", "description"),
    *("icon", "shortcut", "color", "isCustom", "isRemote", "isActive", "isSystem", "isUIReadOnly", "isSearchable"),
    *("applicationId", "createdAt", "updatedAt", "labelIdentifierFieldMetadataId"),
    *("imageIdentifierFieldMetadataId", "isLabelSyncedWithName", "duplicateCriteria"),
)
_FIELD_KEYS = (
    *("id", "universalIdentifier", "type", "name", "label", "description", "icon", "isCustom", "isActive", "isSystem"),
    *("isUIReadOnly", "isNullable", "isUnique", "defaultValue", "options", "settings", "objectMetadataId"),
    *("isLabelSyncedWithName", "morphId", "createdAt", "updatedAt", "applicationId"),
)
_WEBHOOK_KEYS = (
    "id",
    "targetUrl",
    "operations",
    "description",
    "secret",
    "applicationId",
    "createdAt",
    "updatedAt",
    "deletedAt",
)
_KEY_KEYS = ("id", "name", "expiresAt", "revokedAt", "createdAt", "updatedAt")
_ENTITIES = {kind.path: kind for kind in KINDS.values()}
PATHS = frozenset({"objects", "fields", "webhooks", "apiKeys", *_ENTITIES} - {"viewFieldGroups"})
"""The collections under `/rest/metadata/`."""


class NoEntity:
    """Stands for an entity that doesn't exist, which is not an error."""


MISSING = NoEntity()


@dataclass(slots=True)
class MetadataOverRest:
    workspace: SandboxWorkspace
    model: ModelResolvers
    access: AccessResolvers
    entities: ViewEntities
    dialect: Dialect

    def answer(self, method: str, path: list[str], query: Mapping[str, str], payload: Any, caller: Caller) -> Answer:
        """Answers a request; `path` has the name of a collection, and the id of a member."""
        name, member = path[0], path[1] if len(path) > 1 else None
        sent = payload if isinstance(payload, dict) else {}
        try:
            if member is not None and not UUID_TEXT.fullmatch(member):
                raise errors.invalid_query(f"'{member}' is not a valid UUID")
            if name in ("objects", "fields"):
                return self._of_the_model(name, method, member, query, sent)
            if name == "webhooks":
                return self._webhooks(method, member, sent)
            if name == "apiKeys":
                return self._api_keys(method, member, caller)
            return self._entities(_ENTITIES[name], method, member, query, sent)
        except errors.RecordError as error:
            return failed(400, "BadRequestException", error.message)
        except ValidationFailedError as error:
            extensions = error.extensions or {}
            body = {"statusCode": 400, "error": "METADATA_VALIDATION_ERROR", "message": error.message}
            return 400, body | {key: extensions[key] for key in ("errors", "summary")}
        except GraphQLError as error:
            code = str((error.extensions or {}).get("code"))
            status, kind = (404, "NotFoundException") if code == "NOT_FOUND" else (400, "BadRequestException")
            return failed(status, kind, error.message)

    # Objects and fields

    def _of_the_model(
        self, name: str, method: str, member: str | None, query: Mapping[str, str], body: Entity
    ) -> Answer:
        singular = name[:-1]
        shown = _object if singular == "object" else _field
        verb = {"POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}.get(method)
        table = self.model.table()
        if verb is not None and (member is None) == (verb == "create"):
            if verb == "create" and (wrong := _unfilled(body, _NEEDED[singular])):
                return _invalid(wrong)
            change: Entity = {singular: body} if verb == "create" else {"id": member}
            if verb == "update":
                change["update"] = body
            return 201 if verb == "create" else 200, shown(table[f"{verb}One{singular.capitalize()}"](change))
        if method != "GET":
            return _no_such_route(method, name)
        if member is not None:
            return 200, shown(table[singular](member))
        nodes = self.model.object_nodes() if singular == "object" else self.model.field_nodes()
        return self._page(nodes, query, shown)

    def _page(self, nodes: list[Any], query: Mapping[str, str], shown: Callable[[Any], Entity]) -> Answer:
        """All nodes unless a limit is given; cursors are ids. An older server ignores parameters."""
        if not self.dialect.pages_rest_metadata and query:
            return failed(400, "BadRequestException", f"Invalid parameters: {', '.join(query)}")
        text = query.get("limit", "")
        requested = whole_number(text) if text else len(nodes)
        if requested is None or text == "0":
            raise errors.invalid_query(f"limit '{text}' is invalid. Should be an integer")
        limit = int(min(requested, len(nodes)))
        ids = [node.id for node in nodes]
        start, end = 0, len(nodes)
        if query.get("starting_after"):
            start = _place(ids, query["starting_after"]) + 1
        if query.get("ending_before"):
            end = _place(ids, query["ending_before"])
            start = max(start, end - limit)
        page = nodes[start : min(end, start + limit)]
        info = {
            "hasNextPage": start + len(page) < len(nodes),
            "startCursor": page[0].id if page else None,
            "endCursor": page[-1].id if page else None,
        }
        return 200, {"data": [shown(node) for node in page], "pageInfo": info, "totalCount": len(nodes)}

    # Webhooks and keys

    def _webhooks(self, method: str, member: str | None, body: Entity) -> Answer:
        table = self.access.table()
        match method, member:
            case "GET", None:
                return 200, [self._webhook(node) for node in table["webhooks"]()]
            case "GET", _:
                node = table["webhook"](member)
                return 200, MISSING if node is None else self._webhook(node)
            case "POST", None:
                wrong = [] if isinstance(body.get("targetUrl"), str) else ["targetUrl must be a string"]
                if not isinstance(body.get("operations"), list):
                    wrong += ["each value in operations must be a string", "operations must be an array"]
                return _invalid(wrong) if wrong else (201, self._webhook(table["createWebhook"](body)))
            case (("PATCH" | "PUT"), str()):
                return 200, self._webhook(table["updateWebhook"]({"id": member, "update": body}))
            case "DELETE", str():
                table["deleteWebhook"](member)
                return 200, True
        return _no_such_route(method, "webhooks")

    def _webhook(self, node: WebhookNode) -> Entity:
        return {key: node.get(key) for key in _WEBHOOK_KEYS} | {"workspaceId": self.workspace.id}

    def _api_keys(self, method: str, member: str | None, caller: Caller) -> Answer:
        keys = self.workspace.api_keys
        match method, member:
            case "GET", None:
                return 200, [self._api_key(key) for key in keys]
            case "GET", str():
                return (
                    (200, self._api_key(member))
                    if member in keys
                    else failed(404, "NotFoundException", "API Key not found")
                )
        if not caller.is_person and not self.dialect.keys_act_as_people:
            return failed(400, "FORBIDDEN_EXCEPTION", "This endpoint requires a session access token")
        return _no_such_route(method, "apiKeys")

    def _api_key(self, key_id: str) -> Entity:
        node = ApiKeyNode(self.workspace, self.workspace.api_keys[key_id])
        return {key: node.get(key) for key in _KEY_KEYS} | {"workspaceId": self.workspace.id}

    # Views and page layouts

    def _entities(self, kind: Kind, method: str, member: str | None, query: Mapping[str, str], body: Entity) -> Answer:
        match method, member:
            case "GET", None:
                parent = query.get(kind.parent or "")
                if kind.parent_needed and not parent:
                    return failed(400, "BadRequestException", f"{kind.parent} is required")
                return 200, self.entities.of(kind, parent)
            case "GET", str():
                entity = self.entities.find(kind, member)
                return (200, entity) if entity else failed(404, "NotFoundException", f"{kind.type} not found")
            case "POST", None:
                wrong = [f"{name} should not be empty" for name in kind.needed if body.get(name) in (None, "")]
                return _invalid(wrong) if wrong else (201, self.entities.create(kind, body))
            case (("PATCH" | "PUT"), str()):
                return 200, self.entities.update(kind, member, body)
            case "DELETE", str():
                self.entities.delete(kind, member)
                return 200, {"success": True}
        return _no_such_route(method, kind.path)


_NEEDED = {
    "object": ("nameSingular", "namePlural", "labelSingular", "labelPlural"),
    "field": ("type", "name", "label", "objectMetadataId"),
}


def _unfilled(given: Entity, names: tuple[str, ...]) -> list[str]:
    return [f"{name} must be a string" for name in names if not isinstance(given.get(name), str)]


def _place(ids: list[str], cursor: str) -> int:
    if cursor not in ids:
        raise errors.invalid_cursor(cursor)
    return ids.index(cursor)


def failed(status: int, error: str, message: str) -> Answer:
    return status, {"statusCode": status, "error": error, "messages": [message]}


def _invalid(messages: list[str]) -> Answer:
    return 400, {"message": messages, "error": "Bad Request", "statusCode": 400}


def _no_such_route(method: str, name: str) -> Answer:
    body = {"message": f"Cannot {method} /rest/metadata/{name}", "error": "Not Found", "statusCode": 404}
    return 404, body


def _object(node: ObjectNode) -> Entity:
    return {key: node.get(key) for key in _OBJECT_KEYS} | {"fields": [_field(each) for each in node.fields_list]}


def _field(node: FieldNode) -> Entity:
    made = {key: node.get(key) for key in _FIELD_KEYS}
    if node.relation is not None:
        made["relation"] = _relation(node.relation)
    if node.morph_relations is not None:
        made["morphRelations"] = [_relation(each) for each in node.morph_relations]
    return made


def _relation(node: RelationNode) -> Entity:
    def named(of: Node, *keys: str) -> Entity:
        return {key: of.get(key) for key in keys}

    return {
        "type": node.type,
        "sourceObjectMetadata": named(node.source_object_metadata, "id", "nameSingular", "namePlural"),
        "targetObjectMetadata": named(node.target_object_metadata, "id", "nameSingular", "namePlural"),
        "sourceFieldMetadata": named(node.source_field_metadata, "id", "name"),
        "targetFieldMetadata": named(node.target_field_metadata, "id", "name"),
    }
