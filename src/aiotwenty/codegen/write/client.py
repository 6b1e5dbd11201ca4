"""The text of `client.py`: one typed method for each operation."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from aiotwenty.codegen.line_layout import LINE, filled
from aiotwenty.codegen.model.names import METHODS, argument_names
from aiotwenty.codegen.model.package import Method, PackageBuilder
from aiotwenty.codegen.write.operations import constants, distinct_methods
from aiotwenty.codegen.write.source import DOCSTRINGS, RUNTIME, module
from aiotwenty.graphql.names import escape, snake_case

_INDENT = " " * 8
_CLASSES = ("bool", "float", "int", "list[", "types.", "rt.Group", "rt.Page[", "rt.UUID", "str")


def client_module(
    name: str, endpoint: str, package: str, methods: list[Method], builder: PackageBuilder, classes: Collection[str]
) -> str:
    """The text of the module. `package` is the name of the package around it."""
    names = distinct_methods(methods, lambda name: escape(snake_case(name), METHODS))
    texts = constants(methods)
    bodies = [_method(method, names[method.name], texts[method.name], builder, classes) for method in methods]
    docstring = f'    """Every operation of {endpoint} under `queries/`, one method each. All raise `TwentyError`."""'
    code = "\n\n".join([f"class {name}(rt.OperationsClient):\n{docstring}", *bodies])
    return module(DOCSTRINGS["client"], _imports(code, package), [code])


def _imports(code: str, package: str) -> Iterator[str]:
    if "typing." in code:
        yield "import typing"
        yield ""
    yield RUNTIME
    yield ""
    yield f"from .. import {package} as types"
    yield "from . import operations"


def _method(method: Method, name: str, constant: str, builder: PackageBuilder, classes: Collection[str]) -> str:
    stock_arguments = method.arguments.args[1:]  # without self, which may also be the name of a variable
    variables = [str(key.value) for key in method.variables.keys if isinstance(key, ast.Constant)]
    python = argument_names(variables)
    # The arguments have another order than the variables (required ones first), and ariadne-codegen's names.
    stock = {_stock_name(value): variable for variable, value in zip(variables, method.variables.values, strict=True)}
    first_optional = len(stock_arguments) - len(method.arguments.defaults)
    parameters: list[str] = ["self"]
    for position, argument in enumerate(stock_arguments):
        if argument.annotation is None:
            continue
        annotation = builder.argument(_plain(argument.annotation), classes)
        if position >= first_optional:
            parameters += ["*"] if "*" not in parameters else []
            parameters.append(f"{python[stock[argument.arg]]}: rt.Maybe[{annotation}] = rt.UNSET")
        else:
            parameters.append(f"{python[stock[argument.arg]]}: {annotation}")
    sent = {
        variable: _value(value, python[variable])
        for variable, value in zip(variables, method.variables.values, strict=True)
    }
    head = _call(f"async def {name}", parameters, f" -> {method.result}:", indent="    ")
    return f"{head}\n{_body(method, constant, sent)}"


def _body(method: Method, constant: str, sent: dict[str, str]) -> str:
    # `_execute` gives Any for a type that is not a `type[T]`, such as a union: the variable then declares the type.
    is_class = method.result.startswith(_CLASSES) and " | " not in _outermost(method.result)
    target = "return" if is_class else f"result: {method.result} ="
    pairs = [f'"{variable}": {value}' for variable, value in sent.items()]
    arguments = [f"operations.{constant}", method.result, f"{{{', '.join(pairs)}}}"]
    text = _call(f"{target} await self._execute", arguments, indent=_INDENT)
    if any(len(line) > LINE for line in text.split("\n")):
        inside = f"{_INDENT}    "
        values = "\n".join(filled(pairs, f"{inside} ", ", ", "},")).lstrip()
        text = "\n".join(
            [
                f"{_INDENT}{target} await self._execute(",
                *filled(arguments[:2], inside, ", ", ","),
                f"{inside}{{{values}",
                f"{_INDENT})",
            ]
        )
    return text if is_class else f"{text}\n{_INDENT}return result"


def _call(head: str, arguments: list[str], tail: str = "", *, indent: str) -> str:
    """A call on one line, or with the arguments on as few lines of their own as fit."""
    line = f"{indent}{head}({', '.join(arguments)}){tail}"
    if len(line) <= LINE:
        return line
    inner = filled(arguments, f"{indent}    ", ", ", ",")
    if len(inner) == 1 and "*" not in arguments:
        inner = [inner[0].removesuffix(",")]
    return "\n".join([f"{indent}{head}(", *inner, f"{indent}){tail}"])


def _outermost(annotation: str) -> str:
    """The annotation without its brackets and their contents."""
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
    """The argument's value, passed through the scalar's serializer if it has one."""
    return f"{ast.unparse(value.func)}({python})" if isinstance(value, ast.Call) else python
