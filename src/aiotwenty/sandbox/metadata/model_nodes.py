"""The objects, fields, relations and indexes of `/metadata`: one class for each type of its schema.

An attribute is the GraphQL field in snake_case; a method is a field with arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiotwenty.sandbox.metadata.pages import NodeConnection
from aiotwenty.sandbox.model.data_model import (
    CUSTOM_APPLICATION,
    STANDARD_APPLICATION,
    ModelField,
    ModelIndex,
    ModelObject,
    ModelRelation,
    stable_id,
    universal_identifier,
)
from aiotwenty.sandbox.model.names import index_name, snake
from aiotwenty.sandbox.model.workspace import (
    SandboxWorkspace,
)


def application_of(custom: bool) -> str:
    return CUSTOM_APPLICATION if custom else STANDARD_APPLICATION


class Node:
    def get(self, name: str) -> Any:
        """The value of a field without arguments, by its GraphQL name."""
        return getattr(self, snake(name))


class ObjectNode(Node):
    is_remote = False
    image_identifier_field_metadata_id = None
    open_record_in = "SIDE_PANEL"
    readability = "OPEN"
    writability = "OPEN"
    readability_parent_field_universal_identifiers = None

    def __init__(self, workspace: SandboxWorkspace, of: ModelObject) -> None:
        self._workspace = workspace
        self._of = of
        self.id = of.id
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
        self.application_id = application_of(of.is_custom)
        self.created_at = of.created_at
        self.updated_at = of.updated_at
        self.is_label_synced_with_name = of.is_label_synced_with_name
        self.duplicate_criteria = of.duplicate_criteria

    @property
    def universal_identifier(self) -> str:
        return universal_identifier(self.id)

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

    def fields(self, paging: dict[str, Any], filter: dict[str, Any]) -> NodeConnection[FieldNode]:
        return NodeConnection(self.fields_list, paging, filter)

    def index_metadatas(self, paging: dict[str, Any], filter: dict[str, Any]) -> NodeConnection[IndexNode]:
        return NodeConnection(self.index_metadata_list, paging, filter)


class FieldNode(Node):
    is_searchable = None
    is_audit_logged = None
    writability = "OPEN"

    def __init__(self, workspace: SandboxWorkspace, owner: ModelObject, of: ModelField) -> None:
        self._workspace = workspace
        self._owner = owner
        self._of = of
        self.id = of.id
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
        self.application_id = application_of(of.is_custom)

    @property
    def universal_identifier(self) -> str:
        return universal_identifier(self.id)

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
    def __init__(
        self, workspace: SandboxWorkspace, owner: ModelObject, field: ModelField, relation: ModelRelation
    ) -> None:
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
        workspace: SandboxWorkspace,
        of: ModelObject,
        fields: list[tuple[str, str | None]],
        *,
        unique: bool = False,
        kind: str = "BTREE",
        asked_for: ModelIndex | None = None,
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

    def object_metadata(self, paging: dict[str, Any], filter: dict[str, Any]) -> NodeConnection[ObjectNode]:
        return NodeConnection([ObjectNode(self._workspace, self._of)], paging, filter)


def index_nodes(workspace: SandboxWorkspace, of: ModelObject) -> Iterable[IndexNode]:
    """The indexes of an object: unique ones, the one for searching, those of foreign keys, and those of users."""
    for names in of.unique_indexes:
        yield IndexNode(workspace, of, [(name, None) for name in names], unique=True)
    if "searchVector" in of.fields:
        yield IndexNode(workspace, of, [("searchVector", None)], kind="GIN")
    for field in of.fields.values():
        if any(relation.join_column for relation in field.relations):
            yield IndexNode(workspace, of, [(field.name, None)])
    for index in of.indexes:
        yield IndexNode(workspace, of, index.fields, asked_for=index)
