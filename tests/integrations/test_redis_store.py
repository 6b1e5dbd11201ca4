"""Receivers on several machines remember deliveries in one Redis, a real one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from aiotwenty import InvalidArgument
from aiotwenty.webhooks import ReplayStoreFailed, WebhookEvent, WebhookReceiver
from aiotwenty.webhooks.redis import RedisStore
from tests.support.deliveries import SECRET, delivery, signed
from tests.support.redis_server import RedisServer, needs_redis

pytestmark = [pytest.mark.integrations, needs_redis]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    running = RedisServer(tmp_path)
    running.start()
    yield running
    running.stop()


async def test_a_delivery_counts_once_on_all_machines(server: RedisServer) -> None:
    told: list[WebhookEvent] = []
    stores = [RedisStore(server.url) for _ in range(3)]
    receivers = [WebhookReceiver(SECRET, store=store) for store in stores]
    for receiver in receivers:
        receiver.on("*.*")(told.append)
    body = delivery()
    headers = signed(body)
    answers = await asyncio.gather(*(receivers[n % 3].answer(body, headers) for n in range(60)))
    assert sorted(answers) == [204] + [409] * 59
    assert len(told) == 1
    for store in stores:
        await store.aclose()


async def test_it_is_forgotten_when_it_would_be_too_old_anyway(server: RedisServer) -> None:
    async with Redis.from_url(server.url) as redis:
        store = RedisStore(redis, prefix="mine:")
        assert await store.add("key", time.time() + 2)
        assert not await store.add("key", time.time() + 2)
        assert await redis.keys() == [b"mine:key"]
        await asyncio.sleep(2.1)
        assert await store.add("key", time.time() + 60)
        await store.remove("key")
        assert await redis.keys() == []
        await store.aclose()
        assert await redis.ping(), "a client that was given is left open"


async def test_without_redis_nothing_is_taken_and_with_it_everything_again(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    store = RedisStore(server.url)
    receiver = WebhookReceiver(SECRET, store=store)
    body = delivery()
    headers = signed(body)
    server.stop()
    assert await receiver.answer(body, headers) == 503
    with pytest.raises(ReplayStoreFailed):
        await store.remove("key")
    assert "the Redis store of deliveries can't be used: ConnectionError" in caplog.text
    server.start()
    assert await receiver.answer(body, headers) == 204
    await store.aclose()


def test_an_address_that_is_none_is_refused_without_its_password() -> None:
    with pytest.raises(InvalidArgument, match="not a Redis address") as refused:
        RedisStore("http://:secret@localhost")
    assert "secret" not in str(refused.value)
