"""REST and GraphQL give the same records, and take the same."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from aiotwenty import Select, Twenty
from aiotwenty.core import Company, Person
from aiotwenty.errors import DuplicateRecord, InvalidArgument, InvalidInput, NotFoundError

FILTERS: dict[str, Any] = {
    "equal": {"name": {"eq": "{tag} 1"}},
    "not equal": {"name": {"neq": "{tag} 1"}},
    "among": {"name": {"in": ["{tag} 1", "{tag} 2"]}},
    "like": {"name": {"like": "%1"}},
    "like in any case": {"name": {"ilike": "%ODD%"}},
    "beginning": {"name": {"starts_with": "{tag} o"}},
    "ending": {"name": {"ends_with": "2"}},
    "quotes, commas and brackets": {"name": {"eq": '{tag} odd, "x" (y)[z]'}},
    "an apostrophe": {"name": {"in": ["{tag} it's", "{tag} 2"]}},
    "greater": {"annual_revenue": {"amount_micros": {"gte": 2_000_000}}},
    "both": {"annual_revenue": {"amount_micros": {"gt": 1, "lt": 2_000_000}}},
    "empty": {"annual_revenue": {"amount_micros": {"is": "NULL"}}},
    "a part of a composite": {"address": {"address_city": {"eq": "New York"}}},
    "either": {"or": [{"name": {"eq": "{tag} 1"}}, {"address": {"address_city": {"eq": "New York"}}}]},
    "neither": {"not": {"or": [{"name": {"eq": "{tag} 1"}}, {"name": {"eq": "{tag} 2"}}]}},
    "nested": {
        "and": [{"or": [{"name": {"like": "%1"}}, {"name": {"like": "%2"}}]}, {"not": {"name": {"like": "%1"}}}]
    },
    "since": {"created_at": {"gte": "2020-01-01T00:00:00Z"}},
}


def filled(value: Any, tag: str) -> Any:
    """The filter for the companies of one test."""
    if isinstance(value, dict):
        return {name: filled(part, tag) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, tag) for part in value]
    return value.replace("{tag}", tag) if isinstance(value, str) else value


async def companies(twenty: Twenty, tag: str) -> list[Company]:
    city: Any = {"address_city": "New York"}
    return await twenty.rest.create_many(
        twenty.companies,
        [
            {"name": f"{tag} 1", "annual_revenue": {"amount_micros": 1_000_000, "currency_code": "EUR"}},
            {"name": f"{tag} 2", "annual_revenue": {"amount_micros": 2_000_000, "currency_code": "EUR"}},
            {"name": f'{tag} odd, "x" (y)[z]', "address": city},
            {"name": f"{tag} it's"},
        ],
    )


async def test_what_one_writes_the_other_reads(twenty: Twenty, tag: str) -> None:
    made = await companies(twenty, tag)
    assert [record.name for record in made][:2] == [f"{tag} 1", f"{tag} 2"]
    by_id = {"id": {"in": [record.id for record in made]}}
    over_rest = (await twenty.rest.find_many("companies", filter=by_id)).records
    over_graphql = (await twenty.companies.find_many(filter=by_id)).records  # type: ignore[call-overload]
    assert over_rest == over_graphql
    assert await twenty.rest.find_one(Company, made[0].id) == await twenty.companies.find_one(made[0].id)


async def test_filters_mean_the_same(twenty: Twenty, tag: str) -> None:
    await companies(twenty, tag)
    for what, given in FILTERS.items():
        only = {"and": [{"name": {"like": f"{tag}%"}}, filled(given, tag)]}
        over_rest = (await twenty.rest.find_many(Company, filter=only)).records
        over_graphql = (await twenty.companies.find_many(filter=only)).records  # type: ignore[call-overload]
        assert over_rest == over_graphql, what
        assert 0 < len(over_rest) < 5, what


async def test_orders_mean_the_same(twenty: Twenty, tag: str) -> None:
    await companies(twenty, tag)
    only: Any = {"name": {"like": f"{tag}%"}}
    orders: list[Any] = [
        {"name": "DescNullsLast"},
        [{"address": {"address_city": "AscNullsLast"}}, {"name": "AscNullsFirst"}],
    ]
    for order in orders:
        over_rest = await twenty.rest.find_many(Company, filter=only, order_by=order, limit=3)
        over_graphql = await twenty.companies.find_many(filter=only, order_by=order, first=3)
        assert over_rest.records == over_graphql.records
        assert over_rest.total_count == over_graphql.total_count == 4


async def test_every_type_of_field_is_the_same(crm: Any, records: Any, make: Any) -> None:
    made = await crm.rest.create_one(
        records,
        make(
            note="a, b",
            ratio=1.5,
            big=2**40,
            flag=True,
            day="2026-01-31",
            moment="2026-01-31T09:00:00Z",
            stage="TWO",
            tags=["ONE", "TWO"],
            stars="RATING_3",
            amount={"amount_micros": 1_500_000, "currency_code": "EUR"},
            site={"primary_link_url": "https://a.example"},
            mail={"primary_email": "a@b.example"},
            phone={"primary_phone_number": "+33612345678"},
            place={"address_city": "Oslo"},
            person={"first_name": "Ana"},
            extra={"a": [1, {"b": None}]},
            words=["x", "y"],
            key=uuid.uuid4(),
        ),
    )
    assert made == await records.find_one(made.id) == await crm.rest.find_one(records, made.id)
    conditions: list[dict[str, Any]] = [
        *({name: {"eq": getattr(made, name)}} for name in ("ratio", "big", "flag", "day", "moment", "stage", "key")),
        {"stage": {"in": ["ONE", "TWO"]}},
        {"stars": {"is": "NOT_NULL"}},
        {"tags": {"contains_any": ["TWO"]}},
        {"tags": {"is_empty_array": False}},
        {"words": {"contains_ilike": "%X%"}},
        {"extra": {"like": "%null%"}},
        {"ratio": {"gt": 1, "lte": 1.5}},
        {"moment": {"gt": "2026-01-31T08:59:59Z", "lt": "2026-01-31T09:00:01Z"}},
        {"mail": {"primary_email": {"like": "%b.example"}}},
        {"phone": {"primary_phone_calling_code": {"eq": "+33"}}},
        {"not": {"person": {"first_name": {"eq": "Bo"}}}},
    ]
    for condition in conditions:
        only = {"and": [condition, {"id": {"eq": made.id}}]}
        assert (await crm.rest.find_many(records, filter=only)).records == [made], condition


async def test_an_update_keeps_what_it_does_not_say(twenty: Twenty, tag: str) -> None:
    address = uuid.uuid4().hex
    data: Any = {
        "name": {"first_name": tag, "last_name": "x"},
        "emails": {"primary_email": f"{address}@a.example", "additional_emails": [f"{address}@b.example"]},
        "linkedin_link": {"primary_link_url": f"https://a.example/{address}", "primary_link_label": "A"},
    }
    made = await twenty.rest.create_one(Person, data)
    changed = await twenty.rest.update_one("people", made.id, {"linkedin_link": {"primary_link_label": "B"}})
    assert changed.linkedin_link.primary_link_url == f"https://a.example/{address}"
    assert (changed.linkedin_link.primary_link_label, changed.emails) == ("B", made.emails)


async def test_deleting_restoring_and_destroying(twenty: Twenty, tag: str) -> None:
    made = await twenty.rest.create_one("companies", {"name": tag})
    assert (await twenty.rest.delete_one(Company, made.id)).deleted_at is not None
    with pytest.raises(NotFoundError):
        await twenty.rest.find_one(Company, made.id)
    assert (await twenty.rest.restore(Company, made.id)).deleted_at is None
    assert await twenty.rest.destroy_one(Company, made.id) == made.id
    with pytest.raises(NotFoundError):
        await twenty.rest.restore(Company, made.id)


async def test_many_are_changed_by_a_filter_and_never_by_none(twenty: Twenty, tag: str) -> None:
    made = await companies(twenty, tag)
    only = {"name": {"like": f"{tag}%"}}
    changed = await twenty.rest.update_many(Company, {"position": 7}, only)
    assert {record.id for record in changed} == {record.id for record in made}
    for refused in list[Any](({}, {"and": []}, {"name": {"like": "%"}})):
        with pytest.raises(InvalidArgument, match="every record"):
            await twenty.rest.update_many(Company, {"name": "x"}, refused)
        with pytest.raises(InvalidArgument, match="every record"):
            await twenty.rest.destroy_many(Company, refused)
    gone = await twenty.rest.destroy_many(Company, only)
    assert set(gone) == {record.id for record in made}


async def test_groups_are_the_same(twenty: Twenty, tag: str) -> None:
    await companies(twenty, tag)
    only: Any = {"name": {"like": f"{tag}%"}}
    by: Any = {"address": {"address_city": True}}
    over_rest = await twenty.rest.group_by(twenty.companies, by, filter=only)
    over_graphql = await twenty.companies.group_by(by, filter=only)

    def key(group: Any) -> str:
        return str(group.values)

    assert sorted(over_rest, key=key) == sorted(over_graphql, key=key)
    assert sorted(group.total_count or 0 for group in over_rest) == [1, 3]


async def test_duplicates_are_found_and_merged(twenty: Twenty, tag: str) -> None:
    made = await twenty.rest.create_many("people", [{"name": {"first_name": tag, "last_name": "Duplicate"}}] * 2)
    [found] = await twenty.rest.find_duplicates(Person, ids=[made[0].id])
    assert [record.id for record in found.records] == [made[1].id]
    merged = await twenty.rest.merge(Person, [record.id for record in made])
    assert merged.id == made[0].id
    assert await twenty.people.find_by_ids([record.id for record in made]) == [merged, None]


async def test_related_records_come_along_when_they_are_asked_for(twenty: Twenty, tag: str) -> None:
    class Colleague(Select[Person]):
        job_title: str | None

    class Card(Select[Company]):
        name: str | None
        people: list[Colleague]

    made = await twenty.rest.create_one(Company, {"name": tag})
    await twenty.rest.create_many(
        "people", [{"name": {"first_name": tag}, "company_id": made.id, "job_title": str(n)} for n in range(70)]
    )
    whole: Any = await twenty.rest.find_one("companies", made.id, depth=1)
    assert len({person.id for person in whole.people}) == 70
    assert isinstance(whole, Company)
    person: Any = (
        await twenty.rest.find_many(Person, filter={"company_id": {"eq": made.id}}, limit=1, depth=1)
    ).records[0]
    assert person.company == made
    card: Any = await twenty.rest.find_one(Card, made.id)
    assert (card.name, {each.job_title for each in card.people}) == (tag, {str(n) for n in range(70)})


async def test_refusals_are_the_same(twenty: Twenty, tag: str) -> None:
    url = f"https://{uuid.uuid4().hex}.example"
    made = await twenty.rest.create_one(Company, {"name": tag, "domain_name": {"primary_link_url": url}})
    with pytest.raises(DuplicateRecord) as twice:
        await twenty.rest.create_one(Company, {"name": tag, "domain_name": {"primary_link_url": url}})
    assert twice.value.conflicting_id == str(made.id)
    with pytest.raises(NotFoundError):
        await twenty.rest.update_one(Company, uuid.uuid4(), {"name": "x"})
    with pytest.raises(InvalidArgument, match="nme"):
        await twenty.rest.create_one("companies", {"nme": tag})


async def test_the_data_model_is_the_same(twenty: Twenty) -> None:
    over_graphql = {one.id: one for one in await twenty.workspace.objects()}
    over_rest = await twenty.rest.objects()
    assert {one.id for one in over_rest} == set(over_graphql)
    for one in over_rest:
        theirs = over_graphql[one.id]
        assert (one.name_singular, one.name_plural) == (theirs.name_singular, theirs.name_plural)
        assert {field.name: field.type for field in one.fields} == {field.name: field.type for field in theirs.fields}
    company = await twenty.rest.object("companies")
    assert (await twenty.rest.object(company.id)).name_singular == "company"
    name = await twenty.rest.field("company.name")
    assert (await twenty.rest.field(name.id)).type == "TEXT"
    assert (await twenty.rest.picklists("opportunity"))["opportunity"]["stage"] == await twenty.workspace.picklist(
        "opportunity", "stage"
    )
    with pytest.raises(NotFoundError, match="did you mean 'company'"):
        await twenty.rest.object("compny")


async def test_what_the_documentation_names_and_the_server_lacks_says_what_does_it(twenty: Twenty, tag: str) -> None:
    with pytest.raises(InvalidInput, match=r"twenty\.rest\.picklists\(\)"):
        await twenty.rest.get("metadata/picklists")
    with pytest.raises(InvalidInput, match=r"twenty\.rest\.object\('company'\)"):
        await twenty.rest.get("/rest/metadata/objects/company")
    made = await twenty.rest.create_one(Company, {"name": tag})
    with pytest.raises(InvalidInput, match=r"twenty\.rest\.restore\('companies'"):
        await twenty.rest.patch(f"restore/companies/{made.id}", {})
