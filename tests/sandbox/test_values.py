"""What fields take, and what becomes of it, beyond what was recorded: with the words of the server's own source."""

from __future__ import annotations

from typing import Any

import pytest

CREATE = "mutation ($data: PersonCreateInput!) { createPerson(data: $data) { id %s } }"
UPDATE = "mutation ($id: UUID!, $data: PersonUpdateInput!) { updatePerson(id: $id, data: $data) { %s } }"
EMAILS = "emails { primaryEmail additionalEmails }"
LINKS = "linkedinLink { primaryLinkUrl primaryLinkLabel secondaryLinks }"
PHONES = "phones { primaryPhoneNumber primaryPhoneCountryCode primaryPhoneCallingCode additionalPhones }"
WORDS = 'for field "statuses - Array values need to be string"'


async def created(talk: Any, data: dict[str, Any], select: str) -> dict[str, Any]:
    found: dict[str, Any] = await talk.data(CREATE % select, data=data)
    return found


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"emails": {"additionalEmails": ["nope"]}}, "Invalid string value 'nope' for email field"),
        ({"emails": {"additionalEmails": "nope"}}, "Invalid string value 'nope' for email field"),
        ({"emails": {"additionalEmails": 5}}, 'Invalid value 5 for field "emails.additionalEmails - Array values need'),
        ({"emails": {"nope": 1}}, 'Invalid subfield nope for emails field "emails"'),
        ({"name": {"nope": 1}}, 'Invalid subfield nope for full name field "name"'),
        ({"company": "x"}, 'Relation "company" requires connect or disconnect operation'),
        ({"noteTargets": []}, "One-to-many relation noteTargets field does not support write operations."),
    ],
)
async def test_what_a_field_does_not_take_is_refused(talk: Any, data: dict[str, Any], message: str) -> None:
    error = await talk.error(CREATE % "", data=data)

    assert message in error["message"]
    assert error["subCode"] == "INVALID_ARGS_DATA"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"stage": 5}, 'Invalid string value 5 for text field "stage"'),
        ({"amount": {"amountMicros": "abc"}}, 'Invalid number value NaN for field "amount.amountMicros"'),
    ],
)
async def test_options_and_amounts_of_another_type_are_refused(talk: Any, data: dict[str, Any], message: str) -> None:
    query = "mutation ($data: OpportunityCreateInput!) { createOpportunity(data: $data) { id } }"

    assert (await talk.error(query, data=data))["message"] == message


@pytest.mark.parametrize("url", ["no link", "nodots", "https://", "a,b"])
async def test_a_link_needs_a_host(talk: Any, url: str) -> None:
    for links in ({"primaryLinkUrl": url}, {"secondaryLinks": [{"url": url, "label": "x"}]}):
        error = await talk.error(CREATE % "", data={"linkedinLink": links})

        assert (error["message"], error["subCode"]) == ("The URL of the link is not valid", "INVALID_URL")


@pytest.mark.parametrize(
    "url", ["one.example", "https://one.example/a?b=c#d", "http://localhost:3000", "127.0.0.1:80", "https://münchen.de"]
)
async def test_a_link_with_a_host_is_kept(talk: Any, url: str) -> None:
    made = await created(talk, {"linkedinLink": {"primaryLinkUrl": url}}, LINKS)

    assert made["linkedinLink"] == {"primaryLinkUrl": url, "primaryLinkLabel": "", "secondaryLinks": []}


async def test_the_first_link_that_there_is_becomes_the_primary_one(talk: Any) -> None:
    more = [
        {"url": "", "label": "gone"},
        {"url": "HTTPS://One.example/", "label": "1"},
        {"url": "https://Two.example/"},
    ]

    made = await created(talk, {"linkedinLink": {"secondaryLinks": more}}, LINKS)

    assert made["linkedinLink"] == {
        "primaryLinkUrl": "https://one.example",
        "primaryLinkLabel": "1",
        "secondaryLinks": [{"url": "https://two.example", "label": ""}],
    }


async def test_links_and_primary_emails_that_are_left_out_of_an_update_are_lost(talk: Any) -> None:
    made = await created(
        talk,
        {
            "linkedinLink": {"primaryLinkUrl": "https://one.example", "primaryLinkLabel": "1"},
            "emails": {"primaryEmail": "a@one.example", "additionalEmails": ["B@one.example"]},
        },
        EMAILS,
    )

    changed = await talk.data(
        UPDATE % f"{EMAILS} {LINKS}",
        id=made["id"],
        data={"linkedinLink": {"primaryLinkLabel": "2"}, "emails": {"additionalEmails": ["c@one.example"]}},
    )

    assert made["emails"] == {"primaryEmail": "a@one.example", "additionalEmails": ["b@one.example"]}
    assert changed["emails"] == {"primaryEmail": "", "additionalEmails": ["c@one.example"]}
    assert changed["linkedinLink"] == {"primaryLinkUrl": "", "primaryLinkLabel": "", "secondaryLinks": []}


async def test_further_phones_are_completed_as_the_first_one_is(talk: Any) -> None:
    more = [{"number": "+33612345678"}, {"number": "612 345 679", "countryCode": "FR"}]

    made = await created(talk, {"phones": {"additionalPhones": more}}, PHONES)

    assert made["phones"]["additionalPhones"] == [
        {"countryCode": "FR", "callingCode": "+33", "number": number} for number in ("612345678", "612345679")
    ]


async def test_a_national_number_needs_its_country(talk: Any) -> None:
    for phones in ({"primaryPhoneNumber": "612345678"}, {"additionalPhones": [{"number": "612345678"}]}):
        error = await talk.error(CREATE % "", data={"phones": phones})

        assert (error["message"], error["subCode"]) == (
            "Provided phone number is invalid 612345678",
            "INVALID_PHONE_NUMBER",
        )


async def test_lists_and_objects_that_are_empty_are_stored_as_nothing(talk: Any) -> None:
    workflow = "mutation ($data: WorkflowCreateInput!) { createWorkflow(data: $data) { statuses } }"
    activity = "mutation ($data: TimelineActivityCreateInput!) { createTimelineActivity(data: $data) { properties } }"
    nothing: Any
    for nothing in ([], None):
        assert await talk.data(workflow, data={"name": "x", "statuses": nothing}) == {"statuses": []}
    for nothing in ({}, None):
        assert await talk.data(activity, data={"name": "x", "properties": nothing}) == {"properties": None}

    empty = await talk.data("{ workflows(filter: { statuses: { is: NULL } }) { totalCount } }")

    assert empty == {"totalCount": 2}


@pytest.mark.parametrize(("value", "message"), [(True, WORDS), (["NOPE"], "Invalid value [ 'NOPE' ] for multi select")])
async def test_several_options_are_texts_that_there_are(talk: Any, value: Any, message: str) -> None:
    workflow = "mutation ($data: WorkflowCreateInput!) { createWorkflow(data: $data) { id } }"

    error = await talk.error(workflow, data={"name": "x", "statuses": value})

    assert message in error["message"]
