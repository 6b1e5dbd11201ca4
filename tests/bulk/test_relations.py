"""Relations by what records are called: in several ways, by domain, and made where they are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty
from aiotwenty.bulk import LoadReport
from aiotwenty.bulk.transforms import domain
from aiotwenty.sandbox import Sandbox

BY_DOMAIN: dict[str, Any] = {"Email": [("emails",), ("company.domainName", domain)]}


def told(report: LoadReport) -> list[str]:
    return [reject.message for reject in report.rejects]


async def test_a_missing_company_is_made_once_however_many_batches_need_it(twenty: Twenty) -> None:
    rows = [{"Email": f"p{number}@{'ab'[number % 2]}.example"} for number in range(400)]
    report = await twenty.people.load(rows, mapping=BY_DOMAIN, create_missing=True, batch_size=10)
    assert (report.loaded, told(report), dict(report.created)) == (400, [], {"Company": 2})
    companies = [one async for one in twenty.companies.iterate()]
    assert {one.domain_name.primary_link_url for one in companies if one.domain_name} == {
        "https://a.example",
        "https://b.example",
    }
    assert {one.company_id async for one in twenty.people.iterate()} == {one.id for one in companies}
    again = await twenty.people.load([{"Email": "new@a.example"}], mapping=BY_DOMAIN, create_missing=True)
    assert (again.loaded, dict(again.created)) == (1, {})


async def test_a_missing_company_is_made_once_when_answers_are_lost(sandbox: Sandbox, twenty: Twenty) -> None:
    sandbox.faults.add("reset-after:count=2:operation=createCompanies")
    rows = [{"Email": f"p{number}@a.example"} for number in range(30)]
    report = await twenty.people.load(rows, mapping=BY_DOMAIN, create_missing=True, batch_size=10)
    assert (report.loaded, told(report)) == (30, [])
    assert await twenty.companies.count() == 1


@pytest.mark.parametrize(
    "link", ["a.example", "https://a.example", "http://a.example", "www.a.example", "https://www.a.example/"]
)
async def test_a_company_is_found_by_its_domain_under_any_link(twenty: Twenty, link: str) -> None:
    company = await twenty.companies.create_one({"domain_name": {"primary_link_url": link}})
    report = await twenty.people.load([{"Email": "Ada@A.example"}], mapping=BY_DOMAIN)
    assert (report.loaded, told(report)) == (1, [])
    assert [one.company_id async for one in twenty.people.iterate()] == [company.id]


async def test_an_address_at_a_mail_provider_names_no_company(twenty: Twenty) -> None:
    rows = [{"Email": "ada@gmail.com"}]
    report = await twenty.people.load(rows, mapping=BY_DOMAIN, create_missing=True, nulls="skip")
    assert (report.loaded, dict(report.created)) == (1, {})
    assert await twenty.companies.count() == 0


async def test_keys_count_in_their_order(twenty: Twenty, tmp_path: Path) -> None:
    await twenty.companies.load(
        [
            {"name": "Twin", "domainName": "https://one.example"},
            {"name": "Twin", "domainName": "https://two.example"},
            {"name": "Single"},
        ]
    )
    path = tmp_path / "people.csv"
    path.write_text("First name,Website,Firm\na,one.example,Twin\nb,,Single\nc,gone.example,Single\nd,,Twin\ne,,None\n")
    mapping: dict[str, Any] = {"Website": ("company.domainName", "domain"), "Firm": "company.name"}
    report = await twenty.people.load(path, mapping=mapping)
    names: dict[Any, Any] = {company.id: company.name async for company in twenty.companies.iterate()}
    found = {one.name.first_name: names.get(one.company_id) async for one in twenty.people.iterate() if one.name}
    assert found == {"a": "Twin", "b": "Single", "c": "Single"}
    assert {reject.row: reject.code for reject in report.rejects} == {4: "AMBIGUOUS", 5: "RELATION_NOT_FOUND"}
    assert told(report) == [
        "companyId: 2 records have name = 'Twin' (Company)",
        "companyId: no record has name = 'None' (Company)",
    ]


async def test_what_is_made_has_all_that_it_is_called_by(twenty: Twenty) -> None:
    rows = [
        {"First name": "a", "Firm": "Nord", "Website": "nord.example"},
        {"First name": "b", "Firm": "Nord"},
        {"First name": "c", "Website": "https://www.nord.example"},
    ]
    mapping: dict[str, Any] = {"Website": ("company.domainName", "domain"), "Firm": "company.name"}
    report = await twenty.people.load(rows, mapping=mapping, create_missing=True)
    assert (report.loaded, told(report), dict(report.created)) == (3, [], {"Company": 1})
    (company,) = [one async for one in twenty.companies.iterate()]
    assert (company.name, company.domain_name and company.domain_name.primary_link_url) == (
        "Nord",
        "https://nord.example",
    )


async def test_a_deleted_company_is_not_made_again_behind_ones_back(twenty: Twenty) -> None:
    company = await twenty.companies.create_one({"domain_name": {"primary_link_url": "https://a.example"}})
    await twenty.companies.delete_one(company.id)
    report = await twenty.people.load([{"Email": "a@a.example"}], mapping=BY_DOMAIN, create_missing=True)
    assert (report.loaded, dict(report.created)) == (0, {})
    (message,) = told(report)
    assert (
        "no record has domainName.primaryLinkUrl = 'a.example' (Company), and it can't be created: A duplicate entry"
        in message
    )


async def test_people_are_found_by_their_full_name_however_it_is_cut(twenty: Twenty) -> None:
    person = await twenty.people.create_one({"name": {"first_name": "Ada Maria", "last_name": "van der Bo"}})
    mapping = {"Contact": "pointOfContact.name"}
    rows = [{"name": "d", "Contact": "Ada Maria van der Bo "}]
    report = await twenty.opportunities.load(rows, mapping=mapping)
    assert (report.loaded, told(report)) == (1, [])
    assert [one.point_of_contact_id async for one in twenty.opportunities.iterate()] == [person.id]


async def test_headers_go_by_name_alias_label_and_values(twenty: Twenty, tmp_path: Path) -> None:
    await twenty.workspace.create_field("person", "shoeSize", "TEXT", label="Schuhgröße")
    path = tmp_path / "people.csv"
    path.write_text(
        "Vorname;Surname;Erreichbar unter;Position;Firma;Profil\n"
        "Ada;Falk;ada@a.example;CTO;Nordwind;https://www.linkedin.com/in/ada\n"
    )
    report = await twenty.people.load(path, create_missing=True)
    assert (report.loaded, told(report)) == (1, [])
    (ada,) = [one async for one in twenty.people.iterate()]
    assert ada.name is not None
    assert (ada.name.first_name, ada.name.last_name, ada.job_title) == ("Ada", "Falk", "CTO")
    assert ada.emails is not None
    assert ada.emails.primary_email == "ada@a.example"
    assert ada.linkedin_link is not None
    assert ada.linkedin_link.primary_link_url == "https://www.linkedin.com/in/ada"
    assert any("'Erreichbar unter' goes to emails.primaryEmail" in note for note in report.notes)
