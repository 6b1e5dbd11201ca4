"""Which module of the core package each class is in: that of its object, or `shared`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graphql import GraphQLInputObjectType, GraphQLSchema, get_named_type

from aiotwenty.codegen.model.names import class_name, distinct, escape, pascal_case, property_names, snake_case
from aiotwenty.codegen.read.objects import TwentyObject
from aiotwenty.graphql.relations import object_fields
from aiotwenty.records.meta import SUFFIXES

SHARED = "shared"
FOLDER = "objects"
_TAKEN = ("ns", "typing")
"""What the package of objects imports by these names."""
# In the order in which one wants to read the classes of an object.
_ROLES = {
    "record": SUFFIXES["record"],
    "where_unique": SUFFIXES["where_unique"],
    "connect": "ConnectInput",
    "relation": "RelationInput",
    **{str(role): suffix for role, suffix in SUFFIXES.items()},
}


@dataclass(frozen=True)
class ObjectHome:
    """The module of one object, and what is in it."""

    object: TwentyObject
    module: str
    """`company`, in the folder of objects."""
    attribute: str
    """What the client calls it: `companies`."""
    types: dict[str, str]
    """The GraphQL type for each role, as the arguments of the object's root fields have it."""
    classes: tuple[str, ...]
    """The Python classes, in the order in which one wants to read them."""

    @property
    def path(self) -> str:
        return f"{FOLDER}.{self.module}"


def object_homes(schema: GraphQLSchema, objects: Iterable[TwentyObject]) -> list[ObjectHome]:
    """A home for each object; no class has two."""
    listed = list(objects)
    singulars = {found.plural: found.singular for found in listed}
    modules = distinct(singulars, lambda plural: escape(snake_case(singulars[plural]), _TAKEN))
    properties = property_names(singulars)
    claimed: set[str] = set()
    homes = []
    for found in listed:
        types = _types(schema, found)
        own = [name for name in _classes(schema, found, types) if name not in claimed]
        claimed.update(own)
        homes.append(ObjectHome(found, modules[found.plural], properties[found.plural], types, tuple(own)))
    return homes


def namespace_names(homes: Iterable[ObjectHome], taken: Iterable[str]) -> dict[str, str]:
    """The class of each namespace, by the object's plural: never the name of a model."""
    models = frozenset(taken)

    def name(plural: str) -> str:
        return escape(class_name(pascal_case(plural[:1].upper() + plural[1:])), models)

    return distinct([home.object.plural for home in homes], name)


def _types(schema: GraphQLSchema, found: TwentyObject) -> dict[str, str]:
    def argument(name: str, *kinds: str) -> str | None:
        for kind in kinds:
            for type_ in (schema.query_type, schema.mutation_type):
                root = object_fields(type_).get(found.roots.get(kind, ""))
                if root and name in root.args:
                    return get_named_type(root.args[name].type).name
        return None

    types = {
        "record": found.type_name,
        "create": argument("data", "create_one", "create_many"),
        "update": argument("data", "update_one", "update_many"),
        "filter": argument("filter", "find_many"),
        "order_by": argument("orderBy", "find_many"),
        "group_by": argument("groupBy", "group_by"),
        "group_order": argument("orderBy", "group_by"),
    }
    return {role: name for role, name in types.items() if name}


def _classes(schema: GraphQLSchema, found: TwentyObject, types: dict[str, str]) -> Iterator[str]:
    for role, suffix in _ROLES.items():
        name = types.get(role, f"{found.type_name}{suffix}")
        if role == "where_unique":
            yield from map(class_name, _unique_parts(schema, found.type_name, name))
        yield class_name(name)


def _unique_parts(schema: GraphQLSchema, type_name: str, where_unique: str) -> Iterator[str]:
    """What the unique composites of an object are named by: `CompanyDomainNameWhereInput`."""
    type_ = schema.type_map.get(where_unique)
    for part in type_.fields.values() if isinstance(type_, GraphQLInputObjectType) else ():
        named = get_named_type(part.type).name
        if named.startswith(type_name) and named.endswith("WhereInput"):
            yield named
