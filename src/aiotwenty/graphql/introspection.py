"""Fetches and reads the schema of an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLSchema,
    IntrospectionQuery,
    assert_valid_schema,
    build_client_schema,
    get_introspection_query,
)
from pydantic_core import to_json

from aiotwenty.errors import UnexpectedResponse
from aiotwenty.graphql.operation import Operation

_KEPT = 4
_kept: dict[bytes, GraphQLSchema] = {}


@cache
def introspection(*, descriptions: bool = False) -> Operation:
    """The operation that fetches a schema. Descriptions, on servers that have them, make the response twice as long."""
    text = get_introspection_query(descriptions=descriptions)
    return Operation(name="IntrospectionQuery", kind="query", text=text, root="__schema")


def read_schema(answer: Mapping[str, Any], where: str, *, strict: bool = False) -> GraphQLSchema:
    """The schema in the response to `introspection()`. `where` is the endpoint ("/metadata") for messages.

    `strict` also refuses what GraphQL does not allow, such as a type without fields. Raises `UnexpectedResponse`.
    """
    try:
        schema = build_client_schema(cast("IntrospectionQuery", answer))
        if strict:
            assert_valid_schema(schema)
        return schema
    except (TypeError, ValueError, KeyError, GraphQLError) as error:
        reason = str(error).split("\n", 1)[0]
        raise UnexpectedResponse(f"the schema of {where} is invalid: {reason.rstrip('.')}.") from error


def known_schema(answer: Mapping[str, Any], where: str) -> GraphQLSchema:
    """`read_schema`, cached by the response. The schema must not be changed. Raises `UnexpectedResponse`.

    A program that loads and compares repeatedly, or opens a client for each job, gets the same response every time.
    """
    digest = sha256(to_json(answer)).digest()
    schema = _kept.pop(digest, None) or read_schema(answer, where)
    # Keep the most recently used schemas.
    _kept[digest] = schema
    for oldest in [*_kept][:-_KEPT]:
        _kept.pop(oldest, None)
    return schema
