"""Finds records by natural keys, many at a time: for relations, and for keys of updates."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from aiotwenty.bulk.batches import Prepared, Reference
from aiotwenty.bulk.catalogue import Catalogue
from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.report import Reject
from aiotwenty.bulk.requests import BulkRequests, nest, value_at
from aiotwenty.bulk.source import Row
from aiotwenty.bulk.transforms import composite_kind, domain, full_name
from aiotwenty.errors import DuplicateRecord, TwentyError
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.input_problems import explained
from aiotwenty.records.identity import canonical, id_from_key
from aiotwenty.transport.retry import Fate, fate_of

CACHED = 50_000
"""The most relations in the cache; the least recently used are dropped."""
VALUES_AT_ONCE = 500


def wanted_values(shape: Shape, path: str, values: Iterable[str]) -> list[object]:
    """Values in the form for a filter of the field: older servers refuse numbers as strings."""
    target = shape.targets.get(path)
    if target is None or target.kind != "number":
        return list(values)
    return [_as_number(value) for value in values]


def having(shape: Shape, path: str, values: Sequence[str]) -> dict[str, Any]:
    """The filter for records with one of these values; booleans have no `in` (Twenty, July 2026)."""
    target = shape.targets.get(path)
    if target is not None and target.kind == "boolean" and {*values} <= {"True", "False"}:
        return {"or": [nest(path, {"eq": value == "True"}) for value in values]}
    return nest(path, {"in": wanted_values(shape, path, values)})


def _as_number(value: str) -> object:
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        return value


async def find_by(wire: BulkRequests, shape: Shape, path: str, values: Sequence[str]) -> dict[str, list[str]]:
    """The ids of the records with each canonical value, without deleted ones.

    A link without scheme and path is a domain: it finds http and https, with and without www. A name of two parts is
    found wherever it is split. Members are found by their e-mail address in any case.
    """
    if composite_kind(shape.composites.get(path, ())) == "name":
        return await _find_by_full_name(wire, path, values)
    ids: dict[str, list[str]] = {}
    at_once = VALUES_AT_ONCE if path != "userEmail" else VALUES_AT_ONCE // 10
    for start in range(0, len(values), at_once):
        some = values[start : start + at_once]
        for node in await wire.find(_filter(shape, path, some), [path]):
            value = canonical(path, value_at(node, path))
            for name in {value, _domain(value)} if path.endswith("primaryLinkUrl") else {value}:
                ids.setdefault(name, []).append(node["id"])
    return ids


def _filter(shape: Shape, path: str, values: Sequence[str]) -> dict[str, Any]:
    if path == "userEmail":
        escaped = [re.sub(r"([\\%_])", r"\\\1", value) for value in values]
        return {"or": [nest(path, {"ilike": value}) for value in escaped]}
    if path.endswith("primaryLinkUrl"):
        values = [form for value in values for form in (_forms(value) if value == _domain(value) else [value])]
    return nest(path, {"in": wanted_values(shape, path, values)})


def _domain(value: str) -> str:
    try:
        return domain(value) or value
    except ValueError:
        return value


def _forms(host: str) -> list[str]:
    """All links that people use for this host; to the server they are different values (Twenty, July 2026)."""
    return [f"{scheme}{www}{host}" for scheme in ("", "https://", "http://") for www in ("", "www.")]


async def _find_by_full_name(wire: BulkRequests, path: str, values: Sequence[str]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    parts = (f"{path}.firstName", f"{path}.lastName")
    for start in range(0, len(values), VALUES_AT_ONCE // 10):
        some = values[start : start + VALUES_AT_ONCE // 10]
        cuts = [cut for value in some for cut in _cuts(value)]
        wanted = {"or": [{"and": [_has(part, text) for part, text in zip(parts, cut, strict=True)]} for cut in cuts]}
        for node in await wire.find(wanted, parts):
            names = [str(value_at(node, part) or "") for part in parts]
            ids.setdefault(" ".join(filter(None, names)), []).append(node["id"])
    return ids


def _has(part: str, text: str) -> dict[str, Any]:
    return nest(part, {"eq": text} if text else {"is": "NULL"})


def _cuts(name: str) -> list[tuple[str, str]]:
    words = name.split()
    return [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words) + 1)]


class RelationResolver:
    """Replaces relations by natural key with ids. Each key is looked up once while it is in the cache."""

    def __init__(
        self, catalogue: Catalogue, wire_to: Callable[[str], BulkRequests], *, create_missing: bool = False
    ) -> None:
        self._catalogue = catalogue
        self._wire_to = wire_to
        self._known: OrderedDict[tuple[str, str, str], tuple[str, ...]] = OrderedDict()
        self._lock = asyncio.Lock()
        self._create_missing = create_missing
        self._refused: dict[tuple[str, str, str], str] = {}
        self.created: dict[str, int] = {}
        """The number of records created because rows refer to them, by type."""

    async def resolve(self, batch: Sequence[Prepared]) -> tuple[list[Prepared], list[Reject]]:
        """The records with their relations filled in, and rejects for missing and ambiguous relations.

        If a row names a relation in several ways, the first one that finds a record counts.
        """
        if not any(record.references for record in batch):
            return list(batch), []
        # One look-up at a time: waiting batches then find most of their keys in the cache.
        async with self._lock:
            missing: dict[tuple[str, str], dict[str, None]] = {}
            for record in batch:
                for reference in record.references:
                    key = (reference.type_name, reference.path, reference.value)
                    if key in self._known:
                        self._known.move_to_end(key)
                    else:
                        missing.setdefault(key[:2], {})[reference.value] = None
            for (type_name, path), values in missing.items():
                shape = self._catalogue.shape(type_name)
                ids = await find_by(self._wire_to(type_name), shape, path, list(values))
                for value in values:
                    self._known[type_name, path, value] = tuple(ids.get(value, ()))
            if self._create_missing:
                await self._create(batch)
            resolved = self._fill_in(batch)
            while len(self._known) > CACHED:
                self._known.popitem(last=False)
        return resolved

    def _ids(self, reference: Reference) -> tuple[str, ...]:
        return self._known[reference.type_name, reference.path, reference.value]

    def _fill_in(self, batch: Sequence[Prepared]) -> tuple[list[Prepared], list[Reject]]:
        good: list[Prepared] = []
        rejects: list[Reject] = []
        for record in batch:
            for join, ways in _by_join(record).items():
                ids = next((ids for way in ways if len(ids := self._ids(way)) == 1), None)
                if ids is None:
                    rejects.append(self._reject(record, join, ways))
                    break
                record.links[join] = ids[0]
            else:
                good.append(record)
        return good, rejects

    def _reject(self, record: Prepared, join: str, ways: Sequence[Reference]) -> Reject:
        several = next((way for way in ways if self._ids(way)), None)
        if several is not None:
            count, code = f"{len(self._ids(several))} records have", "AMBIGUOUS"
            condition = f"{several.path} = {several.value!r}"
        else:
            count, code = "no record has", "RELATION_NOT_FOUND"
            condition = " or ".join(f"{way.path} = {way.value!r}" for way in ways)
        why = next((self._refused[key] for way in ways if (key := _key(way)) in self._refused), None)
        message = f"{join}: {count} {condition} ({ways[0].type_name})" + (
            f", and it can't be created: {why}" if why else ""
        )
        row = record.row
        return Reject(row.number, row.values, code, message, row.line)

    async def _create(self, batch: Sequence[Prepared]) -> None:
        """Creates the records that the batch refers to and that no way finds, each once.

        Ids are derived from the names in use, so that another client creating the same record at the same time is
        noticed.
        """
        wanted: dict[str, list[MissingRecord]] = {}
        for record in batch:
            for ways in _by_join(record).values():
                if not any(self._ids(way) for way in ways) and not any(_key(way) in self._refused for way in ways):
                    merge_missing(wanted.setdefault(ways[0].type_name, []), ways)
        for type_name, records in wanted.items():
            shape = self._catalogue.shape(type_name)
            for missing in records:
                await self._make(type_name, shape, missing)

    async def _make(self, type_name: str, shape: Shape, missing: MissingRecord) -> None:
        wire = self._wire_to(type_name)
        try:
            data = shape.validated(missing.data(shape))
            record = Prepared(Row(0, {}), missing.id(wire.names.plural), encode_json(data), ())
            await wire.create([record], upsert=False)
        except ValidationError as error:
            refused = explained(error, with_values=True)
        except TwentyError as error:
            if fate_of(error) is not Fate.ANSWERED:
                raise
            if isinstance(error, DuplicateRecord) and await self._found_now(wire, shape, missing):
                return
            refused = error.message
        else:
            self.created[type_name] = self.created.get(type_name, 0) + 1
            for key in missing.keys:
                self._known[key] = (record.id,)
            return
        for key in missing.keys:
            self._refused[key] = refused

    async def _found_now(self, wire: BulkRequests, shape: Shape, missing: MissingRecord) -> bool:
        """Whether another client has created it meanwhile."""
        for key in missing.keys:
            ids = (await find_by(wire, shape, key[1], [key[2]])).get(key[2], [])
            if len(ids) == 1:
                for known in missing.keys:
                    self._known[known] = tuple(ids)
                return True
        return False


def _key(reference: Reference) -> tuple[str, str, str]:
    return reference.type_name, reference.path, reference.value


def _by_join(record: Prepared) -> dict[str, list[Reference]]:
    ways: dict[str, list[Reference]] = {}
    for reference in record.references:
        ways.setdefault(reference.join, []).append(reference)
    return ways


@dataclass
class MissingRecord:
    """A missing record that rows refer to, with all the values by which they name it."""

    keys: dict[tuple[str, str, str], None] = field(default_factory=dict)

    def data(self, shape: Shape) -> dict[str, Any]:
        """The data of the new record: the first value of each field by which rows name it."""
        data: dict[str, Any] = {}
        for _, path, value in self.keys:
            name, _, part = path.partition(".")
            if composite_kind(shape.composites.get(path, ())) == "name":
                data.setdefault(path, full_name(value))
            elif part:
                text = f"https://{value}" if part == "primaryLinkUrl" and "://" not in value else value
                data.setdefault(name, {}).setdefault(part, text)
            else:
                data.setdefault(name, value)
        return data

    def id(self, plural: str) -> str:
        _, path, value = next(iter(self.keys))
        return id_from_key(plural, [path, value])


def merge_missing(records: list[MissingRecord], ways: Sequence[Reference]) -> None:
    """Adds a missing record, or further names to one in the list."""
    keys = dict.fromkeys(map(_key, ways))
    same = [other for other in records if not keys.keys().isdisjoint(other.keys)]
    if not same:
        records.append(MissingRecord(keys))
        return
    for other in same[1:]:
        same[0].keys.update(other.keys)
        records.remove(other)
    same[0].keys.update(keys)
