"""Which objects a core schema has and what can be done with each: its root fields decide, nothing else is expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_object_type

from aiotwenty.graphql.relations import connection_node, is_list, listed_objects, not_null

VERBS = ("create", "update", "delete", "destroy", "restore")


@dataclass(frozen=True)
class TwentyObject:
    """An object of the workspace. `roots` maps the kind of an operation (`find_many`) to its root field."""

    type_name: str
    singular: str
    plural: str
    roots: dict[str, str] = field(default_factory=dict)


def find_objects(schema: GraphQLSchema) -> list[TwentyObject]:
    """Every type that a root field lists in pages with `filter` and `orderBy`, in order of its name."""
    queries = schema.query_type.fields if schema.query_type else {}
    mutations = schema.mutation_type.fields if schema.mutation_type else {}
    objects = []
    for plural, _, node in listed_objects(schema):
        singular = _singular(queries, node)
        found = TwentyObject(node.name, singular or plural, plural, {"find_many": plural})
        found.roots.update(_reads(queries, found, has_one=singular is not None))
        found.roots.update(_writes(mutations, found))
        objects.append(found)
    return sorted(objects, key=lambda each: (each.type_name, each.plural))


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


def _writes(mutations: dict[str, GraphQLField], found: TwentyObject) -> Iterator[tuple[str, str]]:
    one, many = _upper_first(found.singular), _upper_first(found.plural)
    for kind, name in [
        *((f"{verb}_one", f"{verb}{one}") for verb in VERBS),
        *((f"{verb}_many", f"{verb}{many}") for verb in VERBS),
        ("merge_many", f"merge{many}"),
    ]:
        root = mutations.get(name)
        if root is None:
            continue
        named = get_named_type(root.type)
        if is_object_type(named) and named.name == found.type_name:
            yield kind, name


def _upper_first(name: str) -> str:
    return name[:1].upper() + name[1:]
