"""Checks documents for /graphql before they are sent, because the server answers unknown fields with null."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse

from aiotwenty.errors import ApiError, InvalidArgument, UnexpectedResponse
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.document_validation import root_names, silent_refusals
from aiotwenty.graphql.introspection import introspection, known_schema
from aiotwenty.graphql.relations import listed_objects, object_fields
from aiotwenty.transport.schema_refusals import missing_field

_SENT_UNSEEN = frozenset({"search"})
"""Root fields that the server has and validates, but does not show to a key (Twenty, July 2026)."""
_UNCHECKED = ("validate", "validate=False")
MISFIT = f"the document does not fit the schema ({_UNCHECKED[1]} sends it unchecked):"
"""The first line of the message about a document's mistakes."""
_KEPT = 512


class DocumentCheck:
    """Checks documents against the schema that the workspace serves to its key.

    The first document fetches the schema (a third of a second, not counted by the rate limit). It is kept, and fetched
    again when a document seems wrong, because the workspace may have changed.
    """

    def __init__(self, ask: Callable[[str], Coroutine[Any, Any, dict[str, Any]]]) -> None:
        """`ask` returns the response to a document."""
        self._ask = ask
        self._schema: GraphQLSchema | None = None
        self._asking = asyncio.Lock()
        self._fine: dict[str, None] = {}

    async def check(self, document: str) -> None:
        """Raises `InvalidArgument` with all mistakes of the document; any `TwentyError` of fetching the schema."""
        if document in self._fine:
            return
        try:
            tree = parse(document)
        except GraphQLError:
            # The server reports the syntax error and executes nothing.
            return
        if all(name.startswith("__") or name in _SENT_UNSEEN for name in root_names(tree)):
            return
        known = self._schema
        wrong = await self._wrong(tree, known)
        if wrong and known is not None:
            wrong = await self._wrong(tree, None)
        if wrong:
            raise _refused(wrong)
        if len(self._fine) >= _KEPT:
            self._fine.clear()
        self._fine[document] = None

    def misspelt(self, refusal: ApiError) -> InvalidArgument | None:
        """A better error, if the server refused an unknown root field whose name is similar to a known one."""
        gone = missing_field(refusal.message)
        if self._schema is None or gone is None or gone.field is None or not gone.is_root:
            return None
        hint = did_you_mean(gone.field, object_fields(self._schema.type_map.get(gone.type_name)))
        return InvalidArgument(f"the workspace has no {gone.field!r}{hint}.") if hint else None

    async def _wrong(self, tree: DocumentNode, schema: GraphQLSchema | None) -> list[GraphQLError]:
        if schema is None:
            schema = await self._fetch(self._schema)
        # To an unknown caller the server shows no records. It is left to refuse the document itself.
        return silent_refusals(schema, tree) if schema is not None and any(listed_objects(schema)) else []

    async def _fetch(self, known: GraphQLSchema | None) -> GraphQLSchema | None:
        """The present schema, fetched once for all that wait with the same old one; None if it is refused."""
        async with self._asking:
            if self._schema is None or self._schema is known:
                answer = await self._ask(introspection().document)
                # The schema has two megabytes: reading it would block the event loop.
                self._schema = await asyncio.to_thread(_read, answer)
            return self._schema


def _read(answer: dict[str, Any]) -> GraphQLSchema | None:
    try:
        return known_schema(answer, "/graphql")
    except UnexpectedResponse:
        return None


def _refused(wrong: list[GraphQLError]) -> InvalidArgument:
    errors = [
        {
            "message": error.message,
            "locations": [{"line": place.line, "column": place.column} for place in error.locations or ()],
        }
        for error in wrong
    ]
    lines = [
        f"  line {error.locations[0].line}: {error.message}" if error.locations else f"  {error.message}"
        for error in wrong
    ]
    return InvalidArgument("\n".join([MISFIT, *lines]), errors=errors, suggested=_UNCHECKED)
