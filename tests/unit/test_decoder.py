"""The response decoder meets anything: it gives a result or one of our errors."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from aiotwenty.errors import SchemaDrift, TwentyError
from aiotwenty.graphql import runtime as rt
from aiotwenty.graphql.decode import decode, decode_document
from aiotwenty.transport.exchange import Reply


class Company(rt.Record):
    id: rt.UUID
    name: str | None
    employees: rt.BigFloat | None = None


OPERATION = rt.Operation(
    "FindManyCompanies", "query", "query FindManyCompanies{companies{edges{node{id}}}}", "companies"
)
GOOD: dict[str, Any] = {
    "data": {
        "companies": {
            "edges": [{"node": {"id": "0f12a159-3b7b-4ac4-80b8-8b14e33530dc", "name": "Acme"}, "cursor": "x"}],
            "pageInfo": {"hasNextPage": False, "endCursor": "x"},
            "totalCount": 1,
        }
    }
}

KNOWN = """data errors companies edges node id message extensions code subCode locations statusCode messages error
pageInfo conflictingRecordId totalCount"""
known_keys = st.sampled_from(KNOWN.split())
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | known_keys, inner, max_size=4),
    max_leaves=12,
)
errors = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "message": json
            | st.sampled_from(["Limit reached (9 tokens per 0 ms)", 'Cannot query field "a" on type "B"']),
            "extensions": json | st.dictionaries(known_keys, json, max_size=4),
            "locations": json,
        },
    )
    | json,
    max_size=3,
)
answers = json | st.fixed_dictionaries({}, optional={"data": json, "errors": errors | json, "messages": json})


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    body = to_json(draw(st.just(GOOD) | answers))
    kind = draw(st.sampled_from(["whole", "cut", "noise", "bytes"]))
    if kind == "cut":
        return body[: draw(st.integers(0, len(body)))]
    if kind == "noise":
        at = draw(st.integers(0, len(body)))
        return body[:at] + draw(st.binary(min_size=1, max_size=4)) + body[at + 1 :]
    return draw(st.binary(max_size=60)) if kind == "bytes" else body


headers = st.fixed_dictionaries(
    {"Content-Type": st.sampled_from(["application/json", "application/graphql-response+json", "text/html", ""])},
    optional={
        "Retry-After": st.sampled_from(["1", "-1", "nan", "inf", "1e400", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"])
        | st.text(max_size=12),
        "Location": st.text(max_size=12),
    },
)
statuses = st.sampled_from([200, 200, 200, 201, 204, 301, 307, 400, 401, 403, 404, 413, 415, 429, 500, 502, 503])


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(bodies(), headers, statuses)
@example(b"[" * 5000, {"Content-Type": "application/json"}, 200)
@example(b'{"data":{"companies":{"edges":[{"node":1e999}]}}}', {"Content-Type": "application/json"}, 200)
@example(b'{"errors":[{"message":"Limit reached (0 tokens per 0 ms)"}]}', {"Content-Type": "application/json"}, 200)
def test_any_answer_is_a_result_or_one_of_our_errors(body: bytes, headers: dict[str, str], status: int) -> None:
    reply = Reply(status, headers, body)

    def check(read: Any, *more: Any) -> None:
        error: TwentyError | None = None
        result: object = None
        try:
            result = read(reply, *more)
        except TwentyError as raised:
            error = raised
        if error is None:
            assert result is not None
            assert status < 300
        else:
            assert str(error)
            assert repr(error)
            assert error.retry_after is None or 0 <= error.retry_after < float("inf")

    check(decode, OPERATION, rt.Page[Company])
    check(decode_document)


def test_a_good_answer_is_read() -> None:
    page: rt.Page[Company] = decode(
        Reply(200, {"Content-Type": "application/json; charset=utf-8"}, to_json(GOOD)), OPERATION, rt.Page[Company]
    )
    assert [record.name for record in page.records] == ["Acme"]


def drift(node: dict[str, Any]) -> SchemaDrift:
    body = to_json({"data": {"companies": {"edges": [{"node": node, "cursor": "x"}]}}})
    try:
        decode(Reply(200, {"Content-Type": "application/json"}, body), OPERATION, rt.Page[Company])
    except SchemaDrift as error:
        return error
    raise AssertionError("no drift was found")


def test_null_where_a_value_was_promised_is_drift_of_that_field() -> None:
    error = drift({"id": None, "name": "Acme"})
    assert (error.object, error.field) == ("Company", "id")
    assert "Company.id is missing or null" in str(error)


def test_drift_does_not_show_the_value() -> None:
    error = drift({"id": "0f12a159-3b7b-4ac4-80b8-8b14e33530dc", "name": {"secret": "personal data"}})
    assert (error.object, error.field) == ("Company", "name")
    assert "personal" not in str(error)


def test_a_new_field_is_ignored() -> None:
    body = to_json(
        {"data": {"companies": {"edges": [{"node": {**GOOD["data"]["companies"]["edges"][0]["node"], "new": 1}}]}}}
    )
    page: rt.Page[Company] = decode(Reply(200, {"Content-Type": "application/json"}, body), OPERATION, rt.Page[Company])
    assert page.records[0].name == "Acme"
