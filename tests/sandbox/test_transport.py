"""What the server does with requests that are unusual: keys, methods, content types, bodies."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from typing import Any

import aiohttp
import pytest

QUERY = json.dumps({"query": "{ companies(first:1){ edges{ node{ id } } } }"}).encode()
JSON = {"Content-Type": "application/json"}


async def send(talk: Any, method: str, path: str, **given: Any) -> tuple[int, str, Any]:
    """Status, text, headers."""
    async with talk.session.request(method, talk.sandbox.url + path, **given) as response:
        return response.status, await response.text(), response.headers


async def test_an_answer_has_the_headers_of_the_real_server(talk: Any) -> None:
    _, _, headers = await send(talk, "POST", "/graphql", data=QUERY, headers=JSON)

    assert headers["Content-Type"] == "application/json"
    assert headers["X-Powered-By"] == "Express"
    assert headers["Keep-Alive"] == "timeout=65"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Expose-Headers"] == "WWW-Authenticate"
    assert "Vary" not in headers


@pytest.mark.parametrize("value", ["Basic abc", "key without a scheme", ""])
async def test_without_a_bearer_key_record_fields_are_unknown(talk: Any, value: str) -> None:
    _, text, _ = await send(talk, "POST", "/graphql", data=QUERY, headers={**JSON, "Authorization": value})

    (error,) = json.loads(text)["errors"]
    assert error["message"] == 'Cannot query field "companies" on type "Query".'


async def test_a_revoked_key_is_forbidden(talk: Any) -> None:
    key = next(iter(talk.sandbox.workspace.api_keys.values()))
    key.revoked_at = "2026-11-23T00:00:00.000Z"

    status, text, _ = await send(talk, "POST", "/graphql", data=QUERY, headers=JSON)
    rest, _, _ = await send(talk, "GET", "/rest/companies")

    (error,) = json.loads(text)["errors"]
    assert (status, error["message"], error["extensions"]["code"]) == (200, "This API Key is revoked", "FORBIDDEN")
    assert rest == 403


async def test_a_key_has_the_form_of_a_jwt_and_is_in_no_repr(talk: Any) -> None:
    assert len(talk.sandbox.api_key.split(".")) == 3
    assert talk.sandbox.api_key not in repr(talk.sandbox.workspace.api_keys)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{x}", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        (b'{"query": ', "Unexpected end of JSON input"),
        (b"null", "Unexpected token 'n', \"null\" is not valid JSON"),
        (b'{"a": "x', "Unterminated string in JSON at position 8 (line 1 column 9)"),
        (b'{"a": 1', "Expected ',' or '}' after property value in JSON at position 7 (line 1 column 8)"),
        (b'{"a": [1 2]}', "Expected ',' or ']' after array element in JSON at position 9 (line 1 column 10)"),
        (b'{"a" 1}', "Expected ':' after property name in JSON at position 5 (line 1 column 6)"),
        (b'{"a": 1,}', "Expected double-quoted property name in JSON at position 8 (line 1 column 9)"),
        (b"{} x", "Unexpected non-whitespace character after JSON at position 3 (line 1 column 4)"),
        (b'{"query": nope, "and": 1}', 'Unexpected token \'o\', ...""query": nope, "and""... is not valid JSON'),
        (b'"x"', 'Unexpected token \'"\', ""x"" is not valid JSON'),
    ],
)
async def test_invalid_json_is_refused(talk: Any, body: bytes, message: str) -> None:
    status, text, _ = await send(talk, "POST", "/graphql", data=body, headers=JSON)

    assert (status, json.loads(text)) == (400, {"message": message, "error": "Bad Request", "statusCode": 400})


@pytest.mark.parametrize("path", ["/graphql", "/metadata"])
async def test_batching_is_refused(talk: Any, path: str) -> None:
    status, text, _ = await send(talk, "POST", path, data=b"[" + QUERY + b"]", headers=JSON)

    assert (status, json.loads(text)) == (400, {"errors": [{"message": "Batching is not supported."}]})


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_a_body_that_says_nothing_is_never_answered(talk: Any, body: bytes) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await send(talk, "POST", "/graphql", data=body, headers=JSON, timeout=aiohttp.ClientTimeout(total=0.2))


async def test_a_persisted_query_alone_is_not_known(talk: Any) -> None:
    body = json.dumps({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0"}}})
    status, text, _ = await send(talk, "POST", "/graphql", data=body, headers=JSON)

    assert (status, json.loads(text)["errors"][0]["message"]) == (200, "Must provide query string.")


async def test_other_content_types_and_methods(talk: Any) -> None:
    plain, text, _ = await send(talk, "POST", "/graphql", data=QUERY, headers={"Content-Type": "text/plain"})
    head, _, headers = await send(talk, "HEAD", "/graphql")
    put, put_text, _ = await send(talk, "PUT", "/graphql", data=QUERY, headers=JSON)
    options, _, _ = await send(talk, "OPTIONS", "/graphql")
    slash, _, _ = await send(talk, "POST", "/graphql/", data=QUERY, headers=JSON)
    form, form_text, _ = await send(talk, "POST", "/graphql", data={"query": "{companies{totalCount}}"})

    assert (plain, text) == (415, "")
    assert (head, headers["Allow"]) == (405, "GET, POST")
    assert (put, options, slash, form) == (200, 204, 200, 200)
    assert "data" in json.loads(put_text)
    assert json.loads(form_text) == {"data": {"companies": {"totalCount": 0}}}


async def test_an_unknown_path_is_not_found(talk: Any) -> None:
    status, text, _ = await send(talk, "POST", "/nope", data=QUERY, headers=JSON)

    assert (status, json.loads(text)) == (
        404,
        {"message": "Cannot POST /nope", "error": "Not Found", "statusCode": 404},
    )


async def test_a_gzipped_request_is_read(talk: Any) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}
    status, text, _ = await send(talk, "POST", "/graphql", data=gzip.compress(QUERY), headers=headers)

    assert (status, json.loads(text)) == (200, {"data": {"companies": {"edges": []}}})


async def test_nine_megabytes_are_read_and_more_than_ten_are_not(talk: Any) -> None:
    nine = json.dumps({"query": "{companies{totalCount}}", "x": "x" * 9_000_000}).encode()
    more = json.dumps({"query": "{companies{totalCount}}", "x": "x" * 10_500_000}).encode()

    assert (await send(talk, "POST", "/graphql", data=io.BytesIO(nine), headers=JSON))[0] == 200
    status, text, _ = await send(talk, "POST", "/graphql", data=io.BytesIO(more), headers=JSON)

    assert (status, json.loads(text)) == (500, "request entity too large")


async def test_several_operations_need_a_name(talk: Any) -> None:
    body = json.dumps({"query": "query A{companies{totalCount}} query B{people{totalCount}}"})
    status, text, headers = await send(talk, "POST", "/graphql", data=body, headers=JSON)

    assert (status, headers["Content-Type"]) == (500, "text/plain;charset=UTF-8")
    assert text.startswith("GraphQLError: Must provide operation name when document contains multiple operations.\n")


async def test_a_query_that_creates_is_not_refused(talk: Any) -> None:
    made = await talk.data('{ createCompany(data: { name: "a" }) { name } }')
    read = await talk.data("mutation { companies { totalCount } }")

    assert (made, read) == ({"name": "a"}, {"totalCount": 1})


async def test_a_subscription_to_records_is_told_that_there_are_none(talk: Any) -> None:
    body = json.dumps({"query": "subscription { onDbEvent { action } }"})
    headers = {**JSON, "Accept": "text/event-stream"}
    status, text, headers = await send(talk, "POST", "/graphql", data=body, headers=headers)

    assert (status, headers["Content-Type"]) == (200, "text/event-stream")
    assert "Schema is not configured to execute subscription operation." in text


async def test_a_get_request_reaches_only_the_static_schema(talk: Any) -> None:
    _, text, _ = await send(talk, "GET", "/graphql", params={"query": "{companies{totalCount}}"})
    _, static, _ = await send(talk, "GET", "/graphql", params={"query": "{__typename}"})
    _, metadata, _ = await send(
        talk, "GET", "/metadata", params={"query": "{objects(paging:{first:1}){edges{node{id}}}}"}
    )

    assert json.loads(text)["errors"][0]["message"] == 'Cannot query field "companies" on type "Query".'
    assert json.loads(static) == {"data": {"__typename": "Query"}}
    assert "data" in json.loads(metadata)


async def test_the_other_media_type_changes_only_what_was_refused(talk: Any) -> None:
    headers = {**JSON, "Accept": "application/graphql-response+json"}
    bad, _, bad_headers = await send(talk, "POST", "/graphql", data=b'{"query":"{nope}"}', headers=headers)
    good, _, good_headers = await send(talk, "POST", "/graphql", data=QUERY, headers=headers)

    assert (bad, bad_headers["Content-Type"]) == (400, "application/graphql-response+json; charset=utf-8")
    assert (good, good_headers["Content-Type"]) == (200, "application/json")
