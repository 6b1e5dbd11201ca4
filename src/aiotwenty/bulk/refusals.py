"""Reading a refusal: is it about the request as a whole, or about certain rows?"""

from __future__ import annotations

import re

from aiotwenty.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    DuplicateRecord,
    InvalidInput,
    PermissionDenied,
    QueryTooComplex,
    Reason,
    RequestTimeout,
    SchemaDrift,
    TwentyError,
    UnexpectedResponse,
)

_TOO_MANY = re.compile(r"maximum number of records|more than \d+ records at once", re.IGNORECASE)
_TOO_LARGE = re.compile(r"entity too large|refused a request of .* MB", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_NO_SUCH_FIELD = re.compile(
    r"doesn't have any \"[^\"]+\" field|is not defined by type|^Cannot query field|^Unknown (argument|type)"
)
LARGE = 1_000_000
"""Bytes from which a 500 without a word may mean that the body was too large (Twenty, November 2025)."""


def raw_message(error: TwentyError) -> str:
    """What the server said, without what the client adds for its readers."""
    if isinstance(error, ApiError) and error.errors:
        return str(error.errors[0].get("message", error.message))
    return error.message


def code_of(error: TwentyError) -> str:
    """The code for a report."""
    if isinstance(error, ApiError):
        return error.sub_code or error.code or type(error).__name__
    return type(error).__name__


def concerns_everything(error: TwentyError) -> bool:
    """Whether no row could have been taken: to go on would reject them all, one by one."""
    if isinstance(error, AuthenticationError | PermissionDenied | SchemaDrift | ConfigurationError | QueryTooComplex):
        return True
    return isinstance(error, InvalidInput) and bool(_NO_SUCH_FIELD.search(raw_message(error)))


def is_taken(error: TwentyError) -> bool:
    """Whether another record has a value of one of these, or several records have those of one."""
    conflict = isinstance(error, ApiError) and error.sub_code == "UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT"
    return conflict or isinstance(error, DuplicateRecord)


def is_foreign_key(error: TwentyError) -> bool:
    """Whether a row refers to a record that isn't there; the message does not say which."""
    return "violates foreign key constraint" in raw_message(error)


def too_many(error: TwentyError) -> tuple[bool, int | None]:
    """Whether there were too many records in the request, and how many would do, if the server says so."""
    message = raw_message(error)
    code = error.sub_code if isinstance(error, ApiError) else None
    told = code in ("TOO_MANY_RECORDS_TO_UPDATE", "UPSERT_MAX_RECORDS_EXCEEDED") or bool(_TOO_MANY.search(message))
    number = _NUMBER.search(message) if told else None
    return told, int(number[0]) if number else None


def timed_out(error: TwentyError) -> bool:
    """Whether the server took longer than we, or a proxy before it, waited; or its database than it waited."""
    slow = isinstance(error, ApiError) and error.reason is Reason.DATABASE
    return slow or isinstance(error, RequestTimeout) or error.status in (408, 504, 524)


def breaks_over_it(error: TwentyError) -> bool:
    """Whether the server, and no proxy or database, says that it failed: it may be over what was sent."""
    return isinstance(error, ApiError) and error.reason is Reason.SERVER_TROUBLE and (error.status or 200) < 500


def too_large(error: TwentyError, body_bytes: int) -> bool:
    """Whether the body was too large: a 413 of a proxy, or one of the 500s by which Twenty says it."""
    if error.status == 413:
        return True
    if isinstance(error, UnexpectedResponse) and error.status == 500:
        return bool(_TOO_LARGE.search(error.body)) or (not error.body and body_bytes > LARGE)
    return isinstance(error, ApiError) and bool(_TOO_LARGE.search(raw_message(error)))
