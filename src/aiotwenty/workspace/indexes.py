"""The indexes of a workspace: `workspace.indexes`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from aiotwenty.graphql.models import UUID
from aiotwenty.workspace.data_model import Index
from aiotwenty.workspace.objects_and_fields import INDEX, ObjectRef, ObjectsAndFields
from aiotwenty.workspace.settled_changes import made, removed


class Indexes:
    """Indexes: those of unique fields and relations, and those that users created."""

    def __init__(self, editor: ObjectsAndFields) -> None:
        self._editor = editor

    async def list(self, object: ObjectRef) -> tuple[Index, ...]:
        """The indexes of an object."""
        return (await self._editor.object(object)).indexes

    async def all(self) -> dict[str, tuple[Index, ...]]:
        """The indexes of every object, by singular name; empty on servers that don't list them."""
        return {of.name_singular: of.indexes for of in await self._editor.objects()}

    async def create(self, object: ObjectRef, fields: Sequence[str], *, type: str = "BTREE") -> Index:
        """Creates an index of these fields, in order; of a composite with its part: `domainName.primaryLinkUrl`.

        It makes filters and orders fast. It does not make values unique: see `is_unique` of a field.
        """
        of = await self._editor.object(object)
        parts = [(of.field(name), part or None) for name, _, part in (path.partition(".") for path in fields)]
        covered = [(field.id, part) for field, part in parts]
        values: dict[str, Any] = {
            "objectMetadataId": str(of.id),
            "indexType": type,
            "fields": [
                {"fieldMetadataId": str(id_), **({"subFieldName": part} if part else {})} for id_, part in covered
            ],
        }

        async def look() -> Index | None:
            return next((index for index in await self.list(of) if _covers(index) == covered), None)

        answer = await made(
            partial(self._editor.served.call, "mutation", "createOneIndex", values, select=INDEX),
            look,
            lambda index: index.index_type == type,
            f"index of {', '.join(fields)}",
        )
        return answer if isinstance(answer, Index) else Index.model_validate(answer)

    async def delete(self, index: Index | UUID | str) -> None:
        """Removes an index that a user created."""
        id_ = str(index.id if isinstance(index, Index) else index)

        async def is_gone() -> bool:
            return all(str(other.id) != id_ for indexes in (await self.all()).values() for other in indexes)

        send = partial(self._editor.served.call, "mutation", "deleteOneIndex", {"id": id_}, select={"id": None})
        await removed(send, is_gone)


def _covers(index: Index) -> list[tuple[UUID, str | None]]:
    return [(part.field_metadata_id, part.sub_field_name) for part in index.fields]
