"""A store of deliveries for receivers on several machines. Needs the extra `redis`."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from aiotwenty.errors import InvalidArgument
from aiotwenty.webhooks.errors import ReplayStoreFailed
from aiotwenty.webhooks.store import BUSY_SECONDS


class RedisStore:
    """Remembers deliveries in Redis: `RedisStore("redis://localhost:6379/0")`, or a client, which is not closed."""

    def __init__(self, redis: str | Redis, *, prefix: str = "aiotwenty:webhook:") -> None:
        self._owned = isinstance(redis, str)
        self._prefix = prefix
        try:
            self._redis: Redis = (
                Redis.from_url(redis, socket_timeout=BUSY_SECONDS, socket_connect_timeout=BUSY_SECONDS)
                if isinstance(redis, str)
                else redis
            )
        except ValueError:
            self._owned = False
        else:
            return
        # Raised here, because the address may have a password.
        raise InvalidArgument("this is not a Redis address such as redis://localhost:6379/0.")

    async def add(self, key: str, expires: float) -> bool:
        try:
            return bool(await self._redis.set(self._prefix + key, b"", nx=True, pxat=int(expires * 1000)))
        except (RedisError, OSError) as error:
            failed = type(error).__name__
        raise ReplayStoreFailed(f"the Redis store of deliveries can't be used: {failed}.")

    async def remove(self, key: str) -> None:
        try:
            await self._redis.delete(self._prefix + key)
        except (RedisError, OSError) as error:
            failed = type(error).__name__
        else:
            return
        raise ReplayStoreFailed(f"the Redis store of deliveries can't be used: {failed}.")

    async def aclose(self) -> None:
        if self._owned:
            await self._redis.aclose()
