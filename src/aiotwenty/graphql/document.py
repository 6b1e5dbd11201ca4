"""Composes all documents: a root field, its arguments as variables of the same names, and a selection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.operation import Kind, Operation

_BY_ID = re.compile(r"(update|delete|restore)[A-Z]")


def compose(
    name: str,
    kind: Kind,
    root: str,
    variables: Mapping[str, str] | None = None,
    selection: str = "",
    fragments: tuple[str, ...] = (),
    *,
    arguments: str | None = None,
    nests: bool = False,
) -> Operation:
    """An operation with one root field.

    `variables` are types by name; each variable fills the argument of its name. `arguments` are further arguments as
    GraphQL text. `selection` includes its braces; it is empty for a leaf.
    """
    types = variables or {}
    declared = " ".join(f"${variable}:{type_}" for variable, type_ in types.items())
    passed = arguments if arguments is not None else " ".join(f"{variable}:${variable}" for variable in types)
    head = f"{kind} {name}({declared})" if declared else f"{kind} {name}"
    call = f"{root}({passed})" if passed else root
    return Operation(
        name,
        kind,
        f"{head}{{{call}{selection}}}",
        root,
        fragments,
        by_id=kind == "mutation" and names_one_record(root, types),
        filters=tuple(variable for variable, type_ in types.items() if is_filter(type_)),
        nests=nests,
        variables=tuple(types.items()),
        selection=selection,
    )


@lru_cache(maxsize=1024)
def selecting(operation: Operation, selection: str) -> Operation:
    """The operation with another selection for its root field, such as "{totalCount}"."""
    return compose(operation.name, operation.kind, _root(operation), dict(operation.variables), selection)


@lru_cache(maxsize=1024)
def without_variables(operation: Operation, *names: str) -> Operation:
    """The operation without these variables and the arguments that they fill."""
    variables = {name: type_ for name, type_ in operation.variables if name not in names}
    return compose(
        operation.name, operation.kind, _root(operation), variables, operation.selection, operation.fragments
    )


def together(name: str, operations: Sequence[Operation]) -> Operation:
    """One operation with the root fields of several of the same kind. Its variables are named by `renamed`."""
    kind = operations[0].kind
    declared = [
        f"${renamed(variable, at)}:{type_}" for at, of in enumerate(operations) for variable, type_ in of.variables
    ]
    roots = []
    for at, of in enumerate(operations):
        passed = " ".join(f"{variable}:${renamed(variable, at)}" for variable, _ in of.variables)
        roots.append(f"{of.root}({passed}){of.selection}")
    fragments = tuple(fragment for of in operations for fragment in of.fragments)
    return Operation(name, kind, f"{kind} {name}({' '.join(declared)}){{{' '.join(roots)}}}", None, fragments)


def renamed(variable: str, at: int) -> str:
    """The name of a variable in an operation of several root fields; `at` is the position of its root field."""
    return f"{variable}_{at}"


@lru_cache(maxsize=1024)
def can_go_together(operation: Operation) -> bool:
    """Whether its variables are the only arguments of its root field, so that `together` can take it."""
    if operation.root is None or not operation.variables:
        return False
    return selecting(operation, operation.selection).text == operation.text


def selection_of(paths: Iterable[str]) -> str:
    """`{id domainName{primaryLinkUrl}}` for id and domainName.primaryLinkUrl."""
    parts: dict[str, list[str]] = {}
    for path in paths:
        name, _, part = path.partition(".")
        parts.setdefault(name, []).extend([part] if part else [])
    return "{" + " ".join(f"{name}{selection_of(inner)}" if inner else name for name, inner in parts.items()) + "}"


def names_one_record(root: str, arguments: Iterable[str]) -> bool:
    """Whether a root field changes one record by its id: doing that twice has the effect of once."""
    return "id" in arguments and _BY_ID.match(root) is not None


def is_filter(type_: str) -> bool:
    """Whether a variable of this type is a filter of records."""
    return type_.rstrip("!").endswith("FilterInput")


def _root(operation: Operation) -> str:
    if operation.root is None:
        raise ConfigurationError(f"{operation.name} has several root fields: nothing can be made of it.")
    return operation.root
