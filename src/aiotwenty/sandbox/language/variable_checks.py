"""Checks the values of variables against the schema, with the messages of graphql-js 16, like Twenty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLType,
    OperationDefinitionNode,
    is_required_input_field,
    type_from_ast,
)
from graphql.pyutils import did_you_mean, suggestion_list

from aiotwenty.sandbox.javascript_messages import as_javascript

Said = dict[str, Any]


def variable_errors(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> list[Said]:
    """The mistakes in the variables: messages with the extensions that Twenty adds to status 400."""
    problems: list[Said] = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        of = type_from_ast(schema, definition.type)
        value = variables.get(name)
        if isinstance(of, GraphQLNonNull) and value is None:
            if name in variables:
                problems.append(_complaint(f'Variable "${name}" of non-null type "{of}" must not be null.'))
            elif definition.default_value is None:
                problems.append(_complaint(f'Variable "${name}" of required type "{of}" was not provided.'))
        elif name in variables and of is not None:
            problems += _check(value, of)
    return problems


def _complaint(message: str, extensions: dict[str, Any] | None = None) -> Said:
    if extensions:
        return {"message": message, "extensions": {**extensions, "http": {"status": 400}}}
    more = {"http": {"status": 400}, "code": "BAD_USER_INPUT", "userFriendlyMessage": "An error occurred."}
    return {"message": message, "extensions": more}


def _check(value: Any, of: GraphQLType) -> Iterator[Said]:
    if isinstance(of, GraphQLNonNull):
        if value is None:
            yield _complaint(f'Expected non-nullable type "{of}" not to be null.')
        else:
            yield from _check(value, of.of_type)
    elif value is None:
        return
    elif isinstance(of, GraphQLList):
        for item in value if isinstance(value, list) else [value]:
            yield from _check(item, of.of_type)
    elif isinstance(of, GraphQLInputObjectType):
        yield from _check_object(value, of)
    elif isinstance(of, GraphQLScalarType | GraphQLEnumType):
        # The name since graphql-core 3.3.
        coerce = getattr(of, "coerce_input_value", None) or of.parse_value
        try:
            coerce(value)
        except GraphQLError as error:
            yield _complaint(as_javascript(error.message), error.extensions)


def _check_object(value: Any, of: GraphQLInputObjectType) -> Iterator[Said]:
    if not isinstance(value, dict):
        yield _complaint(f'Expected type "{of}" to be an object.')
        return
    for name, field in of.fields.items():
        if name in value:
            yield from _check(value[name], field.type)
        elif is_required_input_field(field):
            yield _complaint(f'Field "{name}" of required type "{field.type}" was not provided.')
    for name in value.keys() - of.fields.keys():
        suggested = as_javascript(did_you_mean(suggestion_list(name, of.fields)))
        yield _complaint(f'Field "{name}" is not defined by type "{of}".{suggested}')
