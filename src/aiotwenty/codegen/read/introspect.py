"""`aiotwenty introspect`: asks a workspace's two endpoints for their schemas."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from graphql import GraphQLSchema

from aiotwenty.codegen.files import write_files
from aiotwenty.codegen.read.objects import find_objects
from aiotwenty.codegen.read.sdl import print_sorted
from aiotwenty.errors import AuthenticationError
from aiotwenty.graphql.executor import EndpointName, Executor
from aiotwenty.graphql.introspection import introspection, read_schema

_ENDPOINTS: dict[str, EndpointName] = {"core": "graphql", "metadata": "metadata"}


async def introspect(client: Executor, *, descriptions: bool = False) -> dict[str, GraphQLSchema]:
    """The schemas of `/graphql` ("core") and `/metadata` ("metadata") as the workspace has them now.

    Raises `AuthenticationError` too when `/graphql` shows only what everybody may see: that is how a server answers a
    key that it does not know (Twenty, July 2026).
    """
    schemas = await asyncio.gather(*(_introspect(client, endpoint, descriptions) for endpoint in _ENDPOINTS.values()))
    core, metadata = schemas
    if not find_objects(core):
        raise AuthenticationError(
            "/graphql shows no objects, as it does to callers it does not know. Check the API key (TWENTY_API_KEY), "
            "and that a proxy passes the Authorization header on."
        )
    return {"core": core, "metadata": metadata}


async def write_schemas(client: Executor, targets: Mapping[str, Path], *, descriptions: bool = True) -> list[Path]:
    """Introspect and write both schemas as sorted SDL, to the files given for "core" and "metadata".

    `descriptions` are the workspace's of its objects and fields; what is generated has them as docstrings.

    Gives back the files whose content changed. Nothing is written unless both endpoints answered with a valid schema.
    """
    schemas = await introspect(client, descriptions=descriptions)
    return write_files({targets[name]: print_sorted(schema) for name, schema in schemas.items()})


async def _introspect(client: Executor, endpoint: EndpointName, descriptions: bool) -> GraphQLSchema:
    answer = await client.execute(introspection(descriptions=descriptions), endpoint=endpoint)
    return read_schema(answer, f"/{endpoint}", strict=True)
