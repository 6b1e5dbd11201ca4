"""Uploaded files: stored in the database, downloaded through signed URLs that are valid for a day."""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from aiohttp import web
from graphql import GraphQLError

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.errors import as_text
from aiotwenty.sandbox.javascript_messages import whole_number
from aiotwenty.sandbox.metadata.multipart import FilePart
from aiotwenty.sandbox.model.names import kebab
from aiotwenty.sandbox.model.workspace import SandboxWorkspace, later, new_id, now

DOWNLOAD_SECONDS = 24 * 60 * 60
UPLOAD_SECONDS = 15 * 60
FOLDER = "files-field"
MAX_BYTES = 1024**3
_SAFE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/csv"})
"""Media types that are kept; other files are stored as bytes, which no browser executes."""
_PARSED_TYPES = frozenset({"text/plain", "application/json", "application/x-www-form-urlencoded"})


@dataclass(frozen=True, slots=True)
class StoredFile:
    id: str
    name: str
    content_type: str
    size: int
    created_at: str

    @property
    def extension(self) -> str:
        """The extension with its dot: `.pdf`; empty without one."""
        return PurePath(self.name).suffix


class FileStore:
    """The files of a workspace. Their URLs are signed, so that they work without a key, and for a limited time."""

    def __init__(self, connection: sqlite3.Connection, workspace: SandboxWorkspace, url: Callable[[], str]) -> None:
        self._connection = connection
        self._workspace = workspace
        self._url = url
        connection.execute(
            'CREATE TABLE IF NOT EXISTS "_files" (id TEXT PRIMARY KEY, name TEXT NOT NULL, content_type TEXT NOT NULL, '
            "size INTEGER NOT NULL, created_at TEXT NOT NULL, data BLOB, complete INTEGER NOT NULL)"
        )

    def save(self, upload: FilePart) -> StoredFile:
        file = StoredFile(new_id(), upload.name, upload.content_type, len(upload.data), now())
        self._insert(file, upload.data, complete=True)
        return file

    def check(self, file_ids: Iterable[str]) -> None:
        """Raises `RecordError` for unknown files, and for those whose upload isn't complete."""
        for file_id in file_ids:
            row = self._connection.execute('SELECT complete FROM "_files" WHERE id = ?', (file_id,)).fetchone()
            if row is None:
                raise errors.RecordError(f"File not found: {file_id}", friendly="File not found.")
            if not row[0]:
                raise errors.RecordError(f"File {file_id} upload has not been completed", friendly=errors.GENERIC)

    def find(self, file_id: str) -> StoredFile | None:
        row = self._connection.execute(
            'SELECT id, name, content_type, size, created_at FROM "_files" WHERE id = ?', (file_id,)
        ).fetchone()
        return StoredFile(*row) if row else None

    def show(self, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The value of a FILES field as responses have it: with extension and signed URL."""
        shown = []
        for entry in listed:
            file = self.find(entry["fileId"])
            extension = file.extension if file else PurePath(entry["label"]).suffix
            shown.append({**entry, "extension": extension, "url": self.download_url(entry["fileId"])})
        return shown

    def described(self, file: StoredFile) -> dict[str, Any]:
        """The file as the upload mutations return it."""
        return {
            "id": file.id,
            "path": f"{FOLDER}/{file.id}{file.extension}",
            "size": file.size,
            "createdAt": file.created_at,
            "url": self.download_url(file.id),
        }

    def download_url(self, file_id: str) -> str:
        return f"{self._url()}/file/{FOLDER}/{file_id}?token={self._token('download', file_id, DOWNLOAD_SECONDS)}"

    # Uploads in two steps

    def begin(self, name: str, size: float, folder: str, has_field: bool) -> dict[str, Any]:
        """An address to PUT a file to, within 15 minutes."""
        if folder != "FilesField":
            raise _refused(f"Direct upload is not supported for file folder {kebab(folder)}")
        if not has_field:
            raise _refused("fieldMetadataId or fieldMetadataUniversalIdentifier must be provided")
        if not PurePath(name).suffix:
            raise _refused("Filename must have an extension", "Access denied.")
        if not 1 <= size <= MAX_BYTES or size != int(size):
            message = f"Invalid file size {as_text(int(size) if size == int(size) else size)} (max {MAX_BYTES} bytes)"
            raise _refused(message, "The file is empty or exceeds the maximum allowed size.")
        guessed = mimetypes.guess_type(name)[0] or ""
        content_type = guessed if guessed in _SAFE_TYPES else "application/octet-stream"
        file = StoredFile(new_id(), name, content_type, int(size), now())
        self._insert(file, None, complete=False)
        token = self._token("upload", file.id, UPLOAD_SECONDS)
        return {
            "fileId": file.id,
            "uploadUrl": f"{self._url()}/file-upload/{file.id}?token={token}",
            "contentType": content_type,
            "expiresAt": later(seconds=UPLOAD_SECONDS),
        }

    def complete(self, file_id: str) -> dict[str, Any]:
        file = self.find(file_id)
        if file is None:
            raise _refused(f"File not found: {file_id}", "File not found.")
        arrived = self._connection.execute(
            'UPDATE "_files" SET complete = 1 WHERE id = ? AND data IS NOT NULL', (file_id,)
        ).rowcount
        if not arrived:
            raise _refused(f"File {file_id} has not been uploaded to storage yet")
        return self.described(file)

    # Requests

    async def download(self, request: web.Request) -> web.StreamResponse:
        """GET /file/{folder}/{id}?token=…"""
        file_id = request.match_info["id"].partition(".")[0]
        if not self._valid("download", file_id, request.query.get("token", "")):
            return _forbidden()
        file = self.find(file_id)
        data = self._connection.execute('SELECT data FROM "_files" WHERE id = ?', (file_id,)).fetchone()
        if file is None or data is None or data[0] is None:
            return _failed(404, "NotFoundException", "File not found")
        content_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = {"Content-Disposition": "inline", "Cache-Control": "private, max-age=86400, immutable"}
        return web.Response(body=data[0], content_type=content_type, headers=headers)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """PUT /file-upload/{id}?token=…"""
        file_id = request.match_info["id"]
        file = self.find(file_id)
        if file is None or not self._valid("upload", file_id, request.query.get("token", "")):
            return _forbidden()
        (complete,) = self._connection.execute('SELECT complete FROM "_files" WHERE id = ?', (file_id,)).fetchone()
        if complete:
            return _failed(400, "FILE_NOT_AWAITING_UPLOAD", f"File {file_id} is not awaiting an upload")
        data = bytearray()
        async for chunk in request.content.iter_any():
            data += chunk
            if len(data) > file.size:
                message = f"Uploaded more bytes than the {file.size} that were declared"
                return _failed(413, "FILE_TOO_LARGE", message)
        if request.content_type in _PARSED_TYPES:
            # The framework has read the body already.
            data.clear()
        if len(data) < file.size:
            message = f"Uploaded {len(data)} bytes but {file.size} were declared"
            return _failed(400, "FILE_SIZE_MISMATCH", message)
        self._connection.execute('UPDATE "_files" SET data = ? WHERE id = ?', (bytes(data), file_id))
        return web.Response(status=204)

    def _insert(self, file: StoredFile, data: bytes | None, *, complete: bool) -> None:
        values = (file.id, file.name, file.content_type, file.size, file.created_at, data, complete)
        self._connection.execute('INSERT INTO "_files" VALUES (?, ?, ?, ?, ?, ?, ?)', values)

    def _token(self, purpose: str, file_id: str, seconds: int) -> str:
        expires = int(time.time()) + seconds
        return f"{expires}.{self._signature(purpose, file_id, str(expires))}"

    def _valid(self, purpose: str, file_id: str, token: str) -> bool:
        expires, _, given = token.partition(".")
        seconds = whole_number(expires)
        if seconds is None or seconds < time.time():
            return False
        return hmac.compare_digest(self._signature(purpose, file_id, expires).encode(), given.encode(errors="replace"))

    def _signature(self, purpose: str, file_id: str, expires: str) -> str:
        key = hashlib.sha256(self._workspace.api_key.encode()).digest()
        return hmac.new(key, f"{purpose}:{file_id}:{expires}".encode(), hashlib.sha256).hexdigest()


def _refused(message: str, friendly: str = errors.GENERIC) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "INTERNAL_SERVER_ERROR", "userFriendlyMessage": friendly})


def _forbidden() -> web.Response:
    body = {"message": "Forbidden resource", "error": "Forbidden", "statusCode": 403}
    return web.json_response(body, status=403)


def _failed(status: int, error: str, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "error": error, "messages": [message]}, status=status)
