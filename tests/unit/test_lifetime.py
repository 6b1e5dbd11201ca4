"""Opening, sharing and closing a client."""

from __future__ import annotations

import asyncio
import gc
import textwrap
import warnings
from collections.abc import Iterator

import aiohttp
import pytest

from aiotwenty import ConfigurationError, RateLimit, RetryPolicy, Twenty, TwentyError
from aiotwenty.sandbox import Sandbox
from aiotwenty.transport import http
from tests.support.ports import free_port
from tests.support.programs import Interpreter
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer

COUNT = answer({"data": {"companies": {"totalCount": 3}}})


async def test_hundreds_of_tasks_share_one_client(server: ScriptedServer) -> None:
    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY) as twenty:
        assert await asyncio.gather(*(twenty.companies.count() for _ in range(500))) == [3] * 500
    connections = {id(transport) for transport in server.transports}
    assert len(connections) <= 100


async def test_a_wait_for_a_free_connection_is_no_time_out(server: ScriptedServer) -> None:
    server.say(answer({"data": {"createWebhook": {}}}))
    server.seconds = 0.3
    async with Twenty(server.url, api_key=KEY, timeout=2, max_connections=1, retry=RetryPolicy(attempts=1)) as twenty:
        calls = (twenty.execute("mutation { createWebhook { id } }", endpoint="metadata") for _ in range(10))
        assert len(await asyncio.gather(*calls)) == 10


@pytest.mark.parametrize("given_up", [False, True])
async def test_idle_connections_are_given_up_before_an_older_server_closes_them(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, given_up: bool
) -> None:
    assert http.IDLE_SECONDS < 5
    monkeypatch.setattr(http, "IDLE_SECONDS", 0.05 if given_up else 60)
    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY) as twenty:
        await twenty.companies.count()
        await asyncio.sleep(0.1)
        await twenty.companies.count()
    first, second = server.transports
    assert (first is not second) == given_up


async def test_use_after_close_says_so(server: ScriptedServer) -> None:
    server.say(COUNT)
    twenty = Twenty(server.url, api_key=KEY)
    assert await twenty.companies.count() == 3
    await twenty.aclose()
    await twenty.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await twenty.companies.count()


async def test_use_in_another_event_loop_says_so(server: ScriptedServer) -> None:
    server.say(COUNT)
    async with Twenty(server.url, api_key=KEY) as twenty:
        with pytest.raises(ConfigurationError, match="another event loop"):
            await asyncio.to_thread(lambda: asyncio.run(twenty.companies.count()))
        assert await twenty.companies.count() == 3


async def test_use_in_another_event_loop_says_so_while_the_first_is_busy(server: ScriptedServer) -> None:
    server.say(COUNT)
    server.answering.clear()
    async with Twenty(server.url, api_key=KEY, max_connections=1) as twenty:
        busy = [asyncio.ensure_future(twenty.companies.count()) for _ in range(2)]
        await server.has_got(1)
        with pytest.raises(ConfigurationError, match="another event loop"):
            await asyncio.to_thread(lambda: asyncio.run(asyncio.wait_for(twenty.companies.count(), 60)))
        server.answering.set()
        assert await asyncio.gather(*busy) == [3, 3]


async def test_closing_waits_for_what_is_in_flight() -> None:
    async with Sandbox(faults=["latency=0.1"]) as sandbox:
        twenty = Twenty(sandbox.url, api_key=sandbox.api_key)
        task = asyncio.ensure_future(twenty.companies.create_one({"name": "Acme"}))
        await asyncio.sleep(0.03)
        await twenty.aclose()
        assert (await task).name == "Acme"


async def test_closing_cancels_what_takes_longer_than_the_grace() -> None:
    async with Sandbox(faults=["latency=30"]) as sandbox:
        twenty = Twenty(sandbox.url, api_key=sandbox.api_key)
        task = asyncio.ensure_future(twenty.companies.count())
        await asyncio.sleep(0.03)
        async with asyncio.timeout(25):
            await twenty.aclose(grace=0.01)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_closing_ends_calls_that_wait_to_be_sent_again(server: ScriptedServer) -> None:
    server.say(Answer(b"", 503, None))
    twenty = Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=1000, max_delay=1000, total=10_000))
    task = asyncio.ensure_future(twenty.companies.count())
    await server.has_got(1)
    await asyncio.sleep(0.01)
    await twenty.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await task


async def test_closing_ends_calls_that_wait_for_their_turn(server: ScriptedServer) -> None:
    server.say(COUNT)
    twenty = Twenty(server.url, api_key=KEY, rate_limit=RateLimit(1, per=1000), max_connections=2)
    tasks = [asyncio.ensure_future(twenty.companies.count()) for _ in range(5)]
    assert await tasks[0] == 3
    await twenty.aclose()
    for result in await asyncio.gather(*tasks[1:], return_exceptions=True):
        assert isinstance(result, ConfigurationError)


async def test_cancellation_is_immediate_and_not_swallowed(server: ScriptedServer) -> None:
    server.say(Answer(b"", 503, None))
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=1000, max_delay=1000, total=10_000)) as twenty:
        task = asyncio.ensure_future(twenty.companies.count())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_session_of_the_caller_is_used_and_left_open(server: ScriptedServer) -> None:
    server.say(COUNT)
    async with aiohttp.ClientSession(headers={"X-Mine": "yes"}, raise_for_status=True) as session:
        async with Twenty(server.url, api_key=KEY, session=session) as twenty:
            assert await twenty.companies.count() == 3
        assert server.seen[0].headers["X-Mine"] == "yes"
        assert server.seen[0].headers["Authorization"] == f"Bearer {KEY}"
        assert not session.closed
        assert KEY not in repr(session.headers)


async def test_a_session_of_the_caller_that_is_closed_is_named(server: ScriptedServer) -> None:
    session = aiohttp.ClientSession()
    await session.close()
    async with aiohttp.ClientSession() as open_session:
        twenty = Twenty(server.url, api_key=KEY, session=open_session)
        await open_session.close()
        with pytest.raises(ConfigurationError, match="session of this client is closed"):
            await twenty.companies.count()


async def test_a_time_out_is_one_and_names_the_address() -> None:
    async with (
        Sandbox(faults=["latency=30"]) as sandbox,
        Twenty(sandbox.url, api_key=sandbox.api_key, timeout=0.5, retry=RetryPolicy(attempts=1)) as twenty,
    ):
        with pytest.raises(TwentyError, match=r"no response from http://127.0.0.1:\d+/graphql within 0.5 s") as caught:
            await twenty.companies.count()
        assert type(caught.value).__name__ == "RequestTimeout"


async def test_a_refused_connection_is_tried_again_even_for_a_write() -> None:
    retries: list[object] = []
    from aiotwenty import Hooks

    hooks = Hooks(on_retry=retries.append)
    url = f"http://127.0.0.1:{free_port()}"
    async with Twenty(url, api_key=KEY, retry=RetryPolicy(attempts=3, base=0.001), hooks=hooks) as twenty:
        with pytest.raises(TwentyError, match="no connection") as caught:
            await twenty.companies.create_one({"name": "x"})
    assert len(retries) == 2
    assert not caught.value.outcome_unknown


async def test_a_forgotten_client_gives_no_warning(server: ScriptedServer) -> None:
    server.say(COUNT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        twenty = Twenty(server.url, api_key=KEY)
        assert await twenty.companies.count() == 3
        del twenty
        gc.collect()
        await asyncio.sleep(0.01)
        gc.collect()


@pytest.fixture(scope="module")
def interpreter() -> Iterator[Interpreter]:
    imported = ("aiotwenty.client", "aiotwenty.core.objects.company", "aiotwenty.sandbox.sandbox")
    with Interpreter(*imported, options=("-X", "dev", "-W", "error")) as interpreter:
        yield interpreter


@pytest.mark.parametrize("where", ["local", "global"])
def test_a_client_that_is_never_closed_leaves_the_end_of_a_program_silent(interpreter: Interpreter, where: str) -> None:
    program = f"""
        import asyncio, gc
        from aiotwenty import Twenty
        from aiotwenty.sandbox import Sandbox

        async def main():
            {"global twenty" if where == "global" else ""}
            # A slow machine is not what this is about.
            asyncio.get_running_loop().slow_callback_duration = 60
            sandbox = Sandbox()
            await sandbox.start()
            twenty = Twenty(sandbox.url, api_key=sandbox.api_key)
            assert await twenty.companies.count() == 0
            await sandbox.aclose()

        asyncio.run(main())
        gc.collect()
        print("done")
    """
    done = interpreter.run(textwrap.dedent(program))
    assert (done.stdout, done.stderr) == ("done\n", "")
