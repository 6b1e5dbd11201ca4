"""Fifteen selections that type checkers accept, and what they know of the results."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar, assert_type
from uuid import UUID

from pydantic import Field, computed_field, field_validator

from aiotwenty import Aggregate, Page, Select, Twenty
from aiotwenty.core import (
    Actor,
    Address,
    Company,
    Currency,
    Emails,
    FullName,
    Links,
    Note,
    NoteTarget,
    Opportunity,
    OpportunityStageEnum,
    Person,
    Phones,
    Task,
    WorkspaceMember,
)


class Owner(Select[WorkspaceMember]):  # 1: a composite
    name: FullName


class Colleague(Select[Person]):  # 2: texts, e-mails, phones
    name: FullName
    job_title: str | None
    emails: Emails
    phones: Phones


class City(Select[Address]):  # 3: a part of a composite, under a name of one's own
    city: str | None = Field(validation_alias="addressCity")


class CompanyCard(Select[Company]):  # 4: to one, to many
    id: UUID
    name: str | None
    address: City
    domain_name: Links
    account_owner: Owner | None
    people: list[Colleague]


class PersonAndCompany(Person):  # 5: all fields of a record, and one more
    company: Company | None


class Deal(Select[Opportunity]):  # 6: money, options, times, numbers
    name: str = "nameless"
    amount: Currency
    stage: OpportunityStageEnum | str
    close_date: datetime | None
    position: Decimal
    created_by: Actor


class Target(Select[NoteTarget]):  # 7: one of several types
    target: Company | Person | Opportunity | None


class NoteCard(Select[Note]):  # 8: many to many
    title: str | None
    targets: list[Company | Person | Opportunity]


class CompanyNotes(Select[Company]):  # 9: nested
    notes: list[NoteCard]


class Listed(Select[Company]):  # 10: computed
    name: str = ""
    people: list[Colleague]

    @field_validator("people")
    @classmethod
    def by_title(cls, people: list[Colleague]) -> list[Colleague]:
        return sorted(people, key=lambda person: person.job_title or "")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def headcount(self) -> int:
        return len(self.people)


class ListedAndOwned(Listed):  # 11: subclassed
    account_owner: Owner | None


T = TypeVar("T", bound=Select[Person])


class CompanyOf(Select[Company], Generic[T]):  # 12: generic
    people: list[T]


class Totals(Aggregate[Opportunity]):  # 13: totals
    total_count: int
    sum_amount_amount_micros: Decimal | None


class Status(StrEnum):
    TODO = "TODO"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"


class TaskCard(Select[Task]):  # 14: an enum of one's own, a list of lists' owner
    status: Status | None
    assignee: Owner | None


class Later(Select[Company]):  # 15: forward references
    people: list[Sooner]


class Sooner(Select[Person]):
    job_title: str | None


async def program(twenty: Twenty) -> None:
    companies = twenty.companies
    page = await companies.find_many(select=CompanyCard, first=60)
    assert_type(page, Page[CompanyCard])
    assert_type(page.records[0].account_owner, Owner | None)
    assert_type(page.records[0].people[0].emails.primary_email, str | None)
    assert_type(page.records[0].address.city, str | None)
    assert_type((await twenty.people.find_many(select=PersonAndCompany)).records[0].company, Company | None)
    async for deal in twenty.opportunities.iterate(select=Deal):
        assert_type(deal.amount.currency_code, str | None)
        assert_type(deal.position, Decimal)
    target = await twenty.note_targets.find_one(filter={"note_id": {"is": "NOT_NULL"}}, select=Target)
    assert_type(target.target, Company | Person | Opportunity | None)
    notes = (await companies.find_one("…", select=CompanyNotes)).notes
    assert_type(notes[0].targets, list[Company | Person | Opportunity])
    assert_type(await companies.find_by_ids(["…"], select=ListedAndOwned), list[ListedAndOwned | None])
    assert_type(await companies.find_by_ids(["…"]), list[Company | None])
    assert_type(await companies.create_one({"name": "a"}, select=Listed), Listed)
    assert_type(await companies.create_many([{"name": "a"}], select=Listed), list[Listed])
    assert_type((await companies.update_one("…", {"name": "a"}, select=Listed)).headcount, int)
    assert_type(await companies.update_many({"name": "a"}, all_records=True, select=Listed), list[Listed])
    assert_type(await companies.delete_one("…", select=Listed), Listed)
    assert_type(await companies.restore_many({"name": {"eq": "a"}}, select=Listed), list[Listed])
    assert_type(await companies.destroy_one("…"), Company)
    assert_type(await companies.find_duplicates(ids=["…"], select=Listed), list[Page[Listed]])
    assert_type(await companies.merge_many(["…", "…"], select=Listed), Listed)
    assert_type((await companies.find_one("…", select=CompanyOf[Colleague])).people, list[Colleague])
    assert_type((await twenty.tasks.find_one("…", select=TaskCard)).status, Status | None)
    assert_type((await companies.find_one("…", select=Later)).people[0].job_title, str | None)
    assert_type((await twenty.opportunities.aggregate(Totals)).total_count, int)
