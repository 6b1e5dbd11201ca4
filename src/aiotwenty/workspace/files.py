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
"""Bytes of a file that the server takes (Twenty, July 2026)."""


class UploadOptions(TypedDict, total=False):
    """What an upload may be told."""

    filename: str
    """What the file is called; needed for content that has no name of its own."""
    content_type: str
    """Its media type, where it goes with the request; else the server knows by the name."""
    size: int
    """The bytes of a stream, where they are known."""
    max_size: int
    """Bytes above which a file is refused, before anything of it is sent if its size is known."""
    progress: Progress
    """Is called with the bytes that are sent and the bytes of all; it begins anew with another attempt."""
    timeout: float
    """Seconds for an attempt; by default the client's, and one more for each 64 KB."""


class Files:
    """Uploads and downloads. A file is never in memory as a whole, unless it is given or asked for so."""

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
        """Upload a file and hang it on a record, as people do on the record's page.

        Of a record that is given by its id, `object` says what it is: "company". `name` is what the attachment is
        called, by default like the file. The attachment gets its id here (or the one that is given): one whose answer
        was lost is settled, once. The options are those of `upload`.
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
        """Attach the files that a column of a table names, to the records that its other columns tell.

        `rows` is what `load` takes: a path of a CSV or another file, or mappings. The column `file` has paths below
        `folder`; what lies elsewhere is a reject, for the table may be somebody else's. `by` says which column finds
        the record, as `{"E-mail": "emails.primaryEmail"}` or `{"id": "id"}`; a row without a file is passed over.

        Each attachment gets its id from its record, its name and its content. So run again, after a crash or a
        correction, only what is not there yet is uploaded: what was attached before is counted as `already_attached`,
        also if somebody has deleted it since. `progress` is called with the report after each hundred rows.
        """
        job = RowAttachments(self, self._attachments, object, file, by, Path(folder), max_size)
        return await job.run(rows, concurrency, progress)

    async def upload(
        self, source: Source, *, field: Field | str | None = None, **options: Unpack[UploadOptions]
    ) -> UploadedFile:
        """Send a file: bytes, a path, an open binary file (from where it stands), or an async stream of bytes.

        `field` is the FILES field that will hold it: `object.field`, or one of `twenty.workspace`. Servers of 2025
        don't need it.

        The server wants to know the size first: a stream without `size` is kept in a temporary file meanwhile. With
        `size` it is sent as it comes, and not again should that fail.

        A file goes to where the server says, and again where an answer is lost; only to older servers, and where it is
        empty or has no extension, with the request itself, which is not repeated (Twenty, July 2026).
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
        """The content of a file, by its signed url: in memory, or written to `to`, whole or not at all.

        The url comes with the record, in a field of type FILES (`attachment.file[0]`). The API key is not sent: the
        url's own token admits, for a day (`PermissionDenied` after that; Twenty, July 2026).

        What goes `to` a path is streamed to a file beside it that only its owner may read, and put in its place when
        it is complete: by the length that the server said, by the `size` of what an upload gave, and by `sha256` if
        that is given. Broken off, it is gone on with where the server does ranges, and else begun anew. `timeout` is
        in seconds, there without a byte. More than `max_size` bytes are a `ConfigurationError`.
        """
        if to is None:
            terms = replace(
                self._terms,
                timeout=timeout or self._terms.timeout,
                # A file is as large as it is.
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
        """The SHA-256 and the size of a file that the server has, read as `download` does; nothing is kept of it."""
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
    """Of an answer whose body has been received."""
    if reply.status not in (200, 206):
        _content(reply)


def _name(source: Source) -> str:
    name = getattr(source, "name", None) if not isinstance(source, os.PathLike) else os.fspath(source)
    if not isinstance(name, str):
        raise InvalidArgument("upload() needs a filename for this content.")
    return Path(name).name
