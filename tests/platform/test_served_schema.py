"""Documents composed for a server fit its schema, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import build_schema, graphql_sync, parse, validate
from graphql.execution.values import get_variable_values

from aiotwenty.errors import ConfigurationError, SchemaDrift
from aiotwenty.graphql.operation import Operation
from aiotwenty.transport.terms import STANDARD
from aiotwenty.workspace import Workspace
from aiotwenty.workspace.file_upload import Upload
from aiotwenty.workspace.served_schema import ServedSchema
from aiotwenty.workspace.webhooks import Webhooks

OLD = """
scalar UUID
scalar Upload
scalar JSON
type Query { webhooks: [Webhook!]! webhook(input: GetWebhookInput!): Webhook }
input GetWebhookInput { id: UUID! }
type Webhook { id: UUID! targetUrl: String! operations: [String!]! description: String secret: String! }
type Mutation {
  createWebhook(input: CreateWebhookInput!): Webhook!
  updateWebhook(input: UpdateWebhookInput!): Webhook
  deleteWebhook(input: DeleteWebhookInput!): Boolean!
  uploadFile(file: Upload!, fileFolder: FileFolder): SignedFile!
  createOneObject(input: CreateOneObjectInput!): Object!
  tomorrow(must: Int!): Int
}
input CreateWebhookInput { targetUrl: String! operations: [String!]! description: String secret: String! }
input UpdateWebhookInput { id: UUID! targetUrl: String! operations: [String!]! description: String secret: String! }
input DeleteWebhookInput { id: UUID! }
enum FileFolder { Attachment }
type SignedFile { path: String! token: String! }
input CreateOneObjectInput { object: CreateObjectInput! }
input CreateObjectInput { nameSingular: String! namePlural: String! options: JSON }
type Object { id: UUID! nameSingular: String! with(argument: Int!): Int }
"""


class Server:
    """Answers documents from a schema, as far as defaults go, and keeps what it was sent."""

    def __init__(self, sdl: str, answers: Mapping[str, Any]) -> None:
        self.schema = build_schema(sdl)
        self.answers = answers
        self.sent: list[tuple[str, dict[str, Any]]] = []

    async def execute(
        self,
        document: Operation | str,
        variables: Mapping[str, object] | None = None,
        *,
        endpoint: str = "graphql",
    ) -> dict[str, Any]:
        assert endpoint == "metadata"
        assert isinstance(document, Operation)
        if document.root == "__schema":
            return graphql_sync(self.schema, document.document).data or {}
        parsed = parse(document.document)
        assert validate(self.schema, parsed) == []
        declared = parsed.definitions[0].variable_definitions  # type: ignore[attr-defined]
        coerced = get_variable_values(self.schema, declared, dict(variables or {}))
        assert not isinstance(coerced, list), coerced
        self.sent.append((document.document, dict(variables or {})))
        return {str(document.root): self.answers.get(str(document.root))}


ID = "399ee631-2004-4c99-b6c6-0c6f5d799727"
WEBHOOK: dict[str, Any] = {
    "id": ID,
    "targetUrl": "https://receiver.example",
    "operations": ["*.*"],
    "description": "kept",
    "secret": "s",
}


@pytest.fixture
def server() -> Server:
    return Server(OLD, {"webhook": WEBHOOK, "createWebhook": WEBHOOK, "updateWebhook": WEBHOOK, "deleteWebhook": True})


async def test_webhooks_of_older_servers_are_changed_whole(server: Server) -> None:
    webhooks = Webhooks(ServedSchema(server))
    await webhooks.update(ID, operations=["company.*"])
    assert server.sent[-1][1] == {"input": {**WEBHOOK, "operations": ["company.*"]}}


async def test_webhooks_of_older_servers_are_made_with_a_secret(server: Server) -> None:
    await Webhooks(ServedSchema(server)).create("https://receiver.example")
    assert len(server.sent[-1][1]["input"]["secret"]) == 64


async def test_webhooks_of_older_servers_are_read_and_removed_by_an_input(server: Server) -> None:
    webhooks = Webhooks(ServedSchema(server))
    assert (await webhooks.get(ID)).description == "kept"
    await webhooks.delete(ID)
    assert server.sent[-1] == (
        "mutation DeleteWebhook($input:DeleteWebhookInput!){deleteWebhook(input:$input)}",
        {"input": {"id": ID}},
    )


async def test_files_of_older_servers_need_no_field(server: Server) -> None:
    upload = Upload(Workspace(server), "http://127.0.0.1", engine=None, terms=STANDARD)  # type: ignore[arg-type]
    assert await upload._way("a.txt", None) == ("uploadFile", {})


async def test_values_are_put_where_they_have_a_place(server: Server) -> None:
    served = ServedSchema(server)
    operation, variables = await served.compose(
        "mutation",
        "createOneObject",
        {"nameSingular": "a", "namePlural": "b"},
        optional={"options": {"k": 1}, "color": "red"},
        select={"id": None, "nameSingular": None, "gone": None, "with": None},
    )
    assert variables == {"input": {"object": {"nameSingular": "a", "namePlural": "b", "options": {"k": 1}}}}
    assert operation.document.endswith("{createOneObject(input:$input){id nameSingular}}")


async def test_a_value_without_a_place_is_an_error_that_names_it(server: Server) -> None:
    with pytest.raises(ConfigurationError, match="createOneObject takes no color"):
        await ServedSchema(server).compose("mutation", "createOneObject", {"color": "red"})


async def test_what_the_server_wants_and_we_do_not_know_is_drift(server: Server) -> None:
    with pytest.raises(SchemaDrift, match="tomorrow requires must"):
        await ServedSchema(server).compose("mutation", "tomorrow", {})


async def test_a_selection_of_nothing_that_is_there_still_is_one(server: Server) -> None:
    operation, _ = await ServedSchema(server).compose("query", "webhooks", {}, select={"gone": None})
    assert operation.document == "query Webhooks{webhooks{__typename}}"
