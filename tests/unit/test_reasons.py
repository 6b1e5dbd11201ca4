"""What an error says travels as fields: why, which field, which value, how many would do."""

# A table is read across: one row, one line.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest

from aiotwenty import errors as e
from aiotwenty.client import Client
from aiotwenty.errors import Reason
from aiotwenty.transport.reasons import cause_of, mentioned, trouble
from aiotwenty.transport.retry import RetryPolicy
from tests.support import recorded
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer, fails

BAD = "BAD_USER_INPUT"
ID = "0f12a159-3b7b-4ac4-80b8-8b14e33530dc"


def refused(message: str, sub_code: str | None = None, code: str | None = BAD, **more: Any) -> Answer:
    return fails(message, code, sub_code, **more)


def by_validation(message: str) -> Answer:
    return answer({"errors": [{"message": message, "locations": [{"line": 1, "column": 3}]}]})


ROWS: list[tuple[Answer, Reason, str | None, str | None, int | None]] = [
    # The caller
    (refused("This API Key is revoked", "FORBIDDEN_EXCEPTION", "FORBIDDEN"), Reason.KEY_REVOKED, None, None, None),
    (refused("Token has expired.", "UNAUTHENTICATED", "UNAUTHENTICATED"), Reason.KEY_EXPIRED, None, None, None),
    (refused("Token invalid.", "UNAUTHENTICATED", "UNAUTHENTICATED"), Reason.KEY_INVALID, None, None, None),
    (refused("jwt malformed", code="UNAUTHENTICATED"), Reason.KEY_INVALID, None, None, None),
    (refused("Forbidden resource", code="FORBIDDEN"), Reason.FORBIDDEN, None, None, None),
    (by_validation('GraphQL introspection has been disabled, but the requested query contained the field "__schema".'), Reason.KEY_MISSING, None, None, None),
    # How much
    (refused("Maximum number of records to upsert is 200.", "TOO_MANY_RECORDS_TO_UPDATE"), Reason.TOO_MANY, None, None, 200),
    (refused("Maximum number of records to upsert is 200.", "UPSERT_MAX_RECORDS_EXCEEDED"), Reason.TOO_MANY, None, None, 200),
    (refused("Cannot update more than 200 records at once"), Reason.TOO_MANY, None, None, 200),
    (refused("Maximum 9 records can be merged at once", "INVALID_QUERY_INPUT"), Reason.TOO_MANY, None, None, 9),
    (refused("Query too complex - Too many root resolvers requested: 21 - Maximum allowed root resolvers: 20"), Reason.TOO_COMPLEX, None, None, 20),
    (refused("Maximum depth of 5 reached", "MAX_DEPTH_REACHED"), Reason.TOO_COMPLEX, None, None, 5),
    (answer("request entity too large", 500), Reason.TOO_LARGE, None, None, 10_000_000),
    # What there is
    (by_validation('Cannot query field "nopes" on type "Query".'), Reason.UNKNOWN_OBJECT, "nopes", None, None),
    (by_validation('Cannot query field "nope" on type "Company". Did you mean "name"?'), Reason.UNKNOWN_FIELD, "nope", None, None),
    (refused('Object person doesn\'t have any "nme" field.', "INVALID_ARGS_DATA"), Reason.UNKNOWN_FIELD, "nme", None, None),
    (answer({"errors": [{"message": 'Field "nme" is not defined by type "PersonCreateInput". Did you mean "name"?', "extensions": {"http": {"status": 400}, "code": BAD}}]}, 400), Reason.UNKNOWN_FIELD, "nme", None, None),
    (refused('Field "nope" does not exist or is not sortable', "FIELD_NOT_FOUND"), Reason.UNKNOWN_FIELD, "nope", None, None),
    (refused("Argument not allowed: nope", "INVALID_QUERY_INPUT"), Reason.UNKNOWN_ARGUMENT, "nope", None, None),
    (by_validation('Unknown argument "limit" on field "Query.companiesGroupBy".'), Reason.UNKNOWN_ARGUMENT, "limit", None, None),
    (refused('Missing required argument: "filter" (object)', "INVALID_QUERY_INPUT"), Reason.MISSING_ARGUMENT, "filter", None, None),
    (by_validation("Syntax Error: Expected Name, found <EOF>."), Reason.INVALID_DOCUMENT, None, None, None),
    (by_validation("Something that nobody has seen yet"), Reason.INVALID_DOCUMENT, None, None, None),
    (refused("Cannot provide both first and last", "ARGS_CONFLICT"), Reason.INVALID_ARGUMENT, None, None, None),
    (refused("Multiple validation errors occurred while creating fields", code="METADATA_VALIDATION_FAILED"), Reason.INVALID_MODEL, None, None, None),
    # Values
    (refused("Record not found", "RECORD_NOT_FOUND", "NOT_FOUND"), Reason.NOT_FOUND, None, None, None),
    (refused("Invalid string value 'not-an-email' for email field \"emails.primaryEmail\"", "INVALID_ARGS_DATA"), Reason.INVALID_VALUE, "emails.primaryEmail", "'not-an-email'", None),
    (refused('Invalid value [ 1 ] for field "interestingFacts - Array values need to be string"', "INVALID_ARGS_DATA"), Reason.INVALID_VALUE, "interestingFacts", "[ 1 ]", None),
    (refused('invalid input value for enum workspace_1.opportunity_stage_enum: "NOPE"'), Reason.INVALID_VALUE, "opportunity_stage", '"NOPE"', None),
    (refused('Value "no" is not a valid UUID', "INVALID_QUERY_INPUT"), Reason.INVALID_VALUE, None, '"no"', None),
    (answer({"errors": [{"message": "Invalid UUID", "extensions": {"value": "xyz", "code": "GRAPHQL_VALIDATION_FAILED"}}]}, 400), Reason.INVALID_VALUE, None, '"xyz"', None),
    (refused('value "99999999999" is out of range for type integer', code="INTERNAL_SERVER_ERROR"), Reason.INVALID_VALUE, None, '"99999999999"', None),
    (refused("Provided phone number is invalid 0612345678", "INVALID_PHONE_NUMBER"), Reason.INVALID_PHONE, None, "0612345678", None),
    (refused("The URL of the link is not valid", "INVALID_URL"), Reason.INVALID_LINK, None, None, None),
    (refused('Filter for field "name" must have exactly one operator', "INVALID_ARGS_FILTER"), Reason.INVALID_FILTER, "name", None, None),
    (refused("Invalid cursor: !!!", "INVALID_CURSOR"), Reason.INVALID_CURSOR, None, "!!!", None),
    (refused('null value in column "nameFirstName" of relation "person" violates not-null constraint'), Reason.NOT_NULL, "nameFirstName", None, None),
    (refused("Time zone should be specified for a group by date on Day", "MISSING_TIMEZONE_FOR_DATE_GROUP_BY"), Reason.TIME_ZONE_MISSING, None, None, None),
    (refused("Invalid timezone: Mars/Olympus", "INVALID_TIMEZONE"), Reason.TIME_ZONE_UNKNOWN, None, "Mars/Olympus", None),
    (refused("Filename must have an extension", code="INTERNAL_SERVER_ERROR"), Reason.INVALID_FILE, None, None, None),
    # Other records
    (refused("A duplicate entry was detected"), Reason.DUPLICATE, None, None, None),
    (refused("A duplicate entry was detected", conflictingRecordId=ID), Reason.DUPLICATE_OF_LIVE, None, None, None),
    (refused("Duplicate Domain Name with value https://x.example. Please set a unique one."), Reason.DUPLICATE, "Domain Name", "https://x.example", None),
    (refused("Several records match", "UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT"), Reason.SEVERAL_MATCH, None, None, None),
    (refused('insert or update on table "person" violates foreign key constraint "FK_1"'), Reason.FOREIGN_KEY, None, None, None),
    (refused("Expected 1 record to connect to company, but found 0 for domainNamePrimaryLinkUrl = https://x.example"), Reason.CONNECT_NONE, "company", "domainNamePrimaryLinkUrl = https://x.example", None),
    (refused("Expected 1 record to connect to company, but found 2 for name = x"), Reason.CONNECT_SEVERAL, "company", "name = x", None),
    # A value that sounds like an error
    (refused("Invalid string value 'this requires an Enterprise plan' for text field \"name\"", "INVALID_ARGS_DATA"), Reason.INVALID_VALUE, "name", "'this requires an Enterprise plan'", None),
    (refused("Duplicate Name with value Forbidden resource requires a user context. Please set a unique one."), Reason.DUPLICATE, "Name", "Forbidden resource requires a user context", None),
]  # fmt: skip


async def error_of(server: ScriptedServer, said: Answer) -> e.ApiError:
    server.say(said)
    async with Client(server.url, api_key=KEY, retry=RetryPolicy(attempts=1), rate_limit=None) as client:
        with pytest.raises(e.ApiError) as caught:
            await client.execute("query Reasons { companies { totalCount } }")
    return caught.value


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].body.decode()[:60])
async def test_an_error_says_why_in_fields(
    server: ScriptedServer, row: tuple[Answer, Reason, str | None, str | None, int | None]
) -> None:
    said, *expected = row
    error = await error_of(server, said)
    assert [error.reason, error.field, error.value, error.allowed] == expected


async def test_the_servers_own_words_are_kept_apart_from_advice(server: ScriptedServer) -> None:
    error = await error_of(server, refused("Cannot update more than 200 records at once"))
    assert error.said == "Cannot update more than 200 records at once"
    assert error.message != error.said
    assert "load" in error.message


async def test_what_a_message_has_in_quotes_can_be_asked_for(server: ScriptedServer) -> None:
    error = await error_of(server, refused("No 'red car' with \"four wheels\", value 12."))
    assert mentioned(error) >= {"red car", "four wheels", "12"}


def test_every_refusal_that_was_recorded_has_a_reason() -> None:
    answers = [*recorded.probes(), *recorded.exchanges()]
    refusals = [
        (error, recording["status"])
        for recording in answers
        if isinstance(recording["body"], dict)
        for error in recording["body"].get("errors") or []
    ]
    assert len(refusals) > 150
    assert not [
        error for error, status in refusals if cause_of(error).reason is None and trouble(error, status) is None
    ]
