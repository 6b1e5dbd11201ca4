"""Writes files that are flushed to disk, and get their name only when they are complete."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def put_in_place(part: Path, path: Path) -> None:
    """Gives a complete file its name. After a power failure there is either the old file or the new one, complete."""
    sync(part)
    part.replace(path)
    # Not every file system can flush a folder, and Windows can't at all.
    with suppress(OSError):
        sync(path.parent)


def make_private(path: Path) -> None:
    """Makes an empty file that only its owner can read, in place of an existing one."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner can read, from its first byte on."""
    part = path.with_name(f".{path.name}.part")
    make_private(part)
    part.write_text(text, encoding="utf-8")
    put_in_place(part, path)


def sync(path: Path) -> None:
    """Returns when the contents of the file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def made_folder(folder: str | Path) -> Path:
    """The folder, created if necessary."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
