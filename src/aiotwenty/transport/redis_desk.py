"""Exchanges between processes that share a limit: one key in Redis, and a script that changes it atomically."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic_core import from_json, to_json

from aiotwenty.errors import ConfigurationError, ConnectionFailed, InvalidArgument, TwentyError
from aiotwenty.settings import hide

if TYPE_CHECKING:
    from redis.asyncio import Redis

_SECONDS = 1.0
"""The seconds that Redis may take for a connection or a response."""
PLACES = 4
"""The ranks of waiting callers: interactive and bulk; in each, those that the server has refused go first."""
_INHERITED: list[object] = []
"""Connections inherited by a fork. They are never collected: that would close connections of the parent."""


@dataclass(slots=True)
class Report:
    """The report of a process to the others. Times are in seconds ago."""

    waiting: list[int]
    """The number of waiting callers of each rank."""
    flying: int
    """The number of running requests."""
    received: int
    """The number of turns received so far."""
    returned: int
    """The number of these that were not used."""
    passed: list[float] = field(default_factory=list)
    refused: list[dict[str, float]] = field(default_factory=list)
    known: list[tuple[int, float, bool]] = field(default_factory=list)
    """Limits, as requests and seconds, and whether it is certain that no request was sent yet."""


@dataclass(slots=True)
class Grants:
    """The turns and data for a process. Times are in seconds from now."""

    turns: list[float]
    limits: list[tuple[int, float]]
    pause: float
    """The time until it is worth asking again."""
    wait: float
    """The time until the next turn of any process."""
    interval: float
    left: int
    """The turns available without waiting."""
    total: list[int]
    """The number of waiting callers of each rank in all processes."""
    sharing: int
    """The number of processes with waiting callers."""


@cache
def _script() -> str:
    return files("aiotwenty.transport").joinpath("redis_limit.lua").read_text("utf-8")


class RedisDesk:
    """A process's connection to the others. It belongs to the event loop in which it is opened, and closes with it."""

    def __init__(self, url: str, name: str) -> None:
        self._url: str = hide(url)
        self._key = f"aiotwenty:limit:{name}"
        self._id = uuid4().hex
        self._redis: Redis | None = None
        self._guard: AsyncGenerator[None] | None = None
        self._pid = os.getpid()
        self.address = _shown(url)
        """The address of Redis, without user name and password."""

    def check(self) -> None:
        """Raises `ConfigurationError` if redis is not installed, and `InvalidArgument` for an invalid address."""
        self._client()

    @property
    def is_inherited(self) -> bool:
        """Whether it was inherited by a fork, and belongs to the parent."""
        return self._pid != os.getpid()

    def leave(self) -> None:
        """Forgets the connection without closing it, because it belongs to another process or to a closed loop."""
        _INHERITED.append((self._redis, self._guard))
        self._redis, self._guard = None, None
        self._id, self._pid = uuid4().hex, os.getpid()

    async def exchange(self, report: Report) -> Grants:
        """Sends the report, and returns turns. Raises `ConnectionFailed` and `ConfigurationError`."""
        from redis import exceptions

        script = (await self._open()).register_script(_script())
        request = to_json(
            {
                "id": self._id,
                "waiting": report.waiting,
                "flying": report.flying,
                "received": report.received,
                "returned": report.returned,
                "passed": [1000 * ago for ago in report.passed],
                "refused": report.refused,
                "known": [[limit, 1000 * per, int(fresh)] for limit, per, fresh in report.known],
            }
        )
        failure: TwentyError
        try:
            try:
                return _grants(from_json(await script(keys=[self._key], args=[request])))
            except exceptions.ConnectionError as error:
                if isinstance(error, exceptions.AuthenticationError):
                    raise
            # A broken connection is opened again; a report that arrives twice counts once.
            return _grants(from_json(await script(keys=[self._key], args=[request])))
        except (exceptions.AuthenticationError, exceptions.ResponseError) as error:
            failure = ConfigurationError(
                f"the Redis of the rate limit, {self.address}, refuses: {_redis_message(error)}."
            )
        except (exceptions.RedisError, OSError) as error:
            failure = ConnectionFailed(
                f"the Redis of the rate limit, {self.address}, cannot be reached ({type(error).__name__}): the "
                "request was not sent. Start it, or check its address.",
                sent=False,
            )
        # Raised here, because the error of redis may show the address with its password.
        raise failure

    async def _open(self) -> Redis:
        if self._redis is None:
            self._redis = self._client()
            self._guard = _close_with_loop(self._redis)
            await anext(self._guard)
        return self._redis

    def _client(self) -> Redis:
        try:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError:
            raise ConfigurationError("a limit in Redis needs redis: pip install 'aiotwenty[redis]'.") from None
        with contextlib.suppress(ValueError):
            client: Redis = Redis.from_url(
                self._url,
                socket_timeout=_SECONDS,
                socket_connect_timeout=_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
            return client
        # Not the message of redis, which repeats the address.
        raise InvalidArgument("this is not a Redis address such as redis://localhost:6379/0.")

    async def close(self) -> None:
        """Closes the connection. The next use opens it again."""
        guard, self._redis, self._guard = self._guard, None, None
        if guard is not None:
            await guard.aclose()


async def _close_with_loop(redis: Redis) -> AsyncGenerator[None]:
    """Closes the connection when the generator is closed, or when its event loop shuts down."""
    try:
        yield
    finally:
        await redis.aclose()


def _grants(answer: dict[str, Any]) -> Grants:
    return Grants(
        [delay / 1000 for delay in answer.get("grants") or ()],
        [(int(limit), per / 1000) for limit, per in answer.get("limits") or ()],
        answer["pause"] / 1000,
        answer["wait"] / 1000,
        answer["interval"] / 1000,
        int(answer["left"]),
        [int(count) for count in answer["total"]],
        int(answer["sharing"]),
    )


def _redis_message(error: Exception) -> str:
    """The message of Redis, without the password."""
    return str(error).rstrip(".")[:200]


def _shown(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or parts.path}{f':{parts.port}' if parts.port else ''}"
    except (ValueError, AttributeError):
        return "what was given"
