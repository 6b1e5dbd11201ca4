"""Rows of data frames, of what gives Arrow, and of queries: gaps are gaps, and nothing is loaded twice."""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pandas
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet
import pytest
import sqlalchemy
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from aiotwenty import ApiError, RetryPolicy, Twenty, bulk
from aiotwenty.bulk import InputError
from aiotwenty.bulk.source import open_source
from aiotwenty.sandbox import Sandbox

MOMENT = datetime.datetime(2025, 1, 2, 3, 4, 5, 678000, datetime.UTC)
COLUMNS: dict[str, list[Any]] = {
    "name": ["Air", "Bee", None],
    "amount.amountMicros": [1_000_000, None, 2_500_000],
    "amount.currencyCode": ["EUR", None, "USD"],
    "closeDate": [MOMENT, None, None],
    "stage": ["MEETING", None, "NEW"],
    "position": [1.5, float("nan"), 2.0],
}
# Without a type: the stubs of pyarrow know less than it takes.
arrow: Any = pyarrow
TABLE = arrow.table(COLUMNS)
NAMES: Any = IteratorResult(SimpleResultMetaData(["name"]), iter([("Air",)]))
PANDAS = pandas.DataFrame(COLUMNS)
WITH_NA = PANDAS.astype({"amount.amountMicros": "Int64", "stage": "category", "name": "string"})


class Stream:
    """Nothing but the interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return TABLE.__arrow_c_stream__(requested_schema)


def dataset(folder: Path) -> Any:
    pyarrow.parquet.write_table(TABLE.slice(0, 2), folder / "a.parquet")
    pyarrow.parquet.write_table(TABLE.slice(2), folder / "b.parquet")
    return pyarrow.dataset.dataset(folder)


FRAMES: dict[str, Callable[[Path], Any]] = {
    "pandas": lambda _: PANDAS,
    "pandas with NA": lambda _: WITH_NA,
    "pandas of Arrow": lambda _: TABLE.to_pandas(types_mapper=pandas.ArrowDtype),
    "pandas with an index": lambda _: PANDAS.set_index("name"),
    "pandas of objects": lambda _: PANDAS.astype(object),
    "polars": lambda _: polars.DataFrame(COLUMNS),
    "polars with categories": lambda _: polars.DataFrame(COLUMNS, schema_overrides={"stage": polars.Categorical}),
    "a table": lambda _: TABLE,
    "a batch": lambda _: TABLE.to_batches()[0],
    "a reader": lambda _: TABLE.to_reader(),
    "a dataset": dataset,
    "a scanner": lambda folder: dataset(folder).scanner(),
    "a stream": lambda _: Stream(),
    "nanoseconds": lambda _: TABLE.set_column(3, "closeDate", TABLE["closeDate"].cast(pyarrow.timestamp("ns", "UTC"))),
}


@pytest.mark.parametrize("frame", FRAMES)
async def test_frames_are_loaded_whatever_they_are_made_of(twenty: Twenty, tmp_path: Path, frame: str) -> None:
    report = await twenty.opportunities.load(FRAMES[frame](tmp_path))
    assert (report.received, report.loaded, report.rejected) == (3, 3, 0)
    names = list(COLUMNS)
    rows = (await twenty.opportunities.to_arrow(fields=names)).to_pylist()
    # An index has its place before the columns; a gap leaves what the server gives.
    air, bee, nobody = (next(row for row in rows if row["name"] == name) for name in ("Air", "Bee", ""))
    assert list(air.values()) == ["Air", 1_000_000, "EUR", MOMENT, "MEETING", 1.5]
    assert (bee["amount.amountMicros"], bee["amount.currencyCode"], bee["closeDate"]) == (None, None, None)
    assert (bee["stage"], nobody["stage"], nobody["amount.amountMicros"]) == ("NEW", "NEW", 2_500_000)


async def test_objects_in_typed_columns_say_only_what_is_in_them(twenty: Twenty) -> None:
    company = await twenty.companies.create_one({"name": "Air", "address": {"address_city": "Oslo"}})
    parts = [{"addressCity": None, "addressCountry": "Norway"}]
    frame = arrow.table({"id": pyarrow.array([company.id.bytes], pyarrow.binary(16)), "address": parts})
    report = await bulk.update(twenty.companies, frame)
    assert (report.loaded, report.rejected) == (1, 0)
    address = (await twenty.companies.find_one(company.id)).address
    assert address is not None
    assert (address.address_city, address.address_country) == ("Oslo", "Norway")


async def test_frames_say_which_records_are_changed_and_deleted(twenty: Twenty) -> None:
    await twenty.companies.load(pandas.DataFrame({"name": [f"C{n}" for n in range(40)], "position": range(40)}))
    frame = await twenty.companies.to_polars(fields=["id", "name", "position"], uuids="binary")
    changed = frame.filter(polars.col("position") >= 20).with_columns(name=polars.col("name") + "!")
    report = await bulk.update(twenty.companies, changed)
    assert (report.loaded, report.rejected) == (20, 0)
    report = await bulk.delete(twenty.companies, changed.select("id").to_arrow())
    assert (report.loaded, await twenty.companies.count()) == (20, 20)
    report = await bulk.destroy(twenty.companies, changed.to_pandas(), key="id")
    assert report.loaded == 20
    assert not await twenty.companies.count({"name": {"like": "%!"}})


@pytest.mark.parametrize("frame", ["polars", "pandas", "a dataset", "a reader"])
async def test_a_journal_goes_on_with_a_frame_and_doubles_nothing(
    sandbox: Sandbox, twenty: Twenty, tmp_path: Path, frame: str
) -> None:
    table = arrow.table({"name": [f"C{number}" for number in range(500)]})
    (tmp_path / "files").mkdir()
    pyarrow.parquet.write_table(table, tmp_path / "files" / "a.parquet")
    makers: dict[str, Callable[[], Any]] = {
        "polars": lambda: polars.from_arrow(table),
        "pandas": lambda: table.to_pandas(),
        "a dataset": lambda: pyarrow.dataset.dataset(tmp_path / "files"),
        "a reader": lambda: arrow.table(table).to_reader(max_chunksize=7),
    }
    options: Any = {"journal": tmp_path / "journal.db", "batch_size": 50, "concurrency": 1, "source": "companies"}
    sandbox.faults.add("error:operation=createCompanies:after=4")
    async with Twenty(sandbox.url, api_key=sandbox.api_key, retry=RetryPolicy(attempts=1)) as impatient:
        with pytest.raises(ApiError):
            await impatient.companies.load(makers[frame](), **options)
    sandbox.faults.clear()
    report = await twenty.companies.load(makers[frame](), **options)
    assert (report.received, report.already_loaded, report.loaded) == (500, 200, 300)
    assert await twenty.companies.count() == 500
    if frame != "a reader":
        other = arrow.table({"name": [f"D{number}" for number in range(500)]})
        with pytest.raises(InputError, match="content"):
            await twenty.companies.load(other, **options)


def test_a_frame_is_known_by_its_values_and_not_by_how_they_lie_in_memory() -> None:
    table = arrow.table({"name": ["a", None, "c"] * 1000, "position": [1, 2, 3] * 1000})
    whole, parts = open_source(table), open_source(pyarrow.concat_tables([table.slice(0, 7), table.slice(7)]))
    assert whole.fingerprint() == parts.fingerprint() == open_source(polars.from_arrow(table)).fingerprint()
    assert whole.fingerprint() != open_source(table.slice(1)).fingerprint()


async def test_memory_is_that_of_some_rows_whatever_their_number() -> None:
    def batches() -> Any:
        schema = arrow.schema([("name", pyarrow.string()), ("position", pyarrow.int64())])
        names = ["x" * 50] * 4_000
        part = arrow.record_batch([pyarrow.array(names), pyarrow.array(range(4_000))], schema=schema)
        return pyarrow.RecordBatchReader.from_batches(schema, (part for _ in range(10)))

    frame = batches().read_all()
    for rows in (batches(), frame, polars.from_arrow(frame)):
        source = open_source(rows)
        tracemalloc.start()
        count = 0
        async for _ in source.rows():
            count += 1
        assert count == 40_000
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (polars.DataFrame(COLUMNS).lazy(), "a LazyFrame is a plan, not rows"),
        (polars.Series(["a"]), "a Series is one column"),
        (pandas.Series(["a"]), "a Series is one column"),
        (pandas.DataFrame([["a"]]), "columns are named by texts, not 0"),
        (pandas.DataFrame([["a"]], columns=pandas.MultiIndex.from_tuples([("a", "b")])), "have 2 names each"),
        (pyarrow.chunked_array([["a"]]), "cannot be read"),
        (arrow.table({"nme": ["a"]}), "column 'nme': Opportunity has no field 'nme'; did you mean name"),
        (arrow.table([["a"], ["b"]], names=["name", "name"]), "several columns are named 'name'"),
        (sqlite3.connect(":memory:").cursor(), "execute a query with it first"),
        (NAMES.scalars(), "give the result itself"),
        (iter([arrow.record_batch({"name": ["a"]})]), "item 1 is a RecordBatch, not a row: load frames one by one"),
        ([pandas.DataFrame({"name": ["a"]})], "item 1 is a DataFrame, not a row"),
        (5, "must be a path, a data frame, a cursor or an iterable of records, not int"),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
async def test_what_is_no_frame_is_told_before_anything_is_sent(twenty: Twenty, rows: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        await twenty.opportunities.load(rows)
    assert await twenty.opportunities.count() == 0


async def test_a_bad_row_of_a_frame_costs_that_row(twenty: Twenty, tmp_path: Path) -> None:
    frame = pandas.DataFrame({"name": ["Air", "Bee"], "stage": ["NEW", "NOPE"], "closeDate": [pandas.NaT, MOMENT]})
    report = await twenty.opportunities.load(frame, rejects=tmp_path / "rejects.csv")
    assert (report.loaded, report.rejected) == (1, 1)
    assert "NOPE" in (tmp_path / "rejects.csv").read_text()
    corrected = pandas.read_csv(tmp_path / "rejects.csv").replace("NOPE", "MEETING")
    assert (await twenty.opportunities.load(corrected)).loaded == 1


# Queries


ORDERS = "create table orders (id text, name text, micros integer, closed text)"
MAPPING: Any = {"micros": "amount.amountMicros", "closed": "closeDate"}


def ordered(connection: sqlite3.Connection) -> list[str]:
    ids = [str(uuid4()) for _ in range(3)]
    connection.execute(ORDERS)
    rows = [(ids[0], "Air", 1_000_000, "2025-01-02"), (ids[1], "Bee", None, None), (ids[2], None, 3, "")]
    connection.executemany("insert into orders values (?, ?, ?, ?)", rows)
    connection.commit()
    return ids


@pytest.mark.parametrize("kind", ["cursor", "cursor of Row", "cursor of dict", "rows", "result", "mappings", "all"])
async def test_queries_are_rows(twenty: Twenty, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "orders.db"
    query = "select * from orders order by id"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ids = ordered(connection)
        engine = sqlalchemy.create_engine(f"sqlite:///{path}")
        with engine.connect() as opened:
            if kind in ("result", "mappings", "all"):
                result: Any = opened.execute(sqlalchemy.text(query))
                rows = {"result": lambda: result, "mappings": result.mappings, "all": result.all}[kind]()
            else:
                if kind in ("cursor of Row", "rows"):
                    connection.row_factory = sqlite3.Row
                if kind == "cursor of dict":
                    connection.row_factory = lambda cursor, row: {
                        column[0]: value for column, value in zip(cursor.description, row, strict=True)
                    }
                rows = connection.execute(query)
                rows = rows.fetchall() if kind == "rows" else rows
            lists: Any = {"gaps": [""], "nulls": "skip"} if isinstance(rows, list) else {}
            report = await twenty.opportunities.load(rows, mapping=MAPPING, journal=tmp_path / "journal.db", **lists)
            assert (report.received, report.loaded, report.rejected) == (3, 3, 0)
        engine.dispose()
    table = await twenty.opportunities.to_arrow(fields=["id", "name", "amount.amountMicros", "closeDate"])
    rows_there = {row["id"]: list(row.values())[1:] for row in table.to_pylist()}
    assert rows_there == {
        ids[0]: ["Air", 1_000_000, datetime.datetime(2025, 1, 2, tzinfo=datetime.UTC)],
        ids[1]: ["Bee", None, None],
        ids[2]: ["", 3, None],
    }


async def test_rows_of_a_database_in_a_list_are_known_by_their_values(twenty: Twenty, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        prints = {
            open_source(connection.execute("select 'Air' as name, 1 as position").fetchall()).fingerprint()
            for _ in range(2)
        }
    assert len(prints) == 1


class AwaitedCursor:
    """As drivers have it whose cursors are awaited."""

    description = (("name", None), ("id", None))

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = rows

    async def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken


async def test_cursors_may_be_awaited(twenty: Twenty) -> None:
    rows = [(f"C{number}", UUID(int=number + 2**78 + 2**63)) for number in range(2500)]
    report = await twenty.companies.load(AwaitedCursor(rows))
    assert (report.received, report.loaded) == (2500, 2500)
