"""Serves a page on loopback and passes its requests on through the client: the browser never sees the API key.

A page that reaches the interface can read and change the workspace. Three locks keep other sites' pages out: the Host
must be this server's (a name that was rebound to 127.0.0.1 is another host), the Origin must be its own, and each
request has a token that is new in each run and part of the printed address (in its fragment, which browsers don't
send).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from aiohttp import web
from graphql import GraphQLError

from aiotwenty.client import Client
from aiotwenty.errors import ApiError, InvalidArgument, TwentyError
from aiotwenty.graphql.executor import EndpointName
from aiotwenty.graphql.introspection import introspection
from aiotwenty.graphql.root_fields import writes
from aiotwenty.playground.python_call import python_program, rest_program
from aiotwenty.rest.raw import Method

TOKEN_HEADER = "X-Playground-Token"
_LARGEST_BODY = 10 * 1024 * 1024

_ENDPOINTS: tuple[EndpointName, ...] = ("graphql", "metadata")
_METHODS: tuple[Method, ...] = ("GET", "POST", "PATCH", "PUT", "DELETE")
_STATIC = {"app.js": "text/javascript", "app.css": "text/css"}
_ONLY_READS = "this playground only reads, and the request would write."

_KEPT_NOWHERE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Playground:
    """`async with Playground(twenty) as playground: print(playground.url)`. Binds to 127.0.0.1 only.

    The page is GraphiQL for both endpoints, and a form for REST. With `read_only`, it refuses documents that write
    (their root fields decide, not their keyword), and every REST method except GET.
    """

    def __init__(self, client: Client, *, port: int = 0, read_only: bool = False) -> None:
        self._client = client
        self._read_only = read_only
        self._port = port
        self._token = secrets.token_urlsafe(32)
        self._runner: web.AppRunner | None = None

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`"""
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """The address for a browser, with this run's token."""
        return f"{self.origin}/#{self._token}"

    @contextmanager
    def opener(self) -> Iterator[str]:
        """The address of a file that leads to the page, for the time of the context.

        Every user of the machine can read a browser's arguments (`ps`), but only the owner the file.
        """
        with TemporaryDirectory(prefix="aiotwenty-") as folder:
            path = Path(folder, "playground.html")
            path.touch(0o600)
            path.write_text(f"<!doctype html><title>Playground</title><script>location.replace({self.url!r})</script>")
            yield path.as_uri()

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_BODY)
        app.router.add_get("/", self._page)
        app.router.add_get("/{name:app.(?:js|css)}", self._static)
        app.router.add_post("/run", self._run)
        app.router.add_post("/rest", self._rest)
        app.router.add_post("/python", self._python)
        app.router.add_get("/schema/{endpoint:graphql|metadata}", self._schema)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        self._runner = runner
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
        except BaseException:
            await self.__aexit__()
            raise
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        hosts = (f"127.0.0.1:{self._port}", f"localhost:{self._port}")
        if request.host not in hosts:
            raise web.HTTPForbidden(text="This address is not the playground's.")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in hosts}:
            raise web.HTTPForbidden(text="Other sites may not use the playground.")
        try:
            token = request.headers.get(TOKEN_HEADER, "").encode()
        except UnicodeEncodeError:
            raise web.HTTPBadRequest(text="The token is no text.") from None
        if request.path.removeprefix("/") not in ("", *_STATIC) and not hmac.compare_digest(
            token, self._token.encode()
        ):
            raise web.HTTPUnauthorized(text="Open the address that `aiotwenty playground` printed.")
        return await handler(request)

    async def _page(self, request: web.Request) -> web.Response:
        page = _packaged("page.html").replace("{{read_only}}", str(self._read_only).lower())
        policy = (
            # The editor sets styles by scripts, to place and measure its parts.
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {"Content-Security-Policy": policy, "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}
        return web.Response(text=page, content_type="text/html", headers={**headers, **_KEPT_NOWHERE})

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return web.Response(text=_packaged("static", name), content_type=_STATIC[name], headers=_KEPT_NOWHERE)

    async def _run(self, request: web.Request) -> web.Response:
        document, variables, endpoint, operation_name = _document(await _json(request))
        if self._read_only and writes(document, operation_name):
            return web.json_response({"errors": [{"message": _ONLY_READS}]})
        try:
            data = await self._client.execute(document, variables, endpoint=endpoint, operation_name=operation_name)
        except TwentyError as error:
            return web.json_response(_failure(error))
        return web.json_response({"data": data})

    async def _rest(self, request: web.Request) -> web.Response:
        method, path, body = _rest_request(await _json(request))
        if self._read_only and method != "GET":
            return web.json_response({"errors": [{"message": _ONLY_READS}]})
        try:
            data = await self._client.rest.request(method, path, data=body)
        except TwentyError as error:
            return web.json_response(_failure(error))
        return web.json_response({"data": data})

    async def _python(self, request: web.Request) -> web.Response:
        asked, client = await _json(request), type(self._client)
        if asked.get("endpoint") == "rest":
            return web.json_response({"python": rest_program(client, *_rest_request(asked))})
        try:
            text = python_program(client, *_document(asked))
        except GraphQLError as error:
            raise web.HTTPBadRequest(text=f"{error.message}") from None
        return web.json_response({"python": text})

    async def _schema(self, request: web.Request) -> web.Response:
        endpoint: EndpointName = "metadata" if request.match_info["endpoint"] == "metadata" else "graphql"
        try:
            served = await self._client.execute(introspection(descriptions=True), endpoint=endpoint)
        except TwentyError as error:
            return web.json_response(_failure(error))
        return web.json_response({"data": served})


def _packaged(*path: str) -> str:
    return resources.files("aiotwenty.playground").joinpath(*path).read_text(encoding="utf-8")


async def _json(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="JSON is wanted.")
    try:
        body = await request.json()
    except ValueError:
        raise web.HTTPBadRequest(text="The body is not JSON.") from None
    except LookupError:
        raise web.HTTPBadRequest(text="There is no such charset.") from None
    except RecursionError:
        raise web.HTTPBadRequest(text="The JSON is nested too deeply.") from None
    except web.RequestPayloadError:
        raise web.HTTPBadRequest(text="The body is not what its headers say.") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="A JSON object is wanted.")
    return body


def _document(body: Mapping[str, Any]) -> tuple[str, dict[str, Any], EndpointName, str | None]:
    document, variables, name = body.get("query"), body.get("variables") or {}, body.get("operationName")
    endpoint: EndpointName | None = next((known for known in _ENDPOINTS if known == body.get("endpoint")), None)
    named = name is None or isinstance(name, str)
    if not isinstance(document, str) or not isinstance(variables, dict) or endpoint is None or not named:
        raise web.HTTPBadRequest(text="query, variables, operationName or endpoint make no sense.")
    return document, variables, endpoint, name


def _rest_request(asked: Mapping[str, Any]) -> tuple[Method, str, Any]:
    method: Method | None = next((known for known in _METHODS if known == asked.get("method")), None)
    path = asked.get("path")
    if method is None or not isinstance(path, str):
        raise web.HTTPBadRequest(text="method or path make no sense.")
    return method, path, asked.get("body")


def _failure(error: TwentyError) -> dict[str, Any]:
    """The error as a GraphQL response: the server's own errors, if there are any, with the library's message."""
    name = type(error).__name__
    if isinstance(error, ApiError):
        return {"errors": error.errors, "data": error.data, "extensions": {"error": name, "message": str(error)}}
    errors = error.errors if isinstance(error, InvalidArgument) else []
    return {"errors": errors or [{"message": str(error)}], "extensions": {"error": name}}
