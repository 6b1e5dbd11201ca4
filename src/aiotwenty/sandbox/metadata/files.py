"""Uploaded files: kept in the database, downloaded through signed URLs that last a day."""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from aiohttp import web
from graphql import GraphQLError

from aiotwenty.sandbox.metadata.multipart import Upload
from aiotwenty.sandbox.model.workspace import Workspace, new_id, now

DOWNLOAD_SECONDS = 24 * 60 * 60
UPLOAD_SECONDS = 15 * 60
FOLDER = "files-field"


@dataclass(frozen=True, slots=True)
class StoredFile:
    id: str
    name: str
    content_type: str
    size: int
    created_at: str

    @property
    def extension(self) -> str:
        """With its dot: `.pdf`; empty if the name has none."""
        return PurePath(self.name).suffix


class Files:
    """The files of a workspace. A URL is signed, so that it works without a key and only for its time."""

    def __init__(self, connection: sqlite3.Connection, workspace: Workspace, url: Callable[[], str]) -> None:
        self._connection = connection
        self._workspace = workspace
        self._url = url
        connection.execute(
            'CREATE TABLE IF NOT EXISTS "_files" (id TEXT PRIMARY KEY, name TEXT NOT NULL, content_type TEXT NOT NULL, '
            "size INTEGER NOT NULL, created_at TEXT NOT NULL, data BLOB)"
        )

    def save(self, upload: Upload) -> StoredFile:
        file = StoredFile(new_id(), upload.name, upload.content_type, len(upload.data), now())
        self._insert(file, upload.data)
        return file

    def find(self, file_id: str) -> StoredFile | None:
        row = self._connection.execute(
            'SELECT id, name, content_type, size, created_at FROM "_files" WHERE id = ?', (file_id,)
        ).fetchone()
        return StoredFile(*row) if row else None

    def show(self, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The value of a FILES field as answers have it: with extension and signed URL."""
        shown = []
        for each in listed:
            file = self.find(each["fileId"])
            extension = file.extension if file else PurePath(each["label"]).suffix
            shown.append({**each, "extension": extension, "url": self.download_url(each["fileId"])})
        return shown

    def described(self, file: StoredFile) -> dict[str, Any]:
        """As the upload mutations return it."""
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

    def begin(self, name: str, size: int) -> dict[str, Any]:
        """A place to PUT a file to, within 15 minutes."""
        content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = StoredFile(new_id(), name, content_type, size, now())
        self._insert(file, None)
        expires = datetime.fromtimestamp(time.time() + UPLOAD_SECONDS, UTC)
        token = self._token("upload", file.id, UPLOAD_SECONDS)
        return {
            "fileId": file.id,
            "uploadUrl": f"{self._url()}/file/upload/{file.id}?token={token}",
            "contentType": content_type,
            "expiresAt": expires.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }

    def complete(self, file_id: str) -> dict[str, Any]:
        arrived = self._connection.execute(
            'UPDATE "_files" SET size = length(data) WHERE id = ? AND data IS NOT NULL', (file_id,)
        ).rowcount
        file = self.find(file_id)
        if file is None or not arrived:
            message = f"File {file_id} was not uploaded"
            raise GraphQLError(message, extensions={"code": "BAD_USER_INPUT", "userFriendlyMessage": message})
        return self.described(file)

    # Requests

    async def download(self, request: web.Request) -> web.StreamResponse:
        """GET /file/{folder}/{id}?token=…"""
        file_id = request.match_info["id"].partition(".")[0]
        if not self._valid("download", file_id, request.query.get("token", "")):
            return _refused()
        file = self.find(file_id)
        data = self._connection.execute('SELECT data FROM "_files" WHERE id = ?', (file_id,)).fetchone()
        if file is None or data is None or data[0] is None:
            body = {"statusCode": 404, "error": "NotFoundException", "messages": ["File not found"]}
            return web.json_response(body, status=404)
        return web.Response(body=data[0], content_type=file.content_type)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """PUT /file/upload/{id}?token=…"""
        file_id = request.match_info["id"]
        if not self._valid("upload", file_id, request.query.get("token", "")):
            return _refused()
        data = b"".join([chunk async for chunk in request.content.iter_any()])
        self._connection.execute('UPDATE "_files" SET data = ? WHERE id = ?', (data, file_id))
        return web.Response(status=200)

    def _insert(self, file: StoredFile, data: bytes | None) -> None:
        values = (file.id, file.name, file.content_type, file.size, file.created_at, data)
        self._connection.execute('INSERT INTO "_files" VALUES (?, ?, ?, ?, ?, ?)', values)

    def _token(self, purpose: str, file_id: str, seconds: int) -> str:
        expires = int(time.time()) + seconds
        return f"{expires}.{self._signature(purpose, file_id, expires)}"

    def _valid(self, purpose: str, file_id: str, token: str) -> bool:
        expires, _, given = token.partition(".")
        if not expires.isdigit() or int(expires) < time.time():
            return False
        return hmac.compare_digest(self._signature(purpose, file_id, int(expires)).encode(), given.encode())

    def _signature(self, purpose: str, file_id: str, expires: int) -> str:
        key = hashlib.sha256(self._workspace.api_key.encode()).digest()
        return hmac.new(key, f"{purpose}:{file_id}:{expires}".encode(), hashlib.sha256).hexdigest()


def _refused() -> web.Response:
    body = {"statusCode": 403, "error": "FORBIDDEN_EXCEPTION", "messages": ["Forbidden resource"]}
    return web.json_response(body, status=403)
