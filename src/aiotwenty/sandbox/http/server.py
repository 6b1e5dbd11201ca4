"""The HTTP side: routes, keys, content types, and the peculiarities of Twenty's transport."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.faults import Faults
from aiotwenty.sandbox.http import fault_injection, mcp, rest_metadata
from aiotwenty.sandbox.http.graphql_execution import Core, RecordAnswer
from aiotwenty.sandbox.http.open_api import core_document, metadata_document
from aiotwenty.sandbox.http.requests import (
    GraphQLCall,
    RefusedError,
    RequestBody,
    failed,
    graphql_call,
    graphql_failed,
    read_call,
)
from aiotwenty.sandbox.http.rest import RecordsOverRest
from aiotwenty.sandbox.http.rest_metadata import MetadataOverRest
from aiotwenty.sandbox.javascript_messages import to_json
from aiotwenty.sandbox.language.schema_execution import Answer, Subscribed
from aiotwenty.sandbox.limits import MAX_AFFECTED_RECORDS, MAX_BODY_BYTES, TokenBuckets
from aiotwenty.sandbox.metadata.files import FileStore
from aiotwenty.sandbox.metadata.resolvers import Metadata
from aiotwenty.sandbox.model import refused_callers
from aiotwenty.sandbox.model.workspace import Caller, SandboxWorkspace
from aiotwenty.sandbox.records.streams import EventStreams
from aiotwenty.sandbox.records.times import begun

_BEARER = re.compile(r"bearer\s+(\S+)", re.IGNORECASE)
_GRAPHQL_JSON = "application/graphql-response+json"
_EVENTS = "text/event-stream"
_COMMENT_SECONDS = 12
_COMMENTS_PER_EVENT = 2
"""Comments after which an empty event is sent too."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CallHandler = Callable[[web.Request, RequestBody], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Endpoints:
    """Answers the requests for one workspace."""

    workspace: SandboxWorkspace
    core: Core
    metadata: Metadata
    rest: RecordsOverRest
    rest_metadata: MetadataOverRest
    files: FileStore
    streams: EventStreams
    faults: Callable[[], Faults]
    limiter: Callable[[], TokenBuckets]
    dialect: Dialect
    url: Callable[[], str]

    def application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_framework])
        router = application.router
        for path, execute in (("/graphql", self._core), ("/metadata", self._metadata)):
            handler = self._disturbed(self._graphql(execute))
            router.add_route("*", path, handler)
            if not self.dialect.takes_trailing_slash:
                router.add_route("*", f"{path}/", _nothing_here)
            else:
                router.add_route("*", f"{path}/", handler)
        router.add_get("/healthz", _health)
        router.add_get("/client-config", _client_config)
        router.add_get("/file/{folder}/{id}", self._disturbed(self._download))
        router.add_put("/file-upload/{id}", self._disturbed(self._receive, reads_body=False))
        if self.dialect.serves_assistants:
            router.add_route("*", "/mcp", self._disturbed(self._mcp))
            router.add_get(mcp.RESOURCE_PATH, self._mcp_resource)
        router.add_get("/rest/open-api/core", self._disturbed(self._open_api))
        router.add_get("/rest/open-api/metadata", self._disturbed(self._open_api_metadata))
        router.add_route("*", "/rest/{path:.+}", self._disturbed(self._rest_records))
        application.on_response_prepare.append(self._headers)
        return application

    async def _headers(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.popall("Server", None)
        response.headers["X-Powered-By"] = "Express"
        response.headers["Access-Control-Allow-Origin"] = "*"
        if self.dialect.exposes_headers:
            response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
        if request.keep_alive and response.keep_alive is not False:
            response.headers["Connection"] = "keep-alive"
            response.headers["Keep-Alive"] = f"timeout={self.dialect.keeps_alive_seconds}"

    def _disturbed(self, handler: CallHandler, *, reads_body: bool = True) -> Handler:
        """A handler with faults. It gets a request with its body read, unless it reads that itself."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                call = await read_call(request, self.dialect) if reads_body else RequestBody()
                roots = self._asked(request, call) if self.faults() else {}
                struck = self.faults().struck(roots.values())
                for fault in struck:
                    response = await fault_injection.instead(request, fault, roots, self.dialect)
                    if response is not None:
                        return response
                with begun(max((fault.seconds for fault in struck if fault.kind == "late-commit"), default=0)):
                    response = await handler(request, call)
            except RefusedError as refused:
                return refused.response
            for fault in struck:
                response = await fault_injection.afterwards(request, response, fault, roots)
            return response

        return handle

    def _asked(self, request: web.Request, call: RequestBody) -> dict[str, str]:
        """The names by which faults choose a request: its root fields by response key, or the parts of its path."""
        if isinstance(call.payload, dict) and isinstance(call.payload.get("query"), str):
            name = call.payload.get("operationName")
            return self.core.root_fields(call.payload["query"], name if isinstance(name, str) else None)
        return {part: part for part in request.path.strip("/").split("/")}

    def _caller(self, request: web.Request) -> Caller | None:
        """The caller; None without a token. Raises `RecordError` for an invalid token."""
        match = _BEARER.search(request.headers.get("Authorization", ""))
        return None if match is None else self.workspace.caller(match[1])

    # GraphQL

    def _graphql(self, execute: Callable[[GraphQLCall, Caller | None], Answer]) -> CallHandler:
        async def handle(request: web.Request, call: RequestBody) -> web.StreamResponse:
            self._check_method(request)
            query = await graphql_call(request, call)
            try:
                caller = self._caller(request)
            except errors.RecordError as error:
                return self._respond(request, RecordAnswer({"errors": [error.as_dict()]}))
            if self._forbids_mutations(request) and self.core.is_mutation(query.query, query.operation_name):
                message = "Can only perform a mutation operation from a POST request."
                raise RefusedError(graphql_failed(405, message))
            elsewhere = call.static_only or request.method == "GET"
            only_static = elsewhere and not self.dialect.reaches_records_everywhere
            if only_static and request.path.startswith("/graphql"):
                return self._respond(request, self.core.static_answer(query, caller))
            try:
                answer = execute(query, caller)
            except RecursionError:
                answer = RecordAnswer({"errors": [errors.too_nested().as_dict()]})
            if answer.events and request.path.startswith("/metadata") and not _takes_events(request):
                return web.Response(status=406)
            if isinstance(answer.body, Subscribed):
                return await self._listen(request, answer.body)
            return await _silence(request) if answer.body is None else self._respond(request, answer)

        return handle

    def _core(self, query: GraphQLCall, caller: Caller | None) -> Answer:
        return self.core.execute(query, caller)

    def _metadata(self, query: GraphQLCall, caller: Caller | None) -> Answer:
        return self.metadata.execute(query.query, query.variables, query.operation_name, caller=caller)

    def _forbids_mutations(self, request: web.Request) -> bool:
        return request.method == "GET" and not self.dialect.mutates_by_get

    def _check_method(self, request: web.Request) -> None:
        match request.method:
            case "GET" if "text/html" in request.headers.get("Accept", ""):
                raise RefusedError(web.Response(status=406))
            case "PUT" if not self.dialect.takes_put:
                text = "GraphQL only supports GET and POST requests."
                raise RefusedError(web.Response(status=405, text=text))
            case "GET" | "POST" | "PUT":
                return
        raise RefusedError(web.Response(status=405, headers={"Allow": "GET, POST"}))

    async def _listen(self, request: web.Request, subscribed: Subscribed) -> web.StreamResponse:
        """Sends events until the caller goes."""
        stream = self.streams.open(str(subscribed.arguments.get("eventStreamId")))
        response = web.StreamResponse(headers={"Content-Type": _EVENTS, "Content-Encoding": "none"})
        try:
            await response.prepare(request)
            await response.write(b":\n\n")
            entries: list[Any] | None = []
            quiet = 0
            while True:
                if entries is not None:
                    value = {"eventStreamId": stream.id, "objectRecordEventsWithQueryIds": entries}
                    event = to_json(subscribed.answer(value | {"metadataEvents": []}))
                    await response.write(b"event: next\ndata: " + event + b"\n\n")
                try:
                    entries = await asyncio.wait_for(stream.frames.get(), _COMMENT_SECONDS)
                except TimeoutError:
                    quiet += 1
                    await response.write(b":\n\n")
                    entries = [] if quiet % _COMMENTS_PER_EVENT == 0 and not stream.silent else None
        finally:
            self.streams.close(stream)

    def _respond(self, request: web.Request, answer: Answer) -> web.Response:
        status, walked = answer.status, isinstance(answer, RecordAnswer)
        if answer.events and _EVENTS in request.headers.get("Accept", ""):
            events = b":\n\nevent: next\ndata: " + to_json(answer.body) + b"\n\nevent: complete\n\n"
            return web.Response(body=events, status=status, content_type=_EVENTS)
        if isinstance(answer.body, str):
            return web.Response(text=answer.body, status=status, headers={"Content-Type": "text/plain;charset=UTF-8"})
        possible = self.dialect.answers_records_as_graphql_json or not walked
        wanted = possible and _GRAPHQL_JSON in request.headers.get("Accept", "")
        if wanted and answer.refused and status == 200:
            status = 400
        content_type = _GRAPHQL_JSON if wanted else "application/json"
        if not walked:
            content_type += "; charset=utf-8"
        return web.Response(body=to_json(answer.body), status=status, headers={"Content-Type": content_type})

    # REST

    def _rest_caller(self, request: web.Request) -> Caller:
        try:
            caller = self._caller(request)
        except errors.RecordError as error:
            message = error.reason if isinstance(error, refused_callers.UnreadableTokenError) else error.message
            refused = _unread_body(_STATUSES[error.code], error.sub_code or error.code, message)
            raise RefusedError(refused) from None
        if caller is None:
            raise RefusedError(_unread_body(403, "FORBIDDEN_EXCEPTION", "Missing authentication token"))
        return caller

    async def _rest_records(self, request: web.Request, call: RequestBody) -> web.StreamResponse:
        caller = self._rest_caller(request)
        path = [part for part in request.match_info["path"].split("/") if part]
        if (below := _metadata_path(path)) is not None:
            answer = self.rest_metadata.answer(request.method, below, request.query, call.payload, caller)
            return _metadata_response(*answer)
        if (empty := self.limiter().take()) is not None:
            error = errors.limit_reached(empty.tokens, empty.milliseconds)
            return _rest_failed(429, "HttpException", error.message)
        return _rest_response(*self.rest.answer(request.method, path, request.query, call.payload, caller))

    async def _open_api(self, request: web.Request, call: RequestBody) -> web.StreamResponse:
        self._rest_caller(request)
        return _rest_response(200, core_document(self.workspace.model, self.url()))

    async def _open_api_metadata(self, request: web.Request, call: RequestBody) -> web.StreamResponse:
        self._rest_caller(request)
        return _rest_response(200, metadata_document(self.url(), rest_metadata.PATHS))

    # Files

    async def _download(self, request: web.Request, call: RequestBody) -> web.StreamResponse:
        return await self.files.download(request)

    async def _receive(self, request: web.Request, call: RequestBody) -> web.StreamResponse:
        return await self.files.receive(request)

    # Assistants

    async def _mcp_resource(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(mcp.resource(self.url()))

    async def _mcp(self, request: web.Request, call: RequestBody) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        try:
            caller = self._caller(request)
        except errors.RecordError:
            caller = None
        return mcp.unauthorized(self.url()) if caller is None else mcp.answer(request, call, self.workspace)


def _takes_events(request: web.Request) -> bool:
    accepted = request.headers.get("Accept", "*/*")
    return _EVENTS in accepted or "*/*" in accepted


async def _silence(request: web.Request) -> web.StreamResponse:
    """A subscription without events: only signs of life, until the caller goes."""
    response = web.StreamResponse(headers={"Content-Type": _EVENTS, "Content-Encoding": "none"})
    await response.prepare(request)
    while True:
        await response.write(b":\n\n")
        await asyncio.sleep(_COMMENT_SECONDS)


def _metadata_path(path: list[str]) -> list[str] | None:
    """The path after `metadata/`, if there is such a collection; webhooks and keys are found without it, too."""
    below = path[1:] if path[:1] == ["metadata"] else path if path[:1] in (["webhooks"], ["apiKeys"]) else []
    return below if below and below[0] in rest_metadata.PATHS and len(below) <= 2 else None


def _metadata_response(status: int, body: Any) -> web.Response:
    if body is rest_metadata.MISSING:
        return web.Response(status=status)
    if body is True:
        return web.Response(text="true", status=status, content_type="text/html")
    return _rest_response(status, body)


def _rest_response(status: int, body: Any) -> web.Response:
    response = web.Response(body=to_json(body), status=status, content_type="application/json", charset="utf-8")
    response.headers["ETag"] = f'W/"{len(response.body or b""):x}"'  # type: ignore[arg-type]
    return response


_STATUSES = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, errors.BAD_INPUT: 400, "INTERNAL_SERVER_ERROR": 500}


def _unread_body(status: int, error: str, message: str) -> web.Response:
    """A refusal that precedes the framework: its content type has no charset."""
    body = to_json({"statusCode": status, "messages": [message], "error": error})
    return web.Response(body=body, status=status, content_type="application/json")


def _rest_failed(status: int, error: str, message: str) -> web.Response:
    return _rest_response(status, {"statusCode": status, "messages": [message], "error": error})


@web.middleware
async def _framework(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Responses of the HTTP framework itself."""
    if request.method == "OPTIONS":
        return web.Response(status=204, headers={"Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE"})
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return failed(404, f"Cannot {request.method} {request.path}", "Not Found")
    except RecursionError:
        return failed(400, errors.too_nested().message, "Bad Request")


async def _nothing_here(_request: web.Request) -> web.Response:
    return web.Response(status=404)


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok", "info": {}, "error": {}, "details": {}})


async def _client_config(_request: web.Request) -> web.Response:
    """The configuration for a front end before signing in; it lacks the server's version."""
    return web.json_response(
        {
            "authProviders": {"google": False, "magicLink": False, "password": True, "microsoft": False, "sso": []},
            "signInPrefilled": False,
            "isMultiWorkspaceEnabled": False,
            "isEmailVerificationRequired": False,
            "debugMode": False,
            "analyticsEnabled": False,
            "api": {"mutationMaximumAffectedRecords": MAX_AFFECTED_RECORDS},
            "features": {},
        }
    )
