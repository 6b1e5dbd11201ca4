"""The HTTP status for a delivery; shared by the adapters for web frameworks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from http import HTTPStatus
from typing import Protocol

from aiotwenty.webhooks.errors import ReplayStoreFailed, WebhookHandlerFailed, WebhookRejected
from aiotwenty.webhooks.signature import Body, Headers

READ_SECONDS = 10.0
"""Seconds for the arrival of a body: twice Twenty's time for a whole delivery."""

logger = logging.getLogger("aiotwenty.webhooks")


class Receiver(Protocol):
    """The methods of a receiver that adapters use."""

    max_bytes: int

    async def answer(self, body: Body, headers: Headers) -> int: ...

    async def aclose(self) -> None: ...


class BodyRefused(Exception):  # noqa: N818
    """The body was refused before its end."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def read_body(chunks: AsyncIterator[bytes], max_bytes: int, length: str | None) -> bytes:
    """The whole body, counted as it arrives. Raises `BodyRefused`."""
    if length is not None and length.isascii() and length.isdigit() and len(length) < 20 and int(length) > max_bytes:
        raise BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in chunks:
                if len(body) + len(chunk) > max_bytes:
                    raise BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                body += chunk
    except TimeoutError:
        raise BodyRefused(HTTPStatus.REQUEST_TIMEOUT) from None
    return bytes(body)


async def status_of(delivery: Awaitable[object]) -> int:
    """Awaits the handling of a delivery, and returns the HTTP status."""
    try:
        await delivery
    except WebhookRejected as error:
        logger.warning("a delivery was refused: %s", error)
        return error.answer
    except ReplayStoreFailed as error:
        logger.error("a delivery was not taken: %s", error)
        return HTTPStatus.SERVICE_UNAVAILABLE
    except WebhookHandlerFailed:
        return HTTPStatus.INTERNAL_SERVER_ERROR  # the functions' own exceptions are logged
    return HTTPStatus.NO_CONTENT
