"""Settles creates over REST after a lost response: records with an id of the caller's are looked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiotwenty.errors import NotFoundError

Get = Callable[..., Awaitable[Any]]


def ids_of(data: object) -> list[str] | None:
    """The ids of the records to create; None if one has no id."""
    records = data if isinstance(data, list | tuple) else [data]
    ids = [str(record["id"]) for record in records if isinstance(record, Mapping) and record.get("id")]
    return ids if ids and len(ids) == len(records) else None


async def stored(get: Get, parts: Sequence[str], ids: Sequence[str]) -> Any:
    """The records in the form of a create's response; None if they don't exist."""
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
