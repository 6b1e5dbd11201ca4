"""Server-sent events, as far as GraphQL over SSE uses them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

from aiotwenty.errors import UnexpectedResponse

CONTENT_TYPE = "text/event-stream"


class Frame(NamedTuple):
    """An event; or a comment, a sign of life without name and data."""

    event: str
    data: str


HEARTBEAT = Frame("", "")


class FrameReader:
    """Makes frames of the pieces of a stream."""

    def __init__(self, most: int) -> None:
        """A frame of more than `most` bytes is an `UnexpectedResponse`."""
        self._most = most
        self._rest = b""
        self._event = "message"
        self._data: list[str] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """The frames completed by this piece."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self._check(len(self._rest))
        for line in lines:
            frame = self._line(line.removesuffix(b"\r"))
            if frame is not None:
                yield frame

    def _line(self, line: bytes) -> Frame | None:
        if not line:
            if not self._data and self._event == "message":
                return None
            frame = Frame(self._event, "\n".join(self._data))
            self._event, self._data, self._size = "message", [], 0
            return frame
        if line.startswith(b":"):
            return HEARTBEAT
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._size += len(line)
            self._check(self._size)
            self._data.append(value)
        return None

    def _check(self, size: int) -> None:
        if size > self._most:
            raise UnexpectedResponse(f"an event has more than {self._most:,} bytes.", status=200)


async def frames_of(pieces: AsyncIterator[bytes], most: int) -> AsyncIterator[Frame]:
    """The frames of a stream, in order."""
    reader = FrameReader(most)
    async for piece in pieces:
        for frame in reader.feed(piece):
            yield frame
