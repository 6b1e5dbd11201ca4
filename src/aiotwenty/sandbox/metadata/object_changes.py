"""Creates, changes and deletes objects as `/metadata` does.

Each function checks first and then changes the model. Refusals have the errors of the real server.
"""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.metadata.failures import ValidationFailedError, entry, reason
from aiotwenty.sandbox.metadata.field_changes import VIEWS, new_field, undeletable, unlink
from aiotwenty.sandbox.metadata.field_checks import name_reasons, not_available
from aiotwenty.sandbox.model.data_model import (
    DataModel,
    ModelObject,
    ModelRelation,
    relation_name,
    stable_id,
    universal_identifier,
)
from aiotwenty.sandbox.model.names import index_name, pascal, upper_first
from aiotwenty.sandbox.model.renaming import rename_object
from aiotwenty.sandbox.model.workspace import new_id, now

_TARGETS = (
    ("timelineActivities", "timelineActivity", "Timeline Activities"),
    ("attachments", "attachment", "Attachments"),
    ("noteTargets", "noteTarget", "Notes"),
    ("taskTargets", "taskTarget", "Tasks"),
)
"""The relations of every custom object, and the objects whose `target` then includes its records."""

_TYPE_NAMES = """
Query Mutation Subscription Int Float String Boolean BigFloat DateTime Position Cursor ConnectionCursor PageInfo Actor
Emails FileObject FullName Links Phones RichText FilterIs OrderByDirection DateGranularityEnum
"""
_OTHER_TYPES = frozenset(_TYPE_NAMES.split())
"""Types that every workspace has, whatever its objects."""


def create_object(model: DataModel, requested: dict[str, Any], *, dialect: Dialect = LATEST) -> ModelObject:
    """Creates a custom object with its base fields, and its relations to notes, tasks, attachments and the timeline."""
    singular, plural = requested["nameSingular"], requested["namePlural"]
    reasons = _names_reasons(singular, plural, camel_case=dialect.wants_camel_case_names) + [
        reason("INVALID_OBJECT_INPUT", f"Object {key} cannot be empty")
        for key in ("labelSingular", "labelPlural")
        if not requested[key].strip()
    ]
    taken = {name for other in model.objects.values() for name in (other.name_singular, other.name_plural)}
    exists = singular in taken or plural in taken
    if exists:
        reasons.append(reason("OBJECT_ALREADY_EXISTS", "Object already exists"))
    if not exists and not reasons:
        types = {pascal(taken_name) for taken_name in taken}
        reasons += [_not_available(name) for name in (singular, plural) if pascal(name) in types]
    new = _new_object(requested)
    if reasons:
        raise _object_failure(new, reasons, exists)
    if dialect.stores_empty_texts and "name" in new.fields:
        new.fields["name"].forbid_null()
    model.objects[singular] = new
    for field_name, target, label in _TARGETS:
        _add_target(model, new, field_name, target, label)
    model.changed()
    return new


def _names_reasons(singular: str, plural: str, *, camel_case: bool = False) -> list[dict[str, Any]]:
    reasons = [
        wrong | {"code": "INVALID_OBJECT_INPUT"}
        for name in (singular, plural)
        for wrong in name_reasons(name, camel_case=camel_case)
    ]
    if singular == plural:
        message = "The singular and plural names cannot be the same for an object"
        reasons.append(reason("INVALID_OBJECT_INPUT", message))
    reasons += [_not_available(name) for name in (singular, plural) if pascal(name) in _OTHER_TYPES]
    return reasons


def _not_available(name: str) -> dict[str, Any]:
    return reason("INVALID_OBJECT_INPUT", f'Name "{name}" is not available')


def _rename_reasons(model: DataModel, of: ModelObject, singular: str, plural: str) -> list[dict[str, Any]]:
    if not of.is_custom:
        return [reason("INVALID_OBJECT_INPUT", "Standard objects cannot be renamed")]
    reasons = _names_reasons(singular, plural)
    others = (other for other in model.objects.values() if other is not of)
    if {singular, plural} & {name for other in others for name in (other.name_singular, other.name_plural)}:
        reasons.append(reason("OBJECT_ALREADY_EXISTS", "Object already exists"))
    return reasons


def _new_object(requested: dict[str, Any]) -> ModelObject:
    named = not requested.get("skipNameField")
    fields = [new_field("name", "TEXT", "Name")] if named else []
    actor = {"name": "''", "source": "'MANUAL'"}
    fields += [
        new_field("id", "UUID", "Id", default="uuid", system=True),
        new_field("createdAt", "DATE_TIME", "Creation date", default="now", system=True),
        new_field("createdBy", "ACTOR", "Created by", default=actor, system=True),
        new_field("deletedAt", "DATE_TIME", "Deleted at", system=True, nullable=True),
        new_field("position", "POSITION", "Position", default=0, system=True),
        new_field("searchVector", "TS_VECTOR", "Search vector", system=True, nullable=True),
        new_field("updatedAt", "DATE_TIME", "Last update", default="now", system=True),
        new_field("updatedBy", "ACTOR", "Updated by", default=actor, system=True),
    ]
    moment = now()
    return ModelObject(
        id=new_id(),
        name_singular=requested["nameSingular"],
        name_plural=requested["namePlural"],
        label_singular=requested["labelSingular"],
        label_plural=requested["labelPlural"],
        fields={field.name: field for field in fields},
        description=requested.get("description"),
        icon=requested.get("icon"),
        shortcut=requested.get("shortcut"),
        color=requested.get("color"),
        is_label_synced_with_name=bool(requested.get("isLabelSyncedWithName")),
        label_identifier="name" if named else "id",
        is_searchable=True,
        is_custom=True,
        created_at=moment,
        updated_at=moment,
    )


def _add_target(model: DataModel, new: ModelObject, field_name: str, target: str, label: str) -> None:
    other = model.objects.get(target)
    morph = other.fields.get("target") if other else None
    if morph is None:
        return
    field = new_field(field_name, "RELATION", label)
    field.relations = [ModelRelation(field_name, "ONE_TO_MANY", target, "target")]
    field.settings = {"relationType": "ONE_TO_MANY"}
    new.fields[field_name] = field
    name = relation_name("target", "MANY_TO_ONE", new.name_singular, new.name_plural, True)
    morph.relations.append(
        ModelRelation(name, "MANY_TO_ONE", new.name_singular, field_name, f"{name}Id", on_delete="SET_NULL")
    )


def _object_failure(new: ModelObject, reasons: list[dict[str, Any]], exists: bool) -> ValidationFailedError:
    """The error with everything that would have failed with the object."""
    failed_object = entry(
        "objectMetadata", "create", reasons, namePlural=new.name_plural, nameSingular=new.name_singular
    )
    view = reason("INVALID_VIEW_DATA", "Object metadata not found")
    not_searched = [
        reason("FIELD_METADATA_NOT_FOUND", "Field metadata not found"),
        reason(
            "TS_VECTOR_FIELD_METADATA_NOT_FOUND",
            "TS_VECTOR field metadata not found",
            "Search vector field not found",
        ),
        reason("OBJECT_METADATA_NOT_FOUND", "Object metadata not found"),
    ]
    search_field = entry("searchFieldMetadata", "create", not_searched, objectMetadataUniversalIdentifier=new.id)
    return ValidationFailedError(
        "create",
        "object",
        {
            "fieldMetadata": _failed_fields(new, exists),
            "objectMetadata": [failed_object],
            "view": [entry("view", "create", [view]) for _ in range(VIEWS)],
            "viewField": _failed_view_fields(new),
            "index": _failed_indexes(new, exists),
            "searchFieldMetadata": [search_field],
        },
    )


def _failed_fields(new: ModelObject, exists: bool) -> list[dict[str, Any]]:
    missing = reason(
        "OBJECT_METADATA_NOT_FOUND", "Object metadata not found", "Field to create related object not found"
    )
    no_target = reason(
        "OBJECT_METADATA_NOT_FOUND",
        "Relation target object metadata not found",
        "Object targeted by the relation not found",
    )
    target = f"target{upper_first(new.name_singular)}"
    taken = [not_available(target)] if exists else []
    own = [
        entry("fieldMetadata", "create", [missing], name=name, objectMetadataUniversalIdentifier=new.id)
        for name in (*new.fields, *(name for name, _, _ in _TARGETS))
    ]
    of_others = [
        entry(
            "fieldMetadata",
            "create",
            [*taken, no_target],
            name=target,
            objectMetadataUniversalIdentifier=universal_identifier(stable_id("object", other)),
        )
        for _, other, _ in _TARGETS
    ]
    return [*own, *of_others]


def _failed_view_fields(new: ModelObject) -> list[dict[str, Any]]:
    no_field = reason("INVALID_VIEW_DATA", "Field metadata not found")
    no_view = reason("INVALID_VIEW_DATA", "View not found")
    return [
        entry(
            "viewField",
            "create",
            [no_field, no_view],
            viewUniversalIdentifier=new_id(),
            fieldMetadataUniversalIdentifier=field.id,
        )
        for field in new.fields.values()
    ]


def _failed_indexes(new: ModelObject, exists: bool) -> list[dict[str, Any]]:
    no_field = reason(
        "INDEX_FIELD_NOT_FOUND",
        "Could not find index field related field metadata",
        "Field referenced in index does not exist",
    )
    no_object = reason(
        "INDEX_OBJECT_NOT_FOUND", "Could not find index related object metadata", "Index related object not found"
    )
    existing = [reason("INDEX_ALREADY_EXISTS", "Index with same name already exists")] if exists else []
    return [
        entry("index", "create", [*first, *existing, no_field], name=index_name(new.name_singular, name))
        for name, first in (("searchVector", [no_object]), *((name, []) for name, _, _ in _TARGETS))
    ]


def update_object(model: DataModel, object_id: str, requested: dict[str, Any]) -> ModelObject:
    """Changes names, labels, icon, description, activity, searchability and label identifier."""
    of = _existing_object(model, object_id)
    singular = requested.get("nameSingular") or of.name_singular
    plural = requested.get("namePlural") or of.name_plural
    renamed = (singular, plural) != (of.name_singular, of.name_plural)
    reasons = _rename_reasons(model, of, singular, plural) if renamed else []
    identifier = requested.get("labelIdentifierFieldMetadataId")
    named = next((field for field in of.fields.values() if field.id == identifier), None)
    if identifier is not None and (named is None or named.type not in ("TEXT", "FULL_NAME", "UUID", "NUMBER")):
        reasons.append(
            reason("INVALID_OBJECT_INPUT", "labelIdentifierFieldMetadataId validation failed: invalid field")
        )
    if reasons:
        failed_object = entry(
            "objectMetadata", "update", reasons, namePlural=of.name_plural, nameSingular=of.name_singular
        )
        raise ValidationFailedError("update", "object", {"objectMetadata": [failed_object]})
    for key, attribute in _OBJECT_UPDATES.items():
        if key in requested and (requested[key] is not None or key in _CLEARABLE):
            setattr(of, attribute, requested[key])
    if named is not None:
        of.label_identifier = named.name
    if renamed:
        rename_object(model, of, singular, plural)
    of.updated_at = now()
    model.changed()
    return of


_OBJECT_UPDATES = {
    "labelSingular": "label_singular",
    "labelPlural": "label_plural",
    "description": "description",
    "icon": "icon",
    "shortcut": "shortcut",
    "color": "color",
    "isActive": "is_active",
    "isSearchable": "is_searchable",
    "isLabelSyncedWithName": "is_label_synced_with_name",
}
_CLEARABLE = frozenset({"description", "icon", "shortcut", "color"})


def delete_object(model: DataModel, object_id: str) -> ModelObject:
    """Deletes a custom object with its records and the relations to it."""
    of = _existing_object(model, object_id)
    if not of.is_custom:
        fields = [
            entry("fieldMetadata", "delete", reasons, name=field.name, objectMetadataUniversalIdentifier=of.id)
            for field in of.fields.values()
            if (reasons := undeletable(of, field))
        ]
        refused = reason("INVALID_OBJECT_INPUT", "Standard objects cannot be deleted")
        failed_object = entry(
            "objectMetadata", "delete", [refused], namePlural=of.name_plural, nameSingular=of.name_singular
        )
        raise ValidationFailedError("delete", "object", {"fieldMetadata": fields, "objectMetadata": [failed_object]})
    # The other end of a relation to itself goes with the field.
    for field in [*of.fields.values()]:
        unlink(model, of, field)
    del model.objects[of.name_singular]
    model.changed()
    return of


def _existing_object(model: DataModel, object_id: str) -> ModelObject:
    of = model.object_by_id(object_id)
    if of is None:
        extensions = {"code": "INTERNAL_SERVER_ERROR", "userFriendlyMessage": "An error occurred."}
        raise GraphQLError("Could not find flat entity in maps", extensions=extensions)
    return of
