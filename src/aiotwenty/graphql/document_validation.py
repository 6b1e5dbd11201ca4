"""Finds the mistakes of a document: what the schema does not allow, and what the server gets wrong."""

from __future__ import annotations

import sys
from collections.abc import Collection, Container, Iterable, Iterator
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    NamedTypeNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    specified_rules,
    validate,
    visit,
)
from graphql.validation import (
    FieldsOnCorrectTypeRule,
    FragmentsOnCompositeTypesRule,
    KnownFragmentNamesRule,
    KnownTypeNamesRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    PossibleFragmentSpreadsRule,
    ScalarLeafsRule,
    ValuesOfCorrectTypeRule,
)

from aiotwenty.graphql.advice import filter_the_other
from aiotwenty.graphql.relations import beyond_filters, is_list, object_fields
from aiotwenty.graphql.server_rules import ServerRules


class _KnownTypesOfFragments(KnownTypeNamesRule):
    """The server checks no types of variables, and knows scalars that the schema does not show."""

    def enter_named_type(self, node: NamedTypeNode, key: Any, parent: Node, path: Any, ancestors: list[Node]) -> None:
        if not any(isinstance(above, VariableDefinitionNode) for above in (*ancestors, parent)):
            super().enter_named_type(node, key, parent, path, ancestors)


class _PartsOfComposites(ScalarLeafsRule):
    """A list of files needs no selection: the server then returns all its parts (Twenty, July 2026)."""

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        type_ = self.context.get_type()
        whole = type_ is not None and is_list(type_) and "id" not in object_fields(get_named_type(type_))
        if node.selection_set or not whole:
            super().enter_field(node, *_)


_SILENT: tuple[type[ASTValidationRule], ...] = (
    FieldsOnCorrectTypeRule,
    FragmentsOnCompositeTypesRule,
    KnownFragmentNamesRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    PossibleFragmentSpreadsRule,
    ValuesOfCorrectTypeRule,
    _KnownTypesOfFragments,
    _PartsOfComposites,
)
"""Rules whose violation the server answers with null or with other records.

It checks neither types of variables nor values against the schema, and accepts more than the schema has (Twenty,
July 2026).
"""


def refusals(
    schema: GraphQLSchema,
    document: DocumentNode,
    *,
    records: bool,
    skip: Collection[type[ASTValidationRule]] = (),
) -> list[GraphQLError]:
    """All mistakes with their places, in the order of the text. `records`: the document is for /graphql."""
    rules = [rule for rule in specified_rules if rule not in skip]
    return _in_order([*_by_schema(schema, document, rules), *_by_server(schema, document, records=records)])


def silent_refusals(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """The mistakes of a document for /graphql that the server would not report.

    Root fields that the schema lacks are left to the server: it knows more than it shows to a key, and refuses unknown
    ones. An operation's keyword is derived from its root fields, because the server ignores it (Twenty, July 2026).
    """
    rules = ServerRules(schema, _fragments(document), records=True)
    document = _with_keywords(schema, document, rules)
    roots = {node for operation in _operations(document) for node in rules.root_fields(operation)}
    wrong = (error for error in _by_schema(schema, document, _SILENT) if not _is_for_the_server(error, roots))
    return _in_order([*wrong, *_by_server(schema, document, records=True)])


def root_names(document: DocumentNode) -> set[str]:
    """The names of the root fields, those in fragments included."""
    rules = ServerRules(GraphQLSchema(), _fragments(document), records=True)
    return {node.name.value for operation in _operations(document) for node in rules.root_fields(operation)}


def _by_schema(
    schema: GraphQLSchema, document: DocumentNode, rules: Collection[type[ASTValidationRule]]
) -> Iterator[GraphQLError]:
    type_info = TypeInfo(schema)
    filters = _FiltersThroughLists(schema, type_info)
    visit(document, TypeInfoVisitor(type_info, filters))
    yield from filters.problems.values()
    for error in validate(schema, document, rules):
        if not error.nodes or error.nodes[0] not in filters.problems:
            yield error


def _by_server(schema: GraphQLSchema, document: DocumentNode, *, records: bool) -> Iterator[GraphQLError]:
    rules = ServerRules(schema, _fragments(document), records=records)
    for operation in _operations(document):
        yield from rules.problems(operation)


def _is_for_the_server(error: GraphQLError, roots: Container[Node]) -> bool:
    """Whether the server accepts the mistake, or reports it better."""
    node = error.nodes[0] if error.nodes else None
    if isinstance(node, FieldNode) and node in roots:
        return error.message.startswith("Cannot query field")
    return isinstance(node, ValueNode) and not isinstance(node, VariableNode)


def _with_keywords(schema: GraphQLSchema, document: DocumentNode, rules: ServerRules) -> DocumentNode:
    definitions = [
        _with_keyword(schema, node, rules) if isinstance(node, OperationDefinitionNode) else node
        for node in document.definitions
    ]
    return DocumentNode(definitions=tuple(definitions), loc=document.loc)


def _with_keyword(
    schema: GraphQLSchema, operation: OperationDefinitionNode, rules: ServerRules
) -> OperationDefinitionNode:
    names = {node.name.value for node in rules.root_fields(operation)}
    fitting = [
        kind
        for kind in (operation.operation, OperationType.QUERY, OperationType.MUTATION)
        if names & object_fields(schema.get_root_type(kind)).keys()
    ]
    if not fitting or operation.operation is OperationType.SUBSCRIPTION:
        return operation
    # A new node, because graphql-core 3.3 has immutable ones.
    return OperationDefinitionNode(
        **{key: getattr(operation, key) for key in operation.keys if key != "operation"}, operation=fitting[0]
    )


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def _in_order(errors: Iterable[GraphQLError]) -> list[GraphQLError]:
    """The errors in the order of the text, without duplicates; those without a place come last."""
    by_place = {(min(error.positions) if error.positions else sys.maxsize, error.message): error for error in errors}
    return [by_place[place] for place in sorted(by_place)]


class _FiltersThroughLists(Visitor):
    """Finds filters in a document that go through a to-many relation; by the node of the relation."""

    def __init__(self, schema: GraphQLSchema, type_info: TypeInfo) -> None:
        super().__init__()
        self.problems: dict[Node, GraphQLError] = {}
        self._type_info = type_info
        self._beyond = beyond_filters(schema)

    def enter_object_field(self, node: ObjectFieldNode, *_: object) -> None:
        parent = get_named_type(self._type_info.get_parent_input_type())
        if parent and (relation := self._beyond.get(parent.name, {}).get(node.name.value)):
            advice = filter_the_other(relation.object, *relation.keys)
            self.problems[node] = GraphQLError(f'"{node.name.value}": {advice}', node)
