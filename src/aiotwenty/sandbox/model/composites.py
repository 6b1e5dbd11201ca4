"""The composite field types, their parts, and the peculiarities of parts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubField:
    """A part of a composite type. `type` is a field type, `not_null` holds for the output type."""

    type: str
    not_null: bool = False
    unique: bool = False
    """Whether a unique index over the composite covers this part."""
    client_writable: bool = True
    """Whether the create and update inputs have the part."""
    groupable: bool = True


_TEXT = SubField("TEXT")
_JSON = SubField("RAW_JSON", groupable=False)
_NUMERIC = SubField("NUMERIC")

COMPOSITES: dict[str, dict[str, SubField]] = {
    "LINKS": {
        "primaryLinkLabel": _TEXT,
        "primaryLinkUrl": SubField("TEXT", unique=True),
        "secondaryLinks": _JSON,
    },
    "CURRENCY": {"amountMicros": _NUMERIC, "currencyCode": _TEXT},
    "FULL_NAME": {"firstName": SubField("TEXT", unique=True), "lastName": SubField("TEXT", unique=True)},
    "ADDRESS": {
        "addressStreet1": _TEXT,
        "addressStreet2": _TEXT,
        "addressCity": _TEXT,
        "addressPostcode": _TEXT,
        "addressState": _TEXT,
        "addressCountry": _TEXT,
        "addressLat": _NUMERIC,
        "addressLng": _NUMERIC,
    },
    "ACTOR": {
        "source": SubField("SELECT", not_null=True),
        "workspaceMemberId": SubField("UUID", client_writable=False),
        "name": SubField("TEXT", not_null=True, client_writable=False),
        "context": _JSON,
    },
    "EMAILS": {"primaryEmail": SubField("TEXT", unique=True), "additionalEmails": _JSON},
    "PHONES": {
        "primaryPhoneNumber": SubField("TEXT", unique=True),
        "primaryPhoneCountryCode": _TEXT,
        "primaryPhoneCallingCode": SubField("TEXT", unique=True),
        "additionalPhones": _JSON,
    },
    "RICH_TEXT": {"blocknote": _TEXT, "markdown": _TEXT},
}
ACTOR_SOURCES = (
    "EMAIL",
    "CALENDAR",
    "WORKFLOW",
    "AGENT",
    "API",
    "IMPORT",
    "MANUAL",
    "SYSTEM",
    "WEBHOOK",
    "APPLICATION",
)
