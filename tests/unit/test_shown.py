"""What is printed of records, pages and reports, and what notebooks show of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiotwenty import ConfigurationError, LoadReport, Page, Reject, Select, Twenty
from aiotwenty.bulk import ExportReport
from aiotwenty.core import Company

AIR = Company.model_validate(
    {
        "id": "47d0c86d-e5df-4a98-a784-3aeb87969ebf",
        "name": "<b>Air</b>",
        "accountOwnerId": None,
        "address": {
            "addressCity": "Oslo", "addressCountry": "", "addressLat": None, "addressLng": None,
            "addressPostcode": "", "addressState": "", "addressStreet1": "", "addressStreet2": "",
        },
        "annualRevenue": {"amountMicros": None, "currencyCode": None},
        "domainName": {"primaryLinkLabel": "", "primaryLinkUrl": "https://air.example", "secondaryLinks": []},
        "linkedinLink": {"primaryLinkLabel": "", "primaryLinkUrl": "", "secondaryLinks": []},
        "position": 0,
        "createdAt": "2026-01-01T00:00:00Z",
        "createdBy": {"source": "API", "name": "x", "workspaceMemberId": None, "context": None},
        "updatedAt": "2026-01-01T00:00:00Z",
        "updatedBy": {"source": "API", "name": "x", "workspaceMemberId": None, "context": None},
        "deletedAt": None,
    }
)  # fmt: skip
SHOWN = (
    "Company(id=UUID('47d0c86d-e5df-4a98-a784-3aeb87969ebf'), name='<b>Air</b>', address=Address(address_city='Oslo'), "
    "domain_name=Links(primary_link_url='https://air.example'))"
)


def plain(html: str) -> str:
    return re.sub(r' style="[^"]*"', "", html)


class When(Select[Company]):
    created_at: object


def test_a_record_prints_what_it_has_of_its_own() -> None:
    assert repr(AIR) == SHOWN
    assert "position" in AIR.model_dump()


def test_what_was_asked_for_by_name_is_printed() -> None:
    assert "created_at" in repr(When.model_validate({"createdAt": "2026-01-01"}))


def test_a_page_prints_its_records_and_how_many_there_are() -> None:
    page = Page[Company].model_validate({"edges": [{"node": AIR}], "totalCount": 12})
    assert repr(page) == f"Page[Company]([{SHOWN}], total_count=12, has_next_page=False)"
    html = plain(page._repr_html_())
    assert html.startswith("<table><caption>1 of 12 records</caption>")
    assert "&lt;b&gt;Air&lt;/b&gt;" in html
    assert "<b>Air" not in html
    assert html.count("<th>") == 4


def test_records_and_reports_are_tables_in_a_notebook() -> None:
    assert "<td>name</td><td>&lt;b&gt;Air&lt;/b&gt;</td>" in plain(AIR._repr_html_())
    report = LoadReport(received=2, loaded=1, rejected=1, rejects=[Reject(2, {}, "INVALID", "name: <missing>")])
    assert "<td>INVALID</td><td>name: &lt;missing&gt;</td>" in plain(report._repr_html_())
    assert "<td>records</td><td>3</td>" in plain(ExportReport(Path("x.csv"), 3, 10, 1, 0.1)._repr_html_())


def test_a_notebook_shows_the_readers_lines_of_a_traceback() -> None:
    def mine() -> None:
        Twenty("nonsense")

    with pytest.raises(ConfigurationError) as caught:
        mine()
    lines = caught.value._render_traceback_()
    assert lines[0] == "Traceback (most recent call last):"
    assert any("in mine" in line for line in lines)
    assert not any("settings.py" in line for line in lines)
    assert "is not a base URL" in lines[-2]
    assert lines[-1].endswith("internal frames hidden; all: traceback.print_exception(sys.last_value))")
