"""The text of `client.py`: one typed method for each operation."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from aiotwenty.codegen.model.names import METHODS, argument_names, escape, snake_case
from aiotwenty.codegen.model.package import Method, PackageBuilder
from aiotwenty.codegen.write.operations import constants, distinct_methods
from aiotwenty.codegen.write.source import DOCSTRINGS, LINE, RUNTIME, call, mapping, module

_INDENT = " " * 8
_CLASSES = ("bool", "float", "int", "list[", "records.", "results.", "rt.Group", "rt.Page[", "rt.UUID", "str")


def client_module(
    name: str, endpoint: str, methods: list[Method], builder: PackageBuilder, home: Mapping[str, str]
) -> str:
    """The text of the module."""
    names = distinct_methods(methods, lambda name: escape(snake_case(name), METHODS))
    texts = constants(methods)
    bodies = [_method(method, names[method.name], texts[method.name], builder, home) for method in methods]
    docstring = f'    """Every operation of {endpoint} under `queries/`, one method each. All raise `TwentyError`."""'
    code = "\n\n".join([f"class {name}(rt.OperationsClient):\n{docstring}", *bodies])
    return module(DOCSTRINGS["client"], _imports(code, home), [code])


def _imports(code: str, home: Mapping[str, str]) -> Iterator[str]:
    modules = sorted({*home.values()})
    at_run_time = [name for name in modules if name in ("records", "results") or f"rt.Open[{name}." in code]
    for_types = [name for name in modules if name not in at_run_time and f"{name}." in code]
    if "typing." in code or for_types:
        yield "import typing"
        yield ""
    yield RUNTIME
    yield ""
    yield from (f"from . import {name}" for name in sorted([*at_run_time, "operations"]))
    if for_types:
        yield ""
        yield "if typing.TYPE_CHECKING:"
        yield f"    from . import {', '.join(for_types)}"


def _method(method: Method, name: str, constant: str, builder: PackageBuilder, home: Mapping[str, str]) -> str:
    arguments = method.arguments
    given = arguments.args[1:]  # without self; a variable may be called so too
    originals = [key.value for key in method.variables.keys if isinstance(key, ast.Constant)]
    python = argument_names(map(str, originals))
    # The arguments stand in another order (required ones first) than the variables, under ariadne-codegen's names.
    stock = {
        _stock_name(value): str(original) for original, value in zip(originals, method.variables.values, strict=True)
    }
    first_optional = len(given) - len(arguments.defaults)
    parameters: list[str] = ["self"]
    for position, each in enumerate(given):
        if each.annotation is None:
            continue
        annotation = builder.argument(_plain(each.annotation), home)
        if position >= first_optional:
            parameters += ["*"] if "*" not in parameters else []
            parameters.append(f"{python[stock[each.arg]]}: rt.Maybe[{annotation}] = rt.UNSET")
        else:
            parameters.append(f"{python[stock[each.arg]]}: {annotation}")
    sent = {
        original: _value(value, python[str(original)])
        for original, value in zip(map(str, originals), method.variables.values, strict=True)
    }
    head = call(f"async def {name}", parameters, f" -> {method.result}:", indent="    ")
    return f"{head}\n{_body(method, constant, sent)}"


def _body(method: Method, constant: str, sent: dict[str, str]) -> str:
    # What is no `type[T]` (a union, an alias of one) gives Any, and the name says its type.
    is_class = method.result.startswith(_CLASSES) and " | " not in _outermost(method.result)
    target = "return" if is_class else f"result: {method.result} ="
    room = LINE - 2 * len(_INDENT)
    arguments = [f"operations.{constant}", method.result, mapping(sent, indent=f"{_INDENT}    ", room=room)]
    text = call(f"{target} await self._execute", arguments, indent=_INDENT)
    return text if is_class else f"{text}\n{_INDENT}return result"


def _outermost(annotation: str) -> str:
    """The annotation without what stands in brackets."""
    depth, kept = 0, []
    for character in annotation:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if depth == 0:
            kept.append(character)
    return "".join(kept)


def _plain(annotation: ast.expr) -> ast.expr:
    """The annotation without ariadne-codegen's `UnsetType`."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=[first, ast.Name(id="UnsetType")])):
            return first
    return annotation


def _stock_name(value: ast.expr) -> str:
    inner = value.args[0] if isinstance(value, ast.Call) else value
    return inner.id if isinstance(inner, ast.Name) else ""


def _value(value: ast.expr, python: str) -> str:
    """The argument, through the scalar's own serializer where it has one."""
    return f"{ast.unparse(value.func)}({python})" if isinstance(value, ast.Call) else python
