"""Unions and interfaces in responses: `__typename` tells the members apart, and new members may come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from aiotwenty.graphql.models import Record


class Other(Record):
    """A member of a union that was added after the client was generated. Only its type is kept."""

    typename__: str = Field(validation_alias="__typename", serialization_alias="__typename")


class ByTypename:
    """Reads a value as the member that its `__typename` names, or as `Other`: `Annotated[A | B | Other, ByTypename()]`.

    A wrong value of a known member stays an error.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices: dict[str, CoreSchema] = {}
        for member in get_args(source):
            schema = handler.generate_schema(member)
            names = get_args(member.model_fields["typename__"].annotation) or ("",)
            choices.update(dict.fromkeys(names, schema))

        def choose(value: Any) -> str:
            name = value.get("__typename") if isinstance(value, Mapping) else getattr(value, "typename__", None)
            return name if name in choices else ""

        return core_schema.tagged_union_schema(choices, discriminator=choose)
