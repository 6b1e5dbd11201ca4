"""Checks the selections of a program against the schema that a workspace serves now."""

from __future__ import annotations

import datetime
import sys
import uuid
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from pydantic import JsonValue

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.aggregate import Aggregate, aggregated_record, aggregates_of
from aiotwenty.graphql.annotations import item_in, model_in
from aiotwenty.graphql.field_types import can_hold, may_be_none, said
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.relations import connection_node, not_null, object_fields
from aiotwenty.graphql.select import is_selection, selected_record, selection_of
from aiotwenty.graphql.selection import Plain, Selection, Tree, reads_itself

_SCALARS: Mapping[str, Any] = {
    **dict.fromkeys(("ConnectionCursor", "Cursor", "String", "TSVector"), str),
    **dict.fromkeys(("BigFloat", "BigInt", "Float", "Position"), float),
    "Boolean": bool,
    "Date": datetime.date,
    "DateTime": datetime.datetime,
    "ID": uuid.UUID,
    "Int": int,
    "UUID": uuid.UUID,
}
"""The Python types of scalars. Scalars that are not listed may be any JSON value."""


def selections_of(module_name: str) -> list[type[Record]]:
    """The selection models of a module. Raises `ConfigurationError` if there is no such module."""
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{module_name} cannot be imported: {error}.") from error
    models = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Record)]
    return [model for model in models if model.__module__ == module_name and _is_whole(model)]


def _is_whole(model: type[Record]) -> bool:
    """Whether the model can be selected as it is: a generic one needs its parameters first."""
    generic = model.__pydantic_generic_metadata__
    if not model.model_fields or generic["parameters"]:
        return False
    if issubclass(model, Aggregate):
        return aggregated_record(model) is not None
    return is_selection(model) and selected_record(model) is not None


def problems_of(model: type[Record], schema: GraphQLSchema) -> Iterator[str]:
    """Fields of a model that the schema lacks or has with another type."""
    if issubclass(model, Aggregate):
        yield from _wrong_aggregates(model, schema)
        return
    selection = selection_of(model)
    type_name = selection.about.type_name if selection.about else selection.record.__name__
    type_ = schema.type_map.get(type_name)
    if not isinstance(type_, GraphQLObjectType):
        yield f"{model.__name__}: there is no {'object' if selection.about else 'type'} {type_name}."
        return
    yield from _wrong(selection.tree, type_, model.__name__)
    yield from _read_otherwise(selection, type_)


def _wrong_aggregates(model: type[Aggregate[Any]], schema: GraphQLSchema) -> Iterator[str]:
    names, record = aggregates_of(model), aggregated_record(model)
    type_name = record.__name__ if record else ""
    connection = object_fields(schema.type_map.get(f"{type_name}Connection"))
    if not connection:
        yield f"{model.__name__}: there is no object {type_name}."
        return
    for name in names:
        if name not in connection:
            yield f"{model.__name__}.{name}: {type_name} has no aggregate {name}{did_you_mean(name, connection)}."


def _wrong(tree: Tree, type_: GraphQLObjectType, path: str) -> Iterator[str]:
    fields = object_fields(type_)
    for name in (*tree.fields, *tree.lists):
        if name not in fields:
            yield f"{path}.{name}: {type_.name} has no {name}{did_you_mean(name, fields)}."
    for name, part in tree.fields.items():
        if name not in fields:
            continue
        named = get_named_type(fields[name].type)
        if part is None and not is_leaf_type(named):
            yield f"{path}.{name}: is {named.name} now, which is made of parts."
        elif part is not None and isinstance(named, GraphQLObjectType) and "edges" not in named.fields:
            yield from _wrong(part, named, f"{path}.{name}")
        elif part is not None:
            yield f"{path}.{name}: is {fields[name].type} now, which has no such parts."
    for name, related in tree.lists.items():
        if name in fields:
            node = connection_node(fields[name].type)
            if node is None or node.name != related.target:
                yield f"{path}.{name}: is {fields[name].type} now, and no list of {related.target}."
            else:
                yield from _wrong(related.nodes, node, f"{path}.{name}")


def _read_otherwise(selection: Selection, type_: GraphQLObjectType) -> Iterator[str]:
    """Fields whose type cannot hold the values of now, or that may be null now and cannot hold None."""
    for name, how in selection.reading.items():
        field = type_.fields.get(how.name) if isinstance(how, Plain) else None
        if field is None or not is_leaf_type(get_named_type(field.type)) or reads_itself(selection.model, name):
            continue
        info = selection.model.model_fields[name]
        place = f"{selection.model.__name__}.{name}"
        if model_in(info.annotation) is None and model_in(item_in(info.annotation)) is None:
            served = _python(field.type)
            if not can_hold(info.annotation, served):
                yield f"{place}: is declared {said(info.annotation)}, and is {_type_text(field.type, served)} now."
        # Two schemas of one server disagree about the nullability of a composite's parts.
        may_be_null = selection.about is not None and not isinstance(field.type, GraphQLNonNull)
        if may_be_null and info.is_required() and not may_be_none(info.annotation):
            yield f"{place}: may be None now, and is declared as never None."


def _python(type_: GraphQLOutputType) -> Any:
    """The Python type of a leaf of the schema."""
    plain = not_null(type_)
    if isinstance(plain, GraphQLList):
        item: Any = _python(plain.of_type)
        return list[item]
    if isinstance(plain, GraphQLEnumType):
        return Enum(plain.name, {f"O{place}": option for place, option in enumerate(plain.values)})
    return _SCALARS.get(get_named_type(plain).name, JsonValue)


def _type_text(type_: GraphQLOutputType, served: Any) -> str:
    named = get_named_type(type_)
    options = f" ({', '.join(named.values)})" if isinstance(named, GraphQLEnumType) else ""
    return said(served) + options
