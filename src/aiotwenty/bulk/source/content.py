"""The bytes of a file, which is read several times: they are the same each time, or that is an error."""

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
"""Bytes that are read, and compared, at once."""
Unpack = Callable[[IO[bytes]], IO[bytes]]
"""Unpacks the bytes of a compressed file or an archive."""


class FileContent:
    """What a file holds, packed or not.

    Every block that is read for the first time is remembered by a checksum, and compared with it whenever it is read
    again: what is loaded is what was checked, to the byte. Raises `SourceChanged` at the first block that differs,
    before anything of it is given out, and `InputError` for whatever else happens while the file is read.
    """

    def __init__(self, path: Path, unpack: Unpack | None = None) -> None:
        self.path = path
        self.unpack = unpack
        self._seen: dict[int, int] = {}
        """The checksum of each block, of those beyond the end, too."""
        self._whole = hashlib.blake2b(digest_size=16)
        self._hashed = 0
        """How many blocks are in it; they are hashed in their order."""
        self._complete = False
        self._state: tuple[int, ...] | None = None
        self._lock = Lock()

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """The unpacked content, from its beginning."""
        with self.raw() as file:
            if self.unpack is None:
                yield file
                return
            with self.unpack(file) as inside:
                yield inside

    @contextmanager
    def raw(self) -> Iterator[IO[bytes]]:
        """The file as it is, from its beginning."""
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
        """The BLAKE2b digest of the whole file, as it was when its blocks were read first."""
        if not self._complete:
            with self.raw() as file:
                while not self._complete:
                    file.seek(self._hashed * BLOCK)
                    file.read(1)
        return self._whole.hexdigest()

    def confirm(self) -> None:
        """Raises `SourceChanged` if the file holds something else by now; one that is gone was read to its end."""
        with suppress(FileNotFoundError):
            state = _state(self.path.stat())
            if state == self._state:
                return
            with self.raw() as file:
                while file.read(BLOCK):
                    pass
            self._state = state

    def block(self, file: io.FileIO, number: int) -> bytes:
        """One block of the file, checked to be unchanged."""
        file.seek(number * BLOCK)
        data = file.read(BLOCK)
        while len(data) < BLOCK and (more := file.read(BLOCK - len(data))):
            data += more
        # Python's own: 64 bits under a key of this process, at several GB/s. It protects from accidents.
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
    """A file that is read by whole blocks, whatever is asked for."""

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
    """Whatever a library raises while it reads the file becomes an `InputError` that names it."""
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
