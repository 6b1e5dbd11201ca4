"""Variables as JSON bytes in one pass of pydantic-core; models are written by alias and without unset fields."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import PydanticSerializationError, SchemaSerializer, core_schema

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.models import UNSET
from aiotwenty.graphql.operation import Operation

# `pydantic_core.to_json` cannot leave unset fields out; a serializer for any value can, and finds models inside.
_ANYTHING = SchemaSerializer(core_schema.any_schema(), core_schema.CoreConfig(ser_json_inf_nan="constants"))


def encode_json(value: object) -> bytes:
    """JSON bytes of models, mappings, lists and scalars in any nesting. `InvalidArgument` for what JSON can't hold."""
    try:
        return _ANYTHING.to_json(value, by_alias=True, exclude_unset=True)
    except PydanticSerializationError as error:
        raise InvalidArgument(f"a value cannot be written as JSON ({error}).") from error


def encode_body(operation: Operation, variables: Mapping[str, object]) -> bytes:
    """The body of a request. Variables that are `UNSET` are not sent."""
    if UNSET in variables.values():
        variables = {name: value for name, value in variables.items() if value is not UNSET}
    return b"%b%b}" % (operation.body_prefix, encode_json(variables))
