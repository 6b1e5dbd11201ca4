"""`Endpoint`: sends operations and documents to /graphql or /metadata."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from copy import copy
from datetime import datetime
from functools import partial
from typing import Any, Self, TypeVar

from aiotwenty.errors import AuthenticationError, TwentyError
from aiotwenty.graphql.decode import decode, decode_document
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.encode import encode_body, encode_json
from aiotwenty.graphql.field_existence import FieldCheck
from aiotwenty.graphql.ids import check_ids
from aiotwenty.graphql.joining import joining
from aiotwenty.graphql.operation import Operation
from aiotwenty.transport.engine import Engine
from aiotwenty.transport.exchange import Call, Reply
from aiotwenty.transport.failures import gone_drift
from aiotwenty.transport.foreign_answers import date_of
from aiotwenty.transport.rate_limit import RateLimit
from aiotwenty.transport.retry import RetryPolicy
from aiotwenty.transport.schema_refusals import missing_field
from aiotwenty.transport.terms import Terms

T = TypeVar("T")
_KEY_CHECK = compose("KeyCheck", "query", "objects", None, "{edges{node{id}}}", arguments="paging:{first:1}")
"""A query that needs no object to exist."""


class Endpoint:
    """Sends GraphQL to one endpoint, without importing gql and graphql-core, which typed calls don't need.

    The workspace's rate limit counts requests to /graphql, but not those to /metadata (Twenty, July 2026).
    """

    def __init__(self, url: str, engine: Engine, terms: Terms, fields: FieldCheck | None = None) -> None:
        self.url = url
        self.terms = terms
        """The terms on which calls are sent."""
        self.fields = fields
        """The check that empty fields still exist; None without such checks."""
        self._engine = engine
        self._metadata = url.rstrip("/").endswith("/metadata")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    @property
    def retry(self) -> RetryPolicy:
        """When failed requests are sent again."""
        return self._engine.retry

    @property
    def limits(self) -> tuple[RateLimit, ...] | None:
        """The known rate limits; None if requests are not limited."""
        return self._engine.limits

    def somebody_waits(self) -> Coroutine[Any, Any, None]:
        """Returns when bulk work waits for the rate limit, so that other bulk work can share its requests."""
        return self._engine.sharing.somebody_waits()

    def beside(self, name: str) -> Endpoint:
        """Another endpoint of the same server, by name, with the same session, rate limit and policies."""
        url = f"{self.url.rstrip('/').rpartition('/')[0]}/{name}"
        return Endpoint(url, self._engine, self.terms)

    def on(self, terms: Terms) -> Self:
        """The same endpoint, for calls on other terms."""
        other = copy(self)
        other.terms = terms
        return other

    def run(
        self,
        operation: Operation,
        result_type: Any,
        variables: Mapping[str, object],
        *,
        repeatable: bool | None = None,
        verify: bool = True,
    ) -> Coroutine[Any, Any, Any]:
        """Sends a generated operation. `repeatable` overrides the operation's own.

        Raises any `TwentyError`; `SchemaDrift` if the response does not fit `result_type`, or if `verify` is true and
        a field is gone.
        """
        check_ids(variables)
        read = partial(decode, operation=operation, result_type=result_type, metadata=self._metadata)
        call = self._operation_call(operation, encode_body(operation, variables), read, repeatable)
        return self._send(call, self.fields if verify and operation.kind == "query" else None)

    def post(
        self,
        operation: Operation,
        body: bytes,
        result_type: Any,
        *,
        repeatable: bool | None = None,
        on_retry: Callable[[TwentyError], object] | None = None,
    ) -> Coroutine[Any, Any, Any]:
        """Like `run`, for a body that is encoded already. `on_retry` gets the error before each further attempt."""
        read = partial(decode, operation=operation, result_type=result_type, metadata=self._metadata)
        return self._send(self._operation_call(operation, body, read, repeatable, on_retry))

    async def run_raw(
        self, operation: Operation, result_type: Any, variables: Mapping[str, object]
    ) -> tuple[Any, bytes]:
        """Like `run`, with the bytes of the response."""

        def read(reply: Reply) -> tuple[Any, bytes]:
            return decode(reply, operation, result_type, metadata=self._metadata), reply.body

        result, answer = await self._send(self._operation_call(operation, encode_body(operation, variables), read))
        return await self.with_all_fields(operation, result), answer

    async def run_dated(
        self, operation: Operation, result_type: Any, variables: Mapping[str, object]
    ) -> tuple[Any, datetime | None]:
        """The result, and the server's time when it answered. Fields that are gone read None."""

        def read(reply: Reply) -> tuple[Any, datetime | None]:
            return decode(reply, operation, result_type, metadata=self._metadata), date_of(
                reply.headers.get("Date", "")
            )

        return await self._send(self._operation_call(operation, encode_body(operation, variables), read))

    async def with_all_fields(self, operation: Operation, result: T) -> T:
        """The records unchanged. Raises `SchemaDrift` if a field is empty in all of them because it is gone."""
        if self.fields is not None and operation.kind == "query":
            await self.fields.confirm_all(self.fields.unknown(result))
        return result

    async def _send(self, call: Call[T], fields: FieldCheck | None = None) -> T:
        try:
            result = await (self._engine.sharing.send(call) if call.joining else self._engine.send(call))
        except AuthenticationError as error:
            suspect = error
        else:
            if fields is not None and (at := fields.unknown(result)):
                await fields.confirm_all(at)
            return result
        # /graphql answers an unknown caller and an unknown object alike: a query that needs no object tells them apart.
        gone = missing_field(suspect.message) if suspect.anonymous else None
        if gone is not None and await self._is_known():
            drift = gone_drift(gone)
            drift.operation = call.name
            raise drift
        raise suspect

    async def _is_known(self) -> bool:
        call = Call(
            name=_KEY_CHECK.name,
            kind=_KEY_CHECK.kind,
            url=f"{self.url.removesuffix('/graphql')}/metadata",
            read=decode_document,
            body=encode_body(_KEY_CHECK, {}),
            reads=True,
            repeatable=True,
            limited=False,
            document=_KEY_CHECK.document,
            terms=self.terms,
        )
        try:
            await self._engine.send(call)
        except TwentyError:
            return False
        return True

    def _operation_call(
        self,
        operation: Operation,
        body: bytes,
        read: Callable[[Reply], T],
        repeatable: bool | None = None,
        on_retry: Callable[[TwentyError], object] | None = None,
    ) -> Call[T]:
        reads = operation.kind == "query"
        if repeatable is None:
            # /metadata does not find a second time what it has deleted, so deleting is not repeatable there.
            repeatable = operation.repeatable and not self._metadata
        return Call(
            name=operation.name,
            kind=operation.kind,
            url=self.url,
            read=read,
            body=body,
            reads=reads,
            repeatable=reads or repeatable,
            limited=not self._metadata,
            document=operation.document,
            terms=self.terms,
            on_retry=on_retry,
            joining=joining(operation, self.url) if self.terms.shares and not self._metadata else None,
        )

    async def run_document(
        self,
        document: str | Operation,
        variables: Mapping[str, object] | None = None,
        operation_name: str | None = None,
    ) -> dict[str, Any]:
        """The `data` of the response to any document, unchanged."""
        if isinstance(document, Operation):
            body = encode_body(document, variables or {})
            return await self._engine.send(self._document_call(document.name, document.kind, document.document, body))
        from aiotwenty.graphql.root_fields import describe_text

        name, kind = describe_text(document, operation_name)
        payload: dict[str, Any] = {"query": document, "variables": dict(variables or {})}
        if operation_name is not None:
            payload["operationName"] = operation_name
        return await self._engine.send(self._document_call(name, kind, document, encode_json(payload)))

    def _document_call(
        self, name: str | None, kind: str, document: str, body: bytes | None = None, *, form: Any = None
    ) -> Call[dict[str, Any]]:
        reads = kind == "query"
        return Call(
            name=name or kind,
            kind=kind,
            url=self.url,
            read=partial(decode_document, document=document),
            body=body,
            form=form,
            reads=reads,
            repeatable=reads,
            limited=not self._metadata,
            document=document,
            terms=self.terms,
        )
