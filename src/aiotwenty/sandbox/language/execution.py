"""Executes a validated document by the rules of GraphQL.

graphql-core does the same for asynchronous resolvers, with a path and a description of the field for each value. A data
model or an introspection has tens of thousands of values, so that took most of the time of a response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionNode,
    SelectionSetNode,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    Undefined,
    located_error,
)
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values

from aiotwenty.sandbox.language.document_size import MAX_VALUES, Fragments, TooMuchWorkError

Complete = Callable[[Any], Any]
_META_FIELDS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef, "__typename": TypeNameMetaFieldDef}


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """The field that a resolver is called for."""

    field_name: str
    return_type: GraphQLOutputType
    parent_type: GraphQLObjectType
    schema: GraphQLSchema
    context: Any
    is_root: bool


class _MissingError(Exception):
    """A non-null value is missing: the object around it becomes null, or is missing in turn."""

    def __init__(self, error: GraphQLError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(slots=True)
class _Selected:
    """A field of the response, with all its selections in the document."""

    key: str
    nodes: list[FieldNode]
    definition: GraphQLField
    info: FieldInfo
    resolve: Callable[..., Any]
    complete: Complete


class Execution:
    """One execution of an operation. `errors` are those of single fields, in the order of occurrence.

    `resolver` is called with a source, a `FieldInfo` and the arguments if the schema has no resolver of its own.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Fragments,
        variables: Mapping[str, Any],
        resolver: Callable[..., Any],
        context: Any,
    ) -> None:
        self.errors: list[GraphQLError] = []
        self._schema = schema
        self._operation = operation
        self._fragments = fragments
        self._given = variables
        self._variables: Any = {}
        self._resolver = resolver
        self._context = context
        self._values = 0

    def data(self) -> dict[str, Any] | None:
        """The result of the operation. Raises `TooMuchWorkError` if it has too many values."""
        variables: Any = get_variable_values(
            self._schema, self._operation.variable_definitions or (), dict(self._given), max_errors=50
        )
        if isinstance(variables, list):
            self.errors += variables
            return None
        self._variables = variables
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None, "checked by validation"
        try:
            return self._object(None, self._fields(root, [self._operation.selection_set], is_root=True))
        except _MissingError as missing:
            self.errors.append(missing.error)
            return None

    def _object(self, source: Any, fields: list[_Selected]) -> dict[str, Any]:
        self._values += len(fields)
        if self._values > MAX_VALUES:
            raise TooMuchWorkError
        return {field.key: self._value(source, field) for field in fields}

    def _value(self, source: Any, field: _Selected) -> Any:
        definition = field.definition
        try:
            if definition.args:
                arguments = get_argument_values(definition, field.nodes[0], self._variables)
                return field.complete(field.resolve(source, field.info, **arguments))
            return field.complete(field.resolve(source, field.info))
        except Exception as error:
            return self._null(error, definition.type, field.nodes)

    def _null(self, error: Exception, of: GraphQLOutputType, nodes: list[FieldNode]) -> None:
        located = error.error if isinstance(error, _MissingError) else located_error(error, nodes)
        if isinstance(of, GraphQLNonNull):
            raise _MissingError(located) from None
        self.errors.append(located)

    # Selections

    def _fields(
        self, of: GraphQLObjectType, selections: list[SelectionSetNode], *, is_root: bool = False
    ) -> list[_Selected]:
        nodes: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for selection in selections:
            for node in self._nodes(of, selection, spread):
                nodes.setdefault((node.alias or node.name).value, []).append(node)
        return [self._field(of, key, asked, is_root) for key, asked in nodes.items()]

    def _nodes(self, of: GraphQLObjectType, selections: SelectionSetNode, spread: set[str]) -> Iterator[FieldNode]:
        for node in selections.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            if isinstance(node, InlineFragmentNode):
                fragment: Any = node
            else:
                name = node.name.value  # type: ignore[attr-defined]
                if name in spread:
                    continue
                spread.add(name)
                fragment = self._fragments[name]
            if self._applies(fragment.type_condition, of):
                yield from self._nodes(of, fragment.selection_set, spread)

    def _included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"] is True) and not (include and include["if"] is False)

    def _applies(self, condition: Any, of: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == of.name:
            return True
        named = self._schema.get_type(condition.name.value)
        return isinstance(named, GraphQLInterfaceType | GraphQLUnionType) and self._schema.is_sub_type(named, of)

    def _field(self, of: GraphQLObjectType, key: str, nodes: list[FieldNode], is_root: bool) -> _Selected:
        name = nodes[0].name.value
        definition = of.fields.get(name) or _META_FIELDS[name]
        info = FieldInfo(name, definition.type, of, self._schema, self._context, is_root)
        complete = self._completer(definition.type, nodes, f"{of.name}.{name}")
        return _Selected(key, nodes, definition, info, definition.resolve or self._resolver, complete)

    # Completing resolved values

    def _completer(self, of: GraphQLOutputType, nodes: list[FieldNode], place: str) -> Complete:
        if isinstance(of, GraphQLNonNull):
            return self._required(self._completer(of.of_type, nodes, place), place)
        if isinstance(of, GraphQLList):
            return self._listed(of.of_type, self._completer(of.of_type, nodes, place), nodes, place)
        if isinstance(of, GraphQLScalarType | GraphQLEnumType):
            return _serialized(of)
        selections = [node.selection_set for node in nodes if node.selection_set]
        if isinstance(of, GraphQLObjectType):
            return self._nested(of, selections)
        return self._nested_of_kind(of, selections)  # type: ignore[arg-type]

    def _required(self, complete: Complete, place: str) -> Complete:
        def completed(value: Any) -> Any:
            if (answer := complete(value)) is None:
                raise GraphQLError(f"Cannot return null for non-nullable field {place}.")
            return answer

        return completed

    def _listed(self, of: GraphQLOutputType, complete: Complete, nodes: list[FieldNode], place: str) -> Complete:
        def item(value: Any) -> Any:
            try:
                return complete(value)
            except Exception as error:
                return self._null(error, of, nodes)

        def completed(value: Any) -> Any:
            if value is None:
                return None
            if isinstance(value, str | Mapping):
                raise GraphQLError(f"Expected Iterable, but did not find one for field '{place}'.")
            return [item(entry) for entry in value]

        return completed

    def _nested(self, of: GraphQLObjectType, selections: list[SelectionSetNode]) -> Complete:
        fields: list[_Selected] | None = None

        def completed(value: Any) -> Any:
            nonlocal fields
            if value is None:
                return None
            if fields is None:
                fields = self._fields(of, selections)
            return self._object(value, fields)

        return completed

    def _nested_of_kind(self, of: GraphQLAbstractType, selections: list[SelectionSetNode]) -> Complete:
        kinds: dict[str, Complete] = {}

        def completed(value: Any) -> Any:
            if value is None:
                return None
            name = value["__typename"]
            if name not in kinds:
                kind = self._schema.get_type(name)
                assert isinstance(kind, GraphQLObjectType), f"{of.name} is never a {name}"
                kinds[name] = self._nested(kind, selections)
            return kinds[name](value)

        return completed


def _serialized(of: GraphQLLeafType) -> Complete:
    def completed(value: Any) -> Any:
        if value is None:
            return None
        answer = of.serialize(value)
        if answer is Undefined or answer is None:
            raise TypeError(f"Expected `{of}.serialize({value!r})` to return non-nullable value, returned: {answer!r}")
        return answer

    return completed
