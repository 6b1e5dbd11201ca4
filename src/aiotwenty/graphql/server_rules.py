"""Finds documents that the schema allows, but that would fail on the server or silently give something else.

All of it was observed on Twenty in July 2026. The server walks a document of record fields itself, without a GraphQL
engine, and ignores aliases, directives and defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListTypeNode,
    NamedTypeNode,
    Node,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    TypeNode,
    VariableNode,
    get_named_type,
)

from aiotwenty.graphql.relations import connection_node, object_fields

MAX_ROOT_FIELDS = 20
MAX_METADATA_DEPTH = 10


class _Place(NamedTuple):
    """The position of the walk: the type, the depth, and the number of to-many relations above."""

    type: GraphQLNamedType | None
    depth: int = 0
    to_many: int = 0
    through: frozenset[str] = frozenset()
    """The fragments on the way, which are not entered again."""


class ServerRules:
    """Checks the operations of one endpoint. `records`: it is /graphql, where the rules for records apply."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], *, records: bool
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._records = records

    def problems(self, operation: OperationDefinitionNode) -> Iterator[GraphQLError]:
        """Everything in the operation that the server cannot do, whether or not the schema allows the rest."""
        if operation.operation is OperationType.SUBSCRIPTION:
            yield _refused(operation, "subscriptions are refused by the server with an API key")
            return
        for variable in operation.variable_definitions or ():
            if _named(variable.type) == "Upload":
                yield _refused(variable, "uploads need a multipart request: use `twenty.files`")
            if variable.default_value is not None and self._records:
                yield _refused(
                    variable,
                    f"the server ignores the default of ${variable.variable.name.value}: give the value in the call",
                )
        yield from self._roots(operation)
        root = self._schema.get_root_type(operation.operation)
        yield from self._walk(operation.selection_set, _Place(root))

    def _roots(self, operation: OperationDefinitionNode) -> Iterator[GraphQLError]:
        roots: dict[str, FieldNode] = {}
        for selection in self.root_fields(operation):
            name = selection.name.value
            if name in roots:
                yield _refused(
                    selection, f'the root field "{name}" may occur once in a document, with an alias or without'
                )
            roots[name] = selection
        if self._records and "__typename" in roots and any(not name.startswith("__") for name in roots):
            yield _refused(roots["__typename"], "__typename is refused beside record fields at the root")
        if len(roots) > MAX_ROOT_FIELDS:
            yield _refused(operation, f"{len(roots)} root fields: the server allows {MAX_ROOT_FIELDS} in one document")

    def root_fields(self, operation: OperationDefinitionNode) -> Iterator[FieldNode]:
        """The root fields of an operation, those in fragments included."""
        return self._flat(operation.selection_set)

    def _flat(self, selection_set: SelectionSetNode, through: frozenset[str] = frozenset()) -> Iterator[FieldNode]:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                yield selection
            elif inner := self._inner(selection, through):
                yield from self._flat(*inner)

    def _inner(
        self, selection: SelectionNode, through: frozenset[str]
    ) -> tuple[SelectionSetNode, frozenset[str]] | None:
        """The selection of a fragment, and the fragments on the way to it; None if it is missing or in a circle."""
        if isinstance(selection, InlineFragmentNode):
            return selection.selection_set, through
        name = selection.name.value if isinstance(selection, FragmentSpreadNode) else ""
        if name not in self._fragments or name in through:
            return None
        return self._fragments[name].selection_set, through | {name}

    def _walk(self, selection_set: SelectionSetNode, place: _Place) -> Iterator[GraphQLError]:
        for selection in selection_set.selections:
            if self._records:
                yield from _directives(selection, at_root=place.depth == 0)
            if isinstance(selection, FieldNode):
                yield from self._field(selection, place)
            elif inner := self._inner(selection, place.through):
                yield from self._walk(inner[0], place._replace(through=inner[1]))

    def _field(self, node: FieldNode, place: _Place) -> Iterator[GraphQLError]:
        field = object_fields(place.type).get(node.name.value)
        named = get_named_type(field.type) if field else None
        inside = place._replace(type=named, depth=place.depth + 1)
        if not self._records:
            if inside.depth > MAX_METADATA_DEPTH:
                yield _refused(node, f"more than {MAX_METADATA_DEPTH} levels of fields: the server refuses it")
                return
        elif place.depth:
            if node.alias:
                comes_back = f'"{node.alias.value}" would come back as "{node.name.value}"'
                yield _refused(node, f"the server ignores aliases below the root: {comes_back}")
            if connection_node(named) is not None:
                inside = inside._replace(to_many=place.to_many + 1)
                yield from _to_many(node, inside)
        if self._records and isinstance(named, GraphQLObjectType) and connection_node(named) is not None:
            yield from self._edges(node)
        if node.selection_set:
            yield from self._walk(node.selection_set, inside)

    def _edges(self, node: FieldNode) -> Iterator[GraphQLError]:
        for edges in self._flat(node.selection_set) if node.selection_set else ():
            if edges.name.value != "edges" or not edges.selection_set:
                continue
            if not any(field.name.value == "node" for field in self._flat(edges.selection_set)):
                yield _refused(edges, "edges without node make the server fail")


def _to_many(node: FieldNode, place: _Place) -> Iterator[GraphQLError]:
    if place.to_many > 1:
        yield _refused(node, f'"{node.name.value}" is a to-many relation inside another one: the server refuses it')
    if node.arguments:
        yield _refused(
            node, f'the server ignores the arguments of the nested "{node.name.value}" and gives 60 records at most'
        )


def _directives(node: SelectionNode, *, at_root: bool) -> Iterator[GraphQLError]:
    for directive in node.directives or ():
        if directive.name.value not in ("include", "skip"):
            continue
        if at_root:
            yield _refused(node, f"the server ignores @{directive.name.value} on a root field")
        elif any(isinstance(argument.value, VariableNode) for argument in directive.arguments or ()):
            yield _refused(node, f"@{directive.name.value} with a variable makes the server fail")


def _named(type_: TypeNode) -> str:
    while isinstance(type_, ListTypeNode | NonNullTypeNode):
        type_ = type_.type
    return type_.name.value if isinstance(type_, NamedTypeNode) else ""


def _refused(node: Node, reason: str) -> GraphQLError:
    return GraphQLError(reason, node)
