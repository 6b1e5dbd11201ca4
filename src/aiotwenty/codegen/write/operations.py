"""The text of `operations.py`: each operation and each fragment once, in as few characters as it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from graphql import (
    DirectiveNode,
    ExecutableDefinitionNode,
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
    blocks += [_constant(names[method.name], method, [texts[name] for name in used[method.name]]) for method in methods]
    return module(DOCSTRINGS["operations"], [RUNTIME], blocks, apart=0)


def compact(definition: ExecutableDefinitionNode) -> str:
    """The definition without whitespace that does not matter, and without directives meant for ariadne-codegen."""
    if not is_own(definition) and definition.loc is not None:
        text = definition.loc.source.body[definition.loc.start : definition.loc.end]
    else:
        text = print_ast(visit(definition, _WithoutMixins()))
        if '"' in text:
            return strip_ignored_characters(text)
    return _PUNCTUATION.sub(r"\1", _SPACE.sub(" ", text))


class _WithoutMixins(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: object) -> object:
        return REMOVE if node.name.value == "mixin" else None


def _constant(name: str, method: Method, fragments: list[str]) -> str:
    kind = method.definition.operation.value
    root = f'"{method.root}"' if method.root else "None"
    lines = [
        f'"{method.name}",',
        f'"{kind}",',
        f"{quoted_lines(compact(method.definition), '    ').lstrip()},",
        f"{root},",
    ]
    if fragments:
        spread = f"({', '.join(fragments)}{',' if len(fragments) == 1 else ''}),"
        lines += [spread] if len(spread) + 4 <= LINE else ["(", *filled(fragments, "    ", ", ", ","), "),"]
    return "\n".join([f"{name} = rt.Operation(", *(f"    {line}" for line in lines), ")"])


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
