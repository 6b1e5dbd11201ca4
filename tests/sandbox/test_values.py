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
        ({"emails": {"additionalEmails": '["nope"]'}}, "Invalid string value 'nope' for email field"),
        ({"emails": {"additionalEmails": [{"email": "a@b.example"}]}}, "for text field"),
        ({"emails": {"primaryEmail": "Jo <jo@x.example>"}}, "for email field"),
        ({"emails": {"primaryEmail": " jo@x.example"}}, "for email field"),
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
    "url", ["one.example", "One.EXAMPLE/", "https://one.example/a?b=c#d", "http://localhost:3000", "127.0.0.1:80"]
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


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("HTTPS://Example.COM/Path/", "https://example.com/Path"),
        ("https://example.com//", "https://example.com/"),
        ("https://example.com/?a=b", "https://example.com/?a=b"),
        ("https://example.com:443/x", "https://example.com/x"),
        ("http://example.com:8080", "http://example.com:8080"),
        ("https://user:secret@example.com/x", "https://example.com/x"),
        (" https://example.com/x ", "https://example.com/x"),
        ("https://exämple.com/a?b=ü", "https://xn--exmple-cua.com/a?b=%C3%BC"),
        ("https://example.com/a/../b", "https://example.com/b"),
        ("mailto:x@y.zz", "nullx@y.zz"),
    ],
)
async def test_a_link_with_a_scheme_is_stored_in_one_form(talk: Any, url: str, stored: str) -> None:
    made = await created(talk, {"linkedinLink": {"primaryLinkUrl": url}}, LINKS)

    assert made["linkedinLink"]["primaryLinkUrl"] == stored


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "javascript:alert(1)", "not a url", "https://", f"https://{'a' * 64}.example"]
)
async def test_what_is_no_address_of_the_web_is_refused(talk: Any, url: str) -> None:
    error = await talk.error(CREATE % "", data={"linkedinLink": {"primaryLinkUrl": url}})

    assert error["subCode"] == "INVALID_URL"


async def test_further_links_are_objects_with_an_address_or_dropped(talk: Any) -> None:
    more: Any
    for more in (["https://s.example", 5, None, {"label": "x"}, {"url": None}], "[]", None):
        links = {"primaryLinkUrl": "https://p.example", "secondaryLinks": more}
        made = await created(talk, {"linkedinLink": links}, LINKS)
        assert made["linkedinLink"]["secondaryLinks"] == []
    error = await talk.error(CREATE % "", data={"linkedinLink": {"secondaryLinks": {"url": "https://x.example"}}})

    assert error == {"message": "(secondaryLinks ?? []) is not iterable", "code": "INTERNAL_SERVER_ERROR"}


@pytest.mark.parametrize(
    ("phones", "stored"),
    [
        ({"primaryPhoneNumber": "+33 6 12 34 56 78"}, ("612345678", "FR", "+33")),
        ({"primaryPhoneNumber": "tel:+1-415-555-2671"}, ("4155552671", "US", "+1")),
        ({"primaryPhoneNumber": "+1 416 555 0199"}, ("4165550199", "CA", "+1")),
        ({"primaryPhoneNumber": "06 12 34 56 78", "primaryPhoneCountryCode": "FR"}, ("612345678", "FR", "+33")),
        ({"primaryPhoneNumber": "06 12 34 56 78", "primaryPhoneCallingCode": "+33"}, ("612345678", "FR", "+33")),
        ({"primaryPhoneNumber": "612345678", "primaryPhoneCallingCode": "33"}, ("612345678", "FR", "33")),
        ({"primaryPhoneNumber": "4155552671;ext=12", "primaryPhoneCountryCode": "US"}, ("4155552671", "US", "+1")),
        ({"primaryPhoneNumber": "415 555 2671 x12", "primaryPhoneCountryCode": "US"}, ("4155552671", "US", "+1")),
        ({"primaryPhoneNumber": "1-800-FLOWERS", "primaryPhoneCountryCode": "US"}, ("1800", "US", "+1")),
        ({"primaryPhoneNumber": "12", "primaryPhoneCountryCode": "FR"}, ("12", "FR", "+33")),
        (
            {"primaryPhoneNumber": "1234567890123456", "primaryPhoneCountryCode": "DE"},
            ("1234567890123456", "DE", "+49"),
        ),
        ({"primaryPhoneCountryCode": "US"}, ("", "US", "")),
        ({"primaryPhoneNumber": ""}, ("", "", "")),
    ],
)
async def test_a_telephone_number_is_stored_without_what_its_country_says(
    talk: Any, phones: dict[str, str], stored: tuple[str, str, str]
) -> None:
    made = (await created(talk, {"phones": phones}, PHONES))["phones"]

    names = ("primaryPhoneNumber", "primaryPhoneCountryCode", "primaryPhoneCallingCode")
    assert tuple(made[name] for name in names) == stored


@pytest.mark.parametrize(
    ("phones", "sub_code"),
    [
        ({"primaryPhoneNumber": "0033612345678"}, "INVALID_PHONE_NUMBER"),
        ({"primaryPhoneNumber": "no number", "primaryPhoneCountryCode": "FR"}, "INVALID_PHONE_NUMBER"),
        ({"primaryPhoneCountryCode": "fr"}, "INVALID_PHONE_COUNTRY_CODE"),
        ({"primaryPhoneCountryCode": "XX"}, "INVALID_PHONE_COUNTRY_CODE"),
        ({"primaryPhoneNumber": "612345678", "primaryPhoneCallingCode": "+999"}, "INVALID_PHONE_CALLING_CODE"),
        ({"primaryPhoneNumber": "+33612345678", "primaryPhoneCountryCode": "US"}, "CONFLICTING_PHONE_COUNTRY_CODE"),
        ({"primaryPhoneNumber": "+33612345678", "primaryPhoneCallingCode": "+1"}, "CONFLICTING_PHONE_CALLING_CODE"),
        (
            {"primaryPhoneCountryCode": "FR", "primaryPhoneCallingCode": "+1"},
            "CONFLICTING_PHONE_CALLING_CODE_AND_COUNTRY_CODE",
        ),
        ({"primaryPhoneNumber": 612345678}, "INVALID_ARGS_DATA"),
        ({"additionalPhones": [{"number": "612345678"}]}, "INVALID_PHONE_NUMBER"),
    ],
)
async def test_a_telephone_number_that_contradicts_itself_is_refused(
    talk: Any, phones: dict[str, Any], sub_code: str
) -> None:
    assert (await talk.error(CREATE % "", data={"phones": phones}))["subCode"] == sub_code


async def test_further_phones_that_are_no_objects_become_empty_ones(talk: Any) -> None:
    for more, stored in ((["x", 5], [{}, {}]), ({"number": "x"}, []), ("[]", [])):
        made = await created(talk, {"phones": {"additionalPhones": more}}, PHONES)
        assert made["phones"]["additionalPhones"] == stored
    broken: Any
    for broken in ("x", [None]):
        error = await talk.error(CREATE % "", data={"phones": {"additionalPhones": broken}})
        assert error["code"] == "INTERNAL_SERVER_ERROR"


async def test_further_phones_that_are_left_out_of_an_update_are_lost(talk: Any) -> None:
    phones = {"primaryPhoneNumber": "+33612345678", "additionalPhones": [{"number": "+33712345678"}]}
    made = await created(talk, {"phones": phones}, PHONES)

    nothing = await talk.data(UPDATE % PHONES, id=made["id"], data={"phones": None})
    changed = await talk.data(UPDATE % PHONES, id=made["id"], data={"phones": {}})

    assert nothing["phones"] == made["phones"]
    assert changed["phones"] == made["phones"] | {"additionalPhones": []}


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2024-02-29", "2024-02-29T00:00:00.000Z"),
        ("2024-02-29T10:00", "2024-02-29T10:00:00.000Z"),
        ("2024-02-29 10:00:00", "2024-02-29T10:00:00.000Z"),
        ("2024-02-29T10:00:00+0200", "2024-02-29T08:00:00.000Z"),
        ("2024-02-29T10:00:00.123456789Z", "2024-02-29T10:00:00.123Z"),
        ("20240229T100000Z", "2024-02-29T10:00:00.000Z"),
        ("01/02/2020", "2020-01-02T00:00:00.000Z"),
        ("0001-01-01", "0001-01-01T00:00:00.000Z"),
    ],
)
async def test_a_moment_is_read_in_many_notations(talk: Any, text: str, stored: str) -> None:
    assert (await created(talk, {"createdAt": text}, "createdAt"))["createdAt"] == stored


@pytest.mark.parametrize(
    "value",
    [
        *("2024", "2024-02", 1767225600000, "1767225600000", "Thu, 29 Feb 2024 10:00:00 GMT", "2024-02-29T24:00:00Z"),
        *("2024-02-30", "", "12024-01-01", "-2024-01-01"),
    ],
)
async def test_what_is_no_moment_is_refused(talk: Any, value: Any) -> None:
    error = await talk.error(CREATE % "", data={"createdAt": value})

    assert error["message"].startswith("Invalid value ")
    assert error["message"].endswith("for date-time field \"createdAt\". Expected format: 'YYYY-MM-DDTHH:mm:ssZ'")


@pytest.mark.parametrize(
    ("data", "message", "sub_code"),
    [
        ({"id": "0190c1f0-7e2a-7abc-8def-0123456789ab"}, "Value", "INVALID_QUERY_INPUT"),
        ({"id": "00000000-0000-0000-0000-000000000000"}, "Value", "INVALID_QUERY_INPUT"),
        ({"id": "20202020-0000-4000-c000-000000000001"}, "Value", "INVALID_QUERY_INPUT"),
        ({"id": "20202020000040008000000000000001"}, "Value", "INVALID_QUERY_INPUT"),
        ({"id": ""}, "Invalid UUID value '' for field \"id\"", "INVALID_ARGS_DATA"),
        ({"companyId": ""}, "Invalid UUID value '' for field \"companyId\"", "INVALID_ARGS_DATA"),
        ({"companyId": "0190c1f0-7e2a-7abc-8def-0123456789ab"}, "Invalid UUID value '0190", "INVALID_ARGS_DATA"),
    ],
)
async def test_only_ids_of_versions_1_to_5_are_taken(
    talk: Any, data: dict[str, Any], message: str, sub_code: str
) -> None:
    error = await talk.error(CREATE % "", data=data)

    assert error["message"].startswith(message)
    assert error["subCode"] == sub_code


async def test_an_id_that_is_null_is_missing_to_the_database(talk: Any) -> None:
    error = await talk.error(CREATE % "", data={"id": None})

    assert error["message"] == 'null value in column "id" of relation "person" violates not-null constraint'


@pytest.mark.parametrize(("amount", "stored"), [("", 0), (True, 1), (-1.9, -1), ("1.5", 1), (2**53 + 1, 2**53)])
async def test_an_amount_is_whatever_javascript_makes_a_number_of(talk: Any, amount: Any, stored: int) -> None:
    query = "mutation ($data: X) { createOpportunity(data: $data) { amount { amountMicros } } }"

    made = await talk.data(query, data={"amount": {"amountMicros": amount}})

    assert made == {"amount": {"amountMicros": stored}}


async def test_an_empty_text_is_null_to_the_database_and_may_be_forbidden(talk: Any) -> None:
    create = "mutation ($data: X) { createSlogan(data: $data) { slogan } }"
    of = {"nameSingular": "slogan", "namePlural": "slogans", "labelSingular": "S", "labelPlural": "Ss"}
    made = await talk.answer(
        "mutation($i:CreateOneObjectInput!){createOneObject(input:$i){id}}", i={"object": of}, path="/metadata"
    )
    field = {"name": "slogan", "label": "Slogan", "type": "TEXT", "isNullable": False, "defaultValue": "''"}
    field["objectMetadataId"] = made["data"]["createOneObject"]["id"]
    await talk.answer(
        "mutation($i:CreateOneFieldMetadataInput!){createOneField(input:$i){id}}", i={"field": field}, path="/metadata"
    )

    error = await talk.error(create, data={"slogan": ""})

    assert error["message"] == 'null value in column "slogan" of relation "_slogan" violates not-null constraint'
    assert await talk.data(create, data={}) == {"slogan": ""}


async def test_a_character_that_no_text_may_have_is_refused(talk: Any) -> None:
    error = await talk.error(CREATE % "", data={"jobTitle": "a\0b"})

    assert error == {"message": "Data validation error.", "code": "INTERNAL_SERVER_ERROR"}
    assert (await created(talk, {"jobTitle": "a\ud800b"}, "jobTitle"))["jobTitle"] == "a\ufffdb"


@pytest.mark.parametrize(
    ("composite", "part", "kept"),
    [
        ({"name": {"firstName": "X"}}, "name { firstName lastName }", {"firstName": "X", "lastName": "L"}),
        ({"name": {"lastName": None}}, "name { firstName lastName }", {"firstName": "F", "lastName": ""}),
        ({"name": {}}, "name { firstName lastName }", {"firstName": "F", "lastName": "L"}),
        ({"name": None}, "name { firstName lastName }", {"firstName": "F", "lastName": "L"}),
        ({"emails": {}}, EMAILS, {"primaryEmail": "", "additionalEmails": ["b@x.example"]}),
        ({"emails": {"additionalEmails": None}}, EMAILS, {"primaryEmail": "", "additionalEmails": []}),
        ({"emails": {"primaryEmail": "C@x"}}, EMAILS, {"primaryEmail": "c@x", "additionalEmails": ["b@x.example"]}),
        ({"emails": None}, EMAILS, {"primaryEmail": "a@x.example", "additionalEmails": ["b@x.example"]}),
    ],
)
async def test_parts_that_are_not_sent_are_kept_or_lost_by_type(
    talk: Any, composite: dict[str, Any], part: str, kept: dict[str, Any]
) -> None:
    emails = {"primaryEmail": "a@x.example", "additionalEmails": ["b@x.example"]}
    made = await created(talk, {"name": {"firstName": "F", "lastName": "L"}, "emails": emails}, "")

    changed = await talk.data(UPDATE % part, id=made["id"], data=composite)

    assert list(changed.values()) == [kept]


async def test_who_created_a_record_is_kept_by_an_update_and_not_changed_by_an_upsert(talk: Any) -> None:
    actor = "createdBy { source name context }"
    made = await created(talk, {}, actor)

    upsert = f"mutation ($data: X) {{ createPerson(data: $data, upsert: true) {{ {actor} }} }}"
    same = await talk.data(upsert, data={"id": made["id"], "createdBy": {"source": "IMPORT", "name": "other"}})
    changed = await talk.data(UPDATE % actor, id=made["id"], data={"createdBy": {"name": "other"}})

    assert same["createdBy"] == made["createdBy"]
    assert changed["createdBy"] == made["createdBy"] | {"name": "other"}
