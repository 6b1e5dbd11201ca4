"""Frames of an object that was made for its field types: by a generated client, and by what the workspace says."""

from __future__ import annotations

import datetime
from typing import Any

from aiotwenty.bulk import Target, serve_catalogue
from aiotwenty.data import frames
from aiotwenty.workspace import Object

HOLDS = {
    "ratio": "double",
    "flag": "bool",
    "day": "date32[day]",
    "moment": "timestamp[us, tz=UTC]",
    "stage": "dictionary<values=string, indices=int32, ordered=0>",
    "tags": "list<item: string>",
    "words": "list<item: string>",
    "amount.amountMicros": "int64",
    "mail.additionalEmails": "list<item: string>",
    "phone.additionalPhones": "list<item: struct<number: string, countryCode: string, callingCode: string>>",
    "extra": "string",
    "key": "string",
}


async def test_every_type_of_field_has_a_column_of_its_own(
    twenty: Any, records: Any, make: Any, probe_object: Object
) -> None:
    full = make(
        note="Zoë",
        ratio=1.5,
        flag=True,
        day=datetime.date(2025, 12, 31),
        moment=datetime.datetime(2025, 12, 31, 10, 0, 0, 123000, datetime.UTC),
        stage="TWO",
        tags=["ONE", "TWO"],
        words=["a", 'b "c"'],
        amount={"amount_micros": 1_500_000, "currency_code": "EUR"},
        mail={"primary_email": "zoe@air.example", "additional_emails": ["z@air.example"]},
        extra={"createdBy": {"context": {}}, "n": [1, 2.5, None]},
        key="0b4b3e38-44a6-4b4e-8b0e-7f1d5d9f1f00",
    )
    created = await records.create_many([full, make(note="empty")])
    only = {"id": {"in": [record.id for record in created]}}
    table = await records.to_arrow(filter=only)
    assert {name: str(table.schema.field(name).type) for name in HOLDS} == HOLDS

    by_note = {row["note"]: row for row in table.to_pylist()}
    zoe, empty = by_note["Zoë"], by_note["empty"]
    assert (zoe["ratio"], zoe["flag"], zoe["day"], zoe["stage"]) == (1.5, True, datetime.date(2025, 12, 31), "TWO")
    assert zoe["moment"] == datetime.datetime(2025, 12, 31, 10, 0, 0, 123000, datetime.UTC)
    assert (zoe["tags"], zoe["words"], zoe["amount.amountMicros"]) == (["ONE", "TWO"], ["a", 'b "c"'], 1_500_000)
    assert (zoe["mail.additionalEmails"], zoe["key"]) == (["z@air.example"], "0b4b3e38-44a6-4b4e-8b0e-7f1d5d9f1f00")
    assert zoe["extra"] == '{"createdBy":{"context":{}},"n":[1,2.5,null]}'
    assert {empty[name] for name in ("ratio", "day", "moment", "extra", "key", "amount.amountMicros")} == {None}

    endpoint = twenty.endpoint("graphql")
    served = Target.named(endpoint, await serve_catalogue(endpoint), probe_object.name_plural)
    of_workspace = await frames.to_arrow(served, filter={"id": {"in": [str(record.id) for record in created]}})
    assert of_workspace.select(table.column_names).equals(table)

    # What is read can be loaded as it is.
    report = await records.load(table, key="id", upsert=True)
    assert (report.loaded, report.rejected) == (2, 0)
    again = await records.to_arrow(filter=only)
    kept = [name for name in table.column_names if name not in ("updatedAt", "updatedBy.context")]
    assert again.select(kept).equals(table.select(kept))
