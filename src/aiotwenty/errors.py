"""Every failure is one `TwentyError`. They pickle, say what to do next, and never hold the API key."""

# The names are those of the public interface, which says what happened rather than "...Error".
# ruff: noqa: N818

from __future__ import annotations

from enum import StrEnum
from typing import Any

EXCERPT = 500
"""How many characters of a foreign answer an `UnexpectedResponse` keeps."""


class Reason(StrEnum):
    """What happened, as `ApiError.reason` says it.

    What the server names of it is beside it: `field`, `value` and `allowed` of the error.
    """

    # The caller
    KEY_MISSING = "key missing"
    """No key arrived: none was sent, or something on the way took it off."""
    KEY_INVALID = "key invalid"
    """The server cannot read the key, or did not make it."""
    KEY_EXPIRED = "key expired"
    KEY_REVOKED = "key revoked"
    FORBIDDEN = "forbidden"
    """Refused without a word: the role of the key does not allow it, or no key arrived."""
    NEEDS_USER = "needs user"
    """No API key may do it: it takes the session of a user."""
    NEEDS_PLAN = "needs plan"
    """The workspace's plan does not include it."""
    NOT_OFFERED = "not offered"
    """Nobody may do it through the API."""

    # How much at once
    RATE_LIMIT = "rate limit"
    TOO_LARGE = "too large"
    """The request has too many bytes. `allowed` says how many the server takes, where that is known."""
    TOO_MANY = "too many"
    """Too many records at once; `allowed` says how many would do, where the server does."""
    TOO_COMPLEX = "too complex"
    """Too many root fields (of which there may be `allowed`), too deep, or one to-many relation inside another."""

    # What the workspace has
    UNKNOWN_OBJECT = "unknown object"
    """There is no object, operation or type called `field`. It may also be that the server does not know the key."""
    UNKNOWN_FIELD = "unknown field"
    UNKNOWN_ARGUMENT = "unknown argument"
    MISSING_ARGUMENT = "missing argument"
    INVALID_ARGUMENT = "invalid argument"
    """An argument, or several of them that contradict one another."""
    INVALID_DOCUMENT = "invalid document"
    """The GraphQL document itself, in some other way."""
    INVALID_MODEL = "invalid model"
    """A change of the data model that cannot be made."""

    # Values
    NOT_FOUND = "not found"
    INVALID_VALUE = "invalid value"
    INVALID_PHONE = "invalid phone"
    """A number, country or calling code, or several of them that contradict one another."""
    INVALID_LINK = "invalid link"
    """A link that is none; the server does not say which."""
    INVALID_FILTER = "invalid filter"
    INVALID_CURSOR = "invalid cursor"
    INVALID_FILE = "invalid file"
    """The name, size or folder of a file, or one that has not been uploaded."""
    NOT_NULL = "not null"
    """`field` may not be empty. It is the name of a column: `nameFirstName` is `name.firstName`."""
    TIME_ZONE_MISSING = "time zone missing"
    TIME_ZONE_UNKNOWN = "time zone unknown"

    # Other records
    DUPLICATE = "duplicate"
    """A unique value or an id is taken, and it is not known by which record: older servers never say it."""
    DUPLICATE_OF_LIVE = "duplicate of a live record"
    DUPLICATE_OF_DELETED = "duplicate of a deleted record"
    """The record that has it is soft-deleted: restore or destroy it, or upsert."""
    DUPLICATE_IN_REQUEST = "duplicate in the request"
    """Two of the records that were sent have the same id or unique value."""
    SEVERAL_MATCH = "several match"
    """An upsert whose id and unique values belong to different records."""
    FOREIGN_KEY = "foreign key"
    """A relation to an id that does not exist; the server does not say which."""
    CONNECT_NONE = "connect found none"
    """No record to connect to has `value`, which is said as `domainNamePrimaryLinkUrl = https://example.com`."""
    CONNECT_SEVERAL = "connect found several"

    # The server's own trouble
    DATABASE = "database"
    """The server's database was too slow or out of reach. A write may be committed all the same, even later."""
    SERVER_TROUBLE = "server trouble"
    """The server failed and does not say over what: it may do better next time. A write may have happened."""
    SERVER_BUG = "server bug"
    """The server broke over what it was sent, and would again. A write may have happened before."""

    @property
    def about_schema(self) -> bool:
        """Whether the document or the names in it do not fit the server's schema: then nothing was executed."""
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
    """Whatever went wrong between the caller and Twenty.

    `operation` is the GraphQL operation or the REST call that failed, `status` the HTTP status of its last answer,
    `attempts` how often it was sent. `outcome_unknown` is true for a write whose answer was lost and which could not
    be settled: it may or may not have happened.
    """

    operation: str | None = None
    status: int | None = None
    attempts: int = 1
    outcome_unknown: bool = False
    look: str = "look"
    """How to find out whether a write happened whose outcome is unknown."""
    retry_after: float | None = None
    """Seconds after which the server says that it is worth trying again."""

    # One positional argument and everything else in __dict__: that is what makes every subclass picklable as it
    # stands.
    def __init__(self, message: str, *, operation: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        if operation is not None:
            self.operation = operation
        if status is not None:
            self.status = status

    @property
    def message(self) -> str:
        """The message without the operation and the number of attempts that `str()` puts around it."""
        return str(self.args[0])

    def __str__(self) -> str:
        text = f"{self.operation}: {self.message}" if self.operation else self.message
        if self.outcome_unknown:
            text += f" It is unknown whether this write happened: {self.look} before you repeat it."
        return f"{text} [after {self.attempts} attempts]" if self.attempts > 1 else text


class ConfigurationError(TwentyError):
    """The client is set up or used wrongly (no key, a bad URL, used after close). Raised before anything is sent."""


class InvalidArgument(ConfigurationError, ValueError):
    """A value that the caller gave cannot be right; it was not sent. `errors` says of each what is wrong, and where.

    Each of `errors` has a `message`, and a `path` into the value where there is one.
    """

    def __init__(
        self, message: str, *, operation: str | None = None, errors: list[dict[str, Any]] | None = None
    ) -> None:
        super().__init__(message, operation=operation)
        self.errors: list[dict[str, Any]] = errors or []


class ConnectionFailed(TwentyError):
    """No complete answer: DNS, refused, reset, TLS, or a body cut short."""

    sent: bool = True
    """False when the server can't have seen the request (it never got a connection)."""

    def __init__(self, message: str, *, operation: str | None = None, sent: bool = True) -> None:
        super().__init__(message, operation=operation)
        self.sent = sent


class RequestTimeout(ConnectionFailed):
    """No answer within `timeout` seconds. Twenty never answers some malformed bodies at all (Twenty, July 2026).

    `sent` is false when there was not even a connection within four fifths of them.
    """


class UnexpectedResponse(TwentyError):
    """An answer that Twenty's API does not give: HTML of a proxy, an empty body, JSON of another kind, a redirect.

    `body` holds its first 500 characters, `text` what a page says without its tags, `headers` what tells who answered
    (`Server`, `Via`, `CF-Ray`, `WWW-Authenticate`, `Proxy-Authenticate`), `location` where a redirect pointed
    (redirects are never followed: they would carry the key along). `truncated` is true for JSON that ends too early.
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
        """Whether a firewall may have refused the request for what was in it: another one may pass."""
        return self.status in (403, 406, 451)


class ApiError(TwentyError):
    """The server answered with errors, mostly with HTTP 200 (Twenty, July 2026).

    `errors` are the server's own (for REST: made from its `messages`), `code` and `sub_code` those of the error that
    decided the class, `data` what succeeded in spite of them: root fields run independently, so some may have.

    `reason` says what happened, None if it is nothing that this version knows.
    """

    reason: Reason | None = None
    said: str | None = None
    """What the server said, in its own words and without the advice of `message`."""
    field: str | None = None
    """The field, argument or object it is about, as the server names it."""
    value: str | None = None
    """The value it is about, as the server shows it: texts mostly in quotes."""
    allowed: int | None = None
    """How many would do, where there are too many."""

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
    """The server does not know the caller: no key, a malformed, wrongly signed or revoked one.

    Also raised when the schema lacks a root field that the client was generated with: that is how Twenty answers a
    caller it does not know (Twenty, July 2026). `anonymous` is then true.
    """

    anonymous: bool = False


class PermissionDenied(ApiError):
    """The key is good, but may not do this: `reason` says so where it is no matter of the key's role."""


class NotFoundError(ApiError):
    """No such record, or it is deleted."""


class DuplicateRecord(ApiError):
    """A unique value (or the id) is taken. `conflicting_id` names the record that has it, where the server says so."""

    conflicting_id: str | None = None
    conflicting_object: str | None = None


class InvalidInput(ApiError):
    """The server refused values, arguments or the document itself. What is wrong is mostly found before: see
    `InvalidArgument`.
    """


class QueryTooComplex(ApiError):
    """Too many root fields, too deep, or one to-many relation inside another."""


class RateLimited(ApiError):
    """The workspace's limit is used up. `limit` requests are allowed per `per` seconds, where the server says so.

    `partial` is true when other root fields of the same request were executed.
    """

    limit: int | None = None
    per: float | None = None
    partial: bool = False


class PaginationError(TwentyError):
    """A walk that the server's paging cannot be trusted to complete. `seen` and `expected` count records."""

    def __init__(
        self, message: str, *, operation: str | None = None, seen: int | None = None, expected: int | None = None
    ) -> None:
        super().__init__(message, operation=operation)
        self.seen = seen
        self.expected = expected


class HiddenRecords(PaginationError):
    """The walk is over, but some records are counted that the key may not see.

    `expected` records are counted, `seen` of them may be seen, and `hidden` may not: messages and calendar events of
    channels that are not shared with everyone (Twenty, July 2026). `iterate(hidden="skip")` goes over the others.
    """

    def __init__(self, message: str, *, operation: str | None = None, seen: int = 0, expected: int = 0) -> None:
        super().__init__(message, operation=operation, seen=seen, expected=expected)
        self.hidden = expected - seen


class SchemaDrift(TwentyError):
    """The workspace no longer has what the client was generated from: introspect and generate again.

    `object` is the GraphQL type and `field` the field of it that is missing, null or of another type. `answered` is
    true when the server did what it was asked, and only its answer does not fit.
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
    """A record was changed by somebody else between the reading and the writing of an update of parts."""


class RelationCut(UserWarning):
    """A list of related records in an answer may be incomplete: the server cuts it without a word.

    Newer servers at 60 for each record, older ones at 200 times the number of records for all together (Twenty, July
    2026). Fetch such lists by a filter on the other side, for instance `people.iterate(filter={"companyId": {"eq":
    company.id}})`; or select `countUniqueValuesId` beside `edges`, which is the true number: then only lists that
    were cut are reported.
    """
