"""`aiotwenty objects` and `aiotwenty query`: shows a workspace without writing a program."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiotwenty.cli.connection import connect, connects
from aiotwenty.cli.options import Yes, sure
from aiotwenty.cli.output import JsonOption, Output, OutputOption, Row, print_json, print_rows
from aiotwenty.cli.wording import said
from aiotwenty.errors import ApiError, InvalidArgument, NotFoundError

if TYPE_CHECKING:
    from aiotwenty.workspace.data_model import Field, Object


_OBJECT_COLUMNS = ("object", "plural", "label", "fields", "kind")
_FIELD_COLUMNS = ("field", "type", "label", "required", "unique", "values")


class _EndpointChoice(StrEnum):
    GRAPHQL = "graphql"
    METADATA = "metadata"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(connects(objects))
    app.command()(connects(query))


def objects(
    name: Annotated[str | None, typer.Argument(help="Show the fields of this object.")] = None,
    output: OutputOption = Output.TABLE,
    as_json: JsonOption = False,
) -> None:
    """List the objects of the workspace, or the fields of one of them. JSON has everything that it says of them."""
    shown = asyncio.run(_objects(name))
    output = Output.JSON if as_json else output
    if output in (Output.JSON, Output.JSONL):
        items = shown[0].fields if name and output is Output.JSONL else shown
        dumped = [item.model_dump(mode="json", by_alias=True) for item in items]
        print_json(dumped[0]) if name and output is Output.JSON else print_rows(dumped, (), output)
    elif name:
        print_rows([_field_row(field) for field in shown[0].fields], _FIELD_COLUMNS, output)
    else:
        listed = sorted(shown, key=lambda item: item.name_singular)
        print_rows([_object_row(item) for item in listed], _OBJECT_COLUMNS, output)


def query(
    document: Annotated[str, typer.Argument(help="A file, - for standard input, or GraphQL: '{ … }'.")],
    variables: Annotated[str, typer.Option("--variables", help="Variables as a JSON object, or @FILE.")] = "{}",
    endpoint: Annotated[
        _EndpointChoice, typer.Option(help="Endpoint: records (graphql) or data model (metadata).")
    ] = _EndpointChoice.GRAPHQL,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse documents that write.")] = False,
    validate: Annotated[bool, typer.Option(help="Check the document against the schema first.")] = True,
    operation: Annotated[str | None, typer.Option(help="Execute this operation of a document with several.")] = None,
    yes: Yes = False,
) -> None:
    """Execute a GraphQL document, and print its data as JSON. Asks first if it destroys something."""
    from aiotwenty.cli.documents import QueryText
    from aiotwenty.graphql.root_fields import destroyed_by, writes

    parsed, values = QueryText.read(document), _variables(variables)
    parsed.check(operation)
    if read_only and writes(parsed.text, operation):
        raise typer.BadParameter("refused: the document writes, and --read-only is set", param_hint="DOCUMENT")
    if final := destroyed_by(parsed.text, endpoint.value):
        sure(f"Execute {', '.join(final)}, which can't be undone?", yes, can_ask=document != "-")
    try:
        print_json(asyncio.run(_query(parsed.text, values, endpoint, operation, validate)))
    except InvalidArgument as error:
        parsed.explain(error)
        raise
    except ApiError as error:
        parsed.explain(error)
        if any(value is not None for value in (error.data or {}).values()):
            print_json(error.data)
        raise


async def _objects(name: str | None) -> list[Object]:
    async with connect() as twenty:
        try:
            return [await twenty.workspace.object(name)] if name else await twenty.workspace.objects()
        except NotFoundError as error:
            raise InvalidArgument(error.message) from None


async def _query(
    document: str, variables: dict[str, Any], endpoint: _EndpointChoice, operation: str | None, validate: bool
) -> dict[str, Any]:
    async with connect() as twenty:
        return await twenty.execute(
            document, variables, endpoint=endpoint.value, operation_name=operation, validate=validate
        )


def _variables(text: str) -> dict[str, Any]:
    try:
        values = json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(said(error), param_hint="--variables") from None
    if not isinstance(values, dict):
        raise typer.BadParameter("must be a JSON object", param_hint="--variables")
    return values


def _object_row(item: Object) -> Row:
    marks = [mark for mark, true in [("custom", item.is_custom), ("system", item.is_system)] if true]
    if item.is_active is False:
        marks.append("inactive")
    return {
        "object": item.name_singular,
        "plural": item.name_plural,
        "label": item.label_singular,
        "fields": len(item.fields),
        "kind": ", ".join(marks),
    }


def _field_row(field: Field) -> Row:
    return {
        "field": field.name,
        "type": field.type,
        "label": field.label,
        "required": "yes" if field.is_nullable is False else "",
        "unique": "yes" if field.is_unique else "",
        "values": _values(field),
    }


def _values(field: Field) -> str:
    relations = [field.relation] if field.relation else [*(field.morph_relations or ())]
    if relations:
        return ", ".join(f"→ {relation.target_object}" for relation in relations)
    return ", ".join(option.value for option in field.options or ())
