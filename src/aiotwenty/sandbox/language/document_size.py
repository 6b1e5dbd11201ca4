"""Measures the size of a document with its fragments spread, without spreading them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

Fragments = Mapping[str, FragmentDefinitionNode]
MAX_SELECTED = 20_000
"""The most fields that a document may select. The real server has no such limit, but this one runs on Python."""
MAX_VALUES = 400_000
"""The most values of one response: four times those in the introspection of the standard objects."""


MAX_VALIDATED = 10_000
"""The most fields to validate; those in fragments count once for each spread."""
MAX_COMPARED = 100_000
"""The most pairs of fields with the same response key, and of fragments: validation compares all of them."""


class TooMuchWorkError(BaseException):
    """More than `MAX_VALUES`. A BaseException, because an `Exception` would become the error of a single field."""


@dataclass(frozen=True, slots=True)
class Size:
    fields: int = 0
    depth: int = 0


class Sizes:
    """Measures selections, each fragment once: nested fragments can grow exponentially.

    Raises `RecursionError` for fragments that contain themselves.
    """

    def __init__(self, fragments: Fragments) -> None:
        self._fragments = fragments
        self._sizes: dict[str, Size | None] = {}
        """The sizes of fragments; None for one that is being measured."""
        self._names: dict[str, Counter[str]] = {}

    def size(self, selections: SelectionSetNode | None) -> Size:
        """The number of fields, and the depth, which introspection doesn't count for."""
        fields, depth = 0, 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                below = self.size(node.selection_set)
                below = Size(below.fields + 1, 0 if node.name.value.startswith("__") else below.depth + 1)
            elif isinstance(node, InlineFragmentNode):
                below = self.size(node.selection_set)
            else:
                assert isinstance(node, FragmentSpreadNode)
                below = self._size_of_fragment(node.name.value)
            fields, depth = fields + below.fields, max(depth, below.depth)
        return Size(fields, depth)

    def _size_of_fragment(self, name: str) -> Size:
        fragment = self._fragments.get(name)
        if fragment is None:
            return Size()
        if name not in self._sizes:
            self._sizes[name] = None
            self._sizes[name] = self.size(fragment.selection_set)
        if (size := self._sizes[name]) is None:
            raise RecursionError(f"fragment {name} contains itself")
        return size

    def names(self, selections: SelectionSetNode) -> Counter[str]:
        """The count of each field at this level. The selections must have a size."""
        names: Counter[str] = Counter()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                names[node.name.value] += 1
            elif isinstance(node, InlineFragmentNode):
                names.update(self.names(node.selection_set))
            elif isinstance(node, FragmentSpreadNode) and (fragment := self._fragments.get(node.name.value)):
                name = node.name.value
                if name not in self._names:
                    self._names[name] = self.names(fragment.selection_set)
                names.update(self._names[name])
        return names


def is_too_much_to_validate(document: DocumentNode) -> bool:
    """Whether too many pairs of fields have the same response key, or there are too many fields in all.

    Fields with the same key are merged in the response with their selections, so validation compares all pairs.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    levels = [
        [node.selection_set]
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    fields = pairs = 0
    while levels:
        below: dict[str, list[SelectionSetNode]] = {}
        seen: Counter[str] = Counter()
        for node in _selected(levels.pop(), fragments, frozenset()):
            key = "..." if isinstance(node, FragmentSpreadNode) else (node.alias or node.name).value
            fields, pairs = fields + 1, pairs + seen[key]
            if fields > MAX_VALIDATED or pairs > MAX_COMPARED:
                return True
            seen[key] += 1
            if isinstance(node, FieldNode) and node.selection_set is not None:
                below.setdefault(key, []).append(node.selection_set)
        levels += below.values()
    return False


def _selected(
    sets: Iterable[SelectionSetNode], fragments: Fragments, within: frozenset[str]
) -> Iterator[FieldNode | FragmentSpreadNode]:
    """The fields and spreads of one level. A fragment inside itself, which validation refuses, is left out."""
    for selections in sets:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                yield from _selected([node.selection_set], fragments, within)
            elif isinstance(node, FragmentSpreadNode):
                yield node
                name = node.name.value
                if name not in within and (fragment := fragments.get(name)):
                    yield from _selected([fragment.selection_set], fragments, within | {name})
