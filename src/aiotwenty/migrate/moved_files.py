"""Moves the files of records: from a workspace to the folder of an export, and from there to another workspace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL

from aiotwenty.bulk.concurrency import AdaptiveConcurrency
from aiotwenty.bulk.journal import Job, Journal
from aiotwenty.bulk.requests import BulkRequests, Meter
from aiotwenty.bulk.target import Target
from aiotwenty.client import Client
from aiotwenty.disk import put_in_place
from aiotwenty.errors import AuthenticationError, ConnectionFailed, TwentyError
from aiotwenty.migrate.file_index import FileEntry, FileFolder, Stored, file_entries
from aiotwenty.workspace.data_model import Field

_NOT_MOVED = ""
"""The mark in a journal for a file that could not be uploaded. Its record is loaded without it, and only once."""
AT_ONCE = 4
"""The number of files transferred at once."""
_RECORDS = 100
"""Records whose files' addresses are read in one request. The addresses are valid for a day."""


class FileProblem(NamedTuple):
    """A file that could not be moved, and the reason."""

    entry: FileEntry
    reason: str

    def __str__(self) -> str:
        return f"{self.entry.object} {self.entry.record}: {self.entry.label!r}: {self.reason}"


class FileAddresses:
    """The signed addresses of the files of an object's records."""

    def __init__(self, target: Target, fields: Collection[str]) -> None:
        self._requests = BulkRequests(target.endpoint, target.names, Meter(AdaptiveConcurrency(1)))
        self._paths = [f"{name}{{fileId label url}}" for name in sorted(fields)]
        self._fields = fields

    async def of(self, records: Collection[str]) -> dict[tuple[str, str, str], str]:
        """The addresses by record, field and file; without files that are gone."""
        nodes = await self._requests.find({"id": {"in": list(records)}}, self._paths, deleted_too=True)
        return {
            (node["id"], name, file["fileId"]): file["url"]
            for node in nodes
            for name in self._fields
            for file in node.get(name) or ()
        }

    async def read(self, entries: Iterable[FileEntry]) -> AsyncIterator[list[tuple[FileEntry, str | None]]]:
        """The entries with their addresses, in batches."""
        for some in _some(entries):
            known = await self.of({entry.record for entry in some})
            yield [(entry, known.get((entry.record, entry.field, entry.file))) for entry in some]


async def export_files(client: Client, target: Target, path: Path, folder: FileFolder) -> tuple[int, list[FileProblem]]:
    """Downloads the files of an object that was exported to `path`, except for contents that are in the folder.

    Returns the number of files in the folder, and the problems.
    """
    fields = {column.path for column in target.catalogue.columns(target.type_name) if column.parts}
    stored, problems = 0, list[FileProblem]()
    if not fields:
        return stored, problems
    entries = file_entries(path, target.names.plural, fields)
    async for some in FileAddresses(target, fields).read(entries):
        seen: dict[str, tuple[FileEntry, str | None]] = {entry.file: (entry, url) for entry, url in some}
        missing = [(entry, url) for entry, url in seen.values() if not folder.has(entry.file)]
        failures = dict(
            zip(
                [entry.file for entry, _ in missing],
                await _some_at_once([_downloading(client, folder, entry, url) for entry, url in missing]),
                strict=True,
            )
        )
        for entry, _ in some:
            reason = failures.get(entry.file)
            stored += reason is None
            if reason is not None:
                folder.add(entry, None, reason)
                problems.append(FileProblem(entry, reason))
            elif entry.file not in failures or entry != seen[entry.file][0]:
                folder.add(entry, folder.stored(entry.file))
    return stored, problems


def _downloading(
    client: Client, folder: FileFolder, entry: FileEntry, url: str | None
) -> Callable[[], Awaitable[str | None]]:
    async def download() -> str | None:
        if url is None:
            return "the record no longer has it"
        part = folder.root / f"{entry.file}.part"
        try:
            file = await client.files.download(url, to=part)
        except (AuthenticationError, ConnectionFailed):
            raise
        except TwentyError as error:
            return str(error)
        place = folder.path(file.sha256)
        await asyncio.to_thread(_put, part, place)
        folder.add(entry, Stored(file.sha256, file.size))
        return None

    return download


def _put(part: Path, place: Path) -> None:
    place.parent.mkdir(exist_ok=True)
    put_in_place(part, place)


def _some(entries: Iterable[FileEntry]) -> Iterator[list[FileEntry]]:
    left = iter(entries)
    while some := list(islice(left, _RECORDS)):
        yield some


async def _some_at_once(work: Sequence[Callable[[], Awaitable[str | None]]]) -> list[str | None]:
    """The results in order. The first failure ends all calls."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(do: Callable[[], Awaitable[str | None]]) -> str | None:
        async with turns:
            return await do()

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(in_turn(do)) for do in work]
    except* TwentyError as failed:
        raise _first(failed) from None
    return [task.result() for task in tasks]


def _first(group: BaseExceptionGroup[TwentyError]) -> TwentyError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


@dataclass
class Uploads:
    """Uploads the files of a folder, each once: the journal knows which are uploaded."""

    client: Client
    folder: FileFolder
    journal: Journal
    problems: list[FileProblem] = field(default_factory=list)
    uploaded: int = 0
    reused: int = 0
    """Files that an earlier run with the same journal uploaded."""

    async def of(self, path: Path, plural: str, fields: Mapping[str, Field], known: dict[str, str]) -> None:
        """Uploads the files of an exported object, and adds their ids to `known`, by the exported ids."""
        job = self.journal.job(f"files of {plural}", fingerprint=None, settings="{}", namespace=NAMESPACE_URL)
        for some in _some(file_entries(path, plural, fields)):
            missing = {}
            for entry in some:
                if entry.file in known:
                    continue
                here = job.kept(entry.file)
                if here:
                    known[entry.file] = here
                    self.reused += 1
                elif here == _NOT_MOVED:
                    self.problems.append(FileProblem(entry, "its record was loaded without it; use a new journal"))
                else:
                    missing[entry.file] = entry
            work = [self._uploading(entry, fields[entry.field], job, known) for entry in missing.values()]
            reasons = dict(zip(missing, await _some_at_once(work), strict=True))
            for entry in some:
                if reason := reasons.get(entry.file):
                    self.problems.append(FileProblem(entry, reason))
                    job.keep(entry.file, _NOT_MOVED)

    def _uploading(
        self, entry: FileEntry, into: Field, job: Job, known: dict[str, str]
    ) -> Callable[[], Awaitable[str | None]]:
        async def upload() -> str | None:
            problem = await asyncio.to_thread(self.folder.problem, entry.file)
            stored = self.folder.stored(entry.file)
            if problem is not None or stored is None:
                return problem
            try:
                sent = await self.client.files.upload(
                    self.folder.path(stored.sha256), field=into, filename=entry.label or entry.file
                )
                identity = sent.reference["fileId"]
            except (AuthenticationError, ConnectionFailed):
                raise
            except TwentyError as error:
                return str(error)
            job.keep(entry.file, identity)
            known[entry.file] = identity
            self.uploaded += 1
            return None

        return upload


async def with_digests(client: Client, records: Sequence[dict[str, Any]], fields: Collection[str]) -> None:
    """Replaces, in records as they were read, the id and address of each file by its label and SHA-256.

    Raises the error of a download if the server can't be reached. For a file that can't be read, the digest is the
    reason.
    """
    files = [file for record in records for name in fields for file in record.get(name) or ()]

    def digesting(file: Mapping[str, Any]) -> Callable[[], Awaitable[str | None]]:
        async def digest() -> str | None:
            try:
                return (await client.files.digest(file["url"])).sha256
            except (AuthenticationError, ConnectionFailed):
                raise
            except TwentyError as error:
                return f"can't be read: {error}"

        return digest

    digests = await _some_at_once([digesting(file) for file in files])
    for file, sha256 in zip(files, digests, strict=True):
        label = file.get("label")
        file.clear()
        file.update(label=label, sha256=sha256)
