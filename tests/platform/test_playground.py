"""The playground: useful to who opened it, closed to everybody else."""

from __future__ import annotations

import asyncio
import json
import re
import stat
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
import pytest
import pytest_asyncio
from graphql import build_client_schema

from aiotwenty import Twenty
from aiotwenty.playground import Playground
from aiotwenty.sandbox import Sandbox

QUERY = {"query": "{ companies { totalCount } }", "variables": {}, "endpoint": "graphql"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playground(twenty: Twenty) -> AsyncIterator[Playground]:
    async with Playground(twenty) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def token(playground: Playground) -> dict[str, str]:
    return {"X-Playground-Token": playground.url.partition("#")[2]}


async def run(browser: aiohttp.ClientSession, playground: Playground, asked: Mapping[str, Any]) -> Any:
    async with browser.post(f"{playground.origin}/run", json=asked, headers=token(playground)) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_a_document_is_run_on_either_endpoint(browser: aiohttp.ClientSession, playground: Playground) -> None:
    assert (await run(browser, playground, QUERY))["data"]["companies"]["totalCount"] >= 0
    asked = {"query": "{ currentWorkspace { id } }", "variables": {}, "endpoint": "metadata"}
    assert "currentWorkspace" in (await run(browser, playground, asked))["data"]


async def test_variables_are_passed_on(browser: aiohttp.ClientSession, playground: Playground) -> None:
    document = "mutation($data: CompanyCreateInput!) { createCompany(data: $data) { name } }"
    asked = {"query": document, "variables": {"data": {"name": "Zoë"}}, "endpoint": "graphql"}
    assert await run(browser, playground, asked) == {"data": {"createCompany": {"name": "Zoë"}}}


@pytest.mark.parametrize("keyword", ["mutation", "query", ""])
async def test_a_playground_that_only_reads_refuses_what_writes_whatever_it_calls_itself(
    browser: aiohttp.ClientSession, twenty: Twenty, keyword: str
) -> None:
    before = await twenty.companies.count()
    async with Playground(twenty, read_only=True) as reading:
        asked = {**QUERY, "query": f"{keyword} {{ createCompany(data: {{}}) {{ id }} }}"}
        assert "only reads" in (await run(browser, reading, asked))["errors"][0]["message"]
        headers = token(reading)
        for method, path in (("POST", "companies"), ("DELETE", "companies?filter=name[eq]:x")):
            request = {"method": method, "path": path, "body": {"name": "x"}}
            async with browser.post(f"{reading.origin}/rest", json=request, headers=headers) as response:
                assert "only reads" in (await response.json())["errors"][0]["message"]
        assert (await run(browser, reading, QUERY))["data"]["companies"]["totalCount"] == before


async def test_the_servers_errors_are_shown(browser: aiohttp.ClientSession, playground: Playground) -> None:
    answer = await run(browser, playground, {**QUERY, "query": "{ companies(first: -1) { totalCount } }"})
    assert answer["extensions"]["error"] == "InvalidInput"
    assert answer["errors"][0]["extensions"]["subCode"] == "INVALID_ARGS_FIRST"


async def test_the_chosen_operation_is_run(browser: aiohttp.ClientSession, playground: Playground) -> None:
    document = "query One { companies { totalCount } } query Two { people { totalCount } }"
    for name, root in (("One", "companies"), ("Two", "people")):
        answer = await run(browser, playground, {**QUERY, "query": document, "operationName": name})
        assert list(answer["data"]) == [root]


async def test_rest_is_passed_on(browser: aiohttp.ClientSession, playground: Playground) -> None:
    async def rest(method: str, path: str, body: object = None) -> Any:
        request = {"method": method, "path": path, "body": body}
        async with browser.post(f"{playground.origin}/rest", json=request, headers=token(playground)) as response:
            return await response.json()

    made = await rest("POST", "companies", {"name": "By REST"})
    id_ = made["data"]["data"]["createCompany"]["id"]
    read = await rest("GET", f"companies/{id_}")
    assert read["data"]["data"]["company"]["name"] == "By REST"
    refused = await rest("DELETE", "companies")
    assert refused["extensions"] == {"error": "InvalidArgument"}
    assert (await rest("GET", "nopes"))["errors"]


async def test_requests_are_copied_as_python(browser: aiohttp.ClientSession, playground: Playground) -> None:
    async def python(asked: Mapping[str, Any], status: int = 200) -> str:
        async with browser.post(f"{playground.origin}/python", json=asked, headers=token(playground)) as response:
            assert response.status == status
            return await response.text()

    assert "twenty.companies.count()" in await python(QUERY)
    rest = {"endpoint": "rest", "method": "POST", "path": "companies", "body": {"employees": None}}
    assert "None" in await python(rest)
    assert "method or path" in await python({**rest, "method": "BREW"}, 400)
    assert "Syntax Error" in await python({**QUERY, "query": "{"}, 400)


async def test_the_schema_is_an_introspection_with_descriptions(
    browser: aiohttp.ClientSession, playground: Playground
) -> None:
    for endpoint in ("graphql", "metadata"):
        async with browser.get(f"{playground.origin}/schema/{endpoint}", headers=token(playground)) as response:
            served = (await response.json())["data"]
        assert "queryType" in served["__schema"]
        assert build_client_schema(served).query_type is not None
    assert any(field["description"] for type_ in served["__schema"]["types"] for field in type_["fields"] or ())


async def test_the_page_is_whole_in_itself_and_holds_no_secret(
    browser: aiohttp.ClientSession, playground: Playground, server: Sandbox
) -> None:
    async with browser.get(f"{playground.origin}/") as response:
        page, policy = await response.text(), response.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert not [part for part in ("http://", "https://", "{{", "@import") if part in page]
    for name in re.findall(r'(?:src|href)="/([^"]*)"', page):
        async with browser.get(f"{playground.origin}/{name}") as response:
            text = await response.text()
        assert text.startswith("/* Written by `make playground`")
        assert not re.search(r"url\(\s*['\"]?https?:|import\s*\(?['\"]https?:|@import", text)
    assert server.api_key not in page
    assert token(playground)["X-Playground-Token"] not in page


async def test_no_answer_shows_the_api_key(
    browser: aiohttp.ClientSession, playground: Playground, server: Sandbox
) -> None:
    for query in ("{ companies { totalCount } }", "{ nope", "{ nope }"):
        assert server.api_key not in str(await run(browser, playground, {**QUERY, "query": query}))


@pytest.mark.parametrize("given", [{}, {"X-Playground-Token": "wrong"}, {"X-Playground-Token": "é"}])
async def test_nothing_runs_without_this_runs_token(
    browser: aiohttp.ClientSession, playground: Playground, given: dict[str, str]
) -> None:
    async with browser.post(f"{playground.origin}/run", json=QUERY, headers=given) as response:
        assert response.status == 401
    async with browser.get(f"{playground.origin}/schema/graphql", headers=given) as response:
        assert response.status == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_other_sites_pages_are_refused(
    browser: aiohttp.ClientSession, playground: Playground, origin: str
) -> None:
    headers = {**token(playground), "Origin": origin}
    async with browser.post(f"{playground.origin}/run", json=QUERY, headers=headers) as response:
        assert response.status == 403
        assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("path", ["/", "/schema/graphql"])
async def test_a_name_rebound_to_this_machine_is_refused(
    browser: aiohttp.ClientSession, playground: Playground, path: str
) -> None:
    port = playground.origin.rpartition(":")[2]
    headers = {**token(playground), "Host": f"rebound.example:{port}"}
    async with browser.get(f"{playground.origin}{path}", headers=headers) as response:
        assert response.status == 403


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{}", "application/json", 400),
        ("[", "application/json", 400),
        ('{"query": 5, "endpoint": "graphql"}', "application/json", 400),
        ('{"query": "{x}", "endpoint": "rest"}', "application/json", 400),
        ('{"query": "{x}", "endpoint": "graphql", "operationName": 5}', "application/json", 400),
        ("[]", "application/json", 400),
        ('{"query": "{x}", "endpoint": "graphql"}', "text/plain", 415),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    browser: aiohttp.ClientSession, playground: Playground, body: str, content_type: str, status: int
) -> None:
    headers = {**token(playground), "Content-Type": content_type}
    async with browser.post(f"{playground.origin}/run", data=body, headers=headers) as response:
        assert response.status == status


HOSTILE: dict[str, tuple[bytes, bytes, bytes]] = {
    "a token of bytes": (b"", b"X-Playground-Token: \xff\xfe", b"application/json"),
    "an unknown charset": (json.dumps(QUERY).encode(), b"", b"application/json; charset=klingon"),
    "a charset that is none": (json.dumps(QUERY).encode(), b"", b"application/json; charset=rot13"),
    "deep JSON": (b"[" * 100_000, b"", b"application/json"),
    "deep variables": (
        b'{"query": "{x}", "endpoint": "graphql", "variables": {"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
        b"",
        b"application/json",
    ),
    "a long number": (
        b'{"query": "{x}", "endpoint": "graphql", "variables": {"a": ' + b"9" * 6_000 + b"}}",
        b"",
        b"application/json",
    ),
    "a body that is not packed": (b"junk", b"Content-Encoding: gzip", b"application/json"),
    "bytes that are no text": (b'{"query": "\xff"}', b"", b"application/json"),
    "no length": (b"{}", b"Content-Length: x", b"application/json"),
}


@pytest.mark.parametrize(("body", "header", "kind"), HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_request_is_a_bad_one_and_no_fault(
    playground: Playground, body: bytes, header: bytes, kind: bytes
) -> None:
    address = urlsplit(playground.origin)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    headers = [b"Host: " + address.netloc.encode(), b"Content-Type: " + kind, b"Connection: close"]
    if b"Token" not in header:
        headers.append(b"X-Playground-Token: " + playground.url.partition("#")[2].encode())
    if b"Length" not in header:
        headers.append(b"Content-Length: " + str(len(body)).encode())
    writer.write(b"\r\n".join([b"POST /run HTTP/1.1", *headers, *filter(None, [header]), b"", body]))
    status = (await reader.readline()).split()[1]
    writer.close()
    assert status == b"400"


async def test_no_frame_of_another_page_may_hold_it(browser: aiohttp.ClientSession, playground: Playground) -> None:
    async with browser.get(playground.origin) as response:
        assert response.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


def test_a_browser_is_started_without_the_token_in_its_arguments(playground: Playground) -> None:
    """Everybody on a machine can read arguments; the file that they name, its owner only."""
    secret = playground.url.partition("#")[2]
    with playground.opener() as address:
        assert secret not in address
        path = Path(unquote(urlsplit(address).path))
        assert playground.url in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.parent.exists()
