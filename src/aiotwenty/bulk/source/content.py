"""The bytes of a file that is read several times. A difference between two readings is an error."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING

from aiotwenty.bulk.source.base import InputError, SourceChanged
from aiotwenty.errors import TwentyError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 256 * 1024
"""The bytes that are read and compared at once."""
Unpack = Callable[[IO[bytes]], IO[bytes]]
"""Decompresses the bytes of a compressed file or an archive."""


class FileContent:
    """The content of a file, decompressed if necessary.

    The checksum of every block is stored when it is first read, and compared whenever it is read again, so that exactly
    the checked bytes are loaded. Raises `SourceChanged` at the first different block, before it is used, and
    `InputError` for other errors of reading.
    """

    def __init__(self, path: Path, unpack: Unpack | None = None) -> None:
        self.path = path
        self.unpack = unpack
        self._seen: dict[int, int] = {}
        """The checksum of each block, including those beyond the end."""
        self._whole = hashlib.blake2b(digest_size=16)
        self._hashed = 0
        """The number of blocks in the digest, which takes them in order."""
        self._complete = False
        self._state: tuple[int, ...] | None = None
        self._lock = Lock()

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """The decompressed content, from the beginning."""
        with self.raw() as file:
            if self.unpack is None:
                yield file
                return
            with self.unpack(file) as inside:
                yield inside

    @contextmanager
    def raw(self) -> Iterator[IO[bytes]]:
        """The file's bytes, from the beginning."""
        with reading(self.path), self.path.open("rb", buffering=0) as file:
            if self._state is None:
                self._state = _state(os.fstat(file.fileno()))
            with io.BufferedReader(_Blocks(self, file), BLOCK) as blocks:
                yield blocks

    def first(self, length: int) -> bytes:
        """The first bytes of the content."""
        with self.opened() as file:
            return file.read(length)

    def fingerprint(self) -> str:
        """The BLAKE2b digest of the whole file, in the state in which its blocks were first read."""
        if not self._complete:
            with self.raw() as file:
                while not self._complete:
                    file.seek(self._hashed * BLOCK)
                    file.read(1)
        return self._whole.hexdigest()

    def confirm(self) -> None:
        """Raises `SourceChanged` if the file has changed; a deleted one was read completely."""
        with suppress(FileNotFoundError):
            state = _state(self.path.stat())
            if state == self._state:
                return
            with self.raw() as file:
                while file.read(BLOCK):
                    pass
            self._state = state

    def block(self, file: io.FileIO, number: int) -> bytes:
        """One block of the file, checked for changes."""
        file.seek(number * BLOCK)
        data = file.read(BLOCK)
        while len(data) < BLOCK and (more := file.read(BLOCK - len(data))):
            data += more
        # Python's hash: 64 bits with a key of this process, at several GB/s. It protects against accidents.
        checksum = hash(data)
        with self._lock:
            if self._seen.setdefault(number, checksum) != checksum:
                raise SourceChanged(
                    f"{self.path}: was changed since it was read first, at or behind byte {number * BLOCK + 1:,}"
                )
            if number == self._hashed and not self._complete:
                self._whole.update(data)
                self._hashed += 1
                self._complete = len(data) < BLOCK
        return data


class _Blocks(io.RawIOBase):
    """Reads a file by whole blocks."""

    def __init__(self, content: FileContent, file: io.FileIO) -> None:
        self._content = content
        self._file = file
        self._at = 0
        self._number = -1
        self._block = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        if start is None:
            start = os.fstat(self._file.fileno()).st_size
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        number, start = divmod(self._at, BLOCK)
        if number != self._number:
            self._block, self._number = self._content.block(self._file, number), number
        view = memoryview(buffer).cast("B")
        data = self._block[start : start + len(view)]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Converts errors of a library that reads the file to an `InputError` with its name."""
    try:
        yield
    except TwentyError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except Exception as error:
        told = str(error) or type(error).__name__
        raise InputError(f"{path}: cannot be read, or is damaged or broken off ({told})") from error


def _state(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
