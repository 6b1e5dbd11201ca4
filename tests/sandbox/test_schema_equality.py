"""The schema of `/graphql` is the one of the real server, for a fresh workspace and for one with custom objects."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import aiohttp
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
from aiotwenty.sandbox.catalogue import standard_model
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
    found = differences(core_schema(standard_model()), read(shared, "core.standard.graphql"))

    assert not found, "\n".join(found)


def test_the_comparison_notices_a_missing_field(shared: Path) -> None:
    model = standard_model()
    del model.objects["company"].fields["name"]
    model.changed()

    assert differences(core_schema(model), read(shared, "core.standard.graphql"))


CREATE_OBJECT = "mutation ($input: CreateOneObjectInput!) { createOneObject(input: $input) { id } }"
CREATE_FIELD = "mutation ($input: CreateOneFieldMetadataInput!) { createOneField(input: $input) { id } }"
OBJECTS = "query { objects(paging: { first: 1000 }) { edges { node { id nameSingular fieldsList { name } } } } }"


class CustomObjects:
    """Creates through `/metadata` what the recorded workspace has beyond the standard objects."""

    def __init__(self, ask: Callable[..., Awaitable[dict[str, Any]]], recorded: list[dict[str, Any]]) -> None:
        self.ask = ask
        self.recorded = {each["nameSingular"]: each for each in recorded}

    async def create(self) -> None:
        for name in ("rocket", "pet", "surveyResult", "employmentHistory", "petCareAgreement"):
            await self.create_object(self.recorded[name])
        listed = (await self.ask("/metadata", OBJECTS))["objects"]["edges"]
        ids = {edge["node"]["nameSingular"]: edge["node"]["id"] for edge in listed}
        for edge in listed:
            of, there = self.recorded[edge["node"]["nameSingular"]], {one["name"] for one in edge["node"]["fieldsList"]}
            for field in of["fieldsList"]:
                if field["name"] not in there and self.begins(field):
                    await self.create_field(ids, of["nameSingular"], field)

    def begins(self, field: dict[str, Any]) -> bool:
        """Of a relation, the end that was created: the morph one, or the one with the join column."""
        if field["type"] != "RELATION":
            return True
        target = self.recorded[field["relation"]["targetObjectMetadata"]["nameSingular"]]
        name = field["relation"]["targetFieldMetadata"]["name"]
        other = next(each for each in target["fieldsList"] if each["name"] == name)
        return bool(other["type"] == "RELATION" and field["relation"]["type"] == "MANY_TO_ONE")

    async def create_object(self, of: dict[str, Any]) -> None:
        keys = ("nameSingular", "namePlural", "labelSingular", "labelPlural", "icon")
        skipped = {"skipNameField": of["labelIdentifier"] == "id"}
        await self.ask("/metadata", CREATE_OBJECT, {"object": {key: of[key] for key in keys} | skipped})

    async def create_field(self, ids: dict[str, str], owner: str, field: dict[str, Any]) -> None:
        keys = ("name", "label", "type", "isNullable", "isUnique", "defaultValue", "options", "settings")
        given = {key: field[key] for key in keys if key in field} | {"objectMetadataId": ids[owner]}
        payloads = [
            {
                "type": one["type"],
                "targetObjectMetadataId": ids[one["targetObjectMetadata"]["nameSingular"]],
                "targetFieldLabel": one["targetFieldMetadata"]["name"],
                "targetFieldIcon": "IconBox",
            }
            for one in field.get("morphRelations") or [field.get("relation")]
            if one
        ]
        if field["type"] == "RELATION":
            given["relationCreationPayload"] = payloads[0]
        elif payloads:
            given["morphRelationsCreationPayload"] = payloads
        await self.ask("/metadata", CREATE_FIELD, {"field": given})


async def test_a_workspace_with_custom_objects_is_introspected_like_the_recorded_one(shared: Path) -> None:
    recorded = json.loads((shared / "objects.json").read_text("utf-8"))
    async with Sandbox() as sandbox, aiohttp.ClientSession() as session:

        async def ask(path: str, query: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {sandbox.api_key}"}
            body = {"query": query, "variables": {"input": given}}
            async with session.post(sandbox.url + path, json=body, headers=headers) as response:
                answer = json.loads(await response.read())
            assert "errors" not in answer, answer["errors"]
            data: dict[str, Any] = answer["data"]
            return data

        fresh = differences(await introspected(ask), read(shared, "core.standard.graphql"))
        await CustomObjects(ask, recorded).create()
        custom = differences(await introspected(ask), read(shared, "core.custom.graphql"))

    assert not fresh, "\n".join(fresh)
    assert not custom, "\n".join(custom)


async def introspected(ask: Callable[..., Awaitable[dict[str, Any]]]) -> GraphQLSchema:
    introspection = await ask("/graphql", get_introspection_query(descriptions=False))
    return build_client_schema(cast(IntrospectionQuery, introspection))
