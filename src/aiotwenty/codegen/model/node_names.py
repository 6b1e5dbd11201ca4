"""The first plugin in ariadne-codegen's chain, which writes on each node the GraphQL name that it stands for.

Names that ariadne-codegen makes are ambiguous (two fields may become the same in snake_case), and later plugins of the
user may change them. The tags tell what the nodes are when all plugins have run.
"""

from __future__ import annotations

import ast

from ariadne_codegen.plugins.base import Plugin
from graphql import (
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputField,
    GraphQLInputObjectType,
    SelectionSetNode,
)

_NAME = "graphql_name"
_DEFINITION = "graphql_definition"
_SPREADS = "graphql_spreads"


def graphql_name(node: ast.AST) -> str | None:
    """The GraphQL field or input type that the node stands for; None for a node that another plugin added."""
    return getattr(node, _NAME, None)


def definition_name(node: ast.AST) -> str:
    """The fragment or operation that a class was made for: `fragment Company`, `operation FindManyCompanies`."""
    return str(getattr(node, _DEFINITION, ""))


def spreads_fragment(node: ast.ClassDef, name: str) -> bool:
    """Whether the class was made for a selection with that fragment, so that its base of that name is the fragment."""
    return name in getattr(node, _SPREADS, ())


def tag_of(definition: ExecutableDefinitionNode) -> str:
    kind = "fragment" if isinstance(definition, FragmentDefinitionNode) else "operation"
    return f"{kind} {definition.name.value if definition.name else ''}"


class TaggingPlugin(Plugin):
    """Tags the nodes with their GraphQL names."""

    def generate_input_field(
        self, field_implementation: ast.AnnAssign, input_field: GraphQLInputField, field_name: str
    ) -> ast.AnnAssign:
        setattr(field_implementation, _NAME, field_name)
        return field_implementation

    def generate_input_class(self, class_def: ast.ClassDef, input_type: GraphQLInputObjectType) -> ast.ClassDef:
        setattr(class_def, _NAME, input_type.name)
        return class_def

    def generate_result_field(
        self, field_implementation: ast.AnnAssign, operation_definition: ExecutableDefinitionNode, field: FieldNode
    ) -> ast.AnnAssign:
        setattr(field_implementation, _NAME, field.alias.value if field.alias else field.name.value)
        return field_implementation

    def generate_result_class(
        self,
        class_def: ast.ClassDef,
        operation_definition: ExecutableDefinitionNode,
        selection_set: SelectionSetNode,
    ) -> ast.ClassDef:
        setattr(class_def, _DEFINITION, tag_of(operation_definition))
        spreads = {each.name.value for each in selection_set.selections if isinstance(each, FragmentSpreadNode)}
        setattr(class_def, _SPREADS, spreads)
        return class_def
