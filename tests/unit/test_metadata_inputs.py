"""What is sent to /metadata is looked at as closely as records are: nothing is made of what the server refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, build_schema
from pydantic import BaseModel, ValidationError

import aiotwenty.metadata

SDL = Path(__file__).parents[2] / "schema" / "metadata.graphql"
LOOSE = {"Boolean": ("yes", "true", 1, 0, 1.0), "Int": ("5", 1.9, True, "1e3"), "Float": ("1.5", True, float("nan"))}
EXACT = {"Boolean": (True, False), "Int": (0, 5), "Float": (1.5, 3)}

Field = tuple[type[BaseModel], str, bool]


def fields_of(scalar: str) -> Iterator[Field]:
    """Each field of an input that is one: its model, its name, whether it is a list."""
    for name, type_ in build_schema(SDL.read_text(), assume_valid=True).type_map.items():
        model = getattr(aiotwenty.metadata, name, None)
        for field, definition in getattr(type_, "fields", {}).items():
            kind = definition.type
            if isinstance(type_, GraphQLInputObjectType) and model and str(kind).strip("[]!") == scalar:
                is_list = isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)
                yield model, field, is_list


def is_taken(field: Field, value: Any) -> bool:
    model, name, is_list = field
    try:
        model.model_validate({name: [value] if is_list else value})
    except ValidationError as error:
        # Other fields may be missing.
        return all(problem["loc"][0] != name for problem in error.errors())
    return True


@pytest.mark.parametrize(("scalar", "count"), [("Boolean", 80), ("Int", 5), ("Float", 20)])
def test_a_boolean_or_number_is_taken_as_the_server_takes_it(scalar: str, count: int) -> None:
    fields = list(fields_of(scalar))
    assert len(fields) > count
    assert [field for field in fields for value in EXACT[scalar] if not is_taken(field, value)] == []
    assert [(field, value) for field in fields for value in LOOSE[scalar] if is_taken(field, value)] == []
