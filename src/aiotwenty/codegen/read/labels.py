"""Adds a workspace's labels of objects, fields and options to the descriptions of its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLSchema, get_named_type

from aiotwenty.errors import UnexpectedResponse
from aiotwenty.graphql.data_model import data_model, object_nodes

LABELLED = data_model(
    "Labels", "{nameSingular labelSingular description fieldsList{name type label description options}}"
)


def add_labels(schema: GraphQLSchema, answer: Mapping[str, Any]) -> None:
    """Describes the objects, fields and options of a core schema with their labels in `/metadata`.

    `answer` is the response to `LABELLED`. Parts that the schema lacks, such as objects that the key may not see, are
    skipped. Raises `UnexpectedResponse` if the response has another form.
    """
    try:
        nodes = {_type_name(node["nameSingular"]): node for node in object_nodes(answer)}
        for type_name, node in nodes.items():
            record = schema.type_map.get(type_name)
            if isinstance(record, GraphQLObjectType):
                record.description = _described(node["labelSingular"], node.get("description"))
                for field in node["fieldsList"]:
                    _describe_field(record, field, nodes)
    except (KeyError, TypeError, AttributeError) as error:
        raise UnexpectedResponse(f"the data model of the workspace is invalid: {error!r}.") from error


def _describe_field(record: GraphQLObjectType, field: Mapping[str, Any], objects: Mapping[str, Any]) -> None:
    for name in _names(field, objects):
        if (served := record.fields.get(name)) is None:
            continue
        served.description = _described(field["label"], field.get("description"))
        options = get_named_type(served.type)
        if isinstance(options, GraphQLEnumType):
            for option in field.get("options") or ():
                if (value := options.values.get(option["value"])) is not None:
                    value.description = str(option.get("label") or "") or None


def _names(field: Mapping[str, Any], objects: Mapping[str, Any]) -> Iterator[str]:
    """The names of a field in GraphQL: several if a relation leads to records of several objects."""
    yield field["name"]
    if field["type"] == "MORPH_RELATION":
        yield from (f"{field['name']}{type_name}" for type_name in objects)


def _type_name(singular: str) -> str:
    return singular[:1].upper() + singular[1:]


def _described(label: Any, description: Any) -> str | None:
    """`Label: description`, or the one that exists."""
    said = [" ".join(str(text).split()) for text in (label, description) if text]
    return ": ".join(said) + ("." if len(said) == 1 and label else "") if said else None
