"""Converts a GraphQL document to an equivalent typed call, for "Copy as Python"."""

from __future__ import annotations

import json
import re
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
    "rt.UUID": ("UUID", "from uuid import UUID"),
    "rt.DateTime": ("datetime", "from datetime import datetime"),
    "rt.Date": ("date", "from datetime import date"),
    "rt.BigFloat": ("Decimal", "from decimal import Decimal"),
    "rt.BigInt": ("int", ""),
    "rt.Position": ("float", ""),
    "rt.Json": ("Any", "from typing import Any"),
    "rt.SecondaryLink": ("SecondaryLink", "from aiotwenty import SecondaryLink"),
    "rt.AdditionalPhone": ("AdditionalPhone", "from aiotwenty import AdditionalPhone"),
}
_ROLES: Mapping[str, ModelRole] = {"filter": "filter", "orderBy": "order_by"}
_FIRST = {"id": 0, "data": 1}
"""Positional arguments; the others are passed by name."""


class _UntypedError(Exception):
    """No typed call is equivalent to the document."""


@dataclass
class _Code:
    package: str
    imports: set[str] = field(default_factory=set)
    generated: set[str] = field(default_factory=set)
    classes: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def name(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.names or name in self.generated:
            name, number = f"{wanted}{number}", number + 1
        self.names.add(name)
        return name

    def head(self) -> str:
        standard = sorted(line for line in self.imports if not line.startswith("from aiotwenty"))
        ours = sorted(self.imports.difference(standard))
        if self.classes:
            ours.append("from aiotwenty import Select")
        if self.generated:
            ours.append(f"from {self.package} import {', '.join(sorted(self.generated))}")
        return "\n\n".join("\n".join(lines) for lines in (standard, ours) if lines)


def python_call(
    client: type, document: str, variables: Mapping[str, Any], endpoint: str, operation_name: str | None = None
) -> str:
    """The imports, selections and call. A document without an equivalent method becomes `twenty.execute(...)`.

    `client` is the class of the client, whose generated objects have the types. Raises `GraphQLError` for a document
    that can't be parsed.
    """
    tree = parse(document, no_location=True)
    try:
        if endpoint != "graphql":
            raise _UntypedError
        return _typed(client, _single_root(tree, operation_name), variables)
    except _UntypedError:
        return _untyped(document, variables, endpoint, operation_name)


def _untyped(document: str, variables: Mapping[str, Any], endpoint: str, operation_name: str | None) -> str:
    text = document.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    arguments = [f'"""\n{text}\n"""']
    if variables:
        arguments.append(_literal(dict(variables)))
    if endpoint != "graphql":
        arguments.append(f'endpoint="{endpoint}"')
    if operation_name and len(parse(document, no_location=True).definitions) > 1:
        arguments.append(f'operation_name="{operation_name}"')
    return f"data = await twenty.execute({', '.join(arguments)})\n"


def _single_root(tree: DocumentNode, operation_name: str | None) -> FieldNode:
    operations = [node for node in tree.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != len(tree.definitions):
        raise _UntypedError  # fragments
    if operation_name is not None:
        operations = [node for node in operations if node.name and node.name.value == operation_name]
    if len(operations) != 1:
        raise _UntypedError
    (root, *further) = _fields(operations[0].selection_set)
    if further:
        raise _UntypedError
    return root


def _fields(selections: SelectionSetNode | None) -> list[FieldNode]:
    nodes = [] if selections is None else selections.selections
    fields = [node for node in nodes if isinstance(node, FieldNode) and node.name.value != "__typename"]
    if any(not isinstance(node, FieldNode) or node.alias or node.directives for node in nodes):
        raise _UntypedError
    return fields


def _typed(client: type, root: FieldNode, variables: Mapping[str, Any]) -> str:
    try:
        attribute, kind, method = _calls(client)[root.name.value]
    except KeyError:
        raise _UntypedError from None
    passed = {
        argument.name.value: value
        for argument in root.arguments
        if (value := _value(argument.value, variables)) is not Undefined
    }
    code = _Code(kind.meta.package)
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
    call = _broken(f"{result} = await twenty.{attribute}.{method}", arguments)
    return "\n\n\n".join(part for part in (code.head(), *code.classes, call) if part) + "\n"


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
    return value_from_ast_untyped(node, dict(variables))


def _nodes(selections: SelectionSetNode | None) -> SelectionSetNode | None:
    """The selection of each record, in `edges { node { ... } }`."""
    edges = next((node for node in _fields(selections) if node.name.value == "edges"), None)
    if edges is None or edges.arguments:
        return None
    return next((node.selection_set for node in _fields(edges.selection_set) if node.name.value == "node"), None)


def _arguments(kind: type[AnyRecords], method: str, passed: Mapping[str, Any]) -> list[str]:
    passed = dict(passed)
    if method == "find_one" and set(passed) == {"filter"} and set(passed["filter"] or {}) == {"id"}:
        condition = passed["filter"]["id"]
        if isinstance(condition, dict) and set(condition) == {"eq"}:
            return [_literal(condition["eq"])]
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
    code.generated.add(model.__name__)
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
        text, line = _STANDARD[match[0]]
        if line:
            code.imports.add(line)
        return text

    written = re.sub(r"rt\.Open\[(\w+)\]", r"\1", written)
    written = re.sub("|".join(map(re.escape, sorted(_STANDARD, key=len, reverse=True))), plain, written)
    code.generated.update(_generated_names(written, code.package))
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


def _broken(call: str, arguments: list[str]) -> str:
    short = f"{call}({', '.join(arguments)})"
    if len(short) <= _WIDTH:
        return short
    return f"{call}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"
