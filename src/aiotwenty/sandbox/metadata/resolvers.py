"""The `/metadata` endpoint: the introspected schema, validated and executed on the sandbox's workspace.

Fields that the sandbox doesn't implement give an error that says so, with the code `NOT_IN_SANDBOX`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Protocol

from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_named_type,
)

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.errors import RecordError
from aiotwenty.sandbox.javascript_messages import to_json
from aiotwenty.sandbox.language.documents import parsed
from aiotwenty.sandbox.language.execution import FieldInfo
from aiotwenty.sandbox.language.schema_execution import Answer, forbidden, run
from aiotwenty.sandbox.metadata.access_resolvers import AccessResolvers
from aiotwenty.sandbox.metadata.entities import ViewEntities
from aiotwenty.sandbox.metadata.files import FileStore
from aiotwenty.sandbox.metadata.model_resolvers import ModelResolvers
from aiotwenty.sandbox.metadata.role_resolvers import RoleResolvers
from aiotwenty.sandbox.metadata.workspace_nodes import WebhookNode
from aiotwenty.sandbox.model.data_model import DataModel
from aiotwenty.sandbox.model.directives import DIRECTIVES
from aiotwenty.sandbox.model.names import snake
from aiotwenty.sandbox.model.scalars import checked_uuid
from aiotwenty.sandbox.model.workspace import Caller, SandboxWorkspace

_MISSING = object()
_FOR_ANYONE = frozenset({"getLoginTokenFromCredentials", "signIn", "getAuthTokensFromLoginToken", "renewToken"})
_FOR_PEOPLE = frozenset({"currentUser", "addQueryToEventStream", "removeQueryFromEventStream", "onEventSubscription"})
"""Root fields that the real server refuses to an API key (Twenty, July 2026)."""
_FOR_SESSIONS = frozenset({"createApiKey", "updateApiKey", "revokeApiKey", "generateApiKeyToken"})
"""Root fields refused with another message; an older server allows them to a key (Twenty 1.10, November 2025)."""
_OF_A_PERSON = re.compile(r"my[A-Z]|chat[A-Z]")
"""Root fields about a person, which a key is not."""


def served_schema(sdl: str | None, dialect: Dialect = LATEST) -> GraphQLSchema:
    """The schema of `/metadata`: the introspected one of the real server, unless another is given."""
    if sdl is not None:
        return _read_schema(sdl, dialect.checks_ids_of_metadata)
    with _reading:
        return _own_schema(dialect.checks_ids_of_metadata)


_reading = threading.Lock()


@cache
def _own_schema(checks_ids: bool) -> GraphQLSchema:
    """The included schema. It never changes, so all sandboxes of a process share it."""
    sdl = resources.files("aiotwenty.sandbox.metadata").joinpath("metadata.graphql").read_text("utf-8")
    return _read_schema(sdl, checks_ids)


def _asks_only_for_the_schema(source: str) -> bool:
    if "__schema" not in source:
        return False
    try:
        definitions = parsed(source).definitions
    except GraphQLError:
        return False
    operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
    roots = [root for operation in operations for root in operation.selection_set.selections]
    return all(isinstance(root, FieldNode) and root.name.value == "__schema" for root in roots)


@lru_cache(maxsize=8)
def _introspected(source: str, variables: str, operation_name: str | None, dialect: Dialect) -> Answer:
    """The introspection of the unchanging schema, cached: a whole one takes half a second."""
    schema = served_schema(None, dialect)
    answer = run(schema, source, json.loads(variables), operation_name, limits=dialect.limits_documents)
    return replace(answer, body=to_json(answer.body))


def _read_schema(sdl: str, checks_ids: bool) -> GraphQLSchema:
    schema = build_schema(sdl, assume_valid=True, no_location=True)
    schema.directives = DIRECTIVES
    uuid = schema.type_map.get("UUID")
    if checks_ids and isinstance(uuid, GraphQLScalarType):
        checked_uuid(uuid)
    return schema


class Streams(Protocol):
    """The event streams, as far as mutations change them."""

    def add(self, input: dict[str, Any]) -> bool:  # noqa: A002
        """Adds a query. Returns whether there is such a stream."""
        ...

    def remove(self, input: dict[str, Any]) -> bool:  # noqa: A002
        """Removes a query. Returns whether the stream had it."""
        ...


class Metadata:
    """Answers documents for `/metadata`. `apply` is called after each change of the data model, to follow it."""

    def __init__(
        self,
        workspace: SandboxWorkspace,
        apply: Callable[[DataModel], None],
        files: FileStore,
        streams: Streams | None = None,
        *,
        sdl: str | None = None,
        dialect: Dialect = LATEST,
        url: Callable[[], str] = lambda: "http://127.0.0.1",
    ) -> None:
        self._sdl = sdl
        self._schema: GraphQLSchema | None = None
        self._dialect = dialect
        self.model = ModelResolvers(workspace, apply, dialect)
        self.access = AccessResolvers(workspace, files, dialect, url)
        self.entities = ViewEntities(workspace)
        self._resolvers: dict[str, Callable[..., Any]] = (
            self.model.table() | self.access.table() | RoleResolvers(workspace).table() | self.entities.table()
        )
        if streams is not None:
            self._resolvers |= {"addQueryToEventStream": streams.add, "removeQueryFromEventStream": streams.remove}

    def execute(
        self,
        source: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        caller: Caller | None,
    ) -> Answer:
        """Answers a document; without a key only `__typename` works."""
        if self._sdl is None and caller is not None and _asks_only_for_the_schema(source):
            return _introspected(source, json.dumps(variables, default=str), operation_name, self._dialect)
        if self._schema is None:
            self._schema = served_schema(self._sdl, self._dialect)
        return run(
            self._schema,
            source,
            variables,
            operation_name,
            resolver=self._resolve,
            context=caller,
            limits=self._dialect.limits_documents,
            introspection=caller is not None or self._dialect.introspects_for_anyone,
        )

    def _resolve(self, source: Any, info: FieldInfo, **arguments: Any) -> Any:
        name = info.field_name
        if info.is_root:
            return self._resolve_root(name, info, arguments)
        value: Any = source.get(name, _MISSING) if isinstance(source, dict) else getattr(source, snake(name), _MISSING)
        if callable(value):
            return value(**arguments)
        if value is _MISSING:
            if isinstance(info.return_type, GraphQLNonNull):
                raise not_in_sandbox(f"{info.parent_type.name}.{name}")
            return None
        return value

    def _resolve_root(self, name: str, info: FieldInfo, arguments: dict[str, Any]) -> Any:
        if name not in _FOR_ANYONE:
            self._check_caller(name, info.context)
        resolver = self._resolvers.get(name)
        if resolver is None:
            returned = info.return_type
            if isinstance(returned.of_type if isinstance(returned, GraphQLNonNull) else returned, GraphQLList):
                # The sandbox never creates any.
                return []
            raise not_in_sandbox(f"{info.parent_type.name}.{name}")
        try:
            answer = resolver(**arguments)
        except RecordError as error:
            entry = error.as_dict()
            raise GraphQLError(entry["message"], extensions=entry["extensions"]) from None
        if isinstance(answer, WebhookNode | dict) and get_named_type(info.return_type) is GraphQLBoolean:
            # Some mutations return only success; in a schema of 2025, so do those of webhooks.
            return True
        return answer

    def _check_caller(self, name: str, caller: Caller | None) -> None:
        if caller is None or (name in _FOR_PEOPLE and not caller.is_person):
            raise forbidden(self._dialect)
        if caller.is_person or self._dialect.keys_act_as_people:
            return
        if name in _FOR_SESSIONS:
            raise _refused("This endpoint requires a session access token", _NO_PERMISSION)
        if _OF_A_PERSON.match(name):
            message = "This endpoint requires a user context. API keys are not supported."
            raise _refused(message, message)


_NO_PERMISSION = "You do not have permission to perform this action."


def _refused(message: str, friendly: str) -> GraphQLError:
    extensions = {"subCode": "FORBIDDEN_EXCEPTION", "userFriendlyMessage": friendly, "code": "FORBIDDEN"}
    return GraphQLError(message, extensions=extensions)


def not_in_sandbox(what: str) -> GraphQLError:
    """The error for parts of the real server that the sandbox lacks."""
    return GraphQLError(
        f"The sandbox doesn't have {what}",
        extensions={"code": "NOT_IN_SANDBOX", "userFriendlyMessage": "An error occurred."},
    )
