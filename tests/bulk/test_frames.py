"""Records as columns: every record once, each value as `iterate` reads it, in a type that holds it exactly."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas
import polars
import pyarrow
import pytest

from aiotwenty import (
    ApiError,
    HiddenRecords,
    InvalidArgument,
    RestrictedValues,
    RetryPolicy,
    SchemaDrift,
    Select,
    Twenty,
)
from aiotwenty.bulk import InputError, Target, serve_catalogue
from aiotwenty.bulk.arrow_pages import ArrowPages
from aiotwenty.bulk.catalogue import GeneratedCatalogue
from aiotwenty.bulk.raw_page import RawPage
from aiotwenty.bulk.record_columns import Holds, RecordColumn
from aiotwenty.core import Address, Company, FullName, Person, WorkspaceMember
from aiotwenty.data import frames
from aiotwenty.sandbox import Sandbox
from tests.support.censor import Censor
from tests.support.proxy import Proxy, in_front_of


async def fill(twenty: Twenty, count: int = 1200) -> None:
    report = await twenty.companies.load(
        {
            "name": f'Zoë "{number}" 😀\n{{"createdBy":{{"context":{{}}',
            "domainName": {
                "primaryLinkUrl": f"https://c{number}.example",
                **({"secondaryLinks": [{"url": "https://x.example", "label": "X"}]} if number % 3 else {}),
            },
            **({"address": {"addressCity": "Köln", "addressLat": 50.9}} if number % 2 else {}),
            **({"annualRevenue": {"amountMicros": 2**53 - number, "currencyCode": "EUR"}} if number % 5 else {}),
        }
        for number in range(count)
    )
    assert report.loaded == count


def value_of(record: Any, path: str) -> Any:
    """As JSON has it, but for times."""
    value = record.model_dump(by_alias=True)
    for part in path.split("."):
        value = None if value is None else value[part]
    return str(value) if isinstance(value, UUID) else value


async def test_a_table_has_every_record_and_value_that_iterate_gives(either: Twenty) -> None:
    await fill(either)
    table = await either.companies.to_arrow()
    records = [company async for company in either.companies.iterate()]
    assert table.num_rows == 1200
    for name in table.column_names:
        read = table[name].to_pylist()
        if name.endswith("context"):
            assert set(read) <= {None, "{}"}
        else:
            assert read == [value_of(record, name) for record in records], name
    kinds = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert kinds["createdAt"] == "timestamp[us, tz=UTC]"
    assert kinds["annualRevenue.amountMicros"] == "int64"
    assert kinds["createdBy.source"].startswith("dictionary<values=string")
    assert kinds["domainName.secondaryLinks"] == "list<item: struct<url: string, label: string>>"
    assert table["annualRevenue.amountMicros"].to_pylist().count(None) == 240


class Owner(Select[WorkspaceMember]):
    name: FullName


class Card(Select[Company]):
    name: str | None
    address: Address | None
    account_owner: Owner | None


class Colleague(Select[Person]):
    name: FullName


class WithPeople(Company):
    people: list[Colleague]


async def test_columns_are_what_fields_and_selections_name_through_relations_too(
    sandbox: Sandbox, twenty: Twenty
) -> None:
    member = (await twenty.workspace_members.find_many(first=1)).records[0]
    await twenty.companies.create_many([{"name": "Air", "account_owner_id": member.id}, {"name": "Bee"}])
    fields = ["name", "address.address_city", "accountOwner.name.firstName", "accountOwnerId"]
    table = await twenty.companies.to_arrow(fields=fields, uuids="binary", micros="decimal")
    assert table.column_names == ["name", "address.addressCity", "accountOwner.name.firstName", "accountOwnerId"]
    rows = {row["name"]: row for row in table.to_pylist()}
    assert (rows["Air"]["accountOwner.name.firstName"], rows["Air"]["accountOwnerId"]) == (
        member.name.first_name if member.name else None,
        member.id.bytes,
    )
    assert (rows["Bee"]["accountOwner.name.firstName"], rows["Bee"]["accountOwnerId"]) == (None, None)

    card = await twenty.companies.to_arrow(select=Card, filter={"name": {"eq": "Air"}})
    assert card.column_names[0] == "name"
    assert card.column_names[-2:] == ["accountOwner.name.firstName", "accountOwner.name.lastName"]
    assert (card.num_rows, card.num_columns) == (1, 11)
    only_json = await twenty.companies.to_arrow(fields=["createdBy.context"])
    assert only_json.num_rows == 2
    empty = await twenty.companies.to_arrow(fields=["id"], filter={"name": {"eq": "nobody"}})
    assert (empty.num_rows, empty.schema.names) == (0, ["id"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"fields": ["nam"]}, r"Company has no field nam \(did you mean 'name'\?\); it has id, name"),
        ({"fields": ["accountOwner.nme", "x"]}, "WorkspaceMember has no field nme.*Company has no field x"),
        ({"fields": ["people.name"]}, "Company has many people, and a column holds one value"),
        ({"fields": "name"}, "a list of dotted paths"),
        ({"fields": []}, "names no column"),
        ({"fields": ["id"], "select": Card}, "select or fields, not both"),
        ({"select": WithPeople}, "WithPeople has many people of each record"),
        ({"select": Owner}, "selects of WorkspaceMember"),
        ({"uuids": "hex"}, "uuids is one of text, binary"),
        ({"micros": "float"}, "micros is one of int64, decimal"),
        ({"hidden": "show"}, "hidden is one of raise, skip"),
        ({"limit": -1}, "limit must not be negative"),
    ],
)
async def test_what_cannot_be_right_is_refused_before_anything_is_sent(
    twenty: Twenty, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidArgument, match=told):
        await twenty.companies.to_arrow(**options)


async def test_an_option_that_is_none_is_told_by_its_name(twenty: Twenty) -> None:
    wrong: dict[str, Any] = {"field": ["id"]}
    for frame in (twenty.companies.to_arrow(**wrong), twenty.companies.to_pandas(**wrong)):
        with pytest.raises(TypeError, match=r"no option 'field' of a data frame \(did you mean 'fields'\?\)"):
            await frame


async def test_polars_and_pandas_have_types_that_hold_gaps(twenty: Twenty) -> None:
    await fill(twenty, 30)
    fields = ["id", "name", "annualRevenue.amountMicros", "createdBy.source", "createdAt", "domainName.secondaryLinks"]
    table = await twenty.companies.to_arrow(fields=fields)
    amounts = table["annualRevenue.amountMicros"].to_pylist()
    of_polars = await twenty.companies.to_polars(fields=fields)
    assert of_polars["annualRevenue.amountMicros"].to_list() == amounts
    assert of_polars.schema["createdAt"] == polars.Datetime("us", "UTC")
    assert of_polars.schema["createdBy.source"] == polars.Categorical
    of_pandas = await twenty.companies.to_pandas(fields=fields)
    assert str(of_pandas["annualRevenue.amountMicros"].dtype) == "Int64"
    assert [None if value is pandas.NA else value for value in of_pandas["annualRevenue.amountMicros"]] == amounts
    assert str(of_pandas["createdAt"].dtype) == "datetime64[us, UTC]"
    as_arrow = await twenty.companies.to_pandas(fields=fields, dtype_backend="pyarrow")
    assert pyarrow.Table.from_pandas(as_arrow)["annualRevenue.amountMicros"].to_pylist() == amounts
    with pytest.raises(InvalidArgument, match="dtype_backend is one of"):
        await twenty.companies.to_pandas(dtype_backend="numpy")  # type: ignore[arg-type] # a slip


_ARROW_ONLY = """
import asyncio, sys
from aiotwenty import Twenty
async def main():
    async with Twenty(sys.argv[1], api_key=sys.argv[2]) as twenty:
        assert len(await twenty.companies.to_arrow()) == 1
asyncio.run(main())
print("pandas" in sys.modules)
"""


async def test_a_table_of_arrow_imports_no_pandas(sandbox: Sandbox, twenty: Twenty) -> None:
    await twenty.companies.create_one({"name": "Air", "annual_revenue": {"amount_micros": 1}})
    command = [sys.executable, "-c", _ARROW_ONLY, sandbox.url, sandbox.api_key]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert (await process.communicate())[0] == b"False\n"


async def test_batches_come_as_pages_or_together_and_end_at_the_limit(twenty: Twenty) -> None:
    await fill(twenty, 500)
    told: list[tuple[int, int | None]] = []
    options: Any = {"fields": ["id", "createdBy.source"], "page_size": 100}

    async def sizes(**more: Any) -> list[int]:
        return [batch.num_rows async for batch in twenty.companies.to_arrow_batches(**options, **more)]

    assert await sizes(on_progress=lambda progress: told.append((progress.loaded, progress.total))) == [100] * 5
    assert told[-1] == (500, 500)
    assert await sizes(batch_rows=150) == [200, 200, 100]
    assert await sizes(limit=250) == [100, 100, 50]
    assert await sizes(limit=0) == []
    every = await twenty.companies.to_arrow(**options)
    assert len(set(every["id"].to_pylist())) == 500
    gone = every["id"][7].as_py()
    await twenty.companies.delete_one(gone)
    assert (await twenty.companies.to_arrow(**options)).num_rows == 499
    assert gone in (await twenty.companies.to_arrow(**options, deleted=True))["id"].to_pylist()


async def test_a_walk_that_fails_fails_the_frame(sandbox: Sandbox, twenty: Twenty) -> None:
    await fill(twenty, 300)
    sandbox.faults.add("error:operation=companies:after=2")
    with pytest.raises(ApiError):
        await twenty.companies.to_arrow(page_size=100)
    sandbox.faults.clear()
    sandbox.faults.add("cut:operation=companies:count=1")
    assert (await twenty.companies.to_arrow(page_size=100)).num_rows == 300


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with Sandbox() as sandbox, in_front_of(sandbox.url, sandbox.api_key) as proxy:
        yield proxy


async def test_what_the_key_may_not_see_is_told(proxy: Proxy) -> None:
    censor = Censor()
    proxy.retell = censor
    async with Twenty(proxy.url, api_key=proxy.key, retry=RetryPolicy(attempts=2, base=0)) as twenty:
        companies = await twenty.companies.create_many([{"name": f"C{number}"} for number in range(30)])
        censor.hidden = {str(company.id) for company in companies[:4]}
        with pytest.raises(HiddenRecords, match="4 are counted that this key may not see") as told:
            await twenty.companies.to_arrow(page_size=10)
        assert (told.value.seen, told.value.expected) == (26, 30)
        assert (await twenty.companies.to_arrow(page_size=10, hidden="skip")).num_rows == 26
        censor.restricted = {str(company.id) for company in companies[4:7]}
        with pytest.warns(RestrictedValues, match="companies: 3 values that this key may not see read null") as warned:
            table = await twenty.companies.to_arrow(hidden="skip")
        assert table["name"].null_count == 3
        assert warned[0].filename == __file__


@pytest.mark.parametrize("module", ["pyarrow", "polars", "pandas"])
async def test_without_its_library_a_frame_names_the_extra(
    twenty: Twenty, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    calls = {
        "pyarrow": twenty.companies.to_arrow,
        "polars": twenty.companies.to_polars,
        "pandas": twenty.companies.to_pandas,
    }
    extra = {"pyarrow": "arrow"}.get(module, module)
    with pytest.raises(InputError, match=rf"a data frame needs {module}: pip install 'aiotwenty\[{extra}\]'"):
        await calls[module]()


@pytest.mark.parametrize("twenty_sandbox_options", [{}], ids=["all objects"])
async def test_a_workspace_says_the_same_columns_as_the_client_that_was_generated(twenty: Twenty) -> None:
    served, generated = await serve_catalogue(twenty.endpoint("graphql")), GeneratedCatalogue("aiotwenty.core")
    known = [name for name in served.objects if name in {"Company", "Person", "NoteTarget", "Message", "Attachment"}]
    assert len(known) == 5
    for type_name in known:
        assert set(served.columns(type_name)) == set(generated.columns(type_name))
        assert dict(served.to_one(type_name)) == dict(generated.to_one(type_name))
        assert set(served.to_many(type_name)) == set(generated.to_many(type_name))
    await fill(twenty, 3)
    target = Target.named(twenty.endpoint("graphql"), served, "companies")
    assert (await frames.to_arrow(target, fields=["name"])).equals(await twenty.companies.to_arrow(fields=["name"]))


# What servers may write otherwise than the one that is asked here.


def page(records: Sequence[str]) -> RawPage:
    edges = ",".join(f'{{"node":{record}}}' for record in records)
    text = f'{{"data":{{"things":{{"edges":[{edges}],"pageInfo":{{"hasNextPage":false}},"totalCount":0}}}}}}'
    return RawPage(text.encode(), "things", len(records))


def read(holds: Holds, *values: str, micros: Any = "int64") -> list[Any]:
    records = [f'{{"id":"{UUID(int=number)}","a":{{"x":{value}}}}}' for number, value in enumerate(values)]
    pages = ArrowPages([RecordColumn("a.x", holds, ("url",))], "things", "text", micros)
    column: list[Any] = pages.batch(page(records)).column(0).to_pylist()
    return column


@pytest.mark.parametrize(
    ("holds", "values", "cells"),
    [
        ("micros", ("9007199254740993", '"123"', "1e+18", "1.0", "null"), [9007199254740993, 123, 10**18, 1, None]),
        ("number", ("1", '"2.5"', "1e400000", "null"), [1.0, 2.5, float("inf"), None]),
        ("date", ('"2025-12-31"', '"2025-12-31T23:00:00.000Z"'), ["2025-12-31", "2025-12-31"]),
        ("json", ("{}", "[]", "null", '{"x":{}}', '"x"', "5"), ["{}", "[]", None, '{"x":{}}', '"x"', "5"]),
        ("json", ("{}", '{"x":{"y":[]}}'), ["{}", '{"x":{"y":[]}}']),
        ("json", ("{}", '"{}"'), ["{}", '"{}"']),
        ("texts", ('["a","b"]', "[]", "null", "[null]"), [["a", "b"], [], None, [None]]),
        ("objects", ('[{"url":"u","more":1}]', "null"), [[{"url": "u"}], None]),
    ],
)
def test_values_that_are_written_in_another_way_are_read_all_the_same(
    holds: Holds, values: tuple[str, ...], cells: list[Any]
) -> None:
    assert [str(cell) if holds == "date" else cell for cell in read(holds, *values)] == cells


def test_amounts_beyond_int64_are_told_and_fit_into_decimals() -> None:
    with pytest.raises(InputError, match=r'things: a\.x of 0{8}-.*1 is 1e\+?20, which int64.*micros="decimal"'):
        read("micros", "1", "1e20")
    assert read("micros", "1", "1e20", "null", '"7"', micros="decimal") == [Decimal(1), Decimal(10**20), None, 7]


@pytest.mark.parametrize(
    ("holds", "value"),
    [("micros", "1.5"), ("micros", "true"), ("number", '"first"'), ("bool", '"true"'), ("datetime", '"yesterday"'),
     ("date", '"soon"'), ("text", "5"), ("texts", '"a"'), ("objects", '["a"]'), ("option", "{}")],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_column_is_drift(holds: Holds, value: str) -> None:
    with pytest.raises(SchemaDrift, match=r"things: a\.x of 0{8}-\S+0 is .*, which is no "):
        read(holds, value)
