"""Twenty's full-text search over all objects: `twenty.search("air")`."""

from __future__ import annotations

from typing import Any

from aiotwenty.graphql.document import compose
from aiotwenty.graphql.executor import Executor
from aiotwenty.graphql.models import UUID, Record

# A field of the schema for callers without a key. It can't be in one document with record fields, and the schema for a
# key doesn't show it (Twenty, July 2026).
_SEARCH = compose(
    "Search",
    "query",
    "search",
    {"searchInput": "String!", "limit": "Int!"},
    "{edges{node{recordId objectNameSingular label}}}",
)


class SearchHit(Record):
    """A record that was found: its id, object and label."""

    record_id: UUID
    object_name_singular: str
    label: str = ""


async def search(client: Executor, text: str, *, limit: int = 20) -> list[SearchHit]:
    """The best matches in all searchable objects, the best first, at most `limit`."""
    answer: dict[str, Any] = await client.execute(_SEARCH, {"searchInput": text, "limit": limit})
    return [SearchHit.model_validate(edge["node"]) for edge in answer["search"]["edges"]]
