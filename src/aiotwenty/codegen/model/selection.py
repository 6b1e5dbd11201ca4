"""The selections of the generated operations: one fragment a type, so that a type is the same Python class everywhere.

A fragment holds the fields that can be read without arguments: scalars, enums, and value objects (types without an id
of their own, such as Links or Currency) as fragments themselves. Records leave relations out: the foreign keys are
there, and the server cuts nested lists short without saying so (Twenty, July 2026). They leave out the search vector
too, which is long and of no use to readers. Metadata is small, so it also has the parts of an entity and a reference
to the entity's owner.
"""

from __future__ import annotations

from functools import cached_property

from graphql import (
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from aiotwenty.codegen.model.names import pascal_case
from aiotwenty.graphql.names import distinct
from aiotwenty.graphql.object_relations import ASKED_FOR
from aiotwenty.graphql.relations import is_list, object_fields

SCOPES = frozenset({"Application", "Workspace"})
"""Types that nearly all metadata belongs to. Their parts are not selected: each is a list of its own root field.

The lists would be long, and the server doesn't load them: "Cannot return null for non-nullable field
Application.agents" (Twenty, November 2026).
"""
PAGE_INFO = ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")


class Selections:
    """The fragments of one schema, made when needed."""

    def __init__(self, schema: GraphQLSchema, *, entities: bool) -> None:
        """`entities`: also select references to other entities and the parts of an entity, as metadata needs."""
        self._schema = schema
        self._entities = entities
        self._bodies: dict[str, list[str]] = {}
        self._embeds: dict[str, set[str]] = {}

    def fragment(self, name: str) -> str:
        head = f"fragment {self._names.get(name, name)} on {name} {{"
        return "\n".join([head, *(f"  {line}" for line in self._body(name)), "}"])

    def used_by(self, name: str) -> set[str]:
        """The fragment of a type and all fragments that it spreads."""
        self._body(name)
        return {name}.union(*(self.used_by(embedded) for embedded in self._embeds[name]))

    def spread(self, type_: GraphQLObjectType) -> list[str] | None:
        """The lines that select everything of a type; None if nothing can be selected."""
        return [self._spread(type_)] if self._body(type_.name) else None

    def connection(self, connection: GraphQLObjectType, node: GraphQLObjectType) -> list[str] | None:
        spread = self.spread(node)
        if spread is None:
            return None
        edge = object_fields(get_named_type(connection.fields["edges"].type))
        lines = ["edges {", "  node {", *(f"    {line}" for line in spread), "  }"]
        lines += ["  cursor"] if "cursor" in edge else []
        lines += ["}"]
        page_info = connection.fields.get("pageInfo")
        known = object_fields(get_named_type(page_info.type)) if page_info else {}
        if wanted := [name for name in PAGE_INFO if name in known]:
            lines += ["pageInfo {", *(f"  {name}" for name in wanted), "}"]
        return lines + (["totalCount"] if "totalCount" in connection.fields else [])

    def _body(self, name: str) -> list[str]:
        if name not in self._bodies:
            self._bodies[name] = []  # ends a circle: inside of itself, the type selects nothing
            self._embeds[name] = set()
            lines: list[str] = []
            for field_name, field in object_fields(self._schema.type_map[name]).items():
                lines += self._field(name, field_name, field)
            self._bodies[name] = lines
        return self._bodies[name]

    def _field(self, parent: str, name: str, field: GraphQLField) -> list[str]:
        if field.deprecation_reason or any(is_required_argument(argument) for argument in field.args.values()):
            return []
        if name in ASKED_FOR and not self._entities:
            return []
        named = get_named_type(field.type)
        if is_leaf_type(named):
            return [name]
        if not isinstance(named, GraphQLObjectType) or "edges" in named.fields or field.args:
            return []
        if "id" not in named.fields:
            return self._embed(parent, name, named)
        if not self._entities:
            return []
        if parent in self._answers or named.name in self._parts.get(parent, ()):
            return self._embed(parent, name, named)
        if is_list(field.type):
            return []
        return [f"{name} {{", *(f"  {line}" for line in _reference(named)), "}"]

    def _embed(self, parent: str, name: str, type_: GraphQLObjectType) -> list[str]:
        if not self._body(type_.name) or parent in self.used_by(type_.name):
            return []
        self._embeds[parent].add(type_.name)
        return [f"{name} {{", f"  {self._spread(type_)}", "}"]

    def _spread(self, type_: GraphQLObjectType) -> str:
        return f"...{self._names.get(type_.name, type_.name)}"

    @cached_property
    def _names(self) -> dict[str, str]:
        """The names of fragments: those of their types without underscores, which ariadne-codegen would drop."""
        types = self._schema.type_map
        return distinct(types, pascal_case, rank=lambda name: pascal_case(name) != name, separator="")

    @cached_property
    def _answers(self) -> set[str]:
        """Types without an id that only root fields return: their fields are the response, not a reference."""
        roots = {self._schema.query_type, self._schema.mutation_type, self._schema.subscription_type}
        nested = {
            get_named_type(field.type).name
            for type_ in self._schema.type_map.values()
            if type_ not in roots
            for field in object_fields(type_).values()
        }
        return {name for name, type_ in self._schema.type_map.items() if "id" not in object_fields(type_)} - nested

    @cached_property
    def _parts(self) -> dict[str, set[str]]:
        """The entities that each entity consists of. Parts with parts of their own are left out, to end the nesting."""
        parts: dict[str, set[str]] = {}
        for type_ in self._schema.type_map.values():
            if type_.name in SCOPES:
                continue
            for field in object_fields(type_).values():
                child = get_named_type(field.type)
                if is_list(field.type) and not field.args and _belongs_to(child, type_.name):
                    parts.setdefault(type_.name, set()).add(child.name)
        return {whole: {part for part in own_parts if part not in parts} for whole, own_parts in parts.items()}


def _belongs_to(child: object, parent: str) -> bool:
    if not isinstance(child, GraphQLObjectType) or "id" not in child.fields:
        return False
    key = parent[:1].lower() + parent[1:]
    return any(name in child.fields for name in (f"{key}Id", f"{key}MetadataId", key))


def _reference(entity: GraphQLObjectType) -> list[str]:
    return ["id"] + [
        name
        for name, field in entity.fields.items()
        if name.startswith("name")
        and isinstance(field.type, GraphQLNonNull)
        and is_leaf_type(field.type.of_type)
        and not field.args
    ]
