"""What a batch does not say of a composite field stays as it is: the stored parts are read, once a batch, and sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from aiotwenty.bulk.batches import Prepared
from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.lookups import wanted_values
from aiotwenty.bulk.wire import Wire, nest, value_at
from aiotwenty.graphql.encode import encode_json
from aiotwenty.records.identity import canonical
from aiotwenty.records.partial import PartialWrite


async def complete(records: Sequence[Prepared], wire: Wire, shape: Shape, *, by_id: bool) -> None:
    """Fills in what the records lack, in place. `by_id`: their ids are those of stored records; else they are what an
    upsert finds a record by, and a record that is not found is new.
    """
    lacking = [record for record in records if record.lacks]
    if not lacking:
        return
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
        if same is not None:
            record.body = encode_json(PartialWrite(from_json(record.body), record.lacks).with_stored(same))
        record.lacks = {}
