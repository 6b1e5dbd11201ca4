"""Which answer each token gets, on all four endpoints."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.model.workspace import MEMBER_EMAIL
from tests.sandbox.conftest import Talk

Refusal = tuple[str, str, str | None, int]
INVALID: Refusal = ("Token invalid.", "UNAUTHENTICATED", "UNAUTHENTICATED", 401)
UNKNOWN = ("Unknown token error.", "BAD_USER_INPUT", "INVALID_INPUT", 400)
WRONG_TYPE = ("Invalid token type", "FORBIDDEN", "INVALID_JWT_TOKEN_TYPE", 403)
EXPIRED = ("Token has expired.", "UNAUTHENTICATED", "UNAUTHENTICATED", 401)


def segment(content: Any) -> str:
    text = json.dumps(content) if isinstance(content, dict) else str(content)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def part(key: str, place: int) -> dict[str, Any]:
    text = key.split(".")[place]
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return content


def with_header(key: str, **changed: Any) -> str:
    header = {name: value for name, value in {**part(key, 0), **changed}.items() if value is not None}
    return ".".join([segment(header), *key.split(".")[1:]])


def with_payload(key: str, **changed: Any) -> str:
    header, _, signature = key.split(".")
    return ".".join([header, segment({**part(key, 1), **changed}), signature])


def with_other_letter(key: str) -> str:
    return key[:-10] + ("A" if key[-10] != "A" else "B") + key[-9:]


TOKENS: dict[str, tuple[Callable[[str], str], Refusal]] = {
    "garbage": (lambda _: "garbage", INVALID),
    "three letters": (lambda _: "x.y.z", INVALID),
    "no signature": (lambda key: key.rpartition(".")[0], INVALID),
    "another letter": (with_other_letter, INVALID),
    "first letter missing": (lambda key: key[1:], INVALID),
    "another algorithm": (lambda key: with_header(key, alg="HS256"), INVALID),
    "no key id": (lambda key: with_header(key, kid=None), INVALID),
    "unknown key id": (lambda key: with_header(key, kid="7c0f5c3e-2f0b-4a52-9a61-6c5a3f1d0001"), INVALID),
    "another type": (lambda key: with_payload(key, type="FILE"), INVALID),
    "a later end": (lambda key: with_payload(key, exp=9_999_999_999), INVALID),
    "another workspace": (lambda key: with_payload(key, workspaceId="x"), INVALID),
    "one letter too few": (lambda key: key[:-1], UNKNOWN),
    "one letter too many": (lambda key: f"{key}A", UNKNOWN),
    "no key id and no type": (lambda _: "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln", WRONG_TYPE),
}


async def refused(talk: Talk, token: str) -> list[Refusal]:
    """What each endpoint says: message, code, sub-code, status of REST."""
    found = []
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/graphql", "/metadata"):
        body = {"query": "{ companies { edges { node { id } } } }"}
        async with talk.session.post(talk.sandbox.url + path, json=body, headers=headers) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "application/json"
            (error,) = (await response.json())["errors"]
            extensions = error["extensions"]
            assert set(extensions["userFriendlyMessage"]) == {"id", "message"}
            found.append((error["message"], extensions["code"], extensions.get("subCode")))
    for path in ("/rest/companies", "/rest/metadata/objects"):
        async with talk.session.get(talk.sandbox.url + path, headers=headers) as response:
            answer = await response.json()
            assert answer["statusCode"] == response.status
            found.append((*answer["messages"], answer["error"], response.status))
    graphql, metadata, rest, rest_metadata = found
    assert graphql == metadata
    assert rest == rest_metadata
    return [(*graphql, rest[2]), (rest[0], graphql[1], rest[1], rest[2])]


@pytest.mark.parametrize("name", TOKENS)
async def test_a_token_that_does_not_work_is_refused_in_its_own_words(talk: Talk, name: str) -> None:
    change, expected = TOKENS[name]

    assert set(await refused(talk, change(talk.sandbox.api_key))) == {expected}


async def test_a_payload_that_is_cut_breaks_the_server(talk: Talk) -> None:
    header, payload, signature = talk.sandbox.api_key.split(".")
    graphql, rest = await refused(talk, f"{header}.{payload[:-8]}.{signature}")

    assert graphql == ("Internal Server Error", "INTERNAL_SERVER_ERROR", None, 500)
    assert rest[0].startswith("Unterminated string in JSON at position ")
    assert rest[2:] == ("INTERNAL_SERVER_ERROR", 500)


async def test_a_token_ends_when_it_says_so_and_with_its_key(talk: Talk) -> None:
    workspace = talk.sandbox.workspace
    ended = workspace.new_api_key("ended", "2020-01-01T00:00:00.000Z")
    assert set(await refused(talk, ended.token)) == {EXPIRED}

    ended.token = workspace.token_of(ended, "2099-01-01T00:00:00.000Z")
    expected = ("This API Key is expired", "FORBIDDEN", "FORBIDDEN_EXCEPTION", 403)
    assert set(await refused(talk, ended.token)) == {expected}

    ended.revoked_at = ended.created_at
    expected = ("This API Key is revoked", "FORBIDDEN", "FORBIDDEN_EXCEPTION", 403)
    assert set(await refused(talk, ended.token)) == {expected}


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer  "])
async def test_a_key_is_taken_however_its_scheme_is_written(talk: Talk, scheme: str) -> None:
    headers = {"Authorization": scheme + talk.sandbox.api_key}
    async with talk.session.get(f"{talk.sandbox.url}/rest/companies", headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize("scheme", ["", "Basic ", "Token ", "Bearer"])
async def test_a_key_without_its_scheme_is_none(talk: Talk, scheme: str) -> None:
    headers = {"Authorization": scheme + talk.sandbox.api_key}
    async with talk.session.get(f"{talk.sandbox.url}/rest/companies", headers=headers) as response:
        assert response.status == 403
        assert response.headers["Content-Type"] == "application/json"
        assert (await response.json())["messages"] == ["Missing authentication token"]
    body = {"query": "{ companies { edges { node { id } } } }"}
    async with talk.session.post(f"{talk.sandbox.url}/graphql", json=body, headers=headers) as response:
        (error,) = (await response.json())["errors"]
        assert error["message"] == 'Cannot query field "companies" on type "Query".'


async def test_a_person_signs_in_and_may_make_keys(talk: Talk) -> None:
    del talk.session.headers["Authorization"]
    log_in = (
        'mutation ($e: String!) { getLoginTokenFromCredentials(email: $e, password: $e, origin: "") '
        "{ loginToken { token } } }"
    )
    given = await talk.answer(log_in, path="/metadata", e=MEMBER_EMAIL)
    login = given["data"]["getLoginTokenFromCredentials"]["loginToken"]["token"]
    tokens = (
        'mutation ($t: String!) { getAuthTokensFromLoginToken(loginToken: $t, origin: "") '
        "{ tokens { accessOrWorkspaceAgnosticToken { token } } } }"
    )
    given = await talk.answer(tokens, path="/metadata", t=login)
    token = given["data"]["getAuthTokensFromLoginToken"]["tokens"]["accessOrWorkspaceAgnosticToken"]["token"]
    talk.session.headers["Authorization"] = f"Bearer {token}"

    current = await talk.answer("{ currentUser { email workspaceMember { name { firstName } } } }", path="/metadata")
    assert current["data"]["currentUser"]["email"] == MEMBER_EMAIL
    role = (await talk.answer("{ getRoles { id } }", path="/metadata"))["data"]["getRoles"][0]["id"]
    create = "mutation ($i: CreateApiKeyInput!) { createApiKey(input: $i) { id } }"
    given = await talk.answer(
        create, path="/metadata", i={"name": "mine", "expiresAt": "2090-01-01T00:00:00.000Z", "roleId": role}
    )
    generate = 'mutation ($i: UUID!) { generateApiKeyToken(apiKeyId: $i, expiresAt: "2080-01-01") { token } }'
    given = await talk.answer(generate, path="/metadata", i=given["data"]["createApiKey"]["id"])
    key = given["data"]["generateApiKeyToken"]["token"]

    talk.session.headers["Authorization"] = f"Bearer {key}"
    record = await talk.data('mutation { createCompany(data: {name: "a"}) { createdBy { source name } } }')
    assert record == {"createdBy": {"source": "API", "name": "mine"}}


async def test_keys_outlive_the_process_and_belong_to_their_workspace(tmp_path: Any) -> None:
    async with Sandbox(tmp_path / "one.db") as sandbox:
        key = sandbox.api_key
    async with Sandbox(tmp_path / "one.db") as sandbox:
        assert sandbox.api_key == key
        assert sandbox.workspace.caller(key).name == "My api key"
