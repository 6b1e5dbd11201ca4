"""The `/metadata` endpoint: the introspected schema, executed and validated as usual, over the sandbox's workspace.

What the sandbox doesn't have answers with an error that says so, under the code `NOT_IN_SANDBOX`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLNonNull,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)

from aiotwenty.sandbox.access_resolvers import AccessResolvers
from aiotwenty.sandbox.files import Files
from aiotwenty.sandbox.metadata_nodes import WebhookNode
from aiotwenty.sandbox.model import DataModel
from aiotwenty.sandbox.model_resolvers import ModelResolvers
from aiotwenty.sandbox.names import snake
from aiotwenty.sandbox.scalars import checked_uuid
from aiotwenty.sandbox.validating import Answer, forbidden, run
from aiotwenty.sandbox.workspace import Workspace

_MISSING = object()
_FOR_USERS = frozenset({"currentUser", "addQueryToEventStream", "removeQueryFromEventStream", "onEventSubscription"})
"""Refused to an API key by the real server (Twenty, July 2026)."""


@lru_cache(maxsize=4)
def served_schema(sdl: str | None) -> GraphQLSchema:
    """The schema of `/metadata`, as introspected from the real server unless another is given; parsed once."""
    if sdl is None:
        sdl = resources.files("aiotwenty.sandbox").joinpath("metadata.graphql").read_text("utf-8")
    schema = build_schema(sdl, assume_valid=True)
    uuid = schema.type_map.get("UUID")
    if isinstance(uuid, GraphQLScalarType):
        checked_uuid(uuid)
    return schema


class Metadata:
    """Answers documents sent to `/metadata`. `apply` is told of each change to the data model, to follow it."""

    def __init__(
        self,
        workspace: Workspace,
        apply: Callable[[DataModel], None],
        files: Files,
        *,
        sdl: str | None = None,
        strict: bool = False,
        url: Callable[[], str] = lambda: "http://127.0.0.1",
    ) -> None:
        self._sdl = sdl
        self._strict = strict
        model, access = ModelResolvers(workspace, apply, strict), AccessResolvers(workspace, files, strict, url)
        self._resolvers: dict[str, Callable[..., Any]] = model.table() | access.table()

    def execute(
        self,
        source: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        authenticated: bool,
    ) -> Answer:
        """Answers one document; without a key only `__typename` works."""
        return run(
            served_schema(self._sdl),
            source,
            variables,
            operation_name,
            resolver=self._resolve,
            context=authenticated,
            limits=not self._strict,
            introspection=authenticated or self._strict,
        )

    def _resolve(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        name = info.field_name
        if info.path.prev is None:
            return self._resolve_root(name, info, arguments)
        value = source.get(name, _MISSING) if isinstance(source, dict) else getattr(source, snake(name), _MISSING)
        if callable(value):
            return value(**arguments)
        if value is _MISSING:
            if isinstance(info.return_type, GraphQLNonNull):
                raise not_in_sandbox(f"{info.parent_type.name}.{name}")
            return None
        return value

    def _resolve_root(self, name: str, info: GraphQLResolveInfo, arguments: dict[str, Any]) -> Any:
        if not info.context or (name in _FOR_USERS):
            raise forbidden(self._strict)
        resolver = self._resolvers.get(name)
        if resolver is None:
            raise not_in_sandbox(f"{info.parent_type.name}.{name}")
        answer = resolver(**arguments)
        if isinstance(answer, WebhookNode) and get_named_type(info.return_type) is GraphQLBoolean:
            # A schema of 2025 only says that the webhook was deleted.
            return True
        return answer


def not_in_sandbox(what: str) -> GraphQLError:
    """For what the real server has and the sandbox has not."""
    return GraphQLError(
        f"The sandbox doesn't have {what}",
        extensions={"code": "NOT_IN_SANDBOX", "userFriendlyMessage": "An error occurred."},
    )
