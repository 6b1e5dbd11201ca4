"""Downloads to disk: the file is complete or absent, and the download resumes if the server supports it."""

from __future__ import annotations

import asyncio
import contextlib
import glob
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiotwenty.disk import put_in_place
from aiotwenty.errors import ConfigurationError, UnexpectedResponse
from aiotwenty.workspace.file_content import Progress

_BUFFER = 1_000_000
"""The bytes written to disk at a time."""
_ABANDONED = 3600.0
"""Seconds without a write after which no download is at work on a temporary file: its process was killed."""
_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class DownloadedFile:
    """A file on disk."""

    path: Path
    size: int
    """The size in bytes."""
    sha256: str
    """The SHA-256 of the content in hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """The SHA-256 and size of a file's content."""

    sha256: str
    """The SHA-256 in hexadecimal digits."""
    size: int
    """The size in bytes."""


class Digest:
    """Receives the body of one or several attempts and keeps only its hash."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._size = 0

    @staticmethod
    def headers() -> dict[str, str]:
        """The headers of each attempt."""
        return {"Accept": "*/*", "Accept-Encoding": "identity"}

    async def receive(self, status: int, headers: Mapping[str, str], pieces: AsyncIterator[bytes]) -> bytes:
        """Receives the body of an attempt from the beginning."""
        self._hash, self._size = hashlib.sha256(), 0
        async for piece in pieces:
            self._hash.update(piece)
            self._size += len(piece)
        length = headers.get("Content-Length", "")
        if length.isdigit() and int(length) != self._size:
            raise UnexpectedResponse(f"the file has {self._size:,} bytes, and should have {length}.", status=status)
        return b""

    def finish(self) -> FileDigest:
        """The digest of the body."""
        return FileDigest(self._hash.hexdigest(), self._size)


class Download:
    """Receives the body of one or several attempts into a private file beside the target."""

    def __init__(self, target: Path, max_size: int | None, progress: Progress | None) -> None:
        self._target = target
        self._max_size = max_size
        self._progress = progress
        self._hash = hashlib.sha256()
        self._mark = ""
        """The ETag or Last-Modified, which shows whether the server resumes the same content."""
        self._size: int | None = None
        self.done = 0
        prefix = f".{target.name[:80]}."
        try:
            _remove_abandoned(target.parent, prefix)
            handle, name = tempfile.mkstemp(prefix=prefix, suffix=_SUFFIX, dir=target.parent)
        except OSError as error:
            raise self._unwritable(error) from None
        self._file = os.fdopen(handle, "wb")
        self._part = Path(name)

    def headers(self) -> dict[str, str]:
        """The headers of the next attempt. A compressed response could not be resumed."""
        more = {"Range": f"bytes={self.done}-", "If-Range": self._mark} if self.done and self._mark else {}
        return {"Accept": "*/*", "Accept-Encoding": "identity", **more}

    async def receive(self, status: int, headers: Mapping[str, str], pieces: AsyncIterator[bytes]) -> bytes:
        """Receives the body of an attempt. If it breaks off, the received part is kept."""
        if headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            raise UnexpectedResponse("the file came compressed, which was not requested.", status=status)
        if status == 206:
            self._go_on(headers)
        else:
            await self._start_again(headers)
        buffer = bytearray()
        try:
            async for piece in pieces:
                buffer += piece
                if self._max_size is not None and self.done + len(buffer) > self._max_size:
                    raise ConfigurationError(f"the file has more than {self._max_size:,} bytes, the maximum.")
                if len(buffer) >= _BUFFER:
                    await self._write(buffer)
        finally:
            await self._write(buffer)
        return b""

    async def finish(self, size: int | None, sha256: str | None) -> DownloadedFile:
        """Puts the file in its place. Raises `UnexpectedResponse` if its size or SHA-256 is wrong."""
        expected = self._size if size is None else size
        digest = self._hash.hexdigest()
        if expected is not None and self.done != expected:
            raise UnexpectedResponse(f"the file has {self.done:,} bytes, and should have {expected:,}.", status=200)
        if sha256 is not None and sha256.lower() != digest:
            raise UnexpectedResponse("the content of the file doesn't match its SHA-256.", status=200)
        try:
            await asyncio.to_thread(self._put)
        except OSError as error:
            raise self._unwritable(error) from None
        return DownloadedFile(self._target, self.done, digest)

    def discard(self) -> None:
        """Removes the temporary file, if it is still there."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _go_on(self, headers: Mapping[str, str]) -> None:
        unit, _, of = headers.get("Content-Range", "").partition(" ")
        start, _, total = of.partition("/")
        if unit != "bytes" or start.partition("-")[0] != str(self.done) or not self._mark:
            raise UnexpectedResponse("the server sent another part of the file than requested.", status=206)
        self._size = int(total) if total.isdigit() else None

    async def _start_again(self, headers: Mapping[str, str]) -> None:
        if self.done:
            await asyncio.to_thread(self._empty)
            self.done, self._hash = 0, hashlib.sha256()
        length = headers.get("Content-Length", "")
        self._size = int(length) if length.isdigit() else None
        if self._max_size is not None and (self._size or 0) > self._max_size:
            raise ConfigurationError(f"the file has {self._size:,} bytes; the maximum is {self._max_size:,}.")
        etag = headers.get("ETag", "")
        ranges = headers.get("Accept-Ranges", "").lower() == "bytes"
        self._mark = (etag if etag.startswith('"') else headers.get("Last-Modified", "")) if ranges else ""

    def _empty(self) -> None:
        self._file.seek(0)
        self._file.truncate()

    async def _write(self, buffer: bytearray) -> None:
        if not buffer:
            return
        piece = bytes(buffer)
        buffer.clear()
        try:
            await asyncio.to_thread(self._append, piece)
        except OSError as error:
            raise self._unwritable(error) from None
        self.done += len(piece)
        if self._progress is not None:
            self._progress(self.done, self._size)

    def _append(self, piece: bytes) -> None:
        self._hash.update(piece)
        self._file.write(piece)

    def _put(self) -> None:
        self._file.close()
        put_in_place(self._part, self._target)

    def _unwritable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"{self._target} can't be written: {error.strerror or error}.")


def _remove_abandoned(folder: Path, prefix: str) -> None:
    """Removes the temporary files that killed downloads of the same target have left."""
    for part in folder.glob(f"{glob.escape(prefix)}*{_SUFFIX}"):
        # Another download may remove it as well.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()
