"""New names for objects and fields, and what is called after them: relations and their columns."""

from __future__ import annotations

from aiotwenty.sandbox.model.model import DataModel, Field, Object, relation_name


def rename_object(model: DataModel, of: Object, singular: str, plural: str) -> None:
    old, of.name_singular, of.name_plural = of.name_singular, singular, plural
    model.objects = {each.name_singular: each for each in model.objects.values()}
    for each in _fields(model):
        for relation in each.relations:
            if relation.target == old:
                relation.target = singular
    _rename_relations(model)


def rename_field(model: DataModel, of: Object, field: Field, name: str) -> None:
    old, field.name = field.name, name
    of.fields = {each.name: each for each in of.fields.values()}
    of.unique_indexes = [[name if each == old else each for each in index] for index in of.unique_indexes]
    for index in of.indexes:
        index.fields = [(name if each == old else each, part) for each, part in index.fields]
    if of.label_identifier == old:
        of.label_identifier = name
    for each in _fields(model):
        for relation in each.relations:
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


def _fields(model: DataModel) -> list[Field]:
    return [field for each in model.objects.values() for field in each.fields.values()]
