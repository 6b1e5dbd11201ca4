"""The custom objects and fields of the recorded workspace, made through `/metadata` of any other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

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
        await self.ask("/metadata", CREATE_OBJECT, {"input": {"object": {key: of[key] for key in keys} | skipped}})

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
        await self.ask("/metadata", CREATE_FIELD, {"input": {"field": given}})
