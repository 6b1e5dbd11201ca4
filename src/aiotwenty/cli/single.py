"""`aiotwenty list`, `get`, `create`, `restore` and `open`: records of any object, without writing a program."""

from __future__ import annotations

import asyncio
import sys
import webbrowser
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from aiotwenty.cli.connection import connect, connects
from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.options import AllRecords, FilterText, ObjectName, Yes, sure
from aiotwenty.cli.output import Output, OutputOption, Row, fitting, inform, piped, print_record, print_rows, value_at
from aiotwenty.cli.terms import data_of, filter_of, order_of, values_of
from aiotwenty.errors import InvalidArgument, NotFoundError

if TYPE_CHECKING:
    from aiotwenty.bulk.fields import Shape
    from aiotwenty.client import Client
    from aiotwenty.graphql.models import Record
    from aiotwenty.served import ServedRecords

T = TypeVar("T")

Selected = Annotated[str | None, typer.Option("--select", help="Fields, such as name,company.name.")]
Ids = Annotated[list[str], typer.Argument(help="Record ids.")]

_SYSTEM = ("position", "searchVector", "createdAt", "createdBy", "updatedAt", "updatedBy", "deletedAt")
_LABELS = ("name", "title", "label")
_COLUMNS = 6
"""The most columns of a table without `--select`."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("list")(connects(list_records))
    app.command("get")(connects(get))
    app.command("create")(connects(create))
    app.command("restore")(connects(restore))
    app.command("open")(connects(open_record))


def list_records(
    object: ObjectName,
    filter: FilterText = None,
    select: Selected = None,
    order: Annotated[str | None, typer.Option("--order", help="Sort order, such as name,-createdAt.")] = None,
    limit: Annotated[int, typer.Option(help="Number of records; 0 for all.", min=0)] = 50,
    deleted: Annotated[bool, typer.Option("--deleted", help="Include deleted records.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List records."""

    async def run(client: Client) -> None:
        records, shape = await _records(client, object)
        model, columns = _chosen(records, select, short=output is Output.TABLE)
        only = filter_of(filter, shape)
        if deleted:
            from aiotwenty.graphql.filters import DELETED_TOO

            only = {"and": [only, DELETED_TOO]} if only else DELETED_TOO
        walk = records.iterate(
            select=model, filter=only, order_by=order_of(order, shape), limit=limit + 1 if limit else None
        )
        if await _print_walk(walk, columns, output, limit, everything=select is not None):
            total = await records.count(only)
            typer.echo(f"{limit:,} of {total:,} records; --limit 0 shows all.", err=True)

    _with_client(run)


async def _print_walk(
    walk: AsyncIterable[Record], columns: list[str], output: Output, limit: int, *, everything: bool
) -> bool:
    """Prints records up to the limit. Returns whether there are more. Lines are not kept in memory."""
    if output in (Output.JSONL, Output.CSV):
        print_rows((), columns, output)
        count = 0
        async for record in walk:
            count += 1
            if not limit or count <= limit:
                print_rows([_row(record)], columns, output, headings=False)
        return bool(limit) and count > limit
    rows = [_row(record) async for record in walk]
    if not everything and output is Output.TABLE:
        columns = _filled(rows, columns)
    if not rows and output is Output.TABLE:
        typer.echo("No records.", err=True)
    else:
        print_rows(rows[: limit or None], columns, output)
    return bool(limit) and len(rows) > limit


def get(object: ObjectName, ids: Ids, select: Selected = None, output: OutputOption = Output.TABLE) -> None:
    """Show records by id. Exit code 1 if one doesn't exist."""

    async def run(client: Client) -> bool:
        records, _ = await _records(client, object)
        model, columns = _chosen(records, select, short=len(ids) > 1 and output is Output.TABLE)
        there = await records.find_by_ids(ids, select=model)
        _print([record for record in there if record is not None], columns, output, len(ids) == 1)
        missing = [identity for identity, record in zip(ids, there, strict=True) if record is None]
        for identity in missing:
            _say_missing(records, identity)
        return not missing

    if not _with_client(run):
        raise typer.Exit(ExitCode.FAILED)


def create(
    object: ObjectName,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Such as name=Air city=Oslo; := for JSON values.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="JSON: a record or a list; @FILE, or - for standard input.")
    ] = None,
    upsert: Annotated[bool, typer.Option("--upsert", help="Update the record with the same unique value.")] = False,
    select: Selected = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Create a record, or several from JSON, and show them."""
    if bool(values) == (data is not None):
        raise typer.BadParameter("pass NAME=VALUE… or --data")
    items = data_of(data, sys.stdin.read() if data == "-" else None) if data is not None else []

    async def run(client: Client) -> None:
        records, shape = await _records(client, object)
        model, columns = _chosen(records, select, short=not values and len(items) > 1 and output is Output.TABLE)
        if values:
            created = [await records.create_one(values_of(values, shape), upsert=upsert, select=model)]
        else:
            created = await records.create_many(items, upsert=upsert, select=model)
        _print(created, columns, output, len(created) == 1)

    _with_client(run)


def change_by_ids(
    object: str, ids: Sequence[str], values: Sequence[str], data: str | None, replace: Sequence[str], output: Output
) -> None:
    """`aiotwenty update companies ID… name=Air`: updates records with the same values, one by one, and shows them."""

    async def run(client: Client) -> bool:
        records, shape = await _records(client, object)
        _, columns = _chosen(records, None, short=len(ids) > 1 and output is Output.TABLE)
        change = {**(data_of(data)[0] if data is not None else {}), **values_of(values, shape)}
        changed = await _each(
            records, ids, lambda identity: records.update_one(identity, change, replace=tuple(replace))
        )
        _print(changed, columns, output, len(ids) == 1)
        return len(changed) == len(ids)

    if not _with_client(run):
        raise typer.Exit(ExitCode.FAILED)


async def _each(records: ServedRecords, ids: Sequence[str], change: Callable[[str], Awaitable[T]]) -> list[T]:
    """Changes the records one by one, and prints the ids that don't exist.

    Raises `InvalidArgument` for an invalid id before any record is changed.
    """
    from aiotwenty.records.namespace import as_ids

    as_ids(ids)
    changed = []
    for identity in ids:
        try:
            changed.append(await change(identity))
        except NotFoundError:
            _say_missing(records, identity)
    return changed


def _say_missing(records: ServedRecords, identity: str) -> None:
    said = f"Error: {records.meta.plural}: no record {identity}, or it is deleted."
    inform(said)


def restore(
    object: ObjectName,
    ids: Annotated[list[str] | None, typer.Argument(help="Record ids.")] = None,
    filter: FilterText = None,
    all_records: AllRecords = False,
    yes: Yes = False,
) -> None:
    """Restore deleted records by ids or by a filter."""
    if (not ids) == (filter is None and not all_records):
        raise typer.BadParameter("pass IDS, --filter or --all-records")

    async def run(client: Client) -> bool:
        records, shape = await _records(client, object)
        if ids:
            restored = await _each(records, ids, records.restore_one)
        else:
            if all_records:
                sure(f"Restore every deleted record of {records.meta.plural}?", yes)
            restored = await records.restore_many(filter_of(filter, shape) or {}, all_records=all_records)
        typer.echo(f"{len(restored):,} restored")
        return not ids or len(restored) == len(ids)

    if not _with_client(run):
        raise typer.Exit(ExitCode.FAILED)


def open_record(
    object: ObjectName,
    id: Annotated[str | None, typer.Argument(help="Record id; default: the list of the object.")] = None,
    only_print: Annotated[bool, typer.Option("--print", help="Only print the address.")] = False,
) -> None:
    """Open a record, or the list of an object, in the browser."""

    async def run(client: Client) -> str:
        records, _ = await _records(client, object)
        names = records.meta
        if id is not None and await _each(records, [id], records.find_one) == []:
            raise typer.Exit(ExitCode.FAILED)
        path = f"objects/{names.plural}" if id is None else f"object/{names.singular}/{id}"
        return f"{await _front(client)}/{path}"

    address = _with_client(run)
    typer.echo(address)
    if not only_print:
        webbrowser.open(address)


async def _front(client: Client) -> str:
    """The address of the web application: as the workspace reports it, or that of the API."""
    from aiotwenty.workspace.served_schema import ServedSchema

    urls = {"workspaceUrls": {"customUrl": None, "subdomainUrl": None}}
    answer: Any = await ServedSchema(client).call("query", "currentWorkspace", {}, select=urls)
    known = (answer or {}).get("workspaceUrls") or {}
    front: str = known.get("customUrl") or known.get("subdomainUrl") or client.base_url
    return front.rstrip("/")


async def _records(client: Client, name: str) -> tuple[ServedRecords, Shape]:
    """The namespace of an object, and the names that its fields may have on the command line."""
    records = await client.object(name)
    return records, _shape(records)


def _shape(records: ServedRecords) -> Shape:
    from aiotwenty.bulk.catalogue import GeneratedCatalogue

    return GeneratedCatalogue(records.meta.package).shape(records.meta.type_name)


def _chosen(records: ServedRecords, select: str | None, *, short: bool = False) -> tuple[type[Record], list[str]]:
    from aiotwenty.graphql.annotations import named_fields
    from aiotwenty.graphql.select_names import selecting_names

    record: type[Record] = records.record
    shape = _shape(records)
    names = [_readable(record, part.strip(), shape) for part in select.split(",") if part.strip()] if select else []
    if not names:
        names = _short(shape) if short else [wire for wire, _, _ in named_fields(record)]
    return selecting_names(record, names)


def _readable(record: type[Record], name: str, shape: Shape) -> str:
    """The field of a name: `city` is `address.addressCity`. Raises `InvalidArgument` for an unknown name."""
    from aiotwenty.graphql.select_names import selecting_names

    try:
        selecting_names(record, [name])
    except InvalidArgument as unknown:
        try:
            target = shape.find(name)
        except InvalidArgument:
            raise unknown from None
        if target is None:
            raise unknown
        return target.dotted
    return name


def _short(shape: Shape) -> list[str]:
    """The fields that identify a record, then other main fields, up to six."""
    heads = dict.fromkeys(path.split(".")[0] for path in shape.readable)
    label = [name for name in _LABELS if name in heads]
    rest = [name for name in heads if name not in (*_SYSTEM, "id", *label) and not name.endswith("Id")]
    names = ["id", *label]
    for name in rest:
        if name in shape.composites:
            primary = shape.primary(name)
            names += [f"{name}.{primary}"] if primary else []
        elif name in shape.targets:
            names.append(name)
    return names[:_COLUMNS] if len(names) > len(label) + 1 else [*names, "createdAt"]


def _filled(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """The columns of a table without `--select` that have a value, as far as they fit the terminal."""
    filled = [name for name in columns if any(value_at(row, name) not in (None, "") for row in rows)]
    named = sum(name.partition(".")[0] in ("id", *_LABELS) for name in filled)
    return filled if piped() else fitting(rows, filled, named)


def _row(record: Record) -> Row:
    return record.model_dump(mode="json", by_alias=True)


def _print(records: Sequence[Record], columns: Sequence[str], output: Output, single: bool) -> None:
    rows = [_row(record) for record in records]
    if single and len(rows) == 1:
        print_record(rows[0], columns, output)
    elif rows or output is not Output.TABLE:
        print_rows(rows, _filled(rows, columns) if output is Output.TABLE else columns, output)


def _with_client(do: Callable[[Client], Awaitable[T]]) -> T:
    async def main() -> T:
        async with connect() as client:
            return await do(client)

    return asyncio.run(main())
