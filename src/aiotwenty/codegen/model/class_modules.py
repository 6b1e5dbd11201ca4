"""Decides the module of each class of the core package: that of its object, or `shared`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graphql import GraphQLInputObjectType, GraphQLSchema, get_named_type

from aiotwenty.codegen.model.names import class_name, pascal_case, property_names
from aiotwenty.graphql.names import distinct, escape, snake_case
from aiotwenty.graphql.object_roots import TwentyObject, argument_types
from aiotwenty.records.object_meta import SUFFIXES

SHARED = "shared"
FOLDER = "objects"
_TAKEN = ("ns", "typing")
"""Names that the package of objects imports."""
# In the order in which a reader needs the classes of an object.
_ROLES = {
    "record": SUFFIXES["record"],
    "where_unique": SUFFIXES["where_unique"],
    "connect": "ConnectInput",
    "relation": "RelationInput",
    **{str(role): suffix for role, suffix in SUFFIXES.items()},
}


@dataclass(frozen=True)
class ObjectHome:
    """The module of one object and its contents."""

    object: TwentyObject
    module: str
    """The module's name in the folder of objects: `company`."""
    attribute: str
    """The client's attribute: `companies`."""
    types: dict[str, str]
    """The GraphQL type of each role, taken from the arguments of the object's root fields."""
    classes: tuple[str, ...]
    """The Python classes, in the order in which a reader needs them."""

    @property
    def path(self) -> str:
        return f"{FOLDER}.{self.module}"


def object_homes(schema: GraphQLSchema, objects: Iterable[TwentyObject]) -> list[ObjectHome]:
    """The module of each object. A class is in one module only."""
    listed = list(objects)
    singulars = {twenty_object.plural: twenty_object.singular for twenty_object in listed}
    modules = distinct(singulars, lambda plural: escape(snake_case(singulars[plural]), _TAKEN))
    properties = property_names(singulars)
    claimed: set[str] = set()
    homes = []
    for twenty_object in listed:
        types = argument_types(schema, twenty_object)
        own = [name for name in _classes(schema, twenty_object, types) if name not in claimed]
        claimed.update(own)
        homes.append(
            ObjectHome(
                twenty_object, modules[twenty_object.plural], properties[twenty_object.plural], types, tuple(own)
            )
        )
    return homes


def namespace_names(homes: Iterable[ObjectHome], taken: Iterable[str]) -> dict[str, str]:
    """The class of each namespace, by the object's plural. It is never the name of a model."""
    models = frozenset(taken)

    def name(plural: str) -> str:
        return escape(class_name(pascal_case(plural[:1].upper() + plural[1:])), models)

    return distinct([home.object.plural for home in homes], name)


def _classes(schema: GraphQLSchema, twenty_object: TwentyObject, types: dict[str, str]) -> Iterator[str]:
    for role, suffix in _ROLES.items():
        name = types.get(role, f"{twenty_object.type_name}{suffix}")
        if role == "where_unique":
            yield from map(class_name, _unique_parts(schema, twenty_object.type_name, name))
        yield class_name(name)


def _unique_parts(schema: GraphQLSchema, type_name: str, where_unique: str) -> Iterator[str]:
    """The types of filters by a unique composite: `CompanyDomainNameWhereInput`."""
    type_ = schema.type_map.get(where_unique)
    for part in type_.fields.values() if isinstance(type_, GraphQLInputObjectType) else ():
        named = get_named_type(part.type).name
        if named.startswith(type_name) and named.endswith("WhereInput"):
            yield named
