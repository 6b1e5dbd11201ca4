"""Keeps parts of composite fields that a batch does not set: reads them once per batch, and sends them along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from aiotwenty.bulk.batches import Prepared
from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.lookups import wanted_values
from aiotwenty.bulk.requests import BulkRequests, nest, value_at
from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.encode import encode_json
from aiotwenty.records.identity import canonical
from aiotwenty.records.partial_composites import PartialWrite

_OF_A_LINK = (b'"primaryLinkLabel"', b'"secondaryLinks"')


async def complete(
    records: Sequence[Prepared], wire: BulkRequests, shape: Shape, *, by_id: bool
) -> list[tuple[Prepared, str]]:
    """Adds the parts that the records lack, in place. Returns those that the server would change, with the reason.

    `by_id`: their ids are those of stored records; otherwise they may be those of upserts, and a record that is not
    found is new.
    """
    refused: list[tuple[Prepared, str]] = []
    lacking = [record for record in records if record.lacks]
    if not lacking:
        return refused
    parts = {f"{name}.{part}" for record in lacking for name, lost in record.lacks.items() for part in lost}
    wanted: list[dict[str, Any]] = [{"id": {"in": [record.id for record in lacking]}}]
    unique = () if by_id else shape.unique
    for path in unique:
        values = [value for record in lacking if (value := record.identity(path))]
        if values:
            wanted.append(nest(path, {"in": wanted_values(shape, path, values)}))
    stored: dict[str, dict[str, Any]] = {}
    for node in await wire.find({"or": wanted}, sorted({*parts, *unique}), deleted_too=True):
        stored[f"id={node['id']}"] = node
        for path in unique:
            if value := value_at(node, path):
                stored.setdefault(f"{path}={canonical(path, value)}", node)
    for record in lacking:
        same = next(
            (stored[identity] for identity in ("id=" + record.id, *record.identities) if identity in stored), None
        )
        if same is not None or any(part in record.body for part in _OF_A_LINK):
            change = PartialWrite(from_json(record.body), record.lacks)
            try:
                record.body = encode_json(change.with_stored(same or {}))
            except InvalidArgument as error:
                refused.append((record, str(error)))
        record.lacks = {}
    return refused
