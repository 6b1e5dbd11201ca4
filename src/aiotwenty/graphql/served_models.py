"""Makes models at run time for the types of a schema, like those that the generator writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import GenericAlias
from typing import Any, ClassVar

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from pydantic import BaseModel, Field, create_model

from aiotwenty.graphql.composites import AdditionalPhone, AdditionalPhoneInput, SecondaryLink, SecondaryLinkInput
from aiotwenty.graphql.field_order import put_in_order
from aiotwenty.graphql.input_scalars import (
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
from aiotwenty.graphql.lazy_models import Later
from aiotwenty.graphql.models import (
    UUID,
    AggregateOrder,
    BigFloat,
    BigInt,
    CurrencyInput,
    Date,
    DateTime,
    Filter,
    GroupOrder,
    Input,
    Json,
    Open,
    Position,
    Record,
    graphql_name,
)
from aiotwenty.graphql.names import distinct, field_names, member_name
from aiotwenty.graphql.object_facts import About
from aiotwenty.graphql.object_relations import ASKED_FOR, abouts
from aiotwenty.graphql.schema_corrections import AGGREGATE_ORDER, amend
from aiotwenty.graphql.select import ObjectRecord

_OUTPUTS: dict[str, Any] = {
    "AdditionalPhone": AdditionalPhone,
    "BigFloat": BigFloat,
    "BigInt": BigInt,
    "Boolean": bool,
    "Date": Date,
    "DateTime": DateTime,
    "Float": float,
    "ID": str,
    "Int": int,
    "Position": Position,
    "SecondaryLink": SecondaryLink,
    "String": str,
    "TSVector": str,
    "UUID": UUID,
}
INPUTS: dict[str, Any] = {
    "AdditionalPhone": AdditionalPhoneInput,
    AGGREGATE_ORDER: AggregateOrder,
    "BigFloat": NumberInput,
    "BigInt": NumberInput,
    "Date": DateInput,
    "DateTime": DateTimeInput,
    "ExactBoolean": BooleanInput,
    "ExactFloat": NumberInput,
    "ExactInt": IntInput,
    "ID": UUIDInput,
    "Link": LinkInput,
    "Micros": MicrosInput,
    "Phone": PhoneInput,
    "Position": PositionInput,
    "RawJson": JsonInput,
    "SecondaryLink": SecondaryLinkInput,
    "String": str,
    "TSVector": str,
    "UUID": UUIDInput,
}
"""The input type of each scalar, by its name or by `exact_scalar` for a part of a composite."""


class ServedModels:
    """The models of one core schema, each made at its first use. The schema is changed."""

    def __init__(self, schema: GraphQLSchema, module: str, package: str, record: type[ObjectRecord]) -> None:
        """`module` is the module of the models, `package` the one around it; `record` is the base of records."""
        put_in_order(schema)
        amend(schema)
        self._schema = schema
        self._module = module
        self._package = package
        self._record = record
        self.abouts: Mapping[str, About] = abouts(schema)
        self._classes: dict[str, Any] = {}

    def __contains__(self, name: str) -> bool:
        return isinstance(
            self._schema.type_map.get(name), GraphQLObjectType | GraphQLInputObjectType | GraphQLEnumType
        ) and not name.startswith("__")

    def model(self, name: str) -> Any:
        """The class for a type of the schema. Raises `KeyError` for other names."""
        if name not in self:
            raise KeyError(name)
        if name not in self._classes:
            self._classes[name] = self._class(self._schema.type_map[name])
        return self._classes[name]

    def _class(self, type_: object) -> Any:
        if isinstance(type_, GraphQLEnumType):
            return self._enum(type_)
        if isinstance(type_, GraphQLInputObjectType):
            return self._input(type_)
        assert isinstance(type_, GraphQLObjectType)
        return self._output(type_)

    def _enum(self, type_: GraphQLEnumType) -> Any:
        members = distinct(type_.values, member_name)
        # mypy takes the functional form for an enum only with literals.
        enum: Any = StrEnum
        return enum(type_.name, {member: value for value, member in members.items()}, module=self._module)

    def _output(self, type_: GraphQLObjectType) -> Any:
        fields = {
            name: self._shown(field.type)
            for name, field in type_.fields.items()
            if not field.deprecation_reason
            and not any(is_required_argument(argument) for argument in field.args.values())
            and self._is_part(name, get_named_type(field.type))
        }
        about = self.abouts.get(type_.name)
        base = Record if about is None else self._record
        return self._create(type_, base, {name: (kind, ...) for name, kind in fields.items()}, {"_object": about})

    def _is_part(self, name: str, named: object) -> bool:
        """Whether a field belongs to a record by default: relations are read only if they are selected."""
        if is_leaf_type(named):
            return name not in ASKED_FOR
        return isinstance(named, GraphQLObjectType) and not {"id", "edges"} & named.fields.keys()

    def _shown(self, type_: Any) -> Any:
        if not isinstance(type_, GraphQLNonNull):
            return self._shown(GraphQLNonNull(type_)) | None
        inner = type_.of_type
        if isinstance(inner, GraphQLList):
            return GenericAlias(list, (self._shown(inner.of_type),))
        if isinstance(inner, GraphQLEnumType):
            return Open[self.model(inner.name)]  # type: ignore[misc]  # a class that was made just now
        return self.model(inner.name) if isinstance(inner, GraphQLObjectType) else _OUTPUTS.get(inner.name, Json)

    def _input(self, type_: GraphQLInputObjectType) -> Any:
        values: dict[str, Any] = {}
        if names := self._aggregates(type_):
            values = {"_aggregates": " ".join(names)}
            base: type[Input] = GroupOrder
        elif any(str(get_named_type(field.type)) == "Micros" for field in type_.fields.values()):
            base = CurrencyInput
        else:
            base = Filter if "and" in type_.fields else Input
        fields = {name: (self._sent(field.type), _default(field)) for name, field in type_.fields.items()}
        return self._create(type_, base, fields, values)

    def _aggregates(self, type_: GraphQLInputObjectType) -> list[str]:
        field = type_.fields.get("aggregate")
        names: list[str] = field.extensions.get(AGGREGATE_ORDER, []) if field is not None else []
        return names

    def _sent(self, type_: Any) -> Any:
        if not isinstance(type_, GraphQLNonNull):
            return self._sent(GraphQLNonNull(type_)) | None
        inner = type_.of_type
        if isinstance(inner, GraphQLList):
            return GenericAlias(list, (self._sent(inner.of_type),))
        if isinstance(inner, GraphQLEnumType):
            return self.model(inner.name)
        if isinstance(inner, GraphQLInputObjectType):
            is_flat = all(is_leaf_type(get_named_type(field.type)) for field in inner.fields.values())
            return self.model(inner.name) if is_flat else self._later(inner.name)
        return INPUTS.get(inner.name, Json)

    def _later(self, name: str) -> type[Later]:
        """A stand-in, because inputs refer to each other in circles."""
        return type(name, (Later,), {"_package": self._package, "__module__": self._module})

    def _create(
        self,
        type_: GraphQLObjectType | GraphQLInputObjectType,
        base: type[BaseModel],
        fields: Mapping[str, tuple[Any, Any]],
        values: Mapping[str, Any],
    ) -> Any:
        names = field_names(fields)
        definitions: dict[str, Any] = {
            names[name]: (kind, _field(names[name], name, default)) for name, (kind, default) in fields.items()
        }
        class_values = {name: (ClassVar[Any], value) for name, value in values.items() if value is not None}
        create: Callable[..., Any] = create_model
        return create(
            type_.name,
            __base__=base,
            __module__=self._module,
            __doc__=type_.description or f"{type_.name}, as the workspace has it.",
            **definitions,
            **class_values,
        )


def _default(field: GraphQLInputField) -> Any:
    """The default of an input field: unset fields are not sent, and the server puts the schema's default in."""
    if isinstance(field.type, GraphQLNonNull):
        return ... if field.default_value is Undefined else field.default_value
    return None


def _field(python: str, graphql: str, default: Any) -> Any:
    # The Python name is always accepted; the alias is explicit only if the base's alias generator gives another.
    if graphql_name(python) == graphql:
        return Field(default)
    return Field(default, validation_alias=graphql, serialization_alias=graphql)
