"""Twenty's own scalars, and graphql-core's types with types for type checkers.

Values are not converted; only values that a validating server refuses are refused.
"""

from __future__ import annotations

import re
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLScalarType,
    GraphQLString,
    StringValueNode,
    ValueNode,
)

UUID_TEXT = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
RECORD_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
"""The ids of records that Twenty accepts: versions 1 to 5 only."""


class InvalidUuidError(GraphQLError):
    """The error of a validating server instead of GraphQL's "got invalid value" (Twenty 1.10, November 2025)."""

    def __init__(self, value: Any, node: ValueNode | None = None) -> None:
        super().__init__("Invalid UUID", node, extensions={"value": value, "code": "GRAPHQL_VALIDATION_FAILED"})


def _uuid(value: Any) -> str:
    if isinstance(value, str) and UUID_TEXT.fullmatch(value):
        return value
    raise InvalidUuidError(value)


def _uuid_literal(node: ValueNode, _variables: Any = None) -> str:
    value = node.value if isinstance(node, StringValueNode) else None
    if value is not None and UUID_TEXT.fullmatch(value):
        return value
    raise InvalidUuidError(value, node)


def _scalar(of: GraphQLNamedType) -> GraphQLScalarType:
    """The type as a scalar: graphql-core's constructors are declared as returning any named type."""
    assert isinstance(of, GraphQLScalarType)
    return of


BOOLEAN = _scalar(GraphQLBoolean)
FLOAT = _scalar(GraphQLFloat)
ID = _scalar(GraphQLID)
INT = _scalar(GraphQLInt)
STRING = _scalar(GraphQLString)


def checked_uuid(of: GraphQLScalarType) -> GraphQLScalarType:
    """Makes the scalar refuse values that are no UUIDs. Since graphql-core 3.3, its functions have other names."""
    for name, function in (("value", _uuid), ("literal", _uuid_literal)):
        for verb in ("parse", "coerce_input"):
            if hasattr(of, f"{verb}_{name}"):
                setattr(of, f"{verb}_{name}", function)
    return of


UUID = checked_uuid(_scalar(GraphQLScalarType("UUID")))
DATE_TIME = _scalar(GraphQLScalarType("DateTime"))
DATE = _scalar(GraphQLScalarType("Date"))
BIG_FLOAT = _scalar(GraphQLScalarType("BigFloat"))
BIG_INT = _scalar(GraphQLScalarType("BigInt"))
POSITION = _scalar(GraphQLScalarType("Position"))
TS_VECTOR = _scalar(GraphQLScalarType("TSVector"))
JSON = _scalar(GraphQLScalarType("JSON"))
CURSOR = _scalar(GraphQLScalarType("Cursor"))
CONNECTION_CURSOR = _scalar(GraphQLScalarType("ConnectionCursor"))
