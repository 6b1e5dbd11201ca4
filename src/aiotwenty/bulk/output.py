"""Writes files: private, complete or absent, and flushed to disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aiotwenty.bulk.source import InputError
from aiotwenty.disk import make_private, put_in_place
from aiotwenty.errors import TwentyError


class FileFailed(TwentyError):  # noqa: N818 - as in aiotwenty.errors
    """A local file could not be written, or read again, during the work: the disk is full, …

    It is an export, a file of rejects or a journal. The message says what to do.
    """


def part_of(path: Path) -> Path:
    """The path of a file until it is complete."""
    return path.with_name(path.name + ".part")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file that replaces `path` when it is complete. If writing fails, it is removed."""
    part = part_of(path)
    try:
        with writing(path):
            make_private(part)
            yield part
            put_in_place(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Converts the system's errors about the file to this library's."""
    try:
        yield
    except OSError as error:
        raise FileFailed(f"{path}: cannot be written ({error.strerror or error})") from error


def check_folder(path: Path) -> None:
    """Raises `InputError` if no file can be written there, as far as that can be known beforehand."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a file")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the folder {path.parent} cannot be written to")


def check_apart(files: Iterable[tuple[str, str | Path | None]]) -> None:
    """Raises `InputError` if two of these paths for different purposes are the same file."""
    seen: dict[object, str] = {}
    for what, path in files:
        for name in _identities(Path(path)) if path is not None else ():
            first = seen.setdefault(name, what)
            if first != what:
                raise InputError(f"{path}: is {first} and {what} at once; name another file for one of them")


def _identities(path: Path) -> list[object]:
    names: list[object] = [path.resolve()]
    with suppress(OSError):
        stat = path.stat()
        names.append((stat.st_dev, stat.st_ino))
    return names
