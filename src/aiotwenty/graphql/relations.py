"""Finds connections, and lists of related records, in a schema of /graphql."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
)

from aiotwenty.graphql.advice import filter_the_other


class ToMany(NamedTuple):
    """A list of related records, such as `people` of a company."""

    object: str
    """The plural of the records' object, as in the schema: "people"."""
    keys: tuple[str, ...]
    """Foreign keys of the records that may lead back: "companyId"."""


def object_fields(named: GraphQLNamedType | None) -> dict[str, GraphQLField]:
    return named.fields if isinstance(named, GraphQLObjectType) else {}


def not_null(type_: GraphQLOutputType) -> GraphQLOutputType:
    """The type without the `!` around it."""
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def is_list(type_: GraphQLOutputType) -> bool:
    return isinstance(not_null(type_), GraphQLList)


def connection_node(type_: object) -> GraphQLObjectType | None:
    """The type of the records in a connection (`edges { node }`); None for other types."""
    named = get_named_type(type_)  # type: ignore[call-overload]
    edges = object_fields(named).get("edges")
    node = object_fields(get_named_type(edges.type)).get("node") if edges else None
    named_node = get_named_type(node.type) if node else None
    return named_node if isinstance(named_node, GraphQLObjectType) else None


def listed_objects(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLField, GraphQLObjectType]]:
    """Every root field that lists records in pages with `filter` and `orderBy`: name, field, and type of the records.

    Root fields of older servers for metadata (`objects`) have other arguments and are left out.
    """
    for plural, root in object_fields(schema.query_type).items():
        node = connection_node(root.type)
        if node is not None and not is_list(root.type) and {"after", "filter", "orderBy"} <= root.args.keys():
            yield plural, root, node


def beyond_filters(schema: GraphQLSchema) -> dict[str, dict[str, ToMany]]:
    """The to-many relations that each filter type cannot go through, by the names of the type and the relation.

    The server filters by no to-many relation: "Cannot filter by relation field" (Twenty, July 2026). Relations that a
    schema's filters have are left out.
    """
    listed = list(listed_objects(schema))
    plurals = {node.name: plural for plural, _, node in listed}
    beyond: dict[str, dict[str, ToMany]] = {}
    for _, root, node in listed:
        filter_ = get_named_type(root.args["filter"].type)
        known = filter_.fields if isinstance(filter_, GraphQLInputObjectType) else {}
        for name, field in node.fields.items():
            other = connection_node(field.type)
            if other is not None and name not in known and other.name in plurals:
                relation = ToMany(plurals[other.name], tuple(keys_to(node, other)))
                beyond.setdefault(filter_.name, {})[name] = relation
    return beyond


def wrong_in_filter(schema: GraphQLSchema, filter_type: str, value: Mapping[str, object]) -> Iterator[str]:
    """The errors of a filter in JSON that goes through to-many relations, with the path to each."""
    beyond = beyond_filters(schema)
    pending: list[tuple[str, str, object]] = [("", filter_type, value)]
    while pending:
        path, type_name, part = pending.pop()
        if isinstance(part, list):
            pending += [(f"{path}[{index}]", type_name, item) for index, item in enumerate(part)]
            continue
        type_ = schema.type_map.get(type_name)
        if not isinstance(part, Mapping) or not isinstance(type_, GraphQLInputObjectType):
            continue
        for name, inner in part.items():
            here = f"{path}.{name}" if path else name
            if relation := beyond.get(type_name, {}).get(name):
                yield f"{here}: {filter_the_other(relation.object, *relation.keys)}"
            elif field := type_.fields.get(name):
                pending.append((here, get_named_type(field.type).name, inner))


def keys_to(target: GraphQLObjectType, source: GraphQLObjectType) -> Iterator[str]:
    """The foreign keys of one object that hold ids of another."""
    for name, field in source.fields.items():
        key = f"{name}Id"
        if key in source.fields and not_null(field.type) is target:
            yield key
