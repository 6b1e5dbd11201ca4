"""What `/metadata` says to indexes, keys, webhooks and files that can't be: each with the reason of the real server."""

from __future__ import annotations

from typing import Any

import pytest

from aiotwenty.sandbox.dialect import OLDEST
from tests.support.metadata_endpoint import Endpoint

CREATE_INDEX = "mutation ($i: CreateOneIndexInput!) { createOneIndex(input: $i) { id } }"
CREATE_WEBHOOK = "mutation ($i: CreateWebhookInput!) { createWebhook(input: $i) { id } }"
UPDATE_KEY = "mutation ($i: UpdateApiKeyInput!) { updateApiKey(input: $i) { name expiresAt revokedAt } }"
REVOKE_KEY = "mutation ($i: RevokeApiKeyInput!) { revokeApiKey(input: $i) { id revokedAt } }"
NOBODY = "20202020-0000-4000-8000-00000000dead"


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def old() -> Endpoint:
    """A server whose keys may change keys."""
    return Endpoint(dialect=OLDEST)


def error(endpoint: Endpoint, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    (refused,) = endpoint.ask(document, variables).body["errors"]
    return {"message": refused["message"], **refused["extensions"]}


def index(endpoint: Endpoint, *fields: dict[str, Any], of: str | None = None) -> dict[str, Any]:
    return {"i": {"index": {"objectMetadataId": of or endpoint.object_id("company"), "fields": [*fields]}}}


def code_of(refused: dict[str, Any]) -> str:
    found: str = refused["errors"]["index"][0]["errors"][0]["code"]
    return found


def test_an_index_of_no_object_is_refused(endpoint: Endpoint) -> None:
    assert code_of(error(endpoint, CREATE_INDEX, index(endpoint, of=NOBODY))) == "INDEX_OBJECT_NOT_FOUND"


def test_an_index_of_no_field_is_refused(endpoint: Endpoint) -> None:
    assert code_of(error(endpoint, CREATE_INDEX, index(endpoint))) == "INVALID_INDEX_INPUT"
    assert (
        code_of(error(endpoint, CREATE_INDEX, index(endpoint, {"fieldMetadataId": NOBODY}))) == "INDEX_FIELD_NOT_FOUND"
    )


def test_an_index_of_a_part_that_the_field_does_not_have_is_refused(endpoint: Endpoint) -> None:
    name = endpoint.workspace.model.objects["company"].fields["name"].id
    asked = index(endpoint, {"fieldMetadataId": name, "subFieldName": "firstName"})

    assert code_of(error(endpoint, CREATE_INDEX, asked)) == "INDEX_FIELD_NOT_FOUND"


def test_the_same_index_twice_is_refused_until_the_first_is_deleted(endpoint: Endpoint) -> None:
    asked = index(endpoint, {"fieldMetadataId": endpoint.workspace.model.objects["company"].fields["name"].id})
    made = endpoint.data(CREATE_INDEX, asked)["createOneIndex"]

    assert code_of(error(endpoint, CREATE_INDEX, asked)) == "INDEX_ALREADY_EXISTS"
    endpoint.data("mutation ($i: DeleteOneIndexInput!) { deleteOneIndex(input: $i) { id } }", {"i": {"id": made["id"]}})
    assert endpoint.data(CREATE_INDEX, asked)["createOneIndex"]["id"] != made["id"]


@pytest.mark.parametrize("url", ["ftp://x.example", "nowhere", "http://", "http://[", "https://[::1"])
def test_a_webhook_to_no_address_is_refused(endpoint: Endpoint, old: Endpoint, url: str) -> None:
    asked = {"i": {"targetUrl": url, "operations": ["*.*"], "secret": "s"}}

    assert error(endpoint, CREATE_WEBHOOK, asked)["code"] == "METADATA_VALIDATION_FAILED"
    assert error(old, CREATE_WEBHOOK, asked)["message"] == "Invalid target URL provided"


def test_an_old_server_makes_no_secret_for_a_webhook(old: Endpoint) -> None:
    refused = error(old, CREATE_WEBHOOK, {"i": {"targetUrl": "https://x.example", "operations": ["*.*"]}})

    assert refused["message"].startswith('null value in column "secret"')


def test_a_key_is_renamed_and_revoked(old: Endpoint) -> None:
    (key,) = old.workspace.api_keys.values()

    renamed = old.data(UPDATE_KEY, {"i": {"id": key.id, "name": "Other"}})["updateApiKey"]
    revoked = old.data(REVOKE_KEY, {"i": {"id": key.id}})["revokeApiKey"]

    assert renamed == {"name": "Other", "expiresAt": key.expires_at, "revokedAt": None}
    assert revoked["revokedAt"] is not None


def test_keys_that_are_not_there_are_null_and_give_no_token(old: Endpoint) -> None:
    token = "mutation { generateApiKeyToken(apiKeyId: $id, expiresAt: $at) { token } }"
    token = token.replace("mutation", "mutation ($id: UUID!, $at: String!)")

    assert old.data(UPDATE_KEY, {"i": {"id": NOBODY, "name": "x"}}) == {"updateApiKey": None}
    assert old.data(REVOKE_KEY, {"i": {"id": NOBODY}}) == {"revokeApiKey": None}
    assert old.data("query ($i: GetApiKeyInput!) { apiKey(input: $i) { id } }", {"i": {"id": NOBODY}}) == {
        "apiKey": None
    }
    refused = error(old, token, {"id": NOBODY, "at": "2030-01-01T00:00:00Z"})
    assert refused["message"] == f"Unable to find ApiKeyEntity with id: {NOBODY}"


def test_a_key_needs_a_role_that_there_is(old: Endpoint) -> None:
    document = "mutation ($i: CreateApiKeyInput!) { createApiKey(input: $i) { id } }"
    asked = {"i": {"name": "x", "expiresAt": "2030-01-01T00:00:00Z", "roleId": NOBODY}}

    assert error(old, document, asked)["message"] == f"Unable to find RoleEntity with id: {NOBODY}"
