"""Decides whether a refusal is about the request as a whole, or about certain rows."""

from __future__ import annotations

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

_OF_NO_ROW = frozenset({Reason.UNKNOWN_OBJECT, Reason.UNKNOWN_FIELD, Reason.UNKNOWN_ARGUMENT})
LARGE = 1_000_000
"""The size in bytes from which a 500 without a message may mean that the body is too large (Twenty, November 2025)."""


def reason_of(error: TwentyError) -> Reason | None:
    """The reason, if the server states one."""
    return error.reason if isinstance(error, ApiError) else None


def raw_message(error: TwentyError) -> str:
    """The server's message, without the client's additions."""
    return (error.said if isinstance(error, ApiError) else None) or error.message


def code_of(error: TwentyError) -> str:
    """The code for a report."""
    if isinstance(error, ApiError):
        return error.sub_code or error.code or type(error).__name__
    return "REFUSED_ON_THE_WAY" if refused_on_the_way(error) else type(error).__name__


def concerns_everything(error: TwentyError) -> bool:
    """Whether the error concerns every row: continuing would reject all, one by one."""
    if isinstance(error, AuthenticationError | PermissionDenied | SchemaDrift | ConfigurationError | QueryTooComplex):
        return True
    return isinstance(error, InvalidInput) and error.reason in _OF_NO_ROW


def is_taken(error: TwentyError) -> bool:
    """Whether another record has a value of one of these, or several records have those of one."""
    return isinstance(error, DuplicateRecord) or reason_of(error) is Reason.SEVERAL_MATCH


def is_foreign_key(error: TwentyError) -> bool:
    """Whether a row refers to a missing record; the message does not say which row."""
    return reason_of(error) is Reason.FOREIGN_KEY


def too_many(error: TwentyError) -> tuple[bool, int | None]:
    """Whether the request had too many records, and the allowed number, if the server states it."""
    return reason_of(error) is Reason.TOO_MANY, error.allowed if isinstance(error, ApiError) else None


def timed_out(error: TwentyError) -> bool:
    """Whether the client, a proxy or the server's database timed out."""
    return reason_of(error) is Reason.DATABASE or isinstance(error, RequestTimeout) or error.status in (408, 504, 524)


def breaks_over_it(error: TwentyError) -> bool:
    """Whether the server itself, not a proxy or the database, failed, perhaps because of the content."""
    return reason_of(error) is Reason.SERVER_TROUBLE and (error.status or 200) < 500


def too_large(error: TwentyError, body_bytes: int) -> bool:
    """Whether the body was too large: a 413 of a proxy, or one of Twenty's 500s for that."""
    wordless = isinstance(error, UnexpectedResponse) and error.status == 500 and not error.body
    return error.status == 413 or reason_of(error) is Reason.TOO_LARGE or (wordless and body_bytes > LARGE)


def refused_on_the_way(error: TwentyError) -> bool:
    """Whether a firewall before the server may have refused the content of a row."""
    return isinstance(error, UnexpectedResponse) and error.over_content
