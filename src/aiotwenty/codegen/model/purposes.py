"""One-line descriptions of types that no workspace describes: inputs, filters, orders and options."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, get_named_type

from aiotwenty.graphql.names import snake_case
from aiotwenty.graphql.object_roots import find_objects
from aiotwenty.graphql.relations import object_fields

_OF_OBJECTS = {
    "OrderByWithGroupByInput": "An order of groups of {many}.",
    "OrderByInput": "An order of {many}.",
    "GroupByInput": "The fields that {many} are grouped by.",
    "FilterInput": "A filter for {many}: all of its conditions must hold.",
    "CreateInput": "The data of new {many}.",
    "UpdateInput": "Changes of {many}; fields that are not set don't change.",
    "WhereUniqueInput": "Unique values that identify a record of {many}.",
    "ConnectInput": "The record of {many} that a relation connects to.",
    "RelationInput": "A relation to a record of {many}: connect or disconnect.",
}
_OF_VALUES = {
    "OrderByInput": "An order by parts of {one}.",
    "GroupByInput": "The parts of {one} that records are grouped by.",
    "FilterInput": "Conditions on the parts of {one}.",
    "CreateInput": "The parts of {one} in new records.",
    "UpdateInput": "Changes of the parts of {one}.",
}
"""For the types of composite values, such as addresses."""

_OF_ALL_WORKSPACES = {
    "DateGranularityEnum": "The lengths of periods that dates are grouped by.",
    "FilterIs": "Whether a field has a value.",
    "FirstDayOfTheWeek": "The day on which weeks begin.",
    "OrderByDirection": "Ascending or descending, with empty values first or last.",
    "FileObject": "A file of a record.",
    "FileItemInput": "An uploaded file for a record.",
    "GroupByDateGranularityInput": "The period and time zone that a date is grouped by.",
    "OrderByDateGranularityInput": "An order of groups by periods.",
}
"""Types beside those of objects (Twenty, July 2026)."""


class Purposes:
    """The purposes of the types of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    def of(self, name: str) -> str:
        """A sentence about a type; empty if its name doesn't tell."""
        type_ = self._schema.type_map.get(name)
        if type_ is not None and name in _OF_ALL_WORKSPACES:
            return _OF_ALL_WORKSPACES[name]
        if isinstance(type_, GraphQLEnumType):
            return self._choices.get(name, "")
        if not isinstance(type_, GraphQLInputObjectType):
            return ""
        for role, sentence in _OF_OBJECTS.items():
            stem = name.removesuffix(role)
            if stem == name or not isinstance(self._schema.type_map.get(stem), GraphQLObjectType):
                continue
            if stem in self._plurals:
                return sentence.format(many=_words(self._plurals[stem]))
            return _OF_VALUES.get(role, "").format(one=stem)
        if name.endswith("WhereInput"):
            return "The parts of a unique value."
        stem = name.removesuffix("Filter")
        return f"Conditions on a value of type {stem}." if stem != name else ""

    @cached_property
    def _plurals(self) -> dict[str, str]:
        return {found.type_name: found.plural for found in find_objects(self._schema)}

    @cached_property
    def _choices(self) -> dict[str, str]:
        """The field that each enum has the options of: the first that uses it."""
        choices: dict[str, str] = {}
        for owner, field, enum in self._fields_with_options():
            choices.setdefault(enum, f"The options of `{snake_case(field)}` of {owner}.")
        return choices

    def _fields_with_options(self) -> Iterator[tuple[str, str, str]]:
        for owner, type_ in self._schema.type_map.items():
            for name, field in object_fields(type_).items():
                named = get_named_type(field.type)
                if isinstance(named, GraphQLEnumType) and not owner.startswith("__"):
                    yield owner, name, named.name


def _words(plural: str) -> str:
    return snake_case(plural).replace("_", " ")
