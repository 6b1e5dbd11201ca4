"""What the schema allows and the server does not do: operations that would fail or silently give something else.

All of it was seen of Twenty in July 2026. The server walks a document of record fields by itself, without a GraphQL
engine, and knows no aliases, directives or defaults on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    TypeNode,
    VariableNode,
    get_named_type,
)

from aiotwenty.codegen.errors import Problem
from aiotwenty.graphql.relations import connection_node, object_fields

MAX_ROOT_FIELDS = 20
MAX_METADATA_DEPTH = 10


@dataclass(frozen=True)
class _Place:
    """Where the walk is: the type that is selected from, how deep, and below how many to-many relations."""

    type: GraphQLNamedType | None
    depth: int = 0
    to_many: int = 0


class ServerRules:
    """Checks operations of one endpoint. `records`: /graphql, where the rules for records apply."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], *, records: bool
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._records = records

    def problems(self, operation: OperationDefinitionNode) -> Iterator[Problem]:
        """Everything in the operation that the server cannot do; expects one that the schema allows."""
        if operation.operation is OperationType.SUBSCRIPTION:
            yield Problem.at(operation, "subscriptions are refused by the server with an API key")
            return
        for variable in operation.variable_definitions:
            if _named(variable.type) == "Upload":
                yield Problem.at(variable, "uploads need a multipart request: use `twenty.files`")
            if variable.default_value is not None and self._records:
                yield Problem.at(
                    variable,
                    f"the server ignores the default of ${variable.variable.name.value}: give the value in the call",
                )
        yield from self._roots(operation)
        root = self._schema.get_root_type(operation.operation)
        yield from self._walk(operation.selection_set, _Place(root))

    def _roots(self, operation: OperationDefinitionNode) -> Iterator[Problem]:
        roots: dict[str, FieldNode] = {}
        for selection in self._flat(operation.selection_set):
            name = selection.name.value
            if name == "__typename" and self._records:
                yield Problem.at(selection, "__typename beside record fields is refused at the root")
            elif name in roots:
                yield Problem.at(
                    selection, f'the root field "{name}" may occur once in a document, with an alias or without'
                )
            roots[name] = selection
        if len(roots) > MAX_ROOT_FIELDS:
            yield Problem.at(
                operation, f"{len(roots)} root fields: the server allows {MAX_ROOT_FIELDS} in one document"
            )

    def _flat(self, selection_set: SelectionSetNode) -> Iterator[FieldNode]:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                yield selection
            elif (inner := self._inner(selection)) is not None:
                yield from self._flat(inner)

    def _inner(self, selection: SelectionNode) -> SelectionSetNode | None:
        if isinstance(selection, FragmentSpreadNode):
            return self._fragments[selection.name.value].selection_set
        return getattr(selection, "selection_set", None)

    def _walk(self, selection_set: SelectionSetNode, place: _Place) -> Iterator[Problem]:
        for selection in selection_set.selections:
            if self._records:
                yield from _directives(selection, at_root=place.depth == 0)
            if isinstance(selection, FieldNode):
                yield from self._field(selection, place)
            elif (inner := self._inner(selection)) is not None:
                yield from self._walk(inner, place)

    def _field(self, node: FieldNode, place: _Place) -> Iterator[Problem]:
        field = object_fields(place.type).get(node.name.value)
        named = get_named_type(field.type) if field else None
        inside = _Place(named, place.depth + 1, place.to_many)
        if not self._records:
            if inside.depth > MAX_METADATA_DEPTH:
                yield Problem.at(node, f"more than {MAX_METADATA_DEPTH} levels of fields: the server refuses it")
                return
        elif place.depth:
            if node.alias:
                comes_back = f'"{node.alias.value}" would come back as "{node.name.value}"'
                yield Problem.at(node, f"the server ignores aliases below the root: {comes_back}")
            if connection_node(named) is not None:
                inside = _Place(named, inside.depth, place.to_many + 1)
                yield from _to_many(node, inside)
        if self._records and isinstance(named, GraphQLObjectType) and connection_node(named) is not None:
            yield from self._edges(node)
        if node.selection_set:
            yield from self._walk(node.selection_set, inside)

    def _edges(self, node: FieldNode) -> Iterator[Problem]:
        for edges in self._flat(node.selection_set) if node.selection_set else ():
            if edges.name.value != "edges" or not edges.selection_set:
                continue
            if not any(each.name.value == "node" for each in self._flat(edges.selection_set)):
                yield Problem.at(edges, "edges without node make the server fail")


def _to_many(node: FieldNode, place: _Place) -> Iterator[Problem]:
    if place.to_many > 1:
        yield Problem.at(node, f'"{node.name.value}" is a to-many relation inside another one: the server refuses it')
    if node.arguments:
        yield Problem.at(
            node, f'the server ignores the arguments of the nested "{node.name.value}" and gives 60 records at most'
        )


def _directives(node: SelectionNode, *, at_root: bool) -> Iterator[Problem]:
    for directive in node.directives:
        if directive.name.value not in ("include", "skip"):
            continue
        if at_root:
            yield Problem.at(node, f"the server ignores @{directive.name.value} on a root field")
        elif any(isinstance(argument.value, VariableNode) for argument in directive.arguments):
            yield Problem.at(node, f"@{directive.name.value} with a variable makes the server fail")


def _named(type_: TypeNode) -> str:
    while isinstance(type_, ListTypeNode | NonNullTypeNode):
        type_ = type_.type
    return type_.name.value if isinstance(type_, NamedTypeNode) else ""
