"""What a file is wrapped in, and where it comes from: gzip, bzip2, xz, zip and zst, pipes, addresses."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import sys
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from aiotwenty.bulk.source.base import InputError

Opener = Callable[[Path], IO[bytes]]
PACKED = (".gz", ".bz2", ".xz", ".zip", ".zst")
_MARKS = {
    b"\x1f\x8b": ".gz",
    b"BZh": ".bz2",
    b"\xfd7zXZ\x00": ".xz",
    b"PK\x03\x04": ".zip",
    b"\x28\xb5\x2f\xfd": ".zst",
}
UNREADABLE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile, NotImplementedError)
"""What the libraries raise for packed files that are broken off or damaged."""


def packing_of(path: Path) -> str:
    """How a file is packed, by its ending, or `""`."""
    ending = path.suffix.lower()
    return ending if ending in PACKED else ""


def packing_by_content(start: bytes) -> str:
    """How a file is packed, by its first bytes, or `""`."""
    return next((ending for mark, ending in _MARKS.items() if start.startswith(mark)), "")


def plain(path: Path) -> IO[bytes]:
    """Opens a file that is not packed."""
    return path.open("rb")


def opener(path: Path, packing: str) -> tuple[Opener, str]:
    """What opens the bytes inside, and the name of what is inside.

    Raises `InputError` for an archive that holds none or several files, and where a library is missing.
    """
    inside = path.name.removesuffix(path.suffix) if packing_of(path) else path.name
    match packing:
        case ".gz":
            return lambda path: cast(IO[bytes], gzip.open(path)), inside
        case ".bz2":
            return lambda path: bz2.open(path), inside
        case ".xz":
            return lambda path: lzma.open(path), inside
        case ".zst":
            zstandard = needed("zstandard", "zstd", f"{path.name} is packed with Zstandard")
            return lambda path: cast(IO[bytes], io.BufferedReader(zstandard.open(path, "rb"))), inside
        case ".zip":
            member = _member(path)
            return lambda path: zipfile.ZipFile(path).open(member), member.rpartition("/")[2]
    return plain, path.name


def _member(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [
                name
                for name in archive.namelist()
                if not name.endswith("/") and not name.startswith("__MACOSX/") and not Path(name).name.startswith(".")
            ]
    except zipfile.BadZipFile as error:
        raise InputError(f"{path}: is not a zip archive ({error})") from None
    if len(names) != 1:
        held = ", ".join(names[:10]) or "nothing"
        raise InputError(f"{path}: an archive is read if it holds one file; this one holds {held}. Unpack it first")
    return names[0]


def unpacked(path: Path, opened: Opener, name: str) -> Path:
    """A copy of what is inside, for formats that are not read from beginning to end."""
    with opened(path) as packed:
        return _spooled(packed, name)


def received(address: str) -> Path:
    """A copy of standard input (`-`), of a pipe, or of what lies behind an address (`s3://…`): each is read once.

    The copy lies in the folder for temporary files as long as this process runs.
    """
    if address == "-":
        return _spooled(sys.stdin.buffer, "standard input")
    if "://" not in address:
        with Path(address).open("rb") as pipe:
            return _spooled(pipe, Path(address).name)
    fsspec = needed("fsspec", "fsspec", f"{address} is an address")
    try:
        with fsspec.open(address, "rb") as remote:
            return _spooled(remote, address.partition("?")[0].rpartition("/")[2] or "rows")
    except ImportError as error:
        raise InputError(f"{address}: {error}") from None
    except Exception as error:
        raise InputError(f"{address}: cannot be read ({type(error).__name__}: {error})") from error


def _spooled(stream: IO[bytes], name: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="aiotwenty-"))
    path = folder / name
    weakref.finalize(sys.modules[__name__], shutil.rmtree, folder, ignore_errors=True)
    with path.open("wb") as copy:
        shutil.copyfileobj(stream, copy, 1024 * 1024)
    return path


def first_bytes(path: Path, opened: Opener, length: int) -> bytes:
    """The beginning of what is inside. Raises `InputError` for a file that cannot be unpacked."""
    try:
        with closing(opened(path)) as file:
            return file.read(length)
    except (*UNREADABLE, OSError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None


def needed(module: str, extra: str, why: str) -> Any:
    """An optional library. Raises `InputError` that names the extra that brings it."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise InputError(f"{why}: that needs {module}, pip install 'aiotwenty[{extra}]'") from None
