"""Bulk writes of parts: what rows do not say stays, and the key that names a record is not written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from aiotwenty import InvalidArgument, Twenty, bulk
from aiotwenty.bulk import InputError
from aiotwenty.core import Company
from aiotwenty.migrate import load_plan
from aiotwenty.sandbox import Sandbox


@pytest.fixture
def sent() -> list[dict[str, Any]]:
    return []


@pytest.fixture
async def twenty(sent: list[dict[str, Any]], twenty_sandbox: Sandbox) -> AsyncIterator[Twenty]:
    trace = aiohttp.TraceConfig()

    async def keep(session: object, context: object, chunk: aiohttp.TraceRequestChunkSentParams) -> None:
        sent.append(json.loads(chunk.chunk))

    trace.on_request_chunk_sent.append(keep)
    async with (
        aiohttp.ClientSession(trace_configs=[trace]) as session,
        Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key, session=session) as client,
    ):
        yield client


def site(number: int, **more: Any) -> dict[str, Any]:
    links = {"primary_link_url": f"https://c{number}.example", "primary_link_label": f"label {number}"}
    return {"domain_name": links | {"secondary_links": [f"https://c{number}.example/more"]}, **more}


async def some(twenty: Twenty, count: int = 5) -> list[Company]:
    rows: Any = [site(number, name=f"C{number}", address={"address_street_1": "Street"}) for number in range(count)]
    return await twenty.companies.create_many(rows)


def links_of(company: Company) -> tuple[Any, ...]:
    links = company.domain_name
    assert links is not None
    return links.primary_link_url, links.primary_link_label, [link.url for link in links.secondary_links or ()]


def written(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for body in sent if "data" in body.get("variables", {}) for row in body["variables"]["data"]]


async def test_the_key_of_an_update_is_not_written(twenty: Twenty, sent: list[dict[str, Any]]) -> None:
    made = await some(twenty)
    sent.clear()
    rows = [{"Website": f"https://c{number}.example/", "City": f"City {number}"} for number in range(5)]
    mapping = {"Website": "domainName.primaryLinkUrl", "City": "address.addressCity"}
    report = await bulk.update(twenty.companies, rows, key="Website", mapping=mapping)
    assert report.loaded == 5
    assert [row.keys() for row in written(sent)] == [{"id", "address"}] * 5
    for number, company in enumerate(made):
        after = await twenty.companies.find_one(company.id)
        assert links_of(after) == links_of(company)
        assert after.address is not None
        assert (after.address.address_city, after.address.address_street_1) == (f"City {number}", "Street")


async def test_an_upsert_by_website_keeps_labels_and_reads_once_a_batch(
    twenty: Twenty, sent: list[dict[str, Any]]
) -> None:
    made = await some(twenty)
    sent.clear()
    rows = [{"Website": f"https://C{number}.example/", "name": f"New {number}"} for number in range(7)]
    report = await twenty.companies.load(rows, key="Website", upsert=True, batch_size=100)
    assert (report.loaded, report.rejected) == (7, 0)
    assert len([body for body in sent if body["query"].startswith("query")]) == 1
    for number, company in enumerate(made):
        after = await twenty.companies.find_one(company.id)
        assert (after.name, links_of(after)) == (f"New {number}", links_of(company))


async def test_nothing_is_read_where_all_parts_are_given(twenty: Twenty, sent: list[dict[str, Any]]) -> None:
    made = await some(twenty)
    sent.clear()
    rows = [{"id": company.id, **site(number + 10)} for number, company in enumerate(made)]
    report = await twenty.companies.load(rows, upsert=True)
    assert report.loaded == 5
    assert report.requests == 1


async def test_replace_makes_the_part_of_a_row_the_whole(twenty: Twenty) -> None:
    (company,) = await some(twenty, 1)
    rows = [{"id": company.id, "domainName": {"primaryLinkUrl": "https://new.example"}}]
    report = await twenty.companies.load(rows, upsert=True, replace={"domain_name"})
    assert (report.loaded, report.requests) == (1, 1)
    assert links_of(await twenty.companies.find_one(company.id)) == ("https://new.example", "", [])


async def test_replace_makes_the_data_of_a_change_the_whole_and_reads_nothing(
    twenty: Twenty, sent: list[dict[str, Any]]
) -> None:
    link = {"primary_link_url": "https://in.example", "primary_link_label": "x"}
    rows: Any = [{"name": f"C{number}", "linkedin_link": link} for number in range(5)]
    made = await twenty.companies.create_many(rows)
    sent.clear()
    data = {"linkedin_link": {"primary_link_url": "https://other.example"}}
    report = await bulk.change(twenty.companies, data, filter={"name": {"like": "C%"}}, replace={"linkedin_link"})
    assert report.loaded == 5
    assert not any("primaryLinkUrl" in body["query"] for body in sent)
    for company in await twenty.companies.find_by_ids([company.id for company in made]):
        assert company is not None
        assert company.linkedin_link is not None
        links = company.linkedin_link
        assert (links.primary_link_url, links.primary_link_label) == ("https://other.example", "")


async def test_a_key_is_part_of_what_replaces(twenty: Twenty) -> None:
    """Of the field that holds it, the row says the whole: the link by which the record is found, and a label."""
    (company,) = await some(twenty, 1)
    row = {"Website": "https://c0.example", "domainName.primaryLinkLabel": "new"}
    report = await bulk.update(twenty.companies, [row], key="Website", replace={"domain_name"})
    assert report.loaded == 1
    assert links_of(await twenty.companies.find_one(company.id)) == ("https://c0.example", "new", [])


@pytest.mark.parametrize("name", ["name", "city", "emials", "accountOwner"])
async def test_replace_names_fields_that_are_made_of_parts(twenty: Twenty, name: str) -> None:
    with pytest.raises(InputError, match=f"replace: '{name}' is not a composite field"):
        await bulk.update(twenty.companies, [{"id": uuid4(), "name": "x"}], replace={name})
    with pytest.raises(InvalidArgument, match=f"replace: '{name}' is not a composite field"):
        await bulk.change(twenty.companies, {"name": "x"}, filter={"name": {"eq": "x"}}, replace={name})


async def test_a_plan_can_replace(twenty: Twenty, tmp_path: Path) -> None:
    (company,) = await some(twenty, 1)
    rows = [{"id": str(company.id), "domainName": {"primaryLinkUrl": "https://new.example"}}]
    (tmp_path / "rows.jsonl").write_text(json.dumps(rows[0]))
    plan = '[[load]]\nobject = "companies"\nsource = "rows.jsonl"\nupsert = true\nreplace = ["domainName"]\n'
    (tmp_path / "plan.toml").write_text(plan)
    (step,) = await load_plan(twenty, tmp_path / "plan.toml")
    assert step.report.loaded == 1
    assert links_of(await twenty.companies.find_one(company.id)) == ("https://new.example", "", [])


async def test_a_change_of_many_keeps_what_each_record_has(twenty: Twenty) -> None:
    made = await some(twenty)
    report = await bulk.change(
        twenty.companies, {"domain_name": {"primary_link_label": "ours"}}, filter={"name": {"like": "C%"}}
    )
    assert report.loaded == 5
    for company in made:
        url, _, more = links_of(company)
        assert links_of(await twenty.companies.find_one(company.id)) == (url, "ours", more)


LINKS_WITHOUT_A_PRIMARY: list[dict[str, Any]] = [
    {"primaryLinkLabel": "x"},
    {"secondaryLinks": ["https://more.example"]},
    {"primaryLinkUrl": "", "secondaryLinks": ["https://more.example"]},
    {"primaryLinkUrl": None, "primaryLinkLabel": "x"},
]


@pytest.mark.parametrize("links", LINKS_WITHOUT_A_PRIMARY, ids=str)
async def test_links_that_the_server_would_move_or_drop_are_refused(twenty: Twenty, links: dict[str, Any]) -> None:
    """It makes the first of the further links the primary one, and drops the label of none."""
    (company,) = await twenty.companies.create_many([{"name": "C"}])
    data: Any = {"domainName": links}
    same: Any = {**data, "id": company.id}
    for write in (
        twenty.companies.create_one(data),
        twenty.companies.create_many([data]),
        twenty.companies.create_one(same, upsert=True),
        twenty.companies.update_one(company.id, data),
        twenty.companies.update_many(data, {"id": {"eq": company.id}}),
        twenty.companies.update_one(company.id, data, replace={"domainName"}),
    ):
        with pytest.raises(InvalidArgument, match="domainName: without a"):
            await write
    row = {"id": company.id, **data}
    for load in (
        twenty.companies.load([data]),
        twenty.companies.load([row], upsert=True),
        twenty.companies.load([{**data, "name": "new"}], upsert=True, key="name"),
        bulk.update(twenty.companies, [row]),
    ):
        report = await load
        assert (report.loaded, report.rejected) == (0, 1)
        assert report.rejects[0].code == "INVALID"
        assert "domainName: without a" in report.rejects[0].message
    assert await twenty.companies.count() == 1
    assert links_of(await twenty.companies.find_one(company.id)) == ("", "", [])


async def test_one_record_without_a_link_costs_that_record_of_a_change(twenty: Twenty) -> None:
    await twenty.companies.create_many([{"name": "C1", "domain_name": {"primary_link_url": "https://c.example"}}])
    await twenty.companies.create_many([{"name": "C2"}])
    data = {"domain_name": {"primary_link_label": "ours"}}
    report = await bulk.change(twenty.companies, data, filter={"name": {"like": "C%"}})
    assert (report.loaded, report.rejected) == (1, 1)


async def test_emptying_the_link_only_is_refused_where_there_are_more(twenty: Twenty) -> None:
    (company,) = await some(twenty, 1)
    with pytest.raises(InvalidArgument, match="makes the first of the further ones the primary"):
        await twenty.companies.update_one(company.id, {"domain_name": {"primary_link_url": ""}})
    emptied: Any = {"domain_name": {"primary_link_url": "", "secondary_links": []}}
    assert links_of(await twenty.companies.update_one(company.id, emptied)) == ("", "", [])


async def test_null_for_a_composite_of_a_new_record_is_nothing_said(twenty: Twenty) -> None:
    """The server fails over the null of a rich text."""
    made = await twenty.notes.create_one({"title": "x", "body_v_2": None})
    assert made.title == "x"
    row: Any = {"name": "x", "domain_name": None, "address": None}
    (company,) = await twenty.companies.create_many([row])
    assert links_of(company) == ("", "", [])
    assert row["domain_name"] is None
    report = await twenty.notes.load([{"title": "y", "bodyV2": None}])
    assert (report.loaded, list(report.rejects)) == (1, [])


async def test_addresses_in_objects_are_trimmed_as_those_in_columns_are(twenty: Twenty) -> None:
    emails = {"primaryEmail": " Ada@X.example ", "additionalEmails": [" b@x.example"]}
    report = await twenty.people.load([{"emails": emails}], key="emails.primaryEmail", upsert=True)
    assert report.loaded == 1
    (person,) = (await twenty.people.find_many()).records
    assert person.emails is not None
    assert (person.emails.primary_email, person.emails.additional_emails) == ("ada@x.example", ["b@x.example"])
    assert emails["primaryEmail"] == " Ada@X.example "


async def test_null_in_a_row_empties_a_composite(twenty: Twenty) -> None:
    (company,) = await some(twenty, 1)
    report = await twenty.companies.load([{"id": company.id, "domainName": None}], upsert=True)
    assert report.loaded == 1
    assert links_of(await twenty.companies.find_one(company.id)) == ("", "", [])


async def test_further_phones_and_links_of_a_file_have_their_shape(twenty: Twenty, tmp_path: Any) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "email,phone,more\n"
        "a@example.com,+33612345670,+33612345679;+33612345678\nb@example.com,+33612345671,0612345678\n"
    )
    report = await twenty.people.load(path, mapping={"more": "phones.additionalPhones"})
    assert (report.loaded, report.rejected) == (1, 1)
    assert "needs its country" in report.rejects[0].message
    (person,) = (await twenty.people.find_many()).records
    assert person.phones is not None
    assert [phone.number for phone in person.phones.additional_phones or ()] == ["612345679", "612345678"]
    assert {phone.country_code for phone in person.phones.additional_phones or ()} == {"FR"}


@pytest.mark.parametrize(
    ("amounts", "warned"),
    [
        (("1500000", "2000000"), True),
        (("12", "7"), True),
        (("12500000001", "99"), True),
        (("12500000", "990000000"), False),
        (("", "0"), False),
    ],
)
async def test_millionths_that_look_like_whole_units_are_told(
    twenty: Twenty, tmp_path: Any, amounts: tuple[str, ...], warned: bool
) -> None:
    path = tmp_path / "companies.csv"
    path.write_text("name,revenue\n" + "".join(f"C,{amount}\n" for amount in amounts))
    report = await twenty.companies.load(path, mapping={"revenue": "annualRevenue.amountMicros"}, dry_run=True)
    assert any("looks like whole units" in note for note in report.notes) == warned
    said = await twenty.companies.load(path, mapping={"revenue": ("annualRevenue.amountMicros", "micros")})
    assert not any("looks like whole units" in note for note in said.notes)
