"""Files as people have them, after public reports and the exports of other tools: each loads as its README says."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty, bulk
from aiotwenty.bulk import InputError, LoadReport
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.transforms import date, excel_date, first_and_rest, full_name, lookup, money, option, phone
from aiotwenty.bulk.workspace_catalogue import serve_catalogue
from tests.support.recorded import CASES

WEBSITE = "domainName"


async def rejected(report: LoadReport) -> dict[int, str]:
    return {reject.row: reject.message for reject in report.rejects}


async def companies(twenty: Twenty) -> dict[str, Any]:
    return {str(one.name): one async for one in twenty.companies.iterate()}


async def people(twenty: Twenty) -> dict[str, Any]:
    return {str(one.name.first_name): one async for one in twenty.people.iterate() if one.name}


async def deals(twenty: Twenty) -> dict[str, Any]:
    return {str(one.name): one async for one in twenty.opportunities.iterate()}


async def owner(twenty: Twenty) -> Any:
    """The only member of the workspace, under the address that the files have."""
    async for member in twenty.workspace_members.iterate():
        return await twenty.workspace_members.update_one(member.id, {"user_email": "tim@apple.dev"})
    raise AssertionError("the sandbox has no member")


def revenue(company: Any) -> tuple[Decimal | None, str | None]:
    money = company.annual_revenue
    if money is None or money.amount_micros is None:
        return None, None
    return Decimal(money.amount_micros) / 1_000_000, money.currency_code


@pytest.mark.parametrize("skip", [{}, {"skip_lines": 3}])
async def test_notes_above_the_header(twenty: Twenty, skip: Any) -> None:
    mapping = {
        "First Name": "name.firstName",
        "Last Name": "name.lastName",
        "URL": "linkedinLink",
        "Email Address": "emails",
        "Position": "jobTitle",
    }
    report = await twenty.people.load(
        CASES / "notes_above_header.csv", mapping=mapping, ignore=["Company", "Connected On"], **skip
    )
    assert (report.loaded, report.rejected) == (2, 0)
    assert any("header in line 4" in note for note in report.notes) == (not skip)
    bo = (await people(twenty))["Bo"]
    assert bo.job_title == "Sales, EMEA"
    assert bo.emails is None or not bo.emails.primary_email


async def test_notes_above_a_header_that_only_the_labels_name(twenty: Twenty) -> None:
    report = await twenty.people.load(CASES / "notes_above_header.csv", preset="linkedin", create_missing=True)
    assert (report.loaded, report.created) == (2, {"Company": 2})
    bo = (await people(twenty))["Bo"]
    assert bo.job_title == "Sales, EMEA"
    assert bo.linkedin_link.primary_link_url == "https://www.linkedin.com/in/bo-i"


async def test_the_line_that_excel_reads(twenty: Twenty) -> None:
    report = await twenty.companies.load(CASES / "sep_line.csv")
    assert (report.loaded, report.received) == (2, 2)
    found = await companies(twenty)
    assert found["Zeta; Sons"].address.address_city == "Århus"
    assert any("delimiter ';'" in note for note in report.notes)


async def test_dates_of_excel(twenty: Twenty) -> None:
    path = CASES / "excel_dates.csv"
    report = await twenty.opportunities.load(path)
    assert report.loaded == 1
    told = await rejected(report)
    assert sorted(told) == [1, 2]
    assert all("excel_date" in message for message in told.values())
    await twenty.opportunities.destroy_many(all_records=True)
    assert (await twenty.opportunities.load(path, mapping={"Close date": ("closeDate", excel_date)})).loaded == 3
    found = {name: deal.close_date.isoformat() for name, deal in (await deals(twenty)).items()}
    # 45292 is the first day of 2024, which has 366.
    assert found == {
        "Deal Ada": "2025-01-02T00:00:00+00:00",
        "Deal Bo": "2024-01-01T12:00:00+00:00",
        "Deal Cleo": "2025-03-01T00:00:00+00:00",
    }


async def test_a_mark_that_the_content_belies(twenty: Twenty) -> None:
    path = CASES / "bom_cp1252.csv"
    with pytest.raises(InputError, match=r"byte order mark.*set its encoding.*cp1252"):
        await twenty.companies.load(path)
    report = await twenty.companies.load(path, encoding="cp1252")
    assert report.loaded == 2
    found = await companies(twenty)
    assert found["Nordwind"].address.address_city == "Zürich"
    assert found["Café Cleo"].address.address_city == "Köln"


@pytest.mark.parametrize("said", [None, "utf-16-le"])
async def test_utf_16_without_a_mark(twenty: Twenty, said: str | None) -> None:
    report = await twenty.companies.load(CASES / "utf16_without_mark.csv", encoding=said)
    assert any("utf-16-le" in note for note in report.notes) == (said is None)
    assert (await companies(twenty))["Alfa"].address.address_city == "Łódź"
    assert "\0" not in str(report.notes)


async def test_delimiters_are_counted_outside_of_quotes(twenty: Twenty) -> None:
    mapping = {"Name, legal": "name", "City, country": "address.addressCity"}
    assert (await twenty.companies.load(CASES / "quoted_header.csv", mapping=mapping)).loaded == 2
    assert (await companies(twenty))["Beta"].address.address_city == "Oslo, NO"


@pytest.mark.parametrize("ignore", [["", "Notes"], "*"])
async def test_headers_that_are_not_used_are_not_judged(twenty: Twenty, ignore: Any) -> None:
    path, mapping = CASES / "index_and_duplicates.csv", {"Name": "name", "City": "address.addressCity"}
    with pytest.raises(InputError, match=r"columns 1 and 6 have no name.*'Notes'") as problem:
        await twenty.companies.load(path, mapping=mapping)
    assert str(problem.value).count("Notes'") == 1
    assert (await twenty.companies.load(path, mapping=mapping, ignore=ignore)).loaded == 2
    assert (await companies(twenty))["Beta"].address.address_city == "Oslo"


async def test_two_columns_of_phones(twenty: Twenty) -> None:
    number = (first_and_rest, phone(region="DE"))
    mapping = {"Mobile": ("phones", *number), "Work phone": ("phones", *number)}
    assert (await twenty.people.load(CASES / "two_phones.csv", mapping=mapping)).loaded == 2
    found = await people(twenty)
    ada, bo = found["Ada"].phones, found["Bo"].phones
    assert (ada.primary_phone_calling_code, ada.primary_phone_number) == ("+49", "1701234567")
    (other,) = [
        dict(one) if isinstance(one, Mapping) else one.model_dump(by_alias=True) for one in ada.additional_phones
    ]
    assert other == {"number": "301234567", "countryCode": "DE", "callingCode": "+49"}
    assert (bo.primary_phone_number, bo.primary_phone_country_code, bo.additional_phones) == ("301234567", "DE", [])


async def test_a_phone_for_the_list_becomes_the_primary_one_where_there_is_none(twenty: Twenty) -> None:
    mapping = {
        "Mobile": ("phones", phone(region="DE")),
        "Work phone": ("phones.additionalPhones", phone(region="DE")),
    }
    assert (await twenty.people.load(CASES / "two_phones.csv", mapping=mapping)).loaded == 2
    found = await people(twenty)
    assert found["Bo"].phones.primary_phone_number == "301234567"
    assert found["Ada"].phones.primary_phone_number == "1701234567"
    assert len(found["Ada"].phones.additional_phones) == 1


async def test_money_of_a_column_as_a_whole(twenty: Twenty) -> None:
    path = CASES / "money.csv"
    report = await twenty.companies.load(path, mapping={"Revenue": "annualRevenue"})
    assert report.loaded == 0
    assert all("`money`" in message for message in (await rejected(report)).values())
    report = await twenty.companies.load(path, mapping={"Revenue": ("annualRevenue", money)})
    assert any("decimal comma" in note for note in report.notes)
    found = {name: revenue(company) for name, company in (await companies(twenty)).items()}
    assert found == {
        "Nordwind": (Decimal("1234.56"), "EUR"),
        "Beta": (Decimal(2_000_000), "EUR"),
        "Gamma": (Decimal(-500), "EUR"),
    }


@pytest.mark.parametrize("as_text", [False, True])
async def test_whole_fields_of_money_stay_what_they_are(twenty: Twenty, tmp_path: Path, as_text: bool) -> None:
    path = tmp_path / "companies.csv"
    path.write_text('name,annualRevenue\nNordwind,"{""amountMicros"": 5500000, ""currencyCode"": ""EUR""}"\n')
    rows = [{"name": "Nordwind", "annualRevenue": {"amountMicros": 5_500_000, "currencyCode": "EUR"}}]
    assert (await twenty.companies.load(path if as_text else rows)).loaded == 1
    found = await companies(twenty)
    assert revenue(found["Nordwind"]) == (Decimal("5.5"), "EUR")


async def test_full_names(twenty: Twenty) -> None:
    mapping = {"Name": ("name", full_name)}
    assert (await twenty.people.load(CASES / "full_names.csv", mapping=mapping)).loaded == 3
    found = [one.name async for one in twenty.people.iterate()]
    assert sorted((name.first_name, name.last_name or "") for name in found if name) == [
        ("Ada", "Bo"),
        ("Ada", "van der Bo"),
        ("Cleo", ""),
    ]


async def test_several_addresses_in_one_cell(twenty: Twenty) -> None:
    mapping = {"Emails": ("emails", first_and_rest)}
    assert (await twenty.people.load(CASES / "emails_in_one_cell.csv", mapping=mapping)).loaded == 3
    found = {
        name: (one.emails.primary_email, one.emails.additional_emails or [])
        for name, one in (await people(twenty)).items()
    }
    assert found == {
        "Ada": ("ada@nordwind.example", ["ada.2@nordwind.example"]),
        "Bo": ("bo@nordwind.example", ["bo.home@nordwind.example", "bo.3@nordwind.example"]),
        "Cleo": ("cleo@nordwind.example", []),
    }


async def test_blanks_and_case(twenty: Twenty) -> None:
    path = CASES / "blanks_and_case.csv"
    member = await owner(twenty)
    mapping = {"Website": "domainName", "Owner": "accountOwner.userEmail"}
    report = await twenty.companies.load(path, mapping=mapping)
    assert (report.loaded, list(report.rejects)) == (1, [])
    company = (await companies(twenty))["Nordwind"]
    assert company.account_owner_id == member.id
    assert company.domain_name.primary_link_url == "https://nordwind.example"
    report = await twenty.people.load(CASES / "people_of_blanks_and_case.csv", mapping={"Company": "company.name"})
    assert (report.loaded, list(report.rejects)) == (1, [])
    ada = (await people(twenty))["Ada"]
    assert ada.company_id == company.id
    assert ada.emails.primary_email == "ada@nordwind.example"


async def test_stages_by_their_labels(twenty: Twenty) -> None:
    path = CASES / "stages.csv"
    report = await twenty.opportunities.load(path, mapping={"Stage": ("stage", option)})
    assert report.loaded == 1
    (message,) = (await rejected(report)).values()
    assert "'won!'" in message
    assert "Meeting (MEETING)" in message
    assert (await deals(twenty))["Deal Ada"].stage == "MEETING"


async def test_options_are_added_when_asked_for(twenty: Twenty) -> None:
    path = CASES / "stages.csv"
    dry = await twenty.opportunities.load(path, mapping={"Stage": ("stage", option)}, add_options=True, dry_run=True)
    assert "column 'Stage': new options: 'won!' (WON)" in dry.notes
    assert (dry.loaded, list(dry.rejects)) == (0, [])
    assert dry.preview["Stage → stage"] == ["'MEETING'", "'WON'"]
    assert "WON" not in [one.value for one in await twenty.workspace.picklist("opportunity", "stage")]
    report = await twenty.opportunities.load(path, mapping={"Stage": ("stage", option)}, add_options=True)
    assert (report.loaded, list(report.rejects)) == (2, [])
    assert "column 'Stage': new options: 'won!' (WON)" in report.notes
    labels = {one.value: one.label for one in await twenty.workspace.picklist("opportunity", "stage")}
    assert labels["WON"] == "won!"
    assert labels["MEETING"] == "Meeting"
    # The client was generated before there was such an option.
    report = await twenty.opportunities.load(
        [{"name": "Deal Cleo", "Stage": "WON!"}], mapping={"Stage": ("stage", option)}
    )
    assert (report.loaded, list(report.rejects)) == (1, [])


async def test_a_dry_run_takes_future_options_for_what_they_will_be(twenty: Twenty) -> None:
    """As if they were gaps, a row would pass that lacks what is asked for, and a key that is one would be missing."""
    rows = [{"name": "A", "Stage": "won!"}, {"name": "B", "Stage": "won!", "amount": 12}]
    settings: Any = {"mapping": {"Stage": ("stage", option)}, "add_options": True}
    dry = await twenty.opportunities.load(rows, dry_run=True, key=["name", "Stage"], **settings)
    assert [reject.row for reject in dry.rejects] == [2]
    report = await twenty.opportunities.load(rows, key=["name", "Stage"], **settings)
    assert [reject.row for reject in report.rejects] == [2]


async def test_options_are_not_added_for_rows_that_come_only_once(twenty: Twenty) -> None:
    rows = ({"name": name, "Stage": "won!"} for name in "AB")
    with pytest.raises(InputError, match="these rows come only once"):
        await twenty.opportunities.load(rows, mapping={"Stage": ("stage", option)}, add_options=True)


async def test_dates_written_in_several_ways(twenty: Twenty) -> None:
    path = CASES / "mixed_dates.csv"
    report = await twenty.opportunities.load(path)
    assert report.loaded == 1
    assert "'28.09.2025' is no date" in (await rejected(report))[1]
    await twenty.opportunities.destroy_many(all_records=True)
    mapping = {"Close date": ("closeDate", date("%d.%m.%Y", "%Y-%m-%d"))}
    assert (await twenty.opportunities.load(path, mapping=mapping)).loaded == 2
    found = {name: deal.close_date.date().isoformat() for name, deal in (await deals(twenty)).items()}
    assert found == {"Deal Ada": "2025-09-28", "Deal Bo": "2025-11-03"}


async def test_gaps(twenty: Twenty) -> None:
    report = await twenty.companies.load(
        CASES / "gaps.csv",
        mapping={"Revenue": ("annualRevenue", money)},
        gaps=["NULL", "\\N", "#N/A", "NaN", "nan"],
    )
    assert (report.loaded, list(report.rejects)) == (3, [])
    for company in (await companies(twenty)).values():
        assert not (company.address and company.address.address_city)
        assert revenue(company) == (None, None)


@pytest.mark.parametrize(("name", "loaded"), [("companies.json", 2), ("companies.csv.gz", 1)])
async def test_files_that_load_as_they_are(twenty: Twenty, name: str, loaded: int) -> None:
    assert (await twenty.companies.load(CASES / name)).loaded == loaded
    assert "Nordwind" in await companies(twenty)


async def test_hubspot(twenty: Twenty) -> None:
    member = await owner(twenty)
    report = await twenty.companies.load(CASES / "hubspot_companies.csv", preset="hubspot")
    assert (report.loaded, list(report.rejects)) == (1, [])
    company = (await companies(twenty))["Nordwind"]
    assert company.domain_name.primary_link_url == "https://nordwind.example"
    assert company.account_owner_id == member.id
    assert revenue(company)[0] == Decimal("1250000.50")
    assert (company.address.address_city, company.address.address_country) == ("Berlin", "Germany")
    assert company.created_at.isoformat() == "2024-02-27T10:00:00+00:00"
    assert left_out(report) >= {"Record ID", "Phone Number", "Last Activity Date"}
    report = await twenty.people.load(CASES / "hubspot_contacts.csv", preset="hubspot")
    assert (report.loaded, list(report.rejects)) == (2, [])
    ada = (await people(twenty))["Ada"]
    assert ada.company_id == company.id
    assert ada.emails.additional_emails == ["ada.falk@home.example", "a.f@nordwind.example"]
    assert (ada.phones.primary_phone_number, ada.phones.primary_phone_country_code) == ("301234567", "DE")
    assert ada.job_title == "CTO"


def left_out(report: LoadReport) -> set[str]:
    (note,) = [note for note in report.notes if note.startswith("left out: ")]
    return {name.strip("'") for name in note.removeprefix("left out: ").split(", ")}


async def test_the_id_of_the_other_system_is_kept_where_a_field_is_named_for_it(twenty: Twenty) -> None:
    await owner(twenty)
    await twenty.workspace.create_field("company", "hubspotId", "TEXT", is_unique=True)
    endpoint = twenty.endpoint("graphql")
    path = CASES / "hubspot_companies.csv"
    for _ in range(2):
        served = Target.named(endpoint, await serve_catalogue(endpoint), "companies")
        report = await bulk.load(
            served, path, preset="hubspot", mapping={"Record ID": "hubspotId"}, key="Record ID", upsert=True
        )
        assert (report.loaded, list(report.rejects)) == (1, [])
    answer = await twenty.execute("{ companies { edges { node { name hubspotId } } } }")
    assert [edge["node"] for edge in answer["companies"]["edges"]] == [{"name": "Nordwind", "hubspotId": "9001"}]


async def test_salesforce(twenty: Twenty) -> None:
    member = await owner(twenty)
    report = await twenty.companies.load(
        CASES / "salesforce_accounts.csv",
        preset="salesforce",
        mapping={"Annual Revenue": ("annualRevenue", money(currency="CHF"))},
    )
    assert (report.loaded, list(report.rejects)) == (1, [])
    company = (await companies(twenty))["Hafen AG"]
    assert company.domain_name.primary_link_url == "https://www.hafen.example"
    assert company.account_owner_id == member.id
    assert revenue(company) == (Decimal(2_000_000), "CHF")
    address = company.address
    assert (address.address_street_1, address.address_city, address.address_state) == ("Quai 1", "Zürich", "ZH")
    assert (address.address_postcode, address.address_country) == ("8001", "Switzerland")
    assert left_out(report) == {"Account ID", "Phone"}


async def test_pipedrive(twenty: Twenty) -> None:
    report = await twenty.opportunities.load(
        CASES / "pipedrive_deals.csv",
        preset="pipedrive",
        mapping={"Deal - Stage": ("stage", lookup({"Proposal made": "PROPOSAL"}))},
        create_missing=True,
    )
    assert (report.loaded, list(report.rejects)) == (1, [])
    assert report.created == {"Company": 1, "Person": 1}
    deal = (await deals(twenty))["Nordwind renewal"]
    assert (Decimal(deal.amount.amount_micros) / 1_000_000, deal.amount.currency_code) == (Decimal("12500.75"), "EUR")
    assert deal.stage == "PROPOSAL"
    assert deal.close_date.date().isoformat() == "2025-12-31"
    assert deal.company_id == (await companies(twenty))["Nordwind"].id
    ada = (await people(twenty))["Ada"]
    assert (deal.point_of_contact_id, ada.name.last_name) == (ada.id, "Falk")
    assert left_out(report) == {"Deal - ID", "Deal - Owner"}


async def test_apollo(twenty: Twenty) -> None:
    report = await twenty.people.load(CASES / "apollo_contacts.csv", preset="apollo", create_missing=True)
    assert (report.loaded, list(report.rejects)) == (1, [])
    ada = (await people(twenty))["Ada"]
    assert (ada.phones.primary_phone_number, ada.phones.primary_phone_calling_code) == ("1701234567", "+49")
    assert ada.linkedin_link.primary_link_url == "http://www.linkedin.com/in/ada-f"
    company = (await companies(twenty))["Nordwind"]
    assert company.domain_name.primary_link_url == "https://nordwind.example"
    assert ada.company_id == company.id


async def test_google_contacts(twenty: Twenty) -> None:
    report = await twenty.people.load(CASES / "google_contacts.csv", preset="google-contacts", create_missing=True)
    assert (report.loaded, list(report.rejects)) == (1, [])
    ada = (await people(twenty))["Ada"]
    assert (ada.emails.primary_email, ada.emails.additional_emails) == (
        "ada@nordwind.example",
        ["ada.falk@home.example"],
    )
    assert (ada.phones.primary_phone_number, ada.job_title) == ("1701234567", "CTO")
    assert left_out(report) >= {"Middle Name", "Labels", "E-mail 1 - Label", "Phone 1 - Label"}


async def test_outlook(twenty: Twenty) -> None:
    report = await twenty.people.load(CASES / "outlook_contacts.csv", preset="outlook", create_missing=True)
    assert (report.loaded, list(report.rejects)) == (1, [])
    ada = (await people(twenty))["Ada"]
    assert ada.phones.primary_phone_number == "301234567"
    assert len(ada.phones.additional_phones) == 1
    assert ada.emails.additional_emails == ["ada.falk@home.example"]
    assert ada.company_id == (await companies(twenty))["Nordwind"].id


def test_the_cases_are_all_here() -> None:
    text = Path(__file__).read_text("utf-8")
    assert [path.name for path in CASES.iterdir() if path.suffix != ".md" and path.name not in text] == []
