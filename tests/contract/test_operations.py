"""Every operation of an object, on companies and people."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from aiotwenty import Twenty
from aiotwenty.core import Company, CompanyCreateInput, CompanyFilterInput, LinksCreateInput, StringFilter
from aiotwenty.errors import ApiError, DuplicateRecord, InvalidArgument, NotFoundError


async def companies(twenty: Twenty, tag: str, count: int) -> list[Company]:
    """So many companies, named `tag 00`, `tag 01`, …"""
    return await twenty.companies.create_many([{"name": f"{tag} {number:02}"} for number in range(count)])


def named(tag: str) -> CompanyFilterInput:
    return CompanyFilterInput(name=StringFilter(like=f"{tag}%"))


def names(records: list[Company]) -> list[str | None]:
    return [record.name for record in records]


# Creating


async def test_a_record_is_created_and_returned(twenty: Twenty, tag: str) -> None:
    url = f"https://{uuid.uuid4().hex}.example"
    data = CompanyCreateInput(name=tag, domain_name=LinksCreateInput(primary_link_url=url))
    made = await twenty.companies.create_one(data)
    assert (made.name, made.domain_name and made.domain_name.primary_link_url) == (tag, url)
    assert made.created_at.tzinfo is not None
    assert await twenty.companies.find_one(made.id) == made


async def test_many_are_created_in_the_order_of_the_input(twenty: Twenty, tag: str) -> None:
    made = await companies(twenty, tag, 60)
    assert names(made) == [f"{tag} {number:02}" for number in range(60)]


async def test_nothing_given_creates_nothing(twenty: Twenty) -> None:
    assert await twenty.companies.create_many([]) == []


async def test_a_batch_with_one_bad_record_writes_nothing(twenty: Twenty, tag: str) -> None:
    taken: Any = {"primary_link_url": f"https://{uuid.uuid4().hex}.example"}
    await twenty.companies.create_one({"name": f"{tag} taken", "domain_name": taken})
    with pytest.raises(DuplicateRecord):
        await twenty.companies.create_many([{"name": f"{tag} new"}, {"name": f"{tag} bad", "domain_name": taken}])
    assert names((await twenty.companies.find_many(filter=named(tag))).records) == [f"{tag} taken"]


async def test_an_id_can_be_chosen_and_not_used_twice(twenty: Twenty, tag: str) -> None:
    chosen = uuid.uuid4()
    assert (await twenty.companies.create_one({"id": chosen, "name": tag})).id == chosen
    with pytest.raises(DuplicateRecord):
        await twenty.companies.create_one({"id": chosen, "name": tag})


async def test_upsert_updates_by_id(twenty: Twenty, tag: str) -> None:
    made = await twenty.companies.create_one({"name": tag})
    again = await twenty.companies.create_one({"id": made.id, "name": f"{tag} again"}, upsert=True)
    assert (again.id, again.name) == (made.id, f"{tag} again")


async def test_upsert_updates_by_a_unique_value_and_only_what_is_given(twenty: Twenty, tag: str) -> None:
    domain: Any = {"primary_link_url": f"https://{uuid.uuid4().hex}.example"}
    made = await twenty.companies.create_one({"name": tag, "domain_name": domain})
    [again] = await twenty.companies.create_many(
        [{"domain_name": domain, "address": {"address_city": "Oslo"}}], upsert=True
    )
    assert (again.id, again.name) == (made.id, tag)
    assert again.address is not None
    assert again.address.address_city == "Oslo"


async def test_upsert_of_many_creates_and_updates_in_input_order(twenty: Twenty, tag: str) -> None:
    [old] = await companies(twenty, tag, 1)
    new = uuid.uuid4()
    both = await twenty.companies.create_many(
        [{"id": new, "name": f"{tag} new"}, {"id": old.id, "name": f"{tag} old"}], upsert=True
    )
    assert {(one.id, one.name) for one in both} == {(new, f"{tag} new"), (old.id, f"{tag} old")}


async def test_upsert_brings_a_deleted_record_back(twenty: Twenty, tag: str) -> None:
    made = await twenty.companies.create_one({"name": tag})
    await twenty.companies.delete_one(made.id)
    again = await twenty.companies.create_one({"id": made.id, "name": tag}, upsert=True)
    assert again.deleted_at is None
    assert (await twenty.companies.find_one(made.id)).id == made.id


async def test_a_relation_is_connected_by_a_unique_value(twenty: Twenty, tag: str) -> None:
    domain: Any = {"primaryLinkUrl": f"https://{uuid.uuid4().hex}.example"}
    company = await twenty.companies.create_one({"name": tag, "domain_name": domain})
    person = await twenty.people.create_one(
        {"name": {"first_name": tag}, "company": {"connect": {"where": {"domain_name": domain}}}}
    )
    assert person.company_id == company.id or str(person.company_id) == str(company.id)


async def test_connecting_to_nothing_is_refused(twenty: Twenty, tag: str) -> None:
    nowhere: Any = {"domainName": {"primaryLinkUrl": f"https://{uuid.uuid4().hex}.example"}}
    with pytest.raises(ApiError, match="found 0"):
        await twenty.people.create_one({"name": {"first_name": tag}, "company": {"connect": {"where": nowhere}}})


async def test_a_duplicate_unique_value_names_the_record_that_has_it_where_the_server_says(
    twenty: Twenty, tag: str
) -> None:
    domain: Any = {"primary_link_url": f"https://{uuid.uuid4().hex}.example"}
    first = await twenty.companies.create_one({"name": tag, "domain_name": domain})
    with pytest.raises(DuplicateRecord) as refusal:
        await twenty.companies.create_one({"name": tag, "domain_name": domain})
    assert refusal.value.conflicting_id in (None, str(first.id))


# Reading


async def test_pages_by_cursor_hold_every_record_once(twenty: Twenty, tag: str) -> None:
    made = await companies(twenty, tag, 25)
    seen, after = [], None
    while True:
        page = await twenty.companies.find_many(filter=named(tag), first=7, after=after)
        assert page.total_count == 25
        seen += page.records
        if page.page_info is None or not page.page_info.has_next_page:
            break
        after = page.page_info.end_cursor
        assert after == page.cursors[-1]
    assert sorted(one.id for one in seen) == sorted(one.id for one in made)


async def test_a_page_before_a_cursor(twenty: Twenty, tag: str) -> None:
    await companies(twenty, tag, 10)
    whole = await twenty.companies.find_many(filter=named(tag), first=10)
    page = await twenty.companies.find_many(filter=named(tag), last=3, before=whole.cursors[5])
    assert [one.id for one in page.records] == [one.id for one in whole.records[2:5]]


async def test_offset_skips(twenty: Twenty, tag: str) -> None:
    await companies(twenty, tag, 10)
    order: Any = [{"name": "AscNullsFirst"}]
    page = await twenty.companies.find_many(filter=named(tag), order_by=order, offset=8)
    assert names(page.records) == [f"{tag} 08", f"{tag} 09"]


@pytest.mark.parametrize(("direction", "reverse"), [("AscNullsLast", False), ("DescNullsLast", True)])
async def test_records_come_in_the_order_that_is_asked_for(
    twenty: Twenty, tag: str, direction: Any, reverse: bool
) -> None:
    await companies(twenty, tag, 5)
    page = await twenty.companies.find_many(filter=named(tag), order_by={"name": direction})
    assert names(page.records) == sorted((f"{tag} {number:02}" for number in range(5)), reverse=reverse)


@pytest.mark.parametrize("order_by", [None, {"name": "DescNullsLast"}, {"createdAt": "AscNullsLast"}])
async def test_iterate_gives_every_record_once_in_any_order(twenty: Twenty, tag: str, order_by: Any) -> None:
    made = await companies(twenty, tag, 30)
    seen = [one.id async for one in twenty.companies.iterate(filter=named(tag), order_by=order_by, page_size=7)]
    assert len(seen) == 30
    assert set(seen) == {one.id for one in made}


async def test_iterate_stops_at_the_limit(twenty: Twenty, tag: str) -> None:
    await companies(twenty, tag, 12)
    seen = [one async for one in twenty.companies.iterate(filter=named(tag), page_size=5, limit=8)]
    assert len(seen) == 8


async def test_one_record_is_found_by_a_filter(twenty: Twenty, tag: str) -> None:
    made = await companies(twenty, tag, 3)
    assert await twenty.companies.find_one(filter={"name": {"eq": f"{tag} 01"}}) == made[1]


async def test_a_record_that_is_not_there_is_not_found(twenty: Twenty) -> None:
    with pytest.raises(NotFoundError):
        await twenty.companies.find_one(uuid.uuid4())


async def test_records_are_counted(twenty: Twenty, tag: str) -> None:
    await companies(twenty, tag, 4)
    assert await twenty.companies.count(named(tag)) == 4
    assert await twenty.companies.count({"name": {"eq": f"{tag} nobody"}}) == 0


async def test_records_are_grouped(twenty: Twenty, tag: str) -> None:
    cities = ["Oslo", "Oslo", "Rome"]
    await twenty.companies.create_many([{"name": tag, "address": {"address_city": city}} for city in cities])
    groups = await twenty.companies.group_by([{"address": {"address_city": True}}], filter={"name": {"eq": tag}})
    assert {tuple(group.group_by_dimension_values): group.total_count for group in groups} == {
        ("Oslo",): 2,
        ("Rome",): 1,
    }


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"name": {"eq": "{tag} 01"}}, ["01"]),
        ({"name": {"in": ["{tag} 01", "{tag} 02"]}}, ["01", "02"]),
        ({"name": {"ilike": "%{upper} 01"}}, ["01"]),
        ({"name": {"startsWith": "{tag} 0"}}, ["00", "01", "02"]),
        ({"not": {"name": {"eq": "{tag} 01"}}}, ["00", "02"]),
        ({"or": [{"name": {"eq": "{tag} 00"}}, {"name": {"eq": "{tag} 02"}}]}, ["00", "02"]),
        ({"and": [{"name": {"gte": "{tag} 01"}}, {"name": {"lt": "{tag} 02"}}]}, ["01"]),
        ({"name": {"gte": "{tag} 01", "lt": "{tag} 02"}}, ["01"]),
        ({"domainName": {"primaryLinkUrl": {"ilike": "%nothing-like-it%"}}}, []),
        ({"createdAt": {"gte": "2020-01-01T00:00:00Z"}}, ["00", "01", "02"]),
        ({"accountOwnerId": {"is": "NULL"}}, ["00", "01", "02"]),
        ({"deletedAt": {"is": "NOT_NULL"}}, []),
        ({"name": None, "domainName": {"primaryLinkUrl": None}}, ["00", "01", "02"]),
    ],
)
async def test_filters_select(twenty: Twenty, tag: str, condition: dict[str, Any], found: list[str]) -> None:
    await companies(twenty, tag, 3)

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        return value and value.format(tag=tag, upper=tag.upper())

    both: Any = {"and": [{"name": {"like": f"{tag}%"}}, filled(condition)]}
    page = await twenty.companies.find_many(filter=both, order_by={"name": "AscNullsLast"})
    assert names(page.records) == [f"{tag} {number}" for number in found]


async def test_people_are_found_by_their_company(twenty: Twenty, tag: str) -> None:
    company = await twenty.companies.create_one({"name": tag})
    person = await twenty.people.create_one({"name": {"first_name": tag}, "company_id": company.id})
    page = await twenty.people.find_many(filter={"company_id": {"eq": company.id}})
    assert page.records == [person]


async def test_duplicates_of_what_is_given_are_found(twenty: Twenty, tag: str) -> None:
    email = f"{uuid.uuid4().hex}@one.example"
    made = await twenty.people.create_one({"name": {"first_name": tag}, "emails": {"primary_email": email}})
    like_it, unlike = await twenty.people.find_duplicates(
        data=[{"emails": {"primary_email": email}}, {"emails": {"primary_email": f"{uuid.uuid4().hex}@two.example"}}]
    )
    assert [one.id for one in like_it.records] == [made.id]
    assert unlike.records == []


async def test_a_new_record_is_found_by_its_words(twenty: Twenty, tag: str) -> None:
    word = f"zq{uuid.uuid4().hex}"
    made = await twenty.companies.create_one({"name": f"{tag} {word}"})
    hits = await twenty.search(word, limit=5)
    assert [(hit.record_id, hit.object_name_singular, hit.label) for hit in hits] == [
        (made.id, "company", f"{tag} {word}")
    ]


# Changing


async def test_an_update_changes_what_is_given_and_nothing_else(twenty: Twenty, tag: str) -> None:
    made = await twenty.companies.create_one({"name": tag, "address": {"address_city": "Oslo"}})
    changed = await twenty.companies.update_one(made.id, {"name": f"{tag} changed"})
    assert changed.name == f"{tag} changed"
    assert changed.address == made.address
    assert changed.updated_at >= made.updated_at


async def test_many_are_updated_by_a_filter(twenty: Twenty, tag: str) -> None:
    await companies(twenty, tag, 3)
    await companies(twenty, f"{tag} other", 1)
    only: Any = {"name": {"in": [f"{tag} 00", f"{tag} 01"]}}
    changed = await twenty.companies.update_many({"address": {"address_city": "Rome"}}, only)
    assert sorted(str(one.name) for one in changed) == [f"{tag} 00", f"{tag} 01"]
    rome: Any = {"and": [{"name": {"like": f"{tag}%"}}, {"address": {"addressCity": {"eq": "Rome"}}}]}
    assert await twenty.companies.count(rome) == 2


async def test_an_update_of_nothing_is_not_found(twenty: Twenty) -> None:
    with pytest.raises(NotFoundError):
        await twenty.companies.update_one(uuid.uuid4(), {"name": "x"})


async def test_a_record_is_deleted_restored_and_destroyed(twenty: Twenty, tag: str) -> None:
    made = await twenty.companies.create_one({"name": tag})
    assert (await twenty.companies.delete_one(made.id)).deleted_at is not None
    with pytest.raises(NotFoundError):
        await twenty.companies.find_one(made.id)
    deleted = await twenty.companies.find_many(
        filter={"and": [{"id": {"eq": made.id}}, {"deleted_at": {"is": "NOT_NULL"}}]}
    )
    assert [one.id for one in deleted.records] == [made.id]
    assert (await twenty.companies.restore_one(made.id)).deleted_at is None
    assert (await twenty.companies.find_one(made.id)).name == tag
    await twenty.companies.destroy_one(made.id)
    with pytest.raises(NotFoundError):
        await twenty.companies.destroy_one(made.id)


async def test_many_are_deleted_restored_and_destroyed(twenty: Twenty, tag: str) -> None:
    made = await companies(twenty, tag, 5)
    ids: Any = {"id": {"in": [one.id for one in made]}}
    assert len(await twenty.companies.delete_many(named(tag))) == 5
    assert await twenty.companies.count(named(tag)) == 0
    await twenty.companies.restore_many(ids)
    assert await twenty.companies.count(named(tag)) == 5
    assert len(await twenty.companies.destroy_many(ids)) == 5
    assert await twenty.companies.count({"and": [ids, {"deleted_at": {"is": "NOT_NULL"}}]}) == 0


async def test_people_outlive_their_company(twenty: Twenty, tag: str) -> None:
    company = await twenty.companies.create_one({"name": tag})
    person = await twenty.people.create_one({"name": {"first_name": tag}, "company_id": company.id})
    await twenty.companies.destroy_one(company.id)
    assert (await twenty.people.find_one(person.id)).company_id is None


async def test_two_people_are_merged_into_one(twenty: Twenty, tag: str) -> None:
    emails = [f"{uuid.uuid4().hex}@one.example" for _ in range(2)]
    kept, other = [
        await twenty.people.create_one({"name": {"first_name": tag}, "emails": {"primary_email": email}})
        for email in emails
    ]
    rehearsed = await twenty.people.merge_many([kept.id, other.id], dry_run=True)
    assert rehearsed.id not in (kept.id, other.id)
    merged = await twenty.people.merge_many([kept.id, other.id])
    assert merged.id == kept.id
    assert merged.emails is not None
    assert merged.emails.primary_email == emails[0]
    assert merged.emails.additional_emails == [emails[1]]
    with pytest.raises(NotFoundError):
        await twenty.people.find_one(other.id)


@pytest.mark.parametrize("many", ["delete_many", "destroy_many", "restore_many"])
async def test_nothing_is_deleted_by_an_empty_filter(twenty: Twenty, tag: str, many: str) -> None:
    made = await twenty.companies.create_one({"name": tag})
    with pytest.raises(InvalidArgument, match="all_records"):
        await getattr(twenty.companies, many)({})
    assert (await twenty.companies.find_one(made.id)).deleted_at is None


async def test_nothing_is_updated_by_an_empty_filter(twenty: Twenty) -> None:
    with pytest.raises(InvalidArgument, match="all_records"):
        await twenty.companies.update_many({"name": "x"}, {})
