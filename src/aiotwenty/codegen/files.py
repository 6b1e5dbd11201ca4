"""Text files: read with a clear error, written all at once or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from aiotwenty.codegen.errors import CodegenError
from aiotwenty.disk import put_in_place

MARKER = "# Written by `aiotwenty generate`, which replaces it. Operations of your own go into files beside this one."
"""The first line of a file of operations that the generator wrote and may replace."""


def read_text(path: Path, *, advice: str = "") -> str:
    """The text of a file. `advice` says what to do if the file is missing."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CodegenError(f"cannot read {path}: {error.strerror}. {advice}".rstrip()) from error
    except UnicodeDecodeError as error:
        raise CodegenError(f"cannot read {path}: it is not UTF-8 text") from error


def make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CodegenError(f"cannot create the folder {path}: {error.strerror}") from error


def write_files(files: Mapping[Path, str]) -> list[Path]:
    """Writes the files whose content differs, and returns them. All are on disk before the first is put in place."""
    changed = {path: text for path, text in files.items() if not _holds(path, text)}
    # Fixed names: a later run overwrites the parts that a killed process leaves behind.
    staged = {path: path.with_name(f".{path.name}.part") for path in changed}
    try:
        for path, part in staged.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(changed[path], encoding="utf-8", newline="\n")
            part.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        for path, part in staged.items():
            put_in_place(part, path)
    except OSError as error:
        raise CodegenError(f"cannot write {error.filename}: {error.strerror}") from error
    finally:
        for part in staged.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return list(changed)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()
