"""A bad row costs itself and hardly a request: the server's message mostly says which one it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import phonenumbers
import pytest
from pydantic_core import to_json

from aiotwenty import Hooks, Twenty
from aiotwenty.bulk.batches import Prepared
from aiotwenty.bulk.calling_codes import calling_codes
from aiotwenty.bulk.catalogue import GeneratedCatalogue
from aiotwenty.bulk.refused_rows import culprits
from aiotwenty.bulk.source import Row
from aiotwenty.errors import ApiError
from aiotwenty.graphql.encode import encode_json
from aiotwenty.sandbox import Sandbox
from aiotwenty.transport.exchange import Reply
from aiotwenty.transport.failures import failure

NOBODY = "decccb3d-b127-47cf-907d-a8e35191a366"
Bad = Callable[[int], dict[str, Any]]
NAMED: dict[str, Bad] = {
    "address": lambda number: {"emails": {"primaryEmail": f"not-an-address-{number}"}},
    "quotes": lambda number: {"emails": {"primaryEmail": f"o'not-\"an-address-{number}"}},
    "one of several addresses": lambda number: {"emails": {"additionalEmails": ["a@b.example", f"not-{number}"]}},
    "phone": lambda number: {"phones": {"primaryPhoneNumber": f"abc{number % 3}"}},
    "reference": lambda number: {"companyId": f"not-an-id-{number}"},
}
UNNAMED: dict[str, Bad] = {
    "link": lambda number: {"linkedinLink": {"primaryLinkUrl": "not a url"}},
    "foreign key": lambda number: {"companyId": NOBODY},
    "taken": lambda number: {"emails": {"primaryEmail": f"taken{number}@example.com"}},
    "two countries by code": lambda number: {"phones": phone(f"{number:09}", "FR", "+49")},
    "two countries by number": lambda number: {"phones": phone(f"+336{10_000_000 + number}", "US", None)},
    "a calling code that the number denies": lambda number: {
        "phones": phone(f"+336{10_000_000 + number}", None, "+49")
    },
    "two countries of a further number": lambda number: {
        "phones": {"additionalPhones": [{"number": "612345678", "countryCode": "FR", "callingCode": "+49"}]}
    },
}


def phone(number: str, country: str | None, code: str | None) -> dict[str, str]:
    said = {"primaryPhoneNumber": number, "primaryPhoneCountryCode": country, "primaryPhoneCallingCode": code}
    return {name: value for name, value in said.items() if value is not None}


def people(rows: int, bad: set[int], kinds: list[Bad]) -> Iterator[dict[str, Any]]:
    for number in range(1, rows + 1):
        row = {
            "emails": {"primaryEmail": f"p{number}@example.com"},
            "jobTitle": f"not-an-address-{number + 1}",
            "phones": phone(f"+336{10_000_000 + number}", "FR", "+33"),
            "linkedinLink": {"primaryLinkUrl": f"https://linkedin.example/{number}"},
        }
        yield row | kinds[number % len(kinds)](number) if number in bad else row


async def cost_of_bad_rows(rows: int, bad: set[int], kinds: list[Bad]) -> float:
    """Loads them, checks that exactly the good ones are there, and gives the requests that each bad one cost."""
    sent: list[str] = []
    async with (
        Sandbox() as sandbox,
        Twenty(
            sandbox.url,
            api_key=sandbox.api_key,
            rate_limit=None,
            hooks=Hooks(on_request=lambda event: sent.append(event.operation)),
        ) as twenty,
    ):
        taken = await twenty.people.load([UNNAMED["taken"](number) for number in sorted(bad)])
        sent.clear()
        report = await twenty.people.load(people(rows, bad, kinds))
        assert report.requests == len(sent)
        assert {reject.row for reject in report.rejects} == bad
        assert report.loaded == rows - len(bad)
        assert await twenty.people.count() == report.loaded + taken.loaded
        good = {f"p{number}@example.com" for number in range(1, rows + 1) if number not in bad}
        found = [one.emails.primary_email async for one in twenty.people.iterate() if one.emails]
        assert sorted(one for one in found if one and one.startswith("p")) == sorted(good)
    return (report.requests - rows / 200) / len(bad)


def chosen(rows: int, count: int) -> set[int]:
    return set(random.Random(11).sample(range(1, rows + 1), count))


# Of few rows, the requests that find out how the server says it weigh more.
@pytest.mark.parametrize(("rows", "most"), [(2_400, 1.5), pytest.param(20_000, 1.2, marks=pytest.mark.soak)])
async def test_bad_rows_of_every_kind_among_thousands_cost_less_than_two_requests_each(rows: int, most: float) -> None:
    assert await cost_of_bad_rows(rows, chosen(rows, rows // 100), [*NAMED.values(), *UNNAMED.values()]) <= most


@pytest.mark.parametrize("kind", NAMED)
async def test_a_row_whose_value_the_message_names_costs_one_request(kind: str) -> None:
    assert await cost_of_bad_rows(600, chosen(600, 5), [NAMED[kind]]) <= 1.2


@pytest.mark.parametrize("kind", UNNAMED)
async def test_a_row_that_the_message_does_not_name_costs_two_requests(kind: str) -> None:
    assert await cost_of_bad_rows(600, chosen(600, 5), [UNNAMED[kind]]) <= 2


async def test_a_batch_of_bad_rows_only_costs_hardly_more_than_a_request_each() -> None:
    everything = set(range(1, 101))
    for kind in (NAMED["address"], UNNAMED["link"]):
        assert await cost_of_bad_rows(100, everything, [kind]) <= 1.5


# What the genuine server said (Twenty, July 2026), and the field and value that it said it of.
MESSAGES: list[tuple[str, str, Any]] = [
    ("Invalid string value 5 for text field \"name\"", "name", 5),
    ("Invalid string value ' val@example.com ' for email field \"emails.primaryEmail\"",
     "emails", {"primaryEmail": " val@example.com "}),
    ("Invalid string value 'bad' for email field \"emails.additionalEmails\"",
     "emails", {"primaryEmail": "a@b.example", "additionalEmails": ["c@d.example", "bad"]}),
    ('Invalid UUID value \'not-a-uuid\' for field "companyId"', "companyId", "not-a-uuid"),
    ('Invalid number value NaN for field "annualRevenue.amountMicros"', "annualRevenue", {"amountMicros": "x"}),
    ("Invalid number value '3' for field \"age\"", "age", "3"),
    ("Invalid object value 5 for field \"extraData\"", "extraData", 5),
    ("Invalid value \"NOPE\" for field \"stage\". Valid values are: NEW, SCREENING", "stage", "NOPE"),
    ("Invalid value [ 1 ] for field \"interestingFacts - Array values need to be string\"", "interestingFacts", [1]),
    ("Invalid value [ 'NOT_AN_OPTION' ] for multi select field \"workPolicy\"", "workPolicy", ["NOT_AN_OPTION"]),
    ("Invalid value 1767225600000 for date-time field \"closeDate\". Expected format: 'YYYY-MM-DDTHH:mm:ssZ'",
     "closeDate", 1767225600000),
    ("Invalid value '29/02/2020' for date field \"birthday\". Expected format: 'YYYY-MM-DD'", "birthday", "29/02/2020"),
    ("Provided phone number is invalid 0612345678", "phones", {"primaryPhoneNumber": "0612345678"}),
    ("Invalid calling code +999", "phones", {"primaryPhoneNumber": "5", "primaryPhoneCallingCode": "+999"}),
    ('null value in column "jobTitle" of relation "person" violates not-null constraint', "jobTitle", None),
    ('null value in column "nameFirstName" of relation "person" violates not-null constraint',
     "name", {"firstName": ""}),
    ('invalid input value for enum workspace_3x."person_createdBySource_enum": "zz"', "createdBy", {"source": "zz"}),
    ("Expected 1 record to connect to company, but found 0 for domainNamePrimaryLinkUrl = https://none.example",
     "company", {"connect": {"where": {"domainName": {"primaryLinkUrl": "https://none.example"}}}}),
]  # fmt: skip


def refusal(message: str) -> ApiError:
    """The error that the client makes of an answer with this message."""
    answer = {"errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}], "data": None}
    error = failure(Reply(200, {"Content-Type": "application/json"}, to_json(answer)))
    assert isinstance(error, ApiError)
    return error


@pytest.mark.parametrize(("message", "field", "value"), MESSAGES, ids=[message for message, _, _ in MESSAGES])
def test_what_the_server_says_leads_to_the_row_that_it_is_about(message: str, field: str, value: Any) -> None:
    error = refusal(message)
    shape = GeneratedCatalogue("aiotwenty.core").shape("Person")
    bad = prepared(2, {field: value})
    good = [prepared(1, {"position": 1, "intro": value}), prepared(3, {field: {"primaryPhoneNumber": "7"}})]
    found = culprits([good[0], bad, good[1]], error, shape)
    assert found.sure == [bad]


def test_a_number_that_several_rows_give_to_different_countries_is_no_proof() -> None:
    error = refusal("Provided phone number is invalid 0612345678")
    shape = GeneratedCatalogue("aiotwenty.core").shape("Person")
    bad = prepared(1, {"phones": {"primaryPhoneNumber": "0612345678"}})
    good = prepared(2, {"phones": {"primaryPhoneNumber": "0612345678", "primaryPhoneCountryCode": "FR"}})
    found = culprits([bad, good, prepared(3, {})], error, shape)
    assert (found.sure, found.likely) == ([], [bad, good])


def prepared(number: int, data: dict[str, Any]) -> Prepared:
    return Prepared(Row(number, {}), f"20202020-0000-4000-8000-{number:012d}", encode_json(data), ())


def test_calling_codes_are_those_of_libphonenumber() -> None:
    theirs = {
        country: str(code)
        for code, countries in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
        for country in countries
        if country != "001"
    }
    assert calling_codes() == theirs
