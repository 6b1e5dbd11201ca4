"""Keys that change while a client lives."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from aiotwenty import AuthenticationError, ConfigurationError, RetryPolicy, Twenty, TwentyTransport
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.model.workspace import RegisteredKey
from aiotwenty.settings import KeyFunction
from aiotwenty.transport import keys
from tests.unit.scripted import KEY, ScriptedServer, answer, fails

COUNT = answer({"data": {"companies": {"totalCount": 3}}})
REFUSED = fails("Token has expired.", "UNAUTHENTICATED", "UNAUTHENTICATED")
NEVER = RetryPolicy(attempts=1)


def rotated(sandbox: Sandbox) -> RegisteredKey:
    """A new key; the one before it works no longer."""
    workspace = sandbox.workspace
    new = workspace.new_api_key(f"key {time.monotonic()}", "2099-01-01T00:00:00.000Z")
    for key in workspace.api_keys.values():
        if key is not new:
            key.revoked_at = key.created_at
    return new


class Vault:
    """Gives the key that is good now, and counts how often it is asked."""

    def __init__(self, key: str, seconds: float = 0.0) -> None:
        self.key, self.seconds = key, seconds
        self.asked = 0

    async def __call__(self) -> SecretStr:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        return SecretStr(self.key)


async def test_a_secret_str_is_a_key(server: ScriptedServer) -> None:
    server.say(COUNT)
    async with Twenty(server.url, api_key=SecretStr(KEY)) as twenty:
        await twenty.companies.count()
    assert server.seen[0].headers["Authorization"] == f"Bearer {KEY}"


def in_a_function(vault: Vault) -> Callable[[], str]:
    def key() -> str:
        vault.asked += 1
        return vault.key

    return key


def as_a_lambda(vault: Vault) -> Callable[[], Awaitable[SecretStr]]:
    return lambda: vault()


@pytest.mark.parametrize("form", [lambda vault: vault, in_a_function, as_a_lambda], ids=["async", "sync", "lambda"])
async def test_a_function_is_asked_once_for_many_requests(
    server: ScriptedServer, form: Callable[[Vault], KeyFunction]
) -> None:
    server.say(COUNT)
    vault = Vault(KEY, seconds=0.02)
    async with Twenty(server.url, api_key=form(vault)) as twenty:
        assert vault.asked == 0
        await asyncio.gather(*(twenty.companies.count() for _ in range(50)))
        await twenty.companies.count()
    assert vault.asked == 1
    assert {request.headers["Authorization"] for request in server.seen} == {f"Bearer {KEY}"}


async def test_a_function_that_is_no_coroutine_function_does_not_stop_the_loop(server: ScriptedServer) -> None:
    server.say(COUNT)
    threads: list[threading.Thread] = []

    def key() -> str:
        threads.append(threading.current_thread())
        return KEY

    async with Twenty(server.url, api_key=key) as twenty:
        await twenty.companies.count()
    assert threads[0] is not threading.main_thread()


async def test_a_revoked_key_is_replaced_without_an_error_everywhere(twenty_sandbox: Sandbox) -> None:
    vault = Vault(twenty_sandbox.api_key)
    async with Twenty(twenty_sandbox.url, api_key=vault, retry=NEVER) as twenty:
        company = await twenty.companies.create_one({"name": "Air"})
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: twenty.companies.find_one(company.id),
            lambda: twenty.companies.create_one({"name": "Bee"}),
            lambda: twenty.workspace.objects(),
            lambda: twenty.rest.get("companies"),
            lambda: twenty.rest.post("companies", {"name": "Cee"}),
            lambda: twenty.search("Air"),
            lambda: twenty.files.upload(b"offer", field="attachment.file", filename="offer.txt"),
            lambda: twenty.execute("{ companies { totalCount } }"),
        ]
        for number, call in enumerate(calls, 2):
            vault.key = rotated(twenty_sandbox).token
            await call()
            assert vault.asked == number
        assert await twenty.companies.count() == 3


async def test_a_plain_gql_transport_takes_a_function_as_well(twenty_sandbox: Sandbox) -> None:
    vault = Vault(twenty_sandbox.api_key)
    transport = TwentyTransport(f"{twenty_sandbox.url}/graphql", api_key=vault)
    await transport.connect()
    for _ in range(2):
        assert await transport.run_document("{ companies { totalCount } }") == {"companies": {"totalCount": 0}}
        vault.key = rotated(twenty_sandbox).token
    await transport.close()


async def test_many_requests_that_are_refused_ask_once(server: ScriptedServer) -> None:
    vault = Vault("old-key", seconds=0.05)
    async with Twenty(server.url, api_key=vault, rate_limit=None) as twenty:
        server.say(COUNT)
        await twenty.companies.count()
        vault.key = "new-key"
        server.say(REFUSED)
        server.answers = [lambda _: COUNT if server.seen[-1].headers["Authorization"] == "Bearer new-key" else REFUSED]
        assert await asyncio.gather(*(twenty.companies.count() for _ in range(16))) == [3] * 16
    assert vault.asked == 2


async def test_a_key_that_is_refused_and_given_again_is_sent_once(server: ScriptedServer) -> None:
    server.say(REFUSED)
    vault = Vault(KEY)
    async with Twenty(server.url, api_key=vault) as twenty:
        with pytest.raises(AuthenticationError):
            await twenty.companies.create_one({"name": "Air"})
    assert len(server.seen) == 1
    assert vault.asked == 2


async def test_a_second_key_that_is_refused_is_the_end(server: ScriptedServer) -> None:
    server.say(REFUSED)
    given = iter(f"key-{number}" for number in range(10))
    async with Twenty(server.url, api_key=lambda: next(given)) as twenty:
        with pytest.raises(AuthenticationError):
            await twenty.companies.count()
    assert [request.headers["Authorization"] for request in server.seen] == ["Bearer key-0", "Bearer key-1"]


async def test_a_write_that_was_partly_done_is_not_sent_with_another_key(server: ScriptedServer) -> None:
    server.say(
        fails("Token has expired.", "UNAUTHENTICATED", data={"createCompany": {"id": "1"}, "createPerson": None})
    )
    given = iter(f"key-{number}" for number in range(10))
    async with Twenty(server.url, api_key=lambda: next(given)) as twenty:
        with pytest.raises(AuthenticationError):
            await twenty.execute("mutation { createCompany { id } createPerson { id } }", validate=False)
    assert len(server.seen) == 1


async def test_after_a_minute_the_function_is_asked_while_requests_go_on(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.say(COUNT)
    vault = Vault("first-key")
    async with Twenty(server.url, api_key=vault) as twenty:
        await twenty.companies.count()
        await twenty.companies.count()
        assert vault.asked == 1
        monkeypatch.setattr(keys, "KEY_SECONDS", 0.0)
        vault.key = "second-key"
        twenty._engine.http.keys._again = 0.0
        await twenty.companies.count()
        await asyncio.sleep(0.01)
        await twenty.companies.count()
    assert server.seen[-1].headers["Authorization"] == "Bearer second-key"
    assert keys.KEY_SECONDS == 0.0


async def test_a_function_that_fails_later_leaves_the_key_as_it_is(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "KEY_SECONDS", 0.0)
    server.say(COUNT)
    given = iter([KEY])

    async def key() -> str:
        try:
            return next(given)
        except StopIteration:
            raise OSError(f"the vault is shut, {KEY}") from None

    async with Twenty(server.url, api_key=key) as twenty:
        for _ in range(3):
            assert await twenty.companies.count() == 3
    assert "the api_key function failed (OSError): the key stays" in caplog.text
    assert KEY not in caplog.text


def raising() -> str:
    raise PermissionError("shut")


async def taking_for_ever() -> str:
    await asyncio.sleep(1000)
    return KEY


BAD: dict[str, tuple[Callable[[], object], str]] = {
    "raises": (raising, "returned no key: PermissionError was raised"),
    "nothing": (lambda: None, "no API key"),
    "no key": (lambda: "two words", "invalid characters"),
    "bytes": (lambda: b"key", "not bytes"),
    "a function": (lambda: raising, "another function"),
    "no more keys": (iter(()).__next__, "LookupError"),
    "for ever": (taking_for_ever, "TimeoutError"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_function_that_gives_no_key_is_an_error_before_anything_is_sent(
    server: ScriptedServer, name: str
) -> None:
    function, message = BAD[name]
    server.say(COUNT)
    async with Twenty(server.url, api_key=function, timeout=2) as twenty:  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match=message):
            await twenty.companies.count()
    assert not server.seen


@pytest.mark.parametrize("key", [b"key", 7, taking_for_ever])
async def test_what_is_no_key_is_refused_and_not_repeated(key: object) -> None:
    if callable(key):
        key = key()
    with pytest.raises(ConfigurationError, match="a str, a SecretStr or a function"):
        Twenty("https://crm.example.com", api_key=key)  # type: ignore[arg-type]
    if asyncio.iscoroutine(key):
        key.close()


async def test_whoever_waits_for_a_key_may_be_cancelled_alone(server: ScriptedServer) -> None:
    server.say(COUNT)
    vault = Vault(KEY, seconds=0.1)
    async with Twenty(server.url, api_key=vault) as twenty:
        impatient = asyncio.ensure_future(twenty.companies.count())
        patient = asyncio.ensure_future(twenty.companies.count())
        await asyncio.sleep(0.02)
        impatient.cancel()
        assert await patient == 3
    assert vault.asked == 1
    assert impatient.cancelled()


async def test_closing_ends_the_wait_for_a_key(server: ScriptedServer) -> None:
    twenty = Twenty(server.url, api_key=taking_for_ever)
    waiting = asyncio.ensure_future(twenty.companies.count())
    await asyncio.sleep(0.02)
    await twenty.aclose()
    with pytest.raises(ConfigurationError, match="cancelled"):
        await waiting


async def test_a_key_from_a_function_is_shown_nowhere(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.say(fails(f"bad {KEY}", "UNAUTHENTICATED"))
    async with Twenty(server.url, api_key=Vault(KEY)) as twenty:
        with pytest.raises(AuthenticationError) as caught:
            await twenty.companies.count()
        inside = twenty._engine.http.keys
        assert KEY not in repr(vars(inside)) + repr(inside) + repr(twenty) + str(caught.value) + caplog.text


async def test_a_file_may_hold_the_key(server: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    server.say(COUNT)
    async with Twenty(server.url, api_key=(tmp_path / "key").read_text) as twenty:
        await twenty.companies.count()
    assert server.seen[0].headers["Authorization"] == f"Bearer {KEY}"
