"""`Twenty`: one HTTP session with two GraphQL endpoints, and REST beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from aiotwenty.core.objects import Objects
from aiotwenty.errors import ApiError, InvalidArgument
from aiotwenty.graphql.checking import DocumentCheck
from aiotwenty.graphql.endpoint import TwentyTransport
from aiotwenty.graphql.executor import EndpointName
from aiotwenty.graphql.existence import FIELDS_OF_ALL, FieldCheck
from aiotwenty.graphql.operation import Operation
from aiotwenty.settings import load_settings
from aiotwenty.transport.engine import make_engine

if TYPE_CHECKING:
    import aiohttp

    from aiotwenty.core.client import CoreClient
    from aiotwenty.metadata.client import MetadataClient
    from aiotwenty.rest import Rest
    from aiotwenty.search import SearchHit
    from aiotwenty.transport.hooks import Hooks
    from aiotwenty.transport.rate_limit import RateLimit, RateLimiter
    from aiotwenty.transport.retry import RetryPolicy
    from aiotwenty.workspace import Workspace
    from aiotwenty.workspace.files import Files


class Client:
    """Everything about a connection to a workspace that does not depend on its objects.

    `base_url` and `api_key` default to TWENTY_API_URL (else the cloud) and TWENTY_API_KEY, from the environment or
    from `.env`. `timeout` is in seconds for each attempt of a request; at most `max_connections` requests are under
    way at a time. `rate_limit` is "auto" (learns the limit from the server's refusals), a `RateLimit`, a
    `RateLimiter` shared with other clients of the same workspace, or None. A `session` given here is used and left
    open: it is the way to a proxy or to certificates of one's own.

    The server answers a field that was removed with null. So where a field is empty in all records of an answer, the
    client asks /metadata whether it is still there, and raises `SchemaDrift` if not: one request, remembered for ten
    minutes, that the rate limit does not count (Twenty, July 2026). `verify=False` takes nulls as they come.

    Safe for any number of concurrent tasks of one event loop. Use it with `async with`, or call `aclose()`.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = 30.0,
        max_connections: int = 16,
        retry: RetryPolicy | None = None,
        rate_limit: Literal["auto"] | RateLimit | RateLimiter | None = "auto",
        session: aiohttp.ClientSession | None = None,
        hooks: Hooks | Sequence[Hooks] | None = None,
        verify: bool = True,
    ) -> None:
        if timeout <= 0 or max_connections < 1:
            raise InvalidArgument("timeout must be positive and max_connections at least 1.")
        settings = load_settings(base_url, api_key)
        self.base_url = settings.base_url
        """The address of the workspace, without an endpoint."""
        self._engine = make_engine(
            settings.api_key,
            timeout=timeout,
            max_connections=max_connections,
            retry=retry,
            rate_limit=rate_limit,
            session=session,
            hooks=hooks,
        )
        self._endpoints: dict[str, TwentyTransport] = {
            "graphql": TwentyTransport(f"{self.base_url}/graphql", engine=self._engine),
            "metadata": TwentyTransport(f"{self.base_url}/metadata", engine=self._engine),
        }
        if verify:
            self._endpoints["graphql"].fields = FieldCheck(partial(self.execute, FIELDS_OF_ALL, endpoint="metadata"))
        self._documents = DocumentCheck(self._endpoints["graphql"].run_document)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    def endpoint(self, name: EndpointName) -> TwentyTransport:
        """The transport of /graphql (records) or /metadata (the data model)."""
        return self._endpoints[name]

    async def execute(
        self,
        document: str | Operation,
        variables: Mapping[str, object] | None = None,
        *,
        endpoint: EndpointName = "graphql",
        operation_name: str | None = None,
        validate: bool = True,
    ) -> dict[str, Any]:
        """The `data` of any document, as it came. Raises any `TwentyError`.

        /graphql answers fields that it doesn't have with null, and ignores what it cannot do: aliases below the root,
        defaults of variables (Twenty, July 2026). A document for it is therefore checked against the schema that the
        workspace serves, which is asked for once: `InvalidArgument` says what is wrong, and where. With
        `validate=False` the document is sent as it is. /metadata checks documents itself.
        """
        transport = self.endpoint(endpoint)
        if isinstance(document, Operation):
            return await transport.run_document(document.document, variables, document.name)
        if not validate or endpoint != "graphql":
            return await transport.run_document(document, variables, operation_name)
        await self._documents.check(document)
        try:
            return await transport.run_document(document, variables, operation_name)
        except ApiError as refusal:
            if misspelt := self._documents.misspelt(refusal):
                raise misspelt from refusal
            raise

    @cached_property
    def rest(self) -> Rest:
        """The REST API of the same workspace."""
        from aiotwenty.rest import Rest

        return Rest(self.base_url, self._engine)

    @cached_property
    def workspace(self) -> Workspace:
        """The data model: objects, fields, picklists, webhooks."""
        from aiotwenty.workspace import Workspace

        return Workspace(self)

    @cached_property
    def files(self) -> Files:
        """Uploads and downloads."""
        from aiotwenty.workspace.files import Files

        return Files(self.workspace, self.base_url, self._engine)

    async def search(self, text: str, *, limit: int = 20) -> list[SearchHit]:
        """Full-text search over all searchable objects: the best matches first, at most `limit`."""
        from aiotwenty.search import search

        return await search(self, text, limit=limit)

    async def aclose(self, grace: float | None = None) -> None:
        """Waits for what is under way (`grace` seconds, by default `timeout`), cancels the rest, and closes.

        Calls that wait for their turn or for another attempt fail with `ConfigurationError`. Closing twice is fine.
        """
        await self._engine.http.close(grace)

    async def __aenter__(self) -> Self:
        await self._engine.http.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


class Twenty(Client, Objects):
    """A workspace with Twenty's standard objects: `async with Twenty() as twenty`.

    For your own objects and fields, generate a package from your workspace and take its `Twenty`.
    """

    @cached_property
    def core(self) -> CoreClient:
        """Every operation on records as a method."""
        from aiotwenty.core.client import CoreClient

        return CoreClient(self.endpoint("graphql"))

    @cached_property
    def metadata(self) -> MetadataClient:
        """Every operation on the data model as a method."""
        from aiotwenty.metadata.client import MetadataClient

        return MetadataClient(self.endpoint("metadata"))
