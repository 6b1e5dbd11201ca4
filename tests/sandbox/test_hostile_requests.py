"""Whatever comes in, to whatever address, is answered soon, and never with a fault of the sandbox itself."""

from __future__ import annotations

import base64
import json
import logging
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox

SECONDS = 60.0
"""What an answer may take on a machine that has other things to do; what hangs never ends."""
REQUESTS = 1000
ID = "20202020-0000-4000-8000-000000000001"
DIGITS = "9" * 5000
MULTIPART = "multipart/form-data; boundary=x"


def nested(of: str, levels: int, body: str, last: str) -> str:
    """Fragments, each of which spreads the next where its body says `NEXT`."""
    fragments = [f"fragment f{n} on {of} {{ {body.replace('NEXT', f'...f{n + 1}')} }}" for n in range(levels)]
    return " ".join([*fragments, f"fragment f{levels} on {of} {{ {last} }}"])


def part(name: str, content: str, more: str = "") -> str:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{content}\r\n'


EACH_OTHER = " ".join(f"x{n} {{ ...f{n} }}" for n in range(10))
NODE = "{ companies { edges { node { ...f0 } } } } "
DOCUMENTS = {
    "a fragment twice in each": NODE + nested("Company", 25, "NEXT NEXT", "id"),
    "a fragment below two fields": NODE + nested("Company", 25, "accountOwner { NEXT } people { NEXT }", "id"),
    "a fragment below one field twice": NODE + nested("Company", 25, "a { NEXT } a { NEXT }", "id"),
    "fragments at the root": "{ ...f0 } " + nested("Query", 25, "NEXT NEXT", "companies { totalCount }"),
    "fragments of no record": "{ ...f0 } " + nested("Query", 25, "NEXT NEXT", "__typename"),
    "fragments of introspection": "{ __schema { types { ...f0 } } } "
    + nested("__Type", 25, "ofType { NEXT } a: ofType { NEXT }", "name"),
    "fragments of metadata": "{ objects(paging: {first: 10}) { edges { node { ...f0 } } } } "
    + nested("Object", 25, "a: fieldsList { object { NEXT } } b: fieldsList { object { NEXT } }", "id"),
    "a chain of fragments": NODE + nested("Company", 1200, "NEXT", "id"),
    "a fragment in itself": "{ ...a } fragment a on Query { companies { totalCount } ...b ...b } "
    "fragment b on Query { ...a ...a }",
    "fragments that all hold one another": NODE
    + " ".join(
        f"fragment f{n} on Company {{ {' '.join(f'x{m} {{ ...f{m} }}' for m in range(10))} }}" for n in range(10)
    ),
    "many fragments side by side": "{ ...a } fragment a on Query { "
    + " ".join(f"...g{n}" for n in range(800))
    + " } "
    + " ".join(f"fragment g{n} on Query {{ a{n}: __typename }}" for n in range(800)),
    "one field many times": "{ " + "__typename " * 5000 + "}",
    "one field with fields many times": "{ objects { edges { node { " + "fieldsList { id } " * 2000 + "} } } }",
    "more words than are read": "{ companies { edges { node { " + "name " * 40_000 + "} } } }",
    "lists of lists of introspection": "{ __schema { types { fields { type { fields { type { fields { type { fields { "
    "type { fields { name } } } } } } } } } } } }",
    "a deep selection": "{" + "a{" * 3000 + "id" + "}" * 3001,
    "a deep list": "{companies(filter:{name:{in:" + "[" * 3000 + "]" * 3000 + "}}){totalCount}}",
    "a deep type": "query($a:" + "[" * 3000 + "Int" + "]" * 3000 + "){companies{totalCount}}",
    "a long number": "{companies(first:" + DIGITS + "){totalCount}}",
    "a long number in a filter": "{companies(filter:{employees:{gt:" + DIGITS + "}}){totalCount}}",
    "a long number of results": '{search(searchInput:"a",limit:' + DIGITS + "){edges{node{recordId}}}}",
    "results before the first": '{search(searchInput:"a",limit:-5,after:"eyJvZmZzZXQiOi0xfQ=="){edges{cursor}}}',
    "a subscription in a fragment": "subscription{...a} fragment a on Subscription{onEventSubscription{eventStreamId}}",
    "half a character": '{companies(filter:{name:{eq:"\\uD800"}}){totalCount}}',
}
BODIES = (
    *("[" * 100_000, "{" * 5000, "5", '"x"', "null", "[]", "[[]]", "[5]", "[null]", '{"ids":5}', '{"ids":[5]}', "{{"),
    *('{"data":5}', '{"data":[5]}', '{"name":[]}', '{"id":{}}', '{"employees":' + DIGITS + "}", '{"people":{}}'),
    '{"query":"{companies{totalCount}}","variables":{"x":' + "[" * 20_000 + "]" * 20_000 + "}}",
    '{"query":"{companies{totalCount}}","variables":{"x":' + DIGITS + "}}",
    json.dumps({"query": "{companies{totalCount}}", "variables": "[" * 100_000}),
    *('{"query":{}}', '{"query":"{"}', '{"query":"{a}","variables":NaN}', '{"query":"{a}","operationName":5}'),
    *('{"id":[],"method":{}}', '{"id":1,"method":"tools/call","params":{"name":[]}}'),
    *('{"targetUrl":"x","operations":[5]}', '{"objectMetadataId":5,"name":5,"type":5,"label":5,"options":5}'),
    part("operations", "[[[[") + "--x--",
    part("operations", "[" * 50_000) + "--x--",
    part("operations", '{"query":"{a}"}') + part("map", '{"0":5}') + part("0", "a", '; filename="a"') + "--x--",
    part("operations", '{"query":"{a}"}') + part("map", '{"0":[5]}') + part("0", "a", '; filename="a"') + "--x--",
    part("operations", '{"query":"{a}","variables":{}}')
    + part("map", '{"0":["variables.x.y","query"]}')
    + part("0", "a", '; filename="a"')
    + "--x--",
    *("--x\r\n\r\n\r\n--x--", "%ff=&&;", "query=%7Bcompanies%7BtotalCount%7D%7D&variables=%5B"),
)
TYPES = (
    *("application/json", MULTIPART, "multipart/form-data", "multipart/form-data; boundary=" + "y" * 200),
    *(
        "application/x-www-form-urlencoded",
        "application/graphql",
        "text/plain",
        "a/b/c",
        "application/json; charset=no",
    ),
)
FILTERS = (
    *("not()", "and()", "or()", "and(", "](", "name[eq]:", "name[in]:[]", "name[nope]:1", "or(and())", ",", "()"),
    *(f"employees[gt]:{DIGITS}", "employees[gt]:1e999", "not(" * 1000 + "name[eq]:a" + ")" * 1000, ".[eq]:1", "\0"),
    *("or(" * 90 + "name[eq]:a" + ")" * 90, "name.a.b.c[eq]:1", "name[is]:x", "tagline[startsWith]:[", "id[in]:[a,,b]"),
)
QUERIES: tuple[dict[str, str], ...] = (
    *({"filter": text} for text in FILTERS),
    *({"limit": text} for text in (DIGITS, "²", "٣", "-1", "1.5")),
    *({"depth": text} for text in (DIGITS, "²", "x")),
    *({"order_by": text} for text in ("[", "name[x]", "a." * 500, ",")),
    *({"starting_after": text} for text in ("é", base64.b64encode(b"[" * 4000).decode(), "bnVsbA==", "W10=")),
    *({"group_by": text, "aggregate": "[[],{},5]"} for text in ("[" * 4000, "[[]]", "[5]", "[null]", "{}", DIGITS)),
    *({"token": text} for text in (f"{DIGITS}.x", "².x", "é", "1")),
    *({"query": text} for text in ("{", "{a}", "{companies{totalCount}}")),
    {"query": "{a}", "variables": "[" * 4000},
    {"query": "{a}", "variables": DIGITS},
)
PATHS = (
    *("/graphql", "/metadata", "/mcp", "/rest", "/rest/companies", "/rest/batch/companies", f"/rest/companies/{ID}"),
    *("/rest/companies/duplicates", "/rest/companies/merge", "/rest/companies/groupBy", "/rest/restore/companies"),
    *("/rest/metadata/objects", "/rest/metadata/fields", f"/rest/metadata/objects/{ID}", "/rest/metadata/webhooks"),
    *("/rest/metadata/views", "/rest/metadata/pageLayouts", "/rest/metadata/apiKeys", "/rest/x/y/z", "/rest/%ff"),
    *("/file/files-field/x", "/file-upload/x", "/rest/open-api/core", "/nowhere", "//", "/rest/%00"),
)


def segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def tokens(key: str) -> list[str]:
    """Keys that work, that nearly do, and that are anything."""
    header, payload, signature = key.split(".")
    jwt = segment(b'{"alg":"ES256","typ":"JWT"}')
    no_key, no_type = segment(b'{"alg":"ES256","kid":[]}'), segment(b'{"type":[]}')
    return [
        *(f"Bearer {key}",) * 8,
        *("Bearer " + text for text in ("", "é", "\u00a0", "x y", "..", DIGITS, f"{DIGITS}.{DIGITS}.{DIGITS}")),
        *(f"Bearer {text}" for text in (f"{segment(b'[' * 4000)}.{payload}.aa", f"{jwt}.{segment(b'[' * 4000)}.aa")),
        f"Bearer {header}.{segment(DIGITS.encode())}.{signature}",
        f"Bearer {no_key}.{no_type}.aa",
    ]


@pytest.fixture(scope="module", params=["2.19", "1.10"])
def attacked(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One sandbox for all: what one request does to it, the next would notice."""
    with running_sandbox(version=request.param) as sandbox:
        yield sandbox


@pytest.fixture
async def session(attacked: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(attacked.url, timeout=timeout) as session:
        yield session


def assert_no_fault(status: int, body: bytes, caplog: pytest.LogCaptureFixture, what: Any) -> None:
    """Every 500 is one of those that the real server answers with, in its words."""
    assert b"nternal server error" not in body, what
    assert b"Server got itself in trouble" not in body, what
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR], what
    known = (b"GraphQLError: ", b'"Forbidden resource"', b'"error":"INTERNAL_SERVER_ERROR"', b"event: next")
    assert status < 500 or any(words in body for words in known), (status, body[:300], what)


@pytest.mark.parametrize("path", ["/graphql", "/metadata"])
@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_hostile_document_is_answered_soon(
    attacked: Sandbox, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture, name: str, path: str
) -> None:
    headers = {"Authorization": f"Bearer {attacked.api_key}"}

    async with session.post(path, json={"query": DOCUMENTS[name]}, headers=headers) as response:
        body = await response.read()

    assert_no_fault(response.status, body, caplog, name)


def never_answered(method: str, path: str, body: str) -> bool:
    """Bodies that say nothing, which the real server keeps waiting."""
    return path in ("/graphql", "/metadata") and method != "GET" and body.strip() in ("", "{}")


async def test_requests_of_any_kind_are_answered_without_a_fault(
    attacked: Sandbox, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(15)
    keys = tokens(attacked.api_key)

    for _ in range(REQUESTS):
        method = chance.choice(["GET", "POST", "POST", "PUT", "PATCH", "DELETE", "PURGE"])
        path, query = chance.choice(PATHS), chance.choice(QUERIES)
        body = chance.choice(BODIES) if method != "GET" else ""
        headers = {"Authorization": chance.choice(keys), "Content-Type": chance.choice(TYPES)}
        if body.startswith("--x") and chance.random() < 0.8:
            headers["Content-Type"] = MULTIPART
        if never_answered(method, path, body):
            continue
        what = (method, path, str(query)[:200], headers["Content-Type"], headers["Authorization"][:60], body[:200])
        data = body.encode(errors="replace") if body else None
        async with session.request(method, path, params=query, data=data, headers=headers) as response:
            content = await response.read()
        assert_no_fault(response.status, content, caplog, what)


async def test_a_body_that_is_not_in_the_encoding_it_names_is_refused(
    attacked: Sandbox, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Authorization": f"Bearer {attacked.api_key}", "Content-Encoding": "gzip"}

    async with session.post("/graphql", data=b'{"query":"{a}"}', headers=headers) as response:
        body = await response.read()

    assert response.status == 400
    assert json.loads(body)["message"] == "incorrect header check"
    assert not caplog.records


async def test_a_fragment_that_is_spread_twice_is_still_read(attacked: Sandbox, session: aiohttp.ClientSession) -> None:
    query = "{ companies { ...a ...a } } fragment a on CompanyConnection { ...b ...b } "
    query += "fragment b on CompanyConnection { totalCount pageInfo { hasNextPage } }"
    headers = {"Authorization": f"Bearer {attacked.api_key}"}

    async with session.post("/graphql", json={"query": query}, headers=headers) as response:
        body = await response.json()

    assert body == {"data": {"companies": {"totalCount": 0, "pageInfo": {"hasNextPage": False}}}}
