"""Rows into a running sandbox: what is right arrives once, what is wrong is named."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty, bulk
from aiotwenty.bulk import InputError, Journal, LoadReport, micros
from aiotwenty.bulk.options import ReadOptions
from aiotwenty.bulk.source import Check, CsvSource
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.workspace_catalogue import serve_catalogue
from aiotwenty.core import CompanyCreateInput
from aiotwenty.errors import AuthenticationError, TwentyError
from aiotwenty.sandbox import Sandbox
from tests.unit.scripted import KEY, Answer, running


def companies(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"name": f"C{i}", "domain": f"https://c{i}.example"} for i in range(start, start + count)]


async def names(twenty: Twenty) -> list[str | None]:
    return sorted([company.name async for company in twenty.companies.iterate()], key=str)


async def test_rows_of_every_kind_are_loaded(either: Twenty) -> None:
    async def stream() -> AsyncIterator[dict[str, Any]]:
        yield {"name": "from an async generator"}

    await either.companies.load(stream())
    await either.companies.load([CompanyCreateInput(name="from a model")])
    await either.companies.load({"name": f"from a generator {i}"} for i in range(2))
    assert await names(either) == [
        "from a generator 0",
        "from a generator 1",
        "from a model",
        "from an async generator",
    ]


async def test_a_csv_file_is_loaded_by_mapping_dotted_and_obvious_names(either: Twenty, tmp_path: Path) -> None:
    path = tmp_path / "companies.csv"
    path.write_text(
        "Name;Website;Revenue;annualRevenue.currencyCode;City;Notes\n"
        "Acme;https://acme.example;1,234.5;EUR;Köln;x\nBeta;;;;;\n",
        encoding="utf-8",
    )
    report = await either.companies.load(
        path, mapping={"Revenue": ("annualRevenue.amountMicros", micros), "Notes": None}
    )
    assert (report.received, report.loaded, report.rejected) == (2, 2, 0)
    acme = await either.companies.find_one(filter={"name": {"eq": "Acme"}})
    assert acme.annual_revenue is not None
    assert acme.address is not None
    assert (acme.annual_revenue.amount_micros, acme.annual_revenue.currency_code) == (1_234_500_000, "EUR")
    assert acme.address.address_city == "Köln"


async def test_loading_again_with_upsert_changes_records_and_makes_none(either: Twenty) -> None:
    await either.companies.load(companies(450), key="domain", upsert=True)
    changed = [{**row, "name": "changed"} for row in companies(450)]
    report = await either.companies.load(changed, key="domain", upsert=True)
    assert report.loaded == 450
    assert await either.companies.count() == 450
    assert await either.companies.count({"name": {"eq": "changed"}}) == 450


async def test_an_existing_record_with_another_id_is_the_one_that_is_changed(either: Twenty) -> None:
    existing = await either.companies.create_one(
        {"name": "old", "domain_name": {"primary_link_url": "https://c1.example"}}
    )
    report = await either.companies.load(companies(3), key="domain", upsert=True)
    assert (report.loaded, report.rejected) == (3, 0)
    assert (await either.companies.find_one(existing.id)).name == "C1"
    assert await either.companies.count() == 3


async def test_a_key_that_has_moved_to_another_record_means_that_one(either: Twenty) -> None:
    """The id made from a key may belong to a record whose key was changed by hand meanwhile."""
    await either.companies.load(companies(3), key="domain", upsert=True)
    first = await either.companies.find_one(filter={"name": {"eq": "C1"}})
    await either.companies.update_one(first.id, {"domain_name": {"primary_link_url": "https://moved.example"}})
    second = await either.companies.create_one(
        {"name": "other", "domain_name": {"primary_link_url": "https://c1.example"}}
    )
    report = await either.companies.load(
        [{"name": "new name", "domain": "https://c1.example"}], key="domain", upsert=True
    )
    assert (report.loaded, report.rejected) == (1, 0)
    assert (await either.companies.find_one(second.id)).name == "new name"
    assert (await either.companies.find_one(first.id)).name == "C1"


async def test_an_upsert_by_a_key_that_is_not_unique_finds_the_record_by_a_look_up(either: Twenty) -> None:
    existing = await either.companies.create_one({"name": "C1"})
    twins: Any = [{"name": "twin"}, {"name": "twin"}]
    await either.companies.create_many(twins)
    rows = [{"name": "C1", "city": "Rome"}, {"name": "C2", "city": "Oslo"}, {"name": "twin", "city": "Bonn"}]
    report = await either.companies.load(rows, key="name", upsert=True)
    assert [(one.row, one.code) for one in report.rejects] == [(3, "AMBIGUOUS")]
    found = await either.companies.find_one(existing.id)
    assert found.address is not None
    assert found.address.address_city == "Rome"
    assert await either.companies.count() == 4


async def test_without_upsert_what_is_there_already_is_rejected_with_the_id_of_its_holder(either: Twenty) -> None:
    existing = await either.companies.create_one(
        {"name": "old", "domain_name": {"primary_link_url": "https://c1.example"}}
    )
    report = await either.companies.load(companies(300))
    (reject,) = report.rejects
    assert (reject.row, reject.code) == (2, "DUPLICATE")
    assert str(existing.id) in reject.message
    assert await either.companies.count() == 300


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {},
            "3 rows rejected because the record exists: key='domainName.primaryLinkUrl', upsert=True "
            "(--key domainName.primaryLinkUrl --upsert) would update it",
        ),
        ({"key": "domain"}, "3 rows rejected because the record exists: upsert=True (--upsert) would update it"),
    ],
)
async def test_the_report_says_once_how_to_update_what_is_there_already(
    either: Twenty, options: dict[str, Any], says: str
) -> None:
    await either.companies.load(companies(3))
    report = await either.companies.load(companies(4), **options)
    assert (report.loaded, report.rejected) == (1, 3)
    assert [note for note in report.notes if "upsert" in note] == [says]
    assert not any("upsert" in reject.message for reject in report.rejects)
    again = await either.companies.load(companies(4), key="domainName.primaryLinkUrl", upsert=True)
    assert (again.loaded, [note for note in again.notes if "upsert" in note]) == (4, [])


async def test_rows_with_one_key_are_sent_in_order_and_never_in_one_batch(either: Twenty) -> None:
    rows = [{"name": f"version {i // 50}", "domain": f"https://c{i % 50}.example"} for i in range(1000)]
    report = await either.companies.load(rows, key="domain", upsert=True)
    assert (report.loaded, report.rejected) == (1000, 0)
    assert await names(either) == ["version 19"] * 50


async def test_a_second_row_with_the_key_of_a_loaded_one_is_rejected_without_upsert(either: Twenty) -> None:
    rows = [{"name": "first"}, {"name": "second"}, {"name": "first", "city": "Rome"}]
    report = await either.companies.load(rows, key="name")
    assert [(one.row, one.code, one.message) for one in report.rejects] == [
        (3, "DUPLICATE", "has the same key as row 1")
    ]
    assert await either.companies.count() == 2


async def test_domains_that_the_server_takes_for_the_same_are_kept_apart(either: Twenty) -> None:
    rows = [{"name": "a", "domain": "https://Acme.example/"}, {"name": "b", "domain": "https://acme.example"}]
    report = await either.companies.load(rows, key="domain", upsert=True)
    assert (report.loaded, report.rejected) == (2, 0)
    assert await names(either) == ["b"]


async def test_relations_by_natural_key_are_looked_up_once_for_many_rows(either: Twenty) -> None:
    await either.companies.load(companies(30))
    rows: list[dict[str, Any]] = [
        {"email": f"p{i}@example.com", "company": f"https://c{i % 30}.example"} for i in range(1000)
    ]
    where = {"connect": {"where": {"domainName": {"primaryLinkUrl": "https://c7.example"}}}}
    rows += [{"email": "connected@example.com", "company": where}, {"email": "x@example.com", "company": "https://no"}]
    report = await either.people.load(rows)
    assert [(one.row, one.code) for one in report.rejects] == [(1002, "RELATION_NOT_FOUND")]
    assert report.requests <= 6 + 3
    seven = await either.companies.find_one(filter={"name": {"eq": "C7"}})
    assert await either.people.count({"company_id": {"eq": str(seven.id)}}) == 34 + 1
    assert await either.people.count({"company_id": {"is": "NOT_NULL"}}) == 1001


async def test_relations_to_several_records_of_one_name_are_ambiguous(twenty: Twenty) -> None:
    await twenty.companies.create_many([{"name": "twin"}, {"name": "twin"}])
    report = await twenty.people.load([{"email": "a@example.com", "company.name": "twin"}])
    assert report.rejects[0].code == "AMBIGUOUS"


async def test_one_bad_row_costs_one_row_and_few_requests(either: Twenty) -> None:
    rows = [{"email": f"p{i}@example.com", "phone": "+15551234567"} for i in range(1000)]
    for bad in (3, 250, 251, 999):
        rows[bad]["phone"] = f"abc{bad}"
    report = await either.people.load(rows)
    assert [one.row for one in report.rejects] == [4, 251, 252, 1000]
    assert {one.code for one in report.rejects} == {"INVALID_PHONE_NUMBER"}
    assert report.rejects[0].values == rows[3]
    assert await either.people.count() == 996
    assert report.requests <= 5 + 4 * 3


async def test_rows_with_a_foreign_key_to_nothing_are_found_by_looking(either: Twenty) -> None:
    rows: list[dict[str, Any]] = [{"email": f"p{i}@example.com"} for i in range(400)]
    for bad in (5, 205, 300):
        rows[bad]["companyId"] = "decccb3d-b127-47cf-907d-a8e35191a366"
    report = await either.people.load(rows)
    assert [one.row for one in report.rejects] == [6, 206, 301]
    assert "foreign key" in report.rejects[0].message
    assert report.requests <= 2 + 2 * 2 + 3


async def test_what_cannot_be_right_is_rejected_without_a_request(twenty: Twenty) -> None:
    rows: list[dict[str, Any]] = [
        {"createdAt": "yesterday"},
        {"address": {"addressLat": "north"}},
        {"id": "5"},
        {"name": ["a"]},
    ]
    report = await twenty.companies.load(rows)
    assert (report.rejected, report.requests) == (4, 0)
    assert [one.code for one in report.rejects] == ["INVALID"] * 4
    assert report.rejects[0].message.startswith("createdAt: ")


async def test_a_row_without_its_key_is_rejected(twenty: Twenty) -> None:
    report = await twenty.companies.load([{"name": "x", "domain": None}], key="domain", nulls="skip")
    assert [one.code for one in report.rejects] == ["KEY_MISSING"]


async def test_a_server_that_takes_fewer_records_is_learned_from(sandbox: Sandbox, twenty: Twenty) -> None:
    report = await twenty.companies.load(companies(1000), batch_size=250)
    assert (report.loaded, report.rejected) == (1000, 0)
    # 250 are refused with the number that would do; few were in flight by then.
    assert report.requests <= 4 + 8


async def test_a_body_that_is_too_large_is_cut_and_the_size_learned(twenty: Twenty) -> None:
    rows = [{"name": "n" * 400_000} for _ in range(60)]
    report = await twenty.companies.load(rows, max_bytes=24_000_000)
    assert (report.loaded, report.rejected) == (60, 0)


async def test_a_dry_run_checks_every_row_and_sends_nothing(twenty: Twenty, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("name,createdAt\nA,2026-01-01\nB,never\n")
    report = await twenty.companies.load(path, dry_run=True)
    assert (report.received, report.loaded, report.rejected, report.requests) == (2, 0, 1, 0)
    assert await twenty.companies.count() == 0


@pytest.mark.parametrize("options", [{}, {"upsert": True}, {"upsert": True, "key": "name"}])
async def test_a_revoked_key_ends_the_load_instead_of_rejecting_every_row(
    sandbox: Sandbox, options: dict[str, Any]
) -> None:
    async with Twenty(sandbox.url, api_key="wrong.wrong.wrong") as stranger:
        with pytest.raises(AuthenticationError):
            async with asyncio.timeout(20):  # a load waits for minutes for a server that is down
                await stranger.companies.load(companies(5), **options)


@pytest.mark.parametrize("status", [200, 302, 404, 405])
@pytest.mark.parametrize("options", [{}, {"upsert": True}, {"upsert": True, "key": "name"}])
async def test_a_server_that_is_no_twenty_ends_the_load(status: int, options: dict[str, Any]) -> None:
    async with running() as server, Twenty(server.url, api_key=KEY) as twenty:
        server.say(Answer(b"<html>", status, "text/html", {"Location": "https://elsewhere.example/"}))
        with pytest.raises(TwentyError, match=r"HTTP|redirect|JSON"):
            async with asyncio.timeout(20):
                await twenty.companies.load(companies(5), **options)
        assert len(server.seen) <= 2


async def test_rejects_corrected_and_loaded_again_complete_the_set(either: Twenty, tmp_path: Path) -> None:
    source, rejects = tmp_path / "people.csv", tmp_path / "bad.csv"
    lines = [f"p{i}@example.com,{'nonsense' if i % 100 == 7 else '+15551234567'}" for i in range(500)]
    source.write_text("email,phone\n" + "\n".join(lines) + "\n")
    first = await either.people.load(source, rejects=rejects)
    assert (first.loaded, first.rejected) == (495, 5)
    text = rejects.read_text()
    assert text.splitlines()[0] == "_row,_source,_code,_error,email,phone"
    rejects.write_text(text.replace(",nonsense", ",+15557654321"))
    second = await either.people.load(rejects)
    assert (second.loaded, second.rejected) == (5, 0)
    assert await either.people.count() == 500


async def test_a_rejects_file_holds_the_row_as_read_with_number_code_and_message(
    twenty: Twenty, tmp_path: Path
) -> None:
    path = tmp_path / "bad.jsonl"
    await twenty.people.load([{"email": "a@example.com"}, {"phone": "abc", "name": {"firstName": "Bo"}}], rejects=path)
    (line,) = path.read_text().splitlines()
    reject = json.loads(line)
    assert reject.pop("_source")
    assert reject == {
        "phone": "abc",
        "name": {"firstName": "Bo"},
        "_row": 2,
        "_code": "INVALID_PHONE_NUMBER",
        "_error": "Provided phone number is invalid abc",
    }


async def test_the_same_journal_goes_on_and_sends_nothing_again(twenty: Twenty, tmp_path: Path) -> None:
    journal = tmp_path / "load.db"
    path = tmp_path / "c.csv"
    path.write_text("name\n" + "\n".join(f"C{i}" for i in range(500)) + "\n")
    await twenty.companies.load(path, journal=journal)
    report = await twenty.companies.load(path, journal=journal)
    assert (report.received, report.loaded, report.already_loaded, report.requests) == (500, 0, 500, 0)


async def test_a_journal_refuses_another_content_and_other_settings(twenty: Twenty, tmp_path: Path) -> None:
    journal, path = tmp_path / "load.db", tmp_path / "c.csv"
    path.write_text("name\nA\n")
    await twenty.companies.load(path, journal=journal)
    with pytest.raises(InputError, match="other settings"):
        await twenty.companies.load(path, journal=journal, key="name")
    path.write_text("name\nB\n")
    with pytest.raises(InputError, match="another content"):
        await twenty.companies.load(path, journal=journal)


async def test_unknown_columns_and_broken_lines_are_named_before_anything_is_sent(
    twenty: Twenty, tmp_path: Path
) -> None:
    path = tmp_path / "c.csv"
    path.write_text("name,nonsens\nA,1\n")
    with pytest.raises(InputError, match="nonsens"):
        await twenty.companies.load(path)
    path.write_text('name,city\nA,B\nC\n"D,E\n')
    with pytest.raises(InputError, match=r"line 3: has 1 cell, the header has 2; line 4: a quote is not closed"):
        await twenty.companies.load(path)
    assert await twenty.companies.count() == 0
    report = await twenty.companies.load(path, malformed="reject")
    assert (report.loaded, [one.code for one in report.rejects]) == (1, ["MALFORMED", "MALFORMED"])


async def test_update_changes_only_what_is_there(either: Twenty) -> None:
    await either.companies.load(companies(300))
    rows = [{"domain": f"https://c{i}.example", "city": "Rome"} for i in range(298, 302)]
    report = await bulk.update(either.companies, rows, key="domain")
    assert report.loaded == 2
    assert [(one.row, one.code) for one in report.rejects] == [(3, "NOT_FOUND"), (4, "NOT_FOUND")]
    assert await either.companies.count({"address": {"address_city": {"eq": "Rome"}}}) == 2
    assert await either.companies.count() == 300


async def test_a_row_that_cannot_be_read_is_rejected_with_its_text_until_it_is_corrected(
    twenty: Twenty, tmp_path: Path
) -> None:
    source, bad = tmp_path / "c.csv", tmp_path / "bad.csv"
    source.write_text('name,domain\nA,https://a.example\nB,https://b.example,more\n"C"x,https://c.example\n')
    first = await twenty.companies.load(source, malformed="reject", rejects=bad)
    assert (first.loaded, first.rejected) == (1, 2)
    with bad.open(newline="") as file:
        kept = list(csv.DictReader(file))
    assert [one["_text"] for one in kept] == ["B,https://b.example,more", '"C"x,https://c.example']
    assert (await twenty.companies.load(bad)).rejected == 2
    corrected = [
        {**one, "name": name, "domain": f"https://{name}.example", "_text": ""}
        for one, name in zip(kept, "bc", strict=True)
    ]
    with bad.open("w", newline="") as file:
        writer = csv.DictWriter(file, kept[0])
        writer.writeheader()
        writer.writerows(corrected)
    assert (await twenty.companies.load(bad)).loaded == 2
    assert await twenty.companies.count() == 3


async def test_rejects_are_read_with_the_options_of_their_source(twenty: Twenty, tmp_path: Path) -> None:
    source, bad = tmp_path / "people.csv", tmp_path / "bad.csv"
    source.write_bytes("first name;phone\nZoë;abc\nBergå;\n".encode("cp1252"))
    options: ReadOptions = {"encoding": "cp1252", "delimiter": ";"}
    assert (await twenty.people.load(source, rejects=bad, **options)).rejected == 1
    bad.write_bytes(bad.read_bytes().replace(b";abc", b";"))
    assert (await twenty.people.load(bad, **options)).loaded == 1
    names = {one.name.first_name async for one in twenty.people.iterate() if one.name}
    assert names == {"Zoë", "Bergå"}


async def test_what_cannot_be_mapped_is_told_with_what_to_do(twenty: Twenty, tmp_path: Path) -> None:
    source = tmp_path / "c.csv"
    source.write_text("name,Annual Revenue,Shoe size\nA,five,44\n")
    with pytest.raises(InputError, match=r"column 'Shoe size': .*ignore it"):
        await twenty.companies.load(source)
    with pytest.raises(InputError, match=r"there is no column 'City' to map; there are name, Annual Revenue"):
        await twenty.companies.load(source, mapping={"City": "address.addressCity"}, ignore=["Shoe size"])
    with pytest.raises(InputError, match="column 'name' cannot be mapped: Company has no field 'nme'; did you mean"):
        await twenty.companies.load(source, mapping={"name": "nme"})
    (reject,) = (await twenty.companies.load(source, ignore=["Shoe size"])).rejects
    assert reject.message == "Annual Revenue: 'five' is no amount of money"
    mapping = {"Annual Revenue": "annualRevenue"}
    (reject,) = (await twenty.companies.load(source, mapping=mapping, ignore=["Shoe size"])).rejects
    assert "map the column to annualRevenue.amountMicros or annualRevenue.currencyCode" in reject.message


async def test_a_decimal_comma_is_understood_where_it_is_said(twenty: Twenty) -> None:
    rows = [{"name": "A", "Revenue": "1.234,56"}]
    plain = await twenty.companies.load(rows, mapping={"Revenue": ("annualRevenue.amountMicros", "micros")})
    assert plain.rejects[0].message == (
        "Revenue: '1.234,56' is not a decimal number; for a decimal comma say micros:, or number:,"
    )
    await twenty.companies.load(rows, mapping={"Revenue": ("annualRevenue.amountMicros", "micros:,")})
    company = await twenty.companies.find_one(filter={"name": {"eq": "A"}})
    assert company.annual_revenue is not None
    assert company.annual_revenue.amount_micros == 1_234_560_000


async def test_a_wrong_number_is_told_once(twenty: Twenty) -> None:
    report = await twenty.companies.load([{"annualRevenue": {"amountMicros": "abc"}}])
    assert report.rejects[0].message == (
        "annualRevenue.amountMicros: must be an integer number of micros (millionths); the transform micros converts "
        """12.5 to 12500000, and so does Money("12.50", "EUR"), not 'abc'"""
    )


async def test_what_no_database_can_hold_is_rejected_without_a_request(twenty: Twenty, tmp_path: Path) -> None:
    source = tmp_path / "c.csv"
    source.write_text("name,domain\nA\0,https://a.example\nB\\u0000,https://b.example\n")
    report = await twenty.companies.load(source)
    assert [(one.row, one.message) for one in report.rejects] == [
        (1, "name holds a NUL character, which no database text can hold")
    ]
    assert (report.requests, await names(twenty)) == (1, ["B\\u0000"])
    report = await twenty.companies.load([{"name": "half a pair \ud800"}, {"name": "C"}], rejects=tmp_path / "bad.csv")
    (reject,) = report.rejects
    assert (report.loaded, reject.code, reject.values) == (1, "INVALID", {"name": "half a pair \\ud800"})


async def test_a_row_that_is_no_record_is_named_by_its_number(twenty: Twenty) -> None:
    rows: list[Any] = [{"name": "A"}, 5]
    with pytest.raises(InputError, match="rows: row 2: is neither a model nor a mapping but int"):
        await twenty.companies.load(rows)
    (reject,) = (await twenty.companies.load(rows, malformed="reject")).rejects
    assert (reject.row, reject.code, reject.values) == (2, "MALFORMED", {"_text": "5"})


async def test_others_get_their_turn_while_a_file_is_looked_through(twenty: Twenty, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("name\nA\n")
    begun, others_came = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    class Large(CsvSource):
        def check(self) -> Check:
            loop.call_soon_threadsafe(begun.set)
            assert others_came.wait(timeout=60), "the loop stood still"
            return super().check()

    load = asyncio.create_task(twenty.companies.load(Large(path)))
    await begun.wait()
    others_came.set()
    assert (await load).loaded == 1


@pytest.mark.parametrize("option", ["concurrency", "batch_size", "max_bytes"])
async def test_a_load_that_could_never_send_anything_is_refused(twenty: Twenty, option: str) -> None:
    sizes: Any = {option: 0}
    with pytest.raises(InputError, match=f"{option} must be at least 1, not 0"):
        await twenty.companies.load([{"name": "A"}], **sizes)


async def test_other_rows_are_not_taken_for_those_of_the_journal(twenty: Twenty, tmp_path: Path) -> None:
    journal = tmp_path / "load.db"
    await twenty.companies.load(companies(2), journal=journal)
    assert (await twenty.companies.load(companies(2), journal=journal)).already_loaded == 2
    with pytest.raises(InputError, match="another content"):
        await twenty.companies.load(companies(3, start=10), journal=journal)
    report = await twenty.companies.load(companies(3, start=10), journal=journal, source="more rows")
    assert (report.loaded, await twenty.companies.count()) == (3, 5)


async def test_equal_lists_without_a_key_are_different_records(twenty: Twenty, tmp_path: Path) -> None:
    for journal in ("one.db", "two.db"):
        await twenty.companies.load([{"name": "A"}], journal=tmp_path / journal)
    assert await twenty.companies.count() == 2


@pytest.mark.parametrize("other", [{"constants": {"name": "Z"}}, {"nulls": "send"}, {"ignore": "city"}])
async def test_a_journal_does_not_go_on_with_other_settings(twenty: Twenty, tmp_path: Path, other: Any) -> None:
    journal, path = tmp_path / "load.db", tmp_path / "c.csv"
    path.write_text("name,city\nA,B\n")
    settings: Any = {"mapping": {"city": "address.addressCity"}, "journal": journal}
    await twenty.companies.load(path, **settings)
    with pytest.raises(InputError, match="other settings"):
        await twenty.companies.load(path, **settings | other)


async def test_loads_that_share_a_journal_are_told_apart_or_refused(twenty: Twenty, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "load.db")
    rows = [{"name": f"C{i}"} for i in range(500)]
    # Either may be the first to reach the journal.
    outcomes = await asyncio.gather(
        twenty.companies.load(rows, journal=journal),
        twenty.companies.load(rows, journal=journal),
        return_exceptions=True,
    )
    [(report, refused)] = [pair for pair in (outcomes, outcomes[::-1]) if isinstance(pair[0], LoadReport)]
    assert isinstance(report, LoadReport)
    assert (report.loaded, report.rejected) == (500, 0)
    assert isinstance(refused, InputError)
    assert "under way" in str(refused)


async def test_a_dry_run_leaves_no_trace_in_an_open_journal(twenty: Twenty, tmp_path: Path) -> None:
    journal, path = Journal(tmp_path / "load.db"), tmp_path / "c.csv"
    path.write_text("name,position\nA,abc\n")
    assert (await twenty.companies.load(path, journal=journal, dry_run=True)).rejected == 1
    path.write_text("name,position\nA,1\n")
    assert (await twenty.companies.load(path, journal=journal)).loaded == 1


async def test_a_relation_to_nothing_is_no_relation(either: Twenty) -> None:
    await either.companies.load([{"name": "without a domain"}])
    report = await either.people.load([{"name.firstName": "Ada", "company": ""}, {"name.firstName": "Bob"}])
    assert report.loaded == 2
    assert [person.company_id async for person in either.people.iterate()] == [None, None]


async def test_two_columns_for_one_field_are_refused(twenty: Twenty, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("Name,Title,Website\nA,B,https://a.example\n")
    with pytest.raises(InputError, match="columns 'Name' and 'Title' both go to name"):
        await twenty.companies.load(path, mapping={"Title": "name"})
    path.write_text("Website,URL\nhttps://a.example,https://b.example\n")
    with pytest.raises(InputError, match=r"columns 'Website' and 'URL' both go to domainName\.primaryLinkUrl"):
        await twenty.companies.load(path)
    assert (await twenty.companies.load(path, ignore=["URL"])).loaded == 1


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"key": "nonsense"}, "key: Company has no field 'nonsense'"),
        ({"key": ["name", "City"]}, "c.csv: no column is mapped to address.addressCity, the key; there are name"),
        ({"constants": {"nonsense": 1}}, "constants: Company has no field 'nonsense'"),
    ],
)
async def test_keys_and_constants_that_cannot_be_right_are_named(
    twenty: Twenty, tmp_path: Path, settings: Any, problem: str
) -> None:
    path = tmp_path / "c.csv"
    path.write_text("name\nA\n")
    with pytest.raises(InputError, match=re.escape(problem)):
        await twenty.companies.load(path, **settings)
    assert await twenty.companies.count() == 0


async def test_a_key_may_come_from_constants_composites_and_ids(twenty: Twenty, tmp_path: Path) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    path = tmp_path / "p.csv"
    path.write_text(f'name,companyId\n"{{""firstName"":""Ada""}}",{company.id}\n')
    for _ in range(2):
        report = await twenty.people.load(
            path, key=["name.firstName", "jobTitle", "company.name"], constants={"jobTitle": "CTO"}, upsert=True
        )
        assert report.loaded == 1
    assert await twenty.people.count() == 1


async def test_a_transform_that_fails_costs_the_row(twenty: Twenty) -> None:
    rows = [{"n": "a"}, {"n": 5}]
    report = await twenty.companies.load(rows, mapping={"n": ("name", lambda value: value.upper())})
    assert (report.loaded, [one.row for one in report.rejects]) == (1, [2])
    assert report.rejects[0].message == "n: AttributeError: 'int' object has no attribute 'upper', for 5"


async def test_each_duplicate_is_told_its_own_value(either: Twenty) -> None:
    await either.companies.load(companies(3))
    report = await either.companies.load(companies(3), upsert=False)
    assert [one.code for one in report.rejects] == ["DUPLICATE"] * 3
    for at, one in enumerate(report.rejects):
        assert f"has domainName.primaryLinkUrl = 'https://c{at}.example'" in one.message


async def test_times_choices_and_amounts_may_be_part_of_a_key(either: Twenty) -> None:
    theirs: Any = {
        "name": "Deal",
        "stage": "NEW",
        "close_date": "2026-01-02T03:04:05.678Z",
        "amount": {"amount_micros": 5},
    }
    made = await either.opportunities.create_one(theirs)
    key = ["name", "stage", "closeDate", "amount.amountMicros"]
    row = {"name": "Deal", "stage": "NEW", "closeDate": "2026-01-02 04:04:05.678999+01:00", "amount.amountMicros": 5}
    for change in ({"position": 7}, {"position": 8}):
        report = await either.opportunities.load([{**row, **change}], key=key, upsert=True)
        assert (report.loaded, await either.opportunities.count()) == (1, 1)
    assert (await either.opportunities.find_one(made.id)).position == 8


async def test_yes_and_no_may_be_part_of_a_key(either: Twenty) -> None:
    await either.workspace.create_field("company", "isClient", "BOOLEAN")
    endpoint = either.endpoint("graphql")
    companies = Target.named(endpoint, await serve_catalogue(endpoint), "companies")
    for city in ("Rome", "Oslo"):
        rows = [{"name": "A", "isClient": value, "address.addressCity": city} for value in (True, False)]
        report = await bulk.load(companies, rows, key=["name", "isClient"], upsert=True)
        assert report.loaded == 2
    assert await either.companies.count({"address": {"address_city": {"eq": "Oslo"}}}) == 2
    assert await either.companies.count() == 2
