"""Creates and deletes indexes as `/metadata` does: they are never unique."""

from __future__ import annotations

from typing import Any

from aiotwenty.sandbox.metadata.failures import ValidationFailedError, entry, reason
from aiotwenty.sandbox.model.composites import COMPOSITES
from aiotwenty.sandbox.model.data_model import DataModel, ModelIndex, ModelObject
from aiotwenty.sandbox.model.workspace import new_id, now


def create_index(model: DataModel, requested: dict[str, Any]) -> tuple[ModelObject, ModelIndex]:
    of = model.object_by_id(requested["objectMetadataId"])
    if of is None:
        missing = reason(
            "INDEX_OBJECT_NOT_FOUND", "Could not find index related object metadata", "Index related object not found"
        )
        raise _failure("create", [missing])
    by_id = {field.id: field for field in of.fields.values()}
    fields: list[tuple[str, str | None]] = []
    for requested_field in requested["fields"]:
        field, part = by_id.get(requested_field["fieldMetadataId"]), requested_field.get("subFieldName")
        if field is None or (part is not None and part not in COMPOSITES.get(field.type, {})):
            missing = reason(
                "INDEX_FIELD_NOT_FOUND",
                "Could not find index field related field metadata",
                "Field referenced in index does not exist",
            )
            raise _failure("create", [missing])
        fields.append((field.name, part))
    if not fields or any(index.fields == fields for index in of.indexes):
        message = "Index with same name already exists" if fields else "An index needs at least one field"
        raise _failure("create", [reason("INDEX_ALREADY_EXISTS" if fields else "INVALID_INDEX_INPUT", message)])
    index = ModelIndex(new_id(), fields, now())
    of.indexes.append(index)
    model.changed()
    return of, index


def delete_index(model: DataModel, index_id: str) -> None:
    """Deletes an index that a user created; those of unique fields and relations stay."""
    for of in model.objects.values():
        for index in of.indexes:
            if index.id == index_id:
                of.indexes.remove(index)
                model.changed()
                return
    raise _failure("delete", [reason("INDEX_NOT_DELETABLE", "Only custom indexes can be deleted")])


def _failure(action: Any, reasons: list[dict[str, Any]]) -> ValidationFailedError:
    return ValidationFailedError(action, "index", {"index": [entry("index", action, reasons)]})
