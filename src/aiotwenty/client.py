"""`Twenty`: one HTTP session with two GraphQL endpoints and REST."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

from aiotwenty.core.objects import Objects
from aiotwenty.errors import ApiError, InvalidArgument
from aiotwenty.graphql.advice import near
from aiotwenty.graphql.endpoint import Endpoint
from aiotwenty.graphql.executor import EndpointName
from aiotwenty.graphql.field_existence import FIELDS_OF_ALL, FieldCheck
from aiotwenty.graphql.operation import Operation
from aiotwenty.objects import namespaces_of
from aiotwenty.records.namespace import Namespace
from aiotwenty.records.raw_calls import RawCalls
from aiotwenty.settings import hide, hide_values, load_settings
from aiotwenty.transport.engine import MAX_CONNECTIONS, make_engine
from aiotwenty.transport.keys import Keys
from aiotwenty.transport.terms import CallOptions, Priority, Terms

if TYPE_CHECKING:
    import aiohttp
    from pydantic import SecretStr

    from aiotwenty.bulk.feed.changes import Changes, FeedOptions, Since
    from aiotwenty.core.client import CoreClient
    from aiotwenty.graphql.document_check import DocumentCheck
    from aiotwenty.graphql.gql_transport import TwentyTransport
    from aiotwenty.graphql.models import UUID
    from aiotwenty.live import Live
    from aiotwenty.metadata.client import MetadataClient
    from aiotwenty.rest import Rest
    from aiotwenty.search import SearchHit
    from aiotwenty.served import NamedRecords
    from aiotwenty.served.named import ServedObjects
    from aiotwenty.settings import ApiKey
    from aiotwenty.transport.hooks import Hooks
    from aiotwenty.transport.rate_limit import Limiter, RateLimit
    from aiotwenty.transport.retry import RetryPolicy
    from aiotwenty.workspace import Workspace
    from aiotwenty.workspace.files import Files

MAX_STREAMS = 1000
"""The most open subscriptions of a client."""


class Client:
    """Everything about a connection to a workspace that does not depend on its objects.

    `base_url` and `api_key` default to TWENTY_API_URL (else the cloud) and TWENTY_API_KEY, from the environment or
    from `.env`. A key may be a `SecretStr`, or a function, async or not, that returns one: it is called at most once a
    minute, and again when the server refuses the key. A `session` passed here is used and not closed; use one for
    your own certificates.

    `session_token` is the token of a signed-in user, or a function that returns it: subscriptions to records need one
    (`live`). Without a key, all requests are made as that user.

    `timeout` is in seconds for each attempt of a request, `deadline` for all of a call: its requests, their attempts,
    and its waits for a connection, for the rate limit and between attempts. Without a deadline,
    a call waits for its turn without limit. At most `max_connections` requests are in flight; waiting calls with
    `priority="bulk"` are sent after the others. A call that would wait for the rate limit for longer than `max_wait`
    seconds is not sent: `RateLimited` has a `retry_after`. Responses are limited to `max_answer_bytes`. All of these
    except `max_connections` can also be set for a single call.

    `rate_limit` is "auto" (learns the limit from the server's refusals), a `RateLimit`, a `RateLimiter` shared with
    other clients of the same workspace, a `RedisRateLimiter` shared with those of other processes, or None.

    `headers` are sent with every request to the workspace, for instance for a gateway. `application`, such as
    "importer/1.0", precedes ours in `User-Agent`. With `trust_env=True` requests go through the proxies of HTTPS_PROXY,
    HTTP_PROXY, ALL_PROXY and NO_PROXY.

    The server returns null for a field that was removed. So if a field is empty in all records of a response, the
    client asks /metadata whether it still exists, and raises `SchemaDrift` if not. The result is kept for ten
    minutes, and the request doesn't count for the rate limit (Twenty, July 2026). `verify=False` turns this off.

    Safe for any number of concurrent tasks of one event loop. Use it with `async with`, or call `aclose()`.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: ApiKey | None = None,
        timeout: float = 30.0,
        deadline: float | None = None,
        priority: Priority = "interactive",
        max_answer_bytes: int = 64_000_000,
        max_wait: float | None = None,
        max_connections: int = MAX_CONNECTIONS,
        retry: RetryPolicy | None = None,
        rate_limit: Literal["auto"] | RateLimit | Limiter | None = "auto",
        session: aiohttp.ClientSession | None = None,
        hooks: Hooks | Sequence[Hooks] | None = None,
        headers: Mapping[str, str | SecretStr] | None = None,
        application: str | None = None,
        trust_env: bool = False,
        verify: bool = True,
        session_token: ApiKey | None = None,
    ) -> None:
        # Hidden from tools that report the variables of an error's frames.
        base_url, api_key, session_token = hide(base_url), hide(api_key), hide(session_token)
        headers = hide_values(headers)
        if max_connections < 1:
            raise InvalidArgument(f"max_connections must be at least 1, not {max_connections}.")
        self._terms = Terms(timeout, deadline, priority, max_answer_bytes, max_wait=max_wait)
        settings = load_settings(base_url, api_key, session_token)
        self.base_url = settings.base_url
        """The address of the workspace, without an endpoint."""
        engine = partial(
            make_engine,
            base_url=self.base_url,
            timeout=timeout,
            retry=retry,
            session=session,
            hooks=hooks,
            headers=headers,
            application=application,
            trust_env=trust_env,
        )
        self._engine = engine(settings.api_key, rate_limit=rate_limit, max_connections=max_connections)
        keys = self._engine.http.keys if session_token is None else Keys(session_token, timeout)
        # Open streams must not take connections from other requests.
        self._live_engine = cache(lambda: engine(keys, rate_limit=None, max_connections=MAX_STREAMS))
        if session_token is not None:
            # Made at once, because a forked process forgets only existing ones.
            self._live_engine()
        fields = FieldCheck(partial(self.execute, FIELDS_OF_ALL, endpoint="metadata")) if verify else None
        self._endpoints: dict[EndpointName, Endpoint] = {
            "graphql": Endpoint(f"{self.base_url}/graphql", self._engine, self._terms, fields),
            "metadata": Endpoint(f"{self.base_url}/metadata", self._engine, self._terms),
        }
        self._documents = cache(lambda: _document_check(self._endpoints["graphql"]))
        self._served = cache(lambda: _served_objects(self._endpoints["graphql"]))

    def __repr__(self) -> str:
        # Reports of errors also print clients whose constructor failed.
        return f"{type(self).__name__}({getattr(self, 'base_url', '…')!r})"

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """The same client with other options for calls: `timeout`, `deadline`, `priority`, `max_wait`,
        `max_answer_bytes`.

        It shares the session, the rate limit and everything else with this one, and is closed with it:
        `await twenty.with_options(deadline=2.0).companies.find_one(id)`.
        """
        other = object.__new__(type(self))
        # Without the namespaces, which keep the endpoints that they were made with.
        own = {name: value for name, value in vars(self).items() if name.startswith("_") or name == "base_url"}
        vars(other).update(own)
        other._terms = replace(self._terms, **options)
        other._endpoints = {name: endpoint.on(other._terms) for name, endpoint in self._endpoints.items()}
        return other

    def endpoint(self, name: EndpointName) -> TwentyTransport:
        """The transport of /graphql (records) or /metadata (the data model), for a plain `gql.Client` too."""
        from aiotwenty.graphql.gql_transport import TwentyTransport

        endpoint = self._endpoint(name)
        return TwentyTransport(endpoint.url, engine=self._engine, terms=endpoint.terms, fields=endpoint.fields)

    def _endpoint(self, name: EndpointName) -> Endpoint:
        """The same without importing gql, which typed calls don't need."""
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
        """The `data` of any document, unchanged. Raises any `TwentyError`.

        /graphql returns null for unknown fields, and ignores what it doesn't support: aliases below the root,
        defaults of variables (Twenty, July 2026). So documents are checked against the schema of the workspace,
        which is fetched once: `InvalidArgument` says what is wrong, and where. With
        `validate=False` the document is sent unchecked. /metadata checks documents itself.

        `operation_name` chooses one of several operations; without it, such a document is refused.
        """
        transport = self._endpoint(endpoint)
        if isinstance(document, Operation):
            return await transport.run_document(document, variables)
        from aiotwenty.graphql.root_fields import check_operation

        check_operation(document, operation_name)
        if not validate or endpoint != "graphql":
            return await transport.run_document(document, variables, operation_name)
        await self._documents().check(document)
        try:
            return await transport.run_document(document, variables, operation_name)
        except ApiError as refusal:
            if misspelt := self._documents().misspelt(refusal):
                raise misspelt from refusal
            raise

    def object(self, name: str) -> NamedRecords:
        """The records of any object of the workspace, without generating a client: `twenty.object("rockets")`.

        The name is the plural or the singular. The namespace has all methods; they take dicts, and return
        records with the current fields as typed attributes: dates, options, composites. The schema is fetched with the
        first call (a third of a second) and kept; it is fetched again if a name is unknown. `await` returns the
        namespace itself: `rockets = await twenty.object("rockets")`.

        The calls raise `InvalidArgument` if the workspace has no such object, and any `TwentyError`.
        """
        from aiotwenty.served import NamedRecords

        return NamedRecords(name, self._served(), self._endpoint("graphql"))

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise AttributeError(_no_attribute(self, name))

    @cached_property
    def rest(self) -> Rest:
        """The REST API of the same workspace."""
        from aiotwenty.rest import Rest

        return Rest(self.base_url, self._engine, self._terms, self)

    @cached_property
    def workspace(self) -> Workspace:
        """The data model: objects, fields, picklists, webhooks."""
        from aiotwenty.workspace import Workspace

        return Workspace(self)

    @cached_property
    def files(self) -> Files:
        """Uploads and downloads."""
        from aiotwenty.workspace.files import Files

        return Files(self, self.workspace, self.base_url, self._engine, self._terms)

    @cached_property
    def live(self) -> Live:
        """Subscriptions: events as they happen."""
        from aiotwenty.live import Live

        return Live(self.base_url, self._live_engine(), self._terms)

    @property
    def raw(self) -> RawCalls:
        """The same calls, which also return the response: `await twenty.raw.companies.find_many()`.

        See `RawResult`. `await twenty.raw(call)` works for any call, and keeps its type.
        """
        return RawCalls(self)

    async def search(self, text: str, *, limit: int = 20) -> list[SearchHit]:
        """Full-text search over all searchable objects: the best matches first, at most `limit`."""
        from aiotwenty.search import search

        return await search(self, text, limit=limit)

    def changes(
        self,
        objects: Namespace[Any] | str | Iterable[Namespace[Any] | str] | None = None,
        since: Since = None,
        *,
        known_ids: Mapping[str, Iterable[UUID | str]] | None = None,
        **options: Unpack[FeedOptions],
    ) -> Changes[Any]:
        """The changes of these objects since a state, or all: `twenty.companies.changes` for several objects.

        `objects` are namespaces or names ("companies", "company"), by default all objects of this client;
        the keys of `known_ids` are singular names. If records of one object were destroyed, records of the other
        objects that may have referred to them are compared, too.
        """
        from aiotwenty.bulk.feed.changes import changes_of

        namespaces = self._namespaces()
        named = [objects] if isinstance(objects, str | Namespace) else objects
        wanted = namespaces if named is None else [_among(namespaces, wanted) for wanted in named]
        if not wanted:
            raise InvalidArgument('changes needs objects, such as "companies".')
        return changes_of([(records, None) for records in wanted], since, known_ids, options)

    def _namespaces(self) -> list[Namespace[Any]]:
        """The namespaces of all objects that this client was generated with."""
        return [getattr(self, name) for name in sorted(namespaces_of(type(self)))]

    async def aclose(self, grace: float | None = None) -> None:
        """Waits for the requests in flight (`grace` seconds, by default `timeout`), cancels the rest, and closes.

        Calls that wait for their turn or for a retry fail with `ConfigurationError`. Closing twice is fine.
        """
        if self._live_engine.cache_info().currsize:
            await self._live_engine().http.close(0)
        await self._engine.http.close(self._terms.timeout if grace is None else grace)

    async def __aenter__(self) -> Self:
        await self._engine.http.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


def _document_check(endpoint: Endpoint) -> DocumentCheck:
    from aiotwenty.graphql.document_check import DocumentCheck

    return DocumentCheck(endpoint.run_document)


def _served_objects(endpoint: Endpoint) -> ServedObjects:
    from aiotwenty.served.named import ServedObjects

    return ServedObjects(endpoint)


def _no_attribute(client: Client, name: str) -> str:
    """Advice about a missing attribute, which mostly is an object with another name."""
    kind = type(client).__name__
    if name.startswith("_"):
        return f"{kind!r} object has no attribute {name!r}"
    singular = [attribute for attribute, lazy in namespaces_of(type(client)).items() if lazy.module == name]
    likely = singular or near(name, [known for known in dir(client) if not known.startswith("_")])
    hint = f"did you mean twenty.{likely[0]}? " if likely else ""
    return (
        f"there is no twenty.{name}: {hint}twenty.object({name!r}) gives any object of the workspace, and "
        "`aiotwenty generate` a client that has them all."
    )


def _among(namespaces: Sequence[Namespace[Any]], wanted: object) -> Namespace[Any]:
    if isinstance(wanted, Namespace):
        return wanted
    known = {name: records for records in namespaces for name in (records.meta.plural, records.meta.singular)}
    if isinstance(wanted, str) and wanted in known:
        return known[wanted]
    likely = near(wanted, known) if isinstance(wanted, str) else []
    hint = f" (did you mean {likely[0]!r}?)" if likely else ""
    raise InvalidArgument(
        f"this client has no object {wanted!r}{hint}. For other objects, pass a namespace: "
        'await twenty.object("rockets").'
    )


if TYPE_CHECKING:

    class RawTwenty(RawCalls, Objects):
        """`twenty.raw`, whose calls have the types of the objects."""


class Twenty(Client, Objects):
    """A workspace with Twenty's standard objects: `async with Twenty() as twenty`.

    For your own objects and fields, generate a package from your workspace and take its `Twenty`.
    """

    if TYPE_CHECKING:

        @property
        def raw(self) -> RawTwenty: ...

    @cached_property
    def core(self) -> CoreClient:
        """Every operation on records as a method."""
        from aiotwenty.core.client import CoreClient

        return CoreClient(self._endpoint("graphql"))

    @cached_property
    def metadata(self) -> MetadataClient:
        """Every operation on the data model as a method."""
        from aiotwenty.metadata.client import MetadataClient

        return MetadataClient(self._endpoint("metadata"))
