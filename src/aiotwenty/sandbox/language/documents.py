"""Parsed documents, and their parts that the walk needs: root fields with arguments, and merged selections."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    BooleanValueNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    parse,
)

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.javascript_messages import TOO_NESTED, integer
from aiotwenty.sandbox.language.document_size import MAX_SELECTED, Sizes

_KEPT = 256
_MAX_TOKENS = 30_000
"""Python reads so many in half a second. A long text is a single token, and variables have none."""


@lru_cache(maxsize=_KEPT)
def parsed(text: str) -> DocumentNode:
    """The parsed document. Raises graphql-core's syntax error, also for too long or too deeply nested documents."""
    try:
        return parse(text, max_tokens=_MAX_TOKENS)
    except RecursionError:
        raise GraphQLError(TOO_NESTED) from None


class NoVariable:
    """Stands for a variable without a value in the request."""


MISSING = NoVariable()


@dataclass(slots=True)
class Selected:
    """A selected field, with everything that the document selects below it, in fragments too."""

    name: str
    below: dict[str, Selected] | None = None
    """The fields by response key; None without a selection."""


@dataclass(slots=True)
class RootField:
    name: str
    key: str
    node: FieldNode
    arguments: dict[str, Any] = field(default_factory=dict)


class Document:
    """A parsed document. `cache` has everything that follows from its text alone."""

    def __init__(self, text: str) -> None:
        self.node = parsed(text)
        self.operations = [each for each in self.node.definitions if isinstance(each, OperationDefinitionNode)]
        self.fragments = {
            each.name.value: each for each in self.node.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self.cache: dict[Any, Any] = {}

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation with that name, or the only one; None if that is ambiguous."""
        if name:
            return next((each for each in self.operations if each.name and each.name.value == name), None)
        return self.operations[0] if len(self.operations) == 1 else None

    def root_names(self, operation: OperationDefinitionNode) -> frozenset[str]:
        """The names of the root fields. Raises `RecordError` if the operation selects too much for a response."""
        key = ("root names", operation.loc)
        if key not in self.cache:
            sizes = Sizes(self.fragments)
            if (fields := sizes.size(operation.selection_set).fields) > MAX_SELECTED:
                raise errors.too_many_fields(fields, MAX_SELECTED)
            self.cache[key] = frozenset(sizes.names(operation.selection_set))
        names: frozenset[str] = self.cache[key]
        return names

    def roots(self, operation: OperationDefinitionNode, reader: Reader) -> list[RootField]:
        """The root fields in the order of the document, those in fragments included."""
        roots: list[RootField] = []
        self._roots(operation.selection_set, reader, roots, set())
        return roots

    def _roots(self, of: SelectionSetNode, reader: Reader, roots: list[RootField], within: set[str]) -> None:
        for selection in of.selections:
            if reader.validating and not reader.included(selection):
                continue
            if isinstance(selection, FieldNode):
                arguments = reader.arguments(selection)
                roots.append(
                    RootField(selection.name.value, (selection.alias or selection.name).value, selection, arguments)
                )
            elif (fragment := self.fragment(selection, within)) is not None:
                name, inner = fragment
                self._roots(inner, reader, roots, within | {name})

    def fragment(self, selection: SelectionNode, within: set[str]) -> tuple[str, SelectionSetNode] | None:
        """The name and selection of a fragment; None if it is missing or contains itself."""
        if isinstance(selection, InlineFragmentNode):
            return "", selection.selection_set
        assert isinstance(selection, FragmentSpreadNode)
        name = selection.name.value
        fragment = self.fragments.get(name)
        return None if fragment is None or name in within else (name, fragment.selection_set)

    def below(self, node: FieldNode, reader: Reader) -> dict[str, Selected] | None:
        """The selection below a field."""
        if node.selection_set is None:
            return None
        selected: dict[str, Selected] = {}
        self._collect(node.selection_set, reader, selected, set())
        return selected

    def _collect(self, of: SelectionSetNode, reader: Reader, collected: dict[str, Selected], within: set[str]) -> None:
        for node in of.selections:
            if not reader.included(node):
                continue
            if isinstance(node, FieldNode):
                # The walking server ignores aliases below the root (Twenty, July 2026).
                key = (node.alias or node.name).value if reader.validating else node.name.value
                entry = collected.setdefault(key, Selected(node.name.value))
                if node.selection_set is not None:
                    entry.below = {} if entry.below is None else entry.below
                    self._collect(node.selection_set, reader, entry.below, within)
            elif (fragment := self.fragment(node, within)) is not None:
                name, inner = fragment
                self._collect(inner, reader, collected, within | {name})


class Reader:
    """Reads values of a document with the variables of one request.

    A `validating` server applies directives and aliases everywhere. The walking one ignores directives at the root, and
    fails on a variable in a directive below it.
    """

    def __init__(self, variables: dict[str, Any], validating: bool) -> None:
        self.variables = variables
        self.validating = validating
        self.used_variables = False
        """Whether the selection depends on a variable."""

    def arguments(self, node: FieldNode) -> dict[str, Any]:
        read = ((each.name.value, self.value(each.value)) for each in node.arguments or ())
        return {name: value for name, value in read if value is not MISSING}

    def included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            name = directive.name.value
            if name in ("skip", "include"):
                condition = next(
                    (argument.value for argument in directive.arguments or () if argument.name.value == "if"), None
                )
                if isinstance(condition, VariableNode):
                    if not self.validating:
                        raise errors.undefined_property(condition.name.value)
                    self.used_variables = True
                if (condition is not None and self.value(condition) is True) != (name == "include"):
                    return False
        return True

    def value(self, node: ValueNode) -> Any:
        match node:
            case VariableNode():
                return self.variables.get(node.name.value, MISSING)
            case IntValueNode():
                return integer(node.value)
            case FloatValueNode():
                return float(node.value)
            case StringValueNode() | BooleanValueNode() | EnumValueNode():
                return node.value
            case ListValueNode():
                read = (self.value(item) for item in node.values or ())
                return [None if value is MISSING else value for value in read]
            case ObjectValueNode():
                pairs = ((part.name.value, self.value(part.value)) for part in node.fields or ())
                return {name: value for name, value in pairs if value is not MISSING}
        return None


class DocumentCache:
    """Parses each text once, and keeps the most recent documents."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def parse(self, text: str) -> Document:
        """The parsed document. Raises graphql-core's syntax error."""
        if (document := self._kept.get(text)) is None:
            document = self._kept[text] = Document(text)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(text)
        return document


def is_query(operation: OperationDefinitionNode) -> bool:
    return operation.operation is OperationType.QUERY
