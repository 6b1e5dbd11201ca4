"""What is not sent is not changed: random parts of random composite fields, by every write that there is."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiotwenty import AdditionalPhone, DuplicateRecord, InvalidArgument, Money, SecondaryLink, Twenty, bulk
from aiotwenty.core import Company, Person

Parts = dict[str, dict[str, Any]]

COMPANY: Parts = {
    "domain_name": {
        "primary_link_url": "https://{}.example",
        "primary_link_label": "label {}",
        "secondary_links": [{"url": "https://{}.example/more", "label": "more {}"}],
    },
    "annual_revenue": {"amount_micros": 1_000_000, "currency_code": "EUR"},
    "address": {"address_city": "city {}", "address_street_1": "street {}", "address_lat": 1.5},
}
PERSON: Parts = {
    "name": {"first_name": "first {}", "last_name": "last {}"},
    "emails": {"primary_email": "{}@one.example", "additional_emails": ["{}@two.example"]},
    "phones": {
        "primary_phone_number": "612345678",
        "primary_phone_country_code": "FR",
        "primary_phone_calling_code": "+33",
        "additional_phones": [{"number": "612345679", "country_code": "FR", "calling_code": "+33"}],
    },
    "linkedin_link": {
        "primary_link_url": "https://in.example/{}",
        "primary_link_label": "in {}",
        "secondary_links": [{"url": "https://x.example/{}", "label": "x {}"}],
    },
}
TOGETHER = ("primary_phone_number", "primary_phone_country_code", "primary_phone_calling_code")
"""The server derives these from one another: whoever changes one says all."""


def filled(value: Any, word: str) -> Any:
    if isinstance(value, str):
        return value.format(word)
    if isinstance(value, list):
        return [filled(item, word) for item in value]
    if isinstance(value, dict):
        return {name: filled(part, word) for name, part in value.items()}
    return value


def read(record: Company | Person, parts: Parts) -> Parts:
    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [item.model_dump() if isinstance(item, AdditionalPhone | SecondaryLink) else item for item in value]
        return value

    return {
        field: {part: plain(getattr(getattr(record, field), part)) for part in inner} for field, inner in parts.items()
    }


@st.composite
def some_parts(draw: st.DrawFn, parts: Parts) -> dict[str, list[str]]:
    """Fields, each with some of its parts: none of them, or a few, or all."""
    chosen = {}
    for field in draw(st.lists(st.sampled_from(sorted(parts)), min_size=1, unique=True)):
        names = draw(st.lists(st.sampled_from(sorted(parts[field])), unique=True))
        if set(names) & set(TOGETHER):
            names = [*(name for name in names if name not in TOGETHER), *TOGETHER]
        chosen[field] = names
    return chosen


Write = Callable[[Any, uuid.UUID, dict[str, Any]], Awaitable[Any]]


async def update_one(records: Any, id: uuid.UUID, data: dict[str, Any]) -> None:
    await records.update_one(id, data)


async def update_many(records: Any, id: uuid.UUID, data: dict[str, Any]) -> None:
    await records.update_many(data, {"id": {"eq": id}})


async def upsert_one(records: Any, id: uuid.UUID, data: dict[str, Any]) -> None:
    await records.create_one({"id": id, **data}, upsert=True)


async def upsert_many(records: Any, id: uuid.UUID, data: dict[str, Any]) -> None:
    await records.create_many([{"id": str(id).upper(), **data}], upsert=True)


async def load(records: Any, id: uuid.UUID, data: dict[str, Any]) -> None:
    report = await records.load([{"id": str(id), **data}], upsert=True)
    assert not report.rejects, report.rejects


async def bulk_update(records: Any, id: uuid.UUID, data: dict[str, Any]) -> None:
    report = await bulk.update(records, [{"id": str(id), **data}])
    assert not report.rejects, report.rejects


WRITES: list[Write] = [update_one, update_many, upsert_one, upsert_many, load, bulk_update]


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
@pytest.mark.parametrize("plural", ["companies", "people"])
@settings(
    max_examples=settings().max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_what_is_not_sent_reads_back_unchanged(
    twenty: Twenty, tag: str, plural: str, write: Write, data: st.DataObject
) -> None:
    parts = COMPANY if plural == "companies" else PERSON
    records: Any = getattr(twenty, plural)
    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    before = filled(parts, first)
    if plural == "companies":
        record = await records.create_one(before | {"name": tag})
    else:
        before["name"]["first_name"] = f"{tag} {first}"
        record = await records.create_one(before)
    assert read(record, parts) == before
    chosen = data.draw(some_parts(parts))
    sent = {field: {name: filled(parts[field][name], second) for name in names} for field, names in chosen.items()}
    if "first_name" in sent.get("name", {}):
        sent["name"]["first_name"] = f"{tag} {second}"
    await write(records, record.id, sent)
    assert read(await records.find_one(record.id), parts) == {
        field: {**before[field], **sent.get(field, {})} for field in parts
    }


async def test_an_upsert_that_finds_its_record_by_the_url_keeps_label_and_further_links(
    twenty: Twenty, tag: str
) -> None:
    before = filled(COMPANY, uuid.uuid4().hex)
    made = await twenty.companies.create_one(before | {"name": tag})
    url = before["domain_name"]["primary_link_url"]
    again = await twenty.companies.create_one(
        {"name": f"{tag} again", "domain_name": {"primary_link_url": url.replace("https", "HTTPS") + "/"}}, upsert=True
    )
    assert (again.id, again.name) == (made.id, f"{tag} again")
    assert read(again, COMPANY) == before


async def test_records_that_differ_in_what_is_kept_are_updated_each_with_its_own(twenty: Twenty, tag: str) -> None:
    words = [uuid.uuid4().hex for _ in range(3)]
    made = [await twenty.companies.create_one(filled(COMPANY, word) | {"name": tag}) for word in words]
    await twenty.companies.update_many({"domain_name": {"primary_link_label": "ours"}}, {"name": {"eq": tag}})
    for word, record in zip(words, made, strict=True):
        before = filled(COMPANY, word)
        before["domain_name"]["primary_link_label"] = "ours"
        assert read(await twenty.companies.find_one(record.id), COMPANY) == before


async def test_none_empties_a_whole_composite(twenty: Twenty, tag: str) -> None:
    made = await twenty.companies.create_one(filled(COMPANY, uuid.uuid4().hex) | {"name": tag})
    data: Any = {"domain_name": None, "annual_revenue": None, "address": None}
    company = await twenty.companies.update_one(made.id, data)
    assert read(company, COMPANY)["domain_name"] == {
        "primary_link_url": "",
        "primary_link_label": "",
        "secondary_links": [],
    }
    assert company.annual_revenue is None or company.annual_revenue.amount_micros is None
    assert company.address is None or (company.address.address_city, company.address.address_lat) == ("", None)
    word = uuid.uuid4().hex
    person = await twenty.people.create_one(filled(PERSON, word) | {"name": {"first_name": f"{tag} {word}"}})
    person = await twenty.people.update_one(person.id, {"emails": None, "phones": None})
    assert person.emails is not None
    assert person.phones is not None
    assert (person.emails.primary_email, person.emails.additional_emails) == ("", [])
    assert (person.phones.primary_phone_number, person.phones.additional_phones) == ("", [])


async def test_replace_makes_the_part_the_whole(twenty: Twenty, tag: str) -> None:
    word = uuid.uuid4().hex
    person = await twenty.people.create_one(filled(PERSON, word) | {"name": {"first_name": f"{tag} {word}"}})
    emails: Any = {"emails": {"primary_email": f"{word}@new.example"}}
    person = await twenty.people.update_one(person.id, emails, replace={"emails"})
    assert person.emails is not None
    assert (person.emails.primary_email, person.emails.additional_emails) == (f"{word}@new.example", [])
    with pytest.raises(InvalidArgument, match="replace"):
        await twenty.people.update_one(person.id, emails, replace={"jobTitle"})


async def test_money_is_an_amount_for_whatever_takes_a_currency(twenty: Twenty, tag: str) -> None:
    made = await twenty.companies.create_one({"name": tag, "annual_revenue": Money("12.50", "EUR")})
    assert made.annual_revenue is not None
    assert (made.annual_revenue.amount_micros, made.annual_revenue.currency_code) == (12_500_000, "EUR")
    half: Any = {"annual_revenue": {"amount_micros": 12.5}}
    with pytest.raises(InvalidArgument, match="micros"):
        await twenty.companies.update_one(made.id, half)


async def test_an_insert_that_meets_a_deleted_record_says_which_and_how_to_restore_it(twenty: Twenty, tag: str) -> None:
    links: Any = {"primary_link_url": f"https://{uuid.uuid4().hex}.example"}
    made = await twenty.companies.create_one({"name": tag, "domain_name": links})
    await twenty.companies.delete_one(made.id)
    for insert in (
        twenty.companies.create_one({"name": tag, "domain_name": links}),
        twenty.companies.create_many([{"name": tag}, {"name": tag, "domain_name": links}]),
        twenty.companies.create_one({"name": tag, "id": made.id}),
    ):
        with pytest.raises(DuplicateRecord, match=f"{made.id} has it and is deleted") as caught:
            await insert
        assert (caught.value.conflicting_id, caught.value.conflicting_object) == (str(made.id), "company")
    report = await twenty.companies.load([{"name": tag, "domain_name": links}])
    assert "it is deleted" in report.rejects[0].message
    await twenty.companies.restore_one(made.id)
    report = await twenty.companies.load([{"name": tag, "domain_name": links}])
    assert "it is deleted" not in report.rejects[0].message
