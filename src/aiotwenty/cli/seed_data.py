"""`aiotwenty sandbox --seed-data`: companies, their people and deals, notes and tasks, like those of a CRM.

The same number and seed give the same records, ids included. Names and addresses are Faker's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any
from uuid import UUID

from aiotwenty.client import Client
from aiotwenty.errors import ConfigurationError

Row = dict[str, Any]

SHARES = {"companies": 0.15, "people": 0.5, "opportunities": 0.15, "notes": 0.1, "tasks": 0.1}
"""The share of each object in the records."""
_STAGES = ("NEW", "SCREENING", "MEETING", "PROPOSAL", "CUSTOMER")
_STATUSES = ("TODO", "IN_PROGRESS", "DONE")
_LOCALES = ["en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "pt_PT", "nl_NL", "pl_PL"]
"""Not it_IT: Faker chooses its cities from a set, whose order differs between processes."""


class SeedData:
    """The rows of each object, determined by the number of records and the seed."""

    def __init__(self, records: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._faker: Any = _faker()(_LOCALES)
        self._faker.seed_instance(seed)
        self.counts = {name: round(records * share) for name, share in SHARES.items()}
        self.counts["people"] += records - sum(self.counts.values())
        self._companies = [self._id() for _ in range(self.counts["companies"])]
        self._people = [self._id() for _ in range(self.counts["people"])]

    def rows(self) -> Iterator[tuple[str, Iterator[Row]]]:
        """The rows of each object, beginning with objects that others refer to."""
        makers = {
            "companies": map(self._company, enumerate(self._companies)),
            "people": map(self._person, enumerate(self._people)),
            "opportunities": map(self._opportunity, range(self.counts["opportunities"])),
            "notes": map(self._note, range(self.counts["notes"])),
            "tasks": map(self._task, range(self.counts["tasks"])),
        }
        yield from ((name, iter(rows)) for name, rows in makers.items())

    def _company(self, numbered: tuple[int, str]) -> Row:
        number, identity = numbered
        name = self._faker.company()
        host = f"{self._faker.domain_word()}-{number}.example"
        return {
            "id": identity,
            "name": name,
            "domainName": {"primaryLinkUrl": f"https://{host}"},
            "linkedinLink": {"primaryLinkUrl": f"https://www.linkedin.com/company/{host.removesuffix('.example')}"},
            "address": {
                "addressStreet1": self._faker.street_address(),
                "addressCity": self._faker.city(),
                "addressPostcode": self._faker.postcode(),
                "addressCountry": self._faker.current_country() if self._random.random() < 0.8 else "",
            },
            "annualRevenue": {"amountMicros": self._random.randrange(10**5, 10**8) * 10**6, "currencyCode": "EUR"},
            "employees": self._random.randrange(1, 5000),
        }

    def _person(self, numbered: tuple[int, str]) -> Row:
        number, identity = numbered
        first, last = self._faker.first_name(), self._faker.last_name()
        return {
            "id": identity,
            "name": {"firstName": first, "lastName": last},
            "emails": {"primaryEmail": f"{self._faker.user_name()}.{number}@mail.example"},
            "jobTitle": self._faker.job(),
            "companyId": self._one_of(self._companies),
        }

    def _opportunity(self, number: int) -> Row:
        month, day = self._random.randint(1, 12), self._random.randint(1, 28)
        return {
            "id": self._id(),
            "name": f"{self._faker.bs().capitalize()}",
            "amount": {"amountMicros": self._random.randrange(10**3, 10**6) * 10**6, "currencyCode": "EUR"},
            # Not counted from today, or tomorrow's data would be other data.
            "closeDate": f"{2026 + number % 2}-{month:02}-{day:02}T12:00:00Z",
            "stage": self._random.choice(_STAGES),
            "companyId": self._one_of(self._companies),
            "pointOfContactId": self._one_of(self._people),
        }

    def _note(self, number: int) -> Row:
        return {"id": self._id(), "title": self._faker.sentence(6), "bodyV2": {"markdown": self._faker.paragraph()}}

    def _task(self, number: int) -> Row:
        return {"id": self._id(), "title": self._faker.sentence(5), "status": self._random.choice(_STATUSES)}

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _one_of(self, ids: list[str]) -> str | None:
        return self._random.choice(ids) if ids else None


async def seed(client: Client, records: int, number: int) -> Mapping[str, int]:
    """Loads the data. Returns the number of records of each object. Fields that a server lacks are left out."""
    loaded: dict[str, int] = {}
    for name, rows in SeedData(records, number).rows():
        namespace = await client.object(name)
        fields = {info.alias for info in namespace.meta.model("create").model_fields.values()}
        report = await namespace.load({key: row[key] for key in row if key in fields} for row in rows)
        loaded[name] = report.loaded
    return loaded


def _faker() -> Any:
    try:
        return import_module("faker").Faker
    except ModuleNotFoundError:
        raise ConfigurationError("--seed-data needs Faker: pip install 'aiotwenty[tools]'.") from None
