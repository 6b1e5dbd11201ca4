"""Files: `twenty.files`. An upload gives a file its id; a record then holds it in a field of type FILES.

    await twenty.files.attach(company, Path("offer.pdf"))

    file = await twenty.files.upload(Path("offer.pdf"), field="attachment.file")
    await twenty.attachments.create_one({"name": "Offer", "file": [file.reference]})

Servers of 2025 have no such fields: there an upload gives a path and a token, and Attachment.fullPath takes the path.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack, overload
from urllib.parse import quote, urlsplit
from uuid import uuid4

from aiotwenty.errors import InvalidArgument, PermissionDenied, UnexpectedResponse
from aiotwenty.graphql.executor import Executor
from aiotwenty.graphql.models import UUID, Record
from aiotwenty.transport.engine import Engine
from aiotwenty.transport.exchange import Call, Reply
from aiotwenty.transport.failures import failure
from aiotwenty.transport.terms import STANDARD, Terms
from aiotwenty.workspace import Workspace
from aiotwenty.workspace.attachment_rows import AttachReport, RowAttachments
from aiotwenty.workspace.attachments import FIELD, Attachments, record_of
from aiotwenty.workspace.data_model import Field
from aiotwenty.workspace.file_content import Progress, Source, content_of
from aiotwenty.workspace.file_download import Digest, Download, DownloadedFile, FileDigest
from aiotwenty.workspace.file_models import AttachedFile, HasUrl, UploadedFile
from aiotwenty.workspace.file_upload import Upload

if TYPE_CHECKING:
    from aiotwenty.bulk.source import Rows

__all__ = ["AttachReport", "AttachedFile", "DownloadedFile", "FileDigest", "Files", "UploadedFile"]

T = TypeVar("T")

MAX_SIZE = 1024**3
"""The most bytes of a file that the server accepts (Twenty, July 2026)."""


class UploadOptions(TypedDict, total=False):
    """Options of an upload."""

    filename: str
    """The name of the file; required for content without a name."""
    content_type: str
    """The media type in a request with a file; newer servers derive it from the name."""
    size: int
    """The size of a stream in bytes, if known."""
    max_size: int
    """The most bytes; a larger file is refused, before anything is sent if its size is known."""
    progress: Progress
    """Called with the bytes sent and the total; begins at 0 again for each attempt."""
    timeout: float
    """The seconds for an attempt; by default the client's timeout plus a second for each 64 KB."""


class Files:
    """Uploads and downloads. Files are streamed, unless the content is passed or requested as bytes."""

    def __init__(
        self, client: Executor, workspace: Workspace, base_url: str, engine: Engine, terms: Terms = STANDARD
    ) -> None:
        self._workspace = workspace
        self._attachments = Attachments(client, workspace)
        self._base_url = base_url
        self._engine = engine
        self._terms = terms

    async def attach(
        self,
        record: Record | UUID | str,
        source: Source,
        *,
        object: str | None = None,
        name: str | None = None,
        id: UUID | None = None,
        **options: Unpack[UploadOptions],
    ) -> AttachedFile:
        """Uploads a file and attaches it to a record, as on the record's page.

        If the record is passed as an id, `object` is its object: "company". `name` is the name of the attachment, by
        default that of the file. The client sets the id of the attachment (unless one is passed), so it is created
        once, even if a response is lost. The options are those of `upload`.
        """
        identity, singular = record_of(record, object)
        key = await self._attachments.key_to(singular)
        file = await self.upload(source, field=FIELD, **options)
        attached = AttachedFile(id=id or uuid4(), name=name or file.label, file=file)
        await self._attachments.create(attached, key, identity)
        return attached

    async def attach_rows(
        self,
        object: str,
        rows: Rows,
        *,
        file: str,
        by: Mapping[str, str],
        folder: os.PathLike[str],
        concurrency: int = 4,
        max_size: int = MAX_SIZE,
        progress: Callable[[AttachReport], object] | None = None,
    ) -> AttachReport:
        """Attaches the files named in one column of a table to the records identified by its other columns.

        `rows` is the same as for `load`: a path of a CSV or other file, or mappings. The column `file` has paths below
        `folder`; other paths are rejected, because the table may come from somebody else. `by` maps the column that
        identifies the record, as in `{"E-mail": "emails.primaryEmail"}` or `{"id": "id"}`; rows without a file are
        skipped.

        The id of each attachment is derived from its record, name and content. So if it is run again after a crash or a
        correction, only missing files are uploaded: the others count as `already_attached`,
        even if somebody has deleted them since. `progress` is called with the report after each hundred rows.
        """
        job = RowAttachments(self, self._attachments, object, file, by, Path(folder), max_size)
        return await job.run(rows, concurrency, progress)

    async def upload(
        self, source: Source, *, field: Field | str | None = None, **options: Unpack[UploadOptions]
    ) -> UploadedFile:
        """Sends a file: bytes, a path, an open binary file (from its current position), or an async stream of bytes.

        `field` is the FILES field that will hold it: `object.field`, or one of `twenty.workspace`. Servers of 2025
        don't need it.

        The server requires the size first: a stream without `size` is stored in a temporary file. With
        `size`, it is sent directly, and not retried.

        The file is uploaded to an address from the server, and retried if a response is lost. For older servers, and
        for files that are empty or without an extension, it is part of the request, which is not retried (Twenty,
        July 2026).
        """
        if isinstance(source, str):
            raise InvalidArgument("upload() takes a path as pathlib.Path, and content as bytes: not a str.")
        name = options.get("filename") or _name(source)
        most = options.get("max_size", MAX_SIZE)
        async with content_of(
            source, size=options.get("size"), max_size=most, progress=options.get("progress")
        ) as content:
            sending = Upload(self._workspace, self._base_url, self._engine, self._terms)
            answer = await sending.send(content, name, field, options.get("content_type"), options.get("timeout"))
        return UploadedFile.model_validate({"label": name, **answer})

    @overload
    async def download(
        self,
        file: HasUrl | str,
        *,
        to: None = None,
        max_size: int | None = None,
        timeout: float | None = None,
    ) -> bytes: ...

    @overload
    async def download(
        self,
        file: HasUrl | str,
        *,
        to: os.PathLike[str],
        max_size: int | None = None,
        sha256: str | None = None,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> DownloadedFile: ...

    async def download(
        self,
        file: HasUrl | str,
        *,
        to: os.PathLike[str] | None = None,
        max_size: int | None = None,
        sha256: str | None = None,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> bytes | DownloadedFile:
        """The content of a file, by its signed url: in memory, or written to `to`, completely or not at all.

        The url comes with the record, in a field of type FILES (`attachment.file[0]`). The API key is not sent: the
        url has a token, valid for a day (`PermissionDenied` after that; Twenty, July 2026).

        With `to`, it is streamed to a temporary file that only its owner can read, and moved to the path when
        it is complete: by the length from the server, by the `size` of an uploaded file, and by `sha256` if
        passed. If the connection breaks, it resumes if the server supports ranges, and else starts again. `timeout` is
        in seconds without a byte. More than `max_size` bytes are a `ConfigurationError`.
        """
        if to is None:
            terms = replace(
                self._terms,
                timeout=timeout or self._terms.timeout,
                # The limit for responses doesn't apply to files.
                max_answer_bytes=sys.maxsize if max_size is None else max_size,
            )
            return await self._engine.send(self._get(file, terms, _content))
        download = Download(Path(to), max_size, progress)
        try:
            terms = replace(self._terms, timeout=timeout or self._terms.timeout)
            call = self._get(file, terms, _no_content)
            await self._engine.send(replace(call, headers=download.headers, receive=download.receive))
            size = file.size if isinstance(file, UploadedFile) else None
            return await download.finish(None if size is None else int(size), sha256)
        finally:
            download.discard()

    async def digest(self, file: HasUrl | str) -> FileDigest:
        """The SHA-256 and the size of a file on the server, which is read as in `download`, but not stored."""
        digest = Digest()
        call = self._get(file, self._terms, _no_content)
        await self._engine.send(replace(call, headers=digest.headers, receive=digest.receive))
        return digest.finish()

    def _get(self, file: HasUrl | str, terms: Terms, read: Callable[[Reply], T]) -> Call[T]:
        return Call(
            name="download",
            kind="GET",
            method="GET",
            url=self._url(file),
            read=read,
            reads=True,
            repeatable=True,
            limited=False,
            authorized=False,
            terms=terms,
        )

    def _url(self, file: HasUrl | str) -> str:
        url = file if isinstance(file, str) else file.url
        if url is None and isinstance(file, UploadedFile) and file.token:
            folder, _, name = file.path.rpartition("/")
            return f"{self._base_url}/files/{quote(folder)}/{quote(file.token)}/{quote(name)}"
        if url is None or urlsplit(url).scheme not in ("http", "https"):
            raise InvalidArgument(f"this is not the URL of a file: {url}.")
        return url


def _content(reply: Reply) -> bytes:
    if reply.status == 200:
        return reply.body
    error = failure(reply, graphql=False)
    if isinstance(error, PermissionDenied):
        message = "the file's URL is invalid or expired: read the record again for a new one."
        raise PermissionDenied(message, status=reply.status, errors=error.errors, code=error.code)
    raise error or UnexpectedResponse(
        f"HTTP {reply.status} instead of a file.", status=reply.status, content_type=reply.content_type
    )


def _no_content(reply: Reply) -> None:
    """Reads a response whose body was received separately."""
    if reply.status not in (200, 206):
        _content(reply)


def _name(source: Source) -> str:
    name = getattr(source, "name", None) if not isinstance(source, os.PathLike) else os.fspath(source)
    if not isinstance(name, str):
        raise InvalidArgument("upload() needs a filename for this content.")
    return Path(name).name
