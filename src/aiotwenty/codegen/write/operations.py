"""The text of `operations.py`: each operation and fragment once, in as few characters as possible."""

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

from aiotwenty.codegen.line_layout import LINE, filled
from aiotwenty.codegen.model.names import constant_name
from aiotwenty.codegen.model.operation_facts import facts_of
from aiotwenty.codegen.model.package import Method
from aiotwenty.codegen.read.documents import is_own
from aiotwenty.codegen.write.source import DOCSTRINGS, RUNTIME, module, quoted_lines
from aiotwenty.graphql.names import distinct

_PUNCTUATION = re.compile(r"\s*([{}()\[\]:!=$@|]|\.\.\.)\s*")
_SPACE = re.compile(r"[\s,]+")


def constants(methods: Iterable[Method]) -> dict[str, str]:
    """The name of each operation's constant."""
    return distinct_methods(methods, constant_name)


def distinct_methods(methods: Iterable[Method], base: Callable[[str], str]) -> dict[str, str]:
    """A Python name for each operation. Generated operations keep their names, whatever the user's are called."""
    own = {method.name: is_own(method.definition) for method in methods}
    return distinct(own, base, rank=lambda name: own[name])


def operations_module(methods: list[Method], fragments: Mapping[str, FragmentDefinitionNode]) -> str:
    """The text of the module."""
    names = constants(methods)
    used = {method.name: _used_fragments(method.definition, fragments) for method in methods}
    needed = {name for spread in used.values() for name in spread}
    texts = distinct(needed, lambda name: f"_{constant_name(name)}")
    blocks = [_text(texts[name], compact(fragments[name])) for name in sorted(needed)]
    wholes = _wholes(used.values(), fragments, texts)
    for parts, name in sorted(wholes.items()):
        blocks.append(f"{name} = {_tuple(texts[part] for part in parts)}")
        fragment = next(part for part in parts if f"_WHOLE{texts[part]}" == name)
        blocks.append(f'{name.replace("WHOLE", "EACH", 1)} = ("{{...{fragment}}}", {name})')
    for method in methods:
        spread = used[method.name]
        document = "\n".join(compact(node) for node in (method.definition, *(fragments[name] for name in spread)))
        together = wholes.get(tuple(spread)) or _tuple(texts[name] for name in spread)
        blocks.append(_constant(names[method.name], method, together if spread else "", document))
    return module(DOCSTRINGS["operations"], [RUNTIME], blocks, apart=0)


def _text(name: str, text: str) -> str:
    lines = quoted_lines(text, "    ")
    line = f"{name} = {lines.lstrip()}"
    return line if "\n" not in lines and len(line) <= LINE else f"{name} = (\n{lines}\n)"


def _wholes(
    used: Iterable[list[str]], fragments: Mapping[str, FragmentDefinitionNode], texts: Mapping[str, str]
) -> dict[tuple[str, ...], str]:
    """The constants for fragments that are sent together: a fragment and all that it spreads."""
    wanted = {tuple(spread) for spread in used if len(spread) > 1}
    wholes = {tuple(_used_fragments(fragments[name], fragments, name)): f"_WHOLE{text}" for name, text in texts.items()}
    return {parts: wholes[parts] for parts in wanted if parts in wholes}


def compact(definition: ExecutableDefinitionNode) -> str:
    """The definition without insignificant whitespace and without directives for ariadne-codegen."""
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


def _constant(name: str, method: Method, fragments: str, document: str) -> str:
    if (plain := _plain_root(method.definition)) is not None:
        root, variables, selection = plain
        pairs = ", ".join(f'"{variable}": "{type_}"' for variable, type_ in variables.items())
        parts = [f'"{method.name}"', f'"{method.definition.operation.value}"', f'"{root}"', f"{{{pairs}}}"]
        if selection or fragments:
            parts.append(quoted_lines(selection, "    ").lstrip())
        parts += [fragments] if fragments else []
        if fragments.startswith("_WHOLE") and selection.startswith("{...") and selection.count("{") == 1:
            # An operation that selects only the record: one constant has the selection and the fragments.
            parts[-2:] = [f"*{fragments.replace('WHOLE', 'EACH', 1)}"]
        line = f"{name} = rt.compose({', '.join(parts)})"
        if len(line) <= LINE and "\n" not in line:
            return line
        lines = filled(parts, "    ", ", ", ",")
        if any(len(line) > LINE or "\n" in line for line in lines):
            lines = _around(parts[:4], pairs)
            for part in parts[4:]:
                fits = len(lines[-1]) + len(part) + 2 <= LINE
                lines = [*lines[:-1], f"{lines[-1]} {part},"] if fits else [*lines, f"    {part},"]
        return "\n".join([f"{name} = rt.compose(", *lines, ")"])
    root = f'"{method.root}"' if method.root else "None"
    lines = [
        f'"{method.name}",',
        f'"{method.definition.operation.value}",',
        f"{quoted_lines(compact(method.definition), '    ').lstrip()},",
        f"{root},",
        *([f"{fragments},"] if fragments else []),
        *_facts(method.definition, document),
    ]
    return "\n".join([f"{name} = rt.Operation(", *(f"    {line}" for line in lines), ")"])


def _around(head: list[str], pairs: str) -> list[str]:
    """The name, kind and root of an operation on a line, followed by the variables."""
    *named, variables = head
    lines = filled(named, "    ", ", ", ",")
    if len(f"    {variables},") <= LINE:
        return [*lines, f"    {variables},"]
    inner = filled(pairs.split(", "), "     ", ", ", "},", width=LINE - 1)
    return [*lines, f"    {{{inner[0].lstrip()}", *inner[1:]]


def _tuple(names: Iterable[str]) -> str:
    listed = list(names)
    line = f"({', '.join(listed)}{',' if len(listed) == 1 else ''})"
    return line if len(line) <= LINE - 8 else "\n".join(["(", *filled(listed, "        ", ", ", ","), "    )"])


def _plain_root(definition: OperationDefinitionNode) -> tuple[str, dict[str, str], str] | None:
    """Root field, variables' types and selection of an operation that the runtime can compose from these."""
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


def _used_fragments(
    definition: ExecutableDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode], *own: str
) -> list[str]:
    """The names of all fragments that a definition spreads, directly or not, and of its `own`."""
    used = {*own}
    pending: list[Node] = [definition]
    while pending:
        node = pending.pop()
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in used:
                used.add(name)
                pending.append(fragments[name].selection_set)
        elif (selected := getattr(node, "selection_set", None)) is not None:
            pending += selected.selections
        elif (selections := getattr(node, "selections", None)) is not None:
            pending += selections
    return sorted(used)
