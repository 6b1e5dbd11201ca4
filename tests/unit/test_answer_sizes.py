"""Answers are read up to `max_answer_bytes`, counted after decompression, and decompressing them stops nobody."""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib

import pytest
from pydantic_core import to_json

from aiotwenty import AnswerTooLarge, ConnectionFailed, RetryPolicy, Twenty
from aiotwenty.sandbox import Sandbox
from tests.unit.scripted import KEY, Answer, ScriptedServer

PLAIN = to_json({"data": {"companies": {"totalCount": 3}}})


def compressed(body: bytes, encoding: str = "gzip") -> Answer:
    return Answer(body, headers={"Content-Encoding": encoding})


def bare_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


def bomb(megabytes: int) -> bytes:
    stream = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    blanks = b" " * 1_000_000
    return b"".join(stream.compress(blanks) for _ in range(megabytes)) + stream.flush()


@pytest.mark.parametrize(
    "said",
    [
        compressed(gzip.compress(PLAIN)),
        compressed(gzip.compress(PLAIN), "x-gzip"),
        compressed(zlib.compress(PLAIN), "deflate"),
        compressed(bare_deflate(PLAIN), "deflate"),
        compressed(gzip.compress(PLAIN[:10]) + gzip.compress(PLAIN[10:])),
        compressed(PLAIN, "identity"),
    ],
    ids=["gzip", "x-gzip", "deflate", "bare deflate", "gzip in two members", "identity"],
)
async def test_compressed_answers_are_read(server: ScriptedServer, said: Answer) -> None:
    server.say(said)
    async with Twenty(server.url, api_key=KEY) as twenty:
        assert await twenty.companies.count() == 3
    assert server.seen[0].headers["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (compressed(gzip.compress(PLAIN)[:-9]), "truncated"),
        (compressed(b"no gzip at all"), "decompressed"),
        (compressed(PLAIN, "br"), "compressed with br"),
    ],
    ids=["cut", "broken", "unknown"],
)
async def test_what_cannot_be_decompressed_is_an_answer_that_was_lost(
    server: ScriptedServer, said: Answer, why: str
) -> None:
    server.say(said)
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(attempts=1)) as twenty:
        with pytest.raises(ConnectionFailed, match=why):
            await twenty.companies.count()


async def test_a_small_answer_that_becomes_a_large_one_is_not_read_on(server: ScriptedServer) -> None:
    server.say(compressed(bomb(300)))
    async with Twenty(server.url, api_key=KEY) as twenty:
        # By what this thread works: others may be busy on this machine.
        longest, turn = 0.0, time.thread_time()
        call = asyncio.ensure_future(twenty.companies.count())
        while not call.done():
            await asyncio.sleep(0.001)
            longest, turn = max(longest, time.thread_time() - turn), time.thread_time()
        with pytest.raises(AnswerTooLarge, match=r"more than 64,000,000 bytes.*max_answer_bytes") as large:
            await call
    assert large.value.status == 200
    assert len(server.requests) == 1
    assert longest < 0.25, "the event loop stood still"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_call_says_how_much_it_takes(server: ScriptedServer, chunked: bool) -> None:
    server.say(Answer(PLAIN + b" " * 100_000, chunked=chunked))
    async with Twenty(server.url, api_key=KEY) as twenty:
        with pytest.raises(AnswerTooLarge):
            await twenty.companies.count(max_answer_bytes=10_000)
        assert await twenty.companies.count(max_answer_bytes=200_000) == 3


async def test_a_write_whose_answer_is_too_large_may_have_happened(server: ScriptedServer) -> None:
    server.say(Answer(PLAIN + b" " * 100_000))
    async with Twenty(server.url, api_key=KEY, max_answer_bytes=10_000) as twenty:
        with pytest.raises(AnswerTooLarge) as large:
            await twenty.execute("mutation { createWebhook { id } }", endpoint="metadata")
    assert large.value.outcome_unknown


@pytest.mark.parametrize("order", [None, {"name": "AscNullsFirst"}])
async def test_walks_ask_for_less_until_it_fits(order: dict[str, str] | None, twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        await twenty.companies.create_many([{"name": "x" * 1000 + str(number)} for number in range(200)])
        walk = twenty.companies.iterate(max_answer_bytes=60_000, order_by=order)  # type: ignore[arg-type]
        assert len([company async for company in walk]) == 200
        with pytest.raises(AnswerTooLarge):
            [company async for company in twenty.companies.iterate(max_answer_bytes=800)]
