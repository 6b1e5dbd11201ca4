"""Serves one page on loopback and passes its requests on through the client: the browser never sees the API key.

Whoever can reach the page's interface can read and change the workspace. Three locks keep other sites' pages out: the
Host must be this server's (a name that was rebound to 127.0.0.1 is another host), the Origin must be its own, and each
request carries a token that is new in each run and comes with the address that is printed (in its fragment, which
browsers keep to themselves).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any, Literal, Self

from aiohttp import web
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
)

from aiotwenty.errors import ApiError, TwentyError
from aiotwenty.graphql.executor import Executor
from aiotwenty.graphql.introspection import introspection, read_schema
from aiotwenty.graphql.roots import writes

TOKEN_HEADER = "X-Playground-Token"
_LARGEST_BODY = 10 * 1024 * 1024

Endpoint = Literal["graphql", "metadata"]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Playground:
    """`async with Playground(twenty) as playground: print(playground.url)`. Binds to 127.0.0.1 only.

    With `read_only` it refuses documents that write, which their root fields tell, whatever their keyword says.
    """

    def __init__(self, client: Executor, *, port: int = 0, read_only: bool = False) -> None:
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
        """Where to point a browser. Holds this run's token."""
        return f"{self.origin}/#{self._token}"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_BODY)
        app.router.add_get("/", self._page)
        app.router.add_post("/run", self._run)
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
        if request.path != "/" and not hmac.compare_digest(
            request.headers.get(TOKEN_HEADER, "").encode(), self._token.encode()
        ):
            raise web.HTTPUnauthorized(text="Open the address that `aiotwenty playground` printed.")
        return await handler(request)

    async def _page(self, request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        page = resources.files("aiotwenty.playground").joinpath("page.html").read_text(encoding="utf-8")
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        return web.Response(text=page.replace("{{nonce}}", nonce), content_type="text/html", headers=headers)

    async def _run(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="JSON is wanted.")
        try:
            asked = await request.json()
            document, variables, endpoint = asked["query"], asked.get("variables") or {}, asked["endpoint"]
        except (ValueError, KeyError, TypeError):
            raise web.HTTPBadRequest(text="query and endpoint are wanted.") from None
        if not isinstance(document, str) or not isinstance(variables, dict) or endpoint not in ("graphql", "metadata"):
            raise web.HTTPBadRequest(text="query, variables or endpoint make no sense.")
        if self._read_only and writes(document):
            return web.json_response(
                {"error": "InvalidInput", "message": "this playground only reads, and the document would write."}
            )
        try:
            answer: dict[str, Any] = {"data": await self._client.execute(document, variables, endpoint=endpoint)}
        except TwentyError as error:
            answer = _failure(error)
        return web.json_response(answer)

    async def _schema(self, request: web.Request) -> web.Response:
        endpoint: Endpoint = "metadata" if request.match_info["endpoint"] == "metadata" else "graphql"
        try:
            served = await self._client.execute(introspection(), endpoint=endpoint)
            schema = read_schema(served, f"/{endpoint}")
        except TwentyError as error:
            return web.json_response(_failure(error))
        return web.json_response(_outline(schema))


def _failure(error: TwentyError) -> dict[str, Any]:
    answer: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    if isinstance(error, ApiError):
        answer.update(errors=error.errors, data=error.data)
    return answer


def _outline(schema: GraphQLSchema) -> dict[str, Any]:
    """Types with their fields and arguments, as short as the page needs them."""
    types: dict[str, Any] = {}
    for name, type_ in sorted(schema.type_map.items()):
        if name.startswith("__"):
            continue
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            types[name] = {
                "kind": "type",
                "fields": {
                    field: {"type": str(served.type), "args": {a: str(arg.type) for a, arg in served.args.items()}}
                    for field, served in type_.fields.items()
                },
            }
        elif isinstance(type_, GraphQLInputObjectType):
            fields = {field: {"type": str(wanted.type), "args": {}} for field, wanted in type_.fields.items()}
            types[name] = {"kind": "input", "fields": fields}
        elif isinstance(type_, GraphQLEnumType):
            types[name] = {"kind": "enum", "values": list(type_.values)}
        elif isinstance(type_, GraphQLUnionType):
            types[name] = {"kind": "union", "values": [member.name for member in type_.types]}
        else:
            types[name] = {"kind": "scalar", "values": []}
    roots = {"query": schema.query_type, "mutation": schema.mutation_type}
    return {"types": types, "roots": {kind: type_.name for kind, type_ in roots.items() if type_ is not None}}
