"""Files: `twenty.files`. An upload gives a file its id; a record then holds it in a field of type FILES.

    file = await twenty.files.upload(Path("offer.pdf"), field="attachment.file")
    await twenty.attachments.create_one({"name": "Offer", "file": [file.reference]})

Servers of 2025 have no such fields: there an upload gives a path and a token, and Attachment.fullPath takes the path.
"""

from __future__ import annotations

import asyncio
import mimetypes
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias
from urllib.parse import quote, urlsplit

import aiohttp
from pydantic_core import to_json

from aiotwenty.errors import ConfigurationError, InvalidArgument, PermissionDenied, SchemaDrift, UnexpectedResponse
from aiotwenty.graphql.composites import FileReference
from aiotwenty.graphql.decode import decode_document
from aiotwenty.graphql.models import UUID, DateTime, Record
from aiotwenty.transport.engine import Engine
from aiotwenty.transport.exchange import Call, Reply
from aiotwenty.transport.failures import failure
from aiotwenty.workspace import Workspace
from aiotwenty.workspace.data_model import Field
from aiotwenty.workspace.served_schema import Select

Source: TypeAlias = bytes | BinaryIO | os.PathLike[str]

_FILE: Select = dict.fromkeys(("id", "path", "size", "createdAt", "url", "token"))


class HasUrl(Protocol):
    """A file as an upload gave it, or as a record holds it."""

    @property
    def url(self) -> str | None:
        """Its signed address."""
        ...


class UploadedFile(Record):
    """A file that the server has taken."""

    id: UUID | None = None
    """None on servers of 2025, where `path` and `token` name the file."""
    path: str
    url: str | None = None
    """Where to get it, signed: good for a day (Twenty, July 2026)."""
    token: str | None = None
    size: int | float | None = None
    created_at: DateTime | None = None
    label: str = ""
    """Its name."""

    @property
    def reference(self) -> FileReference:
        """What a field of type FILES takes, in a list."""
        if self.id is None:
            raise ConfigurationError("this server has no fields of type FILES: Attachment.fullPath takes the path.")
        return FileReference(fileId=str(self.id), label=self.label)


class Files:
    """Uploads and downloads."""

    def __init__(self, workspace: Workspace, base_url: str, engine: Engine) -> None:
        self._workspace = workspace
        self._base_url = base_url
        self._engine = engine

    async def upload(
        self,
        source: Source,
        *,
        field: Field | str | None = None,
        filename: str | None = None,
        content_type: str | None = None,
        timeout: float | None = None,
    ) -> UploadedFile:
        """Send a file: bytes, a path, or an open binary file (which is read into memory).

        `field` is the FILES field that will hold it: `object.field`, or one of `twenty.workspace`. Servers of 2025
        don't need it. `timeout` (seconds) replaces the client's. An upload whose answer was lost is not repeated.
        """
        if isinstance(source, str):
            raise InvalidArgument("upload() takes a path as pathlib.Path, and content as bytes: not a str.")
        name = filename or _name(source)
        root, values = await self._way(field)
        operation, variables = await self._workspace.served.compose(
            "mutation", root, {"file": None, **values}, select=_FILE
        )
        request = to_json({"operationName": operation.name, "query": operation.document, "variables": variables})
        content = source if isinstance(source, bytes | os.PathLike) else await asyncio.to_thread(source.read)
        opened = ExitStack()
        type_ = content_type or mimetypes.guess_type(name)[0] or "application/octet-stream"

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData()
            data.add_field("operations", request.decode())
            data.add_field("map", '{"0":["variables.file"]}')
            file = content if isinstance(content, bytes) else opened.enter_context(Path(content).open("rb"))  # noqa: SIM115
            data.add_field("0", file, filename=name, content_type=type_)
            return data

        call = Call(
            name=operation.name,
            kind="mutation",
            url=f"{self._base_url}/metadata",
            read=decode_document,
            form=form,
            limited=False,
            document=operation.document,
            timeout=timeout,
        )
        with opened:
            answer: dict[str, Any] = (await self._engine.send(call))[root]
        return UploadedFile.model_validate({"label": name, **answer})

    async def download(
        self, file: HasUrl | str, *, to: os.PathLike[str] | None = None, timeout: float | None = None
    ) -> bytes:
        """The content of a file, by its signed url, in memory; also written to `to`, whole or not at all.

        The url comes with the record, in a field of type FILES (`attachment.file[0]`). The API key is not sent: the
        url's own token admits, for a day (`PermissionDenied` after that; Twenty, July 2026).
        """
        url = self._url(file)
        call = Call(
            name="download",
            kind="GET",
            method="GET",
            url=url,
            read=_content,
            reads=True,
            repeatable=True,
            limited=False,
            authorized=False,
            timeout=timeout,
        )
        content = await self._engine.send(call)
        if to is not None:
            await asyncio.to_thread(_write, Path(to), content)
        return content

    async def _way(self, field: Field | str | None) -> tuple[str, dict[str, Any]]:
        """The mutation of this server, and what it wants besides the file."""
        served = self._workspace.served
        if await served.has("mutation", "uploadFilesFieldFile"):
            return "uploadFilesFieldFile", {"fieldMetadataId": str((await self._field(field)).id)}
        root = "uploadFilesFieldFileByUniversalIdentifier"
        if await served.has("mutation", root):
            return root, {"fieldMetadataUniversalIdentifier": (await self._field(field)).universal_identifier}
        if await served.has("mutation", "uploadFile"):
            return "uploadFile", {}
        raise SchemaDrift("this server's /metadata has no upload that is known.", type_name="Mutation")

    async def _field(self, field: Field | str | None) -> Field:
        if isinstance(field, Field):
            return field
        object_, dot, name = (field or "").partition(".")
        if not dot:
            raise InvalidArgument('upload() needs the FILES field that will hold the file: field="attachment.file".')
        return await self._workspace.field(object_, name)

    def _url(self, file: HasUrl | str) -> str:
        url = file if isinstance(file, str) else file.url
        if url is None and isinstance(file, UploadedFile) and file.token:
            folder, _, name = file.path.rpartition("/")
            return f"{self._base_url}/files/{quote(folder)}/{quote(file.token)}/{quote(name)}"
        if url is None or urlsplit(url).scheme not in ("http", "https"):
            raise InvalidArgument(f"this is no address of a file: {url}.")
        return url


def _content(reply: Reply) -> bytes:
    if reply.status == 200:
        return reply.body
    error = failure(reply, graphql=False)
    if isinstance(error, PermissionDenied):
        message = "the file's address is not good, or no longer: read the record again, which brings a new one."
        raise PermissionDenied(message, status=reply.status, errors=error.errors, code=error.code)
    raise error or UnexpectedResponse(
        f"HTTP {reply.status} instead of a file.", status=reply.status, content_type=reply.content_type
    )


def _name(source: Source) -> str:
    name = getattr(source, "name", None) if not isinstance(source, os.PathLike) else os.fspath(source)
    if not isinstance(name, str):
        raise InvalidArgument("upload() needs a filename for content that has none of its own.")
    return Path(name).name


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
