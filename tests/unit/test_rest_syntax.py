"""Filters and orders in REST's syntax, and what it cannot say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiotwenty.rest.syntax import Unsayable, filter_text, order_text
from aiotwenty.sandbox.http.rest_filters import parse_filter, parse_order_by

SAID: dict[str, dict[str, Any]] = {
    "": {},
    'name[ilike]:"%air b%"': {"name": {"ilike": "%air b%"}},
    "employees[gt]:5": {"employees": {"gt": 5}},
    "visa[eq]:true": {"visa": {"eq": True}},
    "deletedAt[is]:NOT_NULL": {"deletedAt": {"is": "NOT_NULL"}},
    "id[in]:[a,b c]": {"id": {"in": ["a", "b c"]}},
    'name[eq]:"a",employees[lt]:3': {"name": {"eq": "a"}, "employees": {"lt": 3}},
    'address.addressCity[eq]:"Oslo"': {"address": {"addressCity": {"eq": "Oslo"}}},
    'company.domainName.primaryLinkUrl[like]:"%a"': {"company": {"domainName": {"primaryLinkUrl": {"like": "%a"}}}},
    'or(name[eq]:"a",and(name[eq]:"b",employees[lt]:3)),not(name[eq]:"c")': {
        "or": [{"name": {"eq": "a"}}, {"name": {"eq": "b"}, "employees": {"lt": 3}}],
        "not": {"name": {"eq": "c"}},
    },
}
NOT_SAID: list[dict[str, Any]] = [
    {"name": {"eq": "a, b"}},
    {"name": {"eq": 'say "a"'}},
    {"name": {"eq": "a (b)"}},
    {"name": {"eq": "a[b]"}},
    {"name": {"eq": "a\nb"}},
    {"name": {"eq": None}},
    {"name": {"in": [" a"]}},
    {"name": {"in": [""]}},
    {"name": {"in": [None]}},
    {"name": {"in": []}},
    {"name": {}},
    {"words": {"containsIlike": "a"}},
    {"words": {"isEmptyArray": True}},
    {"and": []},
    {"or": [{"name": {"eq": "a"}}, {}]},
    {"not": {}},
    {"company": {"or": [{"name": {"eq": "a"}}]}},
]


@pytest.mark.parametrize("text", SAID, ids=lambda text: text or "nothing")
def test_a_filter_is_written_as_rest_has_it(text: str) -> None:
    assert filter_text(SAID[text]) == text


@pytest.mark.parametrize("value", NOT_SAID, ids=str)
def test_what_rest_cannot_say_for_certain_is_not_said(value: dict[str, Any]) -> None:
    with pytest.raises(Unsayable):
        filter_text(value)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
CONDITIONS = st.one_of(
    st.builds(lambda path, text: {path: {"eq": text}}, st.sampled_from(["name", "tagline"]), TEXTS),
    st.builds(lambda number: {"amount": {"amountMicros": {"gt": number}}}, st.integers(-5, 10**12)),
    st.builds(lambda texts: {"name": {"in": texts}}, st.lists(TEXTS, min_size=1, max_size=3)),
)
TREES = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


def as_texts(value: Any) -> Any:
    """The same with all operands as texts, which is all that an address can hold."""
    if isinstance(value, dict):
        return {name: as_texts(part) for name, part in value.items()}
    if isinstance(value, list):
        return [as_texts(part) for part in value]
    return str(value)


@given(TREES)
def test_what_is_said_is_understood_as_it_was_meant(value: dict[str, Any]) -> None:
    try:
        text = filter_text(value)
    except Unsayable:
        return
    assert parse_filter(text) == as_texts(value)


def test_an_order_is_written_as_rest_has_it() -> None:
    order: Any = [{"name": "DescNullsLast"}, {"address": {"addressCity": "AscNullsFirst"}}]
    assert order_text(order) == "name[DescNullsLast],address.addressCity[AscNullsFirst]"
    assert parse_order_by(order_text(order)) == order
    assert order_text(None) == ""
