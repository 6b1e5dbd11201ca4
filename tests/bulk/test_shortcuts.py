"""Most values take a short way to their place: it must lead where the long one does."""

from __future__ import annotations

from typing import Any

import pytest

from aiotwenty.bulk.catalogue import GeneratedCatalogue
from aiotwenty.bulk.columns import BLANKS, ValueRefused, trimmed
from aiotwenty.bulk.mapping import Mapper

CATALOGUE = GeneratedCatalogue("aiotwenty.core")
COLUMNS = (
    *(("Company", name) for name in ("name", "domainName", "annualRevenue", "annualRevenue.amountMicros", "position")),
    *(("Company", name) for name in ("address", "address.addressLat", "createdBy", "createdAt", "accountOwnerId")),
    *(("Person", name) for name in ("emails", "phones", "name", "name.firstName", "phones.primaryPhoneNumber")),
    *(("Opportunity", name) for name in ("closeDate", "stage", "amount", "company")),
    ("Task", "bodyV2"),
    ("Attachment", "file"),
)
VALUES: tuple[Any, ...] = (
    *("", " ", "\u200b", "Köln", " Köln\u3000", "\u00a0x\ufeff\u2003", "0", "007", "-5", "12.50", "1e3", "٣", "9" * 15),
    *("9" * 16, "true", " FALSE ", "2026-01-31", "2026-01-31T09:00:00", " 2026-01-31T09:00:00+02:00", "31.1.2026"),
    *("blau.example", " https://blau.example ", '{"primaryLinkUrl": "blau.example"}', "{broken", "[]", "NEW"),
    *(
        {},
        {"primaryLinkUrl": "blau.example"},
        {"amountMicros": 5, "currencyCode": "EUR"},
        {"name": "x", "source": "API"},
    ),
    *(None, True, 5, 2.5, ["a"]),
)


def _outcome(build: Any) -> Any:
    try:
        return build()
    except ValueRefused as error:
        return str(error)


@pytest.mark.parametrize("is_text", [True, False], ids=["of a text file", "from Python"])
@pytest.mark.parametrize(("type_name", "name"), COLUMNS, ids=lambda part: str(part))
def test_a_value_arrives_as_it_does_by_the_long_way(type_name: str, name: str, is_text: bool) -> None:
    mapper = Mapper(CATALOGUE.shape(type_name), {name: name}, is_text=is_text, skip_nulls=is_text)
    column = mapper.column(name)
    assert column is not None
    for value in VALUES:
        short = _outcome(lambda value=value: mapper.build({name: value}))
        long = _outcome(lambda value=value: mapper.build_one(column, value))
        assert (short, repr(short)) == (long, repr(long)), repr(value)


def test_the_short_way_joins_the_parts_of_a_field_in_any_order() -> None:
    mapper = Mapper(CATALOGUE.shape("Company"), is_text=True)
    whole, part = {"primaryLinkLabel": "Blau"}, "blau.example"
    merged = {"domainName": {"primaryLinkLabel": "Blau", "primaryLinkUrl": "blau.example"}}
    for row in ({"domainName": whole, "primaryLinkUrl": part}, {"primaryLinkUrl": part, "domainName": whole}):
        mapper = Mapper(CATALOGUE.shape("Company"), {"primaryLinkUrl": "domainName.primaryLinkUrl"}, is_text=True)
        assert mapper.build(row)[0] == merged
    assert whole == {"primaryLinkLabel": "Blau"}, "the row stays as it was given"


def test_blanks_are_all_that_unicode_calls_so_and_what_has_no_width() -> None:
    spaces = {character for character in map(chr, range(0x110000)) if character.isspace()}
    assert set(BLANKS) == spaces | set("\u200b\u200c\u200d\u2060\ufeff")
    assert trimmed("\u2003\u200b \ufeffa b\u3000\u200d\t") == "a b"
