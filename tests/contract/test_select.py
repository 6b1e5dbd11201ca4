"""A model is the query: what it asks for comes, complete, in as few requests as can be."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from pydantic import computed_field, field_validator

from aiotwenty import Hooks, NotFoundError, RequestEvent, Select, Twenty
from aiotwenty.core import (
    Company,
    CompanyFilterDict,
    CompanyUpdateDict,
    FullName,
    Links,
    Note,
    NoteTarget,
    NoteTargetCreateDict,
    Opportunity,
    Person,
    PersonCreateDict,
)
from tests.contract.conftest import Connection


class OnlyName(Select[Company]):
    name: str = ""


class FirstName(Select[FullName]):
    first_name: str = ""


class Colleague(Select[Person]):
    name: FirstName


class Site(Select[Links]):
    primary_link_url: str | None


class CompanyCard(Select[Company]):
    name: str = ""
    domain_name: Site
    people: list[Colleague]

    @field_validator("people")
    @classmethod
    def in_order(cls, people: list[Colleague]) -> list[Colleague]:
        return sorted(people, key=lambda person: person.name.first_name)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def headcount(self) -> int:
        return len(self.people)


class Employed(Select[Person]):
    name: FullName
    company: OnlyName | None


class PersonAndCompany(Person):
    company: Company | None


class OfPerson(Select[NoteTarget]):
    id: UUID
    note_id: UUID | None


class Noted(Select[Person]):
    id: UUID
    note_targets: list[OfPerson]


class CompanyWithNotes(Select[Company]):
    people: list[Noted]


class DealName(Select[Opportunity]):
    name: str = ""


class NoteAbout(Select[Note]):
    title: str = ""
    targets: list[OnlyName | Colleague | DealName]


class About(Select[NoteTarget]):
    target: OnlyName | Colleague | DealName | None


class NoteTitle(Select[Note]):
    title: str = ""


class CompanyNotes(Select[Company]):
    notes: list[NoteTitle]


class Counting:
    """A client, and the operations that it sends to /graphql: what it asks /metadata is not limited.

    What is sent again, since a live server refused it by its limit, counts once.
    """

    def __init__(self, connection: Connection) -> None:
        self.operations: Counter[str] = Counter()
        self.twenty: Twenty = connection.client(hooks=Hooks(on_request=self._count))

    def _count(self, event: RequestEvent) -> None:
        if event.url.endswith("/graphql") and event.attempt == 1:
            self.operations[event.operation] += 1


@pytest_asyncio.fixture(loop_scope="session")
async def counting(connection: Connection) -> AsyncIterator[Counting]:
    counting = Counting(connection)
    async with counting.twenty:
        yield counting


def person(tag: str, number: int, company: UUID) -> PersonCreateDict:
    return {"name": {"first_name": f"{tag} {number:04}"}, "company_id": company}


async def test_what_is_asked_for_comes_and_nothing_else(twenty: Twenty, tag: str) -> None:
    made = await twenty.companies.create_one(
        {"name": tag, "domain_name": {"primary_link_url": f"https://{tag[-12:]}.io"}}
    )
    read = await twenty.companies.find_one(made.id, select=CompanyCard)
    assert read == CompanyCard(name=tag, domain_name=Site(primary_link_url=f"https://{tag[-12:]}.io"), people=[])
    assert read.model_dump()["headcount"] == 0


async def test_sixty_people_with_their_company_are_one_request(counting: Counting, tag: str) -> None:
    company = await counting.twenty.companies.create_one({"name": tag})
    await counting.twenty.people.create_many([person(tag, number, company.id) for number in range(60)])
    counting.operations.clear()
    page = await counting.twenty.people.find_many(filter={"company_id": {"eq": company.id}}, select=Employed)
    assert [one.company for one in page.records] == [OnlyName(name=tag)] * 60
    assert counting.operations == {"FindManyPeople": 1}


async def test_a_list_that_the_server_cuts_is_complete(counting: Counting, tag: str) -> None:
    company = await counting.twenty.companies.create_one({"name": tag})
    for start in (0, 200):
        people = [person(tag, number, company.id) for number in range(start, start + 200)]
        await counting.twenty.people.create_many(people)
    counting.operations.clear()
    card = await counting.twenty.companies.find_one(company.id, select=CompanyCard)
    assert [one.name.first_name for one in card.people] == [f"{tag} {number:04}" for number in range(400)]
    assert card.headcount == 400
    assert counting.operations == {"FindOneCompany": 1, "RelatedPerson": 1}
    counting.operations.clear()
    walked = [one async for one in counting.twenty.companies.iterate(filter={"name": {"eq": tag}}, select=CompanyCard)]
    assert walked == [card]
    assert counting.operations == {"FindManyCompanies": 1, "RelatedPerson": 1}


async def test_related_records_that_were_deleted_are_not_there(twenty: Twenty, tag: str) -> None:
    company = await twenty.companies.create_one({"name": tag})
    people = await twenty.people.create_many([person(tag, number, company.id) for number in range(80)])
    await twenty.people.delete_many({"id": {"in": [one.id for one in people[:10]]}})
    card = await twenty.companies.find_one(company.id, select=CompanyCard)
    assert [one.name.first_name for one in card.people] == [f"{tag} {number:04}" for number in range(10, 80)]


async def test_writes_give_what_is_selected(twenty: Twenty, tag: str) -> None:
    companies = twenty.companies
    one = await companies.create_one({"name": f"{tag} a"}, select=OnlyName)
    many = await companies.create_many([{"name": f"{tag} {end}"} for end in "bcd"], select=OnlyName)
    assert [one, *many] == [OnlyName(name=f"{tag} {end}") for end in "abcd"]
    made = await companies.create_one({"name": tag})
    renamed = OnlyName(name=f"{tag} e")
    only: CompanyFilterDict = {"id": {"eq": made.id}}
    assert await companies.update_one(made.id, {"name": renamed.name}, select=OnlyName) == renamed
    assert await companies.update_many({"name": renamed.name}, only, select=OnlyName) == [renamed]
    a_part: CompanyUpdateDict = {"linkedin_link": {"primary_link_url": "https://linkedin.com/company/part"}}
    assert await companies.update_one(made.id, a_part, select=OnlyName) == renamed
    upserted = await companies.create_one({"id": made.id, "name": tag}, upsert=True, select=OnlyName)
    assert upserted == OnlyName(name=tag)
    again = await companies.create_many([{"id": made.id, "name": tag}], upsert=True, select=OnlyName)
    assert again == [OnlyName(name=tag)]
    assert await companies.delete_one(made.id, select=OnlyName) == upserted
    assert await companies.restore_one(made.id, select=OnlyName) == upserted
    assert await companies.delete_many(only, select=OnlyName) == [upserted]
    assert await companies.restore_many(only, select=OnlyName) == [upserted]
    assert await companies.destroy_one(made.id, select=OnlyName) == upserted


async def test_duplicates_and_merges_give_what_is_selected(twenty: Twenty, tag: str) -> None:
    left, right = await twenty.companies.create_many([{"name": tag}, {"name": tag}])
    (page,) = await twenty.companies.find_duplicates(ids=[left.id], select=OnlyName)
    assert page.records == [OnlyName(name=tag)]
    assert await twenty.companies.merge_many([left.id, right.id], select=OnlyName) == OnlyName(name=tag)


async def test_records_come_in_the_order_of_their_ids_none_where_there_is_none(counting: Counting, tag: str) -> None:
    made = await counting.twenty.companies.create_many([{"name": f"{tag} {number}"} for number in range(3)])
    nobody = uuid.uuid4()
    wanted: list[UUID | str] = [made[2].id, nobody, made[0].id, str(made[2].id)]
    counting.operations.clear()
    records = await counting.twenty.companies.find_by_ids(wanted, select=OnlyName)
    assert [record and record.name for record in records] == [f"{tag} 2", None, f"{tag} 0", f"{tag} 2"]
    assert [record and record.id for record in await counting.twenty.companies.find_by_ids(wanted)] == [
        made[2].id,
        None,
        made[0].id,
        made[2].id,
    ]
    assert counting.operations["FindManyCompanies"] == 2
    assert await counting.twenty.companies.find_by_ids([]) == []


async def test_two_hundred_ids_go_into_a_request(counting: Counting, tag: str) -> None:
    ids = [uuid.uuid4() for _ in range(450)]
    assert await counting.twenty.companies.find_by_ids(ids + ids) == [None] * 900
    assert counting.operations == {"FindManyCompanies": 3}


async def test_nothing_of_nobody_is_selected(twenty: Twenty) -> None:
    with pytest.raises(NotFoundError):
        await twenty.companies.find_one(uuid.uuid4(), select=CompanyCard)


class OfToday:
    """Objects that servers of 2025 have in another shape."""

    @pytest.fixture(autouse=True)
    def newer(self, server: str) -> None:
        if server == "strict sandbox":
            pytest.skip("notes are joined by other fields there")


class TestNotes(OfToday):
    async def test_a_list_within_a_list_is_read_level_by_level(self, counting: Counting, tag: str) -> None:
        twenty = counting.twenty
        company = await twenty.companies.create_one({"name": tag})
        people = await twenty.people.create_many([person(tag, number, company.id) for number in range(150)])
        note = await twenty.notes.create_one({"title": tag})
        rows: list[NoteTargetCreateDict] = [
            {"note_id": note.id, "target_person_id": each.id} for each in people for _ in range(70)
        ]
        for start in range(0, len(rows), 200):
            await twenty.note_targets.create_many(rows[start : start + 200])
        counting.operations.clear()
        read = await twenty.companies.find_one(company.id, select=CompanyWithNotes)
        # One for the company with the first people, one for all people, and one for each thousand of their targets.
        assert counting.operations == {"FindOneCompany": 1, "RelatedPerson": 1, "RelatedNoteTarget": 11}
        walked: dict[UUID, set[UUID]] = {each.id: set() for each in people}
        async for target in twenty.note_targets.iterate(filter={"note_id": {"eq": note.id}}):
            assert target.target_person_id is not None
            walked[target.target_person_id].add(target.id)
        assert {each.id: {target.id for target in each.note_targets} for each in read.people} == walked
        assert {len(each.note_targets) for each in read.people} == {70}
        about = await twenty.notes.find_one(note.id, select=NoteAbout)
        assert len(about.targets) == len(rows)
        await twenty.notes.destroy_one(note.id)

    async def test_what_is_of_several_types_has_the_model_of_its_own(self, twenty: Twenty, tag: str) -> None:
        company = await twenty.companies.create_one({"name": tag})
        someone = await twenty.people.create_one(person(tag, 1, company.id))
        note = await twenty.notes.create_one({"title": tag})
        await twenty.note_targets.create_many(
            [
                {"note_id": note.id, "target_company_id": company.id},
                {"note_id": note.id, "target_person_id": someone.id},
                {"note_id": note.id},
            ]
        )
        about = await twenty.notes.find_one(note.id, select=NoteAbout)
        expected = [OnlyName(name=tag), Colleague(name=FirstName(first_name=f"{tag} 0001"))]
        assert sorted(about.targets, key=repr) == sorted(expected, key=repr)
        page = await twenty.note_targets.find_many(filter={"note_id": {"eq": note.id}}, select=About)
        assert sorted((each.target for each in page.records), key=repr) == sorted([*expected, None], key=repr)
        of_company = await twenty.companies.find_one(company.id, select=CompanyNotes)
        assert of_company.notes == [NoteTitle(title=tag)]
        await twenty.notes.destroy_one(note.id)

    async def test_a_record_can_have_all_its_fields_and_more(self, twenty: Twenty, tag: str) -> None:
        company = await twenty.companies.create_one({"name": tag})
        someone = await twenty.people.create_one(person(tag, 1, company.id))
        read = await twenty.people.find_one(someone.id, select=PersonAndCompany)
        assert read.company is not None
        assert (read.id, read.company.id) == (someone.id, company.id)

    async def test_the_lists_of_a_deleted_record_are_as_the_server_shows_them(self, twenty: Twenty, tag: str) -> None:
        company = await twenty.companies.create_one({"name": tag})
        await twenty.people.create_many([person(tag, number, company.id) for number in range(70)])
        deleted = await twenty.companies.delete_one(company.id, select=CompanyCard)
        assert len(deleted.people) == 70
