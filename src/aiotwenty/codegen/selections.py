"""The selections of a program, held against the schema that a workspace serves now."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.field_types import may_be_none
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.relations import connection_node, object_fields
from aiotwenty.graphql.select import is_selection, selected_record, selection_of
from aiotwenty.graphql.selection import Plain, Selection, Tree


def selections_of(module_name: str) -> list[type[Record]]:
    """The models of a module that select. Raises `ConfigurationError` if there is no such module."""
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{module_name} cannot be imported: {error}.") from error
    models = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Record)]
    return [model for model in models if model.__module__ == module_name and _is_whole(model)]


def _is_whole(model: type[Record]) -> bool:
    """Whether a model can be asked for as it is: of a generic, only what fills it in can."""
    generic = model.__pydantic_generic_metadata__
    if not model.model_fields or generic["parameters"]:
        return False
    return is_selection(model) and selected_record(model) is not None


def problems_of(model: type[Record], schema: GraphQLSchema) -> Iterator[str]:
    """What a model asks for that the schema does not have, or has otherwise."""
    selection = selection_of(model)
    if selection.about is None:
        return
    type_ = schema.type_map.get(selection.about.type_name)
    if not isinstance(type_, GraphQLObjectType):
        yield f"{model.__name__}: there is no object {selection.about.type_name}."
        return
    yield from _wrong(selection.tree, type_, model.__name__)
    yield from _null_now(selection, type_)


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


def _null_now(selection: Selection, type_: GraphQLObjectType) -> Iterator[str]:
    """Fields that may be null now, and have no value for that."""
    for name, how in selection.reading.items():
        field = type_.fields.get(how.name) if isinstance(how, Plain) else None
        if field is None or not is_leaf_type(get_named_type(field.type)) or isinstance(field.type, GraphQLNonNull):
            continue
        info = selection.model.model_fields[name]
        if not info.metadata and info.is_required() and not may_be_none(info.annotation):
            yield f"{selection.model.__name__}.{name}: may be None now, and is declared as never None."
