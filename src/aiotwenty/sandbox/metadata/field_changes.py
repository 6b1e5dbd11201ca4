"""Creates, changes and deletes fields as `/metadata` does.

Each function checks first and then changes the model. Refusals have the errors of the real server.
"""

from __future__ import annotations

from typing import Any, cast

from graphql import GraphQLError

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.metadata.failures import Action, ValidationFailedError, entry, reason
from aiotwenty.sandbox.metadata.field_checks import (
    database_takes,
    invalid,
    name_reasons,
    not_available,
    type_reasons,
    value_reasons,
)
from aiotwenty.sandbox.model.data_model import (
    OPTIONED,
    RELATIONS,
    DataModel,
    ModelField,
    ModelObject,
    ModelRelation,
    RelationKind,
    relation_name,
)
from aiotwenty.sandbox.model.names import camel
from aiotwenty.sandbox.model.renaming import rename_field
from aiotwenty.sandbox.model.workspace import new_id, now

RATINGS = 5
VIEWS = 2
"""The number of a new object's views: a field that can't be made fails in each of them too."""

_FIELD_UPDATES = {
    "label": "label",
    "description": "description",
    "icon": "icon",
    "isActive": "is_active",
    "isNullable": "is_nullable",
    "isUnique": "is_unique",
    "defaultValue": "default_value",
    "settings": "settings",
}
_CLEARABLE = frozenset({"description", "icon", "defaultValue", "settings"})


def new_field(
    name: str, of_type: str, label: str, *, default: Any = None, system: bool = False, nullable: bool | None = None
) -> ModelField:
    moment = now()
    return ModelField(
        id=new_id(),
        name=name,
        type=of_type,
        label=label,
        is_nullable=not system if nullable is None else nullable,
        is_system=system,
        is_custom=True,
        default_value=default,
        created_at=moment,
        updated_at=moment,
    )


def create_field(model: DataModel, requested: dict[str, Any], *, dialect: Dialect = LATEST) -> ModelField:
    """Creates a field of any type that users of the real server can create; for a relation, at both ends."""
    of = model.object_by_id(requested["objectMetadataId"])
    if of is None:
        missing = reason(
            "OBJECT_METADATA_NOT_FOUND", "Object metadata not found", "Field to create related object not found"
        )
        raise _field_failure("create", [missing], requested["name"], None)
    reasons = _field_reasons(model, of, requested, dialect)
    if reasons:
        raise _field_failure("create", reasons, requested["name"], of)
    if not database_takes(requested["type"], requested.get("defaultValue")):
        raise migration_failed("create")
    field = _requested_field(requested, dialect)
    ends = _relation_ends(model, of, field, requested) if field.type in RELATIONS else []
    of.fields[field.name] = field
    for other, opposite in ends:
        other.fields[opposite.name] = opposite
    if field.is_unique:
        of.unique_indexes.append([field.name])
    model.changed()
    return field


def _taken(of: ModelObject) -> set[str]:
    return {*of.fields, *of.columns, *of.to_one, *of.to_many}


def _field_reasons(
    model: DataModel, of: ModelObject, requested: dict[str, Any], dialect: Dialect
) -> list[dict[str, Any]]:
    name = requested["name"]
    reasons = name_reasons(name, camel_case=dialect.wants_camel_case_names)
    if name in _taken(of):
        reasons.append(not_available(name))
    reasons += type_reasons(requested["type"], dialect)
    reasons += _label_reasons(requested["label"])
    reasons += value_reasons(requested["type"], requested)
    if requested["type"] in RELATIONS:
        reasons += _relation_reasons(model, of, requested)
    return reasons


def _label_reasons(label: str | None) -> list[dict[str, Any]]:
    return [invalid("Label cannot be empty", label)] if label is not None and not label.strip() else []


def _payloads(given: dict[str, Any]) -> list[dict[str, Any]]:
    if given["type"] == "MORPH_RELATION":
        return [each for each in given.get("morphRelationsCreationPayload") or () if isinstance(each, dict)]
    payload = given.get("relationCreationPayload")
    return [payload] if isinstance(payload, dict) else []


def _relation_reasons(model: DataModel, of: ModelObject, requested: dict[str, Any]) -> list[dict[str, Any]]:
    payloads = _payloads(requested)
    if not payloads:
        return [invalid("Relation creation payload is required", None)]
    reasons = []
    if len({str(payload.get("type")) for payload in payloads}) > 1:
        reasons.append(invalid("Morph relation creation payloads must all have the same type", payloads))
    targets = [str(payload.get("targetObjectMetadataId")) for payload in payloads]
    if len(set(targets)) < len(targets):
        reasons.append(invalid("A morph relation can have each object only once as its target", targets))
    for payload in payloads:
        kind, label = payload.get("type"), payload.get("targetFieldLabel")
        target = model.object_by_id(str(payload.get("targetObjectMetadataId")))
        if kind not in ("MANY_TO_ONE", "ONE_TO_MANY"):
            reasons.append(invalid("Relation creation payload: type must be MANY_TO_ONE or ONE_TO_MANY", kind))
            continue
        if target is None:
            reasons.append(invalid("Object metadata relation target not found for relation creation payload", payload))
            continue
        opposite = camel(label) if isinstance(label, str) else ""
        reasons += name_reasons(opposite)
        if opposite in _taken(target) or (target is of and opposite == requested["name"]):
            reasons.append(not_available(opposite))
        name = relation_name(
            requested["name"], kind, target.name_singular, target.name_plural, requested["type"] == "MORPH_RELATION"
        )
        clashing = [
            taken_name
            for taken_name in (name, f"{name}Id")
            if taken_name != requested["name"] and taken_name in _taken(of)
        ]
        reasons += [not_available(taken_name) for taken_name in clashing]
    return reasons


def _requested_field(requested: dict[str, Any], dialect: Dialect) -> ModelField:
    field = new_field(requested["name"], requested["type"], requested["label"], default=requested.get("defaultValue"))
    field.description, field.icon = requested.get("description"), requested.get("icon")
    field.is_active = requested.get("isActive") is not False
    field.is_nullable = requested.get("isNullable") is not False
    field.is_unique = bool(requested.get("isUnique"))
    field.settings = requested.get("settings")
    if dialect.stores_empty_texts:
        field.forbid_null()
    if field.type in OPTIONED:
        field.options = _options(field.type, requested.get("options"))
    return field


def _options(of_type: str, requested: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    if of_type == "RATING":
        return [
            {"id": new_id(), "label": str(place + 1), "value": f"RATING_{place + 1}", "position": place}
            for place in range(RATINGS)
        ]
    return [
        {
            "id": requested_option.get("id") or new_id(),
            "color": requested_option.get("color"),
            "label": requested_option["label"].strip(),
            "value": str(requested_option["value"]).strip(),
            "position": requested_option.get("position", place),
        }
        for place, requested_option in enumerate(requested or ())
    ]


def _relation_ends(
    model: DataModel, of: ModelObject, field: ModelField, requested: dict[str, Any]
) -> list[tuple[ModelObject, ModelField]]:
    """Sets the relations of a field, and makes the fields at the other ends."""
    morph = field.type == "MORPH_RELATION"
    ends = []
    for payload in _payloads(requested):
        target = cast(ModelObject, model.object_by_id(payload["targetObjectMetadataId"]))
        kind: RelationKind = payload["type"]
        back: RelationKind = "ONE_TO_MANY" if kind == "MANY_TO_ONE" else "MANY_TO_ONE"
        opposite = new_field(camel(payload["targetFieldLabel"]), "RELATION", payload["targetFieldLabel"])
        opposite.icon = payload.get("targetFieldIcon")
        name = relation_name(field.name, kind, target.name_singular, target.name_plural, morph)
        field.relations.append(_end(name, kind, target.name_singular, opposite.name))
        opposite.relations.append(_end(opposite.name, back, of.name_singular, field.name))
        opposite.settings = _relation_settings(opposite)
        ends.append((target, opposite))
    field.settings = _relation_settings(field)
    return ends


def _end(name: str, kind: RelationKind, target: str, target_field: str) -> ModelRelation:
    if kind == "ONE_TO_MANY":
        return ModelRelation(name, kind, target, target_field)
    return ModelRelation(name, kind, target, target_field, f"{name}Id", on_delete="SET_NULL")


def _relation_settings(field: ModelField) -> dict[str, Any]:
    first = field.relations[0]
    if first.join_column is None:
        return {"relationType": first.kind}
    settings = {"onDelete": first.on_delete, "relationType": first.kind}
    return settings if field.type == "MORPH_RELATION" else settings | {"joinColumnName": first.join_column}


def _field_failure(
    action: Action, reasons: list[dict[str, Any]], name: str, of: ModelObject | None
) -> ValidationFailedError:
    owner = of.id if of else new_id()
    failed_field = entry("fieldMetadata", action, reasons, name=name, objectMetadataUniversalIdentifier=owner)
    entries = {"fieldMetadata": [failed_field]}
    if action == "create" and of is not None:
        lost = reason("INVALID_VIEW_DATA", "Field metadata not found")
        identifier = failed_field["flatEntityMinimalInformation"]["universalIdentifier"]
        entries["viewField"] = [
            entry(
                "viewField",
                action,
                [lost],
                viewUniversalIdentifier=new_id(),
                fieldMetadataUniversalIdentifier=identifier,
            )
            for _ in range(VIEWS)
        ]
    return ValidationFailedError(action, "fields" if action == "create" else "field", entries)


def update_field(model: DataModel, field_id: str, requested: dict[str, Any]) -> ModelField:
    """Changes labels, description, options, default, uniqueness, activity and name; never the type."""
    of, field = _existing_field(model, field_id, "update")
    reasons = _label_reasons(requested.get("label"))
    name = requested.get("name") or field.name
    if name != field.name:
        if field.is_custom:
            reasons += name_reasons(name)
        else:
            reasons.append(reason("FIELD_MUTATION_NOT_ALLOWED", "Standard fields cannot be renamed"))
        if name in _taken(of):
            reasons.append(not_available(name))
    if field.type not in RELATIONS:
        chosen = field.type in ("SELECT", "MULTI_SELECT")
        kept: dict[str, Any] = {"options": field.options, "defaultValue": field.default_value} if chosen else {}
        if field.type == "FILES":
            kept["settings"] = field.settings
        reasons += value_reasons(
            field.type,
            kept | {key: value for key, value in requested.items() if value is not None or key == "defaultValue"},
        )
    if requested.get("isActive") is False and field.name == of.label_identifier:
        message = "Cannot deactivate, please update the label identifier field first"
        reasons.append(reason("FIELD_MUTATION_NOT_ALLOWED", message))
    if reasons:
        raise _field_failure("update", reasons, field.name, of)
    if field.type not in RELATIONS and not database_takes(field.type, requested.get("defaultValue")):
        raise migration_failed("update")
    if field.type in RELATIONS:
        requested = {
            key: value for key, value in requested.items() if key not in ("settings", "defaultValue", "isUnique")
        }
    for key, attribute in _FIELD_UPDATES.items():
        if key in requested and (requested[key] is not None or key in _CLEARABLE):
            setattr(field, attribute, requested[key])
    if requested.get("options") is not None and field.type in ("SELECT", "MULTI_SELECT"):
        field.options = _options(field.type, requested["options"])
    if [field.name] in of.unique_indexes and not field.is_unique:
        of.unique_indexes.remove([field.name])
    elif field.is_unique and [field.name] not in of.unique_indexes:
        of.unique_indexes.append([field.name])
    if name != field.name:
        rename_field(model, of, field, name)
    field.updated_at = now()
    model.changed()
    return field


def delete_field(model: DataModel, field_id: str) -> ModelField:
    """Deletes a custom field with its values; of a relation, both ends."""
    of, field = _existing_field(model, field_id, "delete")
    reasons = undeletable(of, field)
    if not reasons and not field.is_custom:
        reasons = [reason("FIELD_MUTATION_NOT_ALLOWED", "Standard fields cannot be deleted")]
    if reasons:
        raise _field_failure("delete", reasons, field.name, of)
    unlink(model, of, field)
    _remove(of, field)
    model.changed()
    return field


def undeletable(of: ModelObject, field: ModelField) -> list[dict[str, Any]]:
    if field.is_system:
        return [reason("FIELD_MUTATION_NOT_ALLOWED", "System fields cannot be deleted")]
    if field.name == of.label_identifier:
        message = "Cannot delete, please update the label identifier field first"
        return [reason("FIELD_MUTATION_NOT_ALLOWED", message)]
    return []


def unlink(model: DataModel, of: ModelObject, field: ModelField) -> None:
    """Removes the other ends of a relation: the field there, or one target of a morph relation."""
    for relation in field.relations:
        other = model.objects.get(relation.target)
        opposite = other.fields.get(relation.target_field) if other else None
        if other is None or opposite is None:
            continue
        opposite.relations = [
            other_relation for other_relation in opposite.relations if other_relation.target != of.name_singular
        ]
        if not opposite.relations:
            _remove(other, opposite)


def _remove(of: ModelObject, field: ModelField) -> None:
    del of.fields[field.name]
    of.unique_indexes = [index for index in of.unique_indexes if field.name not in index]
    of.indexes = [index for index in of.indexes if field.name not in dict(index.fields)]


def migration_failed(action: Action) -> GraphQLError:
    """The error for a change that passed the checks, but not the database."""
    message = f"Migration action '{action}' for 'fieldMetadata' (universalIdentifier: {new_id()}) failed"
    extensions = {"code": "INTERNAL_SERVER_ERROR", "userFriendlyMessage": "An error occurred."}
    return GraphQLError(message, extensions=extensions)


def _existing_field(model: DataModel, field_id: str, action: Action) -> tuple[ModelObject, ModelField]:
    found = model.field_by_id(field_id)
    if found is None:
        message = f"Field to {action} not found"
        extensions = {"subCode": "FIELD_METADATA_NOT_FOUND", "userFriendlyMessage": message, "code": "NOT_FOUND"}
        raise GraphQLError(message, extensions=extensions)
    return found
