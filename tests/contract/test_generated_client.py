"""A client generated for the workspace as it is: its own object, typed, with a value of every field type."""

from __future__ import annotations

import datetime
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from aiotwenty import Twenty
from aiotwenty.errors import InvalidArgument, NotFoundError

if TYPE_CHECKING:
    from aiotwenty.workspace import Object

UTC = datetime.UTC
KEY = uuid.UUID("00000000-0000-4000-8000-000000000007")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("note", "Zoë 株式会社"),
        ("ratio", 1.25),
        ("big", 12_345_678_901),
        ("flag", False),
        ("day", datetime.date(2024, 2, 29)),
        ("moment", datetime.datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)),
        ("stage", "TWO"),
        ("tags", ["ONE", "TWO"]),
        ("stars", "RATING_4"),
        ("extra", {"k": [1, None, {"x": "é"}]}),
        ("words", ["x", "y"]),
        ("key", KEY),
    ],
)
async def test_a_value_has_its_python_type(records: Any, make: Any, field: str, value: Any) -> None:
    made = await records.create_one(make(**{field: value}))
    read = getattr(await records.find_one(made.id), field)
    # Older servers send a bigint as a string of digits.
    assert (int(read) if field == "big" else read) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", {"amount_micros": 1_500_000, "currency_code": "EUR"}),
        ("site", {"primary_link_url": "https://one.example", "primary_link_label": "One"}),
        ("mail", {"primary_email": "a@one.example", "additional_emails": ["b@one.example"]}),
        ("phone", {"primary_phone_number": "612345678", "primary_phone_country_code": "FR"}),
        ("place", {"address_city": "Łódź", "address_lat": 51.75}),
        ("person", {"first_name": "Ana", "last_name": "O'Neil"}),
    ],
)
async def test_the_parts_of_a_composite_have_names(records: Any, make: Any, field: str, value: dict[str, Any]) -> None:
    made = await records.create_one(make(**{field: value}))
    composite = getattr(made, field)
    assert {part: getattr(composite, part) for part in value} == value


async def test_a_rich_text_has_its_markdown(records: Any, make: Any) -> None:
    made = await records.create_one(make(text={"markdown": "Hello"}))
    assert made.text.markdown.strip() == "Hello"


async def test_an_option_is_a_member_of_the_generated_enum(
    records: Any, make: Any, generated: Any, probe_object: Object
) -> None:
    stages = getattr(generated, f"{probe_object.name_singular.capitalize()}StageEnum")
    made = await records.create_one(make(stage=stages("TWO")))
    assert made.stage is stages("TWO")


async def test_an_option_added_after_generation_arrives_as_its_string(
    twenty: Twenty, records: Any, make: Any, probe_object: Object
) -> None:
    await twenty.workspace.add_options(probe_object, "stage", "OF_TOMORROW")
    made = await records.create_one(make())
    root = f"update{probe_object.name_singular.capitalize()}"
    await twenty.execute(f'mutation {{ {root}(id: "{made.id}", data: {{ stage: OF_TOMORROW }}) {{ id }} }}')
    assert (await records.find_one(made.id)).stage == "OF_TOMORROW"


async def test_a_value_that_cannot_be_right_is_refused_before_it_is_sent(records: Any) -> None:
    with pytest.raises(InvalidArgument, match="day"):
        await records.create_one({"day": "someday"})
    with pytest.raises(InvalidArgument, match="nte"):
        await records.create_one({"nte": "misspelt"})


async def test_null_empties_and_unset_leaves_a_field_as_it_is(records: Any, make: Any) -> None:
    made = await records.create_one(make(ratio=1.5, key=KEY))
    changed = await records.update_one(made.id, {"ratio": None})
    assert (changed.ratio, changed.key) == (None, KEY)


async def test_own_records_are_listed_counted_grouped_and_walked(records: Any, make: Any) -> None:
    note = uuid.uuid4().hex
    made = await records.create_many([make(note=note, stage=stage) for stage in ("ONE", "TWO", "TWO")])
    only = {"note": {"eq": note}}
    assert await records.count(only) == 3
    assert {one.id for one in (await records.find_many(filter=only)).records} == {one.id for one in made}
    assert {one.id async for one in records.iterate(filter=only, page_size=2)} == {one.id for one in made}
    groups = await records.group_by([{"stage": True}], filter=only)
    assert {tuple(group.group_by_dimension_values): group.total_count for group in groups} == {("ONE",): 1, ("TWO",): 2}


@pytest.mark.parametrize("field", ["note", "ratio", "big", "flag", "day", "moment", "stage", "stars", "key"])
async def test_a_walk_ordered_by_any_type_gives_every_record_once(records: Any, make: Any, field: str) -> None:
    note = uuid.uuid4().hex
    values: dict[str, list[Any]] = {
        "note": [note, note, note],
        "ratio": [1.5, None, -3.0],
        "big": [5, None, 2],
        "flag": [True, None, False],
        "day": ["2024-02-29", None, "1999-12-31"],
        "moment": ["2026-01-02T03:04:05Z", None, "1970-01-01T00:00:00Z"],
        "stage": ["TWO", "ONE", "TWO"],
        "stars": ["RATING_4", None, "RATING_1"],
        "key": [str(KEY), None, "00000000-0000-4000-8000-000000000003"],
    }
    rows = [make(**({"note": note} | ({} if value is None else {field: value}))) for value in values[field] * 2]
    made = await records.create_many(rows)
    for direction in ("AscNullsFirst", "DescNullsLast"):
        walk = records.iterate(filter={"note": {"eq": note}}, order_by={field: direction}, page_size=2)
        seen = [one.id async for one in walk]
        assert len(seen) == len(made)
        assert set(seen) == {one.id for one in made}


async def test_own_records_are_deleted_restored_and_destroyed(records: Any, make: Any) -> None:
    made = await records.create_one(make())
    await records.delete_one(made.id)
    with pytest.raises(NotFoundError):
        await records.find_one(made.id)
    assert (await records.restore_one(made.id)).id == made.id
    await records.destroy_many({"id": {"eq": made.id}})
    with pytest.raises(NotFoundError):
        await records.find_one(made.id)


async def test_own_records_are_related_to_standard_ones(crm: Any, records: Any, make: Any, tag: str) -> None:
    company = await crm.companies.create_one({"name": tag})
    made = await records.create_one(make(company_id=company.id))
    assert made.company_id == company.id
    assert [one.id for one in (await records.find_many(filter={"companyId": {"eq": company.id}})).records] == [made.id]


async def test_the_flat_client_has_the_own_object(crm: Any, make: Any, probe_object: Object) -> None:
    made = await getattr(crm.core, f"create_one_{probe_object.name_singular}")(make(note="flat"))
    assert made.note == "flat"


async def test_the_flat_client_of_the_data_model_has_its_operations(crm: Any, probe_object: Object) -> None:
    assert (await crm.metadata.get_object(probe_object.id)).name_singular == probe_object.name_singular
