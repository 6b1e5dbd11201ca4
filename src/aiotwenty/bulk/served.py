"""The objects of a workspace as it is now: read from its own schema, custom objects and fields included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import GenericAlias
from typing import Any, Literal

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from pydantic import BaseModel, Field, create_model

from aiotwenty.bulk.catalogue import AnyFilter
from aiotwenty.bulk.fields import FILE_PARTS, RecordColumn, Shape
from aiotwenty.bulk.source import InputError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.composites import (
    AdditionalPhoneInput,
    SecondaryLinkInput,
    exact_scalar,
    listed_scalar,
)
from aiotwenty.graphql.endpoint import TwentyTransport
from aiotwenty.graphql.filters import Filter
from aiotwenty.graphql.introspection import introspection, read_schema
from aiotwenty.graphql.models import CurrencyInput, Input
from aiotwenty.graphql.relations import wrong_in_filter
from aiotwenty.graphql.values import (
    BooleanInput,
    DateInput,
    DateTimeInput,
    IntInput,
    JsonInput,
    LinkInput,
    MicrosInput,
    NumberInput,
    PhoneInput,
    PositionInput,
    UUIDInput,
)
from aiotwenty.records.meta import ObjectNames
from aiotwenty.records.partial import plain

_INPUTS: dict[str, Any] = {
    "AdditionalPhone": AdditionalPhoneInput,
    "ID": UUIDInput,
    "UUID": UUIDInput,
    "String": str,
    "ExactBoolean": BooleanInput,
    "ExactFloat": NumberInput,
    "ExactInt": IntInput,
    "BigFloat": NumberInput,
    "BigInt": NumberInput,
    "DateTime": DateTimeInput,
    "Date": DateInput,
    "Link": LinkInput,
    "Micros": MicrosInput,
    "Phone": PhoneInput,
    "Position": PositionInput,
    "RawJson": JsonInput,
    "SecondaryLink": SecondaryLinkInput,
    "TSVector": str,
}
_COLUMNS = {
    "Boolean": "bool",
    "Int": "int",
    "Float": "number",
    "BigFloat": "number",
    "BigInt": "number",
    "Position": "number",
    "DateTime": "datetime",
    "Date": "date",
}


@dataclass(frozen=True)
class ServedNames(ObjectNames):
    """The names that a workspace says."""

    type_name: str
    singular: str
    plural: str


class ServedCatalogue:
    """Made by `serve_catalogue`. Validates as the generated models do, and knows the options of today."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._models: dict[str, type[BaseModel]] = {}
        self._shapes: dict[str, Shape] = {}

    @cached_property
    def objects(self) -> dict[str, ServedNames]:
        """By type name: everything whose records can be created and listed."""
        assert self._schema.query_type is not None
        queries = self._schema.query_type.fields
        mutations = self._schema.mutation_type.fields if self._schema.mutation_type else {}
        singulars = {str(get_named_type(field.type)): name for name, field in queries.items() if "filter" in field.args}
        objects = {}
        for plural, field in queries.items():
            connection = str(get_named_type(field.type))
            type_name = connection.removesuffix("Connection")
            names = ServedNames(type_name, singulars.get(type_name, type_name), plural)
            if connection != type_name and names.create_many in mutations and "filter" in field.args:
                objects[type_name] = names
        return objects

    def find(self, name: str) -> ServedNames:
        """The object called so: `companies`, `company` or `Company`. Raises `InputError`."""
        for names in self.objects.values():
            if name in (names.plural, names.singular, names.type_name):
                return names
        known = sorted(names.plural for names in self.objects.values())
        raise InputError(
            f"the workspace has no object {name!r}{did_you_mean(name, known) or '; it has ' + ', '.join(known)}"
        )

    def names(self, type_name: str) -> ServedNames:
        if type_name not in self.objects:
            raise InputError(f"the workspace has no object {type_name}")
        return self.objects[type_name]

    def columns(self, type_name: str) -> list[RecordColumn]:
        return sorted(self._columns(type_name), key=lambda column: column.path != "id")

    def _columns(self, type_name: str, prefix: str = "") -> Iterator[RecordColumn]:
        record = self._schema.type_map[type_name]
        assert isinstance(record, GraphQLObjectType)
        for name, field in record.fields.items():
            kind = get_named_type(field.type)
            listed = isinstance(_nullable(field.type), GraphQLList)
            if is_leaf_type(kind):
                yield RecordColumn(prefix + name, "text" if listed else _COLUMNS.get(kind.name, "text"))
            elif not isinstance(kind, GraphQLObjectType) or prefix or {"id", "edges"} & kind.fields.keys():
                continue
            elif listed:
                yield RecordColumn(name, "text", tuple(part for part in kind.fields if part in FILE_PARTS))
            else:
                yield from self._columns(kind.name, f"{name}.")

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

    def update_model(self, type_name: str) -> type[BaseModel]:
        """What records of this object can be changed to."""
        return self._model(f"{self.names(type_name).type_name}UpdateInput")

    def filter(self, type_name: str, filter: AnyFilter | None) -> Filter | None:
        """The filter, by the names of the wire. Raises `InputError` if it goes through a to-many relation, which the
        server refuses.
        """
        wanted: Filter = plain(filter) if isinstance(filter, BaseModel) else dict(filter or {})
        if wrong := next(wrong_in_filter(self._schema, f"{type_name}FilterInput", wanted), None):
            raise InputError(f"filter: {wrong}")
        return wanted or None

    def _model(self, name: str) -> type[BaseModel]:
        if name not in self._models:
            wire_type = self._schema.type_map[name]
            assert isinstance(wire_type, GraphQLInputObjectType)
            # The attributes have an underscore in front so that no field can hide what models have themselves.
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
            return Literal[tuple(kind.values)]
        if listed := listed_scalar(field, kind.name):
            return GenericAlias(list, (_INPUTS[listed],))
        return _INPUTS.get(exact_scalar(field, kind.name) or kind.name, Any)


async def serve_catalogue(endpoint: TwentyTransport) -> ServedCatalogue:
    """Introspects the workspace (about a third of a second). Raises any `TwentyError`."""
    answer = await endpoint.run_document(introspection().document)
    return ServedCatalogue(read_schema(answer, "/graphql"))


def _nullable(kind: Any) -> Any:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind
