"""The present objects of a workspace, read from its schema, with custom objects and fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import GenericAlias
from typing import Any, Literal

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from pydantic import BaseModel, Field, create_model

from aiotwenty.bulk.catalogue import AnyFilter
from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.record_columns import FILE_PARTS, Holds, RecordColumn, id_first, is_micros
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.workspace_filters import FilterChecker
from aiotwenty.graphql.advice import near
from aiotwenty.graphql.annotations import named_fields
from aiotwenty.graphql.composites import AdditionalPhone, SecondaryLink, exact_scalar, listed_scalar
from aiotwenty.graphql.endpoint import Endpoint
from aiotwenty.graphql.filters import Filter, normalise
from aiotwenty.graphql.introspection import introspection, known_schema
from aiotwenty.graphql.models import CurrencyInput, Input
from aiotwenty.graphql.relations import is_list, object_fields
from aiotwenty.graphql.served_models import INPUTS
from aiotwenty.records.object_meta import ObjectNames

_HOLDS: dict[str, Holds] = {
    "Boolean": "bool",
    "Int": "int",
    "Float": "number",
    "BigFloat": "number",
    "BigInt": "number",
    "Position": "number",
    "DateTime": "datetime",
    "Date": "date",
    "UUID": "uuid",
    "ID": "uuid",
    "JSON": "json",
}
_LISTED: dict[str, Holds] = {"AdditionalPhone": "objects", "SecondaryLink": "objects", "String": "texts"}
_LISTED_PARTS: dict[str, type[BaseModel]] = {"AdditionalPhone": AdditionalPhone, "SecondaryLink": SecondaryLink}


@dataclass(frozen=True)
class ServedNames(ObjectNames):
    """The names of an object in the workspace's schema."""

    type_name: str
    singular: str
    plural: str


class ServedCatalogue:
    """The catalogue of `serve_catalogue`. Validates like generated models, with the present options."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._models: dict[str, type[BaseModel]] = {}
        self._shapes: dict[str, Shape] = {}
        self._foreseen: dict[str, list[str]] = {}

    @cached_property
    def objects(self) -> dict[str, ServedNames]:
        """The objects whose records can be created and listed, by type name."""
        mutations = self._schema.mutation_type.fields if self._schema.mutation_type else {}
        return {name: names for name, names in self.listed.items() if names.create_many in mutations}

    @cached_property
    def listed(self) -> dict[str, ServedNames]:
        """The objects whose records can be listed, by type name, whether or not they can be created."""
        assert self._schema.query_type is not None
        queries = self._schema.query_type.fields
        singulars = {str(get_named_type(field.type)): name for name, field in queries.items() if "filter" in field.args}
        objects = {}
        for plural, field in queries.items():
            connection = str(get_named_type(field.type))
            type_name = connection.removesuffix("Connection")
            if connection != type_name and type_name in singulars and "filter" in field.args:
                objects[type_name] = ServedNames(type_name, singulars[type_name], plural)
        return objects

    def find(self, name: str) -> ServedNames:
        """The object with this name: `companies`, `company` or `Company`. Raises `InputError`."""
        for names in self.objects.values():
            if name in (names.plural, names.singular, names.type_name):
                return names
        known = [known_name for names in self.objects.values() for known_name in (names.plural, names.singular)]
        likely = near(name, known, most=3)
        plurals = dict.fromkeys(
            names.plural for names in self.objects.values() if {names.plural, names.singular} & {*likely}
        )
        hint = f" (did you mean {' or '.join(map(repr, plurals))}?)" if plurals else ""
        raise InputError(f"the workspace has no object {name!r}{hint}")

    def names(self, type_name: str) -> ServedNames:
        if type_name not in self.objects:
            raise InputError(f"the workspace has no object {type_name}")
        return self.objects[type_name]

    def columns(self, type_name: str) -> list[RecordColumn]:
        return id_first(self._columns(type_name))

    def _columns(self, type_name: str, prefix: str = "") -> Iterator[RecordColumn]:
        for name, field in self._record(type_name).fields.items():
            kind = get_named_type(field.type)
            listed = is_list(field.type)
            if is_leaf_type(kind):
                yield _leaf_column(prefix, name, kind, listed=listed)
            elif not isinstance(kind, GraphQLObjectType) or prefix or {"id", "edges"} & kind.fields.keys():
                continue
            elif listed:
                parts = tuple(part for part in kind.fields if part in FILE_PARTS)
                yield RecordColumn(name, "objects", parts, selects=True)
            else:
                yield from self._columns(kind.name, f"{name}.")

    def to_one(self, type_name: str) -> Mapping[str, str]:
        kinds = {name: get_named_type(field.type) for name, field in self._record(type_name).fields.items()}
        return {name: kind.name for name, kind in kinds.items() if "id" in object_fields(kind)}

    def to_many(self, type_name: str) -> Collection[str]:
        fields = self._record(type_name).fields.items()
        return [name for name, field in fields if "edges" in object_fields(get_named_type(field.type))]

    def _record(self, type_name: str) -> GraphQLObjectType:
        record = self._schema.type_map[type_name]
        assert isinstance(record, GraphQLObjectType)
        return record

    def shape(self, type_name: str) -> Shape:
        if type_name not in self._shapes:
            self.names(type_name)
            self._shapes[type_name] = Shape(
                type_name,
                self._model(f"{type_name}CreateInput"),
                self._model(f"{type_name}WhereUniqueInput")
                if f"{type_name}WhereUniqueInput" in self._schema.type_map
                else None,
                self.shape,
                [column.path for column in self.columns(type_name)],
            )
        return self._shapes[type_name]

    def foreseeing(self, type_name: str, options: Mapping[str, Iterable[str]]) -> ServedCatalogue:
        """A catalogue that accepts further options of this object's picklists, by field, before they exist."""
        other = ServedCatalogue(self._schema)
        wire_type = self._schema.type_map[f"{type_name}CreateInput"]
        assert isinstance(wire_type, GraphQLInputObjectType)
        for name, values in options.items():
            other._foreseen.setdefault(get_named_type(wire_type.fields[name].type).name, []).extend(values)
        return other

    def update_model(self, type_name: str) -> type[BaseModel]:
        """The model of updates of the object."""
        return self._model(f"{self.names(type_name).type_name}UpdateInput")

    def leaf(self, type_name: str, path: str) -> tuple[str, bool]:
        """The scalar, enum or object at a dotted path, and whether it is a list."""
        kind: Any = self._schema.type_map[type_name]
        field = None
        for name in path.split("."):
            field = kind.fields[name]
            kind = get_named_type(field.type)
        return str(kind), field is not None and isinstance(_nullable(field.type), GraphQLList)

    def filter(self, type_name: str, filter: AnyFilter | None) -> Filter | None:
        """The filter with GraphQL names. Raises `InputError` for a filter that the server would refuse."""
        if filter is None:
            return None
        if not isinstance(filter, BaseModel):
            filter = FilterChecker(self._schema, self._type).checked(f"{type_name}FilterInput", filter)
        return normalise(filter)

    def _model(self, name: str) -> type[BaseModel]:
        if name not in self._models:
            wire_type = self._schema.type_map[name]
            assert isinstance(wire_type, GraphQLInputObjectType)
            # The attributes begin with an underscore, so that no field can hide those of models.
            fields: dict[str, Any] = {
                f"x_{field}": (self._type(kind.type, field) | None, Field(default=None, alias=field))
                for field, kind in wire_type.fields.items()
            }
            micros = wire_type.fields.get("amountMicros")
            counts_money = micros is not None and is_leaf_type(get_named_type(micros.type))
            base = CurrencyInput if counts_money else Input
            self._models[name] = create_model(name, __base__=base, **fields)
        return self._models[name]

    def _type(self, kind: Any, field: str) -> Any:
        kind = _nullable(kind)
        if isinstance(kind, GraphQLList):
            inner = self._type(kind.of_type, field)
            return list[inner]  # type: ignore[valid-type]
        if isinstance(kind, GraphQLInputObjectType):
            return self._model(kind.name)
        if isinstance(kind, GraphQLEnumType):
            return Literal[(*kind.values, *self._foreseen.get(kind.name, ()))]
        if listed := listed_scalar(field, kind.name):
            return GenericAlias(list, (INPUTS[listed],))
        return INPUTS.get(exact_scalar(field, kind.name) or kind.name, Any)


async def serve_catalogue(endpoint: Endpoint) -> ServedCatalogue:
    """Introspects the workspace (about a third of a second). Raises any `TwentyError`."""
    answer = await endpoint.run_document(introspection())
    return _catalogue(known_schema(answer, "/graphql"))


@lru_cache(maxsize=4)
def _catalogue(schema: GraphQLSchema) -> ServedCatalogue:
    """The catalogue of a schema, cached: making its models takes as long as reading it."""
    return ServedCatalogue(schema)


def _leaf_column(prefix: str, name: str, kind: GraphQLNamedType, *, listed: bool) -> RecordColumn:
    path = prefix + name
    if (scalar := listed_scalar(name, kind.name)) is not None:
        model = _LISTED_PARTS.get(scalar)
        return RecordColumn(path, _LISTED[scalar], tuple(alias for alias, _, _ in named_fields(model)) if model else ())
    if listed:
        return RecordColumn(path, "json" if kind.name == "JSON" else "texts")
    if isinstance(kind, GraphQLEnumType):
        return RecordColumn(path, "option")
    holds = _HOLDS.get(kind.name, "text")
    return RecordColumn(path, "micros" if holds == "number" and is_micros(path) else holds)


def _nullable(kind: Any) -> Any:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind
