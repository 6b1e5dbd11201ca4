"""Parses, validates and executes a document, for `/metadata`, introspection and static fields."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_operation_ast,
    specified_rules,
    validate,
    value_from_ast_untyped,
)

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.errors import DUPLICATE_ROOT, duplicate_root, too_many_fields
from aiotwenty.sandbox.javascript_messages import TOO_NESTED, as_javascript
from aiotwenty.sandbox.language.document_size import (
    MAX_SELECTED,
    MAX_VALUES,
    Fragments,
    Sizes,
    TooMuchWorkError,
    is_too_much_to_validate,
)
from aiotwenty.sandbox.language.documents import parsed
from aiotwenty.sandbox.language.execution import Execution, FieldInfo
from aiotwenty.sandbox.language.variable_checks import variable_errors
from aiotwenty.sandbox.model.scalars import UUID_TEXT

MAX_FIELDS = 2000
MAX_DEPTH = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: `body` as JSON, with `status`. A body of None is a stream without events."""

    body: Any
    status: int = 200
    refused: bool = False
    """Whether nothing of the document was executed."""
    events: bool = False
    """Whether it may be sent as server-sent events."""


def forbidden(dialect: Dialect = LATEST) -> GraphQLError:
    """The error for a caller without the necessary rights."""
    extensions = {"code": dialect.forbidden_code, "userFriendlyMessage": "An error occurred."}
    return GraphQLError("Forbidden resource", extensions=extensions)


def not_found(entity: str, entity_id: str) -> GraphQLError:
    """The error of a lookup by an unknown id."""
    message = f"Unable to find {entity} with id: {entity_id}"
    return GraphQLError(message, extensions={"code": "NOT_FOUND", "userFriendlyMessage": "An error occurred."})


def known_uuid(text: str) -> str:
    """The id. Raises Postgres's error if it isn't a UUID, because the schema's scalar accepts any text."""
    if not UUID_TEXT.fullmatch(text):
        extensions = {"code": "INTERNAL_SERVER_ERROR", "userFriendlyMessage": "An error occurred."}
        raise GraphQLError(f'invalid input syntax for type uuid: "{text}"', extensions=extensions)
    return text


def run(
    schema: GraphQLSchema,
    source: str,
    variables: Mapping[str, Any] | None,
    operation_name: str | None,
    *,
    resolver: Callable[..., Any] | None = None,
    context: Any = None,
    limits: bool = True,
    introspection: bool = True,
) -> Answer:
    """Answers a document as Twenty does: refusals without `data`, no `path`, `locations` only from validation."""
    try:
        document = parsed(source)
    except GraphQLError as error:
        return refusal([error])
    operation = get_operation_ast(document, operation_name)
    if operation is not None and operation.operation is OperationType.SUBSCRIPTION and not schema.subscription_type:
        message = "Schema is not configured to execute subscription operation."
        return Answer(refusal([GraphQLError(message, operation)]).body, refused=True, events=True)
    errors = _wrong(schema, source, introspection)
    if errors:
        return refusal(errors)
    if operation is None:
        return no_operation(limits, operation_name)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if over := _over_limits(operation, Sizes(fragments), limits):
        return Answer({"errors": [over]}, refused=True)
    if wrong := variable_errors(schema, operation, variables or {}):
        return Answer({"errors": wrong}, status=400, refused=True)
    if operation.operation is OperationType.SUBSCRIPTION:
        return _subscribed(operation, caller=context, variables=variables or {}, fragments=fragments)
    execution = Execution(schema, operation, fragments, variables or {}, resolver or _no_value, context)
    try:
        data = execution.data()
    except TooMuchWorkError:
        return Answer({"errors": [too_many_fields(MAX_VALUES + 1, MAX_VALUES).as_dict()]}, refused=True)
    if not execution.errors:
        return Answer({"data": data})
    return Answer({"errors": [_executed(error) for error in execution.errors], "data": data})


def _no_value(_source: Any, _info: FieldInfo, **_arguments: Any) -> None:
    """Resolves fields of a schema that is only introspected."""


@lru_cache(maxsize=128)
def _wrong(schema: GraphQLSchema, source: str, introspection: bool) -> list[GraphQLError]:
    """The errors of a document, cached, because clients send the same documents repeatedly."""
    rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
    return validated(schema, parsed(source), rules)


def validated(
    schema: GraphQLSchema, document: DocumentNode, rules: Sequence[type[ASTValidationRule]]
) -> list[GraphQLError]:
    """The mistakes of a document. One that would take long to validate is refused for that reason."""
    if is_too_much_to_validate(document):
        return [GraphQLError("Query too complex - Too many fields in fragments or under one name")]
    return validate(schema, document, rules)


def _subscribed(
    operation: OperationDefinitionNode, *, caller: Any, variables: Mapping[str, Any], fragments: Fragments
) -> Answer:
    """The response to a subscription, as Twenty answered in July 2026.

    With an API key, only `logicFunctionLogs` works, which stays silent; others get HTTP 500 in a server-sent event. A
    person may listen to records.
    """
    roots = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    match roots[0].name.value if roots and caller else "":
        case "logicFunctionLogs":
            return Answer(None, events=True)
        case "eventLogsLive":
            extensions = {"code": "CLICKHOUSE_NOT_CONFIGURED", "userFriendlyMessage": "An error occurred."}
            return Answer(
                {"errors": [{"message": "ClickHouse is not configured", "extensions": extensions}]}, events=True
            )
        case "onEventSubscription" if caller.is_person:
            return Answer(Subscribed(roots[0], variables, fragments), events=True)
    entry = _located(GraphQLError("Forbidden resource", roots)) | {
        "path": [(root.alias or root.name).value for root in roots]
    }
    return Answer({"errors": [entry]}, status=500, events=True)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription that is answered with events."""

    root: FieldNode
    variables: Mapping[str, Any]
    fragments: Fragments

    @property
    def arguments(self) -> dict[str, Any]:
        given = self.root.arguments or ()
        return {each.name.value: value_from_ast_untyped(each.value, dict(self.variables)) for each in given}

    def answer(self, value: Any) -> dict[str, Any]:
        """One event: the selection of a value."""
        key = (self.root.alias or self.root.name).value
        return {"data": {key: self._selected(value, self.root.selection_set)}}

    def _selected(self, value: Any, selections: SelectionSetNode | None) -> Any:
        if isinstance(value, list):
            return [self._selected(item, selections) for item in value]
        if selections is None or not isinstance(value, dict):
            return value
        kept: dict[str, Any] = {}
        for node in selections.selections:
            if isinstance(node, FieldNode):
                kept[(node.alias or node.name).value] = self._selected(value.get(node.name.value), node.selection_set)
            elif isinstance(node, InlineFragmentNode):
                kept |= self._selected(value, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                kept |= self._selected(value, self.fragments[node.name.value].selection_set)
        return kept


def refusal(errors: list[GraphQLError]) -> Answer:
    """Syntax and validation errors: HTTP 200 (400 if graphql-response+json is requested), no `data`, no code."""
    return Answer({"errors": [_located(error) for error in errors]}, refused=True)


def no_operation(told: bool, name: str | None = None) -> Answer:
    """The error for several operations without a name, or for an unknown name."""
    if not told:
        message = "Could not determine what operation to execute."
        return Answer({"errors": [{"message": message}]}, status=400, refused=True)
    message = "Must provide operation name when document contains multiple operations."
    if name:
        message = f'Unknown operation named "{name}".'
    return Answer(f"GraphQLError: {message}\n    at assertValidExecutionArguments", status=500, refused=True)


def _located(error: GraphQLError) -> dict[str, Any]:
    locations = [{"line": one.line, "column": one.column} for one in error.locations or ()]
    said: dict[str, Any] = {"message": as_javascript(error.message)}
    return said | ({"locations": locations} if locations else {})


def _executed(error: GraphQLError) -> dict[str, Any]:
    if error.extensions:
        return {"message": error.message, "extensions": error.extensions}
    if isinstance(error.original_error, RecursionError):
        error = GraphQLError(TOO_NESTED)
    elif error.original_error is not None:
        _log.error("a resolver failed: %s", error.message, exc_info=error.original_error)
    extensions = {"code": "INTERNAL_SERVER_ERROR", "userFriendlyMessage": "An error occurred."}
    return {"message": as_javascript(error.message), "extensions": extensions}


def _over_limits(operation: OperationDefinitionNode, sizes: Sizes, limits: bool) -> dict[str, Any] | None:
    size = sizes.size(operation.selection_set)
    if limits:
        names = sizes.names(operation.selection_set)
        twice = next((name for name, count in names.items() if count > 1), None)
        if twice is not None:
            return duplicate_root(twice, friendly=DUPLICATE_ROOT).as_dict()
    allowed = MAX_FIELDS if limits else MAX_SELECTED
    if size.fields > allowed:
        return too_many_fields(size.fields, allowed).as_dict()
    if limits and size.depth > MAX_DEPTH:
        message = f"Too many nested fields requested: {size.depth} - Maximum allowed nested fields: {MAX_DEPTH}"
        return {"message": f"Query too complex - {message}", "extensions": {"code": "BAD_USER_INPUT"}}
    return None
