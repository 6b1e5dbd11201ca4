"""The Python types of Twenty's scalars, for ariadne-codegen."""

from __future__ import annotations

from collections.abc import Mapping

from ariadne_codegen.client_generators.scalars import ScalarData
from graphql import (
    GraphQLScalarType,
    GraphQLSchema,
    is_specified_scalar_type,
)

from aiotwenty.graphql.schema_corrections import AGGREGATE_ORDER

# Twenty, July 2026. Scalars that are not listed take any JSON value.
_OUTPUT = {
    "AdditionalPhone": "rt.AdditionalPhone",
    "BigFloat": "rt.BigFloat",
    "BigInt": "rt.BigInt",
    "ConnectionCursor": "str",
    "Cursor": "str",
    "Date": "rt.Date",
    "DateTime": "rt.DateTime",
    "Position": "rt.Position",
    "SecondaryLink": "rt.SecondaryLink",
    "TSVector": "str",
    "UUID": "rt.UUID",
}
# Input is validated more strictly than output.
_INPUT = {
    **_OUTPUT,
    AGGREGATE_ORDER: "rt.AggregateOrder",
    "AdditionalPhone": "rt.AdditionalPhoneInput",
    "BigFloat": "rt.NumberInput",
    "BigInt": "rt.NumberInput",
    "Date": "rt.DateInput",
    "DateTime": "rt.DateTimeInput",
    "ExactBoolean": "rt.BooleanInput",
    "ExactFloat": "rt.NumberInput",
    "ExactInt": "rt.IntInput",
    "Link": "rt.LinkInput",
    "Micros": "rt.MicrosInput",
    "Phone": "rt.PhoneInput",
    "Position": "rt.PositionInput",
    "RawJson": "rt.JsonInput",
    "SecondaryLink": "rt.SecondaryLinkInput",
    "UUID": "rt.UUIDInput",
}
_BUILT_IN = {"Boolean": "bool", "Float": "float", "ID": "str", "Int": "int", "String": "str"}


def scalar_data(schema: GraphQLSchema, own: Mapping[str, ScalarData], *, for_input: bool) -> dict[str, ScalarData]:
    """Data about every scalar of the schema, as ariadne-codegen needs it. The user's, `own`, take precedence."""
    known = _INPUT if for_input else _OUTPUT
    return {
        name: own.get(name) or _reference(name, known.get(name, "rt.Json"))
        for name, type_ in schema.type_map.items()
        if isinstance(type_, GraphQLScalarType) and (name in own or not is_specified_scalar_type(type_))
    }


def scalar_name(name: str, scalars: Mapping[str, ScalarData]) -> str:
    """The Python type of a scalar in the code of a method."""
    return scalars[name].type_name if name in scalars else _BUILT_IN[name]


def _reference(name: str, python: str) -> ScalarData:
    data = ScalarData(type_=name, graphql_name=name)
    data.type_name = python  # the constructor would turn a dotted name into an import
    return data
