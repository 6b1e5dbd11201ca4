"""The `/metadata` of a sandbox without its server, for tests that ask it many things."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLObjectType

from aiotwenty.sandbox.dialect import LATEST
from aiotwenty.sandbox.language.schema_execution import Answer
from aiotwenty.sandbox.metadata.files import FileStore
from aiotwenty.sandbox.metadata.resolvers import Metadata
from aiotwenty.sandbox.model.schema import CoreSchema
from aiotwenty.sandbox.model.workspace import Caller, SandboxWorkspace
from aiotwenty.sandbox.records.store import RecordStore, open_database

CREATE_OBJECT = "mutation ($input: CreateOneObjectInput!) { createOneObject(input: $input) { id } }"
CREATE_FIELD = "mutation ($input: CreateOneFieldMetadataInput!) { createOneField(input: $input) { id name } }"
ROCKET = {"nameSingular": "rocket", "namePlural": "rockets", "labelSingular": "Rocket", "labelPlural": "Rockets"}


class Endpoint:
    """A workspace with its database, asked as the server asks it."""

    def __init__(self, **options: Any) -> None:
        self.connection = open_database(None)
        self.workspace = SandboxWorkspace(self.connection, options.get("dialect", LATEST))
        self.schema = CoreSchema(self.workspace.model)
        self.store = RecordStore(self.connection, self.workspace.model)
        files = FileStore(self.connection, self.workspace, lambda: "http://127.0.0.1")
        self.metadata = Metadata(self.workspace, self.store.apply, files, **options)

    def ask(self, document: str, variables: dict[str, Any] | None = None, *, authenticated: bool = True) -> Answer:
        return self.metadata.execute(document, variables, caller=Caller("Test") if authenticated else None)

    def data(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.ask(document, variables)
        assert "errors" not in answer.body, answer.body
        found: dict[str, Any] = answer.body["data"]
        return found

    def reasons(self, document: str, variables: dict[str, Any]) -> list[str]:
        """The messages of what was refused first, without what follows from it."""
        errors = self.ask(document, variables).body["errors"][0]["extensions"]["errors"]
        found = errors.get("objectMetadata") or errors["fieldMetadata"]
        return [one["message"] for one in found[0]["errors"]]

    def create_object(self, **given: Any) -> str:
        return str(self.data(CREATE_OBJECT, {"input": {"object": ROCKET | given}})["createOneObject"]["id"])

    def create_field(self, owner: str, name: str, of_type: str = "TEXT", **given: Any) -> str:
        field = {"objectMetadataId": self.object_id(owner), "name": name, "label": name, "type": of_type} | given
        return str(self.data(CREATE_FIELD, {"input": {"field": field}})["createOneField"]["id"])

    def object_id(self, name: str) -> str:
        return self.workspace.model.objects[name].id

    def fields_of(self, type_name: str) -> set[str]:
        of = self.schema.current().type_map[type_name]
        assert isinstance(of, GraphQLObjectType)
        return set(of.fields)
