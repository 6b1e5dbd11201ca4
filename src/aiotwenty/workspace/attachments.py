"""Attachments: files attached to records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.document import compose, selection_of
from aiotwenty.graphql.executor import Executor
from aiotwenty.graphql.filters import DELETED_TOO, Filter
from aiotwenty.graphql.models import UUID, Record
from aiotwenty.records.namespace import as_id
from aiotwenty.records.settling import create_settled
from aiotwenty.workspace import Workspace
from aiotwenty.workspace.data_model import Object
from aiotwenty.workspace.file_models import AttachedFile

if TYPE_CHECKING:
    pass

FIELD = "attachment.file"
"""The field of attachments that has the file."""


class Attachments:
    """Creates attachments of uploaded files."""

    def __init__(self, client: Executor, workspace: Workspace) -> None:
        self._client = client
        self._workspace = workspace
        self._keys: dict[str, str] = {}

    async def create(self, attached: AttachedFile, key: str, record: UUID) -> None:
        """Creates the attachment once, even after a lost response. `key` is the result of `key_to`."""
        id_, file = attached.id, attached.file
        data: dict[str, Any] = {"id": str(id_), "name": attached.name, key: str(record)}
        data |= {"fullPath": file.path} if file.id is None else {"file": [file.reference]}
        create = compose("Attach", "mutation", "createAttachment", {"data": "AttachmentCreateInput!"}, "{id}")

        async def send() -> bool:
            await self._client.execute(create, {"data": data}, endpoint="graphql")
            return True

        async def look() -> bool | None:
            return True if await self.among([id_]) else None

        await create_settled([str(id_)], send, look)

    async def among(self, ids: Sequence[UUID]) -> set[str]:
        """The ids of those attachments that exist, deleted ones included."""
        wanted = {"and": [{"id": {"in": [str(one) for one in ids]}}, DELETED_TOO]}
        return {node["id"] for node in await self.find("attachments", "Attachment", "id", wanted, len(ids))}

    async def find(self, plural: str, type_: str, path: str, only: Filter, first: int) -> list[dict[str, Any]]:
        """The records that match a filter, each with its id and the value at the path."""
        types = {"filter": f"{type_}FilterInput", "first": "Int"}
        selection = f"{{edges{{node{selection_of(dict.fromkeys(('id', path)))}}}}}"
        operation = compose("ToAttach", "query", plural, types, selection)
        answer = await self._client.execute(operation, {"filter": only, "first": first}, endpoint="graphql")
        return [edge["node"] for edge in answer[plural]["edges"]]

    async def object(self, name: str) -> Object:
        """The object of that name."""
        return await self._workspace.object(name)

    async def key_to(self, singular: str) -> str:
        """The foreign key of attachments that refers to records of an object."""
        if singular not in self._keys:
            self._keys[singular] = await self._find_key(singular)
        return self._keys[singular]

    async def _find_key(self, singular: str) -> str:
        attachment = await self._workspace.object("attachment")
        for field in attachment.fields:
            if field.relation is not None and field.relation.target_object == singular:
                return f"{field.name}Id"
            if singular in [part.target_object for part in field.morph_relations or ()]:
                return f"{field.name}{singular[:1].upper()}{singular[1:]}Id"
        raise InvalidArgument(f"no file can be attached to {singular!r}: attachments have no relation to it.")


def record_of(record: Record | UUID | str, object_name: str | None) -> tuple[UUID, str]:
    """The id of a record, and the singular name of its object."""
    about = getattr(record, "_object", None)
    singular = object_name or (about.type_name[:1].lower() + about.type_name[1:] if about is not None else None)
    if singular is None:
        raise InvalidArgument('attach() needs the object of the id: object="company".')
    identity: Any = getattr(record, "id", None) if isinstance(record, Record) else record
    return as_id(identity), singular
