"""Decides by its root fields what a document does.

/graphql walks documents of records itself and ignores the keyword of an operation: the query
`{ createRocket(data: {}) { id } }` creates a record (Twenty, July 2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.advice import instead_of

_WRITE = re.compile(r"(create|update|delete|destroy|restore|merge)[A-Z_]")


def describe(document: DocumentNode, operation_name: str | None) -> tuple[str | None, str]:
    """The name of the operation that will be executed, and "query" or "mutation" by what it does.

    Reads of an object whose name begins like a write (`updateLogs`) count as writes too.
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    named = operation_name or next((node.name.value for node in operations if node.name), None)
    meant = [node for node in operations if operation_name is None or (node.name and node.name.value == operation_name)]
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    reads = bool(meant) and all(
        node.operation is OperationType.QUERY
        and not any(_WRITE.match(root) for root in _roots(node.selection_set, fragments, set()))
        for node in meant
    )
    return named, "query" if reads else "mutation"


@lru_cache(maxsize=1)
def _parsed(document: str) -> DocumentNode:
    """The tree of a document, kept for the next look at the same one. Raises `GraphQLError`."""
    return parse(document, no_location=True)


@lru_cache(maxsize=64)
def check_operation(document: str, operation_name: str | None) -> None:
    """Raises `InvalidArgument` unless it is clear which operation of the document is meant.

    The server would answer with HTTP 500 (Twenty, July 2026). What is no GraphQL is left to it.
    """
    try:
        parsed = _parsed(document)
    except GraphQLError:
        return
    operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
    names = [node.name.value for node in operations if node.name]
    if not operations:
        raise InvalidArgument("the document has no operation.")
    if operation_name is not None and operation_name not in names:
        raise InvalidArgument(f"the document has no operation {operation_name!r}{instead_of(operation_name, names)}.")
    if operation_name is None and len(operations) > 1:
        listed = f" ({', '.join(names)})" if names else ""
        raise InvalidArgument(
            f"the document has {len(operations)} operations{listed}: choose one with operation_name.",
            suggested=("operation", "operation_name"),
        )


def writes(document: str, operation_name: str | None = None) -> bool:
    """Whether the document may change something; true if it can't be parsed."""
    return describe_text(document, operation_name)[1] != "query"


@lru_cache(maxsize=64)
def describe_text(document: str, operation_name: str | None) -> tuple[str | None, str]:
    """`describe` for a text, cached because programs send the same few documents repeatedly.

    What can't be parsed may do anything: a mutation, which is not repeated. The server reports its mistake.
    """
    try:
        return describe(_parsed(document), operation_name)
    except GraphQLError:
        return operation_name or "the document", "mutation"


def destroyed_by(document: str, endpoint: str) -> list[str]:
    """The root fields of a document that destroy something for good; empty if it can't be parsed.

    Deleted records can be restored; a deleted part of the data model cannot.
    """
    final = re.compile(r"(delete|destroy)[A-Z]" if endpoint == "metadata" else r"destroy[A-Z]")
    try:
        parsed = _parsed(document)
    except GraphQLError:
        return []
    fragments = {node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = (node for node in parsed.definitions if isinstance(node, OperationDefinitionNode))
    roots = (root for node in operations for root in _roots(node.selection_set, fragments, set()))
    return [root for root in dict.fromkeys(roots) if final.match(root)]


def _roots(
    selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode], through: set[str]
) -> Iterator[str]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        elif isinstance(node, InlineFragmentNode):
            yield from _roots(node.selection_set, fragments, through)
        elif isinstance(node, FragmentSpreadNode) and (name := node.name.value) in fragments and name not in through:
            yield from _roots(fragments[name].selection_set, fragments, through | {name})
