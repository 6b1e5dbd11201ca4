"""Filters by ids."""

from __future__ import annotations

from aiotwenty.graphql.filters import DELETED_TOO, Filter
from aiotwenty.graphql.models import UUID


def only_ids(value: Filter) -> list[UUID] | None:
    """The ids of a filter that has no other condition; None for other filters."""
    match value:
        case {"id": {"eq": UUID() as one, **more}, **others} if not more and not others:
            return [one]
        case {"id": {"in": [*many], **more}, **others} if not more and not others:
            return [one for one in many if isinstance(one, UUID)] if all(isinstance(m, UUID) for m in many) else None
    return None


def by_ids(ids: list[UUID], *, deleted: bool = False) -> Filter:
    """A filter for these records; with `deleted` also soft-deleted ones, which need a filter on `deletedAt`."""
    those: Filter = {"id": {"in": ids}}
    if not deleted:
        return those
    return {"and": [those, DELETED_TOO]}
