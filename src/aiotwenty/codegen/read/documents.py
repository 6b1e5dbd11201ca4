"""Reads .graphql files, generated ones and the user's. Problems are reported with file, line and reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graphql import (
    ASTValidationRule,
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    Visitor,
    visit,
)

from aiotwenty.codegen.errors import CodegenError, DocumentProblem
from aiotwenty.codegen.files import MARKER, read_text
from aiotwenty.codegen.read.sdl import parse_text
from aiotwenty.graphql.document_validation import refusals

SUFFIXES = (".graphql", ".graphqls", ".gql")


@dataclass
class Documents:
    """The operations and fragments of one endpoint, in the order of the files."""

    operations: dict[str, OperationDefinitionNode] = field(default_factory=dict)
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)
    own: list[ExecutableDefinitionNode] = field(default_factory=list)
    """The definitions that the user wrote. Generated ones follow from the schema and need no check."""


def find_documents(folder: Path) -> list[Path]:
    """All GraphQL files below a folder, in a stable order."""
    return sorted(
        (path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file()),
        key=lambda path: path.as_posix(),
    )


def parse_file(path: Path) -> DocumentNode:
    text = read_text(path)
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        return DocumentNode(definitions=())
    return parse_text(text, path, "an operation is not valid GraphQL:")


def collect(documents: Iterable[DocumentNode]) -> Documents:
    """Sorts the definitions of several files by kind. Names must be unique in all of them."""
    collected = Documents()
    problems: list[DocumentProblem] = []
    seen: dict[tuple[bool, str], Node] = {}
    for document in documents:
        for definition in document.definitions:
            if not isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
                problems.append(DocumentProblem.at(definition, "only operations and fragments belong here"))
                continue
            if definition.name is None:
                problems.append(
                    DocumentProblem.at(definition, "the operation has no name: its method would have none either")
                )
                continue
            is_fragment = isinstance(definition, FragmentDefinitionNode)
            other = seen.setdefault((is_fragment, definition.name.value), definition)
            if other is not definition:
                kind = "fragment" if is_fragment else "operation"
                there = DocumentProblem.at(other, "")
                reason = f'{kind} "{definition.name.value}" exists already in {there.path}:{there.line}'
                # Report the user's definition, because only that can be renamed.
                problems.append(DocumentProblem.at(definition if is_own(definition) else other, reason))
            if is_own(definition):
                collected.own.append(definition)
            if isinstance(definition, FragmentDefinitionNode):
                collected.fragments[definition.name.value] = definition
            else:
                collected.operations[definition.name.value] = definition
    if problems:
        raise CodegenError("operations that cannot be generated:", problems)
    return collected


def document_problems(
    documents: Documents, schema: GraphQLSchema, skip_rules: Sequence[type[ASTValidationRule]], *, records: bool
) -> Iterator[DocumentProblem]:
    """Problems of the user's own operations: what the schema does not allow, and what the server cannot do.

    `records`: the endpoint is that of records.
    """
    if not documents.own:
        return
    generated = [fragment for fragment in documents.fragments.values() if not is_own(fragment)]
    document = DocumentNode(definitions=(*documents.own, *generated))
    for error in refusals(schema, document, records=records, skip=skip_rules):
        if error.nodes:
            yield DocumentProblem.at(error.nodes[0], error.message)
    ungenerated = _Ungenerated()
    visit(document, ungenerated)
    yield from ungenerated.problems


class _Ungenerated(Visitor):
    """Finds syntax that the schema allows and ariadne-codegen has no types for."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[DocumentProblem] = []

    def enter_field(self, node: FieldNode, *_: object) -> None:
        if node.name.value in ("__schema", "__type"):
            reason = f"{node.name.value} has no generated types: use `aiotwenty introspect`, or `execute` of the client"
            self.problems.append(DocumentProblem.at(node, reason))

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: object) -> None:
        if node.type_condition is None:
            self.problems.append(DocumentProblem.at(node, "an inline fragment needs a type here: `... on Company`"))


def is_own(node: Node) -> bool:
    return node.loc is not None and not node.loc.source.body.startswith(MARKER)
