"""Values of a file become what a field wants, or are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from aiotwenty.bulk.transforms import named_transform


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
        ("date:%d/%m/%Y", "11/28/2026", "does not match format"),
    ],
)
def test_a_value_that_cannot_be_turned_is_refused_with_the_reason(name: str, value: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        named_transform(name)(value)


@pytest.mark.parametrize("name", ["nope", "date", "date:", "lower:x"])
def test_a_transform_that_there_is_not_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=f"there is no transform '{name}'; there are micros, number"):
        named_transform(name)
