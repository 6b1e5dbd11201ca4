"""`aiotwenty objects` and `aiotwenty query`: look at a workspace without writing a program."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from aiotwenty.errors import ApiError
from aiotwenty.graphql.roots import writes

if TYPE_CHECKING:
    from aiotwenty.workspace.data_model import Field, Object


class _EndpointChoice(StrEnum):
    GRAPHQL = "graphql"
    METADATA = "metadata"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(objects)
    app.command()(query)


def objects(
    name: Annotated[str | None, typer.Argument(help="An object: show its fields instead of the list.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything the workspace says, as JSON.")] = False,
) -> None:
    """List the objects of the workspace, or the fields of one of them."""
    shown = asyncio.run(_objects(name))
    if as_json:
        dumped = [item.model_dump(mode="json", by_alias=True) for item in shown]
        _print_json(dumped[0] if name else dumped)
    else:
        console = Console()
        if not console.is_terminal:
            # What goes to a file or a pipe is not folded to the width of a terminal.
            console.width = 1000
        console.print(_field_table(shown[0]) if name else _object_table(shown))


def query(
    document: Annotated[str, typer.Argument(help="A file, - for standard input, or the document itself: '{ … }'.")],
    variables: Annotated[str, typer.Option("--variables", help="The variables as a JSON object, or @FILE.")] = "{}",
    endpoint: Annotated[_EndpointChoice, typer.Option(help="Records, or the data model.")] = _EndpointChoice.GRAPHQL,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse a document that writes.")] = False,
    validate: Annotated[bool, typer.Option(help="Check the document against the workspace before it is sent.")] = True,
) -> None:
    """Run a GraphQL document and print its data as JSON."""
    text, values = _document(document), _variables(variables)
    if read_only and writes(text):
        raise typer.BadParameter("it would write, and --read-only was asked for", param_hint="DOCUMENT")
    try:
        _print_json(asyncio.run(_query(text, values, endpoint, validate)))
    except ApiError as error:
        if any(value is not None for value in (error.data or {}).values()):
            _print_json(error.data)
        raise


async def _objects(name: str | None) -> list[Object]:
    from aiotwenty.client import Client

    async with Client() as twenty:
        return [await twenty.workspace.object(name)] if name else await twenty.workspace.objects()


async def _query(document: str, variables: dict[str, Any], endpoint: _EndpointChoice, validate: bool) -> dict[str, Any]:
    from aiotwenty.client import Client

    async with Client() as twenty:
        return await twenty.execute(document, variables, endpoint=endpoint.value, validate=validate)


def _document(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if "{" in text:
        return text
    try:
        return Path(text).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise typer.BadParameter(f"no such file, and no document either: {text}", param_hint="DOCUMENT") from None
    except OSError as error:
        raise typer.BadParameter(f"cannot read {text!r}: {error.strerror}", param_hint="DOCUMENT") from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{text} is not UTF-8", param_hint="DOCUMENT") from None


def _variables(text: str) -> dict[str, Any]:
    try:
        values = json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--variables") from None
    if not isinstance(values, dict):
        raise typer.BadParameter("a JSON object is wanted", param_hint="--variables")
    return values


def _print_json(value: Any) -> None:
    # A terminal that has other characters only would spoil the JSON; escaped, it is the same text.
    everything = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    typer.echo(json.dumps(value, indent=2, ensure_ascii=not everything))


def _object_table(listed: list[Object]) -> Table:
    table = Table("object", "plural", "label", "fields", "")
    for item in sorted(listed, key=lambda item: item.name_singular):
        marks = [mark for mark, true in [("custom", item.is_custom), ("system", item.is_system)] if true]
        if item.is_active is False:
            marks.append("inactive")
        table.add_row(
            item.name_singular, item.name_plural, item.label_singular, str(len(item.fields)), ", ".join(marks)
        )
    return table


def _field_table(item: Object) -> Table:
    table = Table("field", "type", "label", "required", "unique", "values")
    for field in item.fields:
        required = "yes" if field.is_nullable is False else ""
        table.add_row(field.name, field.type, field.label, required, "yes" if field.is_unique else "", _values(field))
    return table


def _values(field: Field) -> str:
    relations = [field.relation] if field.relation else [*(field.morph_relations or ())]
    if relations:
        return ", ".join(f"→ {relation.target_object}" for relation in relations)
    return ", ".join(option.value for option in field.options or ())
