"""Compressed files and archives: gzip, bzip2, xz, zip and zst."""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from aiotwenty.bulk.source.base import InputError
from aiotwenty.bulk.source.content import BLOCK, FileContent, Unpack

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PACKED = (".gz", ".bz2", ".xz", ".zip", ".zst")
_MARKS = {
    b"\x1f\x8b": ".gz",
    **{b"BZh%d%b" % (level, mark): ".bz2" for level in range(1, 10) for mark in (b"1AY&SY", b"\x17rE8P\x90")},
    b"\xfd7zXZ\x00": ".xz",
    b"PK\x03\x04": ".zip",
    b"\x28\xb5\x2f\xfd": ".zst",
}
_STEP = 4096
"""Compressed bytes that are decompressed at once: the most compressed known ones become 130 MB."""


def packing_of(path: Path) -> str:
    """The compression of a file by its ending, or `""`."""
    ending = path.suffix.lower()
    return ending if ending in PACKED else ""


def packing_by_content(start: bytes) -> str:
    """The compression of a file by its first bytes, or `""`."""
    return next((ending for mark, ending in _MARKS.items() if start.startswith(mark)), "")


def unpacking(content: FileContent, packing: str) -> tuple[Unpack | None, str]:
    """A reader of the decompressed bytes, and the name of the file inside.

    Raises `InputError` for an archive with no or several files, and for a missing library.
    """
    path = content.path
    inside = path.name.removesuffix(path.suffix) if packing_of(path) else path.name
    match packing:
        case ".gz":
            return _streamed(lambda: zlib.decompressobj(wbits=31)), inside
        case ".bz2":
            return _streamed(bz2.BZ2Decompressor), inside
        case ".xz":
            return _streamed(lzma.LZMADecompressor), inside
        case ".zst":
            zstandard = needed("zstandard", "zstd", f"{path.name} is packed with Zstandard")
            return _streamed(lambda: zstandard.ZstdDecompressor().decompressobj()), inside
        case ".zip":
            member = _member(content)
            return lambda file: zipfile.ZipFile(file).open(member), member.rpartition("/")[2]
    return None, path.name


def _member(content: FileContent) -> str:
    with content.raw() as file, zipfile.ZipFile(file) as archive:
        names = [
            name
            for name in archive.namelist()
            if not name.endswith("/") and not name.startswith("__MACOSX/") and not Path(name).name.startswith(".")
        ]
        encrypted = any(member.flag_bits & 1 for member in archive.infolist())
    if len(names) != 1:
        held = ", ".join(names[:10]) or "nothing"
        raise InputError(
            f"{content.path}: an archive is read if it holds one file; this one holds {held}. Unpack it first"
        )
    if encrypted:
        raise InputError(f"{content.path}: is locked with a password; unpack it first")
    return names[0]


class _Decompressor(Protocol):
    """The interface that the modules of the standard library and zstandard share."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, /) -> bytes: ...


def _streamed(begin: Callable[[], Any]) -> Unpack:
    return lambda file: cast(IO[bytes], io.BufferedReader(_Unpacked(file, begin), BLOCK))


class _Unpacked(io.RawIOBase):
    """Compressed streams one after the other, as programs append them, each checked to its end.

    The standard library's modules accept some files that are truncated, or damaged between two streams.
    """

    def __init__(self, file: IO[bytes], begin: Callable[[], _Decompressor]) -> None:
        self._file = file
        self._begin = begin
        self._stream: _Decompressor | None = begin()
        self._packed = b""
        self._ready = b""
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while self._given >= len(self._ready):
            packed = self._packed or self._file.read(_STEP)
            if not packed:
                if self._stream is not None:
                    raise EOFError("it ends too early")
                return 0
            self._packed = b""
            if self._stream is None:
                packed = packed.lstrip(b"\0")
                if not packed:
                    continue
                self._stream = self._begin()
            self._ready, self._given = self._stream.decompress(packed), 0
            if self._stream.eof:
                self._packed, self._stream = self._stream.unused_data, None
        view = memoryview(buffer).cast("B")
        data = self._ready[self._given : self._given + len(view)]
        view[: len(data)] = data
        self._given += len(data)
        return len(data)


def needed(module: str, extra: str, why: str) -> Any:
    """An optional library. Raises `InputError` that names the extra to install."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise InputError(f"{why}: that needs {module}, pip install 'aiotwenty[{extra}]'") from None
