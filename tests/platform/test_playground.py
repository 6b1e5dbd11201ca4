"""The playground: useful to who opened it, closed to everybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

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
        assert "only reads" in (await run(browser, reading, asked))["message"]
        assert (await run(browser, reading, QUERY))["data"]["companies"]["totalCount"] == before


async def test_the_servers_errors_are_shown(browser: aiohttp.ClientSession, playground: Playground) -> None:
    answer = await run(browser, playground, {**QUERY, "query": "{ companies(first: -1) { totalCount } }"})
    assert answer["error"] == "InvalidInput"
    assert answer["errors"][0]["extensions"]["subCode"] == "INVALID_ARGS_FIRST"


async def test_the_schema_has_types_fields_and_roots(browser: aiohttp.ClientSession, playground: Playground) -> None:
    async with browser.get(f"{playground.origin}/schema/graphql", headers=token(playground)) as response:
        schema = await response.json()
    assert schema["roots"] == {"query": "Query", "mutation": "Mutation"}
    assert schema["types"]["Company"]["fields"]["domainName"]["type"].startswith("Links")
    assert "first" in schema["types"]["Query"]["fields"]["companies"]["args"]
    assert schema["types"]["OpportunityStageEnum"]["values"]


async def test_the_page_is_whole_in_itself_and_holds_no_secret(
    browser: aiohttp.ClientSession, playground: Playground, server: Sandbox
) -> None:
    async with browser.get(f"{playground.origin}/") as response:
        page, policy = await response.text(), response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not [part for part in ("http://", "https://", "{{nonce}}", "src=", "@import") if part in page]
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
        ('{"query": "{x}", "endpoint": "graphql"}', "text/plain", 415),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    browser: aiohttp.ClientSession, playground: Playground, body: str, content_type: str, status: int
) -> None:
    headers = {**token(playground), "Content-Type": content_type}
    async with browser.post(f"{playground.origin}/run", data=body, headers=headers) as response:
        assert response.status == status
