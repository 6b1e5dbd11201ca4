"""Resolvers of `/metadata` for objects, fields and indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.language.schema_execution import known_uuid, not_found
from aiotwenty.sandbox.metadata import field_changes, index_changes, object_changes
from aiotwenty.sandbox.metadata.failures import ValidationFailedError
from aiotwenty.sandbox.metadata.model_nodes import FieldNode, IndexNode, ObjectNode, index_nodes
from aiotwenty.sandbox.metadata.pages import NodeConnection
from aiotwenty.sandbox.model.data_model import DataModel
from aiotwenty.sandbox.model.model_text import read_objects
from aiotwenty.sandbox.model.workspace import SandboxWorkspace


def _not_with_these_records(error: sqlite3.IntegrityError) -> GraphQLError:
    message = f"The records that are there don't allow this change: {error}"
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT", "userFriendlyMessage": message})


class ModelResolvers:
    """Reads and changes the data model. `apply` is called after each change, to follow it."""

    def __init__(self, workspace: SandboxWorkspace, apply: Callable[[DataModel], None], dialect: Dialect) -> None:
        self._workspace = workspace
        self._apply = apply
        self._dialect = dialect

    def table(self) -> dict[str, Callable[..., Any]]:
        """The root fields by name."""
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
        }

    def _change(self, action: Callable[[], Any]) -> Any:
        """Changes the data model and then the database, or neither."""
        before = self._workspace.model_text()
        try:
            changed = action()
            self._apply(self._workspace.model)
        except ValidationFailedError:
            # Refused before anything changed.
            raise
        except BaseException as error:
            self._workspace.model.replace(read_objects(before))
            self._apply(self._workspace.model)
            if isinstance(error, sqlite3.IntegrityError):
                raise _not_with_these_records(error) from None
            raise
        self._workspace.save()
        return changed

    def object_nodes(self) -> list[ObjectNode]:
        found = [ObjectNode(self._workspace, each) for each in self._workspace.model.objects.values()]
        return sorted(found, key=lambda node: node.id, reverse=True)

    def field_nodes(self) -> list[FieldNode]:
        fields = [field for node in self.object_nodes() for field in node.fields_list]
        return sorted(fields, key=lambda node: node.id, reverse=True)

    def _objects(self, paging: dict[str, Any], filter: dict[str, Any]) -> NodeConnection[ObjectNode]:
        return NodeConnection(self.object_nodes(), paging, filter)

    def _object(self, id: str) -> ObjectNode:
        of = self._workspace.model.object_by_id(known_uuid(id))
        if of is None:
            raise not_found("ObjectMetadataEntity", id)
        return ObjectNode(self._workspace, of)

    def _fields(self, paging: dict[str, Any], filter: dict[str, Any]) -> NodeConnection[FieldNode]:
        return NodeConnection(self.field_nodes(), paging, filter)

    def _field(self, id: str) -> FieldNode:
        found = self._workspace.model.field_by_id(known_uuid(id))
        if found is None:
            raise not_found("FieldMetadataEntity", id)
        return FieldNode(self._workspace, *found)

    def _index_nodes(self) -> list[IndexNode]:
        objects = self._workspace.model.objects.values()
        indexes = [index for of in objects for index in index_nodes(self._workspace, of)]
        return sorted(indexes, key=lambda node: node.id, reverse=True)

    def _indexes(self, paging: dict[str, Any], filter: dict[str, Any]) -> NodeConnection[IndexNode]:
        return NodeConnection(self._index_nodes(), paging, filter)

    def _index(self, id: str) -> IndexNode:
        known_uuid(id)
        for index in self._index_nodes():
            if index.id == id:
                return index
        raise not_found("IndexMetadataEntity", id)

    def _create_object(self, input: dict[str, Any]) -> ObjectNode:  # noqa: A002
        model, given = self._workspace.model, input["object"]
        of = self._change(lambda: object_changes.create_object(model, given, dialect=self._dialect))
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
        field = self._change(lambda: field_changes.create_field(model, given, dialect=self._dialect))
        node = self._field(field.id)
        if field.type == "MORPH_RELATION" and field.relations[0].kind == "ONE_TO_MANY":
            # The server returns one of the parts, with the part's own name (Twenty, November 2026).
            node.name = field.relations[0].name
        return node

    def _update_field(self, input: dict[str, Any]) -> FieldNode:  # noqa: A002
        model = self._workspace.model
        field = self._change(lambda: field_changes.update_field(model, input["id"], input["update"]))
        return self._field(field.id)

    def _delete_field(self, input: dict[str, Any]) -> FieldNode:  # noqa: A002
        found = self._workspace.model.field_by_id(input["id"])
        node = FieldNode(self._workspace, *found) if found else None
        self._change(lambda: field_changes.delete_field(self._workspace.model, input["id"]))
        assert node is not None
        return node

    def _create_index(self, input: dict[str, Any]) -> IndexNode:  # noqa: A002
        model = self._workspace.model
        of, index = self._change(lambda: index_changes.create_index(model, input["index"]))
        return IndexNode(self._workspace, of, index.fields, asked_for=index)

    def _delete_index(self, input: dict[str, Any]) -> IndexNode:  # noqa: A002
        node = self._index(input["id"])
        self._change(lambda: index_changes.delete_index(self._workspace.model, input["id"]))
        return node
