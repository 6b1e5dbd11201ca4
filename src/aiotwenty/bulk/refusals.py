"""Reading a refusal: is it about the request as a whole, or about certain rows, and about which?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic_core import to_json

from aiotwenty.bulk.batches import Prepared
from aiotwenty.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    InvalidInput,
    PermissionDenied,
    QueryTooComplex,
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
_FIELD = re.compile(r"\b(?:field|column)s? [\"']?([\w.]+)")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_BARE = re.compile(r"(?:\bvalue|\binvalid|=|\bwith value) ([^\s\"'\[]\S*)")
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


def too_many(error: TwentyError) -> tuple[bool, int | None]:
    """Whether there were too many records in the request, and how many would do, if the server says so."""
    message = raw_message(error)
    code = error.sub_code if isinstance(error, ApiError) else None
    told = code in ("TOO_MANY_RECORDS_TO_UPDATE", "UPSERT_MAX_RECORDS_EXCEEDED") or bool(_TOO_MANY.search(message))
    number = _NUMBER.search(message) if told else None
    return told, int(number[0]) if number else None


def timed_out(error: TwentyError) -> bool:
    """Whether the server took longer than we, or a proxy before it, waited."""
    return isinstance(error, RequestTimeout) or error.status in (408, 504, 524)


def too_large(error: TwentyError, body_bytes: int) -> bool:
    """Whether the body was too large: a 413 of a proxy, or one of the 500s by which Twenty says it."""
    if error.status == 413:
        return True
    if isinstance(error, UnexpectedResponse) and error.status == 500:
        return bool(_TOO_LARGE.search(error.body)) or (not error.body and body_bytes > LARGE)
    return isinstance(error, ApiError) and bool(_TOO_LARGE.search(raw_message(error)))


def suspects(batch: Sequence[Prepared], error: TwentyError) -> list[Prepared]:
    """The rows that hold a value which the message names, most telling first; empty if it says nothing of use."""
    message = raw_message(error)
    field = _FIELD.search(message)
    name = field[1].rsplit(".", 1)[-1] if field else None
    values = {one for quoted in _QUOTED.findall(message) for one in quoted if one}
    for bare in _BARE.findall(message):
        values |= {bare, bare.rstrip(".,;")}
    values -= {name or "", field[1] if field else ""}
    needles = [needle for value in values for needle in _needles(name, value)]
    # With the field's name in the needle a match is next to certain; without it, the value alone must do.
    for wanted in ([n for n in needles if n.startswith(b'"')], [n for n in needles if n.startswith(b":")]):
        found = [record for record in batch if any(needle in record.body for needle in wanted)]
        if found and len(found) < len(batch):
            return found
    return []


def _needles(name: str | None, value: str) -> list[bytes]:
    text = to_json(value)
    forms = [text]
    if re.fullmatch(r"-?\d+(\.\d+)?|true|false|null", value):
        forms += [value.encode() + end for end in (b",", b"}", b"]")]
    needles = [b":" + form for form in forms if len(form) > 3]
    if name:
        needles += [b'"' + name.encode() + b'":' + form for form in forms]
        needles += [b'"' + name.encode() + b'":[' + form for form in forms]
    return needles
