"""`TwentyTransport`: gql's aiohttp transport with the engine of this client, one for each endpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.file_upload import close_files
from graphql import ExecutionResult

from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.endpoint import Endpoint
from aiotwenty.graphql.field_existence import FieldCheck
from aiotwenty.graphql.root_fields import describe
from aiotwenty.settings import ApiKey, hide, load_settings
from aiotwenty.transport.engine import Engine, make_engine
from aiotwenty.transport.terms import Terms

if TYPE_CHECKING:
    from gql import GraphQLRequest


class TwentyTransport(Endpoint, AIOHTTPTransport):
    """Sends GraphQL to one endpoint, for a plain `gql.Client` too: with retries, the rate limit and `TwentyError`s.

    `gql.Client(transport=TwentyTransport("https://crm.example.com/graphql", api_key="..."))`. `api_key` defaults to
    TWENTY_API_KEY, from the environment or from `.env`. A transport of a client (`client.endpoint("graphql")`) shares
    the client's session, rate limit and policies, and is closed with it.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: ApiKey | None = None,
        engine: Engine | None = None,
        timeout: float = 30.0,
        terms: Terms | None = None,
        fields: FieldCheck | None = None,
    ) -> None:
        api_key = hide(api_key)
        AIOHTTPTransport.__init__(self, url=url)
        self._make_engine: Callable[[], Engine] | None = None
        if engine is None:
            settings = load_settings(url, api_key)
            self._make_engine = lambda: make_engine(settings.api_key, base_url=settings.base_url, timeout=timeout)
            engine = self._make_engine()
        Endpoint.__init__(self, url, engine, terms or Terms(timeout=timeout), fields)

    async def execute(
        self, request: GraphQLRequest, *, extra_args: dict[str, Any] | None = None, upload_files: bool = False
    ) -> ExecutionResult:
        """Called by `gql.Client`. Raises `TwentyError`s; `extra_args` are not supported."""
        if extra_args:
            raise TypeError("TwentyTransport takes no extra_args: configure the client or its session instead")
        payload = request.payload
        name, kind = describe(request.document, request.operation_name)
        if not upload_files:
            data = await self._engine.send(self._document_call(name, kind, payload["query"], encode_json(payload)))
            return ExecutionResult(data=data)
        # gql keeps the files of the last request on the transport: remove them before other tasks run.
        form = self._prepare_request(request, upload_files=True)["data"]
        files = list(self.files.values())
        try:
            data = await self._engine.send(self._document_call(name, "mutation", payload["query"], form=lambda: form))
            return ExecutionResult(data=data)
        finally:
            close_files(files)

    async def execute_batch(
        self, reqs: list[GraphQLRequest], extra_args: dict[str, Any] | None = None
    ) -> list[ExecutionResult]:
        """Sends the requests one after the other: the server refuses JSON arrays (Twenty, July 2026)."""
        return [await self.execute(request, extra_args=extra_args) for request in reqs]

    async def connect(self) -> None:
        """Opens the session, unless it is open."""
        if self._make_engine is not None and self._engine.http.closed:
            self._engine = self._make_engine()
        await self._engine.http.open()

    async def close(self) -> None:
        """Closes the session, unless it belongs to a client."""
        if self._make_engine is not None:
            await self._engine.http.close(self.terms.timeout)
