"""Load a CSV file of customers: companies first, then their people: `python -m examples.load_csv customers.csv`

The file has the columns company, website, country, first name, last name, email. Run it again after a failure, or with
more rows: it creates every company and person once. Rejected rows are written to rejects.csv, to be corrected.
"""

from __future__ import annotations

import asyncio
import csv
import sys
from pathlib import Path

from aiotwenty import LoadReport, Twenty

COMPANY = {"company": "name", "website": "domainName.primaryLinkUrl", "country": "address.addressCountry"}
PERSON = {
    "first name": "name.firstName",
    "last name": "name.lastName",
    "email": "emails.primaryEmail",
    "website": "company.domainName.primaryLinkUrl",
}


async def load(twenty: Twenty, customers: Path, rejects: Path) -> list[LoadReport]:
    """Returns two reports: of the companies, and of the people."""
    with customers.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    # A company is on the line of each of its people.
    once = {row["website"]: {column: row[column] for column in COMPANY} for row in rows if row["website"]}
    companies = await twenty.companies.load(once.values(), mapping=COMPANY, key="website", upsert=True)
    people = [{column: row[column] for column in PERSON} for row in rows]
    persons = await twenty.people.load(people, mapping=PERSON, key="email", upsert=True, rejects=rejects)
    return [companies, persons]


async def main(customers: Path) -> int:
    rejects = customers.with_name("rejects.csv")
    async with Twenty() as twenty:
        reports = await load(twenty, customers, rejects)
    for name, report in zip(("companies", "people"), reports, strict=True):
        sys.stdout.write(f"{name}: {report.loaded} of {report.received} loaded, {report.rejected} rejected\n")
        for reject in report.rejects:
            sys.stderr.write(f"  row {reject.row}: {reject.message}\n")
    return 4 if any(report.rejected for report in reports) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
