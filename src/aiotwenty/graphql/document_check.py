"""Looks at a document of records before it is sent: what the server does not have, it answers with null."""

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
"""Root fields beside records, which the server validates and does not show to a key (Twenty, July 2026)."""
_UNCHECKED = ("validate", "validate=False")
MISFIT = f"the document does not fit the schema ({_UNCHECKED[1]} sends it unchecked):"
"""The first line of the message with all mistakes of a document."""
_KEPT = 512


class DocumentCheck:
    """Checks documents against the schema that the workspace serves to its key.

    It is asked for with the first document (a third of a second, and not counted by the rate limit), kept, and asked
    for again when a document seems wrong: the workspace may have changed.
    """

    def __init__(self, ask: Callable[[str], Coroutine[Any, Any, dict[str, Any]]]) -> None:
        """`ask` gives the answer to a document."""
        self._ask = ask
        self._schema: GraphQLSchema | None = None
        self._asking = asyncio.Lock()
        self._fine: dict[str, None] = {}

    async def check(self, document: str) -> None:
        """Raises `InvalidArgument` with everything that the document gets wrong; any `TwentyError` of asking."""
        if document in self._fine:
            return
        try:
            tree = parse(document)
        except GraphQLError:
            # The server says what is wrong with it, and executes nothing.
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
        """What to say instead, if the server does not know a root field that is a slip of one that it has."""
        gone = missing_field(refusal.message)
        if self._schema is None or gone is None or gone.field is None or not gone.is_root:
            return None
        hint = did_you_mean(gone.field, object_fields(self._schema.type_map.get(gone.type_name)))
        return InvalidArgument(f"the workspace has no {gone.field!r}{hint}.") if hint else None

    async def _wrong(self, tree: DocumentNode, schema: GraphQLSchema | None) -> list[GraphQLError]:
        if schema is None:
            schema = await self._fetch(self._schema)
        # To a caller that it does not know, the server shows no records: it has to say so itself.
        return silent_refusals(schema, tree) if schema is not None and any(listed_objects(schema)) else []

    async def _fetch(self, known: GraphQLSchema | None) -> GraphQLSchema | None:
        """The schema as it is now, once for all who know the same one and wait for another; None if it is not told."""
        async with self._asking:
            if self._schema is None or self._schema is known:
                answer = await self._ask(introspection().document)
                # Two megabytes: reading them would hold up everything else for a moment.
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
