"""The schema of `/graphql` is the one of the real server, for a fresh workspace and for one with custom objects."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    IntrospectionQuery,
    build_client_schema,
    build_schema,
    get_introspection_query,
)

from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.model.catalogue import standard_model
from aiotwenty.sandbox.model.schema import CoreSchema


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


def read(recordings: Path, name: str) -> GraphQLSchema:
    return build_schema((recordings / name).read_text("utf-8"), assume_valid=True)


def test_the_comparison_notices_a_missing_field(recordings: Path) -> None:
    model = standard_model()
    del model.objects["company"].fields["name"]
    model.changed()

    assert differences(CoreSchema(model).current(), read(recordings, "core.standard.graphql"))


Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def ask(twenty_sandbox: Sandbox) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession() as session:

        async def send(path: str, query: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {twenty_sandbox.api_key}"}
            body = {"query": query, "variables": given}
            async with session.post(twenty_sandbox.url + path, json=body, headers=headers) as response:
                answer = json.loads(await response.read())
            assert "errors" not in answer, answer["errors"]
            data: dict[str, Any] = answer["data"]
            return data

        yield send


async def test_a_fresh_workspace_is_introspected_like_the_recorded_one(recordings: Path, ask: Ask) -> None:
    found = differences(await introspected(ask), read(recordings, "core.standard.graphql"))
    assert not found, "\n".join(found)


async def test_custom_objects_are_introspected_like_the_recorded_ones(
    recordings: Path, ask: Ask, custom_objects: Callable[[Ask], Awaitable[None]]
) -> None:
    await custom_objects(ask)
    found = differences(await introspected(ask), read(recordings, "core.custom.graphql"))
    assert not found, "\n".join(found)


async def test_only_the_first_schema_says_that_an_actor_has_a_name(
    ask: Ask, custom_objects: Callable[[Ask], Awaitable[None]]
) -> None:
    first = await introspected(ask)
    await custom_objects(ask)
    later = await introspected(ask)

    places = ("Actor.source", "Actor.name", "ActorCreateInput.source")
    assert [flat(first)[place].removesuffix(" = Undefined") for place in places] == [
        "ActorSourceEnum!",
        "String!",
        "ActorSourceEnum!",
    ]
    assert [flat(later)[place].removesuffix(" = Undefined") for place in places] == [
        "ActorSourceEnum",
        "String",
        "ActorSourceEnum",
    ]


@pytest.mark.parametrize("path", ["/graphql", "/metadata"])
async def test_the_directives_are_those_that_the_server_lists(ask: Ask, path: str) -> None:
    listed = (await ask(path, "{ __schema { directives { name locations } } }"))["__schema"]["directives"]
    assert [each["name"] for each in listed] == ["include", "skip", "deprecated", "specifiedBy"]
    assert listed[2]["locations"] == ["FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INPUT_FIELD_DEFINITION", "ENUM_VALUE"]


async def introspected(ask: Ask) -> GraphQLSchema:
    introspection = await ask("/graphql", get_introspection_query(descriptions=False))
    return build_client_schema(cast(IntrospectionQuery, introspection))
