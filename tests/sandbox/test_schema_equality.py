"""The schema of `/graphql` is the one of the real server, for a fresh workspace and for one with custom objects."""

from __future__ import annotations

from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

from aiotwenty.sandbox.model import DataModel
from aiotwenty.sandbox.schema import core_schema


def flat(schema: GraphQLSchema) -> dict[str, str]:
    """Everything a schema says of types, fields, arguments and enum values, one entry each."""
    found: dict[str, str] = {}
    for name, of in schema.type_map.items():
        if name.startswith("__"):
            continue
        found[name] = type(of).__name__
        if isinstance(of, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in of.fields.items():
                found[f"{name}.{field_name}"] = str(field.type)
                for argument_name, argument in field.args.items():
                    found[f"{name}.{field_name}({argument_name})"] = f"{argument.type} = {argument.default_value!r}"
        elif isinstance(of, GraphQLInputObjectType):
            for field_name, given in of.fields.items():
                found[f"{name}.{field_name}"] = f"{given.type} = {given.default_value!r}"
        elif isinstance(of, GraphQLEnumType):
            found |= {f"{name} = {value}": "value" for value in of.values}
    return found


def differences(ours: GraphQLSchema, real: GraphQLSchema) -> list[str]:
    mine, theirs = flat(ours), flat(real)
    return [
        f"{key}: the sandbox has {mine.get(key, 'nothing')}, the real server {theirs.get(key, 'nothing')}"
        for key in sorted(mine.keys() | theirs.keys())
        if mine.get(key) != theirs.get(key)
    ]


def read(shared: Path, name: str) -> GraphQLSchema:
    return build_schema((shared / name).read_text("utf-8"), assume_valid=True)


def test_a_fresh_workspace_has_the_schema_of_the_standard_objects(shared: Path) -> None:
    found = differences(core_schema(DataModel.load_standard()), read(shared, "core.standard.graphql"))

    assert not found, "\n".join(found)


def test_the_comparison_notices_a_missing_field(shared: Path) -> None:
    model = DataModel.load_standard()
    del model.objects["company"].fields["name"]
    model.changed()

    assert differences(core_schema(model), read(shared, "core.standard.graphql"))
