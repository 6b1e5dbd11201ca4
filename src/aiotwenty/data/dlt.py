"""Twenty for dlt pipelines: `twenty_source`, `twenty_destination` and `twenty_rejects`. Needs the extra `dlt`.

import dlt
from aiotwenty.data.dlt import twenty_source

pipeline = dlt.pipeline("crm", destination="duckdb", dataset_name="twenty")
pipeline.run(twenty_source(["companies", "people"]))
"""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAlias, Unpack
from uuid import UUID

from pydantic_core import to_json

from aiotwenty import bulk
from aiotwenty.bulk.feed.changes import Change, Changes
from aiotwenty.bulk.feed.engine import OVERLAP, foreign_keys, stamp_digest
from aiotwenty.bulk.feed.known import KnownEntry, KnownInMemory
from aiotwenty.bulk.feed.readers import RawReader
from aiotwenty.bulk.options import LoadSettings, check_options, texts
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.workspace_catalogue import ServedCatalogue, ServedNames
from aiotwenty.client import Twenty
from aiotwenty.errors import ConfigurationError, InvalidArgument
from aiotwenty.graphql.composites import listed_scalar
from aiotwenty.runner import Runner

__all__ = ["twenty_destination", "twenty_rejects", "twenty_source"]

Nested: TypeAlias = Literal["tables", "json"]

_DATA_TYPES = {
    "Boolean": "bool",
    "Int": "bigint",
    "Float": "double",
    "BigFloat": "double",
    "BigInt": "double",
    "Position": "double",
    "DateTime": "timestamp",
    "Date": "date",
    "JSON": "json",
}
"""The dlt types; others are text."""
_MICROS = "amountMicros"
_GONE = "_destroyed"
_ORDER = "_order"
JOURNAL = "twenty-load.db"
"""The default file in which a destination stores what it has loaded."""
_BATCH = 1000
_AHEAD = 2
"""Batches of a resource that are read ahead of dlt."""
_FETCHED = 50_000
"""Rows that are read from a destination at a time."""

logger = logging.getLogger("aiotwenty.data.dlt")


def twenty_source(
    objects: str | Iterable[str] | None = None,
    incremental: bool = True,
    *,
    nested: Nested = "tables",
    compare_every: timedelta = timedelta(0),
    name: str = "twenty",
    **client: Any,
) -> Any:
    """A dlt source with a resource for each object, named by its plural ("note_targets"): all of the workspace, or
    those named, custom ones too.

    `incremental` merges the changes since the last run into the tables, by id: deleted records keep their row, with
    `deleted_at`; rows of destroyed ones are removed. The known ids are read from the destination, so it has to be one
    that dlt can query, and nothing else is stored. Each run compares ids and times with the table, so that it has the
    state of the workspace; `compare_every` does that less often, see `docs/changes.md`. Without `incremental`, all rows
    are replaced.

    Parts of composite fields are columns (`domain_name__primary_link_url`), amounts in micros are whole numbers, times
    are in UTC. Lists are tables of their own (`companies__domain_name__secondary_links`), or JSON with `nested="json"`.

    `client` has the arguments of `Twenty` (`base_url`, `api_key`, ...), by default from the environment. The resources
    share one client, and each reads ahead while dlt processes the others. Raises `InputError` for an unknown object.
    """
    dlt = _dlt()
    if nested not in ("tables", "json"):
        raise InvalidArgument(f'nested is "tables" or "json", not {nested!r}.')
    connection = SharedClient(client)
    with connection as run:
        catalogue = run(bulk.serve_catalogue(run.twenty._endpoint("graphql")))
    known = sorted(catalogue.objects.values(), key=lambda names: names.plural)
    wanted = known if objects is None else [catalogue.find(named) for named in texts(objects)]
    tables = [Table(connection, catalogue, names, nested, compare_every) for names in wanted]

    def resources() -> Any:
        for table in tables:
            yield dlt.resource(
                table.generator(incremental),
                name=table.names.plural,
                primary_key="id",
                write_disposition="merge" if incremental else "replace",
                columns=table.hints(incremental),
            )

    return dlt.source(resources, name=name)()


class SharedClient:
    """One client in a thread of its own, for all that need it at the same time."""

    def __init__(self, client: Mapping[str, Any]) -> None:
        self._make = partial(Runner, Twenty, **client)
        self._lock = threading.Lock()
        self._runner: Runner[Twenty] | None = None
        self._users = 0

    def __enter__(self) -> Runner[Twenty]:
        with self._lock:
            if self._runner is None:
                self._runner = self._make()
            self._users += 1
            return self._runner

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            runner = self._runner if not self._users else None
            if runner is not None:
                self._runner = None
        if runner is not None:
            runner.close()


class Table:
    """The table of one object."""

    def __init__(
        self,
        connection: SharedClient,
        catalogue: ServedCatalogue,
        names: ServedNames,
        nested: Nested,
        compare_every: timedelta,
    ) -> None:
        self.names = names
        self._connection = connection
        self._catalogue = catalogue
        self._nested = nested
        self._compare_every = compare_every
        columns = catalogue.columns(names.type_name)
        self._columns = [column for column in columns if column.path != "searchVector"]
        self._lists = [column.path.partition(".") for column in self._columns if self._data_type(column.path) is None]

    def hints(self, incremental: bool) -> dict[str, Any]:
        """Hints about the columns for dlt, by path."""
        hints: dict[str, Any] = {}
        for column in self._columns:
            path = column.path.replace(".", "__")
            data_type = self._data_type(column.path)
            if data_type is not None:
                hints[path] = {"data_type": data_type, "nullable": column.path != "id"}
        if incremental:
            hints[_GONE] = {"data_type": "bool", "hard_delete": True}
            hints[_ORDER] = {"data_type": "bigint", "dedup_sort": "desc"}
        return hints

    def _data_type(self, path: str) -> str | None:
        """The dlt type of a column; None for a list with a table of its own."""
        kind, listed = self._catalogue.leaf(self.names.type_name, path)
        name = path.rpartition(".")[2]
        if listed or listed_scalar(name, kind):
            return "json" if self._nested == "json" else None
        return "bigint" if name == _MICROS else _DATA_TYPES.get(kind, "text")

    def generator(self, incremental: bool) -> Callable[[], Iterator[list[dict[str, Any]]]]:
        """A generator of the rows, for dlt."""

        def rows() -> Iterator[list[dict[str, Any]]]:
            yield from self.rows(incremental)

        return rows

    def rows(self, incremental: bool) -> Iterator[list[dict[str, Any]]]:
        """The rows of a run, a list for each batch."""
        dlt = _dlt()
        state = dlt.current.resource_state(self.names.plural) if incremental else {}
        with self._connection as run:
            target = Target(run.twenty._endpoint("graphql"), self._catalogue, self.names)
            reader = RawReader(target, [column.selector for column in self._columns])
            since = state.get("since")
            known = KnownInMemory() if since is None else self._known(target)
            # Not in one of dlt's threads (`parallelized`): the pipeline can be asked for the ids in this one only.
            batches = run.iterate(self._batches(target, reader, since, known, incremental), read_ahead=_AHEAD)
            order = 0
            with closing(batches):
                for batch, state["since"] in batches:
                    if batch:
                        yield [self._row(change, order + at, incremental) for at, change in enumerate(batch)]
                    order += len(batch)

    async def _batches(
        self, target: Target, reader: RawReader, since: Any, known: KnownInMemory, incremental: bool
    ) -> AsyncGenerator[tuple[list[Change[Any]], Any]]:
        """The batches, each with the state after it; the last one is empty."""
        changes = Changes(
            [(target, reader)],
            since,
            {"compare_every": self._compare_every} if incremental else {"destroyed": False},
            {self.names.singular: known} if incremental else None,
        )
        async with aclosing(changes.batches()) as batches:
            async for batch in batches:
                yield batch, changes.state
        yield [], changes.state

    def _row(self, change: Change[dict[str, Any]], order: int, incremental: bool) -> dict[str, Any]:
        row = change.record or {"id": str(change.id)}
        for name, _, part in self._lists:
            # An empty list gives dlt no type for its column.
            holder = row.get(name) if part else row
            if holder and holder.get(part or name) is None:
                holder.pop(part or name, None)
        if incremental:
            row[_GONE], row[_ORDER] = change.kind == "destroyed", order
        return row

    def _known(self, target: Target) -> KnownInMemory:
        """The ids in the destination, with the stamps of their rows."""
        dlt = _dlt()
        no_table = import_module("dlt.destinations.exceptions").DatabaseUndefinedRelation
        schema = dlt.current.source_schema()
        paths = ["id", "updatedAt", "deletedAt", *foreign_keys(target)]
        entries: dict[bytes, KnownEntry] = {}
        lately = datetime.now(UTC) - 2 * OVERLAP
        with dlt.current.pipeline().sql_client(schema.name) as client:
            columns = ", ".join(client.escape_column_name(schema.naming.normalize_path(path)) for path in paths)
            table = client.make_qualified_table_name(schema.naming.normalize_tables_path(self.names.plural))
            try:
                with client.execute_query(f"SELECT {columns} FROM {table}") as cursor:
                    while rows := cursor.fetchmany(_FETCHED):
                        for identity, updated, deleted, *keys in rows:
                            # A new record may be written twice within a millisecond, so it is read again.
                            young = updated is None or updated.astimezone(UTC) >= lately
                            digest = None if young else stamp_digest(_text(updated), _text(deleted), keys)
                            entries[UUID(str(identity)).bytes] = KnownEntry(digest, not young)
            except no_table:
                # Or a column is missing: all records are reported again.
                entries.clear()
        return KnownInMemory(entries)


def _text(moment: datetime | None) -> str | None:
    """The time as the server writes it."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def twenty_destination(
    object: str, *, name: str = "twenty", client: Mapping[str, Any] | None = None, **settings: Unpack[LoadSettings]
) -> Any:
    """A dlt destination that loads all rows of a pipeline into one object, each exactly once.

    `settings` are those of `aiotwenty.bulk.load`: `key`, `mapping`, ... With a key, existing records are updated unless
    `upsert=False`. `batch_size` is the number of rows per load (1,000). `journal` ("twenty-load.db") stores the
    progress, so that a load package which dlt repeats creates no duplicates, and the rejected rows:
    `twenty_rejects(journal)` returns them as a table. A rejected row doesn't fail the pipeline; a warning is logged.
    `client` has the arguments of `Twenty`, by default from the environment.
    """
    dlt = _dlt()
    options: LoadSettings = {"journal": JOURNAL, "upsert": settings.get("key") is not None, **settings}
    check_options("twenty_destination", settings, LoadSettings.__annotations__)
    if "source" in options or "rejects" in options:
        raise InvalidArgument("twenty_destination sets source and rejects itself.")
    rows_at_once = options.pop("batch_size", _BATCH)
    connection, loading = SharedClient(client or {}), threading.Lock()

    def load_rows(items: Any, table: Any) -> None:
        rows = list(items)
        package = dlt.current.load_package_state().get("load_id", "")
        digest = blake2b(to_json(rows, serialize_unknown=True), digest_size=8).hexdigest()
        # A repeated batch has the same name, by which the journal knows its finished rows.
        source = f"{table['name']} {package} {digest}"
        with loading, connection as run:
            report = run(_load(run.twenty, object, rows, {**options, "source": source}))
        if report.rejected:
            logger.warning("%s: %d of %d rows were refused: see twenty_rejects", object, report.rejected, len(rows))

    sink = dlt.destination(
        load_rows,
        name=name,
        batch_size=rows_at_once,
        loader_file_format="typed-jsonl",
        naming_convention="direct",
        skip_dlt_columns_and_tables=True,
        max_table_nesting=0,
        loader_parallelism_strategy="sequential",
    )
    return sink()


async def _load(twenty: Twenty, name: str, rows: list[Any], options: LoadSettings) -> bulk.LoadReport:
    endpoint = twenty._endpoint("graphql")
    return await bulk.load(Target.named(endpoint, await bulk.serve_catalogue(endpoint), name), rows, **options)


def twenty_rejects(journal: str | Path = JOURNAL, *, table: str = "rejects") -> Any:
    """A dlt resource with the rows that a `twenty_destination` with this journal rejected, and the reasons."""
    dlt = _dlt()

    def rejects() -> Iterator[dict[str, Any]]:
        with _opened(Path(journal)) as opened:
            for job, reject in opened.all_rejects():
                yield {
                    "source": job,
                    "row": reject.row,
                    "code": reject.code,
                    "message": reject.message,
                    "values": reject.values,
                }

    return dlt.resource(
        rejects,
        name=table,
        primary_key=["source", "row"],
        write_disposition="merge",
        columns={"values": {"data_type": "json"}},
    )


@contextmanager
def _opened(path: Path) -> Iterator[bulk.Journal]:
    journal = bulk.Journal(path)
    try:
        yield journal
    finally:
        journal.close()


def _dlt() -> Any:
    try:
        return import_module("dlt")
    except ImportError:
        raise ConfigurationError("dlt pipelines need the extra `dlt`: pip install 'aiotwenty[dlt]'.") from None
