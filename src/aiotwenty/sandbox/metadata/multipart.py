"""GraphQL multipart requests: operations with files, see the GraphQL multipart request specification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, web

from aiotwenty.sandbox.javascript_messages import JsonError, read_json
from aiotwenty.sandbox.limits import MAX_BODY_BYTES


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file in a multipart request."""

    name: str
    content_type: str
    data: bytes


class MultipartError(Exception):
    """A multipart request that violates the specification."""


async def read_multipart(request: web.Request) -> dict[str, Any]:
    """The operation of a GraphQL multipart request, with its files in the places of the map (`variables.file`)."""
    try:
        fields = await _fields(request)
    except ValueError as error:
        if "boundary missed" in str(error):
            raise MultipartError("Multipart: Boundary not found") from None
        raise MultipartError("Unexpected end of form") from None
    operations, places = fields.get("operations"), fields.get("map")
    if not isinstance(operations, dict):
        raise MultipartError("Missing multipart field 'operations'.")
    if not isinstance(places, dict):
        raise MultipartError("Missing multipart field 'map'.")
    for name, paths in places.items():
        upload = fields.get(name)
        if not isinstance(upload, FilePart):
            raise MultipartError(f"File missing in the request: {name}.")
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise MultipartError(f"Invalid type for the 'map' multipart field entry key '{name}': a list of paths.")
        for path in paths:
            _put(operations, path.split("."), upload)
    return operations


async def _fields(request: web.Request) -> dict[str, Any]:
    """The parts by name. Raises `ValueError` if the body isn't multipart."""
    fields: dict[str, Any] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise MultipartError("A multipart request may not be nested, and each of its parts needs a name.")
        # With smaller chunks, aiohttp may read too much and put the rest back, with a deprecation warning.
        part.chunk_size = MAX_BODY_BYTES
        data = bytes(await part.read(decode=False))
        if part.filename is None and part.name in ("operations", "map"):
            try:
                fields[part.name] = read_json(data.decode(errors="replace"))
            except JsonError:
                raise MultipartError(f"Invalid JSON in the '{part.name}' multipart field.") from None
        else:
            content_type = part.headers.get("Content-Type", "application/octet-stream")
            fields[part.name] = FilePart(part.filename or part.name, content_type, data)
    return fields


def _put(operations: Any, path: list[str], upload: FilePart) -> None:
    into = operations
    try:
        for step in path[:-1]:
            into = into[int(step)] if isinstance(into, list) else into[step]
        last = path[-1]
        into[int(last) if isinstance(into, list) else last] = upload
    except (KeyError, IndexError, ValueError, TypeError):
        raise MultipartError(f"Invalid object path for the 'map' multipart field: {'.'.join(path)}.") from None
