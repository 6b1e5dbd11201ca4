"""Reads the messages of the server's errors. No other module does.

Their contents become fields of the error: its reason, and the field, value and number in the message. Messages of
graphql-js about missing parts of a schema are read by `gone`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from aiotwenty.errors import ApiError, Reason

_LOAD = (
    "Bulk work takes any number: `load` to create or upsert (`await twenty.companies.load(rows)`), "
    "`aiotwenty.bulk.change` to update what a filter finds."
)
_ROLE = (
    "Either the role of the API key does not allow this (see Settings, Roles), or the key does not arrive: check that "
    "a proxy passes the Authorization header on."
)
_USER = "No API key may do this, whatever its role: do it in Twenty itself, as a user."
_PLAN = "It is a matter of what the workspace has subscribed to, not of the API key's role."
_DEEPER = "For relations of relations, declare them in a Select model, and give that to twenty.rest.find_many."
_NOBODY = "Nobody may do this through the API, whatever the role of the key: the server does it itself."


class Cause(NamedTuple):
    """The contents of one error of a response. `reason` is None for an unknown message."""

    reason: Reason | None
    field: str | None = None
    value: str | None = None
    allowed: int | None = None
    seconds: float | None = None
    """For a rate limit: the seconds of its period."""
    advice: str = ""


class _Saying:
    """A known message. Its groups are called after the fields of `Cause`."""

    def __init__(self, reason: Reason, pattern: str, advice: str = "") -> None:
        self.reason = reason
        self.advice = advice
        self._pattern = pattern

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The pattern, compiled for the first error: compiling all takes longer than importing the client."""
        return re.compile(self._pattern, re.DOTALL)


# The first match counts. Messages that quote a value come first, because it may contain the words of any other.
_SAYINGS = (
    # The value comes before the field, so that the last field named is the server's own word.
    _Saying(
        Reason.INVALID_VALUE,
        r'^Invalid (?:[\w ]{1,60} )?value (?P<value>.+) for (?:[\w-]+ ){0,4}?field "(?P<field>[\w.]+)(?: - [^"]*)?"',
    ),
    _Saying(Reason.INVALID_VALUE, r'^invalid input value for enum (?:\S*\W)?(?P<field>\w+)_enum"?: (?P<value>".*")$'),
    _Saying(Reason.INVALID_VALUE, r"^'(?P<field>depth)=(?P<value>[^']*)' parameter invalid", _DEEPER),
    _Saying(Reason.INVALID_VALUE, r'^Value (?P<value>".*") does not exist in ".*" enum'),
    _Saying(Reason.INVALID_VALUE, r'^Value (?P<value>".*") is not a valid UUID$'),
    _Saying(Reason.INVALID_VALUE, r"^\w+ cannot represent .*?value: (?P<value>.+)$"),
    _Saying(Reason.INVALID_VALUE, r'^invalid input (?:syntax|value) for [^:]+: (?P<value>".*")'),
    _Saying(Reason.INVALID_VALUE, r'^date/time field value out of range: (?P<value>".*")'),
    _Saying(Reason.INVALID_VALUE, r'^(?:value (?P<value>"[^"]*") is |\w+ )out of range'),
    _Saying(
        Reason.INVALID_VALUE,
        r"^invalid input (syntax|value)|^malformed array literal|^value too long for type|^invalid byte sequence"
        r"|^unsupported Unicode escape|^numeric field overflow|out of range for type|violates check constraint"
        r"|^date/time field value|^Invalid UUID$",
    ),
    _Saying(
        Reason.INVALID_PHONE,
        r"^(?:Provided phone number is invalid|Invalid calling code|Invalid country code) (?P<value>.*)$",
    ),
    _Saying(
        Reason.CONNECT_NONE,
        r"^Expected 1 record to connect to (?P<field>\w+), but found 0 for (?P<value>.+)$",
    ),
    _Saying(
        Reason.CONNECT_SEVERAL,
        r"^Expected 1 record to connect to (?P<field>\w+), but found \d+ for (?P<value>.+)$",
    ),
    _Saying(Reason.DUPLICATE, r"^Duplicate (?P<field>.+?) with value (?P<value>.+)\. Please set a unique"),
    _Saying(
        Reason.DUPLICATE,
        r"^A duplicate entry was detected|^Duplicate .+ with value .+ unique|^duplicate key value violates unique",
    ),
    # Callers
    _Saying(Reason.KEY_REVOKED, r"^This API Key is revoked"),
    _Saying(Reason.KEY_EXPIRED, r"^This API Key is expired|^Token has expired"),
    _Saying(Reason.KEY_INVALID, r"^No payload$|^Unknown token error|^Invalid token type|^Token invalid"),
    _Saying(Reason.KEY_MISSING, r"^Missing authentication token|^GraphQL introspection has been disabled"),
    _Saying(Reason.FORBIDDEN, r"^Forbidden resource", _ROLE),
    _Saying(Reason.NOT_OFFERED, r"^Method not allowed\.", _NOBODY),
    _Saying(Reason.NEEDS_USER, r"requires a (session access token|user context)", _USER),
    _Saying(Reason.NEEDS_PLAN, r"requires an Enterprise plan", _PLAN),
    # Limits
    _Saying(Reason.RATE_LIMIT, r"^Limit reached \((?P<allowed>\d{1,9}) tokens per (?P<milliseconds>\d{1,9}) ms\)"),
    _Saying(Reason.RATE_LIMIT, r"^Limit reached \("),
    _Saying(Reason.TOO_MANY, r"^Maximum number of records to upsert is (?P<allowed>\d+)", _LOAD),
    _Saying(Reason.TOO_MANY, r"^Cannot update more than (?P<allowed>\d+) records at once", _LOAD),
    _Saying(Reason.TOO_MANY, r"^Maximum (?P<allowed>\d+) records can be merged"),
    _Saying(Reason.TOO_MANY, r"^Limit cannot exceed (?P<allowed>\d+) items"),
    _Saying(Reason.TOO_LARGE, r"^request entity too large"),
    _Saying(Reason.TOO_COMPLEX, r"^Query too complex\b.*?(?:Maximum allowed [\w ]+: (?P<allowed>\d+))?$"),
    _Saying(Reason.TOO_COMPLEX, r"^Query complexity is too high|^Maximum depth of (?P<allowed>\d+) reached"),
    # Existence
    _Saying(Reason.NOT_FOUND, r"^Record not found$|^File not found|^Could not find flat entity"),
    _Saying(
        Reason.UNKNOWN_OBJECT,
        r'^Cannot query field "(?P<field>\w+)" on type "(?:Query|Mutation|Subscription)"',
    ),
    _Saying(Reason.UNKNOWN_OBJECT, r'^Unknown type "(?P<field>\w+)"'),
    _Saying(Reason.UNKNOWN_OBJECT, r"^object '(?P<field>[^']+)' not found"),
    _Saying(Reason.UNKNOWN_ARGUMENT, r'^Unknown argument "(?P<field>\w+)" on field'),
    _Saying(Reason.UNKNOWN_ARGUMENT, r"^Argument not allowed: (?P<field>\w+)"),
    _Saying(Reason.UNKNOWN_FIELD, r'^Object \w+ doesn\'t have any "(?P<field>[^"]*)" field'),
    _Saying(Reason.UNKNOWN_FIELD, r'^Cannot query field "(?P<field>\w+)" on type'),
    _Saying(Reason.UNKNOWN_FIELD, r'Field "(?P<field>\w+)" is not defined by type'),
    _Saying(Reason.UNKNOWN_FIELD, r'^Field "(?P<field>[^"]+)" does not exist or is not sortable'),
    _Saying(Reason.UNKNOWN_FIELD, r'^Field metadata for field "(?P<field>[^"]+)" is missing'),
    _Saying(Reason.UNKNOWN_FIELD, r"^Unidentified field in groupBy: (?P<field>\w+)"),
    _Saying(Reason.UNKNOWN_FIELD, r"^Invalid subfield (?P<field>\w+) for"),
    _Saying(Reason.UNKNOWN_FIELD, r'^Sub field "(?P<field>[^"]+)" not found'),
    _Saying(Reason.MISSING_ARGUMENT, r'^Missing required argument: "(?P<field>\w+)"|^Missing filter argument'),
    _Saying(Reason.MISSING_ARGUMENT, r'argument "(?P<field>\w+)" of type "[^"]+" is required, but'),
    _Saying(Reason.MISSING_ARGUMENT, r'^Field "(?:\w+\.)?(?P<field>\w+)" of required type "[^"]+" was not provided'),
    _Saying(Reason.MISSING_ARGUMENT, r'^Variable "\$(?P<field>\w+)" of required type "[^"]+" was not provided'),
    _Saying(
        Reason.INVALID_DOCUMENT,
        r"^Syntax Error|^Must provide (query string|operation name)|^Batching is not supported|^Duplicate root resolver"
        r"|^Could not determine what operation|^This query cannot be executed as a single request",
    ),
    # Data
    _Saying(Reason.NOT_NULL, r'^null value in column "(?P<field>\w+)"|violates not-null constraint'),
    _Saying(Reason.FOREIGN_KEY, r"violates foreign key constraint"),
    _Saying(Reason.TIME_ZONE_MISSING, r"^Time zone should be specified"),
    _Saying(Reason.TIME_ZONE_UNKNOWN, r"^Invalid timezone: (?P<value>.*)$"),
    _Saying(Reason.INVALID_FILTER, r"^(?:Invalid filter value for|Filter .*) field \"?(?P<field>\w+)"),
    _Saying(Reason.INVALID_FILTER, r'^Operator "\w+" is not valid for field "(?P<field>\w+)"'),
    _Saying(Reason.INVALID_FILTER, r'^Cannot filter by relation field "(?P<field>\w+)"'),
    _Saying(Reason.INVALID_ARGUMENT, r"^Cannot order by a field that is not an aggregate .*: (?P<field>\w+)\.$"),
    _Saying(Reason.INVALID_ARGUMENT, r'^Field "(?P<field>\w+)" (?:is|does) not support.* in groupBy$'),
    _Saying(Reason.INVALID_CURSOR, r"^Invalid cursor(: (?P<value>.*))?$"),
    _Saying(
        Reason.INVALID_FILE,
        r"^Invalid file size (?P<value>\S+)|^Filename must|^Direct upload is not supported"
        r"|^fieldMetadataId or \w+ must be provided|^File \S+ has not been uploaded"
        r"|^File \S+ upload has not been completed",
    ),
)
# Reasons from codes, if no message matches.
_CODES = {
    "LIMIT_REACHED": Reason.RATE_LIMIT,
    "UNAUTHENTICATED": Reason.KEY_INVALID,
    "INVALID_JWT_TOKEN_TYPE": Reason.KEY_INVALID,
    "RECORD_NOT_FOUND": Reason.NOT_FOUND,
    "NOT_FOUND": Reason.NOT_FOUND,
    "NotFoundException": Reason.NOT_FOUND,
    "TOO_COMPLEX_QUERY": Reason.TOO_COMPLEX,
    "MAX_DEPTH_REACHED": Reason.TOO_COMPLEX,
    "TOO_MANY_RECORDS_TO_UPDATE": Reason.TOO_MANY,
    "UPSERT_MAX_RECORDS_EXCEEDED": Reason.TOO_MANY,
    "UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT": Reason.SEVERAL_MATCH,
    "MISSING_TIMEZONE_FOR_DATE_GROUP_BY": Reason.TIME_ZONE_MISSING,
    "INVALID_TIMEZONE": Reason.TIME_ZONE_UNKNOWN,
    "INVALID_URL": Reason.INVALID_LINK,
    "INVALID_PHONE_NUMBER": Reason.INVALID_PHONE,
    "INVALID_PHONE_COUNTRY_CODE": Reason.INVALID_PHONE,
    "INVALID_PHONE_CALLING_CODE": Reason.INVALID_PHONE,
    "CONFLICTING_PHONE_COUNTRY_CODE": Reason.INVALID_PHONE,
    "CONFLICTING_PHONE_CALLING_CODE": Reason.INVALID_PHONE,
    "CONFLICTING_PHONE_CALLING_CODE_AND_COUNTRY_CODE": Reason.INVALID_PHONE,
    "FIELD_NOT_FOUND": Reason.UNKNOWN_FIELD,
    "INVALID_CURSOR": Reason.INVALID_CURSOR,
    "INVALID_ARGS_FILTER": Reason.INVALID_FILTER,
    "UNSUPPORTED_OPERATOR": Reason.INVALID_FILTER,
    "INVALID_QUERY_INPUT": Reason.INVALID_ARGUMENT,
    "INVALID_ARGS_FIRST": Reason.INVALID_ARGUMENT,
    "ARGS_CONFLICT": Reason.INVALID_ARGUMENT,
    "INVALID_ARGS_DATA": Reason.INVALID_VALUE,
    "METADATA_VALIDATION_FAILED": Reason.INVALID_MODEL,
    "METADATA_VALIDATION_ERROR": Reason.INVALID_MODEL,
    "GRAPHQL_PARSE_FAILED": Reason.INVALID_DOCUMENT,
    "GRAPHQL_VALIDATION_FAILED": Reason.INVALID_DOCUMENT,
}


def cause_of(error: Mapping[str, Any]) -> Cause:
    """The cause of an error."""
    code, sub_code = codes_of(error)
    message = str(error.get("message", ""))
    if sub_code == "INVALID_AUTH_CONTEXT":
        return Cause(Reason.NEEDS_USER, advice=_USER)
    cause = _cause_of_message(message)
    if extension(error, "conflictingRecordId"):
        return Cause(Reason.DUPLICATE_OF_LIVE, cause.field, cause.value)
    if cause.reason is None:
        codes = (_CODES.get(known_code) for known_code in (sub_code, code) if known_code)
        return Cause(next((reason for reason in codes if reason), _by_place(error, code)))
    if cause.value is None and (beside := extension(error, "value")):
        # Older servers put the field beside the message (Twenty, November 2025).
        return Cause(cause.reason, cause.field, f'"{beside}"')
    return cause


def _cause_of_message(message: str) -> Cause:
    for saying in _SAYINGS:
        if match := saying.pattern.search(message):
            names = match.groupdict()
            return Cause(
                saying.reason,
                names.get("field"),
                names.get("value"),
                int(names["allowed"]) if names.get("allowed") else None,
                int(names["milliseconds"]) / 1000 if names.get("milliseconds") else None,
                saying.advice,
            )
    return Cause(None)


def _by_place(error: Mapping[str, Any], code: str | None) -> Reason | None:
    """The reason for a refusal before execution, which has a place in the document, and no code."""
    return Reason.INVALID_DOCUMENT if error.get("locations") and not error.get("path") and code is None else None


# Patterns are texts, compiled by `re` for the first error: importing the client needs none.
_QUOTED = r"'([^']*)'|\"([^\"]*)\""
_BARE = r"(?i:\bvalue|\binvalid|=|\bwith value) ([^\s\"'\[]\S*)"


def mentioned(error: ApiError) -> set[str]:
    """The quoted texts of an error, and those in places of values; the field concerned may be among them."""
    message = error.said or ""
    texts = {text for quoted in re.findall(_QUOTED, message) for text in quoted if text}
    for bare in re.findall(_BARE, message):
        texts |= {bare, bare.rstrip(".,;")}
    return texts | ({error.value, error.value.strip('"')} if error.value else set())


def is_no_route(message: str) -> bool:
    """Whether it is the framework's message about an address without an API."""
    return message.startswith("Cannot ")


def in_plain_text(answer: object) -> str | None:
    """The message of an error that comes as a JSON string instead of an object."""
    if answer == "request entity too large":
        return "request entity too large"
    return answer.splitlines()[0] if isinstance(answer, str) and answer.startswith("GraphQLError:") else None


# INTERNAL_SERVER_ERROR says nothing about whether something was written: the server gives up a slow database after ten
# seconds, and the database commits all the same. REST answers such troubles with HTTP 400 (Twenty, July 2026).
INTERNAL = frozenset({"INTERNAL_SERVER_ERROR", "InternalServerErrorException"})
_DATABASE = (
    r"^(?i:(error: )?("
    r"Query read timeout|timeout exceeded when trying to connect|Connection terminated|Connection ended unexpectedly"
    r"|Client has encountered a connection error|Client was closed|server closed the connection|connection is insecure"
    r"|terminating connection|canceling (statement|autovacuum)|deadlock detected|could not serialize access"
    r"|could not obtain lock|sorry, too many clients|remaining connection slots|too many connections"
    r"|the database system is|cannot execute \w+ in a read-only transaction|QueryRunnerAlreadyReleased"
    r"|Query runner already released|Driver not Connected|Connection is not established"
    r"|(?-i:(connect|read|write|getaddrinfo|queryA) E[A-Z_]{3,})"
    r"))"
)
# Errors of JavaScript and the database about a request that the server can't handle, now or later.
_BUG = (
    r"^Cannot (read|set|convert|destructure|return null|access|use)\b"
    r"| is not (a function|iterable|defined|a constructor|valid JSON)\b|in JSON at position"
    r"|^Unexpected (token|end|non-)|^Data validation error|^Migration action | does not exist$|^syntax error at"
    r"|^Converting circular structure"
)


def is_database(message: str) -> bool:
    """Whether the message is about a database that is too slow or out of reach."""
    return re.match(_DATABASE, message) is not None


def trouble(error: Mapping[str, Any], status: int) -> Reason | None:
    """The server's own trouble in an error that has no other class."""
    message = str(error.get("message", ""))
    if is_database(message):
        return Reason.DATABASE
    if status < 500 and codes_of(error)[0] not in INTERNAL:
        return None
    return Reason.SERVER_BUG if re.search(_BUG, message) else Reason.SERVER_TROUBLE


def codes_of(error: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The code and subCode of an error."""
    return extension(error, "code"), extension(error, "subCode")


def extension(error: Mapping[str, Any], name: str) -> str | None:
    """A text in the extensions of an error; None if it is missing or not a text."""
    extensions = error.get("extensions")
    value = extensions.get(name) if isinstance(extensions, dict) else None
    return value if isinstance(value, str) else None
