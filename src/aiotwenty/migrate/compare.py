"""Whether the records of a workspace are those of an exported folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from aiotwenty.bulk.export import RawWalk
from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.served import serve_catalogue
from aiotwenty.bulk.source import JsonLinesSource, Row
from aiotwenty.bulk.target import Target
from aiotwenty.client import Client
from aiotwenty.errors import TwentyError
from aiotwenty.graphql.filters import DELETED_TOO
from aiotwenty.migrate.model import read_model
from aiotwenty.migrate.rows import MEMBERS, MovedRows, members_here

_SHOWN = 1000

NOT_COMPARED = ("searchVector", "updatedAt", "updatedBy", "createdBy.name", "createdBy.workspaceMemberId")
"""What the server writes by itself, whoever writes the record."""


@dataclass
class ObjectComparison:
    """How the records of one object here differ from those in a folder."""

    name: str
    same: int = 0
    missing: list[str] = field(default_factory=list)
    """Ids that are in the folder and not here; the first 1,000 of `missing_count`."""
    extra: list[str] = field(default_factory=list)
    different: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    """Id, field, value in the folder, value here."""
    missing_count: int = 0
    extra_count: int = 0
    different_count: int = 0
    hidden: int = 0
    """Records that the server counts here, but that this key may not see."""
    failure: str | None = None
    """Why the records could not be compared, or not all of them."""

    @property
    def equal(self) -> bool:
        return not (self.missing_count or self.extra_count or self.different_count or self.failure)


async def compare_workspace(client: Client, folder: str | Path) -> list[ObjectComparison]:
    """Compares every record here, deleted ones too, with those of an exported folder: ids, values and relations.

    Left out is what the server writes by itself (`NOT_COMPARED`), what the key that exported it could not see, and,
    since accounts cannot be moved, the workspace members themselves; what refers to them is compared by their e-mail
    addresses. An object that can't be compared says so (`failure`), and the others are compared all the same.
    """
    folder = Path(folder)
    read_model(folder)
    catalogue = await serve_catalogue(client.endpoint("graphql"))
    members = await members_here(client, catalogue, folder)
    comparisons = []
    for names in sorted(catalogue.objects.values(), key=lambda names: names.plural):
        if names.type_name != MEMBERS:
            comparison = ObjectComparison(names.plural)
            try:
                target = Target(client.endpoint("graphql"), catalogue, names)
                await _compare(comparison, target, folder / f"{names.plural}.jsonl", members)
            except TwentyError as error:
                comparison.failure = str(error)
            comparisons.append(comparison)
    known = {comparison.name for comparison in comparisons} | {catalogue.names(MEMBERS).plural}
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem not in known:
            ids = [str(row.values.get("id")) for row in JsonLinesSource(path).read()]
            comparisons.append(ObjectComparison(path.stem, missing=ids[:_SHOWN], missing_count=len(ids)))
    return comparisons


async def _compare(result: ObjectComparison, target: Target, path: Path, members: Mapping[str, str]) -> None:
    shape = target.catalogue.shape(target.type_name)
    there = _exported(path, shape, members)
    columns = [column for column in target.catalogue.columns(target.type_name) if column.path not in NOT_COMPARED]
    walk = RawWalk(target, [column.selector for column in columns], DELETED_TOO)
    before = _next(there)
    async for record in _records(walk):
        while before is not None and before["id"] < record["id"]:
            _miss(result, before)
            before = _next(there)
        if before is None or before["id"] != record["id"]:
            result.extra_count += 1
            result.extra += [record["id"]] if len(result.extra) < _SHOWN else []
            continue
        _differ(result, before, record, shape)
        before = _next(there)
    while before is not None:
        _miss(result, before)
        before = _next(there)
    result.hidden = walk.hidden


def _exported(path: Path, shape: Shape, members: Mapping[str, str]) -> Iterator[Row]:
    return MovedRows(path, shape, members).read() if path.exists() else iter(())


async def _records(walk: RawWalk) -> AsyncIterator[dict[str, Any]]:
    async for page in walk.pages():
        for record in page:
            yield record


def _next(rows: Iterator[Row]) -> dict[str, Any] | None:
    row = next(rows, None)
    return dict(row.values) if row is not None else None


def _miss(result: ObjectComparison, record: Mapping[str, Any]) -> None:
    result.missing_count += 1
    if len(result.missing) < _SHOWN:
        result.missing.append(record["id"])


def _differ(result: ObjectComparison, there: Mapping[str, Any], here: Mapping[str, Any], shape: Shape) -> None:
    left, right = dict(_flat(there)), dict(_flat(here))
    left_out = {*NOT_COMPARED, *shape.file_fields}
    paths = [path for path in dict.fromkeys(chain(left, right)) if not {path, path.partition(".")[0]} & left_out]
    different = [path for path in paths if left.get(path) != right.get(path) and not _is_gap(left, right, path)]
    if different:
        result.different_count += 1
        for path in different:
            if len(result.different) < _SHOWN:
                result.different.append((here["id"], path, left.get(path), right.get(path)))
    else:
        result.same += 1


def _is_gap(there: Mapping[str, Any], here: Mapping[str, Any], path: str) -> bool:
    """What the folder says nothing of is nothing here; a text that isn't set reads as ""."""
    return there.get(path) is None and here.get(path) in (None, "", [])


def _flat(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each value with its path. An object that is empty is none: servers of 2026 store it as null."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            for part, inner in value.items():
                yield f"{name}.{part}", None if inner == {} else inner
        else:
            yield name, value
