"""The standard objects of a fresh workspace, read from `catalogue.json`."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Any

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.model.data_model import (
    DataModel,
    ModelField,
    ModelObject,
    ModelRelation,
    RelationKind,
    relation_name,
    stable_id,
)
from aiotwenty.sandbox.model.model_text import read_objects, write_objects

_NOT_NULL_1_10 = {"company": ("domainName",), "person": ("emails", "phones")}
"""Composites that servers of November 2025 (1.10) declare as non-null; they do so for all texts."""


def standard_model(dialect: Dialect = LATEST) -> DataModel:
    """The model of a fresh workspace. Its ids are the same in every sandbox."""
    text = _standard_objects(dialect)
    model = DataModel(read_objects(text))
    model.written = (model.revision, text)
    return model


@lru_cache
def _standard_objects(dialect: Dialect) -> str:
    """The objects as text, from which every sandbox makes its own."""
    catalogue = json.loads(resources.files("aiotwenty.sandbox.model").joinpath("catalogue.json").read_text("utf-8"))
    objects = [_from_catalogue(entry, catalogue["baseFields"]) for entry in catalogue["objects"]]
    if dialect.stores_empty_texts:
        for of in objects:
            for field in of.fields.values():
                field.forbid_null()
            for name in _NOT_NULL_1_10.get(of.name_singular, ()):
                of.fields[name].is_nullable, of.fields[name].default_value = False, {}
    return write_objects(objects)


def _from_catalogue(entry: dict[str, Any], base: dict[str, dict[str, Any]]) -> ModelObject:
    singular = entry["nameSingular"]
    fields = {}
    for item in entry["fields"]:
        spec = {"name": item, **base[item]} if isinstance(item, str) else item
        fields[spec["name"]] = _catalogue_field(singular, spec)
    return ModelObject(
        id=stable_id("object", singular),
        name_singular=singular,
        name_plural=entry["namePlural"],
        label_singular=entry["labelSingular"],
        label_plural=entry["labelPlural"],
        fields=fields,
        icon=entry["icon"],
        label_identifier=entry["labelIdentifier"],
        unique_indexes=entry.get("uniqueIndexes", []),
        duplicate_criteria=entry.get("duplicateCriteria"),
        is_system=entry.get("isSystem", False),
        is_searchable=entry.get("isSearchable", False),
    )


def _catalogue_field(owner: str, spec: dict[str, Any]) -> ModelField:
    kind: RelationKind = spec.get("relation", "MANY_TO_ONE")
    morph = spec["type"] == "MORPH_RELATION"
    relations = []
    for target in spec.get("targets", ()):
        target_singular, target_field = target.split(".")
        name = relation_name(spec["name"], kind, target_singular, "", morph)
        relations.append(
            ModelRelation(
                name,
                kind,
                target_singular,
                target_field,
                f"{name}Id" if kind == "MANY_TO_ONE" else None,
                spec.get("onDelete"),
            )
        )
    settings = dict(spec.get("settings") or {})
    if relations:
        settings["relationType"] = kind
        if relations[0].join_column:
            settings["onDelete"] = spec["onDelete"]
            if not morph:
                settings["joinColumnName"] = relations[0].join_column
    return ModelField(
        id=stable_id("field", owner, spec["name"]),
        name=spec["name"],
        type=spec["type"],
        label=spec["label"],
        is_nullable=not spec.get("notNull", False),
        is_unique=spec.get("isUnique", False),
        is_system=spec.get("isSystem", False),
        default_value=spec.get("default"),
        options=_options(owner, spec),
        settings=settings or None,
        relations=relations,
    )


def _options(owner: str, spec: dict[str, Any]) -> list[dict[str, Any]] | None:
    if "options" not in spec:
        return None
    return [
        {
            "id": stable_id("option", owner, spec["name"], value),
            "color": color,
            "label": label,
            "value": value,
            "position": position,
        }
        for position, (value, label, color) in enumerate(spec["options"])
    ]
