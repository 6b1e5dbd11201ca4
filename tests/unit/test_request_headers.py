"""What goes with requests besides the key: headers of a gateway, who asks, and through which proxy."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from aiotwenty import AuthenticationError, ConfigurationError, InvalidArgument, RetryPolicy, Twenty, TwentyError
from aiotwenty.sandbox import Sandbox
from aiotwenty.version import __version__
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer, fails

COUNT = answer({"data": {"companies": {"totalCount": 3}}})
TOKEN = "gateway-token-0123456789"
PRODUCT = f"aiotwenty/{__version__} (python; aiohttp)"


async def test_headers_go_with_every_request(server: ScriptedServer) -> None:
    server.say(COUNT)
    headers: dict[str, str | SecretStr] = {"CF-Access-Client-Secret": SecretStr(TOKEN), "X-Tenant": "air"}
    async with Twenty(server.url, api_key=KEY, headers=headers) as twenty:
        await twenty.companies.count()
        await twenty.rest.get("companies")
        await twenty.execute("{ objects { edges { node { id } } } }", endpoint="metadata")
    assert len(server.seen) == 3
    for request in server.seen:
        assert request.headers["CF-Access-Client-Secret"] == TOKEN
        assert request.headers["X-Tenant"] == "air"
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert request.headers["User-Agent"] == PRODUCT


async def test_files_of_another_server_get_neither_key_nor_headers(server: ScriptedServer) -> None:
    server.say(Answer(b"content", 200, "text/plain"))
    async with Twenty(server.url, api_key=KEY, headers={"X-Gateway-Token": TOKEN}) as twenty:
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        assert await twenty.files.download(f"{elsewhere}/file/a?token=b") == b"content"
        assert await twenty.files.download(f"{server.url}/file/a?token=b") == b"content"
    first, second = server.seen
    assert "X-Gateway-Token" not in first.headers
    assert second.headers["X-Gateway-Token"] == TOKEN
    for request in server.seen:
        assert "Authorization" not in request.headers
        assert request.headers["User-Agent"] == PRODUCT


async def test_the_application_says_who_it_is(server: ScriptedServer) -> None:
    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY, application="importer/1.0") as twenty:
        await twenty.companies.count()
    assert server.seen[0].headers["User-Agent"] == f"importer/1.0 {PRODUCT}"


async def test_a_user_agent_of_headers_or_of_the_session_stays(server: ScriptedServer) -> None:
    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY, headers={"user-agent": "mine/1"}) as twenty:
        await twenty.companies.count()
    async with (
        aiohttp.ClientSession(headers={"User-Agent": "session/1"}) as session,
        Twenty(server.url, api_key=KEY, session=session) as twenty,
        Twenty(server.url, api_key=KEY, session=session, application="app/1") as named,
    ):
        await twenty.companies.count()
        await named.companies.count()
    assert [request.headers.getall("User-Agent") for request in server.seen] == [
        ["mine/1"],
        ["session/1"],
        [f"app/1 {PRODUCT}"],
    ]


WRONG = {
    "the key's place": ({"authorization": f"Bearer {TOKEN}"}, None, "pass the API key as api_key"),
    "the client's own": ({"Content-Type": TOKEN}, None, "Content-Type is set by the client"),
    "a name that is none": ({"X Y": TOKEN}, None, "not a valid header name"),
    "an end of a line": ({"X-Y": f"{TOKEN}\r\nX-Z: 1"}, None, "value of X-Y is not a string without line breaks"),
    "a number": ({"X-Y": 7}, None, "value of X-Y is not a string"),
    "twice": ({"X-Y": TOKEN, "x-y": TOKEN}, None, "x-y is given twice"),
    "no mapping": ([("X-Y", TOKEN)], None, "a mapping"),
    "no version": ({}, "importer", "importer/1.0"),
    "an application on two lines": ({}, "a/1\nb", "importer/1.0"),
    "both": ({"User-Agent": "x"}, "a/1", "not both"),
}


@pytest.mark.parametrize("name", WRONG)
def test_headers_that_cannot_be_sent_are_refused_and_not_repeated(name: str) -> None:
    headers, application, message = WRONG[name]
    with pytest.raises(InvalidArgument, match=message) as caught:
        Twenty("https://crm.example.com", api_key=KEY, headers=headers, application=application)  # type: ignore[arg-type]
    assert TOKEN not in str(caught.value)


async def test_the_values_of_headers_are_shown_nowhere(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.say(fails(f"bad {TOKEN}", "UNAUTHENTICATED"), Answer(f"<p>{TOKEN}".encode(), 403, "text/html"))
    async with Twenty(server.url, api_key=KEY, headers={"X-Token": TOKEN}, retry=RetryPolicy(attempts=1)) as twenty:
        shown = [
            str(error) + repr(vars(error))
            for error in await asyncio.gather(twenty.companies.count(), twenty.rest.get("x"), return_exceptions=True)
            if isinstance(error, TwentyError)
        ]
        shown += [repr(each) + repr(vars(each)) for each in (twenty, twenty._engine.http)]
        mine = (each for each in gc.get_objects() if str(type(each).__module__).startswith("aiotwenty.transport"))
        shown += map(repr, mine)
    assert any("***" in text for text in shown[:2])
    assert not [text for text in [*shown, caplog.text] if TOKEN in text]


async def test_a_header_that_is_no_secret_does_not_spoil_what_an_error_says(server: ScriptedServer) -> None:
    server.say(fails("Token invalid.", "UNAUTHENTICATED", "UNAUTHENTICATED"))
    async with Twenty(server.url, api_key=KEY, headers={"X-Mode": "UNAUTHENTICATED"}) as twenty:
        with pytest.raises(AuthenticationError) as caught:
            await twenty.companies.count()
    assert caught.value.code == "UNAUTHENTICATED"


@asynccontextmanager
async def proxy() -> AsyncIterator[tuple[str, list[web.BaseRequest]]]:
    """An HTTP proxy that passes requests on, and what it was asked for."""
    seen: list[web.BaseRequest] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request)
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, str(request.url), data=await request.read(), headers=headers) as response,
        ):
            body = await response.read()
            return web.Response(body=body, status=response.status, content_type="application/json")

    runner = web.ServerRunner(web.Server(handle), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
async def test_proxies_of_the_environment_are_used_where_they_are_trusted(
    monkeypatch: pytest.MonkeyPatch, variable: str, tmp_path: Path, twenty_sandbox: Sandbox
) -> None:
    async with proxy() as (address, seen):
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv(variable, f"http://me:hunter2@{address}")
        # Credentials for the server itself would not go beside the key.
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password wrong\n")
        monkeypatch.setenv("NETRC", str(netrc))
        async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
            assert await twenty.companies.count() == 0
        assert not seen
        async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key, trust_env=True) as twenty:
            assert await twenty.companies.count() == 0
        assert str(seen[0].url) == f"{twenty_sandbox.url}/graphql"
        assert seen[0].headers["Proxy-Authorization"].startswith("Basic ")
        asked = len(seen)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key, trust_env=True) as twenty:
            assert await twenty.companies.count() == 0
        assert len(seen) == asked


async def test_the_commands_trust_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], twenty_sandbox: Sandbox
) -> None:
    app = pytest.importorskip("aiotwenty.cli.app", reason="needs the extra tools", exc_type=ImportError)
    async with proxy() as (address, seen):
        monkeypatch.setenv("TWENTY_API_URL", twenty_sandbox.url)
        monkeypatch.setenv("TWENTY_API_KEY", twenty_sandbox.api_key)
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("http_proxy", address)
        assert await asyncio.to_thread(app.run, ["objects", "companies"]) == 0
    assert "domainName" in capsys.readouterr().out
    assert {request.path for request in seen} == {"/metadata"}


async def test_a_proxy_of_a_kind_that_aiohttp_cannot_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "socks5://me:hunter2@127.0.0.1:1080")
    async with Twenty("http://127.0.0.1:9", api_key=KEY, trust_env=True) as twenty:
        with pytest.raises(ConfigurationError, match="names a socks5 proxy") as caught:
            await twenty.companies.count()
    assert "hunter2" not in str(caught.value)
