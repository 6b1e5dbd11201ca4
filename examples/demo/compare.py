"""Checks that the server returns the rows of the CSV files: every row once, every value unchanged."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from aiotwenty.core import Company, Person


def companies(path: Path, records: Sequence[Company]) -> int:
    """The number of values compared; stops the demo at the first difference."""
    return _compare(path, "Website", (_company_row(company) for company in records))


def people(path: Path, records: Sequence[Person], companies: Iterable[Company]) -> int:
    """The same for people, each with the website of the company that it is connected to."""
    websites = {company.id: company.domain_name.primary_link_url for company in companies if company.domain_name}
    return _compare(
        path,
        "Email",
        (_person_row(person, (websites[person.company_id] if person.company_id else None) or "") for person in records),
    )


def _compare(path: Path, key: str, found: Iterable[dict[str, str]]) -> int:
    values = 0
    with path.open(encoding="utf-8", newline="") as file:
        expected = {row[key]: row for row in csv.DictReader(file)}
    times: Counter[str] = Counter()
    for row in found:
        times[row[key]] += 1
        if row != expected.get(row[key]):
            raise SystemExit(f"{path.name}: {row} came back for {expected.get(row[key])}")
        values += len(row)
    if set(times) != set(expected) or times.total() != len(expected):
        raise SystemExit(f"{path.name}: {times.total()} records came back for {len(expected)} rows")
    return values


def _company_row(company: Company) -> dict[str, str]:
    address, revenue = company.address, company.annual_revenue
    return {
        "Name": company.name or "",
        "Website": (company.domain_name.primary_link_url if company.domain_name else None) or "",
        "Street": (address.address_street_1 if address else None) or "",
        "City": (address.address_city if address else None) or "",
        "Country": (address.address_country if address else None) or "",
        "LinkedIn": (company.linkedin_link.primary_link_url if company.linkedin_link else None) or "",
        "Annual revenue": str(Decimal(revenue.amount_micros) // 1_000_000) if revenue and revenue.amount_micros else "",
    }


def _person_row(person: Person, website: str) -> dict[str, str]:
    return {
        "First name": (person.name.first_name if person.name else None) or "",
        "Last name": (person.name.last_name if person.name else None) or "",
        "Email": (person.emails.primary_email if person.emails else None) or "",
        "Job title": person.job_title or "",
        "LinkedIn": (person.linkedin_link.primary_link_url if person.linkedin_link else None) or "",
        "Company website": website,
    }
