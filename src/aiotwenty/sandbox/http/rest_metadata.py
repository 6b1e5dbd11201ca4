"""`/rest/metadata/objects`: what `/metadata` says of objects and fields, over REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiotwenty.sandbox.metadata.nodes import FieldNode, ObjectNode, RelationNode
from aiotwenty.sandbox.metadata.pages import Connection
from aiotwenty.sandbox.model.workspace import Workspace

_OBJECT_KEYS = (
    "id",
    "universalIdentifier",
    "nameSingular",
    "namePlural",
    "labelSingular",
    "labelPlural",
    "description",
    "icon",
    "isRemote",
    "isActive",
    "isSystem",
    "isUIReadOnly",
    "isSearchable",
    "applicationId",
    "createdAt",
    "updatedAt",
    "labelIdentifierFieldMetadataId",
    "imageIdentifierFieldMetadataId",
)
_FIELD_KEYS = (
    "id",
    "universalIdentifier",
    "type",
    "name",
    "label",
    "description",
    "icon",
    "isActive",
    "isSystem",
    "isUIReadOnly",
    "isNullable",
    "isUnique",
    "defaultValue",
    "options",
    "settings",
    "objectMetadataId",
    "createdAt",
    "updatedAt",
)


def list_objects(workspace: Workspace, query: Mapping[str, str], strict: bool) -> tuple[int, dict[str, Any]]:
    """All objects with their fields, or a page of them: `limit`, `starting_after`, `ending_before`.

    Servers of November 2025 (1.10) refuse these parameters.
    """
    if strict and query:
        return _failed(400, "BadRequestException", f"Invalid parameters: {', '.join(query)}")
    paging: dict[str, Any] = {"after": query.get("starting_after"), "before": query.get("ending_before")}
    if (limit := query.get("limit")) is not None:
        if not limit.isdigit() or limit == "0":
            return _failed(400, "BadRequestException", f"limit '{limit}' is invalid. Should be a positive integer")
        paging["last" if paging["before"] else "first"] = int(limit)
    nodes = [ObjectNode(workspace, each) for each in workspace.model.objects.values()]
    page = Connection(sorted(nodes, key=lambda node: node.id, reverse=True), paging, {})
    objects = [_object(node) for node in page.nodes]
    return 200, {"data": {"objects": objects}, "pageInfo": page.page_info, "totalCount": len(nodes)}


def get_object(workspace: Workspace, name: str) -> tuple[int, dict[str, Any]]:
    """One object by its id, its singular or its plural name."""
    for each in workspace.model.objects.values():
        if name in (each.id, each.name_singular, each.name_plural):
            return 200, {"data": {"object": _object(ObjectNode(workspace, each))}}
    return _failed(404, "NotFoundException", f"Object '{name}' not found")


def _failed(status: int, error: str, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"statusCode": status, "error": error, "messages": [message]}


def _object(node: ObjectNode) -> dict[str, Any]:
    return {key: node.get(key) for key in _OBJECT_KEYS} | {"fields": [_field(each) for each in node.fields_list]}


def _field(node: FieldNode) -> dict[str, Any]:
    said = {key: node.get(key) for key in _FIELD_KEYS}
    if node.relation is not None:
        said["relation"] = _relation(node.relation)
    if node.morph_relations is not None:
        said["morphRelations"] = [_relation(each) for each in node.morph_relations]
    return said


def _relation(node: RelationNode) -> dict[str, Any]:
    target_keys = ("id", "nameSingular", "namePlural")
    return {
        "type": node.type,
        "targetObjectMetadata": {key: node.target_object_metadata.get(key) for key in target_keys},
        "targetFieldMetadata": {key: node.target_field_metadata.get(key) for key in ("id", "name")},
    }
