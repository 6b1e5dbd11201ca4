"""Describes a data model with names in place of ids, so that two workspaces can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aiotwenty.workspace.data_model import Field, Object, relations_of
from aiotwenty.workspace.model.state import written_indexes
from aiotwenty.workspace.model.values import without_nulls

OBJECT_TRAITS = (
    "name_plural",
    "label_singular",
    "label_plural",
    "description",
    "icon",
    "color",
    "shortcut",
    "is_active",
    "is_system",
    "is_custom",
    "is_remote",
    "is_searchable",
    "label_identifier_field_metadata_id",
    "duplicate_criteria",
)
FIELD_TRAITS = (
    "type",
    "label",
    "description",
    "icon",
    "is_active",
    "is_system",
    "is_custom",
    "is_nullable",
    "is_unique",
    "default_value",
    "options",
    "settings",
)
NOT_COMPARED = (
    *("id", "applicationId", "universalIdentifier", "morphId", "isLabelSyncedWithName"),
    *("which part of a morph relation its label and icon are of",),
)
"""Traits of a model that are the server's own, or that are not exported."""


class ModelDifference(NamedTuple):
    """A trait of an object or a field that differs between two workspaces."""

    place: str
    """The path: company, or company.stage."""
    trait: str
    there: Any
    here: Any


Described = dict[str, dict[str, Any]]
"""Traits by path: `company`, `company.stage`."""


def described(model: Sequence[Object]) -> Described:
    """Every object and field with the traits that the server lists."""
    names = {str(field.id): f"{object_.name_singular}.{field.name}" for object_ in model for field in object_.fields}
    names |= {str(object_.id): object_.name_singular for object_ in model}
    places: Described = {}
    for object_ in model:
        traits = {trait: getattr(object_, trait) for trait in OBJECT_TRAITS if trait in object_.model_fields_set}
        places[object_.name_singular] = {trait: _named(value, names) for trait, value in traits.items()}
        if object_.index_metadata_list is not None:
            indexes = [f"{index.type} of {', '.join(index.fields)}" for index in written_indexes(object_)]
            places[object_.name_singular]["indexes"] = sorted(indexes)
        for field in object_.fields:
            places[f"{object_.name_singular}.{field.name}"] = _field(field, names)
    return places


def _field(field: Field, names: Mapping[str, str]) -> dict[str, Any]:
    traits = {trait: _named(getattr(field, trait), names) for trait in FIELD_TRAITS if trait in field.model_fields_set}
    if "default_value" in traits:
        traits["default_value"] = without_nulls(traits["default_value"])
    if field.options is not None:
        ordered = sorted(field.options, key=lambda option: option.position or 0)
        traits["options"] = [(option.value, option.label, option.color) for option in ordered]
    if field.type == "MORPH_RELATION":
        # The server lists these traits of one of the parts, and not always the same one.
        for trait in ("label", "description", "icon", "settings"):
            traits.pop(trait, None)
    relations = relations_of(field)
    if relations:
        traits["relation"] = sorted((to.type, to.target_object, to.target_field) for to in relations)
    return traits


def _named(value: Any, names: Mapping[str, str]) -> Any:
    """The value with ids replaced by names."""
    if isinstance(value, Mapping):
        return {name: _named(part, names) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_named(part, names) for part in value]
    return names.get(str(value), value) if value is not None and not isinstance(value, bool) else value


def differences(there: Mapping[str, Any], here: Mapping[str, Any], place: str) -> Iterator[ModelDifference]:
    """The differences between traits that both servers list. None and an empty text are equal."""
    for trait in there:
        if trait in here and (there[trait] or None) != (here[trait] or None):
            yield ModelDifference(place, trait, there[trait], here[trait])
