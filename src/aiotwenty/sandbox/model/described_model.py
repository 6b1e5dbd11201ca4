"""Makes a data model from another workspace's `/metadata`: its objects, fields and relations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiotwenty.sandbox.model.data_model import (
    DataModel,
    ModelField,
    ModelObject,
    ModelRelation,
    relation_name,
    stable_id,
)

Described = Mapping[str, Any]
"""An object as `/metadata` returns it, with `fieldsList`; relations have the names of their ends."""


def described_model(objects: Iterable[Described]) -> DataModel:
    """The model of a workspace with exactly these objects. Raises `ValueError` for contradictions."""
    listed = list(objects)
    plurals = {_text(each, "nameSingular"): _text(each, "namePlural") for each in listed}
    if "workspaceMember" not in plurals:
        raise ValueError("objects: a workspace needs the object workspaceMember")
    return DataModel(_object(each, plurals) for each in listed)


def _text(of: Described, key: str) -> str:
    value = of.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"objects: {key} of {of.get('nameSingular') or of.get('name') or 'an object'} is missing")
    return value


def _object(of: Described, plurals: Mapping[str, str]) -> ModelObject:
    name = _text(of, "nameSingular")
    fields = [_field(name, described, plurals) for described in of.get("fieldsList") or ()]
    return ModelObject(
        id=stable_id("object", name),
        name_singular=name,
        name_plural=_text(of, "namePlural"),
        label_singular=of.get("labelSingular") or name,
        label_plural=of.get("labelPlural") or _text(of, "namePlural"),
        fields={field.name: field for field in fields},
        description=of.get("description"),
        icon=of.get("icon"),
        label_identifier=of.get("labelIdentifier") or "name",
        unique_indexes=[list(names) for names in of.get("uniqueIndexes") or ()],
        duplicate_criteria=of.get("duplicateCriteria"),
        is_system=bool(of.get("isSystem")),
        is_active=of.get("isActive") is not False,
        is_searchable=bool(of.get("isSearchable")),
        is_ui_read_only=bool(of.get("isUIReadOnly")),
        is_custom=bool(of.get("custom")),
    )


def _field(owner: str, of: Described, plurals: Mapping[str, str]) -> ModelField:
    name, settings = _text(of, "name"), dict(of.get("settings") or {})
    ends = of.get("morphRelations") or ([of["relation"]] if of.get("relation") else [])
    return ModelField(
        id=stable_id("field", owner, name),
        name=name,
        type=_text(of, "type"),
        label=of.get("label") or name,
        description=of.get("description"),
        icon=of.get("icon"),
        is_nullable=of.get("isNullable") is not False,
        is_unique=bool(of.get("isUnique")),
        is_system=bool(of.get("isSystem")),
        is_active=of.get("isActive") is not False,
        is_custom=bool(of.get("custom")),
        default_value=of.get("defaultValue"),
        options=_options(owner, name, of.get("options")),
        settings=settings or None,
        relations=[_relation(of, end, settings, plurals) for end in ends],
    )


def _relation(of: Described, end: Described, settings: Described, plurals: Mapping[str, str]) -> ModelRelation:
    kind, target = end["type"], end["targetObjectMetadata"]["nameSingular"]
    if target not in plurals:
        raise ValueError(f"objects: field {of['name']} points to {target}, which isn't among them")
    name = relation_name(of["name"], kind, target, plurals[target], of["type"] == "MORPH_RELATION")
    column = f"{name}Id" if kind == "MANY_TO_ONE" else None
    return ModelRelation(name, kind, target, end["targetFieldMetadata"]["name"], column, settings.get("onDelete"))


def _options(owner: str, name: str, options: Iterable[Described] | None) -> list[dict[str, Any]] | None:
    if options is None:
        return None
    return [{"id": stable_id("option", owner, name, str(each["value"])), **each} for each in options]
