"""Every field type: what is written is read back, can be changed, emptied, filtered by and ordered by."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from aiotwenty import Twenty
from aiotwenty.errors import ApiError, DuplicateRecord, TwentyError

if TYPE_CHECKING:
    from aiotwenty.workspace import Object
    from tests.contract.conftest import Probe


def equal(value: Any) -> dict[str, Any]:
    return {"eq": value}


def as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Case:
    """One field: two values, how to select it, and what an emptied one is read as."""

    field: str
    first: Any
    second: Any
    select: str = ""
    read: Callable[[Any], Any] = as_it_is
    empty: tuple[Any, ...] = (None,)
    where: Callable[[Any], dict[str, Any]] | None = equal
    order: bool = True


KEY = str(uuid.UUID(int=0x972DD99072CC460FA665D11FDF70B399))
CASES = [
    Case("note", "Zoë & Søn 株式会社", "'quoted' \\ \"double\"\nline", empty=("", None)),
    Case("ratio", 1.239, -0.5),
    Case("big", 12_345_678_901, 5, read=lambda value: value and int(value)),
    Case("flag", True, False),
    Case("day", "2024-02-29", "1999-12-31"),
    Case("moment", "2026-01-02T03:04:05.678Z", "1970-01-01T00:00:00.000Z"),
    Case("stage", "TWO", "ONE"),
    Case("tags", ["ONE", "TWO"], ["TWO"], where=lambda value: {"containsAny": value}, empty=(None, []), order=False),
    Case("stars", "RATING_4", "RATING_1"),
    Case(
        "amount",
        {"amountMicros": 1_500_000, "currencyCode": "EUR"},
        {"amountMicros": -20, "currencyCode": "USD"},
        "{ amountMicros currencyCode }",
        read=lambda value: {**value, "amountMicros": value["amountMicros"] and int(value["amountMicros"])},
        empty=({"amountMicros": None, "currencyCode": ""}, {"amountMicros": None, "currencyCode": None}, None),
        where=lambda value: {"amountMicros": {"eq": value["amountMicros"]}},
        order=False,
    ),
    Case(
        "site",
        {"primaryLinkUrl": "https://one.example", "primaryLinkLabel": "One"},
        {"primaryLinkUrl": "https://two.example/path", "primaryLinkLabel": ""},
        "{ primaryLinkUrl primaryLinkLabel }",
        where=lambda value: {"primaryLinkUrl": {"eq": value["primaryLinkUrl"]}},
        order=False,
    ),
    Case(
        "mail",
        {"primaryEmail": "a@one.example", "additionalEmails": ["b@one.example"]},
        {"primaryEmail": "c@two.example", "additionalEmails": []},
        "{ primaryEmail additionalEmails }",
        read=lambda value: {**value, "additionalEmails": value["additionalEmails"] or []},
        where=lambda value: {"primaryEmail": {"eq": value["primaryEmail"]}},
        order=False,
    ),
    Case(
        "phone",
        {"primaryPhoneNumber": "612345678", "primaryPhoneCountryCode": "FR"},
        {"primaryPhoneNumber": "612345679", "primaryPhoneCountryCode": "FR"},
        "{ primaryPhoneNumber primaryPhoneCountryCode }",
        where=lambda value: {"primaryPhoneNumber": {"eq": value["primaryPhoneNumber"]}},
        order=False,
    ),
    Case(
        "place",
        {"addressStreet1": "1 rue X", "addressCity": "Paris", "addressCountry": "France", "addressLat": 48.8566},
        {"addressStreet1": "", "addressCity": "Łódź", "addressCountry": "Poland", "addressLat": -1.5},
        "{ addressStreet1 addressCity addressCountry addressLat }",
        where=lambda value: {"addressCity": {"eq": value["addressCity"]}},
        order=False,
    ),
    Case(
        "person",
        {"firstName": "Ana", "lastName": "O'Neil"},
        {"firstName": "Bo", "lastName": "李"},
        "{ firstName lastName }",
        where=lambda value: {"lastName": {"eq": value["lastName"]}},
        order=False,
    ),
    Case(
        "text",
        {"markdown": "Hello"},
        {"markdown": "Goodbye"},
        "{ markdown }",
        read=lambda value: value and {"markdown": (value["markdown"] or "").strip()},
        where=None,
        order=False,
    ),
    Case("extra", {"k": [1, None, {"x": "é"}]}, ["list"], where=None, order=False),
    Case("words", ["x", "y, z"], ["one"], where=None, empty=(None, []), order=False),
    Case("key", KEY, "00000000-0000-4000-8000-000000000001"),
]
GROUPED = ("note", "ratio", "flag", "stage", "stars")
"""Dates need a granularity, composites are grouped by their parts, and lists by what is in them."""
by_field = pytest.mark.parametrize("case", CASES, ids=lambda case: case.field)


@by_field
async def test_a_value_is_read_back_as_it_was_written(probe: Probe, case: Case) -> None:
    select = f"id {case.field} {case.select}"
    made = await probe.create({case.field: case.first}, select)
    assert case.read(made[case.field]) == case.first
    [found] = await probe.find({"id": {"eq": made["id"]}}, select)
    assert case.read(found[case.field]) == case.first


@by_field
async def test_a_value_can_be_changed(probe: Probe, case: Case) -> None:
    made = await probe.create({case.field: case.first})
    changed = await probe.update(made["id"], {case.field: case.second}, f"{case.field} {case.select}")
    assert case.read(changed[case.field]) == case.second


@pytest.mark.parametrize("case", [case for case in CASES if not case.select], ids=lambda case: case.field)
async def test_a_value_can_be_emptied_where_the_server_lets_it(probe: Probe, case: Case) -> None:
    made = await probe.create({case.field: case.second})
    try:
        emptied = await probe.update(made["id"], {case.field: None}, case.field)
    except ApiError as refusal:
        # Servers of 2025 make text fields that may not be null.
        if "null" not in str(refusal):
            raise
    else:
        assert case.read(emptied[case.field]) in case.empty


@pytest.mark.parametrize("case", [case for case in CASES if case.where], ids=lambda case: case.field)
async def test_records_are_found_by_a_value(probe: Probe, case: Case) -> None:
    assert case.where
    made, other = await probe.create({case.field: case.first}), await probe.create({})
    filter_ = {"and": [{case.field: case.where(case.first)}, {"id": {"in": [made["id"], other["id"]]}}]}
    assert await probe.find(filter_) == [{"id": made["id"]}]


@pytest.mark.parametrize("case", [case for case in CASES if case.order], ids=lambda case: case.field)
async def test_records_are_ordered_by_a_value(probe: Probe, case: Case) -> None:
    ids = [(await probe.create({case.field: value}))["id"] for value in (case.first, case.second)]
    ascending, descending = [
        [one["id"] for one in await probe.find({"id": {"in": ids}}, f"id {case.field}", [{case.field: direction}])]
        for direction in ("AscNullsLast", "DescNullsLast")
    ]
    assert ascending == descending[::-1]
    assert sorted(ascending) == sorted(ids)


@by_field
async def test_many_values_are_written_at_once_and_come_back_to_their_records(probe: Probe, case: Case) -> None:
    ids = [str(uuid.uuid4()) for _ in range(3)]
    values = [case.first, case.second, case.first]
    rows = [{"id": id_, case.field: value} for id_, value in zip(ids, values, strict=True)]
    made = await probe.create_many(rows, f"id {case.field} {case.select}")
    # Older servers return a batch in any order.
    assert {one["id"]: case.read(one[case.field]) for one in made} == dict(zip(ids, values, strict=True))


@by_field
async def test_an_upsert_changes_the_value_of_the_record_with_that_id(probe: Probe, case: Case) -> None:
    made = await probe.create({case.field: case.first}, "id code")
    select = f"id {case.field} {case.select}"
    [again] = await probe.create_many([{**made, case.field: case.second}], select, upsert=True)
    assert (again["id"], case.read(again[case.field])) == (made["id"], case.second)


@by_field
async def test_rest_writes_and_reads_a_value(twenty: Twenty, probe: Probe, case: Case) -> None:
    row = {"code": uuid.uuid4().hex, case.field: case.first}
    made = (await twenty.rest.post(probe.plural, row))["data"][f"create{probe.type}"]
    read = (await twenty.rest.get(f"{probe.plural}/{made['id']}"))["data"][probe.name]
    for answer in (made, read):
        value = answer[case.field]
        if case.select:
            # REST gives all parts of a composite.
            value = {part: value[part] for part in case.first}
        assert case.read(value) == case.first


@pytest.mark.parametrize("case", [case for case in CASES if case.field in GROUPED], ids=lambda case: case.field)
async def test_records_are_grouped_by_a_value(probe: Probe, case: Case) -> None:
    ids = [(await probe.create({case.field: value}))["id"] for value in (case.first, case.first, case.second)]
    groups = await probe.group_by(case.field, {"id": {"in": ids}})
    assert sorted(group["totalCount"] for group in groups) == [1, 2]


async def test_the_other_end_of_a_relation_lists_the_records(
    twenty: Twenty, probe: Probe, probe_object: Object, tag: str
) -> None:
    company = await twenty.companies.create_one({"name": tag})
    made = await probe.create({"companyId": str(company.id)})
    relation = probe_object.field("company").relation
    assert relation is not None
    answer = await twenty.execute(
        f"query($filter: CompanyFilterInput!) {{ company(filter: $filter) "
        f"{{ {relation.target_field} {{ edges {{ node {{ id }} }} }} }} }}",
        {"filter": {"id": {"eq": str(company.id)}}},
    )
    assert answer["company"][relation.target_field] == {"edges": [{"node": {"id": made["id"]}}]}


async def test_a_relation_is_set_by_id_and_read_as_id_and_record(twenty: Twenty, probe: Probe, tag: str) -> None:
    company = await twenty.companies.create_one({"name": tag})
    made = await probe.create({"companyId": str(company.id)}, "id companyId company { id name }")
    assert made["companyId"] == str(company.id)
    assert made["company"] == {"id": str(company.id), "name": tag}
    assert await probe.find({"companyId": {"eq": str(company.id)}}) == [{"id": made["id"]}]
    await twenty.companies.destroy_one(company.id)
    [left] = await probe.find({"id": {"eq": made["id"]}}, "companyId")
    assert left == {"companyId": None}


async def test_a_unique_value_is_refused_the_second_time(probe: Probe) -> None:
    code = f"c-{uuid.uuid4()}"
    await probe.create({"code": code})
    with pytest.raises(DuplicateRecord):
        await probe.create({"code": code})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ratio", "many"),
        ("day", "2020-02-30"),
        ("moment", "no moment"),
        ("stage", "THREE"),
        ("tags", ["THREE"]),
        ("key", "nope"),
        ("phone", {"primaryPhoneNumber": "not a phone", "primaryPhoneCountryCode": "FR"}),
        ("nosuchfield", 1),
    ],
)
async def test_a_value_that_does_not_fit_is_refused(probe: Probe, field: str, value: Any) -> None:
    with pytest.raises(ApiError) as refusal:
        await probe.create({field: value})
    assert not isinstance(refusal.value, DuplicateRecord)


async def test_the_system_fields_are_filled_in(probe: Probe) -> None:
    made = await probe.create({}, "id position createdAt updatedAt deletedAt createdBy { source name }")
    assert uuid.UUID(made["id"])
    assert isinstance(made["position"], int | float)
    assert made["createdAt"].endswith("Z")
    assert made["deletedAt"] is None
    assert made["createdBy"]["source"] == "API"


@pytest.mark.parametrize("position", ["first", "last", -2.5, 7])
async def test_a_position_is_a_number_or_first_or_last(probe: Probe, position: str | float) -> None:
    made = await probe.create({"position": position}, "position")
    assert isinstance(made["position"], int | float)
    if not isinstance(position, str):
        assert made["position"] == position


async def test_the_fields_are_in_the_data_model_as_they_were_made(probe_object: Object) -> None:
    types = {field.name: field.type for field in probe_object.fields}
    assert types["amount"] == "CURRENCY"
    assert types["createdBy"] == "ACTOR"
    assert [option.value for option in probe_object.picklists["stage"]] == ["ONE", "TWO"]
    company = probe_object.field("company").relation
    assert company is not None
    assert (company.type, company.target_object) == ("MANY_TO_ONE", "company")


async def test_a_record_of_another_workspace_is_not_found(twenty: Twenty, probe: Probe) -> None:
    with pytest.raises(TwentyError):
        await probe.update(str(uuid.uuid4()), {"note": "x"})
