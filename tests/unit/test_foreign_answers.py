"""What something before Twenty answers says who it is, and what it says, without what only a browser wants."""

from __future__ import annotations

import time

import pytest

from aiotwenty import RetryPolicy, Twenty
from aiotwenty.errors import RateLimited, TwentyError, UnexpectedResponse
from aiotwenty.transport.foreign_answers import page_text
from tests.unit.scripted import KEY, Answer, ScriptedServer

BLOCKED = b"""<!DOCTYPE html><html><head><title>Attention Required!</title><style>body{color:red}</style>
<script>var token = "eyJ";</script></head><body><h1>Sorry, you have been blocked</h1>
<p>The request &amp; what it said was refused.</p></body></html>"""
WORDS = "Attention Required! Sorry, you have been blocked The request & what it said was refused."
HEADERS = {
    "Server": "cloudflare",
    "Via": "1.1 proxy.example",
    "CF-Ray": "8f1c2d3e4f5a6b7c-FRA",
    "WWW-Authenticate": 'Basic realm="intern"',
}


@pytest.mark.parametrize("protocol", ["GraphQL", "REST"])
@pytest.mark.parametrize("status", [401, 403, 404, 407, 413, 429, 500, 502, 503, 504, 520, 524])
async def test_an_answer_of_something_before_twenty_says_who_gave_it_and_what_it_says(
    server: ScriptedServer, status: int, protocol: str
) -> None:
    server.say(Answer(BLOCKED, status, "text/html", HEADERS))
    policy = RetryPolicy(attempts=1)
    async with Twenty(server.url, api_key=KEY, retry=policy) as twenty:
        with pytest.raises(TwentyError) as caught:
            await (twenty.companies.count() if protocol == "GraphQL" else twenty.rest.get("companies"))
    error = caught.value
    assert type(error) is (RateLimited if status == 429 else UnexpectedResponse)
    assert error.status == status
    assert "a proxy or firewall" in str(error)
    for name, value in HEADERS.items():
        assert f"{name}: {value}" in str(error)
    assert WORDS in str(error)
    assert "token" not in str(error)
    if isinstance(error, UnexpectedResponse):
        assert (error.headers, error.text) == (HEADERS, WORDS)
        assert error.over_content is (status == 403)


async def test_an_answer_that_twenty_signs_is_not_blamed_on_others(server: ScriptedServer) -> None:
    server.say(Answer(b"", 415, None, {"X-Powered-By": "Express"}))
    async with Twenty(server.url, api_key=KEY) as twenty:
        with pytest.raises(UnexpectedResponse) as caught:
            await twenty.companies.count()
    assert "before Twenty" not in str(caught.value)


@pytest.mark.parametrize("page", [b"<script>" * 200_000, b"<!--" * 200_000, b"<a " * 200_000, b"&" * 500_000])
def test_a_page_that_never_ends_is_read_in_no_time(page: bytes) -> None:
    begun = time.thread_time()
    assert len(page_text(page)) <= 500
    assert time.thread_time() - begun < 2
