"""Finding records by what they are called, many at a time: for relations by natural key, and for keys of updates."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aiotwenty.bulk.batches import Prepared
from aiotwenty.bulk.catalogue import Catalogue
from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.report import Reject
from aiotwenty.bulk.wire import Wire, nest, value_at
from aiotwenty.records.identity import canonical

CACHED = 50_000
"""How many relations are remembered; the ones not used for longest are forgotten."""
VALUES_AT_ONCE = 500


def wanted_values(shape: Shape, path: str, values: Iterable[str]) -> list[object]:
    """Values as the filter of that field takes them: older servers refuse numbers written as strings."""
    target = shape.targets.get(path)
    if target is None or target.kind != "number":
        return list(values)
    return [_as_number(value) for value in values]


def having(shape: Shape, path: str, values: Sequence[str]) -> dict[str, Any]:
    """The filter for records that have one of these values; yes and no have no `in` (Twenty, July 2026)."""
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


async def find_by(wire: Wire, shape: Shape, path: str, values: Sequence[str]) -> dict[str, list[str]]:
    """For each canonical value the ids of the records that have it, deleted ones left out."""
    found: dict[str, list[str]] = {}
    for start in range(0, len(values), VALUES_AT_ONCE):
        some = wanted_values(shape, path, values[start : start + VALUES_AT_ONCE])
        for node in await wire.find(nest(path, {"in": some}), [path]):
            found.setdefault(canonical(path, value_at(node, path)), []).append(node["id"])
    return found


class RelationResolver:
    """Turns relations given by a natural key into ids; each key is looked up once, as long as it is remembered."""

    def __init__(self, catalogue: Catalogue, wire_to: Callable[[str], Wire]) -> None:
        self._catalogue = catalogue
        self._wire_to = wire_to
        self._known: OrderedDict[tuple[str, str, str], tuple[str, ...]] = OrderedDict()
        self._lock = asyncio.Lock()

    async def resolve(self, batch: Sequence[Prepared]) -> tuple[list[Prepared], list[Reject]]:
        """The records with their relations filled in, and those whose relation is not there or not the only one."""
        if not any(record.references for record in batch):
            return list(batch), []
        # One at a time: whoever waits finds most of its keys known.
        async with self._lock:
            missing: dict[tuple[str, str], dict[str, None]] = {}
            for record in batch:
                for one in record.references:
                    key = (one.type_name, one.path, one.value)
                    if key in self._known:
                        self._known.move_to_end(key)
                    else:
                        missing.setdefault(key[:2], {})[one.value] = None
            for (type_name, path), values in missing.items():
                shape = self._catalogue.shape(type_name)
                found = await find_by(self._wire_to(type_name), shape, path, list(values))
                for value in values:
                    self._known[type_name, path, value] = tuple(found.get(value, ()))
            resolved = self._fill_in(batch)
            while len(self._known) > CACHED:
                self._known.popitem(last=False)
        return resolved

    def _fill_in(self, batch: Sequence[Prepared]) -> tuple[list[Prepared], list[Reject]]:
        good: list[Prepared] = []
        rejects: list[Reject] = []
        for record in batch:
            for one in record.references:
                ids = self._known[one.type_name, one.path, one.value]
                if len(ids) != 1:
                    row = record.row
                    code = "AMBIGUOUS" if ids else "RELATION_NOT_FOUND"
                    count = f"{len(ids)} records have" if ids else "no record has"
                    message = f"{one.join}: {count} {one.path} = {one.value} ({one.type_name})"
                    rejects.append(Reject(row.number, row.values, code, message, row.line))
                    break
                record.links[one.join] = ids[0]
            else:
                good.append(record)
        return good, rejects
