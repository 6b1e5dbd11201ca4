"""Corrects a schema where it is less exact than the server, before models are made of it.

The schema is changed in place, so operations are validated before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    get_named_type,
    get_nullable_type,
)

from aiotwenty.graphql.composites import EXACT_EVERYWHERE, exact_scalar, listed_scalar

_DATES = {"DateTime": "DateTimeFilter", "Date": "DateFilter"}

AGGREGATE_ORDER = "AggregateOrder_"
"""A scalar of ours: the type of `aggregate` in orders of groups, in place of a type for each object."""


def amend(schema: GraphQLSchema) -> None:
    """Applies all corrections of a core schema. Those that it does not need change nothing."""
    _ids_are_uuids(schema)
    parts_may_be_null(schema)
    _composites_say_what_they_are_made_of(schema)
    _dates_are_filtered_by_operators(schema)
    _aggregates_are_ordered_alike(schema)


def inputs_are_exact(schema: GraphQLSchema) -> None:
    """Booleans and numbers in input are not converted from values that the server refuses ("yes", 1.9)."""
    for type_ in _types_with_fields(schema):
        for field in type_.fields.values() if isinstance(type_, GraphQLInputObjectType) else ():
            named = get_named_type(field.type)
            if exact := EXACT_EVERYWHERE.get(named.name):
                field.type = _replaced(field.type, named, _added(schema, exact))


def parts_may_be_null(schema: GraphQLSchema) -> None:
    """The parts of a composite are nullable, in input and output, whatever the schema says.

    One server says both: the first schema that its process makes requires some parts of a composite (`Actor.name`,
    `Actor.source`, `ActorCreateInput.source`), all later ones require none, with the same data (Twenty, November 2026).
    A composite is a type without an id of its own that has a create and an update input.
    """
    for name, type_ in schema.type_map.items():
        inputs = [schema.type_map.get(f"{name}{kind}Input") for kind in ("Create", "Update")]
        if isinstance(type_, GraphQLObjectType) and "id" not in type_.fields and None not in inputs:
            for part in (type_, *inputs):
                fields: dict[str, Any] = getattr(part, "fields", {})
                for field in fields.values():
                    field.type = get_nullable_type(field.type)


def _ids_are_uuids(schema: GraphQLSchema) -> None:
    """Foreign keys are typed ID, ids UUID; with one type, `person.company_id == company.id` can be true."""
    uuid = schema.type_map.get("UUID")
    if isinstance(uuid, GraphQLScalarType):
        for type_ in _types_with_fields(schema):
            fields: dict[str, Any] = type_.fields
            for field in fields.values():
                field.type = _replaced(field.type, GraphQLID, uuid)


def _replaced(type_: Any, scalar: object, other: GraphQLScalarType) -> Any:
    if isinstance(type_, GraphQLNonNull):
        return GraphQLNonNull(_replaced(type_.of_type, scalar, other))
    if isinstance(type_, GraphQLList):
        return GraphQLList(_replaced(type_.of_type, scalar, other))
    return other if type_ is scalar else type_


def _dates_are_filtered_by_operators(schema: GraphQLSchema) -> None:
    """Older servers type `filter: {createdAt}` as a scalar, but accept `{gte: ...}` like newer ones (Twenty 1.10)."""
    filters = [
        type_
        for type_ in _types_with_fields(schema)
        if isinstance(type_, GraphQLInputObjectType) and "and" in type_.fields
    ]
    for filter_ in filters:
        for field in filter_.fields.values():
            if isinstance(field.type, GraphQLScalarType) and field.type.name in _DATES:
                field.type = _operators(schema, field.type)


def _operators(schema: GraphQLSchema, scalar: GraphQLScalarType) -> GraphQLInputObjectType:
    """The operators that the server has for a date, as a type of the schema."""
    name = _DATES[scalar.name]
    known = schema.type_map.get(name)
    if isinstance(known, GraphQLInputObjectType):
        return known
    fields: dict[str, GraphQLInputField] = {
        operator: GraphQLInputField(scalar) for operator in ("eq", "gt", "gte", "lt", "lte", "neq")
    }
    fields["in"] = GraphQLInputField(GraphQLList(GraphQLNonNull(scalar)))
    null_check = schema.type_map.get("FilterIs")
    if null_check is not None:
        fields["is"] = GraphQLInputField(null_check)  # type: ignore[arg-type]
    operators: Any = GraphQLInputObjectType(name, fields)
    schema.type_map[name] = operators
    return operators  # type: ignore[no-any-return]


def _aggregates_are_ordered_alike(schema: GraphQLSchema) -> None:
    """`aggregate` of a group's order becomes one type for all objects, each with its own names.

    The schema has a type for each object, with two thousand similar fields in all. The relations in them order nothing.
    """
    for type_ in list(_types_with_fields(schema)):
        field = type_.fields.get("aggregate")
        if not isinstance(field, GraphQLInputField) or not isinstance(field.type, GraphQLInputObjectType):
            continue
        if field.type.name == f"{type_.name.removesuffix('Input')}AggregateInput":
            names = [name for name, part in field.type.fields.items() if isinstance(part.type, GraphQLEnumType)]
            scalar = schema.type_map.setdefault(AGGREGATE_ORDER, GraphQLScalarType(AGGREGATE_ORDER))
            field.type = scalar  # type: ignore[assignment]
            field.extensions = {AGGREGATE_ORDER: names}


def _composites_say_what_they_are_made_of(schema: GraphQLSchema) -> None:
    for type_ in _types_with_fields(schema):
        fields: dict[str, Any] = type_.fields
        for name, field in fields.items():
            named = get_named_type(field.type)
            if not isinstance(named, GraphQLScalarType):
                continue
            if listed := listed_scalar(name, named.name):
                field.type = GraphQLList(GraphQLNonNull(_added(schema, listed)))
            elif isinstance(type_, GraphQLInputObjectType) and (exact := exact_scalar(name, named.name)):
                field.type = _replaced(field.type, named, _added(schema, exact))


def _added(schema: GraphQLSchema, name: str) -> Any:
    """A scalar of ours, which no schema has; `scalars` gives its Python type."""
    return GraphQLString if name == "String" else schema.type_map.setdefault(name, GraphQLScalarType(name))


def _types_with_fields(schema: GraphQLSchema) -> Iterator[GraphQLObjectType | GraphQLInputObjectType]:
    named: list[GraphQLNamedType] = list(schema.type_map.values())
    for type_ in named:
        if isinstance(type_, GraphQLObjectType | GraphQLInputObjectType) and not type_.name.startswith("__"):
            yield type_
