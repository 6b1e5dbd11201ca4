"""Converts a request to an equivalent typed call, and to the program that "Copy as Python" copies."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    parse,
    value_from_ast_untyped,
)
from pydantic import BaseModel
from pydantic.alias_generators import to_snake

from aiotwenty.graphql.annotations import item_in, model_in, named_fields
from aiotwenty.graphql.object_facts import About
from aiotwenty.objects import Records, namespaces_of
from aiotwenty.records.object_meta import ModelRole, ObjectMeta

AnyRecords = Records[Any, Any, Any, Any, Any, Any, Any]

_WIDTH = 100
_STANDARD = {
    "rt.UUID": ("UUID", "uuid"),
    "rt.DateTime": ("datetime", "datetime"),
    "rt.Date": ("date", "datetime"),
    "rt.BigFloat": ("Decimal", "decimal"),
    "rt.BigInt": ("int", ""),
    "rt.Position": ("float", ""),
    "rt.Json": ("Any", "typing"),
    "rt.SecondaryLink": ("SecondaryLink", "aiotwenty"),
    "rt.AdditionalPhone": ("AdditionalPhone", "aiotwenty"),
}
"""What generated annotations are called in a program, and the module that has it."""
_ROLES: Mapping[str, ModelRole] = {"filter": "filter", "orderBy": "order_by"}
_FIRST = {"id": 0, "data": 1}
"""Positional arguments; the others are passed by name."""


class _UntypedError(Exception):
    """No typed call is equivalent to the document."""


@dataclass
class _Code:
    """A call, and what has to stand before it."""

    result: str = "data"
    call: str = ""
    arguments: list[str] = field(default_factory=list)
    package: str = ""
    """The generated package whose classes it names."""
    imports: dict[str, set[str]] = field(default_factory=dict)
    """The names to import from each module."""
    classes: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def imported(self, module: str, *names: str) -> None:
        self.imports.setdefault(module, set()).update(names)

    def name(self, wanted: str) -> str:
        taken = self.names.union(*self.imports.values())
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}{number}", number + 1
        self.names.add(name)
        return name

    def head(self, *before: str) -> str:
        lines = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self.imports.items())]
        standard = [*before, *(line for line in lines if line.split()[1] in _OF_PYTHON)]
        others = [line for line in lines if line.split()[1] not in _OF_PYTHON]
        return "\n\n".join("\n".join(part) for part in (standard, others) if part)

    def program(self, client: type) -> str:
        """A program of its own, which prints the result."""
        self.imported(client.__module__.rpartition(".")[0], "Twenty")
        main = (
            "async def main() -> None:\n    async with Twenty() as twenty:\n"
            f"{textwrap.indent(self.statement(), ' ' * 8)}\n        print({self.result})"
        )
        return "\n\n\n".join((self.head("import asyncio"), *self.classes, main, "asyncio.run(main())")) + "\n"

    def statement(self) -> str:
        call = f"{self.result} = await twenty.{self.call}"
        short = f"{call}({', '.join(self.arguments)})"
        if len(short) <= _WIDTH:
            return short
        return f"{call}(\n" + "".join(f"    {argument},\n" for argument in self.arguments) + ")"


_OF_PYTHON = {"asyncio", "datetime", "decimal", "typing", "uuid"}
_DOCUMENT = "DOCUMENT"


def python_program(
    client: type, document: str, variables: Mapping[str, Any], endpoint: str, operation_name: str | None = None
) -> str:
    """A program with the typed call that is equivalent to a document; without one, with `twenty.execute(...)`.

    It runs as it is: it opens a client, and prints the result. `client` is the class of the client, whose generated
    objects have the types. Raises `GraphQLError` for a document that can't be parsed.
    """
    tree = parse(document, no_location=True)
    try:
        if endpoint != "graphql":
            raise _UntypedError
        return _typed(client, _single_root(tree, operation_name), variables).program(client)
    except _UntypedError:
        arguments = [_DOCUMENT]
    text = document.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if variables:
        arguments.append(_literal(dict(variables)))
    if endpoint != "graphql":
        arguments.append(f'endpoint="{endpoint}"')
    if operation_name and len(tree.definitions) > 1:
        arguments.append(f'operation_name="{operation_name}"')
    constant = f'{_DOCUMENT} = """\n{text}\n"""'
    return _Code("data", "execute", arguments, classes=[constant]).program(client)


def rest_program(client: type, method: str, path: str, body: Any = None) -> str:
    """A program that sends a REST request, and prints the answer."""
    arguments = [_literal(method), _literal(path)]
    if body is not None:
        arguments.append(f"data={_literal(body)}")
    return _Code("answer", "rest.request", arguments).program(client)


def _single_root(tree: DocumentNode, operation_name: str | None) -> FieldNode:
    operations = [node for node in tree.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != len(tree.definitions):
        raise _UntypedError  # fragments
    if operation_name is not None:
        operations = [node for node in operations if node.name and node.name.value == operation_name]
    if len(operations) != 1:
        raise _UntypedError
    roots = _fields(operations[0].selection_set)
    if len(roots) != 1:
        raise _UntypedError
    return roots[0]


def _fields(selections: SelectionSetNode | None) -> list[FieldNode]:
    nodes = [] if selections is None else selections.selections
    fields = [node for node in nodes if isinstance(node, FieldNode) and node.name.value != "__typename"]
    if any(not isinstance(node, FieldNode) or node.alias or node.directives for node in nodes):
        raise _UntypedError
    return fields


def _typed(client: type, root: FieldNode, variables: Mapping[str, Any]) -> _Code:
    try:
        attribute, kind, method = _calls(client)[root.name.value]
    except KeyError:
        raise _UntypedError from None
    passed = {
        argument.name.value: value
        for argument in root.arguments
        if (value := _value(argument.value, variables)) is not Undefined
    }
    code = _Code(package=kind.meta.package)
    selections: SelectionSetNode | None = root.selection_set
    if method == "find_many":
        selections = _nodes(selections)
        if selections is None:
            if not set(passed) <= {"filter"} or [node.name.value for node in _fields(root.selection_set)] != [
                "totalCount"
            ]:
                raise _UntypedError
            method = "count"
    arguments = _arguments(kind, method, passed)
    if method != "count" and not method.startswith("destroy"):
        arguments.append(f"select={_selection(code, kind.meta.model('record'), selections, None)}")
    result = {"find_many": "page", "count": "count"}.get(method, to_snake(kind.meta.singular))
    if method.endswith("_many") and method != "find_many":
        result = attribute
    code.result, code.call, code.arguments = result, f"{attribute}.{method}", arguments
    return code


@cache
def _calls(client: type) -> dict[str, tuple[str, type[AnyRecords], str]]:
    """The call for each root field: the namespace's attribute, its class, and the method."""
    calls: dict[str, tuple[str, Any, str]] = {}
    for attribute, lazy in namespaces_of(client).items():
        kind: Any = lazy.kind
        meta: ObjectMeta = kind.meta
        calls[meta.plural] = attribute, kind, "find_many"
        calls[meta.singular] = attribute, kind, "find_one"
        single = meta.singular[:1].upper() + meta.singular[1:]
        plural = meta.plural[:1].upper() + meta.plural[1:]
        for verb in ("create", "update", "delete", "destroy", "restore"):
            calls[f"{verb}{single}"] = attribute, kind, f"{verb}_one"
            calls[f"{verb}{plural}"] = attribute, kind, f"{verb}_many"
    return calls


def _value(node: ValueNode, variables: Mapping[str, Any]) -> Any:
    return _without_unset(value_from_ast_untyped(node, dict(variables)))


def _without_unset(value: Any) -> Any:
    """A value without the parts whose variables have no value: GraphQL leaves them out, and has null in lists."""
    if isinstance(value, dict):
        return {name: _without_unset(part) for name, part in value.items() if part is not Undefined}
    if isinstance(value, list):
        return [None if item is Undefined else _without_unset(item) for item in value]
    return value


def _nodes(selections: SelectionSetNode | None) -> SelectionSetNode | None:
    """The selection of each record, in `edges { node { ... } }`."""
    edges = next((node for node in _fields(selections) if node.name.value == "edges"), None)
    if edges is None or edges.arguments:
        return None
    return next((node.selection_set for node in _fields(edges.selection_set) if node.name.value == "node"), None)


def _arguments(kind: type[AnyRecords], method: str, passed: Mapping[str, Any]) -> list[str]:
    passed = dict(passed)
    match method, passed:
        case "find_one", {"filter": {"id": {"eq": identity, **more}, **others}, **rest} if not (more or others or rest):
            return [_literal(identity)]
    data_role: ModelRole = "create" if method.startswith("create") else "update"
    arguments = []
    for name, value in sorted(passed.items(), key=lambda item: _FIRST.get(item[0], 2)):
        role = data_role if name == "data" else _ROLES.get(name)
        written = _literal(value if role is None else _in_snake_case(value, kind.meta.model(role)))
        by_place = name in _FIRST or (name == "filter" and method == "count")
        arguments.append(written if by_place else f"{to_snake(name)}={written}")
    return arguments


def _in_snake_case(value: Any, model: type[BaseModel] | None) -> Any:
    """The dict with the names of typed dicts."""
    if isinstance(value, list):
        return [_in_snake_case(item, model) for item in value]
    if not isinstance(value, dict) or model is None:
        return value
    known = {wire: (name, annotation) for wire, name, annotation in named_fields(model)}
    if not set(value) <= set(known):
        raise _UntypedError
    return {
        # Keys of typed dicts can be keywords, without a trailing underscore.
        known[wire][0].removesuffix("_"): _in_snake_case(
            part, model_in(known[wire][1]) or model_in(item_in(known[wire][1]))
        )
        for wire, part in value.items()
    }


def _selection(code: _Code, model: Any, selections: SelectionSetNode | None, wanted: str | None) -> str:
    """The name of a class that selects these fields of a record or composite."""
    code.imported("aiotwenty", "Select")
    code.imported(code.package, model.__name__)
    name = code.name(wanted or f"{model.__name__}Fields")
    lines = [_line(code, model, node) for node in _fields(selections)]
    if not lines:
        raise _UntypedError
    code.classes.append(f"class {name}(Select[{model.__name__}]):\n" + "\n".join(f"    {line}" for line in lines))
    return name


def _line(code: _Code, model: Any, node: FieldNode) -> str:
    wire = node.name.value
    about: About | None = getattr(model, "_object", None)
    if node.arguments:
        raise _UntypedError
    for alias, name, annotation in named_fields(model):
        if alias == wire:
            part = model_in(annotation)
            selected = {field.name.value for field in _fields(node.selection_set)}
            if part is None or selected == {alias for alias, _, _ in named_fields(part)}:
                return f"{name}: {_annotation(code, model, name)}"
            nested = _selection(code, part, node.selection_set, _class_name(wire))
            return f"{name}: {nested} | None"
    if about is None:
        raise _UntypedError
    package = import_module(code.package)
    if wire in about.to_one:
        nested = _selection(code, getattr(package, about.to_one[wire]), node.selection_set, _class_name(wire))
        return f"{to_snake(wire)}: {nested} | None"
    if wire in about.to_many:
        record = getattr(package, about.to_many[wire][0])
        nested = _selection(code, record, _nodes(node.selection_set), f"{_class_name(wire)}Fields")
        return f"{to_snake(wire)}: list[{nested}]"
    if wire in about.asked_for:
        return f"{to_snake(wire)}: str | None"
    raise _UntypedError


def _class_name(wire: str) -> str:
    return wire[:1].upper() + wire[1:]


def _annotation(code: _Code, model: type[BaseModel], name: str) -> str:
    """The annotation of the generated class, with the names that a program would import."""
    written: str = next(vars(kind)["__annotations__"][name] for kind in model.__mro__ if name in _annotations(kind))

    def plain(match: re.Match[str]) -> str:
        text, module = _STANDARD[match[0]]
        if module:
            code.imported(module, text)
        return text

    written = re.sub(r"rt\.Open\[(\w+)\]", r"\1", written)
    written = re.sub("|".join(map(re.escape, sorted(_STANDARD, key=len, reverse=True))), plain, written)
    if named := set(_generated_names(written, code.package)):
        code.imported(code.package, *named)
    return written


def _annotations(kind: type) -> Mapping[str, str]:
    annotations: Mapping[str, str] = vars(kind).get("__annotations__", {})
    return annotations


def _generated_names(written: str, package: str) -> Iterator[str]:
    public = set(import_module(package).__all__)
    return (name for name in re.findall(r"\w+", written) if name in public)


def _literal(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
