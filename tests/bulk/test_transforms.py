"""Values of a file become what a field wants, or are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from aiotwenty.bulk.transforms import date, first_and_rest, money, named_transform, phone, spelling


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("micros", "1,234.50", 1_234_500_000),
        ("micros:,", "1.234,5", 1_234_500_000),
        ("number", "1,234.50", 1234.5),
        ("number", " 12.0 ", 12),
        ("number:,", "-1.234,56", -1234.56),
        ("text", 5, "5"),
        ("trim", "  a b ", "a b"),
        ("lower", "Ann@Example.COM", "ann@example.com"),
        ("upper", "usd", "USD"),
        ("url", " air.example ", "https://air.example"),
        ("url", "http://air.example", "http://air.example"),
        ("option", " In progress ", "IN_PROGRESS"),
        ("json", '{"a": [1]}', {"a": [1]}),
        ("split", "a; b;;", ["a", "b"]),
        ("split:|", "a|b;c", ["a", "b;c"]),
        ("date:%d/%m/%Y", "28/11/2026", "2026-11-28"),
        ("date:%d/%m/%Y %H:%M", "28/11/2026 09:30", "2026-11-28T09:30:00+00:00"),
        ("date:%Y-%m-%d %H:%M %z", "2026-11-28 09:30 +0200", "2026-11-28T09:30:00+02:00"),
    ],
)
def test_a_transform_is_chosen_by_its_name(name: str, value: Any, wanted: Any) -> None:
    turned = named_transform(name)(value)
    assert (turned, type(turned)) == (wanted, type(wanted))


@pytest.mark.parametrize("word", ["Yes", "y", "TRUE", "t", "on", "1", "x", True])
def test_these_mean_yes(word: Any) -> None:
    assert named_transform("boolean")(word) is True


@pytest.mark.parametrize("word", ["No", "n", "false", "F", "off", "0", "", False])
def test_these_mean_no(word: Any) -> None:
    assert named_transform("boolean")(word) is False


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("boolean", "maybe", "'maybe' is neither yes nor no"),
        ("number", "1.234,5", "for a decimal comma say micros:, or number:,"),
        ("number", "twelve", "'twelve' is not a decimal number$"),
        ("number", "NaN", "'NaN' is not a decimal number"),
        ("number:,", "1,234.5", "is not a number with a decimal comma"),
        ("micros", "0.0000001", "more than six decimal places"),
        ("micros", "123456789012345678", "more than Twenty can store exactly"),
        ("date:%d/%m/%Y", "11/28/2026", "is not written like '%d/%m/%Y'"),
    ],
)
def test_a_value_that_cannot_be_turned_is_refused_with_the_reason(name: str, value: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        named_transform(name)(value)


@pytest.mark.parametrize("name", ["nope", "lower|nope", "lower:nope", "nope(1)"])
def test_a_transform_that_there_is_not_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"there is no transform 'nope(\(1\))?'; there are \d+, such as boolean, country, date"
    ):
        named_transform(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("date", r"date: pass the pattern"),
        ("date:", r"date: pass the pattern"),
        ("date(d.m.Y)", r"'d.m.Y' is not a pattern"),
        ("lower(x)", "lower takes nothing in parentheses, not 'x'"),
        ("phone(area=DE)", "unexpected keyword argument 'area'"),
        ("phone(Germany)", "the region must be a two-letter country code such as DE, not 'Germany'"),
        ("money(;)", "the decimal separator must be"),
        ("country(flag)", 'gives a "name" or a "code"'),
        ("lookup", "needs a table"),
        ("lookup(nowhere.csv)", "nowhere.csv cannot be read"),
    ],
)
def test_arguments_that_a_transform_does_not_take_are_refused(name: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        named_transform(name)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("trim|upper", " usd ", "USD"),
        ("trim:upper", " usd ", "USD"),
        ('date("%d.%m.%Y", "%Y-%m-%d")', "28.09.2025", "2025-09-28"),
        ('date("%d.%m.%Y", "%Y-%m-%d")', "2025-11-03", "2025-11-03"),
        ("date(%d.%m.%Y)", "28.09.2025", "2025-09-28"),
        ("excel_date", 45292.5, "2024-01-01T12:00:00+00:00"),
        ("excel_date", "45658", "2025-01-01"),
        ("excel_date", "59", "1900-02-28"),
        ("excel_date", "61", "1900-03-01"),
        ("excel_date", "2025-03-01", "2025-03-01"),
        ("epoch", "1700000000", "2023-11-14T22:13:20+00:00"),
        ("epoch", 1700000000000, "2023-11-14T22:13:20+00:00"),
        ("split(|)", "a|b", ["a", "b"]),
        ("split|lower", "A;B", ["a", "b"]),
        ('lookup(Won=CUSTOMER, "In talks"="MEETING")', "in  TALKS", "MEETING"),
        ("domain", "https://www.Acme.example/x?y", "acme.example"),
        ("domain", "Ada@Acme.Example", "acme.example"),
        ("domain", "ada@gmail.com", None),
        ("country", "Deutschland", "Germany"),
        ("country", "USA", "United States"),
        ("country(code)", "Schweiz", "CH"),
        ("country(code)", "deu", "DE"),
        ("phone", "'+49 170 1234567", {"number": "1701234567", "countryCode": "DE", "callingCode": "+49"}),
        ("phone(DE)", "030/123 45 67", {"number": "301234567", "countryCode": "DE", "callingCode": "+49"}),
        ("phone", "0041 44 000 00 00", {"number": "440000000", "countryCode": "CH", "callingCode": "+41"}),
        (
            'phone(extension="drop")',
            "+1 415 555 0100 x12",
            {"number": "4155550100", "countryCode": "US", "callingCode": "+1"},
        ),
        ("first_and_rest", "a@b.example; c@d.example ::: e@f.example", ["a@b.example", "c@d.example", "e@f.example"]),
        ("boolean", "ja", True),
        ("option", "Größe XL!", "GROESSE_XL"),
        ("option", "1. Kontakt", "OPTION_1_KONTAKT"),
    ],
)
def test_transforms_take_arguments_and_are_chained(name: str, value: Any, wanted: Any) -> None:
    assert named_transform(name)(value) == wanted


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("excel_date", "28.09.2025", "neither a number of days"),
        ("excel_date", "-5", "no date of Excel"),
        ("epoch", "yesterday", "neither a number of seconds"),
        ("domain", "not a domain", "'not a domain' has no domain"),
        ("country", "Atlantis", "'Atlantis' is no country"),
        ("phone", "030 1234567", "does not say its country"),
        ("phone", "hello", "no telephone number|does not say its country"),
        ("phone", "+49 1", "no (possible )?telephone number"),
        ("phone", "+1 415 555 0100 x12", "has an extension"),
        ("lookup(a=b)", "c", "'c' is not in the table, which has a"),
    ],
)
def test_what_a_transform_cannot_read_is_told(name: str, value: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        named_transform(name)(value)


@pytest.mark.parametrize(
    ("values", "amounts"),
    [
        (["1.234,56 €", "2.000", "(500,00 €)"], [1234.56, 2000, -500]),
        (["$1,234.50", "-$3", "12.5"], [1234.5, -3, 12.5]),
        (["1'234.50 CHF", "CHF 12"], [1234.5, 12]),
        (["1 234,56", "\u22125", "500-", "1.000"], [1234.56, -5, -500, 1000]),
        (["1,23,456.00"], [123456]),
        (["12,-", "5,50"], [12, 5.5]),
        (["2000000"], [2_000_000]),
    ],
)
def test_money_is_read_as_its_column_is_written(values: list[str], amounts: list[float]) -> None:
    transform = money()
    for value in values:
        transform.learn(value)
    transform.learned()
    assert [transform(value)["amountMicros"] for value in values] == [round(amount * 1_000_000) for amount in amounts]


@pytest.mark.parametrize(
    ("values", "why"),
    [(["1.234", "2.000"], "is ambiguous"), (["1,234.5", "1.234,5"], "a column is written in one way")],
)
def test_a_column_of_money_that_does_not_tell_is_refused(values: list[str], why: str) -> None:
    transform = money()
    for value in values:
        transform.learn(value)
    with pytest.raises(ValueError, match=why):
        transform.learned()
    assert money(",")("1.234") == {"amountMicros": 1_234_000_000}
    assert money(".", "EUR")("1.234") == {"amountMicros": 1_234_000, "currencyCode": "EUR"}


@pytest.mark.parametrize("value", ["abc", "1.2.3,4", "12 apples", "1 EUR USD", "--5", ""])
def test_what_is_no_money_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        money(",")(value)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Ada van der Bo", "Ada", "van der Bo"),
        ("Cleo", "Cleo", ""),
        ("Bo, Ada", "Ada", "Bo"),
        ("Anna Maria Falk", "Anna Maria", "Falk"),
        ("Sammy Davis Jr.", "Sammy", "Davis Jr."),
        ("Van Morrison", "Van", "Morrison"),
        ("  Ludwig   van  Beethoven ", "Ludwig", "van Beethoven"),
    ],
)
def test_names_are_cut_before_the_last_one(text: str, first: str, last: str) -> None:
    assert named_transform("full_name")(text) == {"firstName": first, "lastName": last}


def test_transforms_of_python_are_spelt_as_plans_have_them() -> None:
    steps = (date("%d.%m.%Y", "%Y-%m-%d"), money(",", "EUR"), money("EUR"), phone(region="DE"), first_and_rest)
    spelt = [spelling(step) for step in steps]
    assert spelt == [
        'date("%d.%m.%Y", "%Y-%m-%d")',
        'money(",", "EUR")',
        'money("EUR")',
        'phone("DE")',
        "first_and_rest",
    ]
    for text in spelt:
        named_transform(text)
