"""Asking a workspace for its whole data model."""

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
"""What the attributes of a definition are called on the wire, where it isn't the same."""
FIELD_NAMES = {
    "active": "isActive",
    "nullable": "isNullable",
    "unique": "isUnique",
    "default": "defaultValue",
}
SKIP_NAME = "object.skip_name_field"
INDEX = "index"


async def read_state(editor: ObjectsAndFields, *, system: bool = False) -> State:
    """What the workspace has now; with `system` the fields that every object has are written down, too."""
    objects = await editor.objects()
    schema = await editor.served.schema()
    told = set(_told(schema))
    if await editor.served.has("mutation", "createOneIndex"):
        told.add(INDEX)
    return state_of(objects, told, system=system)


def _told(schema: GraphQLSchema) -> Iterator[str]:
    """The attributes that this server both tells and lets be changed."""
    kinds = (
        ("object", "Object", "UpdateObjectPayload", OBJECT_NAMES, _OBJECT),
        ("field", "Field", "UpdateFieldInput", FIELD_NAMES, _FIELD),
    )
    for kind, output, update, names, attributes in kinds:
        told, taken = _names(schema, output), _names(schema, update)
        for attribute in attributes:
            name = names.get(attribute, to_camel(attribute))
            if name in told and name in taken:
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
