"""Compares the records of one object with those of an exported file. Both are read in the order of ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiotwenty.bulk.raw_walk import RawWalk
from aiotwenty.bulk.record_columns import RecordColumn
from aiotwenty.bulk.report import counted
from aiotwenty.bulk.source import InputError, JsonLinesSource
from aiotwenty.bulk.target import Target
from aiotwenty.client import Client
from aiotwenty.graphql.filters import DELETED_TOO
from aiotwenty.migrate.comparison import ObjectComparison
from aiotwenty.migrate.file_index import FileFolder, kept_by_path
from aiotwenty.migrate.moved_files import with_digests

DERIVED = ("searchVector",)
"""Fields that the server computes from others; they are not exported."""
NOT_COMPARED = (*DERIVED, "updatedAt", "updatedBy", "createdBy.name", "createdBy.workspaceMemberId")
"""Fields that the server sets itself."""


def exported_records(path: Path, joins: list[str], owner: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    """The records of a file, with the owners expected here. Raises `InputError` for a damaged line."""
    if not path.exists():
        return
    for row in JsonLinesSource(path).read():
        if row.problem is not None:
            raise InputError(f"{path}, line {row.line}: {row.problem}")
        values = dict(row.values)
        for join in joins:
            if values.get(join):
                values[join] = owner(str(values[join]))
        yield values


async def records_here(
    target: Target, columns: list[RecordColumn], result: ObjectComparison
) -> AsyncIterator[dict[str, Any]]:
    """All records, with the deleted ones. At the end, `result` counts the records that the key may not see."""
    async for page in _pages(target, columns, result):
        for record in page:
            yield record


async def _pages(
    target: Target, columns: list[RecordColumn], result: ObjectComparison
) -> AsyncIterator[list[dict[str, Any]]]:
    selectors = [f"{column.path}{{fileId label url}}" if column.parts else column.selector for column in columns]
    walk = RawWalk(target, selectors, DELETED_TOO)
    async for page in walk.pages():
        yield list(page)
    result.hidden = walk.hidden
    if walk.restricted:
        result.not_compared.append(f"{counted(walk.restricted, 'value')} that this key may not see")


@dataclass
class RecordComparison:
    """Compares the records of one object, page by page."""

    client: Client
    result: ObjectComparison
    columns: list[RecordColumn]
    files: FileFolder | None
    """The files of the folder; None if contents are not compared."""
    _otherwise: Counter[str] = field(default_factory=Counter)
    _without_content: int = 0

    async def run(self, there: Iterator[dict[str, Any]], target: Target) -> None:
        """Reads both sides once, and counts the records that only one of them has."""
        self._file_fields = {column.path for column in self.columns if column.parts}
        before = next(there, None)
        async for page in _pages(target, self.columns, self.result):
            if self._with_contents:
                await with_digests(self.client, page, self._file_fields)
            for record in page:
                while before is not None and before["id"] < record["id"]:
                    self.result.miss(before["id"])
                    before = next(there, None)
                if before is None or before["id"] != record["id"]:
                    self.result.find(record["id"])
                    continue
                self._compare(before, record)
                before = next(there, None)
        while before is not None:
            self.result.miss(before["id"])
            before = next(there, None)
        self._tell()

    @property
    def _with_contents(self) -> bool:
        return self.files is not None and self.files.exists

    def _compare(self, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
        left, right = dict(flat(there)), dict(flat(here))
        self._without_content += kept_by_path(there)
        different = []
        for path in dict.fromkeys((*left, *right)):
            name = path.partition(".")[0]
            value, value_here = left.get(path), right.get(path)
            if name in self._file_fields:
                value, value_here = self._files_of(value, value_here)
            if same(value, value_here):
                continue
            if {path, name} & set(NOT_COMPARED):
                self._otherwise[path if path in NOT_COMPARED else name] += 1
            else:
                different.append((path, value, value_here))
        self.result.add(here["id"], different)

    def _files_of(self, there: Any, here: Any) -> tuple[Any, Any]:
        """The files of both sides as labels and digests, or as labels alone if the folder doesn't have the content."""
        left, right = [], [dict(file) for file in here or ()]
        for position, file in enumerate(there or ()):
            stored = self.files.stored(file["fileId"]) if self.files is not None and self._with_contents else None
            left.append({"label": file.get("label"), **({"sha256": stored.sha256} if stored is not None else {})})
            if stored is None:
                self._without_content += 1
                if position < len(right):
                    right[position] = {"label": right[position].get("label")}
        return left or None, right or None

    def _tell(self) -> None:
        told = [f"{name} ({counted(number, 'record')} otherwise)" for name, number in sorted(self._otherwise.items())]
        server = ", ".join(told or NOT_COMPARED)
        self.result.not_compared.append(f"fields that the server sets: {server}")
        if self._without_content:
            self.result.not_compared.append(f"the contents of {counted(self._without_content, 'file')}")


def flat(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each value with its path. Empty objects are left out: servers of 2026 store them as null."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            for part, inner in value.items():
                yield f"{name}.{part}", None if inner == {} else inner
        else:
            yield name, value


def same(there: Any, here: Any) -> bool:
    """Whether both values are the same. An unset text or list may read as null there and as empty here."""
    return _equal(there, here) or (there is None and here in ("", []))


def _equal(there: Any, here: Any) -> bool:
    if isinstance(there, bool) or isinstance(here, bool):
        return there is here
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        return there.keys() == here.keys() and all(_equal(there[name], here[name]) for name in there)
    if isinstance(there, list) and isinstance(here, list):
        return len(there) == len(here) and all(map(_equal, there, here))
    return bool(there == here)
