"""Uploads a file: to an address that the server assigns, or in the request on older servers."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any, TypeVar

import aiohttp
from pydantic_core import to_json

from aiotwenty.errors import ConnectionFailed, InvalidArgument, SchemaDrift, UnexpectedResponse
from aiotwenty.graphql.decode import decode_document
from aiotwenty.graphql.encode import encode_body
from aiotwenty.transport.engine import Engine
from aiotwenty.transport.exchange import Call, Reply
from aiotwenty.transport.failures import failure
from aiotwenty.transport.terms import Terms
from aiotwenty.workspace import Workspace
from aiotwenty.workspace.data_model import Field
from aiotwenty.workspace.file_content import Content, ContentPart
from aiotwenty.workspace.served_schema import Select

T = TypeVar("T")

_SLOWEST = 64 * 1024
"""The bytes per second that the timeout allows for."""
_DIRECT: Any = ("mutation", "createFileUpload")
"""The mutation that assigns an address to an upload."""
_TARGET: Select = dict.fromkeys(("fileId", "uploadUrl", "contentType"))
_FILE: Select = dict.fromkeys(("id", "path", "size", "createdAt", "url", "token"))


class Upload:
    """The upload of one file into a field."""

    def __init__(self, workspace: Workspace, base_url: str, engine: Engine, terms: Terms) -> None:
        self._workspace = workspace
        self._base_url = base_url
        self._engine = engine
        self._terms = terms

    async def send(
        self,
        content: Content,
        name: str,
        field: Field | str | None,
        content_type: str | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """The server's data about the file. `timeout` is in seconds for an attempt."""
        seconds = timeout or self._terms.timeout + content.size / _SLOWEST
        terms = replace(self._terms, timeout=seconds)
        if content.size and PurePath(name).suffix and await self._workspace.served.has(*_DIRECT):
            return await self._send_direct(content, name, await self._field(field), terms)
        return await self._send_multipart(content, name, field, content_type, terms)

    async def _send_direct(self, content: Content, name: str, field: Field, terms: Terms) -> dict[str, Any]:
        """Uploads to an address from the server. The file exists after the last step only: all are repeatable."""
        where = {"filename": name, "size": content.size, "fileFolder": "FilesField", "fieldMetadataId": str(field.id)}
        target = await self._mutate("createFileUpload", where, _TARGET)
        headers = {"Content-Type": target["contentType"], "Content-Length": str(content.size), "Accept": "*/*"}
        call = Call(
            name="upload",
            kind="PUT",
            method="PUT",
            url=target["uploadUrl"],
            read=_taken,
            form=content.pieces,
            headers=lambda: headers,
            repeatable=True,
            limited=False,
            authorized=False,
            terms=terms,
            on_retry=content.before_another,
        )
        try:
            await self._send(call, content)
        except ConnectionFailed as error:
            # Without the last step, the server soon removes the content, and no record can have it.
            error.outcome_unknown = False
            raise
        return await self._mutate("completeFileUpload", {"fileId": target["fileId"]}, _FILE)

    async def _send_multipart(
        self, content: Content, name: str, field: Field | str | None, content_type: str | None, terms: Terms
    ) -> dict[str, Any]:
        root, values = await self._way(name, field)
        operation, variables = await self._workspace.served.compose(
            "mutation", root, {"file": None, **values}, select=_FILE
        )
        request = to_json({"operationName": operation.name, "query": operation.document, "variables": variables})
        type_ = content_type or mimetypes.guess_type(name)[0] or "application/octet-stream"

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData()
            data.add_field("operations", request.decode())
            data.add_field("map", '{"0":["variables.file"]}')
            data.add_field("0", ContentPart(content, type_), filename=name)
            return data

        call = Call(
            name=operation.name,
            kind="mutation",
            url=f"{self._base_url}/metadata",
            read=decode_document,
            form=form,
            limited=False,
            document=operation.document,
            terms=terms,
            on_retry=content.before_another,
        )
        answer: dict[str, Any] = (await self._send(call, content))[root]
        return answer

    async def _send(self, call: Call[T], content: Content) -> T:
        try:
            return await self._engine.send(call)
        except ConnectionFailed as error:
            if content.failure is not None:
                raise content.failure from error
            raise

    async def _mutate(self, root: str, values: Mapping[str, Any], select: Select) -> dict[str, Any]:
        """One step of an upload, repeatable."""
        operation, variables = await self._workspace.served.compose("mutation", root, values, select=select)
        call = Call(
            name=operation.name,
            kind="mutation",
            url=f"{self._base_url}/metadata",
            read=decode_document,
            body=encode_body(operation, variables),
            repeatable=True,
            limited=False,
            document=operation.document,
            terms=self._terms,
        )
        answer: dict[str, Any] = (await self._engine.send(call))[root]
        return answer

    async def _way(self, name: str, field: Field | str | None) -> tuple[str, dict[str, Any]]:
        """This server's mutation for a file in the request, with its further arguments."""
        served = self._workspace.served
        if await served.has("mutation", "uploadFilesFieldFile"):
            return "uploadFilesFieldFile", {"fieldMetadataId": str((await self._field(field)).id)}
        root = "uploadFilesFieldFileByUniversalIdentifier"
        if await served.has("mutation", root):
            return root, {"fieldMetadataUniversalIdentifier": (await self._field(field)).universal_identifier}
        if await served.has("mutation", "uploadFile"):
            return "uploadFile", {}
        if await served.has(*_DIRECT):
            raise InvalidArgument(f"this server doesn't accept empty files, or files without an extension: {name!r}.")
        raise SchemaDrift("this server's /metadata has no known upload mutation.", type_name="Mutation")

    async def _field(self, field: Field | str | None) -> Field:
        if isinstance(field, Field):
            return field
        object_, dot, name = (field or "").partition(".")
        if not dot:
            raise InvalidArgument('upload() needs the FILES field that will hold the file: field="attachment.file".')
        return await self._workspace.field(object_, name)


def _taken(reply: Reply) -> None:
    if reply.status >= 300:
        raise failure(reply, graphql=False) or UnexpectedResponse(
            f"HTTP {reply.status} to an upload.", status=reply.status, content_type=reply.content_type
        )
