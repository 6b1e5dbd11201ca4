"""Sorts the fields of objects: names first, system fields last, the others as in the schema."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema

from aiotwenty.graphql.names import words

_FIRST = ("id", "name", "nameSingular", "namePlural", "title", "label", "labelSingular", "labelPlural")
_LAST = (
    "position",
    "createdAt",
    "createdBy",
    "updatedAt",
    "updatedBy",
    "deletedAt",
    "searchVector",
    "and",
    "or",
    "not",
)
_NOT = words("OrderByInput OrderByWithGroupByInput AggregateInput")
"""Inputs that keep their order, because the order of several fields in them has a meaning."""


def put_in_order(schema: GraphQLSchema) -> None:
    """Sorts the fields of every type with an id, in place."""
    rank = {name: place - len(_FIRST) for place, name in enumerate(_FIRST)}
    rank |= {name: place + 1 for place, name in enumerate(_LAST)}
    for name, type_ in schema.type_map.items():
        if not isinstance(type_, GraphQLObjectType | GraphQLInputObjectType) or name.endswith(tuple(_NOT)):
            continue
        fields: dict[str, Any] = type_.fields
        if "id" in fields:
            # A cached property, which type checkers take for read-only.
            vars(type_)["fields"] = dict(sorted(fields.items(), key=lambda item: rank.get(item[0], 0)))
