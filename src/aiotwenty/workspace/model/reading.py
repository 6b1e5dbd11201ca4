"""Reads the whole data model of a workspace."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema
from pydantic.alias_generators import to_camel

from aiotwenty.workspace.model.state import State, state_of
from aiotwenty.workspace.objects_and_fields import ObjectsAndFields

OBJECT_NAMES = {
    "plural": "namePlural",
    "label": "labelSingular",
    "label_plural": "labelPlural",
    "active": "isActive",
    "searchable": "isSearchable",
    "label_identifier": "labelIdentifierFieldMetadataId",
}
"""The GraphQL names of attributes that differ from those of definitions."""
FIELD_NAMES = {
    "active": "isActive",
    "nullable": "isNullable",
    "unique": "isUnique",
    "default": "defaultValue",
}
SKIP_NAME = "object.skip_name_field"
INDEX = "index"


async def read_state(editor: ObjectsAndFields, *, system: bool = False) -> State:
    """The present state of a workspace. With `system`, definitions include the fields that every object has."""
    objects = await editor.objects()
    schema = await editor.served.schema()
    told = set(_changeable(schema))
    if await editor.served.has("mutation", "createOneIndex"):
        told.add(INDEX)
    return state_of(objects, told, system=system)


def _changeable(schema: GraphQLSchema) -> Iterator[str]:
    """The attributes that this server both returns and lets clients change."""
    kinds = (
        ("object", "Object", "UpdateObjectPayload", OBJECT_NAMES, _OBJECT),
        ("field", "Field", "UpdateFieldInput", FIELD_NAMES, _FIELD),
    )
    for kind, output, update, names, attributes in kinds:
        returned, accepted = _names(schema, output), _names(schema, update)
        for attribute in attributes:
            name = names.get(attribute, to_camel(attribute))
            if name in returned and name in accepted:
                yield f"{kind}.{attribute}"
    if "skipNameField" in _names(schema, "CreateObjectInput"):
        yield SKIP_NAME


_OBJECT = (
    *("plural", "label", "label_plural", "description", "icon", "color", "shortcut"),
    *("active", "searchable", "label_identifier"),
)
_FIELD = ("label", "description", "icon", "active", "nullable", "unique", "default", "settings")


def _names(schema: GraphQLSchema, type_name: str) -> set[str]:
    type_ = schema.type_map.get(type_name)
    return set(type_.fields) if isinstance(type_, GraphQLObjectType | GraphQLInputObjectType) else set()
