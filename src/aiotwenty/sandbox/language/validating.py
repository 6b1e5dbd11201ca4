"""Runs a document as GraphQL says: parsed, validated, executed. For `/metadata`, introspection and static fields."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
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
    execute_sync,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
    value_from_ast_untyped,
)

from aiotwenty.sandbox.javascript import as_javascript
from aiotwenty.sandbox.language.variables import variable_errors
from aiotwenty.sandbox.model.scalars import UUID_TEXT

_Fragments = dict[str, FragmentDefinitionNode]
MAX_FIELDS = 2000
MAX_DEPTH = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: `body` as JSON, with `status`; None is a stream of events that never come."""

    body: Any
    status: int = 200
    refused: bool = False
    """Nothing of the document was executed."""
    events: bool = False
    """It may be sent as server-sent events."""


def forbidden(strict: bool = False) -> GraphQLError:
    """What a guard says that lets the caller no further; the older server has another code."""
    code = "INTERNAL_SERVER_ERROR" if strict else "FORBIDDEN"
    return GraphQLError("Forbidden resource", extensions={"code": code, "userFriendlyMessage": "An error occurred."})


def not_found(entity: str, entity_id: str) -> GraphQLError:
    """What a lookup by id says of something that isn't there."""
    message = f"Unable to find {entity} with id: {entity_id}"
    return GraphQLError(message, extensions={"code": "NOT_FOUND", "userFriendlyMessage": "An error occurred."})


def known_uuid(text: str) -> str:
    """The same id. Raises what Postgres says of one that isn't a UUID: the schema's scalar lets any text pass."""
    if not UUID_TEXT.fullmatch(text):
        extensions = {"code": "INTERNAL_SERVER_ERROR", "userFriendlyMessage": "An error occurred."}
        raise GraphQLError(f'invalid input syntax for type uuid: "{text}"', extensions=extensions)
    return text


def run(
    schema: GraphQLSchema,
    source: str | DocumentNode,
    variables: Mapping[str, Any] | None,
    operation_name: str | None,
    *,
    resolver: Callable[..., Any] | None = None,
    context: Any = None,
    limits: bool = True,
    introspection: bool = True,
) -> Answer:
    """One document, answered as Twenty does: refusals without `data`, no `path`, `locations` only from validation."""
    try:
        document = parse(source) if isinstance(source, str) else source
    except GraphQLError as error:
        return refusal([error])
    operation = get_operation_ast(document, operation_name)
    if operation is not None and operation.operation is OperationType.SUBSCRIPTION and not schema.subscription_type:
        message = "Schema is not configured to execute subscription operation."
        return Answer(refusal([GraphQLError(message, operation)]).body, refused=True, events=True)
    rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
    errors = validate(schema, document, rules)
    if errors:
        return refusal(errors)
    if operation is None:
        return no_operation(not limits, operation_name)
    if limits and (over := _over_limits(document, operation)):
        return Answer({"errors": [over]}, refused=True)
    if wrong := variable_errors(schema, operation, variables or {}):
        return Answer({"errors": wrong}, status=400, refused=True)
    if operation.operation is OperationType.SUBSCRIPTION:
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        return _subscribed(operation, caller=context, variables=variables or {}, fragments=fragments)
    result = execute_sync(
        schema,
        document,
        variable_values=dict(variables or {}),
        operation_name=operation_name,
        field_resolver=resolver,
        context_value=context,
    )
    return _answer(result)


def _subscribed(
    operation: OperationDefinitionNode, *, caller: Any, variables: Mapping[str, Any], fragments: _Fragments
) -> Answer:
    """What may be subscribed to, as Twenty answered in July 2026.

    With an API key nothing but `logicFunctionLogs`, which opens and stays silent; HTTP 500 in one server-sent event
    for the others. A person may listen to records.
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
    said = _located(GraphQLError("Forbidden resource", roots)) | {
        "path": [(one.alias or one.name).value for one in roots]
    }
    return Answer({"errors": [said]}, status=500, events=True)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription that is answered with events."""

    root: FieldNode
    variables: Mapping[str, Any]
    fragments: _Fragments

    @property
    def arguments(self) -> dict[str, Any]:
        given = self.root.arguments or ()
        return {each.name.value: value_from_ast_untyped(each.value, dict(self.variables)) for each in given}

    def answer(self, value: Any) -> dict[str, Any]:
        """One event: what is selected of a value."""
        key = (self.root.alias or self.root.name).value
        return {"data": {key: self._selected(value, self.root.selection_set)}}

    def _selected(self, value: Any, selections: SelectionSetNode | None) -> Any:
        if isinstance(value, list):
            return [self._selected(each, selections) for each in value]
        if selections is None or not isinstance(value, dict):
            return value
        made: dict[str, Any] = {}
        for node in selections.selections:
            if isinstance(node, FieldNode):
                made[(node.alias or node.name).value] = self._selected(value.get(node.name.value), node.selection_set)
            elif isinstance(node, InlineFragmentNode):
                made |= self._selected(value, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                made |= self._selected(value, self.fragments[node.name.value].selection_set)
        return made


def refusal(errors: list[GraphQLError]) -> Answer:
    """Syntax and validation errors: HTTP 200 (400 if graphql-response+json is asked for), no `data`, no code."""
    return Answer({"errors": [_located(error) for error in errors]}, refused=True)


def no_operation(strict: bool, name: str | None = None) -> Answer:
    """Several operations and no name, or a name that isn't there."""
    if strict:
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


def _answer(result: ExecutionResult) -> Answer:
    if not result.errors:
        return Answer({"data": result.data})
    return Answer({"errors": [_executed(error) for error in result.errors], "data": result.data})


def _executed(error: GraphQLError) -> dict[str, Any]:
    if error.extensions:
        return {"message": error.message, "extensions": error.extensions}
    if error.original_error is not None:
        _log.error("a resolver failed: %s", error.message, exc_info=error.original_error)
    extensions = {"code": "INTERNAL_SERVER_ERROR", "userFriendlyMessage": "An error occurred."}
    return {"message": as_javascript(error.message), "extensions": extensions}


def _over_limits(document: DocumentNode, operation: OperationDefinitionNode) -> dict[str, Any] | None:
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    roots = Counter(_names(operation.selection_set, fragments))
    twice = next((name for name, count in roots.items() if count > 1), None)
    if twice is not None:
        friendly = "Duplicate root resolver found. Each root resolver can only be called once per document."
        return _too_complex(f'Duplicate root resolver: "{twice}"', "UrzTjS", friendly)
    fields, depth = _size(operation.selection_set, fragments)
    if fields > MAX_FIELDS:
        friendly = "The request is too complex to process. Please try reducing the amount of requested fields."
        message = f"Query too complex - Too many fields requested: {fields} - Maximum allowed fields: {MAX_FIELDS}"
        return _too_complex(message, "pv+BoZ", friendly)
    if depth > MAX_DEPTH:
        message = f"Too many nested fields requested: {depth} - Maximum allowed nested fields: {MAX_DEPTH}"
        return {"message": f"Query too complex - {message}", "extensions": {"code": "BAD_USER_INPUT"}}
    return None


def _too_complex(message: str, message_id: str, friendly: str) -> dict[str, Any]:
    user_message = {"id": message_id, "message": friendly}
    return {"message": message, "extensions": {"userFriendlyMessage": user_message, "code": "BAD_USER_INPUT"}}


def _names(selections: SelectionSetNode, fragments: _Fragments) -> list[str]:
    names: list[str] = []
    for node in selections.selections:
        if isinstance(node, FieldNode):
            names.append(node.name.value)
        elif isinstance(node, InlineFragmentNode):
            names += _names(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            names += _names(fragments[node.name.value].selection_set, fragments)
    return names


def _size(selections: SelectionSetNode | None, fragments: _Fragments) -> tuple[int, int]:
    """How many fields, and how deep."""
    fields, depth = 0, 0
    for node in selections.selections if selections else ():
        if isinstance(node, FieldNode):
            below, deeper = _size(node.selection_set, fragments)
            below, deeper = below + 1, 0 if node.name.value.startswith("__") else deeper + 1
        elif isinstance(node, InlineFragmentNode):
            below, deeper = _size(node.selection_set, fragments)
        else:
            assert isinstance(node, FragmentSpreadNode)
            below, deeper = _size(fragments[node.name.value].selection_set, fragments)
        fields, depth = fields + below, max(depth, deeper)
    return fields, depth
