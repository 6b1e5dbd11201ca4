"""Connections that never come about: nothing was sent, so that even a write may be tried again."""

from __future__ import annotations

import aiohttp
import pytest

from aiotwenty import ConfigurationError, ConnectionFailed, Hooks, RequestTimeout, RetryPolicy, Twenty
from tests.unit.scripted import KEY, ScriptedServer, says


async def test_a_proxy_that_refuses_is_named_and_a_write_is_tried_again() -> None:
    retries: list[object] = []
    policy, hooks = RetryPolicy(attempts=2, base=0.001), Hooks(on_retry=retries.append)
    async with (
        says(b"HTTP/1.1 407 Proxy Authentication Required") as proxy,
        aiohttp.ClientSession(proxy=f"http://{proxy}") as session,
        Twenty("https://crm.example.com", api_key=KEY, session=session, retry=policy, hooks=hooks) as twenty,
    ):
        with pytest.raises(ConnectionFailed, match="the proxy answered HTTP 407") as caught:
            await twenty.companies.create_one({"name": "x"})
    assert len(retries) == 1
    assert not caught.value.sent
    assert not caught.value.outcome_unknown


async def test_a_host_that_has_no_address_is_named() -> None:
    async with Twenty("https://nowhere.invalid", api_key=KEY, retry=RetryPolicy(attempts=1)) as twenty:
        with pytest.raises(ConnectionFailed, match=r"'nowhere\.invalid' is unknown, or the network is down\.$"):
            await twenty.companies.count()


async def test_a_connection_that_takes_too_long_is_told_from_an_answer_that_does() -> None:
    async with (
        says(None) as silent,
        Twenty(f"https://{silent}", api_key=KEY, timeout=2, retry=RetryPolicy(attempts=1)) as twenty,
    ):
        with pytest.raises(RequestTimeout, match=r"no connection to https://.* within 1.6 s") as caught:
            await twenty.companies.create_one({"name": "x"})
    assert not caught.value.sent
    assert not caught.value.outcome_unknown


@pytest.mark.filterwarnings("ignore:.*auth.*:DeprecationWarning")
async def test_a_session_with_a_login_of_its_own_is_refused(server: ScriptedServer) -> None:
    async with (
        aiohttp.ClientSession(auth=aiohttp.BasicAuth("me", "hunter2")) as session,
        Twenty(server.url, api_key=KEY, session=session) as twenty,
    ):
        with pytest.raises(ConfigurationError, match=r"can.t send a request .* AUTHORIZATION") as caught:
            await twenty.companies.count()
    assert "hunter2" not in str(caught.value)
