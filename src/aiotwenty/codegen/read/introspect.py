"""`aiotwenty introspect`: asks a workspace's two endpoints for their schemas."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema

from aiotwenty.codegen.files import write_files
from aiotwenty.codegen.read.labels import LABELLED, add_labels
from aiotwenty.codegen.read.sdl import print_sorted
from aiotwenty.errors import ApiError, AuthenticationError, UnexpectedResponse
from aiotwenty.graphql.executor import EndpointName, Executor
from aiotwenty.graphql.introspection import introspection, read_schema
from aiotwenty.graphql.object_roots import find_objects

_log = logging.getLogger(__name__)


async def introspect(
    client: Executor, *, descriptions: bool = False, on_note: Callable[[str], object] = _log.warning
) -> dict[str, GraphQLSchema]:
    """The schemas of `/graphql` ("core") and `/metadata` ("metadata") as the workspace has them now.

    With `descriptions`, objects, fields and options are described by their labels and by what is said of them there.
    For a key that may not read the data model, the labels are left out, and `on_note` is told.

    Raises `AuthenticationError` too when `/graphql` shows only what everybody may see: that is how a server answers a
    key that it does not know (Twenty, July 2026).
    """
    core, metadata, labels = await asyncio.gather(
        _introspect(client, "graphql", descriptions),
        _introspect(client, "metadata", descriptions),
        _labels(client, descriptions),
    )
    if not find_objects(core):
        raise AuthenticationError(
            "/graphql shows no objects, which usually means that authentication failed. Check the API key "
            "(TWENTY_API_KEY), "
            "and that a proxy passes the Authorization header on."
        )
    try:
        if isinstance(labels, ApiError):
            raise labels
        if labels is not None:
            add_labels(core, labels)
    except (ApiError, UnexpectedResponse) as error:
        # A client can be generated without.
        on_note(f"labels are left out, because /metadata does not show the data model to this key: {error}")
    return {"core": core, "metadata": metadata}


async def write_schemas(
    client: Executor,
    targets: Mapping[str, Path],
    *,
    descriptions: bool = True,
    on_note: Callable[[str], object] = _log.warning,
) -> list[Path]:
    """Introspect and write both schemas as sorted SDL, to the files given for "core" and "metadata".

    `descriptions` are the labels and descriptions that the workspace has of its objects and fields; what is generated
    has them as docstrings. `on_note` is told what could not be asked for.

    Gives back the files whose content changed. Nothing is written unless both endpoints answered with a valid schema.
    """
    schemas = await introspect(client, descriptions=descriptions, on_note=on_note)
    return write_files({targets[name]: print_sorted(schema) for name, schema in schemas.items()})


async def _introspect(client: Executor, endpoint: EndpointName, descriptions: bool) -> GraphQLSchema:
    answer = await client.execute(introspection(descriptions=descriptions), endpoint=endpoint)
    return read_schema(answer, f"/{endpoint}", strict=True)


async def _labels(client: Executor, wanted: bool) -> Mapping[str, Any] | ApiError | None:
    """The data model, or why the server does not show it."""
    try:
        return await client.execute(LABELLED, endpoint="metadata") if wanted else None
    except ApiError as error:
        return error
