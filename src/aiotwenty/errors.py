"""All errors are a `TwentyError`. They can be pickled, say what to do, and never contain the API key."""

# Public names, which say what happened rather than end in "Error".
# ruff: noqa: N818

from __future__ import annotations

from enum import StrEnum
from typing import Any

EXCERPT = 500
"""How many characters of a body an `UnexpectedResponse` keeps."""


class Reason(StrEnum):
    """The reason of an `ApiError`. Details are in `field`, `value` and `allowed` of the error."""

    # The caller
    KEY_MISSING = "key missing"
    """No key arrived: none was sent, or a proxy removed it."""
    KEY_INVALID = "key invalid"
    """The server can't read the key, or did not issue it."""
    KEY_EXPIRED = "key expired"
    KEY_REVOKED = "key revoked"
    FORBIDDEN = "forbidden"
    """Refused without a reason: the key's role does not allow it, or no key arrived."""
    NEEDS_USER = "needs user"
    """No API key may do it: it requires a user's session."""
    NEEDS_PLAN = "needs plan"
    """The workspace's plan does not include it."""
    NOT_OFFERED = "not offered"
    """The API does not offer it."""

    # Limits
    RATE_LIMIT = "rate limit"
    TOO_LARGE = "too large"
    """The request has too many bytes; `allowed` is the limit, if known."""
    TOO_MANY = "too many"
    """Too many records in a request; `allowed` is the limit, if known."""
    TOO_COMPLEX = "too complex"
    """Too many root fields (the limit is `allowed`), too deep, or a to-many relation within another."""

    # The schema
    UNKNOWN_OBJECT = "unknown object"
    """There is no object, operation or type `field`; or the server does not know the key."""
    UNKNOWN_FIELD = "unknown field"
    UNKNOWN_ARGUMENT = "unknown argument"
    MISSING_ARGUMENT = "missing argument"
    INVALID_ARGUMENT = "invalid argument"
    """An argument is invalid, or several contradict one another."""
    INVALID_DOCUMENT = "invalid document"
    """The GraphQL document is invalid in another way."""
    INVALID_MODEL = "invalid model"
    """A change of the data model that is not possible."""

    # Values
    NOT_FOUND = "not found"
    INVALID_VALUE = "invalid value"
    INVALID_PHONE = "invalid phone"
    """An invalid number, country or calling code, or a contradiction among them."""
    INVALID_LINK = "invalid link"
    """An invalid link; the server does not say which."""
    INVALID_FILTER = "invalid filter"
    INVALID_CURSOR = "invalid cursor"
    INVALID_FILE = "invalid file"
    """An invalid name, size or folder of a file, or a file that has not been uploaded."""
    NOT_NULL = "not null"
    """`field` is required. It is a column name: `nameFirstName` is `name.firstName`."""
    TIME_ZONE_MISSING = "time zone missing"
    TIME_ZONE_UNKNOWN = "time zone unknown"

    # Other records
    DUPLICATE = "duplicate"
    """A unique value or an id already exists, but it is not known where: older servers never say."""
    DUPLICATE_OF_LIVE = "duplicate of a live record"
    DUPLICATE_OF_DELETED = "duplicate of a deleted record"
    """The existing record is in the trash: restore or destroy it, or upsert."""
    DUPLICATE_IN_REQUEST = "duplicate in the request"
    """Two records in the request have the same id or unique value."""
    SEVERAL_MATCH = "several match"
    """An upsert whose id and unique values belong to different records."""
    FOREIGN_KEY = "foreign key"
    """A relation to a missing id; the server does not say which."""
    CONNECT_NONE = "connect found none"
    """No record to connect to has `value`, such as `domainNamePrimaryLinkUrl = https://example.com`."""
    CONNECT_SEVERAL = "connect found several"

    # Failures of the server
    DATABASE = "database"
    """The server's database was too slow or unreachable. A write may still be committed."""
    SERVER_TROUBLE = "server trouble"
    """The server failed without saying why; a retry may succeed. A write may have happened."""
    SERVER_BUG = "server bug"
    """The server crashed on the request, and would again. A write may have happened before."""

    @property
    def about_schema(self) -> bool:
        """Whether the document does not fit the server's schema, so that nothing was executed."""
        return self in _ABOUT_SCHEMA


_ABOUT_SCHEMA = frozenset(
    {
        Reason.UNKNOWN_OBJECT,
        Reason.UNKNOWN_FIELD,
        Reason.UNKNOWN_ARGUMENT,
        Reason.MISSING_ARGUMENT,
        Reason.INVALID_DOCUMENT,
    }
)


class TwentyError(Exception):
    """Base class of all errors.

    `operation` is the GraphQL operation or REST call that failed, `status` the HTTP status of its last response, and
    `attempts` how often it was sent. `outcome_unknown` is true if a write may have happened.
    """

    operation: str | None = None
    status: int | None = None
    attempts: int = 1
    outcome_unknown: bool = False
    look: str = "look"
    """How to find out whether a write with an unknown outcome happened."""
    retry_after: float | None = None
    """Seconds after which the server suggests a retry."""
    suggested: tuple[str, str] | None = None
    """An argument that the message suggests: its name, and its spelling in the message."""

    # One positional argument, and the others in __dict__, so that all subclasses can be pickled.
    def __init__(self, message: str, *, operation: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        if operation is not None:
            self.operation = operation
        if status is not None:
            self.status = status

    @property
    def message(self) -> str:
        """The message without the operation and the number of attempts, which `str()` adds."""
        return str(self.args[0])

    @property
    def explanation(self) -> str:
        """The message with all that `str()` says except the name of the operation."""
        text = self.message
        if self.outcome_unknown:
            text += f" It is unknown whether this write happened: {self.look} before you repeat it."
        return f"{text} [after {self.attempts} attempts]" if self.attempts > 1 else text

    def _render_traceback_(self) -> list[str]:
        """The traceback in IPython and notebooks."""
        from aiotwenty.tracebacks import short_traceback

        return short_traceback(self)

    def __str__(self) -> str:
        return f"{self.operation}: {self.explanation}" if self.operation else self.explanation


class ConfigurationError(TwentyError):
    """The client is set up or used incorrectly (no key, a bad URL, a closed client). Nothing was sent."""


class InvalidArgument(ConfigurationError, ValueError):
    """An argument is invalid; nothing was sent. Each of `errors` has a `message`, and the `path` of the value."""

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        errors: list[dict[str, Any]] | None = None,
        suggested: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(message, operation=operation)
        self.errors: list[dict[str, Any]] = errors or []
        if suggested is not None:
            self.suggested = suggested


class ConnectionFailed(TwentyError):
    """There was no complete response: DNS, refused, reset, TLS, or a truncated body."""

    sent: bool = True
    """False if there was no connection, so that the server has not seen the request."""

    def __init__(self, message: str, *, operation: str | None = None, sent: bool = True) -> None:
        super().__init__(message, operation=operation)
        self.sent = sent


class RequestTimeout(ConnectionFailed):
    """No response within `timeout` seconds. Twenty never answers some malformed bodies (Twenty, July 2026).

    `sent` is false if there was no connection within four fifths of that time.
    """


class DeadlineExceeded(RequestTimeout):
    """A call, with its requests, attempts and pauses, exceeded its `deadline`. `sent` is false if nothing was sent."""


class AnswerLost(ConnectionFailed):
    """A write happened, as the client has checked, but its result was lost. `__cause__` is the failure."""


class UnexpectedResponse(TwentyError):
    """A response that doesn't come from Twenty's API: HTML of a proxy, an empty body, other JSON, a redirect.

    `body` has its first 500 characters, `text` a page without its tags, `headers` those that identify the sender
    (`Server`, `Via`, `CF-Ray`, `WWW-Authenticate`, `Proxy-Authenticate`), `location` the target of a redirect
    (redirects are never followed, because they would receive the key). `truncated` is true for incomplete JSON.
    """

    truncated: bool = False
    text: str = ""

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        status: int | None = None,
        content_type: str = "",
        body: str = "",
        location: str | None = None,
    ) -> None:
        super().__init__(message, operation=operation, status=status)
        self.content_type = content_type
        self.body = body
        self.location = location
        self.headers: dict[str, str] = {}

    @property
    def over_content(self) -> bool:
        """Whether a firewall may have blocked the content of the request: other content may pass."""
        return self.status in (403, 406, 451)


class AnswerTooLarge(UnexpectedResponse):
    """The response has more than `max_answer_bytes`, counted after decompression. Ask for fewer records or fields."""


class ApiError(TwentyError):
    """The server responded with errors, mostly with HTTP 200 (Twenty, July 2026).

    `errors` are the server's (for REST: made from its `messages`), `code` and `sub_code` those of the error that
    decided the class. `data` has the root fields that succeeded. `reason` is None if this version doesn't know it.
    """

    reason: Reason | None = None
    said: str | None = None
    """The server's own message."""
    field: str | None = None
    """The field, argument or object, as the server names it."""
    value: str | None = None
    """The value, as the server shows it: strings mostly in quotes."""
    allowed: int | None = None
    """The permitted number, if there are too many."""

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        status: int | None = None,
        errors: list[dict[str, Any]] | None = None,
        code: str | None = None,
        sub_code: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, operation=operation, status=status)
        self.errors: list[dict[str, Any]] = errors or []
        self.code = code
        self.sub_code = sub_code
        self.data = data


class AuthenticationError(ApiError):
    """Authentication failed: no key, or a malformed, wrongly signed or revoked one.

    Also raised if the schema lacks a root field that the client was generated with, because that is how Twenty
    responds without a valid key (Twenty, July 2026). `anonymous` is then true.
    """

    anonymous: bool = False


class PermissionDenied(ApiError):
    """The key is valid, but may not do this. `reason` says whether that depends on the key's role."""


class NotFoundError(ApiError):
    """The record doesn't exist, or is deleted."""


class DuplicateRecord(ApiError):
    """A unique value (or the id) already exists, in the record `conflicting_id` if that is known."""

    conflicting_id: str | None = None
    conflicting_object: str | None = None


class InvalidInput(ApiError):
    """The server refused values, arguments or the document. Most mistakes are found before: see `InvalidArgument`."""


class QueryTooComplex(ApiError):
    """Too many root fields, too deep, or one to-many relation inside another."""


class RateLimited(ApiError):
    """The rate limit is used up: `limit` requests per `per` seconds, if the server says so.

    `partial` is true if other root fields of the same request were executed.
    """

    limit: int | None = None
    per: float | None = None
    partial: bool = False
    sent: bool = True
    """False if the request was not sent, because it would have waited longer than `max_wait`."""


class StaleRecord(TwentyError):
    """The record has changed since it was read, so it was not written (`if_unchanged`).

    `current` is the record as it is now, or None if it no longer exists.
    """

    def __init__(self, message: str, *, operation: str | None = None, current: Any = None) -> None:
        super().__init__(message, operation=operation)
        self.current = current


class PaginationError(TwentyError):
    """The server's paging lost or repeated records. `seen` and `expected` count records."""

    def __init__(
        self, message: str, *, operation: str | None = None, seen: int | None = None, expected: int | None = None
    ) -> None:
        super().__init__(message, operation=operation)
        self.seen = seen
        self.expected = expected


class HiddenRecords(PaginationError):
    """All visible records were read, but the server counts more that the key can't see.

    Of `expected` records, `seen` are visible and `hidden` are not: messages and calendar events of channels that are
    not shared with everyone (Twenty, July 2026). `iterate(hidden="skip")` leaves them out.
    """

    def __init__(self, message: str, *, operation: str | None = None, seen: int = 0, expected: int = 0) -> None:
        super().__init__(message, operation=operation, seen=seen, expected=expected)
        self.hidden = expected - seen


class SchemaDrift(TwentyError):
    """The workspace no longer has what the client was generated from: introspect and generate again.

    `object` is the GraphQL type, `field` its field that is missing, null or of another type. `answered` is true if
    the server executed the request, and only its response does not fit.
    """

    answered: bool = False

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        type_name: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message, operation=operation)
        self.object = type_name
        self.field = field


class RecordChanged(UserWarning):
    """Somebody else changed a record between the read and the write of a partial update."""


class RestrictedValues(UserWarning):
    """Values in a data frame are null because the key can't see them, not because they are empty."""


class RelationCut(UserWarning):
    """A list of related records may be incomplete, because the server cuts it without a sign.

    Newer servers cut at 60 per record, older ones at 200 times the number of records in total (Twenty, July 2026).
    Read such lists by a filter on the other object, such as `people.iterate(filter={"companyId": {"eq":
    company.id}})`; or select `countUniqueValuesId`, the true number, beside `edges`: then only lists that were cut
    are reported.
    """
