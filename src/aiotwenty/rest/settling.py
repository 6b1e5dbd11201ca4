"""Creates over REST whose answer was lost: records that have an id of the caller's are looked for by it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiotwenty.errors import NotFoundError

Get = Callable[..., Awaitable[Any]]


def ids_of(data: object) -> list[str] | None:
    """The ids of the records that are to be created; None if one has none."""
    records = data if isinstance(data, list | tuple) else [data]
    ids = [str(record["id"]) for record in records if isinstance(record, Mapping) and record.get("id")]
    return ids if ids and len(ids) == len(records) else None


async def stored(get: Get, parts: Sequence[str], ids: Sequence[str]) -> Any:
    """The records as a create answers them; None if they are not there."""
    if len(parts) == 1:
        try:
            answer = await get(f"{parts[0]}/{ids[0]}")
        except NotFoundError:
            return None
    else:
        answer = await get(parts[-1], filter=f"id[in]:[{','.join(ids)}]", limit=len(ids))
    ((name, records),) = answer["data"].items()
    if isinstance(records, list):
        by_id = {record["id"]: record for record in records}
        if not all(identity in by_id for identity in ids):
            return None
        records = [by_id[identity] for identity in ids]
    return {"data": {f"create{name[:1].upper()}{name[1:]}": records}} if records else None
