"""Copies of sources that can be read only once: standard input, pipes, sockets and addresses."""

from __future__ import annotations

import shutil
import socket
import stat
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from aiotwenty.bulk.source.base import InputError
from aiotwenty.bulk.source.content import FileContent, reading
from aiotwenty.bulk.source.packing import needed

_BLOCK = 1024 * 1024


def is_stream(path: Path) -> bool:
    """Whether the path is neither a file nor a folder: a pipe, a socket, a terminal."""
    return path.exists() and not path.is_file() and not path.is_dir()


def received(address: str) -> Path:
    """A copy of standard input (`-`), of a pipe or socket, or of an address (`s3://…`).

    The copy is in the folder for temporary files while this process runs; only this user can read it.
    """
    with reading(Path(address)):
        if address == "-":
            if sys.stdin is None or sys.stdin.closed:
                raise InputError("-: there is no standard input")
            return _spooled(sys.stdin.buffer, "standard input")
        if "://" in address:
            return _fetched(address)
        with _stream(Path(address)) as stream:
            return _spooled(stream, Path(address).name)


@contextmanager
def _stream(path: Path) -> Iterator[IO[bytes]]:
    if not stat.S_ISSOCK(path.stat().st_mode):
        with path.open("rb") as pipe:
            yield pipe
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(path))
        with connection.makefile("rb") as stream:
            yield stream


def _fetched(address: str) -> Path:
    fsspec = needed("fsspec", "fsspec", f"{address} is an address")
    try:
        with fsspec.open(address, "rb") as remote:
            return _spooled(remote, address.partition("?")[0].rpartition("/")[2] or "rows")
    except InputError:
        raise
    except ImportError as error:
        raise InputError(f"{address}: {error}") from None
    except Exception as error:
        raise InputError(f"{address}: cannot be read ({type(error).__name__}: {error})") from error


def unpacked(content: FileContent, name: str) -> Path:
    """A copy of the content, for formats that are not read from beginning to end."""
    with content.opened() as inside:
        return _spooled(inside, name)


def _spooled(stream: IO[bytes], name: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="aiotwenty-"))
    path = folder / name
    weakref.finalize(sys.modules[__name__], shutil.rmtree, folder, ignore_errors=True)
    with path.open("wb", buffering=0) as copy:
        while block := stream.read(_BLOCK):
            left = memoryview(block)
            try:
                while left:
                    left = left[copy.write(left) :]
            except OSError as error:
                raise InputError(
                    f"{name}: a copy of it cannot be written to {folder.parent} ({error.strerror}); "
                    "TMPDIR names another folder for it"
                ) from error
    return path
