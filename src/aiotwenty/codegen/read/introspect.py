"""`aiotwenty introspect`: reads the schemas of a workspace's two endpoints."""

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
    """The present schemas of `/graphql` ("core") and `/metadata` ("metadata").

    With `descriptions`, objects, fields and options are described by their labels and descriptions in the workspace.
    If the key may not read the data model, labels are left out and `on_note` is called with the reason.

    Also raises `AuthenticationError` if `/graphql` shows only what everybody may see: that is how a server answers an
    unknown key (Twenty, July 2026).
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
        # Labels are optional: a client can be generated without them.
        on_note(f"labels are left out, because /metadata does not show the data model to this key: {error}")
    return {"core": core, "metadata": metadata}


async def write_schemas(
    client: Executor,
    targets: Mapping[str, Path],
    *,
    descriptions: bool = True,
    on_note: Callable[[str], object] = _log.warning,
) -> list[Path]:
    """Introspects both schemas and writes them as sorted SDL to the files for "core" and "metadata".

    `descriptions`: write the labels and descriptions of the workspace's objects and fields too; they become docstrings
    in the generated package. `on_note` is called with a text about anything that could not be read.

    Returns the files whose content changed. Nothing is written unless both endpoints answered with a valid schema.
    """
    schemas = await introspect(client, descriptions=descriptions, on_note=on_note)
    return write_files({targets[name]: print_sorted(schema) for name, schema in schemas.items()})


async def _introspect(client: Executor, endpoint: EndpointName, descriptions: bool) -> GraphQLSchema:
    answer = await client.execute(introspection(descriptions=descriptions), endpoint=endpoint)
    return read_schema(answer, f"/{endpoint}", strict=True)


async def _labels(client: Executor, wanted: bool) -> Mapping[str, Any] | ApiError | None:
    """The response with the data model, or the error if the key may not read it."""
    try:
        return await client.execute(LABELLED, endpoint="metadata") if wanted else None
    except ApiError as error:
        return error
