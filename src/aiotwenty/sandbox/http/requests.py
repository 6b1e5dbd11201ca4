"""Reads requests. Unreadable ones get the responses of Twenty's body parser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.javascript_messages import JsonError, read_json, to_json, unexpected_token
from aiotwenty.sandbox.metadata.multipart import MultipartError, read_multipart

_BODYLESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


class RefusedError(Exception):
    """A request that was refused while it was read."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass(slots=True)
class RequestBody:
    """A request's body: JSON, or its equivalent in another content type."""

    payload: Any = None
    static_only: bool = False
    """Whether it was sent as `application/graphql`, which reaches only the static schema."""


@dataclass(slots=True)
class GraphQLCall:
    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None


def failed(status: int, message: str, error: str) -> web.Response:
    """An error in the form of the HTTP framework, outside of GraphQL and REST."""
    body = to_json({"message": message, "error": error, "statusCode": status})
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")


def graphql_failed(status: int, message: str) -> web.Response:
    return web.json_response({"errors": [{"message": message}]}, status=status)


async def read_call(request: web.Request, dialect: Dialect) -> RequestBody:
    if request.method in _BODYLESS:
        return RequestBody()
    if request.content_type == "multipart/form-data":
        try:
            return RequestBody(await read_multipart(request))
        except MultipartError as error:
            raise RefusedError(failed(400, str(error), "Bad Request")) from None
    try:
        raw = await request.read()
    except web.RequestPayloadError:
        # The rest of the body can't be read, and aiohttp must not try.
        request.content.feed_eof()
        response = failed(400, "incorrect header check", "Bad Request")
        response.force_close()
        raise RefusedError(response) from None
    except web.HTTPRequestEntityTooLarge:
        # Not 413; the older server sends no text.
        text = "" if not dialect.explains_large_bodies else json.dumps("request entity too large")
        raise RefusedError(web.Response(status=500, text=text, content_type="application/json")) from None
    match request.content_type:
        case "application/json":
            return RequestBody(_parsed_body(raw) if raw.strip() else None)
        case "application/x-www-form-urlencoded":
            return RequestBody(dict(await request.post()))
        case "application/graphql":
            return RequestBody({"query": raw.decode(errors="replace")}, static_only=True)
    if not raw:
        return RequestBody()
    raise RefusedError(web.Response(status=415))


def _parsed_body(raw: bytes) -> Any:
    """The body parser accepts objects and lists only."""
    made = _parsed(raw)
    if not isinstance(made, dict | list):
        text = raw.decode(errors="replace").strip()
        raise RefusedError(failed(400, unexpected_token(text, 0), "Bad Request"))
    return made


def _parsed(raw: bytes) -> Any:
    text = raw.decode(errors="replace")
    try:
        return read_json(text)
    except JsonError as error:
        raise RefusedError(failed(400, str(error), "Bad Request")) from None


async def graphql_call(request: web.Request, call: RequestBody) -> GraphQLCall:
    """The document and its variables. A request without a document is never answered (Twenty, July 2026)."""
    payload = dict(request.query) if request.method == "GET" else call.payload
    if isinstance(payload, list):
        raise RefusedError(graphql_failed(400, "Batching is not supported."))
    if not payload and request.method != "GET":
        await asyncio.Event().wait()
    query = payload.get("query") if isinstance(payload, Mapping) else None
    if not isinstance(query, str) or not query:
        raise RefusedError(graphql_failed(200, "Must provide query string."))
    variables, name = payload.get("variables"), payload.get("operationName")
    if isinstance(variables, str):
        variables = _parsed(variables.encode()) if variables else None
    return GraphQLCall(
        query, variables if isinstance(variables, dict) else {}, name if isinstance(name, str) and name else None
    )
