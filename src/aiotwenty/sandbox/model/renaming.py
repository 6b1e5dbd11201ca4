"""Renames objects and fields, with the relations and columns that are called after them."""

from __future__ import annotations

from aiotwenty.sandbox.model.data_model import DataModel, ModelField, ModelObject, relation_name


def rename_object(model: DataModel, of: ModelObject, singular: str, plural: str) -> None:
    old, of.name_singular, of.name_plural = of.name_singular, singular, plural
    model.objects = {other.name_singular: other for other in model.objects.values()}
    for field in _fields(model):
        for relation in field.relations:
            if relation.target == old:
                relation.target = singular
    _rename_relations(model)


def rename_field(model: DataModel, of: ModelObject, field: ModelField, name: str) -> None:
    old, field.name = field.name, name
    of.fields = {other.name: other for other in of.fields.values()}
    of.unique_indexes = [
        [name if field_name == old else field_name for field_name in index] for index in of.unique_indexes
    ]
    for index in of.indexes:
        index.fields = [(name if field_name == old else field_name, part) for field_name, part in index.fields]
    if of.label_identifier == old:
        of.label_identifier = name
    for renamed in _fields(model):
        for relation in renamed.relations:
            if relation.target == of.name_singular and relation.target_field == old:
                relation.target_field = name
    _rename_relations(model)


def _rename_relations(model: DataModel) -> None:
    for field in _fields(model):
        for relation in field.relations:
            target = model.objects[relation.target]
            morph = field.type == "MORPH_RELATION"
            relation.name = relation_name(field.name, relation.kind, target.name_singular, target.name_plural, morph)
            if relation.join_column:
                relation.join_column = f"{relation.name}Id"
                if not morph and field.settings:
                    field.settings["joinColumnName"] = relation.join_column


def _fields(model: DataModel) -> list[ModelField]:
    return [field for of in model.objects.values() for field in of.fields.values()]
