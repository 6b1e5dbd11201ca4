"""The labels of objects, fields and options of a workspace, put before the descriptions of its schema."""

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
    """Describes the objects of a core schema, their fields and the options of these, as `/metadata` does.

    `answer` is the one to `LABELLED`. What of it the schema does not have, such as objects that a key may not see, is
    left out. Raises `UnexpectedResponse` for an answer that makes no sense.
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
    """A field of GraphQL; of a relation to records of several objects, one for each of these."""
    yield field["name"]
    if field["type"] == "MORPH_RELATION":
        yield from (f"{field['name']}{type_name}" for type_name in objects)


def _type_name(singular: str) -> str:
    return singular[:1].upper() + singular[1:]


def _described(label: Any, description: Any) -> str | None:
    """`Label: description`, as far as there are the two."""
    said = [" ".join(str(text).split()) for text in (label, description) if text]
    return ": ".join(said) + ("." if len(said) == 1 and label else "") if said else None
