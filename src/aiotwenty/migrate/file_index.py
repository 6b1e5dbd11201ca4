"""The files of an exported workspace: the contents, named by their SHA-256, and an index."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from aiotwenty.bulk.output import writing
from aiotwenty.bulk.source import JsonLinesSource, Row
from aiotwenty.disk import make_private, put_in_place

ATTACHMENTS = "attachments"
FILES = "files"
"""The folder of the contents and the index, inside of the export."""


class FileEntry(NamedTuple):
    """A file of a record."""

    object: str
    """The plural name: attachments."""
    record: str
    field: str
    file: str
    """The file's id on the exported server."""
    label: str


class Stored(NamedTuple):
    """The content of a file on disk."""

    sha256: str
    size: int


@dataclass
class FileFolder:
    """`files/` of an export: `index.jsonl`, and each content once, at `ab/abcdef…`."""

    root: Path

    @classmethod
    def of(cls, folder: Path) -> FileFolder:
        return cls(folder / FILES)

    def __post_init__(self) -> None:
        self.index = self.root / "index.jsonl"
        self._new_index = self.root / "index.jsonl.new"
        self._stored: dict[bytes, bytes] = {}

    @property
    def exists(self) -> bool:
        """Whether files were exported at all."""
        return self.index.exists()

    def read(self) -> None:
        """Learns what is stored: of a finished export, and of one that was killed."""
        for path in (self.index, self._new_index):
            for entry in _lines(path):
                if digest := entry.get("sha256"):
                    self._stored[_key(entry["file"])] = bytes.fromhex(digest) + int(entry["size"]).to_bytes(8, "big")

    def stored(self, file: str) -> Stored | None:
        """The content of a file by its id, as the index has it."""
        packed = self._stored.get(_key(file))
        return Stored(packed[:32].hex(), int.from_bytes(packed[32:], "big")) if packed is not None else None

    def path(self, sha256: str) -> Path:
        """Where a content is."""
        return self.root / sha256[:2] / sha256

    def has(self, file: str) -> bool:
        """Whether the content is there, as long as it should be."""
        stored = self.stored(file)
        if stored is None:
            return False
        path = self.path(stored.sha256)
        return path.is_file() and path.stat().st_size == stored.size

    def problem(self, file: str) -> str | None:
        """The reason why the content of a file can't be used: it is missing, or differs from the exported one."""
        stored = self.stored(file)
        if stored is None:
            return "its content was not exported"
        try:
            with self.path(stored.sha256).open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
        except OSError as error:
            return f"its content can't be read ({error.strerror or error})"
        return None if digest == stored.sha256 else "its content differs from the exported hash"

    def begin(self) -> None:
        """Begins a new index. Contents that an earlier export stored stay known."""
        with writing(self.index):
            self.root.mkdir(parents=True, exist_ok=True)
            for left in self.root.glob("*.part"):
                left.unlink()  # left by an export that was killed during a download
            self.read()
            make_private(self._new_index)
            with self._new_index.open("ab") as index:
                for key, packed in self._stored.items():
                    known = {"file": str(UUID(bytes=key)), "sha256": packed[:32].hex()}
                    index.write(to_json({**known, "size": int.from_bytes(packed[32:], "big")}) + b"\n")
            self._written = self.root / "index.jsonl.part"
            make_private(self._written)

    def add(self, entry: FileEntry, stored: Stored | None, problem: str | None = None) -> None:
        """Adds to the index a file that is stored, or the reason why it isn't."""
        line: dict[str, Any] = entry._asdict()
        if stored is not None:
            self._stored[_key(entry.file)] = bytes.fromhex(stored.sha256) + stored.size.to_bytes(8, "big")
            line |= stored._asdict()
        else:
            line["problem"] = problem
        text = to_json(line) + b"\n"
        with writing(self.index):
            for path in (self._new_index, self._written):
                with path.open("ab") as index:
                    index.write(text)

    def finish(self) -> None:
        """Puts the new index in place, and removes contents that it doesn't refer to."""
        used = {entry["sha256"] for entry in _lines(self._written) if entry.get("sha256")}
        with writing(self.index):
            put_in_place(self._written, self.index)
            self._new_index.unlink(missing_ok=True)
            for path in self.root.glob("??/*"):
                if path.name not in used:
                    path.unlink()
            for path in self.root.glob("??"):
                with suppress(OSError):
                    path.rmdir()

    def problems(self) -> Iterator[Mapping[str, Any]]:
        """The files whose content could not be exported, from the index."""
        return (entry for entry in _lines(self.index) if entry.get("problem"))


def file_entries(path: Path, plural: str, fields: Collection[str]) -> Iterator[FileEntry]:
    """The files of the records of an exported object."""
    for row in JsonLinesSource(path).read():
        yield from entries_of(row, plural, fields)


def entries_of(row: Row, plural: str, fields: Collection[str]) -> Iterator[FileEntry]:
    """The files of one record."""
    for field in sorted(fields):
        for file in row.values.get(field) or ():
            yield FileEntry(plural, str(row.values.get("id")), field, str(file["fileId"]), str(file.get("label") or ""))


def kept_by_path(values: Mapping[str, Any]) -> bool:
    """Whether a record is an attachment of a server of 2025, with a path in place of a field of files."""
    return bool(values.get("fullPath")) and not values.get("file")


def entries_by_path(path: Path, plural: str) -> Iterator[FileEntry]:
    """The files of an exported object that are kept by path. Their contents are not exported."""
    for row in JsonLinesSource(path).read():
        if kept_by_path(row.values):
            yield FileEntry(plural, str(row.values.get("id")), "fullPath", "", str(row.values.get("name") or ""))


def _key(file: str) -> bytes:
    try:
        return UUID(file).bytes
    except ValueError:
        return file.encode()


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    """The lines of an index. The last line may be torn, if its process died while writing."""
    try:
        with path.open("rb") as index:
            for line in index:
                try:
                    entry = from_json(line)
                except ValueError:
                    continue
                if isinstance(entry, dict) and isinstance(entry.get("file"), str):
                    yield entry
    except FileNotFoundError:
        return
