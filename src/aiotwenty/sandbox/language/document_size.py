"""How much a document asks for once its fragments stand where they are spread: counted without spreading them."""

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
"""Fields that any document may ask for. The real server has no such limit everywhere; this one answers in Python."""
MAX_VALUES = 400_000
"""Values that one answer may have: four times what the introspection of the standard objects has."""


MAX_VALIDATED = 10_000
"""Fields that are validated, those in fragments once for each place that spreads them."""
MAX_COMPARED = 100_000
"""Pairs of fields with one key in the answer, and of fragments: validation compares them all."""


class TooMuchWorkError(BaseException):
    """More than `MAX_VALUES`: raised through what makes an error of one field of every `Exception`."""


@dataclass(frozen=True, slots=True)
class Size:
    fields: int = 0
    depth: int = 0


class Sizes:
    """Measures selections; each fragment once, however often it is spread: nested ones grow exponentially.

    Raises `RecursionError` for fragments that contain themselves.
    """

    def __init__(self, fragments: Fragments) -> None:
        self._fragments = fragments
        self._sizes: dict[str, Size | None] = {}
        """Those of fragments; None for one that is being measured."""
        self._names: dict[str, Counter[str]] = {}

    def size(self, selections: SelectionSetNode | None) -> Size:
        """How many fields, and how deep; introspection doesn't count for the depth."""
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
        """How often each field is selected at this level. The selections have a size."""
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
    """Whether too many pairs of fields stand under one key, or too many fields in all.

    Fields of one key are one in the answer, and so is what they select below: validation compares each with each.
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
    """The fields and spreads of one level; a fragment inside itself, which validation refuses, is left out."""
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
