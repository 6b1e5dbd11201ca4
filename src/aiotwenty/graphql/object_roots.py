"""Finds the objects of a core schema and their operations, from the root fields alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_object_type

from aiotwenty.graphql.relations import connection_node, is_list, listed_objects, not_null, object_fields

VERBS = ("create", "update", "delete", "destroy", "restore")


@dataclass(frozen=True)
class TwentyObject:
    """An object of the workspace. `roots` maps the kind of an operation (`find_many`) to its root field."""

    type_name: str
    singular: str
    plural: str
    roots: dict[str, str] = field(default_factory=dict)


def find_objects(schema: GraphQLSchema) -> list[TwentyObject]:
    """Every type that a root field lists in pages with `filter` and `orderBy`, sorted by name."""
    queries = schema.query_type.fields if schema.query_type else {}
    mutations = schema.mutation_type.fields if schema.mutation_type else {}
    objects = []
    for plural, _, node in listed_objects(schema):
        singular = _singular(queries, node)
        twenty_object = TwentyObject(node.name, singular or plural, plural, {"find_many": plural})
        twenty_object.roots.update(_reads(queries, twenty_object, has_one=singular is not None))
        twenty_object.roots.update(_writes(mutations, twenty_object))
        objects.append(twenty_object)
    return sorted(objects, key=lambda field: (field.type_name, field.plural))


def _singular(queries: dict[str, GraphQLField], node: GraphQLObjectType) -> str | None:
    return next((name for name, root in queries.items() if not_null(root.type) is node and "filter" in root.args), None)


def _reads(queries: dict[str, GraphQLField], found: TwentyObject, *, has_one: bool) -> Iterator[tuple[str, str]]:
    if has_one:
        yield "find_one", found.singular
    grouped = queries.get(f"{found.plural}GroupBy")
    if grouped is not None and "groupBy" in grouped.args:
        yield "group_by", f"{found.plural}GroupBy"
    for name, root in queries.items():
        node = connection_node(root.type)
        if is_list(root.type) and "data" in root.args and node and node.name == found.type_name:
            yield "find_duplicates", name


def _writes(mutations: dict[str, GraphQLField], twenty_object: TwentyObject) -> Iterator[tuple[str, str]]:
    singular, many = _upper_first(twenty_object.singular), _upper_first(twenty_object.plural)
    for kind, name in [
        *((f"{verb}_one", f"{verb}{singular}") for verb in VERBS),
        *((f"{verb}_many", f"{verb}{many}") for verb in VERBS),
        ("merge_many", f"merge{many}"),
    ]:
        root = mutations.get(name)
        if root is None:
            continue
        named = get_named_type(root.type)
        if is_object_type(named) and named.name == twenty_object.type_name:
            yield kind, name


def _upper_first(name: str) -> str:
    return name[:1].upper() + name[1:]


def argument_types(schema: GraphQLSchema, twenty_object: TwentyObject) -> dict[str, str]:
    """The types of an object's arguments by role (`filter`, `create`), taken from its root fields."""

    def argument(name: str, *kinds: str) -> str | None:
        for kind in kinds:
            for type_ in (schema.query_type, schema.mutation_type):
                root = object_fields(type_).get(twenty_object.roots.get(kind, ""))
                if root and name in root.args:
                    return get_named_type(root.args[name].type).name
        return None

    types = {
        "record": twenty_object.type_name,
        "create": argument("data", "create_one", "create_many"),
        "update": argument("data", "update_one", "update_many"),
        "filter": argument("filter", "find_many"),
        "order_by": argument("orderBy", "find_many"),
        "group_by": argument("groupBy", "group_by"),
        "group_order": argument("orderBy", "group_by"),
    }
    return {role: name for role, name in types.items() if name}
