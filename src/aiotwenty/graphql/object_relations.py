"""Finds the relations between the objects of a core schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type

from aiotwenty.graphql.names import words
from aiotwenty.graphql.object_facts import About
from aiotwenty.graphql.relations import connection_node, is_list, keys_to, listed_objects

ASKED_FOR = ("searchVector",)
"""Long texts of no use to readers, which records leave out."""

_OF_EVERY_OBJECT = words("id createdAt createdBy deletedAt position searchVector updatedAt updatedBy")


def abouts(schema: GraphQLSchema) -> dict[str, About]:
    """The facts about each object, by its type."""
    objects = {node.name: (plural, node) for plural, _, node in listed_objects(schema)}
    to_one = {name: dict(_to_one(node, objects)) for name, (_, node) in objects.items()}
    to_many = {name: dict(_to_many(node, objects)) for name, (_, node) in objects.items()}
    morph = {
        name: {
            **_morph({relation: (target, target) for relation, target in to_one[name].items()}, node.fields),
            **_morph({relation: (many[0], many[1]) for relation, many in to_many[name].items()}, node.fields),
        }
        for name, (_, node) in objects.items()
    }
    joins = {name for name, (_, node) in objects.items() if _only_joins(node, to_one[name])}
    return {
        name: About(
            name,
            plural,
            to_one[name],
            to_many[name],
            morph[name],
            dict(_joined(node, to_one, to_many[name], morph, joins, objects)),
            tuple(field for field in ASKED_FOR if field in node.fields),
        )
        for name, (plural, node) in objects.items()
    }


_Objects = Mapping[str, tuple[str, GraphQLObjectType]]


def _to_one(node: GraphQLObjectType, objects: _Objects) -> Iterator[tuple[str, str]]:
    for name, field in node.fields.items():
        target = get_named_type(field.type).name
        if target in objects and not is_list(field.type):
            yield name, target


def _to_many(node: GraphQLObjectType, objects: _Objects) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, field in node.fields.items():
        other = connection_node(field.type)
        if other is not None and other.name in objects:
            yield name, (other.name, objects[other.name][0], *keys_to(node, other))


def _morph(relations: Mapping[str, tuple[str, str]], taken: Iterable[str]) -> dict[str, dict[str, str]]:
    """Relations that differ in their target and its name only: `targetCompany` and `targetPerson`.

    By their common name. `relations` are the targets, with the names that a relation may be called after.
    """
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for name, (target, called) in relations.items():
        ending = called[:1].upper() + called[1:]
        if name != ending and name.endswith(ending):
            groups[name.removesuffix(ending)][name] = target
    return {
        base: parts
        for base, parts in groups.items()
        if len(parts) > 1 and len(set(parts.values())) == len(parts) and base not in taken
    }


def _only_joins(node: GraphQLObjectType, to_one: Mapping[str, str]) -> bool:
    """Whether an object only joins other records, and has no fields of its own."""
    own = node.fields.keys() - _OF_EVERY_OBJECT
    return len(to_one) > 1 and own <= to_one.keys() | {f"{name}Id" for name in to_one}


def _joined(
    node: GraphQLObjectType,
    to_one: Mapping[str, Mapping[str, str]],
    to_many: Mapping[str, tuple[str, ...]],
    morph: Mapping[str, Mapping[str, Mapping[str, str]]],
    joins: set[str],
    objects: _Objects,
) -> Iterator[tuple[str, tuple[str, Mapping[str, str]]]]:
    """The records that the object's join records lead to, by the plural of the relation."""
    for name, (join, _, *keys) in to_many.items():
        if join not in joins or len(keys) != 1:
            continue
        back = keys[0].removesuffix("Id")
        ends = {part for parts in morph[join].values() for part in parts}
        if back not in ends:
            for base, parts in morph[join].items():
                if f"{base}s" not in node.fields:
                    yield f"{base}s", (name, parts)
        for relation, target in to_one[join].items():
            plural = objects[target][0] if relation == target[:1].lower() + target[1:] else f"{relation}s"
            if relation not in ends and relation != back and plural not in node.fields:
                yield plural, (name, {relation: target})
