"""Writes annotations that ariadne-codegen built as the text of modern ones.

ariadne-codegen quotes the classes that it generates and nothing else. The quotes tell typing's `Optional` from an
object of the workspace that is called `Optional`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

_TYPING = frozenset({"Annotated", "Any", "Literal"})
_PYDANTIC = frozenset({"BeforeValidator", "PlainSerializer", "Field"})


def render(node: ast.expr, qualify: Callable[[str], str], leaf: Callable[[str], str]) -> str:
    """The text of an annotation. `qualify` gives the name of a generated class, `leaf` that of any other."""
    match node:
        case ast.Name(id=name) if name.startswith('"'):
            return qualify(name.strip('"'))
        case ast.Name(id=name):
            return f"typing.{name}" if name in _TYPING else f"rt.{name}" if name in _PYDANTIC else leaf(name)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return f"{render(inner, qualify, leaf)} | None"
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=parts)):
            return " | ".join(render(part, qualify, leaf) for part in parts)
        case ast.Subscript(
            value=ast.Name(id="Annotated"),
            slice=ast.Tuple(elts=[members, ast.Call(keywords=[ast.keyword(arg="discriminator")])]),
        ):
            return f"typing.Annotated[{render(members, qualify, leaf)} | rt.Other, rt.ByTypename()]"
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            return f"typing.Literal[{ast.unparse(inner).strip('()')}]"
        case ast.Subscript(value=value, slice=ast.Tuple(elts=parts)):
            return f"{render(value, qualify, leaf)}[{', '.join(render(part, qualify, leaf) for part in parts)}]"
        case ast.Subscript(value=value, slice=inner):
            return f"{render(value, qualify, leaf)}[{render(inner, qualify, leaf)}]"
        case ast.Call(func=func, args=args, keywords=keywords):
            inside = [ast.unparse(arg) for arg in args] + [
                f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in keywords
            ]
            return f"{render(func, qualify, leaf)}({', '.join(inside)})"
    return ast.unparse(node)


def is_nullable(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Optional"


def references(node: ast.AST) -> Iterator[str]:
    """The names of the generated classes in an annotation."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id.startswith('"'):
            yield part.id.strip('"')
