"""Facts about a user's operation that the runtime needs, so that it does not parse the text."""

from __future__ import annotations

from dataclasses import dataclass

from graphql import FieldNode, OperationDefinitionNode, OperationType, print_ast

from aiotwenty.graphql.document import is_filter, names_one_record
from aiotwenty.graphql.related_cuts import has_related_lists


@dataclass(frozen=True)
class Facts:
    """The facts that become fields of `aiotwenty.graphql.operation.Operation`."""

    by_id: bool
    filters: tuple[str, ...]
    nests: bool


def facts_of(definition: OperationDefinitionNode, document: str) -> Facts:
    """The facts about an operation. `document` is its text with all fragments."""
    roots = definition.selection_set.selections
    return Facts(
        by_id=definition.operation is OperationType.MUTATION
        and len(roots) == 1
        and isinstance(roots[0], FieldNode)
        and names_one_record(roots[0].name.value, [argument.name.value for argument in roots[0].arguments]),
        filters=tuple(
            node.variable.name.value for node in definition.variable_definitions if is_filter(print_ast(node.type))
        ),
        nests=has_related_lists(document),
    )
