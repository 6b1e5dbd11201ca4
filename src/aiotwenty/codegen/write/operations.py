"""The text of `operations.py`: each operation and each fragment once, in as few characters as it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from graphql import (
    DirectiveNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    Visitor,
    print_ast,
    strip_ignored_characters,
    visit,
)
from graphql.language.visitor import REMOVE

from aiotwenty.codegen.model.facts import facts_of
from aiotwenty.codegen.model.names import constant_name, distinct
from aiotwenty.codegen.model.package import Method
from aiotwenty.codegen.read.documents import is_own
from aiotwenty.codegen.write.source import DOCSTRINGS, LINE, RUNTIME, filled, module, quoted_lines

_PUNCTUATION = re.compile(r"\s*([{}()\[\]:!=$@|]|\.\.\.)\s*")
_SPACE = re.compile(r"[\s,]+")


def constants(methods: Iterable[Method]) -> dict[str, str]:
    """The constant of each operation."""
    return distinct_methods(methods, constant_name)


def distinct_methods(methods: Iterable[Method], base: Callable[[str], str]) -> dict[str, str]:
    """A Python name for each operation. What is generated keeps its name, whatever a user calls an operation."""
    own = {method.name: is_own(method.definition) for method in methods}
    return distinct(own, base, rank=lambda name: own[name])


def operations_module(methods: list[Method], fragments: Mapping[str, FragmentDefinitionNode]) -> str:
    """The text of the module."""
    names = constants(methods)
    used = {method.name: _used_fragments(method.definition, fragments) for method in methods}
    needed = {name for each in used.values() for name in each}
    texts = distinct(needed, lambda name: f"_{constant_name(name)}")
    blocks = [f"{texts[name]} = (\n{quoted_lines(compact(fragments[name]), '    ')}\n)" for name in sorted(needed)]
    for method in methods:
        spread = used[method.name]
        document = "\n".join(compact(node) for node in (method.definition, *(fragments[name] for name in spread)))
        blocks.append(_constant(names[method.name], method, [texts[name] for name in spread], document))
    return module(DOCSTRINGS["operations"], [RUNTIME], blocks, apart=0)


def compact(definition: ExecutableDefinitionNode) -> str:
    """The definition without whitespace that does not matter, and without directives meant for ariadne-codegen."""
    if not is_own(definition) and definition.loc is not None:
        text = definition.loc.source.body[definition.loc.start : definition.loc.end]
    else:
        text = print_ast(visit(definition, _WithoutMixins()))
        if '"' in text:
            return strip_ignored_characters(text)
    return _close(text)


def _close(text: str) -> str:
    return _PUNCTUATION.sub(r"\1", _SPACE.sub(" ", text))


class _WithoutMixins(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: object) -> object:
        return REMOVE if node.name.value == "mixin" else None


def _constant(name: str, method: Method, fragments: list[str], document: str) -> str:
    spread = _spread(fragments)
    if (plain := _plain_root(method.definition)) is not None:
        root, variables, selection = plain
        lines = [f'"{method.name}", "{method.definition.operation.value}", "{root}",', *_types(variables)]
        if selection or spread:
            lines.append(f"{quoted_lines(selection, '    ').lstrip()},")
        return "\n".join([f"{name} = rt.compose(", *(f"    {line}" for line in [*lines, *spread]), ")"])
    root = f'"{method.root}"' if method.root else "None"
    lines = [
        f'"{method.name}",',
        f'"{method.definition.operation.value}",',
        f"{quoted_lines(compact(method.definition), '    ').lstrip()},",
        f"{root},",
        *spread,
        *_facts(method.definition, document),
    ]
    return "\n".join([f"{name} = rt.Operation(", *(f"    {line}" for line in lines), ")"])


def _spread(fragments: list[str]) -> list[str]:
    if not fragments:
        return []
    line = f"({', '.join(fragments)}{',' if len(fragments) == 1 else ''}),"
    return [line] if len(line) + 4 <= LINE else ["(", *filled(fragments, "    ", ", ", ","), "),"]


def _types(variables: Mapping[str, str]) -> list[str]:
    pairs = [f'"{name}": "{type_}"' for name, type_ in variables.items()]
    line = f"{{{', '.join(pairs)}}},"
    return [line] if len(line) + 4 <= LINE else ["{", *filled(pairs, "    ", ", ", ","), "},"]


def _plain_root(definition: OperationDefinitionNode) -> tuple[str, dict[str, str], str] | None:
    """Root field, types of variables and selection of an operation that the runtime can compose from these."""
    variables = {node.variable.name.value: node for node in definition.variable_definitions}
    if is_own(definition) or len(definition.selection_set.selections) != 1:
        return None
    (root,) = definition.selection_set.selections
    assert isinstance(root, FieldNode), "generated operations ask for a field"
    selection = _close(print_ast(root.selection_set)) if root.selection_set else ""
    return root.name.value, {name: print_ast(node.type) for name, node in variables.items()}, selection


def _facts(definition: OperationDefinitionNode, document: str) -> list[str]:
    facts = facts_of(definition, document)
    lines = ["by_id=True,"] if facts.by_id else []
    if facts.filters:
        lines.append(f"filters=({' '.join(f'{chr(34)}{name}{chr(34)},' for name in facts.filters)}),")
    return [*lines, *(["nests=True,"] if facts.nests else [])]


def _used_fragments(definition: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> list[str]:
    """All fragments that the operation spreads, directly or not, by name."""
    found: set[str] = set()
    pending: list[Node] = [definition]
    while pending:
        node = pending.pop()
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in found:
                found.add(name)
                pending.append(fragments[name].selection_set)
        elif (selected := getattr(node, "selection_set", None)) is not None:
            pending += selected.selections
        elif (selections := getattr(node, "selections", None)) is not None:
            pending += selections
    return sorted(found)
