"""Reads and decompresses the body of a response, up to a limit, without blocking the event loop."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

import aiohttp

ACCEPTED = "gzip, deflate"
"""The compressions that responses may have."""
_STEP = 1_000_000
"""Bytes decompressed at a time, in a few milliseconds; other tasks run in between."""


async def read_body(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    """The whole body; None if it has more than `most` bytes, compressed or not.

    Raises aiohttp's error for a body that is truncated or can't be decompressed.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    length = response.content_length
    if length is not None and length > most:
        return None
    if encoding in ("", "identity"):
        return await response.read() if length is not None else await _read(response, most)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise aiohttp.ClientPayloadError(f"it is compressed with {encoding[:40]}, which was not requested")
    return await _decompressed(response, most, gzip=encoding != "deflate")


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > most:
            return None
        parts.append(part)
    return b"".join(parts)


async def _decompressed(response: aiohttp.ClientResponse, most: int, *, gzip: bool) -> bytes | None:
    parts: list[bytes] = []
    size = received = 0
    stream: Any = None
    async for part in response.content.iter_any():
        received += len(part)
        while part:
            if stream is None or (stream.eof and gzip):
                stream = zlib.decompressobj(_window(part, gzip))
            try:
                plain = stream.decompress(part, _STEP)
            except zlib.error as error:
                raise aiohttp.ClientPayloadError(f"it can't be decompressed: {error}") from None
            size += len(plain)
            if max(size, received) > most:
                return None
            parts.append(plain)
            if stream.eof and not gzip:
                break
            part = stream.unused_data if stream.eof else stream.unconsumed_tail
            await asyncio.sleep(0)
    if stream is not None and not stream.eof:
        raise aiohttp.ClientPayloadError("its compressed content is incomplete")
    return b"".join(parts)


def _window(part: bytes, gzip: bool) -> int:
    """The window bits for zlib: for gzip, for standard deflate, or for raw deflate, which some servers send instead."""
    if gzip:
        return 16 + zlib.MAX_WBITS
    return zlib.MAX_WBITS if part[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS
