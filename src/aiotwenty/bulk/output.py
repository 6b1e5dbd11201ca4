"""Files that are written: for their owner's eyes, in their place whole or not at all, and on the disk by then."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aiotwenty.bulk.source import InputError
from aiotwenty.disk import make_private, put_in_place
from aiotwenty.errors import TwentyError


class FileFailed(TwentyError):  # noqa: N818 - as in aiotwenty.errors
    """A file of this machine could not be written, or read again, in the middle of the work: the disk is full, …

    It was an export, rejects or a journal. The message says what to do.
    """


def part_of(path: Path) -> Path:
    """Where a file is written until it is complete."""
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
    """What the system says about a file that can't be written becomes an error of ours."""
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
    """Raises `InputError` if two of these, that are there for different things, are one file, whatever its name."""
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
