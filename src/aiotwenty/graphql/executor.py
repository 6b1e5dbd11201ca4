"""The part of a client that other modules need to run operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeAlias

from aiotwenty.graphql.operation import Operation

EndpointName: TypeAlias = Literal["graphql", "metadata"]


class Executor(Protocol):
    """Runs operations: `Twenty`."""

    async def execute(
        self,
        document: Operation | str,
        variables: Mapping[str, object] | None = None,
        *,
        endpoint: EndpointName = "graphql",
    ) -> dict[str, Any]: ...
