"""The schema of `/graphql` is the one of the real server, for a fresh workspace and for one with custom objects."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

from aiotwenty.sandbox.files import Files
from aiotwenty.sandbox.metadata import Metadata
from aiotwenty.sandbox.model import DataModel
from aiotwenty.sandbox.schema import core_schema
from aiotwenty.sandbox.workspace import Workspace


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


CREATE_OBJECT = "mutation ($input: CreateOneObjectInput!) { createOneObject(input: $input) { id } }"
CREATE_FIELD = "mutation ($input: CreateOneFieldMetadataInput!) { createOneField(input: $input) { id } }"
OBJECTS = "query { objects(paging: { first: 1000 }) { edges { node { id nameSingular fieldsList { name } } } } }"


class CustomObjects:
    """Creates through `/metadata` what the recorded workspace has beyond the standard objects."""

    def __init__(self, metadata: Metadata, recorded: list[dict[str, Any]]) -> None:
        self.metadata = metadata
        self.recorded = {each["nameSingular"]: each for each in recorded}

    def ask(self, document: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.metadata.execute(document, {"input": given} if given else None, authenticated=True)
        assert "errors" not in answer.body, answer.body["errors"]
        data: dict[str, Any] = answer.body["data"]
        return data

    def present(self) -> dict[str, dict[str, Any]]:
        return {edge["node"]["nameSingular"]: edge["node"] for edge in self.ask(OBJECTS)["objects"]["edges"]}

    def create(self) -> None:
        for name in ("rocket", "pet", "surveyResult", "employmentHistory", "petCareAgreement"):
            self.create_object(self.recorded[name])
        for each in self.recorded.values():
            for field in each["fieldsList"]:
                node = self.present()[each["nameSingular"]]
                if field["name"] not in {one["name"] for one in node["fieldsList"]} and self.begins(each, field):
                    self.create_field(node["id"], field)

    def begins(self, owner: dict[str, Any], field: dict[str, Any]) -> bool:
        """Of a relation, the end that was created: the morph one, or the one with the join column."""
        if field["type"] != "RELATION":
            return True
        target = self.recorded[field["relation"]["targetObjectMetadata"]["nameSingular"]]
        name = field["relation"]["targetFieldMetadata"]["name"]
        other = next(each for each in target["fieldsList"] if each["name"] == name)
        return bool(other["type"] == "RELATION" and field["relation"]["type"] == "MANY_TO_ONE")

    def create_object(self, of: dict[str, Any]) -> None:
        keys = ("nameSingular", "namePlural", "labelSingular", "labelPlural", "icon")
        skipped = {"skipNameField": of["labelIdentifier"] == "id"}
        self.ask(CREATE_OBJECT, {"object": {key: of[key] for key in keys} | skipped})

    def create_field(self, owner: str, field: dict[str, Any]) -> None:
        keys = ("name", "label", "type", "isNullable", "isUnique", "defaultValue", "options", "settings")
        given = {key: field[key] for key in keys if key in field} | {"objectMetadataId": owner}
        ids = {name: node["id"] for name, node in self.present().items()}
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
        self.ask(CREATE_FIELD, {"field": given})


def test_custom_objects_and_fields_give_the_schema_of_the_recorded_workspace(shared: Path) -> None:
    connection = sqlite3.connect(":memory:")
    workspace = Workspace(connection)
    metadata = Metadata(workspace, lambda model: None, Files(connection, workspace, lambda: ""))
    CustomObjects(metadata, json.loads((shared / "objects.json").read_text("utf-8"))).create()

    found = differences(core_schema(workspace.model), read(shared, "core.custom.graphql"))

    assert not found, "\n".join(found)
