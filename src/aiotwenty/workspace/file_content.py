"""The content of an upload, read in pieces; for each attempt again if the source allows that."""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from aiotwenty.errors import InvalidArgument, TwentyError

Source: TypeAlias = bytes | bytearray | memoryview | BinaryIO | os.PathLike[str] | AsyncIterable[bytes]
"""Bytes, an open binary file, a path, or a stream."""
Progress: TypeAlias = Callable[[int, int | None], object]
"""Called with the number of bytes done and the total, which is None if unknown."""

PIECE = 256 * 1024
"""The bytes read and sent at a time."""


class Content:
    """The content of one upload."""

    def __init__(
        self,
        open_: Callable[[], AsyncIterator[bytes]],
        size: int,
        *,
        again: bool,
        progress: Progress | None = None,
    ) -> None:
        """`open_` returns the pieces from the start; `again` says whether it can be called more than once."""
        self.size = size
        self.again = again
        self.failure: TwentyError | None = None
        """The error in the content that made sending fail."""
        self._open = open_
        self._progress = progress

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content in pieces. Sets and raises `failure` if reading fails or the size is wrong."""
        sent = 0
        self._tell(0)
        try:
            async for piece in _explained(self._open()):
                sent += len(piece)
                if sent > self.size:
                    break
                yield piece
                # The consumer asks for the next piece when this one is sent.
                self._tell(sent)
        except InvalidArgument as error:
            self.failure = error
        else:
            if sent != self.size:
                more = "more than" if sent > self.size else f"{sent:,} of"
                self.failure = InvalidArgument(
                    f"the content has {more} the {self.size:,} bytes announced: it changed while it was sent, or "
                    "`size` is wrong."
                )
        if self.failure is not None:
            raise self.failure

    def before_another(self, error: TwentyError) -> None:
        """Raises the error of a failed attempt if the content can't be read again."""
        if self.failure is not None:
            raise self.failure
        if not self.again:
            error.add_note("The content can't be read again for a retry: pass a path, bytes, or a seekable file.")
            raise error

    def _tell(self, done: int) -> None:
        if self._progress is not None:
            self._progress(done, self.size)


class ContentPart(aiohttp.Payload):
    """The content as a part of a multipart body of known length."""

    def __init__(self, content: Content, content_type: str) -> None:
        super().__init__(content, content_type=content_type)
        self._content = content

    @property
    def size(self) -> int | None:
        """The size in bytes."""
        return self._content.size

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Sends the content."""
        async for piece in self._content.pieces():
            await writer.write(piece)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Raises an error, because the content is binary."""
        raise TypeError("the content of a file can't be a string")


@asynccontextmanager
async def content_of(
    source: Source, *, size: int | None = None, max_size: int, progress: Progress | None = None
) -> AsyncIterator[Content]:
    """The content of a source, for the time of the context.

    A stream without a `size`, which the server requires first, is stored in a temporary file. Raises `InvalidArgument`
    if the source can't be read, or has more than `max_size` bytes.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        view = memoryview(source).cast("B")
        yield Content(lambda: _of_bytes(view), _checked(len(view), max_size), again=True, progress=progress)
    elif isinstance(source, os.PathLike):
        turns = threading.Lock()
        file, length = await _opened_elsewhere(Path(source))
        try:
            yield Content(lambda: _of_place(file, 0, turns), _checked(length, max_size), again=True, progress=progress)
        finally:
            await asyncio.to_thread(file.close)
    elif isinstance(source, AsyncIterable):
        async with _streamed(source, size, max_size, progress) as content:
            yield content
    elif hasattr(source, "read"):
        async with _of_file(source, size, max_size, progress) as content:
            yield content
    else:
        raise InvalidArgument(
            "upload() takes bytes, a pathlib.Path, an open binary file or an async stream of bytes, not "
            f"{type(source).__name__}."
        )


@asynccontextmanager
async def _of_file(
    file: BinaryIO, size: int | None, max_size: int, progress: Progress | None
) -> AsyncIterator[Content]:
    """The content from the file's position to its end. If the file is seekable, further attempts begin there again."""
    if not await asyncio.to_thread(_is_seekable, file):
        async with _streamed(_pieces(file), size, max_size, progress) as content:
            yield content
        return
    start, end = await asyncio.to_thread(_ends, file)
    turns = threading.Lock()
    yield Content(lambda: _of_place(file, start, turns), _checked(end - start, max_size), again=True, progress=progress)


@asynccontextmanager
async def _streamed(
    stream: AsyncIterable[bytes], size: int | None, max_size: int, progress: Progress | None
) -> AsyncIterator[Content]:
    if size is not None:
        yield Content(lambda: _checked_pieces(stream), _checked(size, max_size), again=False, progress=progress)
        return
    async with AsyncExitStack() as stack:
        kept: Any = await asyncio.to_thread(tempfile.TemporaryFile)
        stack.push_async_callback(asyncio.to_thread, kept.close)
        length, turns = 0, threading.Lock()
        async for piece in _explained(_checked_pieces(stream)):
            length = _checked(length + len(piece), max_size)
            try:
                await asyncio.to_thread(kept.write, piece)
            except OSError as error:
                raise InvalidArgument(
                    "a stream without `size` needs a temporary file, which can't be written: "
                    f"{error.strerror or error}."
                ) from error
        yield Content(lambda: _of_place(kept, 0, turns), length, again=True, progress=progress)


async def _explained(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces. Errors of the caller's file or stream become `InvalidArgument`."""
    try:
        async for piece in pieces:
            yield piece
    except InvalidArgument:
        raise
    except Exception as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
        raise InvalidArgument(f"the content can't be read: {reason.rstrip('.')}.") from error


async def _of_bytes(view: memoryview) -> AsyncIterator[bytes]:
    for start in range(0, len(view), PIECE):
        yield bytes(view[start : start + PIECE])


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, PIECE):
        yield _checked_piece(piece)


async def _of_place(file: BinaryIO, start: int, turns: threading.Lock) -> AsyncIterator[bytes]:
    """The pieces from a position in the file. A new attempt may begin while a read of the last one is still running."""

    def read(place: int) -> bytes:
        with turns:
            file.seek(place)
            return file.read(PIECE)

    while piece := await asyncio.to_thread(read, start):
        yield _checked_piece(piece)
        start += len(piece)


def _checked_piece(piece: object) -> bytes:
    if not isinstance(piece, bytes):
        raise InvalidArgument("the file is open as text: open it in binary mode.")
    return piece


async def _checked_pieces(stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for piece in stream:
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise InvalidArgument(f"the stream gives {type(piece).__name__}, not bytes.")
        yield bytes(piece)


def _checked(size: int, most: int) -> int:
    if size > most:
        raise InvalidArgument(f"the file has {size:,} bytes or more; the maximum is {most:,}.")
    return size


async def _opened_elsewhere(path: Path) -> tuple[BinaryIO, int]:
    """The open file and its size, opened in a thread; closed again if the caller was cancelled."""
    opening = asyncio.ensure_future(asyncio.to_thread(_opened, path))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(lambda done: None if done.exception() else done.result()[0].close())
        raise


def _opened(path: Path) -> tuple[BinaryIO, int]:
    """The open file and its size. Other kinds, such as pipes, are refused: opening one could block."""
    try:
        if stat.S_ISREG(path.stat().st_mode):
            file = path.open("rb")
            return file, os.fstat(file.fileno()).st_size
    except OSError as error:
        raise InvalidArgument(f"{path} can't be read: {error.strerror or error}.") from None
    raise InvalidArgument(f"{path} is no file.")


def _is_seekable(file: BinaryIO) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable()) if callable(seekable) else False


def _ends(file: BinaryIO) -> tuple[int, int]:
    start = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(start)
    return start, end
