"""The data model over REST: `/rest/metadata`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from aiotwenty.errors import NotFoundError, PaginationError, SchemaDrift
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.models import UUID
from aiotwenty.graphql.page import every_node
from aiotwenty.rest.raw import RawRest
from aiotwenty.workspace.data_model import Field, Object, Option
from aiotwenty.workspace.webhooks import Webhook

Picklists: TypeAlias = dict[str, dict[str, tuple[Option, ...]]]
"""Options by the names of object and field."""
Kind: TypeAlias = Literal[
    "views",
    "viewFields",
    "viewFilters",
    "viewSorts",
    "viewGroups",
    "viewFilterGroups",
    "pageLayouts",
    "pageLayoutTabs",
    "pageLayoutWidgets",
]


class RestMetadata(RawRest):
    """The methods for `/rest/metadata`, which the rate limit does not count (Twenty, July 2026)."""

    async def objects(self) -> list[Object]:
        """All objects with all their fields."""
        return [_object(each) for each in await self._all("objects")]

    async def object(self, ref: UUID | str) -> Object:
        """The object with that id, or with that singular or plural name. Raises `NotFoundError`.

        The server takes ids only: a name is looked up among all objects.
        """
        if (identity := _as_uuid(ref)) is not None:
            return _object(await self.get(f"metadata/objects/{identity}"))
        objects = await self.objects()
        for known in objects:
            if ref in (known.name_singular, known.name_plural):
                return known
        names = [name for known in objects for name in (known.name_singular, known.name_plural)]
        raise NotFoundError(f"the workspace has no object {ref!r}{did_you_mean(str(ref), names)}.")

    async def fields(self, object: UUID | str | None = None) -> list[Field]:
        """All fields of the workspace, or those of one object."""
        if object is not None:
            return list((await self.object(object)).fields)
        return [Field.model_validate(each) for each in await self._all("fields")]

    async def field(self, id: UUID | str) -> Field:
        """The field with that id, or `object.field` by name. Raises `NotFoundError`."""
        owner, dot, name = str(id).partition(".")
        if dot:
            return (await self.object(owner)).field(name)
        return Field.model_validate(await self.get(f"metadata/fields/{id}"))

    async def picklists(self, object: UUID | str | None = None) -> Picklists:
        """The options of all SELECT, MULTI_SELECT and RATING fields, or of one object's, in the order that users see.

        Twenty's documentation has `/rest/metadata/picklists` for that, which its server lacks (July 2026).
        """
        objects = await self.objects() if object is None else [await self.object(object)]
        ordered = {
            known.name_singular: {
                name: tuple(sorted(options, key=lambda option: option.position or 0))
                for name, options in known.picklists.items()
            }
            for known in objects
        }
        return {name: fields for name, fields in ordered.items() if fields}

    async def webhooks(self) -> list[Webhook]:
        """All webhooks."""
        return [Webhook.model_validate(each) for each in await self._list("webhooks")]

    async def api_keys(self) -> list[dict[str, Any]]:
        """All API keys, as JSON: their names and dates, never the keys themselves."""
        return await self._list("apiKeys")

    async def views(self, kind: Kind = "views", **query: str) -> list[dict[str, Any]]:
        """Views, page layouts and their parts, as JSON. `pageLayoutTabs` need `pageLayoutId=…`, `pageLayoutWidgets`
        need `pageLayoutTabId=…`; `viewFields` and similar kinds take `viewId=…`.
        """
        return await self._list(kind, **query)

    async def _list(self, kind: str, **query: str) -> list[dict[str, Any]]:
        answer = await self.get(f"metadata/{kind}", **query)
        if not isinstance(answer, list):
            raise SchemaDrift(f"/rest/metadata/{kind} did not return a list.", type_name=kind)
        return answer

    async def _all(self, kind: str) -> list[dict[str, Any]]:
        """All items of a list, from any number of pages. Raises `PaginationError` if items are missing."""
        totals: set[int] = set()

        async def fetch(after: str | None) -> dict[str, Any]:
            # Older servers take no parameters here, and return all at once (Twenty, November 2025).
            answer = await self.get(f"metadata/{kind}", starting_after=after)
            data = answer.get("data") if isinstance(answer, Mapping) else None
            page = data.get(kind) if isinstance(data, Mapping) else data
            if not isinstance(page, list):
                raise SchemaDrift(f"/rest/metadata/{kind} returned an unknown format.", type_name=kind)
            totals.add(answer.get("totalCount") or 0)
            info = answer.get("pageInfo") or {}
            return {
                "edges": [{"node": node} for node in page],
                "pageInfo": {"hasNextPage": info.get("hasNextPage"), "endCursor": info.get("endCursor")},
            }

        nodes = await every_node(fetch, f"/rest/metadata/{kind}")
        if len(nodes) < max(totals):
            raise PaginationError(f"{kind}: {len(nodes)} of {max(totals)} came.", seen=len(nodes), expected=max(totals))
        return nodes


def _as_uuid(ref: UUID | str) -> UUID | None:
    if isinstance(ref, uuid.UUID):
        return ref
    try:
        return uuid.UUID(ref)
    except ValueError:
        return None


def _object(answer: Any) -> Object:
    """An object in REST, which has `fields` where /metadata has `fieldsList`."""
    if not isinstance(answer, dict):
        raise SchemaDrift("/rest/metadata/objects returned an unknown format.", type_name="Object")
    if isinstance(answer.get("data"), dict) and "object" in answer["data"]:
        answer = answer["data"]["object"]
    return Object.model_validate({"fieldsList": answer.get("fields") or [], **answer})
