"""The metadata schema of a server, and documents composed from it.

The metadata schema changes every month and, unlike that of records, is validated strictly: the server refuses a
document with one unknown field (Twenty, July 2026). So the client selects by name, and sends what the server has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from aiotwenty.errors import ApiError, InvalidArgument, SchemaDrift
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.executor import Executor
from aiotwenty.graphql.introspection import introspection, known_schema
from aiotwenty.graphql.operation import Operation

Kind: TypeAlias = Literal["query", "mutation"]
Select: TypeAlias = "Mapping[str, Select | None]"
"""The selected fields; None for leaves, a selection for fields with parts."""


class ServedSchema:
    """The metadata schema of one workspace, fetched once, and again when the server refuses a document."""

    def __init__(self, client: Executor) -> None:
        self._client = client
        self._schema: GraphQLSchema | None = None

    async def schema(self) -> GraphQLSchema:
        """The schema of `/metadata`, fetched at the first call."""
        if self._schema is None:
            answer = await self._client.execute(introspection(), endpoint="metadata")
            self._schema = known_schema(answer, "/metadata")
        return self._schema

    async def has(self, kind: Kind, root: str) -> bool:
        """Whether the server has this root field."""
        return _root(await self.schema(), kind, root) is not None

    async def call(
        self,
        kind: Kind,
        root: str,
        values: Mapping[str, Any] | None = None,
        *,
        optional: Mapping[str, Any] | None = None,
        select: Select | None = None,
    ) -> Any:
        """Runs one root field and returns its value.

        `values` are put in the field's arguments, or in the input objects inside of them (`input.object`,
        `input.update`). One that the server has no place for is an error; those of `optional` are left out then.
        """
        known = self._schema is not None
        try:
            return await self._run(kind, root, values or {}, optional or {}, select)
        except ApiError as error:
            # Nothing was executed, and the server may have been upgraded since the schema was fetched.
            if not known or not (error.status == 400 or (error.reason and error.reason.about_schema)):
                raise
            self._schema = None
            return await self._run(kind, root, values or {}, optional or {}, select)

    async def _run(
        self, kind: Kind, root: str, values: Mapping[str, Any], optional: Mapping[str, Any], select: Select | None
    ) -> Any:
        operation, variables = await self.compose(kind, root, values, optional=optional, select=select)
        return (await self._client.execute(operation, variables, endpoint="metadata"))[root]

    async def compose(
        self,
        kind: Kind,
        root: str,
        values: Mapping[str, Any],
        *,
        optional: Mapping[str, Any] | None = None,
        select: Select | None = None,
    ) -> tuple[Operation, dict[str, Any]]:
        """The operation and its variables, as `call` sends them."""
        schema = await self.schema()
        field = _root(schema, kind, root)
        if field is None:
            raise SchemaDrift(
                f"this server's /metadata has no {kind} {root}.", operation=root, type_name=kind.title(), field=root
            )
        remaining = {**(optional or {}), **values}
        variables = _place(field.args, remaining)
        if lost := [name for name in remaining if name in values]:
            raise InvalidArgument(f"this server's {root} takes no {', '.join(lost)}.", operation=root)
        if missing := [
            n for n, argument in field.args.items() if is_required_argument(argument) and n not in variables
        ]:
            raise SchemaDrift(
                f"this server's {root} requires {', '.join(missing)}, which this version of aiotwenty doesn't support.",
                operation=root,
                type_name=kind.title(),
                field=root,
            )
        name = root[0].upper() + root[1:]
        types = {argument: str(field.args[argument].type) for argument in variables}
        return compose(name, kind, root, types, _selection(field, select or {})), variables


def _root(schema: GraphQLSchema, kind: Kind, root: str) -> GraphQLField | None:
    type_ = schema.query_type if kind == "query" else schema.mutation_type
    return type_.fields.get(root) if type_ else None


def _place(
    places: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField],
    remaining: dict[str, Any],
    depth: int = 3,
) -> dict[str, Any]:
    """Moves values from `remaining` to the outermost place for each."""
    placed = {name: remaining.pop(name) for name in places if name in remaining}
    for name, place in places.items():
        inner = place.type.of_type if isinstance(place.type, GraphQLNonNull) else place.type
        if name not in placed and isinstance(inner, GraphQLInputObjectType) and remaining and depth:
            inside = _place(inner.fields, remaining, depth - 1)
            if inside:
                placed[name] = inside
    return placed


def _selection(field: GraphQLField, wanted: Select) -> str:
    type_ = get_named_type(field.type)
    if not isinstance(type_, GraphQLObjectType):
        return ""
    parts: list[str] = []
    for name, inner in wanted.items():
        served = type_.fields.get(name)
        if served is None or any(is_required_argument(argument) for argument in served.args.values()):
            continue
        if inner is not None and not is_leaf_type(get_named_type(served.type)):
            parts.append(name + _selection(served, inner))
        elif inner is None and is_leaf_type(get_named_type(served.type)):
            parts.append(name)
    return f"{{{' '.join(parts) or '__typename'}}}"
