"""A client stays where it was made: its key goes to no other process."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiotwenty import ConfigurationError, Twenty
from tests.unit.scripted import KEY, ScriptedServer, answer

COUNT = answer({"data": {"companies": {"totalCount": 3}}})


@pytest.mark.parametrize("send", [pickle.dumps, copy.deepcopy])
async def test_a_client_is_not_sent_to_another_process(server: ScriptedServer, send: Callable[[Any], Any]) -> None:
    async with Twenty(server.url, api_key=KEY) as twenty:
        for part in (twenty, twenty.companies, twenty.endpoint("graphql"), twenty.rest, twenty.with_options(timeout=1)):
            with pytest.raises(ConfigurationError, match=r"create one in the other process, or use a Runner"):
                send(part)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
async def test_a_forked_client_has_no_key_and_says_what_to_do(server: ScriptedServer) -> None:
    server.say(COUNT)
    script = textwrap.dedent("""
        import asyncio, gc, os, sys
        from aiotwenty import ConfigurationError, Twenty
        url, key = sys.argv[1:]

        async def main() -> None:
            twenty = Twenty(url, api_key=key)
            unused = Twenty(url, api_key=key)
            print(await twenty.companies.count(), flush=True)
            if not os.fork():
                sys.argv = []
                # Out of the loop of the parent, which the child has a copy of.
                asyncio.events._set_running_loop(None)
                asyncio.run(in_child(twenty))
                asyncio.run(in_child(unused))
                os._exit(0)
            os.wait()
            print(await twenty.companies.count(), flush=True)
            await twenty.aclose()

        async def in_child(twenty: Twenty) -> None:
            try:
                await twenty.companies.count()
            except ConfigurationError as error:
                print(error, flush=True)
            held = [thing for thing in gc.get_objects() if type(thing).__name__ == "Key"]
            print(len([one for one in held if one is getattr(twenty._engine.http.keys, "_key", None)]), flush=True)
            await twenty.aclose()

        asyncio.run(main())
    """)
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-c", script, server.url, KEY, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, errors = (part.decode() for part in await running.communicate())
    first, *child, last = out.splitlines()
    assert (first, last) == ("3", "3"), errors
    assert [line.isdigit() or "created before a fork" in line for line in child] == [True] * 4
    assert child[1::2] == ["0", "0"]


@pytest.mark.parametrize("body", [True, False])
async def test_the_key_goes_before_what_netrc_says(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bool
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password hunter2\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server.say(COUNT)
    async with (
        aiohttp.ClientSession(trust_env=True) as session,
        Twenty(server.url, api_key=KEY, session=session) as twenty,
    ):
        await (twenty.companies.count() if body else twenty.rest.get("companies"))
    assert server.seen[0].headers.getall("Authorization") == [f"Bearer {KEY}"]
